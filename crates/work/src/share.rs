//! A verified share, and what a pool made of it.

use std::sync::Arc;

use units::{ChainSlot, Instant, JobKey, Nonce, ShareId};

use crate::Target;

/// A nonce that was verified and meets its job's share target or the network's:
/// everything that any kind of session needs to submit it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    /// Names this share in the answer.
    pub id: ShareId,
    /// The job that it belongs to. Its session alone may submit it.
    pub job: JobKey,
    /// The pool's own name of that job, byte for byte.
    pub pool_job_id: Arc<str>,
    /// The chain that found it.
    pub slot: ChainSlot,
    /// Exactly as many bytes as the job asks for.
    pub extranonce2: Vec<u8>,
    /// Header time, rolled or not.
    pub ntime: u32,
    /// Header nonce.
    pub nonce: Nonce,
    /// The full header version.
    pub version: u32,
    /// The rolled bits alone (`version & mask`); `None` where the pool granted no
    /// rolling, and expects no such parameter.
    pub version_bits: Option<u32>,
    /// Hash of the header, as SHA-256 produced it.
    pub hash: [u8; 32],
    /// What the pool accepts as a share of the job.
    pub share_target: Target,
    /// The hash meets the network target.
    pub is_block: bool,
    /// When its nonce arrived.
    pub found_at: Instant,
}

/// What became of a submitted share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ShareOutcome {
    /// The pool took it.
    Accepted,
    /// The pool knows no such job any more (21).
    Stale {
        /// The pool's code.
        code: i64,
        /// The pool's words.
        reason: String,
    },
    /// The pool refused it for another reason.
    Rejected {
        /// The pool's code; 0 if it gave none.
        code: i64,
        /// The pool's words.
        reason: String,
    },
    /// No answer within the session's patience, or the session ended first.
    NoAnswer,
}
