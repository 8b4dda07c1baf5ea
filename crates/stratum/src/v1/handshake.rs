//! The way to `Ready`: configure, subscribe, authorize, and what is asked for besides.

use std::sync::Arc;

use telemetry::Code;

use crate::Effect;
use crate::limits::{AUTHORIZE_TIMEOUT, CONFIGURE_TIMEOUT, SUBSCRIBE_TIMEOUT};
use crate::session::{Context, Flow, Retry, end};
use crate::v1::params::{self, Extranonce, ExtranonceFault};
use crate::v1::render;
use crate::v1::resume::Resume;
use crate::v1::session::{Phase, Request, Session};
use crate::v1::wire::Reply;

impl Session {
    /// The connection stands: ask for version rolling first, if the chips roll at all.
    pub(crate) fn begin(&mut self, cx: &mut Context<'_>) {
        let mask = cx.config.version_mask;
        if mask == 0 || !cx.manners.configure {
            return self.send_subscribe(cx, !cx.manners.name);
        }
        let id = self.request(Request::Configure);
        let min_bits = cx.config.min_version_bits;
        cx.out.send(render::configure(id, mask, min_bits));
        self.phase = Phase::Configure {
            until: cx.now + CONFIGURE_TIMEOUT,
        };
    }

    /// Patience with the present step may be over.
    pub(crate) fn hurry(&mut self, cx: &mut Context<'_>) -> Flow {
        match self.phase {
            Phase::Configure { until } if cx.now >= until => {
                // A late answer is taken all the same.
                self.send_subscribe(cx, !cx.manners.name);
                Ok(())
            }
            Phase::Subscribe { until, .. } if cx.now >= until => {
                let detail = "no answer to mining.subscribe";
                end(Code::PoolSilent, detail, Retry::Backoff)
            }
            Phase::Authorize { until } if cx.now >= until => {
                if self.jobs.current.is_none() {
                    let detail = "no answer to mining.authorize";
                    return end(Code::PoolSilent, detail, Retry::Backoff);
                }
                let detail = "no answer to mining.authorize; it sends work, so we go on";
                cx.note(Code::PoolProtocol, detail.to_owned());
                self.ready(cx);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The answer to `mining.configure`, in time or late.
    pub(crate) fn configured(&mut self, cx: &mut Context<'_>, reply: Reply<'_>) -> Flow {
        match params::configured_mask(reply.result) {
            Ok(mask) => self.set_version_mask(cx, mask),
            Err(why) => {
                let detail = format!("answer to mining.configure: {why}; going on without");
                cx.note(Code::PoolProtocol, detail);
            }
        }
        if matches!(self.phase, Phase::Configure { .. }) {
            self.send_subscribe(cx, !cx.manners.name);
        }
        Ok(())
    }

    /// The answer to `mining.subscribe`.
    pub(crate) fn subscribed(&mut self, cx: &mut Context<'_>, reply: Reply<'_>) -> Flow {
        let Phase::Subscribe { bare, resumed, .. } = self.phase else {
            return Ok(());
        };
        let fault = match Extranonce::subscribed(reply.result) {
            Ok(extranonce) => {
                self.take_up(cx, &extranonce, resumed);
                self.name = params::session_name(reply.result);
                self.extranonce = Some(extranonce);
                self.send_authorize(cx);
                self.phase = Phase::Authorize {
                    until: cx.now + AUTHORIZE_TIMEOUT,
                };
                if let Some(early) = self.early.take() {
                    self.take_job(cx, early.notify, early.share_target);
                }
                return Ok(());
            }
            Err(fault) => fault,
        };
        if let (Some(_), Err(refusal)) = (reply.error, reply.verdict()) {
            // Refused, not misread: perhaps it does not like to be told a name.
            if resumed || !bare {
                // The name of the session goes first, ours after it.
                self.send_subscribe(cx, bare || !resumed);
                return Ok(());
            }
            return end(Code::PoolSubscribe, refusal.to_string(), Retry::Backoff);
        }
        end_for(fault, Code::PoolSubscribe)
    }

    /// The answer to `mining.authorize`, the first or a later one.
    pub(crate) fn authorized(&mut self, cx: &mut Context<'_>, reply: Reply<'_>) -> Flow {
        if let Err(refusal) = reply.verdict() {
            let detail = format!("user={:?} {refusal}", cx.config.user);
            return end(Code::PoolRefusedUser, detail, Retry::Slow);
        }
        if self.phase != Phase::Ready {
            self.ready(cx);
        }
        Ok(())
    }

    fn send_subscribe(&mut self, cx: &mut Context<'_>, bare: bool) {
        let id = self.request(Request::Subscribe);
        let agent = (!bare).then_some(cx.config.agent.as_str());
        // Where our name does not go, its place is not free for another's.
        let resume = cx.resume.as_mut().filter(|_| !bare);
        let session = resume.and_then(Resume::ask);
        cx.out.send(render::subscribe(id, agent, session));
        self.phase = Phase::Subscribe {
            until: cx.now + SUBSCRIBE_TIMEOUT,
            bare,
            resumed: session.is_some(),
        };
    }

    /// The pool answered with `extranonce`: it goes on with the last session, or has ended it.
    fn take_up(&mut self, cx: &mut Context<'_>, extranonce: &Extranonce, asked: bool) {
        let Some(resume) = cx.resume.take() else {
            return;
        };
        let taken_up = asked && resume.is_taken_up(extranonce);
        *cx.resumes = taken_up;
        match resume.held {
            Some(held) if taken_up => {
                self.id = held.id;
                self.jobs.next_serial = held.next_serial;
                self.taken_up = Some(held);
            }
            Some(held) => held.end(cx.now, cx.out),
            None => {}
        }
    }

    /// The pool takes us: hand out the job that waited, and ask for the rest.
    fn ready(&mut self, cx: &mut Context<'_>) {
        self.phase = Phase::Ready;
        *cx.manners = cx.manners.after_success();
        let taken_up = self.taken_up.take();
        let goes_on = taken_up.is_some();
        match taken_up {
            Some(held) => self.send_kept(cx, held),
            None => cx.out.push(Effect::Session(self.id)),
        }
        if let Some(mut job) = self.jobs.current.take() {
            // Jobs that it followed were never handed out, unless by the connection before.
            if !goes_on {
                Arc::make_mut(&mut job).clean = true;
            }
            self.hand_out(cx, job);
        }
        if cx.manners.optional {
            self.optional_at = Some(cx.now);
            if let Some(wanted) = cx.config.wanted_difficulty {
                let id = self.request(Request::Optional);
                cx.out.send(render::suggest_difficulty(id, wanted));
            }
            let id = self.request(Request::Optional);
            cx.out.send(render::extranonce_subscribe(id));
        }
    }
}

/// An extranonce that is not one may be a passing fault; one of an unusable size is the
/// pool's way and will not change at once.
pub(crate) fn end_for(fault: ExtranonceFault, unreadable: Code) -> Flow {
    match fault {
        ExtranonceFault::Unreadable(why) => end(unreadable, why, Retry::Backoff),
        ExtranonceFault::Unusable(why) => end(Code::PoolExtranonce, why, Retry::Slow),
    }
}
