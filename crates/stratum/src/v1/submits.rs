//! Shares on their way to the pool and back.

use std::collections::BTreeMap;

use telemetry::Code;
use units::{Instant, ShareId};
use work::{Share, ShareOutcome};

use crate::Effect;
use crate::limits::{PENDING_SHARES, SUBMIT_TIMEOUT};
use crate::outbox::Outbox;
use crate::v1::answer;
use crate::v1::render;
use crate::v1::wire::Reply;

/// Shares of one session that wait for their answers. Request ids rise with time, so the
/// map is in the order of the deadlines too.
#[derive(Debug, Default)]
pub(crate) struct Submits {
    pending: BTreeMap<u64, Pending>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    share: ShareId,
    deadline: Instant,
}

impl Submits {
    /// Send `share` as request `id`, or book it as unanswered if too many wait already.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        id: u64,
        user: &str,
        share: &Share,
        out: &mut Outbox,
    ) {
        if self.pending.len() >= PENDING_SHARES {
            unanswered(share.id, out);
            let detail = format!("share={} not sent: too many wait", share.id);
            return out.note(now, Code::PoolNoAnswer, detail);
        }
        out.send(render::submit(id, user, share));
        let pending = Pending {
            share: share.id,
            deadline: now + SUBMIT_TIMEOUT,
        };
        self.pending.insert(id, pending);
    }

    /// The share that request `id` carried, once.
    pub(crate) fn take(&mut self, id: u64) -> Option<Pending> {
        self.pending.remove(&id)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.pending.first_key_value().map(|(_, p)| p.deadline)
    }

    /// Give up shares whose time is over.
    pub(crate) fn expire(&mut self, now: Instant, out: &mut Outbox) {
        let mut lost = 0;
        while let Some(entry) = self.pending.first_entry() {
            if entry.get().deadline > now {
                break;
            }
            unanswered(entry.remove().share, out);
            lost += 1;
        }
        if lost > 0 {
            let seconds = SUBMIT_TIMEOUT.as_secs();
            let detail = format!("shares={lost} waited_s={seconds}");
            out.note(now, Code::PoolNoAnswer, detail);
        }
    }

    /// The session is over: nothing will be answered any more.
    pub(crate) fn give_up(&mut self, now: Instant, out: &mut Outbox) {
        let pending = std::mem::take(&mut self.pending);
        let lost = pending.len();
        for pending in pending.into_values() {
            unanswered(pending.share, out);
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

/// Pass on the answer to one share. Returns the code of a refusal.
pub(crate) fn answered(pending: Pending, reply: Reply<'_>, out: &mut Outbox) -> Option<i64> {
    let (outcome, refused) = match reply.verdict() {
        Ok(()) => (ShareOutcome::Accepted, None),
        Err(refusal) => {
            let code = refusal.code;
            (answer::outcome(refusal), Some(code))
        }
    };
    out.push(Effect::Outcome {
        share: pending.share,
        outcome,
    });
    refused
}
