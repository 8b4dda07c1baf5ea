//! Sessions that outlive their connection.
//!
//! A pool names its session in the answer to `mining.subscribe`. After a connection was lost we
//! subscribe with that name; a pool that gives the same extranonce back has taken the session up
//! again, and shares of its jobs still count there. Few pools do, and until one has, a lost
//! connection ends the session as it always did: work goes elsewhere at once. Of one that has done
//! it before, the session is *held*: it does not end, its shares are kept, and they are sent once it
//! is taken up again.

use telemetry::Code;
use units::{Instant, SessionId};
use work::Share;

use crate::Effect;
use crate::limits::{HELD_SHARES, RESUME_WITHIN};
use crate::outbox::Outbox;
use crate::v1::params::Extranonce;
use crate::waiting;

/// What is known of the last session whose connection was lost.
#[derive(Debug)]
pub(crate) struct Resume {
    token: String,
    extranonce: Extranonce,
    /// Later the pool will have forgotten it, and so do we.
    pub(crate) until: Instant,
    /// It was named in a subscription.
    asked: bool,
    pub(crate) held: Option<Held>,
}

/// A session without a connection that has not ended.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) id: SessionId,
    /// Of its next job.
    pub(crate) next_serial: u32,
    /// What its newest job builds on: of an older block no share counts any more.
    pub(crate) prev_hash: Option<[u8; 32]>,
    pub(crate) shares: Vec<Share>,
}

impl Resume {
    pub(crate) fn new(
        now: Instant,
        token: String,
        extranonce: Extranonce,
        held: Option<Held>,
    ) -> Self {
        Resume {
            token,
            extranonce,
            until: now + RESUME_WITHIN,
            asked: false,
            held,
        }
    }

    /// The name to subscribe with, once: whatever comes of it, the next connection does without.
    pub(crate) fn ask(&mut self) -> Option<&str> {
        let first = !std::mem::replace(&mut self.asked, true);
        first.then_some(self.token.as_str())
    }

    /// Whether the pool, by its answer to that name, has taken the session up again.
    pub(crate) fn is_taken_up(&self, answer: &Extranonce) -> bool {
        self.extranonce == *answer
    }

    /// Keep a share of the session that is held. False if it is none, or too many are kept.
    pub(crate) fn keep(&mut self, share: &Share) -> bool {
        match &mut self.held {
            Some(held) => held.keep(share),
            None => false,
        }
    }
}

impl Held {
    pub(crate) fn keep(&mut self, share: &Share) -> bool {
        let fits = self.id == share.job.session && self.shares.len() < HELD_SHARES;
        if fits {
            self.shares.push(share.clone());
        }
        fits
    }

    /// It is not taken up: it ends, and its shares have no answer.
    pub(crate) fn end(self, now: Instant, out: &mut Outbox) {
        if !self.shares.is_empty() {
            let detail = format!(
                "shares={} kept for a session that was not taken up again",
                self.shares.len()
            );
            out.note(now, Code::PoolNoAnswer, detail);
        }
        for share in self.shares {
            waiting::unanswered(share.id, out);
        }
        out.push(Effect::SessionEnded(self.id));
    }
}
