//! The pool in Stratum V2: frames in plaintext, over the same jobs, judgement and ledger as V1.
//! What encrypts them stands around the pool.
//!
//! Read and written by hand from the protocol's description, not by the crates that the miner
//! uses: a misreading shows.

mod session;
#[cfg(test)]
mod tests;
mod wire;

use units::{Duration, Instant};

pub(super) use wire::Frames;

/// How it speaks V2.
#[derive(Clone, Debug)]
pub struct V2Options {
    /// Accepted shares in a batch, which one message acknowledges; at least 1.
    pub batch: u32,
    /// A batch that is not full is acknowledged this long after its first share. The reference
    /// pool waits for ever (`None`).
    pub flush_after: Option<Duration>,
    /// Refuse extended channels.
    pub refuse_extended: bool,
    /// Address jobs and blocks to the channel's group. Standard channels then get coinbases in
    /// place of merkle roots.
    pub to_group: bool,
    /// Other jobs that wait beside the one which a new block names, and that it voids.
    pub decoys: u8,
}

impl Default for V2Options {
    fn default() -> Self {
        V2Options {
            batch: 10,
            flush_after: Some(Duration::from_secs(5)),
            refuse_extended: false,
            to_group: false,
            decoys: 2,
        }
    }
}

/// What a connection has besides in V2.
#[derive(Debug, Default)]
pub(super) struct V2Connection {
    pub(super) frames: Frames,
    set_up: bool,
    channel: Option<Channel>,
    /// The last job id that was given.
    job_ids: u32,
    batch: Batch,
}

/// The one channel of a connection.
#[derive(Clone, Copy, Debug)]
struct Channel {
    id: u32,
    group: u32,
    extended: bool,
}

/// Accepted shares that were not acknowledged yet.
#[derive(Clone, Copy, Debug, Default)]
struct Batch {
    last_sequence: u32,
    count: u32,
    sum: u64,
    /// When its first share came.
    began: Option<Instant>,
}

impl V2Connection {
    /// When its batch must be acknowledged.
    pub(super) fn flush_at(&self, options: &V2Options) -> Option<Instant> {
        Some(self.batch.began? + options.flush_after?)
    }
}
