//! A board's power: domains in series, so that one current flows through all of them.
//!
//! A domain conducts: its chips' dynamic current is C·V·f, their leakage grows with voltage
//! and heat. What the rail gives is shared by resistance, so a domain that draws less gets
//! more voltage. All of it becomes heat.

use super::silicon::Chip;

/// What a kind of chip draws.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct PowerLaw {
    /// W/(V² MHz) per chip: what is switched at each clock.
    pub(crate) switched: f64,
    /// Siemens per chip at `leak_c` and `volts`.
    pub(crate) leak: f64,
    pub(crate) leak_c: f64,
    /// Voltage of a domain at the rating.
    pub(crate) volts: f64,
    /// Efficiency of the board's own converter, if it has one.
    pub(crate) converter: Option<f64>,
}

/// Share of the dynamic power that clocks take without work. Assumed.
const IDLE_SHARE: f64 = 0.2;
/// Leakage doubles within so many degrees. Assumed: common for planar and FinFET logic.
const DOUBLING_K: f64 = 28.0;
/// Leakage is computed for no more than this above its reference: chips are dead before.
const LEAK_SPAN_K: f64 = 160.0;
/// A shorted chip, siemens. Assumed: a milliohm.
const SHORT_S: f64 = 1_000.0;
/// What else hangs on each domain, siemens. Assumed: bleeds a rail off within half a minute.
const BLEED_S: f64 = 0.02;
/// Capacitors on a board's rail, farads. Assumed.
const RAIL_F: f64 = 0.01;
/// How fast a converter moves its output, volts a second. Assumed.
const CONVERTER_V_PER_S: f64 = 10.0;
/// A converter needs so much more than it gives. Assumed.
const CONVERTER_DROP_V: f64 = 0.5;

/// The electric state of a board.
#[derive(Clone, Debug)]
pub(crate) struct Electric {
    law: PowerLaw,
    /// Leakage of each domain's chips, in chips of the mean.
    leaks: Vec<f64>,
    /// Siemens of each domain that switching makes at present.
    switching: Vec<f64>,
    /// Siemens of shorted chips.
    shorts: Vec<f64>,
    ohms: Vec<f64>,
    pub(crate) volts: Vec<f64>,
    /// The voltages that leakage is computed for.
    leak_v: Vec<f64>,
    /// Heat of each domain.
    pub(crate) watts: Vec<f64>,
    pub(crate) rail_v: f64,
    pub(crate) amps: f64,
}

impl Electric {
    pub(crate) fn new(law: PowerLaw, domains: usize, chips: &[Chip], leakage: f64) -> Self {
        let per_domain = (chips.len() / domains.max(1)).max(1);
        let leaks = chips.chunks(per_domain).take(domains);
        let sum = |chips: &[Chip]| leakage * chips.iter().map(|chip| chip.leak).sum::<f64>();
        Electric {
            law,
            leaks: leaks.map(sum).collect(),
            switching: vec![0.0; domains],
            shorts: vec![0.0; domains],
            ohms: vec![1.0; domains],
            volts: vec![0.0; domains],
            leak_v: vec![0.0; domains],
            watts: vec![0.0; domains],
            rail_v: 0.0,
            amps: 0.0,
        }
    }

    /// What each chip's clock is at, megahertz, and how much of the time it has work.
    pub(crate) fn set_clocks(&mut self, mhz: &[f64], hashing: f64) {
        let domains = self.switching.len();
        let per_domain = (mhz.len() / domains.max(1)).max(1);
        let share = IDLE_SHARE + (1.0 - IDLE_SHARE) * hashing.clamp(0.0, 1.0);
        for (switching, mhz) in self.switching.iter_mut().zip(mhz.chunks(per_domain)) {
            *switching = self.law.switched * share * mhz.iter().sum::<f64>();
        }
    }

    pub(crate) fn set_shorts(&mut self, shorted: impl Iterator<Item = usize>, per_domain: usize) {
        self.shorts.fill(0.0);
        for chip in shorted {
            if let Some(short) = self.shorts.get_mut(chip / per_domain.max(1)) {
                *short += SHORT_S;
            }
        }
    }

    /// What the whole board conducts with its dies at these temperatures.
    pub(crate) fn conductance(&mut self, die_c: &[f64]) -> f64 {
        let law = self.law;
        let mut ohms = 0.0;
        for (d, die_c) in die_c.iter().enumerate() {
            let leak_s = law.leak * self.leaks[d] * leakage(die_c - law.leak_c);
            // Where hardly anything switches, voltage and leakage would chase each other from step
            // to step; halfway they meet.
            self.leak_v[d] = (self.leak_v[d] + self.volts[d]) / 2.0;
            let leak_s = leak_s * self.leak_v[d] / law.volts;
            let siemens = self.switching[d] + self.shorts[d] + leak_s + BLEED_S;
            self.ohms[d] = 1.0 / siemens;
            ohms += self.ohms[d];
        }
        1.0 / ohms
    }

    /// Where a converter's output goes within a step, given what feeds it.
    pub(crate) fn converted_v(&self, dt_s: f64, set_v: f64, fed_v: f64) -> f64 {
        let target_v = set_v.min(fed_v - CONVERTER_DROP_V).max(0.0);
        let most = CONVERTER_V_PER_S * dt_s;
        self.rail_v + (target_v - self.rail_v).clamp(-most, most)
    }

    /// The rail is at `fed_v`, or fed by nobody; `siemens` is what the board conducts.
    pub(crate) fn settle(&mut self, dt_s: f64, fed_v: Option<f64>, siemens: f64) {
        self.rail_v = match fed_v {
            Some(volts) => volts,
            None => self.rail_v / (1.0 + dt_s * siemens / RAIL_F),
        };
        self.amps = self.rail_v * siemens;
        for d in 0..self.ohms.len() {
            self.volts[d] = self.amps * self.ohms[d];
            self.watts[d] = self.amps * self.volts[d];
        }
    }

    /// What a converter loses as heat on the board.
    pub(crate) fn converter_loss_w(&self, fed: bool) -> f64 {
        match self.law.converter {
            Some(efficiency) if fed => self.rail_v * self.amps * (1.0 / efficiency - 1.0),
            _ => 0.0,
        }
    }
}

/// Leakage against that of the reference, so many degrees above it: (1 + x/16)^16 stands for
/// the exponential, whose last bits differ between machines. Never more than it, and within
/// 7 % from 55 K below to 55 K above.
fn leakage(above_k: f64) -> f64 {
    let x = above_k.min(LEAK_SPAN_K) * core::f64::consts::LN_2 / DOUBLING_K;
    let base = (1.0 + x / 16.0).max(0.0);
    let square = base * base;
    let fourth = square * square;
    let eighth = fourth * fourth;
    eighth * eighth
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: PowerLaw = PowerLaw {
        switched: 0.05,
        leak: 3.0,
        leak_c: 60.0,
        volts: 0.33,
        converter: None,
    };
    const MEAN: Chip = Chip {
        speed: 1.0,
        leak: 1.0,
        paste: 1.0,
    };

    fn board(mhz: &[f64]) -> Electric {
        let mut board = Electric::new(LAW, 4, &vec![MEAN; mhz.len()], 1.0);
        board.set_clocks(mhz, 1.0);
        board
    }

    fn settle(board: &mut Electric, volts: f64, die_c: f64) -> f64 {
        for _ in 0..50 {
            let siemens = board.conductance(&[die_c; 4]);
            board.settle(0.25, Some(volts), siemens);
        }
        board.watts.iter().sum()
    }

    #[test]
    fn alike_domains_share_the_rail_alike() {
        let mut board = board(&[500.0; 12]);
        let watts = settle(&mut board, 1.32, 60.0);
        assert!(board.volts.iter().all(|v| (v - 0.33).abs() < 1e-9));
        assert!((watts - board.rail_v * board.amps).abs() < 1e-9);
        // 12 chips: dynamic 0.05 x 0.33² x 500, leakage 3 x 0.33², and the bleeders.
        let expected = 0.33 * 0.33 * (12.0 * (0.05 * 500.0 + 3.0) + 4.0 * BLEED_S);
        assert!((watts - expected).abs() < 1e-6, "{watts} {expected}");
    }

    #[test]
    fn a_domain_that_draws_less_gets_more_voltage() {
        let mut board = board(&[
            500., 500., 500., 100., 100., 100., 500., 500., 500., 500., 500., 500.,
        ]);
        settle(&mut board, 1.32, 60.0);
        assert!(board.volts[1] > 2.0 * board.volts[0], "{:?}", board.volts);
        let sum: f64 = board.volts.iter().sum();
        assert!((sum - 1.32).abs() < 1e-9);
    }

    #[test]
    fn a_domain_that_only_leaks_comes_to_rest() {
        // Among so many its own voltage hardly changes the current.
        const DOMAINS: usize = 40;
        let mut mhz = [500.0; 3 * DOMAINS];
        mhz[..3].fill(0.0);
        let mut board = Electric::new(LAW, DOMAINS, &[MEAN; 3 * DOMAINS], 1.0);
        board.set_clocks(&mhz, 1.0);
        let mut step = || {
            let siemens = board.conductance(&[90.0; DOMAINS]);
            board.settle(0.25, Some(0.33 * DOMAINS as f64), siemens);
            board.volts[0]
        };
        let rests = (0..50).map(|_| step()).last().unwrap_or_default();
        for _ in 0..4 {
            let swing = (step() - rests).abs();
            assert!(swing < 1e-3 * rests, "{rests} V, {swing} V of swing");
        }
    }

    #[test]
    fn a_short_takes_its_domain_away_and_loads_the_others() {
        let mut board = board(&[500.0; 12]);
        let before = settle(&mut board, 1.32, 60.0);
        board.set_shorts([4].into_iter(), 3);
        let after = settle(&mut board, 1.32, 60.0);
        assert!(
            board.volts[1] < 0.05 && board.volts[0] > 0.4,
            "{:?}",
            board.volts
        );
        assert!(after > 1.2 * before);
    }

    #[test]
    fn power_grows_with_voltage_frequency_work_and_heat() {
        let watts = |mhz: f64, hashing: f64, volts: f64, c: f64| {
            let mut board = board(&[mhz; 12]);
            board.set_clocks(&[mhz; 12], hashing);
            settle(&mut board, volts, c)
        };
        let base = watts(500.0, 1.0, 1.32, 60.0);
        assert!(watts(500.0, 1.0, 1.40, 60.0) > base * (1.40f64 / 1.32).powi(2) * 0.999);
        assert!(watts(550.0, 1.0, 1.32, 60.0) > base);
        assert!(watts(500.0, 1.0, 1.32, 80.0) > base);
        assert!(watts(500.0, 0.0, 1.32, 60.0) < 0.35 * base);
        assert!(watts(0.0, 0.0, 1.32, 60.0) < 0.15 * base);
    }

    #[test]
    fn leakage_is_nearly_the_exponential_and_never_more() {
        for k in -50..=150 {
            let k = f64::from(k);
            let exact = (k / DOUBLING_K).exp2();
            let ratio = leakage(k) / exact;
            assert!(ratio <= 1.0 + 1e-12, "{k}: {ratio}");
            assert!(ratio > 0.93 || k.abs() > 55.0, "{k}: {ratio}");
        }
        assert_eq!(leakage(1e9), leakage(LEAK_SPAN_K));
    }

    #[test]
    fn a_rail_that_nobody_feeds_sinks_at_once_under_load_and_slowly_without() {
        let after = |mhz: f64, steps: u32| {
            let mut board = board(&[mhz; 12]);
            settle(&mut board, 1.32, 25.0);
            for _ in 0..steps {
                let siemens = board.conductance(&[25.0; 4]);
                board.settle(0.25, None, siemens);
            }
            board.rail_v
        };
        assert!(after(500.0, 1) < 0.05);
        assert!(after(0.0, 1) > after(500.0, 1));
        assert!(after(0.0, 120) < 0.1);
    }
}
