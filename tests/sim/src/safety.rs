//! What must hold of heat, power and air whatever goes wrong, looked at from outside.
//!
//! A [`Watch`] compares, every [`LOOK`], what the twin's physics and parts really do with the
//! limits in the machine's file. Of the miner it sees only the state of its chains. It knows
//! nothing of how control works. What it sees is a value (`judge`), and who judges it is a pure
//! function of such values: so the watch is tested with histories that never happened, and with
//! known mistakes of its own (`mutant`).
//!
//! *Hash power is off* means: the board's rail is off, or, where a board cannot be switched
//! alone, its chips are held in reset. A board that stays under voltage in reset is *live*.
//! What each class of machine can promise stands in `docs/safety.md`.

mod air;
mod electric;
mod ending;
mod heat;
mod judge;
pub(crate) mod mutant;
#[cfg(test)]
mod tests;

use telemetry::{ChainState, Snapshot};
use units::{ChainSlot, Duration};

use crate::World;
use judge::{Board, Judge, Observation};

pub use ending::{BACK_WITHIN, BETWEEN, STEADY};
pub(crate) use ending::{Back, Return, Settling};
pub use judge::{Blame, Seen, Silent, SupplyBlame};

/// How often the truth is looked at.
pub const LOOK: Duration = Duration::from_millis(250);

/// The looks of one run.
pub struct Watch {
    judge: Judge,
}

impl Watch {
    /// A watch over the machine of this world.
    pub fn new(world: &World, blame: Blame) -> Self {
        Watch {
            judge: Judge::new(world.options.machine.clone(), blame),
        }
    }

    /// Look at the world as it is now.
    ///
    /// # Errors
    ///
    /// What does not hold.
    pub fn look(&mut self, world: &mut World, snapshot: &Snapshot) -> Result<(), String> {
        self.judge.look(&observe(world, snapshot))
    }

    /// What was seen.
    pub fn seen(&mut self) -> &mut Seen {
        &mut self.judge.ground.seen
    }
}

/// By board: it has hash power, and its chain hashes.
pub(crate) fn hashing(world: &mut World, snapshot: &Snapshot) -> Vec<(bool, bool)> {
    let boards = observe(world, snapshot).boards;
    boards.iter().map(|b| (b.on, b.up)).collect()
}

fn observe(world: &mut World, snapshot: &Snapshot) -> Observation {
    let now = world.now();
    let machine = &world.options.machine;
    let switched = machine.peripherals.voltage_controller.present().is_some();
    let sensors = machine.peripherals.sensors.len();
    let (slots, fans) = (machine.slots, machine.fans.count);
    world.twin(|twin| {
        let mut boards = Vec::new();
        for slot in (0..slots).map(ChainSlot) {
            let parts = twin.parts().expect("a whole machine");
            let live = parts.rail_on(now, slot);
            let ordered_mv = parts.rail_v(now, slot) * 1000.0;
            let physics = twin.physics(now).expect("a whole machine");
            let in_reset = physics.board_input(slot).is_some_and(|i| i.in_reset);
            let c = |c: Option<units::Celsius>| c.map_or(f64::MIN, |c| c.c());
            let chain = snapshot.chains.get(usize::from(slot.0));
            boards.push(Board {
                on: live && (switched || !in_reset),
                live,
                fed: physics.rail(slot).is_some_and(|mv| mv.mv() > 1_000),
                in_reset,
                up: chain.is_some_and(|c| is_up(c.state)),
                watts: physics.board_power(slot).map_or(0.0, |w| w.w()),
                ordered_mv,
                hottest_chip_c: c(physics.hottest_chip(slot)),
                hottest_board_c: c(physics.hottest_board(slot)),
                sensors_c: (0..sensors).map(|i| c(physics.sensor(slot, i))).collect(),
            });
        }
        Observation {
            now,
            boards,
            rpm: (0..fans).map(|fan| twin.fan_rpm(fan)).collect(),
            duty: twin.parts().map_or(0, |parts| parts.fans.duty_percent()),
            wall_w: twin.physics(now).map_or(0.0, |p| p.wall_power().w()),
        }
    })
}

/// A chain in this state hashes.
pub(crate) fn is_up(state: ChainState) -> bool {
    matches!(state, ChainState::Hashing | ChainState::Ramping)
}
