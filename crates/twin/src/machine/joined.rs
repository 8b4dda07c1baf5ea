//! Physics joined to the chains: clocks and work go in, rails and errors come out.
//!
//! Once a step the physics is told what each chain's registers, work and lines make of its
//! chips, and tells which chains have a voltage that chips live at and how often each chip
//! errs. Parts, where they are fitted, order it and measure it.

use board_support::Machine;
use units::{ChainSlot, Duty, Instant, Millivolts};

use super::TwinMachine;
use super::chain::Chain;
use crate::parts::{BoardSurroundings, Parts, Surroundings};
use crate::physics::{Options, Physics, PhysicsError};

/// Share of the rating's rail below which chips lose their state. Assumed.
const LIVES_ABOVE: f64 = 0.5;

pub(super) struct Joined {
    pub(super) physics: Physics,
    lives_above_mv: f64,
    /// Hashes per second of a chip at a megahertz.
    hs_per_mhz: f64,
    mhz: Vec<f64>,
}

impl Joined {
    pub(super) fn new(
        machine: &Machine,
        options: Options,
        small_cores: u16,
    ) -> Result<Self, PhysicsError> {
        let physics = Physics::new(machine, options)?;
        Ok(Joined {
            lives_above_mv: LIVES_ABOVE * f64::from(physics.rated_voltage().mv()),
            hs_per_mhz: f64::from(small_cores) * 1e6,
            mhz: Vec::new(),
            physics,
        })
    }

    /// What supply, controllers and fan outputs are set to now.
    fn obey(&mut self, now: Instant, slots: &[ChainSlot], parts: &Parts) {
        // Orders of the step that is about to pass count from its beginning.
        let begun = self.physics.now();
        let supply_v = parts.supply_v(now);
        self.physics
            .set_supply(begun, supply_v > 0.0, millivolts(supply_v));
        self.physics
            .set_fans(begun, Duty::new(parts.fans.duty_percent()));
        for slot in slots {
            let set_v = parts.rail_v(now, *slot);
            let on = parts.rail_on(now, *slot);
            self.physics.set_rail(*slot, on, Some(millivolts(set_v)));
        }
    }

    /// What there is to measure.
    fn surroundings(&self, slots: &[ChainSlot]) -> Surroundings {
        let board = |slot: &ChainSlot| BoardSurroundings {
            sensors_c: (0..)
                .map_while(|i| Some(self.physics.sensor(*slot, i)?.c()))
                .collect(),
            rail_v: self.physics.rail(*slot).map(|v| f64::from(v.mv()) / 1000.0),
        };
        let rpm = (0..).map_while(|fan| Some(self.physics.fan(fan)?.rpm()));
        Surroundings {
            boards: slots.iter().map(board).collect(),
            fan_rpm: Some(rpm.collect()),
        }
    }

    /// One step, at `now`; the chains have come as far.
    fn step(&mut self, now: Instant, slots: &[ChainSlot], chains: &mut [Chain]) {
        for (slot, chain) in slots.iter().zip(chains.iter()) {
            let hs = chain.chips_hs();
            self.mhz.clear();
            self.mhz.extend(hs.iter().map(|hs| hs / self.hs_per_mhz));
            let stands = chain.in_reset() || hs.is_empty();
            self.physics
                .set_chain(*slot, stands, &self.mhz, chain.has_work());
        }
        self.physics.advance(now);
        for (slot, chain) in slots.iter().zip(chains) {
            let rail_mv = self.physics.rail(*slot).map_or(0, |rail| rail.mv());
            let lives = f64::from(rail_mv) >= self.lives_above_mv;
            if lives != chain.rail() {
                chain.set_rail(now, lives);
            }
            self.physics.all_errors(*slot, chain.errors());
        }
    }
}

fn millivolts(volts: f64) -> Millivolts {
    Millivolts::new((volts * 1000.0) as u32)
}

impl TwinMachine {
    /// When the physics' next step is due.
    pub(super) fn next_step(&self) -> Option<Instant> {
        Some(self.joined.as_ref()?.physics.next_step())
    }

    /// One step of the physics; parts and lines have come as far.
    pub(super) fn step_physics(&mut self, now: Instant) {
        let Some(joined) = &mut self.joined else {
            return;
        };
        if let Some(fitted) = &self.fitted {
            joined.obey(now, &self.slots, &fitted.parts);
        }
        joined.step(now, &self.slots, &mut self.chains);
        if let Some(fitted) = &mut self.fitted {
            let measured = joined.surroundings(&self.slots);
            fitted.parts.set_surroundings(&measured);
            self.tell_chip_sensors();
        }
    }
}
