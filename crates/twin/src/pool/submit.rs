//! The judgement of one share.

use std::sync::Arc;

use serde_json::Value;

use super::connection::Connection;
use super::job::{Job, sha256d};
use super::ledger::Verdict;
use super::wire::{unhex, unhex_u32};

/// The parameters of `mining.submit`, as far as they can be read.
#[derive(Debug, Default)]
pub(super) struct Submit {
    pub user: String,
    pub job_id: String,
    pub extranonce2: String,
    pub ntime: Option<u32>,
    pub nonce: Option<u32>,
    /// The sixth parameter: absent, unreadable, or read.
    pub version_bits: Option<Option<u32>>,
}

impl Submit {
    pub(super) fn parse(params: &Value) -> Self {
        let text = |i: usize| params.get(i).and_then(Value::as_str);
        let number = |i: usize| text(i).and_then(unhex_u32);
        Submit {
            user: text(0).unwrap_or_default().to_owned(),
            job_id: text(1).unwrap_or_default().to_owned(),
            extranonce2: text(2).unwrap_or_default().to_owned(),
            ntime: number(3),
            nonce: number(4),
            version_bits: params.get(5).map(|_| number(5)),
        }
    }
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Judgement {
    pub verdict: Verdict,
    pub reason: &'static str,
    pub hash: Option<[u8; 32]>,
    /// The hash meets the network's target.
    pub is_block: bool,
    /// Only of accepted shares.
    pub solution: Option<Solution>,
}

/// All that it takes to build a block.
#[derive(Debug)]
pub(super) struct Solution {
    pub job: Arc<Job>,
    pub header: [u8; 80],
    pub coinbase: Vec<u8>,
    pub version: u32,
}

impl Judgement {
    pub(super) fn refused(verdict: Verdict, reason: &'static str) -> Self {
        Judgement {
            verdict,
            reason,
            hash: None,
            is_block: false,
            solution: None,
        }
    }
}

/// Judges a share in the order in which pools do: who, which job, form, staleness, then
/// the hash. A share is booked as seen only if it is accepted.
pub(super) fn judge(conn: &mut Connection, submit: &Submit, ntime_ahead_s: u32) -> Judgement {
    use Verdict::{NotSubscribed, Other, Stale, Unauthorized};
    let refused = Judgement::refused;
    if !conn.subscribed {
        return refused(NotSubscribed, "Not subscribed");
    }
    if conn.users.is_empty() {
        return refused(Unauthorized, "Unauthorized worker");
    }
    if !conn.users.contains(&submit.user) {
        return refused(Other, "Worker mismatch");
    }
    let Some(index) = conn.job(&submit.job_id) else {
        return refused(Stale, "Job not found");
    };
    let sent = &conn.jobs[index];
    let Some(nonce) = submit.nonce else {
        return refused(Other, "Invalid nonce");
    };
    let Some(extranonce2) = unhex(&submit.extranonce2) else {
        return refused(Other, "Invalid extranonce2");
    };
    if extranonce2.len() != usize::from(sent.extranonce2_size) {
        return refused(Other, "Incorrect size of extranonce2");
    }
    let job = sent.job.clone();
    let latest = job.ntime.saturating_add(ntime_ahead_s);
    let Some(ntime) = submit.ntime.filter(|t| (job.ntime..=latest).contains(t)) else {
        return refused(Other, "Ntime out of range");
    };
    let version = match submit.version_bits {
        None => job.version,
        Some(Some(bits)) if bits & !sent.mask == 0 => job.version & !sent.mask | bits,
        Some(_) => return refused(Other, "Invalid version mask"),
    };
    weigh(conn, index, &extranonce2, version, ntime, nonce)
}

/// Judges a well-formed share of the connection's job at `index` by its staleness and its hash.
pub(super) fn weigh(
    conn: &mut Connection,
    index: usize,
    extranonce2: &[u8],
    version: u32,
    ntime: u32,
    nonce: u32,
) -> Judgement {
    use Verdict::{Duplicate, LowDifficulty, Stale};
    let sent = &conn.jobs[index];
    let job = sent.job.clone();
    let mut coinbase = Vec::new();
    let (before, after) = job
        .coinbase
        .parts(sent.extranonce1.len() + extranonce2.len());
    for part in [&before[..], &sent.extranonce1, extranonce2, &after] {
        coinbase.extend_from_slice(part);
    }
    let header = job.header(&coinbase, version, ntime, nonce);
    let hash = sha256d(&header);
    let is_block = job.network_target.met_by(&hash);
    let (live, good) = (sent.live, sent.target.met_by(&hash) || is_block);
    let (verdict, reason) = if !live {
        (Stale, "Stale share")
    } else if !good {
        (LowDifficulty, "Difficulty too low")
    } else if !conn.first_time(hash) {
        (Duplicate, "Duplicate share")
    } else {
        (Verdict::Accepted, "")
    };
    let solution = (verdict == Verdict::Accepted && is_block).then_some(Solution {
        job,
        header,
        coinbase,
        version,
    });
    Judgement {
        verdict,
        reason,
        hash: Some(hash),
        is_block,
        solution,
    }
}
