//! Shares on their way to the pool, and its batched answers.
//!
//! The pool refuses shares one by one, and accepts them in batches: Success names the last
//! sequence number that it took, and holds for every share up to it that was not refused. The
//! count beside it is for a check alone.

use std::collections::BTreeMap;

use mining_sv2 as mining;
use telemetry::Code;
use units::{Instant, ShareId};
use work::{Share, ShareOutcome};

use crate::Effect;
use crate::limits::{BATCH_TIMEOUT, PENDING_SHARES};
use crate::outbox::Outbox;
use crate::session::{Context, Flow, Retry, end};
use crate::v1::submits::unanswered;
use crate::v2::channel::Channel;
use crate::v2::frames::frame;
use crate::v2::words;

/// Shares of one session that wait for their answers, by sequence number.
#[derive(Debug, Default)]
pub(crate) struct Submits {
    pending: BTreeMap<u32, Pending>,
    last_sequence: u32,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    share: ShareId,
    deadline: Instant,
}

impl Submits {
    /// Send `share`, or book it as unanswered if too many wait already. Returns whether it was
    /// booked at all.
    pub(super) fn send(
        &mut self,
        now: Instant,
        channel: &Channel,
        share: &Share,
        out: &mut Outbox,
    ) -> bool {
        // Both hold for every share of this session's own jobs.
        let Ok(job_id) = share.pool_job_id.parse::<u32>() else {
            return false;
        };
        let Ok(extranonce) = share.extranonce2[..].try_into() else {
            return false;
        };
        if self.pending.len() >= PENDING_SHARES {
            unanswered(share.id, out);
            let detail = format!("share={} not sent: too many wait", share.id);
            out.note(now, Code::PoolNoAnswer, detail);
            return true;
        }
        // Four milliards of shares take a session of years.
        self.last_sequence = self.last_sequence.wrapping_add(1);
        let sequence_number = self.last_sequence;
        let (nonce, ntime, version) = (share.nonce.0, share.ntime, share.version);
        let bytes = match channel.extranonce_size {
            Some(_) => {
                let message = mining::SubmitSharesExtended {
                    channel_id: channel.id,
                    sequence_number,
                    job_id,
                    nonce,
                    ntime,
                    version,
                    extranonce,
                };
                frame(mining::MESSAGE_TYPE_SUBMIT_SHARES_EXTENDED, true, message)
            }
            None => {
                let message = mining::SubmitSharesStandard {
                    channel_id: channel.id,
                    sequence_number,
                    job_id,
                    nonce,
                    ntime,
                    version,
                };
                frame(mining::MESSAGE_TYPE_SUBMIT_SHARES_STANDARD, true, message)
            }
        };
        out.send(bytes);
        let pending = Pending {
            share: share.id,
            deadline: now + BATCH_TIMEOUT,
        };
        self.pending.insert(sequence_number, pending);
        true
    }

    /// Every share up to the number is taken.
    pub(super) fn accepted(&mut self, cx: &mut Context<'_>, message: &mining::SubmitSharesSuccess) {
        let later = match message.last_sequence_number.checked_add(1) {
            Some(next) => self.pending.split_off(&next),
            None => BTreeMap::new(),
        };
        let taken = std::mem::replace(&mut self.pending, later);
        let (booked, told) = (taken.len(), message.new_submits_accepted_count);
        for pending in taken.into_values() {
            let outcome = ShareOutcome::Accepted;
            let share = pending.share;
            cx.out.push(Effect::Outcome { share, outcome });
        }
        if u32::try_from(booked) != Ok(told) {
            let detail = format!("the pool counts {told} shares where {booked} waited");
            cx.note(Code::PoolProtocol, detail);
        }
    }

    /// One share is refused.
    pub(super) fn refused(
        &mut self,
        cx: &mut Context<'_>,
        message: &mining::SubmitSharesError<'_>,
    ) -> Flow {
        let code = words::code(&message.error_code);
        let Some(pending) = self.pending.remove(&message.sequence_number) else {
            let detail = format!(
                "refusal of share {} that does not wait: {}",
                message.sequence_number,
                words::explained(&code)
            );
            cx.note(Code::PoolProtocol, detail);
            return Ok(());
        };
        let outcome = outcome(&code);
        let share = pending.share;
        cx.out.push(Effect::Outcome { share, outcome });
        if code == mining::ERROR_CODE_SUBMIT_SHARES_INVALID_CHANNEL_ID {
            let detail = words::explained(&code);
            return end(Code::PoolProtocol, detail, Retry::Backoff);
        }
        Ok(())
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.pending.first_key_value().map(|(_, p)| p.deadline)
    }

    /// Give up shares whose time is over.
    pub(super) fn expire(&mut self, now: Instant, out: &mut Outbox) {
        let mut lost = 0;
        while let Some(entry) = self.pending.first_entry() {
            if entry.get().deadline > now {
                break;
            }
            unanswered(entry.remove().share, out);
            lost += 1;
        }
        if lost > 0 {
            let seconds = BATCH_TIMEOUT.as_secs();
            let detail = format!("shares={lost} waited_s={seconds}");
            out.note(now, Code::PoolNoAnswer, detail);
        }
    }

    /// The session is over: nothing will be answered any more.
    pub(super) fn give_up(&mut self, now: Instant, out: &mut Outbox) {
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

/// What a refused share is booked as: V1's numbers, which the rest of the firmware counts by,
/// and the pool's word.
fn outcome(word: &str) -> ShareOutcome {
    let code = match word {
        mining::ERROR_CODE_SUBMIT_SHARES_STALE_SHARE
        | mining::ERROR_CODE_SUBMIT_SHARES_INVALID_JOB_ID => {
            return ShareOutcome::Stale {
                code: 21,
                reason: word.to_owned(),
            };
        }
        mining::ERROR_CODE_SUBMIT_SHARES_DUPLICATE_SHARE => 22,
        mining::ERROR_CODE_SUBMIT_SHARES_DIFFICULTY_TOO_LOW => 23,
        _ => 20,
    };
    ShareOutcome::Rejected {
        code,
        reason: words::explained(word),
    }
}
