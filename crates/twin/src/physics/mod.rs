//! The physics of one machine: power, heat, air, fans and supply.
//!
//! A pure model, deterministic from its seed on every machine: no draw and no law uses a
//! function whose last bits differ between processors. Inputs are what wires carry (enable
//! lines, set points, clocks, duties); outputs are what sensors, meters and silicon would
//! show. `docs/twin.md` has the equations and how sure each coefficient is.
//!
//! Time passes in steps of one length, [`STEP`] times [`Options::thinning`]. An input acts
//! from the beginning of the step in which it was given, and results do not depend on how
//! often [`Physics::advance`] is called.

mod air;
mod board;
mod design;
mod electric;
mod fans;
mod faults;
mod heat;
mod known;
pub mod machines;
mod options;
mod seen;
mod sensors;
mod silicon;
mod supply;
#[cfg(test)]
mod tests;
mod variation;

use board_support::Machine;
use units::{ChainSlot, ChipIndex, Duration, Duty, Instant, Megahertz, Millivolts, Rng};

use crate::machine::small_cores;
use air::{density, transfer};
use board::Board;
use design::{CONTROL_W, Design};
use fans::Fans;
use faults::Faults;
use heat::Stream;
use supply::{Load, Mains, Supply};

pub use air::{Change, Day, Weather};
pub use board::BoardInput;
pub use fans::SPIN_UP;
pub use faults::{Fault, Timed};
pub use known::as_rated;
pub use options::{Cooling, Options, PhysicsError};
pub use supply::{SupplyState, Trip};
pub use variation::Variation;

/// The step of an exact model: a fifth of the shortest lag that anything outside can see.
pub const STEP: Duration = Duration::from_millis(250);
/// The longest step, as a multiple of [`STEP`]: two seconds.
pub const THINNING_MAX: u32 = 8;

/// The physics of one machine.
#[derive(Clone, Debug)]
pub struct Physics {
    design: Design,
    options: Options,
    step: Duration,
    /// The end of the last step.
    now: Instant,
    faults: Faults,
    supply: Supply,
    fans: Fans,
    boards: Vec<Board>,
    noise: Rng,
    inlet_c: f64,
    /// What the supply's main output gives.
    out_w: f64,
    wall_w: f64,
}

impl Physics {
    /// The machine in thermal rest at its inlet's temperature, everything off.
    pub fn new(machine: &Machine, options: Options) -> Result<Self, PhysicsError> {
        let Some(entry) = machines::entry(&machine.model) else {
            return Err(PhysicsError::UnknownMachine(machine.model.clone()));
        };
        let chip = &machine.hashboard.chip;
        let Some(small_cores) = small_cores(chip) else {
            return Err(PhysicsError::UnknownChip(chip.clone()));
        };
        let design = Design::new(
            machine,
            entry,
            small_cores,
            options.cooling,
            &options.variation,
        );
        let mut rng = Rng::new(options.seed);
        let fans = Fans::new(design.fans, &mut rng.fork(1));
        let inlet_c = options.variation.inlet_c + options.weather.at_k(Instant::ZERO);
        let boards = (0..machine.slots).map(|slot| {
            let rng = &mut rng.fork(16 + u64::from(slot));
            Board::new(machine, &design, &options.variation, inlet_c, rng)
        });
        let boards = boards.collect();
        let wakes_mv = machine.psu.voltage_max_mv.unwrap_or(design.rail_mv);
        Ok(Physics {
            step: STEP * options.thinning.clamp(1, THINNING_MAX),
            now: Instant::ZERO,
            faults: Faults::new(options.faults.clone()),
            supply: Supply::new(design.supply, f64::from(wakes_mv) / 1000.0),
            fans,
            boards,
            noise: rng.fork(2),
            inlet_c,
            out_w: 0.0,
            wall_w: 0.0,
            design,
            options,
        })
    }

    /// Let time pass until `now`, in whole steps. Earlier instants change nothing.
    pub fn advance(&mut self, now: Instant) {
        while now.since(self.now) >= self.step {
            self.now += self.step;
            self.step_once();
        }
    }

    /// Order the supply: its enable line, and the voltage that it was told. A supply without
    /// the one or the other does not care.
    pub fn set_supply(&mut self, now: Instant, enabled: bool, voltage: Millivolts) {
        self.advance(now);
        self.supply.set(enabled, f64::from(voltage.mv()) / 1000.0);
    }

    /// Drive a fan, counted from 0.
    pub fn set_fan(&mut self, now: Instant, fan: u8, duty: Duty) {
        self.advance(now);
        self.fans.set(usize::from(fan), duty);
    }

    /// Drive all fans alike.
    pub fn set_fans(&mut self, now: Instant, duty: Duty) {
        for fan in 0..self.design.fans.count {
            self.set_fan(now, fan, duty);
        }
    }

    /// What a board's lines and clocks are at; all its chips are clocked alike.
    pub fn set_board(&mut self, now: Instant, slot: ChainSlot, input: BoardInput) {
        self.advance(now);
        if let Some(board) = self.boards.get_mut(usize::from(slot.0)) {
            board.set(input);
        }
    }

    /// What a board's lines and clocks are at.
    pub fn board_input(&self, slot: ChainSlot) -> Option<BoardInput> {
        Some(self.board(slot)?.input)
    }

    /// Clock one chip apart from the others, until the board's input is set again.
    pub fn set_chip(&mut self, now: Instant, slot: ChainSlot, chip: ChipIndex, mhz: Megahertz) {
        self.advance(now);
        if let Some(board) = self.boards.get_mut(usize::from(slot.0)) {
            board.set_chip(usize::from(chip.0), mhz.mhz());
        }
    }

    /// What goes wrong from now on, in place of what was said before. A fault that acts already
    /// and is named again goes on.
    pub fn set_faults(&mut self, now: Instant, faults: Vec<Timed>) {
        self.advance(now);
        self.faults.set(faults);
    }

    /// How the inlet's temperature changes, in place of what was said before.
    pub fn set_weather(&mut self, now: Instant, weather: Weather) {
        self.advance(now);
        self.options.weather = weather;
    }

    /// When the next step is due.
    pub(crate) fn next_step(&self) -> Instant {
        self.now + self.step
    }

    /// A board's rail is let through or not, and what its converter was told; all else as it
    /// was. Who says so once, switches boards that have nothing to switch them too.
    pub(crate) fn set_rail(&mut self, slot: ChainSlot, on: bool, voltage: Option<Millivolts>) {
        if let Some(board) = self.boards.get_mut(usize::from(slot.0)) {
            board.set_rail(on, voltage);
        }
    }

    /// What a chain's chips are clocked at; those that are not listed stand.
    pub(crate) fn set_chain(&mut self, slot: ChainSlot, stands: bool, mhz: &[f64], work: bool) {
        if let Some(board) = self.boards.get_mut(usize::from(slot.0)) {
            board.set_chain(stands, mhz, work);
        }
    }

    fn step_once(&mut self) {
        let (now, dt_s) = (self.now, self.step.as_secs_f64());
        let trip = self.faults.advance(now);
        self.inlet_c = self.options.variation.inlet_c + self.options.weather.at_k(now);
        let has_mains = self.supply.has_mains();
        self.fans
            .step(dt_s, now, &self.faults, has_mains, &mut self.noise);

        let (out_v, gives) = (self.supply.out_v, self.supply.gives());
        let mut load = Load::default();
        for (slot, board) in self.boards.iter_mut().enumerate() {
            board.load(dt_s, slot, &self.faults, gives.then_some(out_v), &mut load);
        }
        let mains = Mains {
            volts: self.faults.mains_v(),
            sag: self.faults.sag(),
            trip,
        };
        let aux_w = self.aux_w();
        if self.design.supply.fixed_v.is_some() {
            load.constant_w += aux_w;
        }
        self.supply.step(dt_s, mains, load);

        let (out_v, gives) = (self.supply.out_v, self.supply.gives());
        let boards = self.boards.len();
        self.out_w = 0.0;
        for slot in 0..boards {
            let stream = self.stream(slot);
            let board = &mut self.boards[slot];
            self.out_w += board.step(dt_s, gives.then_some(out_v), stream);
        }
        self.wall_w = if self.supply.has_mains() {
            self.design.supply.wall_w(self.out_w + aux_w)
        } else {
            0.0
        };
    }

    fn stream(&self, slot: usize) -> Stream {
        let (driven, density) = match self.options.cooling {
            Cooling::Air => (
                self.fans.flow(slot, self.boards.len()) * self.faults.dust(self.now),
                density(self.options.variation.altitude_m, self.inlet_c),
            ),
            Cooling::Hydro | Cooling::Immersion => (self.faults.pump(self.now), 1.0),
        };
        let flow = driven.max(self.design.natural_flow) * density;
        Stream {
            inlet_c: self.inlet_c,
            flow,
            transfer: transfer(flow),
        }
    }

    /// Control board and fans.
    fn aux_w(&self) -> f64 {
        match self.options.cooling {
            Cooling::Air => CONTROL_W + self.fans.watts(),
            Cooling::Hydro | Cooling::Immersion => CONTROL_W,
        }
    }

    fn board(&self, slot: ChainSlot) -> Option<&Board> {
        self.boards.get(usize::from(slot.0))
    }
}
