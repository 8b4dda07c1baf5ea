//! What the engine is told once, at its making.

use board_support::Machine;
use stratum::{GroupConfig, PoolConfig};
use units::DifficultyOne;

/// The engine's configuration.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The machine to drive.
    pub machine: Machine,
    /// `linux` or `twin`, for the snapshot.
    pub backend: String,
    /// Scale of the chips' ticket difficulty: Bitcoin's on silicon, lower on a twin.
    pub difficulty_one: DifficultyOne,
    /// Pools in order of preference.
    pub pools: Vec<PoolConfig>,
    /// Groups of pools that have a quota of the hashrate.
    pub pool_groups: Vec<GroupConfig>,
    /// Settle times of the bring-up in percent of what is prescribed; 100 except in a demo.
    pub settle_percent: u8,
    /// Work lasts this many times longer than on silicon; 1 except in thinned simulation.
    pub thinning: u32,
    /// Where searches begin and how back-off jitters.
    pub seed: u64,
    /// Version of the firmware, for snapshot and pools.
    pub firmware: String,
    /// Supply, voltage controllers, sensors and fans, and what decides about them. `None` for
    /// chains alone: hash power is then a switch per slot.
    pub hardware: Option<HardwareConfig>,
}

/// What decides about heat and power is told once.
#[derive(Clone, PartialEq, Debug)]
pub struct HardwareConfig {
    /// What only the machine's own configuration can say.
    pub local: control::Local,
    /// Why the process began.
    pub cause: control::StartCause,
    /// What [`Effect::Remember`](crate::Effect::Remember) wrote last.
    pub remembered: control::Persisted,
}
