//! Shares that were sent and wait for their answers, whatever is spoken with the pool.

use std::collections::BTreeMap;

use telemetry::Code;
use units::{Duration, Instant, ShareId};
use work::ShareOutcome;

use crate::Effect;
use crate::limits::PENDING_SHARES;
use crate::outbox::Outbox;

/// Shares of one session by the number under which the pool answers. Numbers rise with time,
/// so the map is in the order of the deadlines too.
#[derive(Debug)]
pub(crate) struct Waiting<K> {
    shares: BTreeMap<K, (ShareId, Instant)>,
    /// How long an answer may take.
    patience: Duration,
}

impl<K: Ord + Copy> Waiting<K> {
    /// None yet; each will wait so long.
    pub(crate) fn new(patience: Duration) -> Self {
        Waiting {
            shares: BTreeMap::new(),
            patience,
        }
    }

    /// Whether one more can wait; if not, `share` is booked as unanswered.
    pub(crate) fn has_room(&self, now: Instant, share: ShareId, out: &mut Outbox) -> bool {
        if self.shares.len() < PENDING_SHARES {
            return true;
        }
        unanswered(share, out);
        let detail = format!("share={share} not sent: too many wait");
        out.note(now, Code::PoolNoAnswer, detail);
        false
    }

    /// `share` was sent under `number`.
    pub(crate) fn sent(&mut self, now: Instant, number: K, share: ShareId) {
        self.shares.insert(number, (share, now + self.patience));
    }

    /// The share that was sent under `number`, once.
    pub(crate) fn take(&mut self, number: K) -> Option<ShareId> {
        self.shares.remove(&number).map(|(share, _)| share)
    }

    /// All shares up to `last`, in their order, once.
    pub(crate) fn take_through(&mut self, last: K) -> Vec<ShareId> {
        let mut taken = Vec::new();
        while let Some(entry) = self.shares.first_entry() {
            if *entry.key() > last {
                break;
            }
            taken.push(entry.remove().0);
        }
        taken
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.shares.first_key_value().map(|(_, (_, at))| *at)
    }

    /// Give up shares whose time is over.
    pub(crate) fn expire(&mut self, now: Instant, out: &mut Outbox) {
        let mut lost = 0;
        while let Some(entry) = self.shares.first_entry() {
            if entry.get().1 > now {
                break;
            }
            unanswered(entry.remove().0, out);
            lost += 1;
        }
        if lost > 0 {
            let seconds = self.patience.as_secs();
            let detail = format!("shares={lost} waited_s={seconds}");
            out.note(now, Code::PoolNoAnswer, detail);
        }
    }

    /// The session is over: nothing will be answered any more.
    pub(crate) fn give_up(&mut self, now: Instant, out: &mut Outbox) {
        let shares = std::mem::take(&mut self.shares);
        let lost = shares.len();
        for (share, _) in shares.into_values() {
            unanswered(share, out);
        }
        if lost > 0 {
            let detail = format!("shares={lost} unanswered at the end of the session");
            out.note(now, Code::PoolNoAnswer, detail);
        }
    }
}

/// Book a share that gets no answer, sent or not.
pub(crate) fn unanswered(share: ShareId, out: &mut Outbox) {
    out.push(Effect::Outcome {
        share,
        outcome: ShareOutcome::NoAnswer,
    });
}
