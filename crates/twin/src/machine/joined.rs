//! Physics joined to the chains: clocks and work go in, rails and errors come out.
//!
//! Once a step the physics is told what each chain's registers, work and lines make of its
//! chips, and tells which chains have a voltage that chips live at and how often each chip
//! errs.

use board_support::Machine;
use units::{ChainSlot, Instant};

use super::chain::Chain;
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

    /// When the next step is due.
    pub(super) fn next(&self) -> Instant {
        self.physics.next_step()
    }

    /// One step, at `now`; the chains have come as far.
    pub(super) fn step(&mut self, now: Instant, slots: &[ChainSlot], chains: &mut [Chain]) {
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
