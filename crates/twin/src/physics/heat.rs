//! A board's heat: from dies to sinks to the stream that flows past, domain by domain.
//!
//! ```text
//!   stream in ─> cell 0 ─> cell 1 ─> … ─> out      each cell is one domain:
//!                  │         │
//!                sink ───── sink ──                stream ── sink ── die ── board ── stream
//!                 die       die
//!                board ─── board ──                sinks and board couple to their neighbours
//! ```
//!
//! The stream of a cell is well mixed and holds no heat itself. Each step is implicit: new
//! temperatures are averages of old ones, of the stream's and of what the power adds, so no
//! step is too long to be stable, and where nothing changes any more the heat that goes in
//! comes out.

/// Coefficients of one domain's cell, and of the stream past one board.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct HeatLaw {
    /// What dies with their packages, sinks and board hold, J/K.
    pub(crate) die_j: f64,
    pub(crate) sink_j: f64,
    pub(crate) board_j: f64,
    /// Conductances, W/K.
    pub(crate) die_sink: f64,
    pub(crate) die_board: f64,
    /// At full flow of density 1.
    pub(crate) sink_stream: f64,
    pub(crate) board_stream: f64,
    /// To the same of the neighbour.
    pub(crate) sink_next: f64,
    pub(crate) board_next: f64,
    /// From the sink through the case to the air around, whatever flows.
    pub(crate) case: f64,
    /// What the board's stream carries at full flow of density 1, W/K.
    pub(crate) carries: f64,
}

/// What flows past a board.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Stream {
    pub(crate) inlet_c: f64,
    /// Mass flow against full flow of density 1.
    pub(crate) flow: f64,
    /// Heat transfer against that of full flow.
    pub(crate) transfer: f64,
}

/// Temperatures of a board, °C, one of each domain from inlet to outlet.
#[derive(Clone, Debug)]
pub(crate) struct Heat {
    law: HeatLaw,
    pub(crate) die_c: Vec<f64>,
    pub(crate) sink_c: Vec<f64>,
    pub(crate) board_c: Vec<f64>,
    /// The stream where it leaves.
    pub(crate) outlet_c: f64,
    /// What stream and case have taken in the last step.
    pub(crate) taken_w: f64,
}

impl Heat {
    pub(crate) fn new(law: HeatLaw, domains: usize, at_c: f64) -> Self {
        Heat {
            law,
            die_c: vec![at_c; domains],
            sink_c: vec![at_c; domains],
            board_c: vec![at_c; domains],
            outlet_c: at_c,
            taken_w: 0.0,
        }
    }

    /// One step: each die is heated by `watts` of its own, each cell's board by `board_w`.
    pub(crate) fn step(&mut self, dt_s: f64, watts: &[f64], board_w: f64, stream: Stream) {
        let law = self.law;
        let (sink_j, board_j, die_j) = (law.sink_j / dt_s, law.board_j / dt_s, law.die_j / dt_s);
        // Sink and board both touch the mixed stream: eliminate it, and each sees what comes
        // in and the other.
        let (from_sink, from_board) = (
            law.sink_stream * stream.transfer,
            law.board_stream * stream.transfer,
        );
        let carries = law.carries * stream.flow;
        let mixing = 1.0 / (carries + from_sink + from_board);
        let (sink_in, board_in) = (from_sink * carries * mixing, from_board * carries * mixing);
        let across = from_sink * from_board * mixing;
        let sink_all = sink_j + law.die_sink + sink_in + across + 2.0 * law.sink_next + law.case;
        let board_all = board_j + law.die_board + board_in + across + 2.0 * law.board_next;
        let (sink_inv, board_inv) = (1.0 / sink_all, 1.0 / board_all);
        let (sink_die, board_die) = (law.die_sink * sink_inv, law.die_board * board_inv);
        let die_inv =
            1.0 / (die_j + law.die_sink * (1.0 - sink_die) + law.die_board * (1.0 - board_die));

        let count = self.die_c.len();
        let (mut sink_before, mut board_before) = (self.sink_c[0], self.board_c[0]);
        let mut stream_c = stream.inlet_c;
        let mut through_case = 0.0;
        for (i, watts) in watts.iter().enumerate().take(count) {
            let (sink, board, die) = (self.sink_c[i], self.board_c[i], self.die_c[i]);
            // At an end the neighbour is the cell itself: nothing flows.
            let (sink_after, board_after) = if i + 1 < count {
                (self.sink_c[i + 1], self.board_c[i + 1])
            } else {
                (sink, board)
            };
            let sink_but_die = sink_inv
                * (sink_j * sink
                    + sink_in * stream_c
                    + across * board
                    + law.sink_next * (sink_before + sink_after)
                    + law.case * stream.inlet_c);
            let board_but_die = board_inv
                * (board_j * board
                    + board_in * stream_c
                    + across * sink
                    + law.board_next * (board_before + board_after)
                    + board_w);
            let die = die_inv
                * (die_j * die
                    + watts
                    + law.die_sink * sink_but_die
                    + law.die_board * board_but_die);
            let sink = sink_but_die + sink_die * die;
            let board = board_but_die + board_die * die;
            stream_c = mixing * (carries * stream_c + from_sink * sink + from_board * board);
            through_case += law.case * (sink - stream.inlet_c);
            self.die_c[i] = die;
            self.sink_c[i] = sink;
            self.board_c[i] = board;
            (sink_before, board_before) = (sink, board);
        }
        self.outlet_c = stream_c;
        self.taken_w = carries * (stream_c - stream.inlet_c) + through_case;
    }

    /// Heat held above 0 °C, joules.
    #[cfg(test)]
    pub(crate) fn held_j(&self) -> f64 {
        let of = |j: f64, c: &[f64]| j * c.iter().sum::<f64>();
        let law = &self.law;
        of(law.die_j, &self.die_c) + of(law.sink_j, &self.sink_c) + of(law.board_j, &self.board_c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: HeatLaw = HeatLaw {
        die_j: 3.0,
        sink_j: 37.0,
        board_j: 3.0,
        die_sink: 3.4,
        die_board: 0.18,
        sink_stream: 2.0,
        board_stream: 0.5,
        sink_next: 0.5,
        board_next: 0.1,
        case: 0.01,
        carries: 60.0,
    };
    const WATTS: [f64; 38] = [26.0; 38];

    fn stream(inlet_c: f64, flow: f64) -> Stream {
        let transfer = crate::physics::air::transfer(flow);
        Stream {
            inlet_c,
            flow,
            transfer,
        }
    }

    fn run(heat: &mut Heat, dt_s: f64, seconds: f64, watts: &[f64], stream: Stream) {
        for _ in 0..(seconds / dt_s) as u32 {
            heat.step(dt_s, watts, 0.0, stream);
        }
    }

    fn hottest(heat: &Heat) -> f64 {
        heat.die_c.iter().copied().fold(f64::MIN, f64::max)
    }

    #[test]
    fn in_the_end_as_much_heat_leaves_as_comes_in() {
        for flow in [0.03, 0.3, 1.0] {
            let mut heat = Heat::new(LAW, 38, 25.0);
            run(&mut heat, 1.0, 40_000.0, &WATTS, stream(25.0, flow));
            let put_in: f64 = WATTS.iter().sum();
            assert!(
                (heat.taken_w / put_in - 1.0).abs() < 1e-6,
                "{flow}: {}",
                heat.taken_w
            );
        }
    }

    #[test]
    fn on_the_way_what_does_not_leave_is_held() {
        let mut heat = Heat::new(LAW, 38, 25.0);
        let begun = heat.held_j();
        let (mut put_in, mut taken) = (0.0, 0.0);
        for _ in 0..600 {
            heat.step(0.25, &WATTS, 0.0, stream(25.0, 0.8));
            put_in += 0.25 * WATTS.iter().sum::<f64>();
            taken += 0.25 * heat.taken_w;
        }
        let held = heat.held_j() - begun;
        assert!(held > 10_000.0);
        assert!(
            ((put_in - taken) / held - 1.0).abs() < 0.01,
            "{put_in} {taken} {held}"
        );
    }

    #[test]
    fn the_outlet_is_hotter_than_the_inlet_and_less_flow_is_hotter() {
        let mut last = f64::MAX;
        for flow in [0.2, 0.5, 0.8, 1.0] {
            let mut heat = Heat::new(LAW, 38, 25.0);
            run(&mut heat, 1.0, 5_000.0, &WATTS, stream(25.0, flow));
            assert!(heat.die_c.windows(2).all(|w| w[0] < w[1]));
            assert!(heat.sink_c.iter().zip(&heat.die_c).all(|(s, d)| s < d));
            assert!(hottest(&heat) < last);
            last = hottest(&heat);
        }
    }

    #[test]
    fn neighbours_warm_each_other() {
        let mut watts = [0.0; 38];
        watts[10] = 50.0;
        let mut heat = Heat::new(LAW, 38, 25.0);
        run(&mut heat, 1.0, 5_000.0, &watts, stream(25.0, 1.0));
        // The neighbour upstream gets no warm air, only what the sink leads to it.
        assert!(heat.sink_c[9] > 25.5 && heat.sink_c[10] > heat.sink_c[9]);
        assert!(heat.sink_c[11] > heat.sink_c[9]);
    }

    #[test]
    fn no_step_is_too_long() {
        let mut fine = Heat::new(LAW, 38, 25.0);
        run(&mut fine, 0.25, 5_000.0, &WATTS, stream(25.0, 0.8));
        for dt_s in [1.0, 60.0, 3_600.0, 1e6] {
            let mut coarse = Heat::new(LAW, 38, 25.0);
            for _ in 0..100_000u32.min((1e6 / dt_s) as u32 + 500) {
                coarse.step(dt_s, &WATTS, 0.0, stream(25.0, 0.8));
                assert!(hottest(&coarse) < hottest(&fine) + 0.01, "{dt_s}");
            }
            assert!((hottest(&coarse) - hottest(&fine)).abs() < 0.01, "{dt_s}");
        }
    }
}
