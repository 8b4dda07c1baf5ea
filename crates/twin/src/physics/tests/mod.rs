//! The whole model, machine by machine.

mod behaviour;
mod faults;
mod ratings;
mod supply;

use board_support::Machine;
use units::Rpm;

use super::*;

pub(super) fn s(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

pub(super) fn machine(model: &str) -> Machine {
    board_support::machine(model).expect("a machine that is compiled in")
}

/// A machine that is run by hand: by its fan curve, on what is really hottest.
pub(super) struct Bench {
    pub(super) machine: Machine,
    pub(super) physics: Physics,
    pub(super) duty: Duty,
}

impl Bench {
    pub(super) fn new(model: &str, options: Options) -> Self {
        let machine = machine(model);
        let physics = Physics::new(&machine, options).expect("physics");
        let duty = Duty::OFF;
        Bench {
            machine,
            physics,
            duty,
        }
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = ChainSlot> + use<> {
        (0..self.machine.slots).map(ChainSlot)
    }

    /// All boards at shares of the rating's frequency and voltage, with work.
    pub(super) fn run_at(&mut self, frequency: f64, voltage: f64) {
        let now = self.physics.now();
        let mv = self.physics.rated_voltage().mv();
        let voltage = Millivolts::new((f64::from(mv) * voltage) as u32);
        let frequency = Megahertz::new(self.physics.rated_frequency().mhz() * frequency);
        self.physics.set_supply(now, true, voltage);
        for slot in self.slots() {
            let input = BoardInput {
                rail_on: true,
                voltage,
                in_reset: false,
                frequency,
                hashing: 1.0,
            };
            self.physics.set_board(now, slot, input);
        }
    }

    pub(super) fn off(&mut self) {
        let now = self.physics.now();
        self.physics.set_supply(now, false, Millivolts::new(0));
        for slot in self.slots() {
            let input = self.physics.board_input(slot).expect("a board");
            let rail_on = false;
            self.physics
                .set_board(now, slot, BoardInput { rail_on, ..input });
        }
    }

    pub(super) fn fans(&mut self, percent: u8) {
        self.duty = Duty::new(percent);
        let now = self.physics.now();
        self.physics.set_fans(now, self.duty);
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        let now = self.physics.now() + Duration::from_secs(seconds);
        self.physics.advance(now);
    }

    /// Let time pass with the fans on their curve, looked at every two seconds.
    pub(super) fn pass_on_curve(&mut self, seconds: u64) {
        for _ in 0..seconds / 2 {
            let percent = self.curve(self.hottest_board_c());
            let percent = f64::from(self.duty.percent()) * 0.8 + percent * 0.2;
            self.duty = Duty::from_percent_ceil(percent);
            let now = self.physics.now();
            self.physics.set_fans(now, self.duty);
            self.pass(2);
        }
    }

    fn curve(&self, board_c: f64) -> f64 {
        let curve = &self.machine.fans.curve;
        let mut percent = f64::from(self.machine.fans.duty_min_percent);
        for pair in curve.windows(2) {
            let (low, high) = (pair[0], pair[1]);
            let share = ((board_c - low.board_c) / (high.board_c - low.board_c)).clamp(0.0, 1.0);
            let (from, to) = (f64::from(low.duty_percent), f64::from(high.duty_percent));
            percent = percent.max(from + share * (to - from));
        }
        percent
    }

    pub(super) fn hottest_board_c(&self) -> f64 {
        let each = self.slots().map(|s| self.physics.hottest_board(s));
        each.flatten().map(|c| c.c()).fold(f64::MIN, f64::max)
    }

    pub(super) fn hottest_chip_c(&self) -> f64 {
        let each = self.slots().map(|s| self.physics.hottest_chip(s));
        each.flatten().map(|c| c.c()).fold(f64::MIN, f64::max)
    }

    pub(super) fn ths(&self) -> f64 {
        let each = self.slots().filter_map(|s| self.physics.hash_rate(s));
        each.map(|rate| rate.ths()).sum()
    }

    pub(super) fn wall_w(&self) -> f64 {
        self.physics.wall_power().w()
    }
}
