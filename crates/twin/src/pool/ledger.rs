//! The pool's exact account of what it was sent.

use std::collections::{BTreeMap, VecDeque};

use units::Instant;

use super::ConnId;

/// What the pool said of a share. The numbers are Stratum's error codes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// Counted.
    Accepted,
    /// 20: malformed, ntime out of range, version bits outside the mask, wrong length of
    /// extranonce2, another worker's name.
    Other,
    /// 21: the job is unknown, or was voided by a later one.
    Stale,
    /// 22: the same header was submitted before.
    Duplicate,
    /// 23: the hash is above the target.
    LowDifficulty,
    /// 24: the connection has not authorized.
    Unauthorized,
    /// 25: the connection has not subscribed.
    NotSubscribed,
}

impl Verdict {
    /// Stratum's error code; `None` for an accepted share.
    pub const fn code(self) -> Option<i64> {
        match self {
            Verdict::Accepted => None,
            Verdict::Other => Some(20),
            Verdict::Stale => Some(21),
            Verdict::Duplicate => Some(22),
            Verdict::LowDifficulty => Some(23),
            Verdict::Unauthorized => Some(24),
            Verdict::NotSubscribed => Some(25),
        }
    }
}

/// One submit, as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// When it arrived.
    pub at: Instant,
    /// Where from.
    pub conn: ConnId,
    /// The worker's name, the job's id, and extranonce2 in hex, cut at 128 bytes each.
    pub user: String,
    /// See `user`.
    pub job_id: String,
    /// See `user`.
    pub extranonce2: String,
    /// Header time; `None` if it was no eight hex digits.
    pub ntime: Option<u32>,
    /// Header nonce as the number; `None` if it was no eight hex digits.
    pub nonce: Option<u32>,
    /// The sixth parameter, if there was one.
    pub version_bits: Option<u32>,
    /// The header's hash in the order in which SHA-256 gives it, where the job was known
    /// and the share well formed (accepted, 22, 23 and shares of voided jobs).
    pub hash: Option<[u8; 32]>,
    /// What was said of it.
    pub verdict: Verdict,
    /// The text beside the code; empty if accepted.
    pub reason: &'static str,
    /// False if the behaviour swallowed the answer.
    pub answered: bool,
    /// The hash meets the network's target.
    pub is_block: bool,
}

/// Counts of submits by verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Counted shares.
    pub accepted: u64,
    /// Code 20.
    pub other: u64,
    /// Code 21.
    pub stale: u64,
    /// Code 22.
    pub duplicate: u64,
    /// Code 23.
    pub low_difficulty: u64,
    /// Code 24.
    pub unauthorized: u64,
    /// Code 25.
    pub not_subscribed: u64,
    /// Of all submits, those left without an answer on purpose.
    pub unanswered: u64,
}

impl Totals {
    /// All submits.
    pub fn submitted(&self) -> u64 {
        self.accepted + self.rejected() + self.stale
    }

    /// Refused for anything but staleness.
    pub fn rejected(&self) -> u64 {
        self.other + self.duplicate + self.low_difficulty + self.unauthorized + self.not_subscribed
    }

    fn add(&mut self, verdict: Verdict, answered: bool) {
        *match verdict {
            Verdict::Accepted => &mut self.accepted,
            Verdict::Other => &mut self.other,
            Verdict::Stale => &mut self.stale,
            Verdict::Duplicate => &mut self.duplicate,
            Verdict::LowDifficulty => &mut self.low_difficulty,
            Verdict::Unauthorized => &mut self.unauthorized,
            Verdict::NotSubscribed => &mut self.not_subscribed,
        } += 1;
        self.unanswered += u64::from(!answered);
    }
}

/// A block that the pool assembled for its node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// When its share came.
    pub at: Instant,
    /// Whose share it was.
    pub conn: ConnId,
    /// Height by the template.
    pub height: u64,
    /// Hash as people write it (big-endian hex).
    pub hash: String,
    /// Header version in full.
    pub version: u32,
    /// Bits that the miner rolled, as submitted.
    pub version_bits: u32,
    /// Transactions besides the coinbase.
    pub transactions: usize,
    /// What the node said: not yet, nothing (it took the block), or why not.
    pub answer: BlockAnswer,
}

/// What the node said of a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BlockAnswer {
    /// Nothing yet.
    Pending,
    /// It is on the chain.
    Taken,
    /// Refused, with the node's word.
    Refused(String),
}

/// A departure of the client from the protocol, other than a refused share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// When.
    pub at: Instant,
    /// By whom.
    pub conn: ConnId,
    /// What, in a few words.
    pub what: String,
}

/// A client's answer to a request of the pool (`mining.ping`, `client.get_version`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Whose.
    pub conn: ConnId,
    /// To what.
    pub method: &'static str,
    /// Its `result` as JSON, cut at 128 bytes.
    pub result: String,
}

/// The account. Totals are exact; records and violations are bounded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// Of all connections.
    pub totals: Totals,
    /// Of each connection, also of those closed since; at most as many as the options keep, the
    /// oldest go first.
    pub by_connection: BTreeMap<ConnId, Totals>,
    /// Each submit, oldest first, at most as many as the options keep.
    pub records: VecDeque<Record>,
    /// Blocks that went to the node, at most [`LIST_MAX`].
    pub blocks: Vec<Block>,
    /// Accepted shares that met the network's target, whether or not they made a block
    /// of their own.
    pub solutions: u64,
    /// What clients did wrong, at most [`LIST_MAX`].
    pub violations: Vec<Violation>,
    /// Answers to the pool's own requests, at most [`LIST_MAX`].
    pub replies: Vec<Reply>,
    /// Templates that could not be read, and what was wrong with the last of them.
    pub bad_templates: u64,
    /// See `bad_templates`.
    pub last_bad_template: String,
    /// Connections ever opened.
    pub connections: u64,
    /// Jobs made, and jobs sent (one per connection).
    pub jobs_made: u64,
    /// See `jobs_made`.
    pub jobs_sent: u64,
}

/// Bound of the ledger's lists of blocks and violations: beyond it nothing is added, while
/// totals go on.
pub const LIST_MAX: usize = 100_000;

impl Ledger {
    pub(super) fn book(&mut self, record: Record, kept: Kept) {
        self.totals.add(record.verdict, record.answered);
        let (verdict, answered) = (record.verdict, record.answered);
        self.of(record.conn, kept).add(verdict, answered);
        self.solutions += u64::from(record.is_block && record.verdict == Verdict::Accepted);
        self.records.push_back(record);
        while self.records.len() > kept.records {
            self.records.pop_front();
        }
    }

    pub(super) fn opened(&mut self, conn: ConnId, kept: Kept) {
        self.connections += 1;
        self.of(conn, kept);
    }

    pub(super) fn violation(&mut self, at: Instant, conn: ConnId, what: impl Into<String>) {
        if self.violations.len() < LIST_MAX {
            let what = what.into();
            self.violations.push(Violation { at, conn, what });
        }
    }

    pub(super) fn block(&mut self, block: Block) {
        if self.blocks.len() < LIST_MAX {
            self.blocks.push(block);
        }
    }

    pub(super) fn reply(&mut self, reply: Reply) {
        if self.replies.len() < LIST_MAX {
            self.replies.push(reply);
        }
    }

    fn of(&mut self, conn: ConnId, kept: Kept) -> &mut Totals {
        // Shells number connections in order of time: the first is the oldest.
        while self.by_connection.len() >= kept.connections.max(1)
            && !self.by_connection.contains_key(&conn)
        {
            self.by_connection.pop_first();
        }
        self.by_connection.entry(conn).or_default()
    }
}

/// How much of the past is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) records: usize,
    pub(super) connections: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_of_the_oldest_connections_go_first() {
        let mut ledger = Ledger::default();
        let kept = Kept {
            records: 0,
            connections: 2,
        };
        (0..5).for_each(|conn| ledger.opened(ConnId(conn), kept));
        assert_eq!(ledger.connections, 5);
        let known: Vec<_> = ledger.by_connection.keys().copied().collect();
        assert_eq!(known, [ConnId(3), ConnId(4)]);
    }
}
