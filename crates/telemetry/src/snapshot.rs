//! The Snapshot: the whole machine as one immutable value, made four times a second.

use serde::{Deserialize, Serialize};

/// State of the whole machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MachineState {
    /// Chains are being brought up, or no pool has given work yet.
    Starting,
    /// At least one chain has work.
    Hashing,
    /// Stopped by the operator.
    Paused,
    /// Stopped by the operator, the supply switched off.
    Sleeping,
    /// No pool gives work; chains idle.
    NoPool,
    /// No chain can hash.
    Fault,
    /// On the way down.
    Stopping,
}

/// State of one chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChainState {
    /// No hashboard in the slot.
    Absent,
    /// Powered off.
    Off,
    /// Bring-up runs: power, reset, addresses, registers.
    Starting,
    /// Hashing while the frequency rises to its target.
    Ramping,
    /// Hashing at its target frequency.
    Hashing,
    /// Waiting before another bring-up.
    Recovering,
    /// Off after too many failures.
    Failed,
}

/// State of one pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PoolState {
    /// Not in use.
    #[default]
    Idle,
    /// Connecting or negotiating.
    Connecting,
    /// Session accepted, no job yet.
    Connected,
    /// Has work to give; another pool is preferred.
    Standby,
    /// Gives work.
    Active,
    /// Waiting before the next attempt.
    Waiting,
    /// Refused us; retried slowly.
    Refused,
}

/// How far a reading can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Quality {
    /// Fresh and plausible.
    Good,
    /// Old: ages towards its worst case.
    Stale,
    /// The part failed.
    Failed,
    /// No part is there.
    Absent,
}

/// The machine as one value.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Snapshot {
    /// Counts snapshots from 1; a gap means that a reader missed some.
    pub seq: u64,
    /// Seconds since the process began.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub uptime_s: f64,
    /// State of the machine.
    pub state: MachineState,
    /// The control board's lights blink, so that somebody finds it.
    pub locating: bool,
    /// Which machine this is.
    pub machine: Machine,
    /// Hashrate over several windows.
    #[serde(rename = "hashrate_ths")]
    pub hashrate: Hashrate,
    /// Chains in slot order.
    pub chains: Vec<Chain>,
    /// Temperatures; empty while no sensor is driven.
    pub temperatures: Vec<Temperature>,
    /// Fans; empty while none is driven.
    pub fans: Vec<Fan>,
    /// Power supply.
    pub psu: Psu,
    /// Power drawn at the wall, in watts.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub power_w: Option<f64>,
    /// Energy per work, joules per terahash.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub efficiency_j_per_th: Option<f64>,
    /// What the operator has set, and within what; `None` where heat, air and power are not
    /// driven.
    pub settings: Option<crate::Settings>,
    /// How well the time is known.
    pub clock: Clock,
    /// Pools in order of preference.
    pub pools: Vec<Pool>,
    /// Groups of pools that have a quota of their own. Pools of no listed group are in the group `default`,
    /// which has what these leave of a hundred percent.
    pub pool_groups: Vec<crate::PoolGroup>,
    /// Account of shares since the start.
    pub shares: Shares,
    /// What is wrong now.
    pub faults: Vec<Fault>,
    /// Latest control decisions, newest last.
    pub decisions: Vec<Decision>,
}

/// Which machine this is.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Machine {
    /// File name of the definition in `board-support/machines`.
    pub model: String,
    /// Name for people.
    pub name: String,
    /// `linux` or `twin`.
    pub backend: String,
    /// True where hashrates are a model's and not silicon's.
    pub emulated: bool,
    /// Zero bits that stand for difficulty one: 32 on real hardware.
    pub difficulty_bits: u8,
    /// Version of the firmware.
    pub firmware: String,
}

/// Hashrate in TH/s. The windows count verified nonces; `nominal` is the model at the
/// present frequencies. `null` until a window has something to say.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hashrate {
    /// Last 5 seconds.
    #[serde(serialize_with = "crate::round::option::<_, 4>")]
    pub s5: Option<f64>,
    /// Last minute.
    #[serde(serialize_with = "crate::round::option::<_, 4>")]
    pub m1: Option<f64>,
    /// Last 15 minutes.
    #[serde(serialize_with = "crate::round::option::<_, 4>")]
    pub m15: Option<f64>,
    /// Last hour.
    #[serde(serialize_with = "crate::round::option::<_, 4>")]
    pub h1: Option<f64>,
    /// What the chips should do at their present frequency.
    #[serde(serialize_with = "crate::round::option::<_, 4>")]
    pub nominal: Option<f64>,
}

/// One chain.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Chain {
    /// Slot on the control board.
    pub slot: u8,
    /// What it does.
    pub state: ChainState,
    /// Chips that the board definition lists.
    pub chips_expected: u16,
    /// Chips that answered; `null` before the first count.
    pub chips_found: Option<u16>,
    /// Present frequency.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub frequency_mhz: Option<f64>,
    /// Present voltage; `null` while no voltage controller is driven.
    pub voltage_mv: Option<u32>,
    /// Verified hashrate over the last minute.
    #[serde(serialize_with = "crate::round::option::<_, 4>")]
    pub hashrate_ths: Option<f64>,
    /// Nonces that fit no work in flight.
    pub hw_errors: u64,
    /// Verified nonces.
    pub nonces: u64,
    /// Nonces that the model expects over the same time.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub nonces_expected: f64,
    /// Received frames that were damaged.
    pub damaged_frames: u64,
    /// How often the chain was brought up again.
    pub restarts: u32,
    /// Chips; present only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chips: Option<Vec<Chip>>,
}

/// One chip's evidence.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Chip {
    /// Place in the chain.
    pub index: u16,
    /// Voltage domain.
    pub domain: u16,
    /// Verified nonces attributed to it.
    pub nonces: u64,
    /// Nonces that the model expects.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub expected: f64,
    /// Lower bound of seen/expected at 95 % confidence.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub ratio_low: Option<f64>,
    /// Upper bound of seen/expected at 95 % confidence.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub ratio_high: Option<f64>,
    /// Nonces from it that fit no work.
    pub hw_errors: u64,
}

/// One temperature.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Temperature {
    /// Where: `board 0 outlet`.
    pub place: String,
    /// Degrees Celsius.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub temp_c: Option<f64>,
    /// Trust.
    pub quality: Quality,
}

impl Temperature {
    /// Slot and kind of a sensor on a board: `board 0 outlet 1` and `chain 0 chip 25`.
    pub fn spot(&self) -> Option<(u8, &str)> {
        let mut words = self.place.split(' ');
        let known = matches!(words.next(), Some("board" | "chain"));
        let slot = words.next()?.parse().ok()?;
        known.then_some((slot, words.next()?))
    }
}

/// One fan.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fan {
    /// Measured speed.
    pub rpm: Option<u32>,
    /// Commanded duty.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub duty_percent: Option<f64>,
}

/// Power supply.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Psu {
    /// Output voltage.
    pub voltage_mv: Option<u32>,
    /// Output power.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub power_w: Option<f64>,
}

/// How well the time is known, and from whom.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Clock {
    /// How well.
    pub quality: ClockQuality,
    /// A time server of the configuration, or `kernel`; `null` while it is not known.
    pub source: Option<String>,
}

/// How well the time is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClockQuality {
    /// Not at all: certificates cannot be judged.
    #[default]
    Unset,
    /// The kernel's clock is plausible, and nobody vouches for it.
    Battery,
    /// A time server said it, or the kernel's clock is kept by one.
    Network,
}

/// Pools at a time, in the file and while the daemon runs: more than a person can rank, and few enough
/// to look at all of them.
pub const POOLS_MAX: usize = 32;

/// Bytes of a pool's address, login or password, in the file and in orders.
pub const POOL_TEXT_MAX: usize = 512;

/// One pool.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pool {
    /// Its number in this process, by which commands name it. Never given to another.
    pub id: u8,
    /// As configured, without credentials.
    pub url: String,
    /// Login.
    pub user: String,
    /// Its group: pools of a group stand in for each other.
    pub group: String,
    /// What its group is to have of the hashrate, in percent of what all groups are to have.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub quota_percent: f64,
    /// False: kept, and left alone.
    pub enabled: bool,
    /// What it does.
    pub state: PoolState,
    /// Work comes from here now.
    pub active: bool,
    /// Present share difficulty, the pool's own number.
    pub difficulty: Option<f64>,
    /// Shares that it accepted.
    pub accepted: u64,
    /// Shares that it rejected, stale ones excluded.
    pub rejected: u64,
    /// Shares that it called stale.
    pub stale: u64,
    /// Shares that it did not answer, or that could not be sent any more.
    pub lost: u64,
    /// Shares sent and not yet answered.
    pub in_flight: u64,
    /// The rejected ones by reason.
    pub rejects: PoolRejects,
    /// Rejected of all that it answered; `null` before the first answer.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub rejected_percent: Option<f64>,
    /// Difficulty of the best share that it accepted, at the scale of its own numbers.
    pub best_share: Option<f64>,
    /// Sum of the difficulties of accepted shares: what it owes us for.
    pub accepted_difficulty: f64,
    /// Hashrate that the accepted shares of the last hour stand for; `null` in the first minute.
    #[serde(serialize_with = "crate::round::option::<_, 4>")]
    pub credited_ths: Option<f64>,
    /// From submit to answer, of the last answers; `null` before the first.
    pub latency: Option<PoolLatency>,
    /// An estimate: what hashes as really computed at the credited rate earn in a day by the
    /// difficulty and the subsidy of the present job, without fees. `null` where the job does
    /// not tell its height.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub estimated_sat_per_day: Option<f64>,
    /// Seconds since the last accepted share.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub last_share_s: Option<f64>,
    /// Reason of the last refusal or disconnection.
    pub last_error: Option<String>,
    /// What is known of one's own node; `None` for a pool. Its shares are blocks: what is
    /// accepted, rejected or stale are blocks.
    pub node: Option<NodeView>,
}

/// One's own node.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NodeView {
    /// Its chain: `main`, `test`, `testnet4`, `signet` or `regtest`.
    pub chain: Option<String>,
    /// Height of its newest block.
    pub height: Option<u32>,
}

/// Rejected shares by reason. Their sum is `rejected`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolRejects {
    /// The pool had the share before.
    pub duplicate: u64,
    /// Its hash is not good enough, says the pool.
    pub low_difficulty: u64,
    /// The pool does not take the user, or not from here.
    pub user: u64,
    /// The pool does not know the session.
    pub not_subscribed: u64,
    /// Version bits that the pool does not take.
    pub version: u64,
    /// A header time that the pool does not take.
    pub time: u64,
    /// Anything else.
    pub other: u64,
}

/// Latency of answers to shares.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolLatency {
    /// Half of the answers came within this.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub p50_ms: f64,
    /// Nine of ten.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub p90_ms: f64,
    /// Ninety-nine of a hundred.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub p99_ms: f64,
}

/// Account of nonces and shares since the start of the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shares {
    /// Sent to a pool.
    pub submitted: u64,
    /// Accepted by pools.
    pub accepted: u64,
    /// Rejected by pools, stale ones excluded.
    pub rejected: u64,
    /// Stale: known as such by us and not sent, or called so by a pool.
    pub stale: u64,
    /// Found twice and sent once.
    pub duplicate: u64,
    /// Nonces that fit no work in flight.
    pub hw_errors: u64,
    /// Met the target and got no answer or was never sent; those in flight excluded.
    pub lost: u64,
    /// Sent and not yet answered.
    pub in_flight: u64,
    /// Met the network target.
    pub blocks: u64,
}

/// Something that is wrong now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fault {
    /// Stable code.
    pub code: crate::Code,
    /// Where.
    pub place: String,
    /// What was seen.
    pub detail: String,
    /// What was done about it; empty where nothing was, or where the detail says it.
    pub action: String,
    /// What the code means, in a sentence.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// A control decision with its reason.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// Seconds since the process began.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub at_s: f64,
    /// Where.
    pub place: String,
    /// What was decided.
    pub decision: String,
    /// Why.
    pub reason: String,
}
