//! A small machine to close the loop with: one lump of metal per board, a lag per sensor,
//! fans with inertia. Not the twin: only what control can feel.

use board_support::{Machine, Place, SensorBus};
use units::Rng;

/// What a run draws from its seed: the declared box of parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Box_ {
    /// Heat resistance, chip to air.
    pub(super) resistance: f64,
    pub(super) lag: f64,
    pub(super) leak: f64,
    pub(super) inlet_c: f64,
}

impl Box_ {
    pub(super) const NOMINAL: Box_ = Box_ {
        resistance: 1.0,
        lag: 1.0,
        leak: 1.0,
        inlet_c: 25.0,
    };

    pub(super) fn draw(rng: &mut Rng) -> Self {
        let mut between = |low: f64, high: f64| low + (high - low) * rng.unit_f64();
        Box_ {
            resistance: between(0.5, 1.5),
            lag: between(1.0, 3.0),
            leak: between(1.0, 2.0),
            inlet_c: between(-20.0, 45.0),
        }
    }
}

/// One board.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Its switch, or its reset line.
    pub(super) ordered: bool,
    pub(super) stuck_on: bool,
    /// No board is there.
    pub(super) empty: bool,
    /// Its chain's bring-up never ends.
    pub(super) never_up: bool,
    /// Its chips are up and have no work yet: they stay at their first frequency.
    pub(super) unfed: bool,
    /// Something else keeps it this warm.
    pub(super) held_c: Option<f64>,
    pub(super) cap_mhz: f64,
    pub(super) mhz: f64,
    pub(super) starting_s: f64,
    pub(super) mv: f64,
    pub(super) board_c: f64,
    /// What each sensor's tip has reached.
    pub(super) tips_c: Vec<f64>,
    pub(super) watts: f64,
}

/// The machine.
#[derive(Clone, Debug)]
pub(super) struct Plant {
    pub(super) machine: Machine,
    pub(super) params: Box_,
    pub(super) slots: Vec<Slot>,
    pub(super) fans_rpm: Vec<f64>,
    pub(super) fans_broken: Vec<bool>,
    pub(super) duty: f64,
    pub(super) supply_on: bool,
    pub(super) supply_failed: bool,
    /// Time since the supply was ordered on.
    pub(super) supply_s: f64,
    /// Fraction of the ordered voltage that comes.
    pub(super) sag: f64,
    pub(super) set_mv: Vec<f64>,
    /// The machine lies in oil.
    pub(super) bath: bool,
    /// What is left of the air.
    pub(super) dust: f64,
}

/// Rise of a board above its inlet at rated power and full air, °C.
const RISE_C: f64 = 22.0;
/// How fast a chain follows its cap: 6.25 MHz every tenth of a second.
const CHAIN_MHZ_PER_S: f64 = 62.5;
/// Heat capacity as seconds at that resistance.
const TAU_S: f64 = 30.0;

impl Plant {
    pub(super) fn new(machine: &Machine, params: Box_) -> Self {
        let slot = Slot {
            ordered: false,
            stuck_on: false,
            empty: false,
            never_up: false,
            unfed: false,
            held_c: None,
            cap_mhz: 50.0,
            mhz: 0.0,
            starting_s: 0.0,
            mv: 0.0,
            board_c: params.inlet_c,
            tips_c: vec![params.inlet_c; machine.peripherals.sensors.len()],
            watts: 0.0,
        };
        let fans = usize::from(machine.fans.count);
        Plant {
            params,
            slots: vec![slot; usize::from(machine.slots)],
            fans_rpm: vec![0.0; fans],
            fans_broken: vec![false; fans],
            duty: 0.0,
            supply_on: false,
            supply_failed: false,
            supply_s: 0.0,
            sag: 1.0,
            set_mv: vec![0.0; usize::from(machine.slots)],
            bath: false,
            dust: 1.0,
            machine: machine.clone(),
        }
    }

    /// Boards have switches of their own.
    pub(super) fn has_switches(&self) -> bool {
        self.machine
            .peripherals
            .voltage_controller
            .present()
            .is_some()
    }

    pub(super) fn supply_up(&self) -> bool {
        let switched = self.machine.psu.enable.present().is_some();
        !self.supply_failed && (!switched || self.supply_on && self.supply_s >= 1.0)
    }

    /// Chips compute or could.
    pub(super) fn is_powered(&self, slot: usize) -> bool {
        let s = &self.slots[slot];
        self.supply_up() && (s.ordered || s.stuck_on) && !s.empty
    }

    /// Power at the wall, watts.
    pub(super) fn watts(&self) -> f64 {
        self.slots.iter().map(|s| s.watts).sum()
    }

    /// `f V²` over all boards, in boards at their working point.
    pub(super) fn dynamic(&self) -> f64 {
        let work = self.machine.hashboard.voltage_mv.map_or(1.0, f64::from);
        let load = |s: &Slot| {
            let volts = if self.machine.limits.voltage_mv.is_some() {
                s.mv / work
            } else {
                1.0
            };
            s.mhz / self.machine.hashboard.frequency_mhz * volts * volts
        };
        self.slots.iter().map(load).sum()
    }

    pub(super) fn step(&mut self, dt: f64) {
        self.supply_s = if self.supply_on {
            self.supply_s + dt
        } else {
            0.0
        };
        for (rpm, broken) in self.fans_rpm.iter_mut().zip(&self.fans_broken) {
            let goal = if *broken { 0.0 } else { 5200.0 * self.duty };
            *rpm += (goal - *rpm) * (dt / 0.8).min(1.0);
        }
        let air: f64 = self.fans_rpm.iter().sum::<f64>() / 5200.0 / self.fans_rpm.len() as f64;
        let air = if self.bath {
            1.0
        } else {
            0.08 + 0.92 * air * self.dust
        };
        for slot in 0..self.slots.len() {
            self.step_slot(slot, air, dt);
        }
    }

    fn step_slot(&mut self, slot: usize, air: f64, dt: f64) {
        let powered = self.is_powered(slot);
        let live = self.supply_up() && (powered || !self.has_switches());
        let per_board = self.machine.peripherals.voltage_controller.present();
        let rail = if per_board.is_some_and(|c| c.code.is_some()) {
            slot
        } else {
            0
        };
        let (sag, set) = (self.sag, self.set_mv[rail]);
        let rated = self.machine.rated_power_w / f64::from(self.machine.slots);
        let f0 = self.machine.hashboard.frequency_mhz;
        let work = self.machine.hashboard.voltage_mv.map(f64::from);
        let known = self.machine.limits.voltage_mv.is_some();
        let params = self.params;
        let sensors = self.machine.peripherals.sensors.clone();
        let s = &mut self.slots[slot];
        s.mv = if live { set * sag } else { 0.0 };
        if !powered {
            s.mhz = 0.0;
            s.starting_s = 0.0;
        } else if s.starting_s < 8.0 || s.never_up {
            s.starting_s += dt;
        } else {
            let rise = if s.unfed { 0.0 } else { CHAIN_MHZ_PER_S * dt };
            s.mhz = (s.mhz.max(50.0) + rise).min(s.cap_mhz);
        }
        let volts2 = match work.filter(|_| known) {
            Some(work) => (s.mv / work).powi(2),
            None => 1.0,
        };
        let leak = if live {
            0.15 * params.leak * ((s.board_c - 60.0) / 25.0).exp2()
        } else {
            0.0
        };
        s.watts = rated * volts2 * (0.85 * s.mhz / f0 + leak.min(0.6));
        let rise = RISE_C * params.resistance / air;
        let settled = params.inlet_c + rise * s.watts / rated;
        s.board_c += (settled - s.board_c) * dt / (TAU_S / air);
        if let Some(c) = s.held_c {
            s.board_c = c;
        }
        for (i, tip) in s.tips_c.iter_mut().enumerate() {
            let place = match sensors[i].place {
                Place::Chip => 13.0 * params.resistance * s.watts / rated,
                Place::Inlet => -0.2 * (s.board_c - params.inlet_c),
                // Somewhere along the air.
                Place::Outlet | Place::Board => -0.05 * i as f64 * (s.board_c - params.inlet_c),
            };
            *tip += (s.board_c + place - *tip) * (dt / (2.0 * params.lag)).min(1.0);
        }
    }

    /// What must be up for a sensor to answer is up.
    pub(super) fn answers(&self, slot: usize, sensor: usize) -> bool {
        let s = &self.slots[slot];
        match self.machine.peripherals.sensors[sensor].bus {
            SensorBus::ControlBoard => !s.empty,
            SensorBus::VoltageController => self.is_powered(slot),
            SensorBus::Chip(_) => self.is_powered(slot) && s.mhz > 0.0,
        }
    }
}
