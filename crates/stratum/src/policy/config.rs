//! What pools and groups are configured as.

use std::fmt;

use telemetry::DEFAULT_GROUP;
use units::{DifficultyOne, PoolIndex};

use crate::{Address, Route, SessionConfig};
/// Pools that stand in for each other, and have a quota.
pub use telemetry::PoolGroup as GroupConfig;

/// One pool.
#[derive(Clone, PartialEq, Eq)]
pub struct PoolConfig {
    /// What is spoken with it, and where it listens.
    pub address: Address,
    /// Login.
    pub user: String,
    /// Password; sent as given, shown nowhere.
    pub password: String,
    /// What the pool's difficulty one stands for.
    pub difficulty_one: DifficultyOne,
    /// Whom to trust on the way, and through which proxy.
    pub route: Route,
    /// Name of its group. A group that is not listed has what the listed ones leave of a
    /// hundred percent.
    pub group: String,
    /// False: it is kept in the list and not used.
    pub enabled: bool,
}

impl PoolConfig {
    /// The name of the group where none is given.
    pub const DEFAULT_GROUP: &'static str = DEFAULT_GROUP;

    /// An enabled pool of the default group at Bitcoin's own scale.
    pub fn new(address: Address, user: impl Into<String>, password: impl Into<String>) -> Self {
        PoolConfig {
            address,
            user: user.into(),
            password: password.into(),
            difficulty_one: DifficultyOne::BITCOIN,
            route: Route::default(),
            group: Self::DEFAULT_GROUP.to_owned(),
            enabled: true,
        }
    }
}

/// Shows everything but the password.
impl fmt::Debug for PoolConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolConfig")
            .field("address", &self.address)
            .field("user", &self.user)
            .field("difficulty_one", &self.difficulty_one)
            .field("route", &self.route)
            .field("group", &self.group)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// The list of pools and groups, as it is to be written down.
#[derive(Clone, PartialEq, Debug)]
pub struct Listed {
    /// Pools in order of preference.
    pub pools: Vec<PoolConfig>,
    /// Groups that have a quota of their own.
    pub groups: Vec<GroupConfig>,
}

/// A quota in hundredths of a percent, at least one.
pub(super) fn weight(quota_percent: f64) -> u32 {
    (quota_percent.clamp(0.01, 100.0) * 100.0).round() as u32
}

/// What all pools have in common.
#[derive(Clone, PartialEq, Debug)]
pub struct PoolsConfig {
    /// Groups that have a quota.
    pub groups: Vec<GroupConfig>,
    /// Name and version that we give for ourselves; see [`SessionConfig::agent`].
    pub agent: String,
    /// Version bits that the chips can roll.
    pub version_mask: u32,
    /// Number of version bits below which hashrate is lost.
    pub min_version_bits: u8,
    /// What the machine is rated at, in hashes really computed a second; see
    /// [`SessionConfig::nominal_hashrate`].
    pub nominal_hashrate: f64,
    /// Seed of the jitter in back-off times.
    pub seed: u64,
}

impl PoolsConfig {
    /// What the client of a pool is made with.
    pub(super) fn session(&self, id: PoolIndex, pool: &PoolConfig) -> SessionConfig {
        SessionConfig {
            pool: id,
            address: pool.address.clone(),
            user: pool.user.clone(),
            password: pool.password.clone(),
            agent: self.agent.clone(),
            difficulty_one: pool.difficulty_one,
            version_mask: self.version_mask,
            min_version_bits: self.min_version_bits,
            seed: self.seed ^ (0x9001 + u64::from(id.0)),
            nominal_hashrate: self.nominal_hashrate,
            wanted_difficulty: None,
        }
    }
}
