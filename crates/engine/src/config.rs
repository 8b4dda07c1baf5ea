//! What the engine is told once, at its making.

use board_support::Machine;
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
    /// Settle times of the bring-up in percent of what is prescribed; 100 except in a demo.
    pub settle_percent: u8,
    /// Work lasts this many times longer than on silicon; 1 except in thinned simulation.
    pub thinning: u32,
    /// Where searches begin and how back-off jitters.
    pub seed: u64,
    /// Version of the firmware, for snapshot and pools.
    pub firmware: String,
}

/// One pool.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// Where it listens.
    pub endpoint: stratum::Endpoint,
    /// Login.
    pub user: String,
    /// Password; sent as given, shown nowhere.
    pub password: String,
    /// What the pool's difficulty one stands for.
    pub difficulty_one: DifficultyOne,
}
