//! Shares on their way to the pool, and its batched answers.
//!
//! The pool refuses shares one by one, and accepts them in batches: Success names the last
//! sequence number that it took, and holds for every share up to it that was not refused. The
//! count beside it is for a check alone.

use mining_sv2 as mining;
use telemetry::Code;
use units::Instant;
use work::{Share, ShareOutcome};

use crate::Effect;
use crate::limits::BATCH_TIMEOUT;
use crate::outbox::Outbox;
use crate::session::{Context, Flow, Retry, end};
use crate::v2::channel::Channel;
use crate::v2::frames::frame;
use crate::v2::words;
use crate::waiting::Waiting;

/// Shares of one session on their way, by sequence number.
#[derive(Debug)]
pub(crate) struct Submits {
    pub(super) waiting: Waiting<u32>,
    last_sequence: u32,
}

impl Default for Submits {
    fn default() -> Self {
        Submits {
            waiting: Waiting::new(BATCH_TIMEOUT),
            last_sequence: 0,
        }
    }
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
        if !self.waiting.has_room(now, share.id, out) {
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
        self.waiting.sent(now, sequence_number, share.id);
        true
    }

    /// Every share up to the number is taken.
    pub(super) fn accepted(&mut self, cx: &mut Context<'_>, message: &mining::SubmitSharesSuccess) {
        let taken = self.waiting.take_through(message.last_sequence_number);
        let (booked, told) = (taken.len(), message.new_submits_accepted_count);
        for share in taken {
            let outcome = ShareOutcome::Accepted;
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
        let Some(share) = self.waiting.take(message.sequence_number) else {
            let detail = format!(
                "refusal of share {} that does not wait: {}",
                message.sequence_number,
                words::explained(&code)
            );
            cx.note(Code::PoolProtocol, detail);
            return Ok(());
        };
        let outcome = outcome(&code);
        cx.out.push(Effect::Outcome { share, outcome });
        if code == mining::ERROR_CODE_SUBMIT_SHARES_INVALID_CHANNEL_ID {
            let detail = words::explained(&code);
            return end(Code::PoolProtocol, detail, Retry::Backoff);
        }
        Ok(())
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
