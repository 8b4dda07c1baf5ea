//! Every bound of a pool session, with whose policy it is. Times are ours; sizes are
//! chosen well above what pools were seen to need (`docs/decisions/0007-stratum-core.md`).

use units::Duration;

/// Longest line, without its end: 1 MiB. A `mining.notify` with a 20 KB coinbase takes
/// 42 KB. A longer line ends the connection before it is held in memory.
pub const LINE_BYTES: usize = 1 << 20;

/// Longest message of Stratum V2, without its header: 256 KiB. A job whose every part is as
/// long as it can be takes 140 KB. A longer one ends the connection at its header; one of a type that
/// we do not know is passed over at any length.
pub const FRAME_BYTES: usize = 256 << 10;

/// Merkle branches of a job. A block of 4 million weight units holds fewer than 2^16
/// transactions, so 16 suffice; 64 leaves the question to nobody.
pub const BRANCHES: usize = 64;

/// Bytes of a whole coinbase without witness. The largest seen (pools that pay hundreds of
/// people in it) stay below 30 KB; a transaction above 100 KB is not relayed.
pub const COINBASE_BYTES: usize = 100_000;

/// Bytes of extranonce1. 4 and 16 were seen, a V2 translator may give 32; the coinbase
/// input has room for 100 in all.
pub const EXTRANONCE1_BYTES: usize = 64;

/// Bytes of extranonce2: 0 to 32. 2 to 8 were seen.
pub const EXTRANONCE2_BYTES: usize = 32;

/// Bytes of extranonce that a V2 channel must leave to us at least. With four, no machine uses
/// up a job before the next one comes.
pub const EXTRANONCE_WANTED: u16 = 4;

/// Jobs of a V2 channel that wait for a block; the oldest goes first. Pools were seen to keep
/// one or two ready.
pub const FUTURE_JOBS: usize = 16;

/// Bytes of a pool's job id. 16 are common.
pub const JOB_ID_BYTES: usize = 256;

/// Bytes of the id of a request from the pool; a longer one is not echoed.
pub const REQUEST_ID_BYTES: usize = 64;

/// Characters that are kept of any text from a pool: reasons, messages, names.
pub const TEXT_CHARS: usize = 200;

/// Smallest share difficulty. Bitcoin's 2^-32 (every hash is a share) lies just above.
pub const DIFFICULTY_MIN: f64 = 1e-10;

/// Largest share difficulty: ten orders of magnitude above Bitcoin's in 2026.
pub const DIFFICULTY_MAX: f64 = 1e24;

/// Shares sent and not yet answered. At 100 shares/s, more than any pool lets stand, this
/// is 40 s; shares beyond it are not sent.
pub const PENDING_SHARES: usize = 4096;

/// Effects that one input may leave in the queue before the connection is ended: a pool
/// that makes us say that much is not asking for work.
pub const QUEUED_EFFECTS: usize = 16_384;

/// Lines of a session that are not Stratum before it is ended.
pub const MALFORMED_LINES: u32 = 32;

/// Notes of one code in [`NOTE_WINDOW`]; more are counted and not made.
pub const NOTES_PER_WINDOW: u32 = 8;

/// See [`NOTES_PER_WINDOW`].
pub const NOTE_WINDOW: Duration = Duration::from_secs(60);

/// Name service and all addresses of the pool, one after the other, by the shell, within
/// this time. Shorter, and a name with several dead addresses is never got through.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(45);

/// Wait for the answer to `mining.configure`; afterwards we go on without. Pools that do
/// not know it may say nothing at all. Below the 15 s after which one pool drops a
/// client that has not subscribed.
pub const CONFIGURE_TIMEOUT: Duration = Duration::from_secs(5);

/// Wait for the answer to `mining.subscribe`, without which there is no work.
pub const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(15);

/// Wait for the answer to `mining.authorize` (some pools ask a node about the address).
/// Afterwards a pool that sends work is taken to accept us, any other to be silent.
pub const AUTHORIZE_TIMEOUT: Duration = Duration::from_secs(15);

/// A connection closed this soon after our optional requests, with one of them still
/// unanswered, was closed because of them: they are not sent again.
pub const OPTIONAL_WINDOW: Duration = Duration::from_secs(10);

/// A share without answer for so long has none.
pub const SUBMIT_TIMEOUT: Duration = Duration::from_secs(60);

/// The same for Stratum V2, where acceptances come in batches: a batch of ten (the
/// reference pool's) at one share a minute.
pub const BATCH_TIMEOUT: Duration = Duration::from_secs(600);

/// A V2 pool told of a block without a job for it: within this time it must send one, since
/// nothing that is mined meanwhile counts.
pub const JOB_AFTER_BLOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// A V2 pool is told the hashrate anew when it is this part off from what it was told...
pub const HASHRATE_CHANGE: f64 = 0.2;

/// ...and not more often than this: each time it may answer with another target.
pub const HASHRATE_GAP: Duration = Duration::from_secs(60);

/// Least silence that ends a connection...
pub const SILENCE_MIN: Duration = Duration::from_secs(60);

/// ...and the silence that does while the pool's rhythm is unknown (what the field does).
pub const SILENCE_DEFAULT: Duration = Duration::from_secs(180);

/// Gaps between jobs that make a rhythm. Fewer mislead: pools send two jobs at once at
/// the start.
pub const GAPS_FOR_RHYTHM: usize = 3;

/// Gaps that are remembered.
pub const GAPS_KEPT: usize = 8;

/// First reconnect delay; doubles up to [`BACKOFF_MAX`]. The delay taken is between half of it
/// and all of it, so that a farm does not return in one instant.
pub const BACKOFF_MIN: Duration = Duration::from_secs(1);

/// See [`BACKOFF_MIN`]. A machine with one pool idles up to this long after the pool is back
/// from a long outage; a shorter one would have a farm knock at a pool that is in trouble.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// A session that gave work for so long was a good one: the back-off begins anew.
pub const GOOD_SESSION: Duration = Duration::from_secs(60);

/// Delay after a refusal that a person must mend (between this and twice this).
pub const SLOW_RETRY: Duration = Duration::from_secs(60);

/// How long a lost session can be taken up again. Pools that keep one at all keep it for minutes;
/// a job older than this is most often void.
pub const RESUME_WITHIN: Duration = Duration::from_secs(60);

/// Shares that are kept for a session that may be taken up again: a minute's at four a second.
pub const HELD_SHARES: usize = 256;

/// Bytes of a session's name. 8 to 32 are common.
pub const SESSION_NAME_BYTES: usize = 128;

/// Longest wait that a `client.reconnect` can impose.
pub const RECONNECT_WAIT_MAX: Duration = Duration::from_secs(60);

/// Least time between two authorizations after shares were refused with code 24.
pub const REAUTHORIZE_GAP: Duration = Duration::from_secs(60);

/// Rejections in a row, stale ones aside, that are told. Those at a change of job or difficulty
/// come singly or in pairs.
pub const REJECTS_IN_A_ROW: u32 = 5;

/// Latencies that percentiles are made of: the last answers. The slowest of a hundred is then
/// one of two or three.
pub const LATENCIES_KEPT: usize = 256;

/// Bytes of each extranonce of our own coinbases: the first tells machines at one node apart,
/// the second is searched. Eight each never run out.
pub const NODE_EXTRANONCE_BYTES: usize = 8;

/// Templates whose blocks can still be handed in: the newest and the one before, as many as
/// the shell keeps the transactions of (up to 4 MB each).
pub const NODE_TEMPLATES: usize = 2;

/// Bytes of a block's transactions: consensus has 4 million weight units, one a byte at
/// least.
pub const NODE_BLOCK_BYTES: u64 = 4_000_000;

/// Transactions of a template: none is smaller than 60 bytes, and 4 MB hold no more.
pub const NODE_TRANSACTIONS: usize = 66_666;

/// Most that a coinbase can pay, in satoshi: all there will ever be.
pub const NODE_REWARD_SAT_MAX: u64 = 2_100_000_000_000_000;

/// Bytes of a witness commitment's script: 38 are usual, a signet's solution makes it longer.
pub const NODE_COMMITMENT_BYTES: usize = 1000;

/// Rules of a template: mainnet names three.
pub const NODE_RULES: usize = 64;

/// Blocks of one template that a node may refuse before no more of it are handed in.
pub const NODE_BLOCKS_REFUSED: u8 = 8;

/// Blocks that wait for the node's word.
pub const NODE_BLOCKS_PENDING: usize = 16;

/// A block without the node's word for so long has none. The shell tries for a minute to
/// hand it in, since it is worth more than anything else here; this is for a shell that fails.
pub const NODE_BLOCK_TIMEOUT: Duration = Duration::from_secs(120);

/// Longest delay before a node that is away is tried again. It is the owner's own and
/// serves few: it is not spared as a pool is.
pub const NODE_BACKOFF_MAX: Duration = Duration::from_secs(5);

/// A node that is opened and says nothing for so long is tried anew. Above all that the
/// shell waits by itself.
pub const NODE_OPEN_TIMEOUT: Duration = Duration::from_secs(120);
