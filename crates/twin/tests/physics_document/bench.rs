//! A machine that is run by hand.

use board_support::Machine;
use twin::physics::{BoardInput, Fault, Options, Physics, Timed, machines};
use units::{ChainSlot, Duration, Duty, Instant, Megahertz, Millivolts};

pub(crate) struct Bench {
    pub(crate) machine: Machine,
    pub(crate) physics: Physics,
}

pub(crate) fn s(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

/// All fans of a machine stop at once.
pub(crate) fn fans_stop(machine: &Machine, at: Instant) -> Vec<Timed> {
    let (speed, over) = (0.0, Duration::ZERO);
    let stops = |fan| Timed::from(at, Fault::Fan { fan, speed, over });
    (0..machine.fans.count).map(stops).collect()
}

/// The duty that a machine's rating is designed for.
pub(crate) fn design_duty(machine: &Machine) -> Duty {
    let entry = machines::entry(&machine.model).expect("an entry");
    Duty::from_percent_ceil(entry.design_duty_percent.value)
}

impl Bench {
    pub(crate) fn new(model: &str, options: impl FnOnce(&Machine) -> Options) -> Self {
        let machine = board_support::machine(model).expect("a machine that is compiled in");
        let physics = Physics::new(&machine, options(&machine)).expect("physics");
        Bench { machine, physics }
    }

    /// Everything at the rating from now on, at a duty.
    pub(crate) fn run(&mut self, duty: Duty) {
        let now = self.physics.now();
        self.physics.set_fans(now, duty);
        let voltage = self.physics.rated_voltage();
        self.physics.set_supply(now, true, voltage);
        self.boards(1.0, voltage);
    }

    /// All boards at a share of the rating's frequency, with work; at 0 in reset.
    pub(crate) fn boards(&mut self, share: f64, voltage: Millivolts) {
        let now = self.physics.now();
        let rated_mhz = self.physics.rated_frequency().mhz();
        for slot in 0..self.machine.slots {
            let input = BoardInput {
                rail_on: true,
                voltage,
                in_reset: share == 0.0,
                frequency: Megahertz::new(rated_mhz * share),
                hashing: 1.0,
            };
            self.physics.set_board(now, ChainSlot(slot), input);
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        let now = self.physics.now() + time;
        self.physics.advance(now);
    }

    fn most(&self, of: impl Fn(ChainSlot) -> f64) -> f64 {
        let slots = (0..self.machine.slots).map(ChainSlot);
        slots.map(of).fold(f64::MIN, f64::max)
    }

    pub(crate) fn chip_c(&self) -> f64 {
        self.most(|slot| self.physics.hottest_chip(slot).map_or(0.0, |c| c.c()))
    }

    pub(crate) fn board_c(&self) -> f64 {
        self.most(|slot| self.physics.hottest_board(slot).map_or(0.0, |c| c.c()))
    }

    pub(crate) fn outlet_c(&self) -> f64 {
        self.most(|slot| self.physics.outlet(slot).map_or(0.0, |c| c.c()))
    }

    pub(crate) fn ths(&self) -> f64 {
        let slots = (0..self.machine.slots).map(ChainSlot);
        let rates = slots.filter_map(|slot| self.physics.hash_rate(slot));
        rates.map(|rate| rate.ths()).sum()
    }
}
