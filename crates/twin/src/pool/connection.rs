//! One connection: what it has said, and what it was told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use units::{Difficulty, DifficultyOne, Instant};

use super::ConnId;
use super::job::Job;
use super::target::Target;
use super::v2::V2Connection;

/// Longest line that a client may send; ESP-class clients stay below 1 KiB.
const LINE_MAX: usize = 64 * 1024;
/// Names that one connection may authorize, and requests of ours that wait for answers.
const USERS_MAX: usize = 32;
const ASKS_MAX: usize = 64;
/// Voided jobs remembered, so that their shares are known as stale and still hashed.
const VOIDED_KEPT: usize = 64;
/// Accepted headers remembered per connection. Beyond it the pool forgets them all: a
/// duplicate then passes, which no test comes near.
const SEEN_MAX: usize = 4_000_000;

#[derive(Debug)]
pub(super) struct Connection {
    pub id: ConnId,
    pub opened_at: Instant,
    /// Say nothing.
    pub silent: bool,
    pub subscribed: bool,
    /// The first job was sent, or would have been.
    pub welcomed: bool,
    pub users: Vec<String>,
    /// Version bits granted to it.
    pub mask: Option<u32>,
    pub extranonce1: Vec<u8>,
    pub extranonce2_size: u8,
    pub difficulty: Difficulty,
    /// Newest last.
    pub jobs: VecDeque<SentJob>,
    pub seen: BTreeSet<[u8; 32]>,
    /// What it has besides in V2.
    pub v2: V2Connection,
    asks: BTreeMap<u64, &'static str>,
    asked: u64,
    buffer: Vec<u8>,
}

/// A job as this connection got it: what was in force when it was sent stays with it.
#[derive(Debug)]
pub(super) struct SentJob {
    pub job: Arc<Job>,
    /// Its name in V2.
    pub number: u32,
    pub extranonce1: Vec<u8>,
    pub extranonce2_size: u8,
    pub mask: u32,
    pub target: Target,
    /// Not yet voided by a later job.
    pub live: bool,
}

impl Connection {
    pub(super) fn new(id: ConnId, now: Instant, difficulty: Difficulty, silent: bool) -> Self {
        Connection {
            id,
            opened_at: now,
            silent,
            subscribed: false,
            welcomed: false,
            users: Vec::new(),
            mask: None,
            extranonce1: Vec::new(),
            extranonce2_size: 0,
            difficulty,
            jobs: VecDeque::new(),
            seen: BTreeSet::new(),
            v2: V2Connection::default(),
            asks: BTreeMap::new(),
            asked: 0,
            buffer: Vec::new(),
        }
    }

    /// Adds bytes and takes out the complete lines. An error if a line is too long.
    pub(super) fn lines(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, ()> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            self.buffer.extend_from_slice(piece);
            if self.buffer.len() > LINE_MAX {
                self.buffer = Vec::new();
                return Err(());
            }
            if piece.ends_with(b"\n") {
                lines.push(std::mem::take(&mut self.buffer));
            }
        }
        Ok(lines)
    }

    /// Adds a name; false if there are too many.
    pub(super) fn authorize(&mut self, user: &str) -> bool {
        if self.users.iter().any(|known| known == user) {
            return true;
        }
        if self.users.len() >= USERS_MAX {
            return false;
        }
        self.users.push(user.to_owned());
        true
    }

    /// Remembers a job as sent and voids the others if it does so.
    pub(super) fn sent(&mut self, job: Arc<Job>, clean: bool, one: DifficultyOne, kept: usize) {
        if clean {
            self.void_jobs();
        }
        self.jobs.push_back(SentJob {
            job,
            number: 0,
            extranonce1: self.extranonce1.clone(),
            extranonce2_size: self.extranonce2_size,
            mask: self.mask.unwrap_or(0),
            target: Target::from_difficulty(self.difficulty, one),
            live: true,
        });
        let live = self.jobs.iter().filter(|j| j.live).count();
        let mut excess = live.saturating_sub(kept.max(1));
        for job in &mut self.jobs {
            if job.live && excess > 0 {
                job.live = false;
                excess -= 1;
            }
        }
        while self.jobs.len() > kept.max(1).saturating_add(VOIDED_KEPT) {
            self.jobs.pop_front();
        }
    }

    /// All jobs sent so far are stale from now on.
    pub(super) fn void_jobs(&mut self) {
        self.jobs.iter_mut().for_each(|job| job.live = false);
        self.seen.clear();
    }

    /// The place of the job of that name, newest first.
    pub(super) fn job(&self, id: &str) -> Option<usize> {
        self.jobs.iter().rposition(|sent| sent.job.id == id)
    }

    /// Remembers a header; false if it is known.
    pub(super) fn first_time(&mut self, hash: [u8; 32]) -> bool {
        if self.seen.len() >= SEEN_MAX {
            self.seen.clear();
        }
        self.seen.insert(hash)
    }

    /// The id for a request of ours.
    pub(super) fn ask(&mut self, method: &'static str) -> u64 {
        self.asked += 1;
        if self.asks.len() < ASKS_MAX {
            self.asks.insert(self.asked, method);
        }
        self.asked
    }

    /// What the answer with this id belongs to.
    pub(super) fn answered(&mut self, id: u64) -> Option<&'static str> {
        self.asks.remove(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_the_bytes_are() {
        let mut conn = Connection::new(ConnId(1), Instant::ZERO, Difficulty::ONE, false);
        assert_eq!(conn.lines(b"a"), Ok(vec![]));
        assert_eq!(
            conn.lines(b"b\nc\n\nd"),
            Ok(vec![b"ab\n".to_vec(), b"c\n".to_vec(), b"\n".to_vec()])
        );
        assert_eq!(conn.lines(&[b'x'; LINE_MAX]), Err(()));
        assert_eq!(conn.lines(b"\n"), Ok(vec![b"\n".to_vec()]));
    }
}
