//! Shares on their way to the pool and back.

use units::{Instant, ShareId};
use work::{Share, ShareOutcome};

use crate::Effect;
use crate::outbox::Outbox;
use crate::v1::answer;
use crate::v1::render;
use crate::v1::wire::Reply;
use crate::waiting::Waiting;

/// Send `share` as request `id`, or book it as unanswered if too many wait already.
pub(crate) fn send(
    waiting: &mut Waiting<u64>,
    now: Instant,
    id: u64,
    user: &str,
    share: &Share,
    out: &mut Outbox,
) {
    if waiting.has_room(now, share.id, out) {
        out.send(render::submit(id, user, share));
        waiting.sent(now, id, share.id);
    }
}

/// Pass on the answer to one share. Returns the code of a refusal.
pub(crate) fn answered(share: ShareId, reply: Reply<'_>, out: &mut Outbox) -> Option<i64> {
    let (outcome, refused) = match reply.verdict() {
        Ok(()) => (ShareOutcome::Accepted, None),
        Err(refusal) => {
            let code = refusal.code;
            (answer::outcome(refusal), Some(code))
        }
    };
    out.push(Effect::Outcome { share, outcome });
    refused
}
