//! What the pool is and how it behaves: plain data, so that a test is a table.

use bitcoin::address::NetworkUnchecked;
use units::{Difficulty, DifficultyOne, Duration};

use super::ledger::Kept;
use super::v2::V2Options;

/// The pool as a whole. `PoolOptions::default()` is a well-behaved pool with synthetic
/// jobs at the twin's scale.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// Everything that is random here follows from it.
    pub seed: u64,
    /// What `set_difficulty 1` means: `BITCOIN`, or fewer zero bits for a twin. The
    /// network target (`nbits`) is never scaled.
    pub difficulty_one: DifficultyOne,
    /// Difficulty that a new connection gets.
    pub difficulty: Difficulty,
    /// Whether `mining.suggest_difficulty` and `minimum-difficulty` change it. A pool
    /// that ignores them answers all the same.
    pub obey_suggestions: bool,
    /// Version bits that miners may roll; `None` refuses `version-rolling`.
    pub version_mask: Option<u32>,
    /// Bytes of extranonce1, 1 to 16. Unique per connection while 2^32 of them last.
    pub extranonce1_size: u8,
    /// Bytes of extranonce2, 0 to 16.
    pub extranonce2_size: u8,
    /// Who may authorize.
    pub users: Users,
    /// Where jobs come from.
    pub source: Source,
    /// How far a share's ntime may lie above its job's, in seconds. Below is refused
    /// always. 7200 is the network's own bound (published: BIP-less consensus policy).
    pub ntime_ahead_s: u32,
    /// Jobs of one connection that stay acceptable at a time (since the last clean one);
    /// the oldest is dropped beyond that and its shares are answered 21.
    pub jobs_kept: usize,
    /// Shares whose records the ledger keeps; the oldest go first. Totals are exact
    /// whatever this is. A simulation that compares every share sets `usize::MAX`.
    pub records_kept: usize,
    /// Connections whose own totals the ledger keeps; the oldest go first.
    pub connections_kept: usize,
    /// What it speaks.
    pub protocol: Protocol,
    /// How it speaks V2, if it does.
    pub v2: V2Options,
    /// How it misbehaves. Of this V2 knows hanging, dropping, fragments, storms, changes of
    /// difficulty, and the orders that have a message there.
    pub behaviour: Behaviour,
}

/// What a pool speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// Stratum V1.
    #[default]
    V1,
    /// Stratum V2, in plaintext: Noise stands around the pool.
    V2,
}

impl Default for PoolOptions {
    fn default() -> Self {
        PoolOptions {
            seed: 1,
            difficulty_one: DifficultyOne::BITCOIN,
            difficulty: Difficulty::ONE,
            obey_suggestions: true,
            version_mask: Some(0x1fff_e000),
            extranonce1_size: 4,
            extranonce2_size: 8,
            users: Users::Anyone,
            source: Source::Synthetic(Synthetic::default()),
            ntime_ahead_s: 7200,
            jobs_kept: 64,
            records_kept: 100_000,
            connections_kept: 100_000,
            protocol: Protocol::V1,
            v2: V2Options::default(),
            behaviour: Behaviour::default(),
        }
    }
}

impl PoolOptions {
    pub(super) fn kept(&self) -> Kept {
        Kept {
            records: self.records_kept,
            connections: self.connections_kept,
        }
    }

    /// The same pool with jobs from a node's templates. Blocks pay to the Bitcoin address
    /// that the user's name begins with (up to its first dot), as solo pools do it; to a
    /// script that anyone can spend if it begins with none.
    pub fn solo(self, user: &str) -> Self {
        let source = Source::Templates(NodeMining::paying(user));
        PoolOptions { source, ..self }
    }
}

/// Who may authorize.
#[derive(Clone, Debug)]
pub enum Users {
    /// Every name with every password.
    Anyone,
    /// These pairs of name and password only.
    Listed(Vec<(String, String)>),
}

/// Where jobs come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Made up from the seed; they look like mainnet's.
    Synthetic(Synthetic),
    /// From a node's block templates, given as [`super::Input::Template`].
    Templates(NodeMining),
}

/// Jobs out of thin air.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// A new job on the same previous block this often; `None`: never.
    pub job_every: Option<Duration>,
    /// Mean time between new previous blocks, which come at Poisson times; `None`: never.
    pub block_every: Option<Duration>,
    /// Network target. The default is of mainnet's size: never met by a twin.
    pub nbits: u32,
    /// The job's time at instant zero, seconds since 1970; it advances with the clock.
    pub start_ntime: u32,
    /// Branches of a job: uniform in `0..=branches_max`.
    pub branches_max: u8,
    /// Half of the jobs carry version bits inside the mask.
    pub version_bits_inside_mask: bool,
}

impl Default for Synthetic {
    fn default() -> Self {
        Synthetic {
            job_every: Some(Duration::from_secs(30)),
            block_every: Some(Duration::from_secs(600)),
            nbits: 0x1702_9b2e,
            start_ntime: 1_760_000_000,
            branches_max: 13,
            version_bits_inside_mask: true,
        }
    }
}

/// Solo mining at a node.
#[derive(Clone, Debug)]
pub struct NodeMining {
    /// Script that the coinbase pays to.
    pub payout_script: Vec<u8>,
    /// Text in the coinbase input, at most 60 bytes; more is cut.
    pub tag: String,
    /// A template becomes a job not more often than this. With regtest's targets every
    /// job is solved at once, and each block moves the chain's median time: 5 s keeps an
    /// hour of them within the two hours that a node allows.
    pub template_every: Duration,
    /// An unchanged template is sent again this often, with the node's new time.
    pub refresh_every: Duration,
}

impl Default for NodeMining {
    fn default() -> Self {
        NodeMining {
            // OP_TRUE: anyone can spend it, which a throw-away chain does not mind.
            payout_script: vec![0x51],
            tag: "/stannary twin/".into(),
            template_every: Duration::from_secs(5),
            refresh_every: Duration::from_secs(30),
        }
    }
}

impl NodeMining {
    /// Pays to the address that the name begins with; see [`PoolOptions::solo`]. Networks
    /// are not told apart: the node judges nothing but the script.
    pub fn paying(user: &str) -> Self {
        let name = user.split('.').next().unwrap_or_default();
        let mut mining = NodeMining::default();
        if let Ok(address) = name.parse::<bitcoin::Address<NetworkUnchecked>>() {
            mining.payout_script = address.assume_checked().script_pubkey().into_bytes();
        }
        mining
    }
}

/// How the pool departs from good behaviour. The default departs in nothing.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// How it writes what it writes.
    pub dialect: Dialect,
    /// Accept connections and never say anything.
    pub hang: bool,
    /// Close each connection this long after it opened.
    pub drop_after: Option<Duration>,
    /// Probability that a submit is booked but not answered.
    pub unanswered_submits: f64,
    /// Probability that a line of junk precedes a message.
    pub junk_lines: f64,
    /// Probability that a job is sent a second time, unchanged and not clean.
    pub repeated_jobs: f64,
    /// How lines are cut into writes.
    pub fragments: Fragments,
    /// Random changes of difficulty.
    pub difficulty_changes: Option<DifficultyChanges>,
    /// Bursts of jobs.
    pub job_storms: Option<JobStorms>,
    /// What to do to every connection at fixed times, in order of time.
    pub script: Vec<(Duration, Order)>,
}

/// Changes of difficulty at Poisson times, per pool: every connection gets them.
#[derive(Clone, Debug)]
pub struct DifficultyChanges {
    /// Mean time between changes.
    pub mean: Duration,
    /// One of these is drawn each time.
    pub choices: Vec<Difficulty>,
    /// Probability that a new job follows at once; otherwise the running job keeps its
    /// old difficulty and the next job brings the new one.
    pub with_job: f64,
}

/// Bursts of jobs at Poisson times.
#[derive(Clone, Debug)]
pub struct JobStorms {
    /// Mean time between storms.
    pub mean: Duration,
    /// Jobs in a storm.
    pub jobs: u32,
    /// Time between two of them.
    pub gap: Duration,
    /// Probability that each is clean (with a new previous block).
    pub clean: f64,
}

/// How lines are cut into writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Fragments {
    /// One write per line.
    #[default]
    Whole,
    /// Pieces of 1 to this many bytes.
    Pieces(u16),
    /// Byte by byte.
    Bytes,
}

/// How the pool writes: each alternative was observed at a real pool or is named in the
/// field's reports of them.
#[derive(Clone, Debug, Default)]
pub struct Dialect {
    /// Answer with the request's id as a string.
    pub string_ids: bool,
    /// Form of errors.
    pub errors: ErrorForm,
    /// What stands in `result` beside an error.
    pub refused_result: RefusedResult,
    /// `set_difficulty` and `notify` go out as soon as the connection subscribed, before
    /// the answer to `authorize`. [observed at ckpool and DATUM]
    pub early_notify: bool,
    /// How `mining.configure` is answered.
    pub configure: ConfigureForm,
    /// Requests unknown to the pool.
    pub unknown_method: UnknownMethod,
    /// Refuse `mining.extranonce.subscribe` with error 20. [observed at ckpool]
    pub refuse_extranonce_subscribe: bool,
    /// Add elements after the ninth of a notify.
    pub long_notify: bool,
    /// End lines with `\r\n`, and send an empty line now and then.
    pub crlf: bool,
    /// A job that voids the others is not marked clean: only its previous block tells.
    pub clean_flag_missing: bool,
}

/// Form of errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ErrorForm {
    /// `[21, "Job not found", null]`
    #[default]
    List,
    /// `{"code": 21, "message": "Job not found"}`
    Object,
    /// `"Job not found"`
    Text,
    /// `null` beside `"result": false`: refused without a word.
    Absent,
}

/// What stands in `result` beside an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RefusedResult {
    /// `null`
    #[default]
    Null,
    /// `false`
    False,
    /// No such key.
    Absent,
}

/// How `mining.configure` is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ConfigureForm {
    /// By the BIP.
    #[default]
    Answered,
    /// Not at all.
    Silent,
    /// With an error.
    Error,
    /// `result: false`.
    False,
    /// By closing the connection.
    Closes,
}

/// What becomes of requests that the pool does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum UnknownMethod {
    /// Nothing. [observed at ckpool and public-pool]
    #[default]
    Silent,
    /// Error -3 "Method not found". [observed at DATUM]
    Error,
    /// The connection closes. [observed at SRI's translator]
    Closes,
}

/// Something done to one connection or to all.
#[derive(Clone, PartialEq, Debug)]
pub enum Order {
    /// `mining.set_difficulty`, for jobs sent from now on.
    SetDifficulty(Difficulty),
    /// The raw text as the parameter of `mining.set_difficulty`: `0`, `-1`, `"NaN"`. The
    /// pool's own difficulty stays.
    SendDifficultyText(String),
    /// A new job (synthetic source only); clean ones bring a new previous block.
    NewJob {
        /// Voids all older jobs.
        clean: bool,
    },
    /// `client.show_message`.
    ShowMessage(String),
    /// `client.reconnect` (V2: Reconnect), with host, port and wait in seconds if given; then the pool
    /// closes nothing by itself.
    Reconnect(Option<(String, u16, u32)>),
    /// `mining.ping`.
    Ping,
    /// `client.get_version`.
    GetVersion,
    /// `mining.set_extranonce` with a fresh extranonce1 and this size, for jobs that
    /// follow.
    SetExtranonce {
        /// Bytes of extranonce2 from now on, 0 to 16.
        extranonce2_size: u8,
    },
    /// `mining.set_version_mask`, at once.
    SetVersionMask(u32),
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// Close the connection.
    Close,
    /// From now on stay silent (or, with `false`, talk again).
    Hang(bool),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_begins_with_an_address_is_paid() {
        let check = |user: &str, script: &str| {
            let paid = NodeMining::paying(user).payout_script;
            assert_eq!(super::super::wire::hex(&paid), script, "{user}");
        };
        // BIP173's example key, on regtest and on mainnet.
        let script = "0014751e76e8199196d454941c45d1b3a323f1433bd6";
        check("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080.rig1", script);
        check("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", script);
        check("account.worker", "51");
        check("", "51");
    }
}
