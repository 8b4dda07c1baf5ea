//! One connection to a pool, from its first byte to its end.
//!
//! ```text
//!  Configure --answer, error, 5 s--> Subscribe --answer--> Authorize --yes--> Ready
//!      |                              |    ^                |    |              |
//!      | closed                 error |____| without name   | no | 15 s:       silent,
//!      v                              v                     v    v with work    closed,
//!    (end)                          (end)                 (end) Ready, else    reconnect
//!                                                               (end)           (end)
//! ```
//!
//! Notifications are taken in every state: pools send difficulty and jobs before the answer
//! to `mining.authorize`. A job is handed out only in `Ready`; before that the newest is
//! kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use telemetry::{Code, PoolState};
use units::{Difficulty, Instant, JobKey, SessionId};
use work::{Job, Share, Target};

use crate::Effect;
use crate::client::Manners;
use crate::limits::{
    MALFORMED_LINES, OPTIONAL_WINDOW, QUEUED_EFFECTS, REAUTHORIZE_GAP, SUBMIT_TIMEOUT,
};
use crate::outbox::Outbox;
use crate::session::{Context, Flow, Retry, Rhythm, end};
use crate::text::printable;
use crate::v1::answer::code;
use crate::v1::lines::{self, Partial};
use crate::v1::notify::Notify;
use crate::v1::params::Extranonce;
use crate::v1::resume::{Held, Resume};
use crate::v1::submits;
use crate::v1::wire::{self, Message, Reply};
use crate::waiting::{self, Waiting};

/// How far the handshake got. `until` is when patience ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Configure {
        until: Instant,
    },
    Subscribe {
        until: Instant,
        /// Without our name.
        bare: bool,
        /// With the name of a session.
        resumed: bool,
    },
    Authorize {
        until: Instant,
    },
    Ready,
}

/// What a request of ours asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Request {
    Configure,
    Subscribe,
    Authorize,
    /// No answer is needed; a refusal is not even worth a note.
    Optional,
}

/// State of one connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) phase: Phase,
    next_request: u64,
    /// Unanswered requests other than shares. Each kind is sent a fixed number of times
    /// (authorize again: only when the last one was answered), which bounds the map.
    pub(crate) requests: BTreeMap<u64, Request>,
    /// When the optional requests went out.
    pub(crate) optional_at: Option<Instant>,
    authorized_again_at: Option<Instant>,
    waiting: Waiting<u64>,
    partial: Partial,
    malformed: u32,
    last_heard: Instant,
    pub(crate) rhythm: Rhythm,
    /// As the pool set it, and the target of the jobs that follow.
    pub(crate) difficulty: Option<Difficulty>,
    pub(crate) share_target: Target,
    pub(crate) extranonce: Option<Extranonce>,
    /// Granted by the pool, within what the chips can roll.
    pub(crate) version_mask: u32,
    pub(crate) early: Option<EarlyJob>,
    pub(crate) jobs: Jobs,
    /// What the pool calls the session.
    pub(crate) name: Option<String>,
    /// The session that was taken up again, until its shares can be sent. It goes on under its
    /// old id, and has not ended.
    pub(crate) taken_up: Option<Held>,
}

/// A job that came before its extranonce, with the target that it came under.
#[derive(Debug)]
pub(crate) struct EarlyJob {
    pub(crate) notify: Notify,
    pub(crate) share_target: Target,
}

/// The jobs of a session.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    /// The newest, handed out if `first_at` is set.
    pub(crate) current: Option<Arc<Job>>,
    pub(crate) next_serial: u32,
    /// When the first one was handed out.
    pub(crate) first_at: Option<Instant>,
    /// Jobs older than the current one are still valid.
    pub(crate) older_valid: bool,
}

impl Jobs {
    /// The name of the next job.
    pub(crate) fn next_key(&mut self, session: SessionId) -> JobKey {
        let serial = self.next_serial;
        // 2^32 jobs at one per millisecond are fifty days of one session.
        self.next_serial = serial.wrapping_add(1);
        JobKey { session, serial }
    }
}

impl Session {
    /// A connection that stands; sends the first request.
    pub(crate) fn open(cx: &mut Context<'_>, id: SessionId) -> Session {
        let one = cx.config.difficulty_one;
        let mut session = Session {
            id,
            phase: Phase::Ready,
            next_request: 1,
            requests: BTreeMap::new(),
            optional_at: None,
            authorized_again_at: None,
            waiting: Waiting::new(SUBMIT_TIMEOUT),
            partial: Partial::default(),
            malformed: 0,
            last_heard: cx.now,
            rhythm: Rhythm::default(),
            difficulty: None,
            share_target: Target::from_difficulty(Difficulty::ONE, one),
            extranonce: None,
            version_mask: 0,
            early: None,
            jobs: Jobs::default(),
            name: None,
            taken_up: None,
        };
        session.begin(cx);
        session
    }

    /// Bytes from the pool.
    pub(crate) fn bytes(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Flow {
        let mut rest = data;
        loop {
            match lines::next(&mut self.partial, &mut rest) {
                Ok(Some(line)) => self.line(cx, line.bytes())?,
                Ok(None) => return Ok(()),
                Err(lines::TooLong) => {
                    let detail = format!("limit_bytes={}", crate::limits::LINE_BYTES);
                    return end(Code::PoolLine, detail, Retry::Backoff);
                }
            }
        }
    }

    /// Timers.
    pub(crate) fn wake(&mut self, cx: &mut Context<'_>) -> Flow {
        self.waiting.expire(cx.now, cx.out);
        self.hurry(cx)?;
        let silent_for = cx.now.since(self.last_heard);
        if self.phase == Phase::Ready && silent_for >= self.rhythm.patience {
            let detail = format!("silent_s={}", silent_for.as_secs());
            return end(Code::PoolSilent, detail, Retry::Backoff);
        }
        Ok(())
    }

    /// When to call [`Session::wake`].
    pub(crate) fn next_deadline(&self) -> Instant {
        let phase = match self.phase {
            Phase::Configure { until } | Phase::Subscribe { until, .. } => until,
            Phase::Authorize { until } => until,
            Phase::Ready => self.last_heard + self.rhythm.patience,
        };
        self.waiting.next_deadline().map_or(phase, |d| d.min(phase))
    }

    /// Send a share, if it is one of this session. Returns whether it was booked.
    pub(crate) fn submit(&mut self, cx: &mut Context<'_>, share: &Share) -> bool {
        if share.job.session != self.id {
            return false;
        }
        if self.phase != Phase::Ready {
            return self.taken_up.as_mut().is_some_and(|held| held.keep(share));
        }
        let id = self.next_id();
        submits::send(&mut self.waiting, cx.now, id, cx.user, share, cx.out);
        true
    }

    /// The end, as far as the world must hear of it.
    pub(crate) fn finish(&mut self, now: Instant, out: &mut Outbox) {
        self.waiting.give_up(now, out);
        if let Some(held) = self.taken_up.take() {
            held.end(now, out);
        } else if self.phase == Phase::Ready {
            out.push(Effect::SessionEnded(self.id));
        }
    }

    /// How the pool shows in the snapshot.
    pub(crate) fn status(&self) -> (PoolState, Option<f64>) {
        let job = self.jobs.current.is_some();
        let state = match self.phase {
            Phase::Ready if job => PoolState::Active,
            Phase::Ready => PoolState::Connected,
            _ => PoolState::Connecting,
        };
        // A job without a difficulty has difficulty one.
        let difficulty = self.difficulty.map(|d| d.value());
        (state, difficulty.or(job.then_some(1.0)))
    }

    /// What to leave out of the next handshake, after the pool closed in this phase.
    pub(crate) fn manners_after_close(&self, now: Instant, manners: Manners) -> Manners {
        let mut manners = match self.phase {
            // It was the name of a session that the pool did not like: it is not sent again.
            Phase::Subscribe { resumed: true, .. } => manners,
            Phase::Configure { .. } => Manners {
                configure: false,
                ..manners
            },
            Phase::Subscribe { bare: false, .. } => Manners {
                name: false,
                ..manners
            },
            _ => manners.after_success(),
        };
        if self.died_of_optional(now) {
            manners.optional = false;
        }
        manners
    }

    /// Closed right after the optional requests, with one of them unanswered.
    fn died_of_optional(&self, now: Instant) -> bool {
        let recent = self
            .optional_at
            .is_some_and(|at| now.since(at) < OPTIONAL_WINDOW);
        recent && self.requests.values().any(|r| *r == Request::Optional)
    }

    /// The connection is lost. What it takes to go on with the session, which is held if the
    /// pool `resumes`, else ended.
    pub(crate) fn lost(&mut self, now: Instant, resumes: bool, out: &mut Outbox) -> Option<Resume> {
        let known = self.phase == Phase::Ready && self.jobs.first_at.is_some();
        let named = self
            .name
            .take()
            .filter(|_| known)
            .zip(self.extranonce.take());
        let Some((name, extranonce)) = named else {
            self.finish(now, out);
            return None;
        };
        if !resumes {
            self.finish(now, out);
            return Some(Resume::new(now, name, extranonce, None));
        }
        self.waiting.give_up(now, out);
        out.push(Effect::SessionHeld(self.id));
        let held = Held {
            id: self.id,
            next_serial: self.jobs.next_serial,
            prev_hash: self.jobs.current.as_ref().map(|job| job.prev_hash),
            shares: Vec::new(),
        };
        Some(Resume::new(now, name, extranonce, Some(held)))
    }

    /// Send what was kept while there was no connection. Of an older block nothing counts.
    pub(crate) fn send_kept(&mut self, cx: &mut Context<'_>, held: Held) {
        let newest = self.jobs.current.as_ref().zip(held.prev_hash);
        let moved = newest.is_some_and(|(job, prev_hash)| job.prev_hash != prev_hash);
        let (mut sent, mut void) = (0, 0);
        for share in held.shares {
            if moved {
                void += 1;
                waiting::unanswered(share.id, cx.out);
                continue;
            }
            sent += 1;
            let id = self.next_id();
            submits::send(&mut self.waiting, cx.now, id, cx.user, &share, cx.out);
        }
        let detail = format!("taken up again shares_kept={sent} shares_void={void}");
        cx.note(Code::PoolUp, detail);
    }

    fn line(&mut self, cx: &mut Context<'_>, line: &[u8]) -> Flow {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        if cx.out.len() > QUEUED_EFFECTS {
            return end(Code::PoolProtocol, "too much at once", Retry::Backoff);
        }
        match wire::parse(line) {
            Ok(message) => {
                self.last_heard = cx.now;
                match message {
                    Message::Reply { id, reply } => self.reply(cx, id, reply),
                    Message::Call { id, method, params } => self.call(cx, id, &method, params),
                }
            }
            Err(why) => self.malformed(cx, line, &why),
        }
    }

    fn malformed(&mut self, cx: &mut Context<'_>, line: &[u8], why: &str) -> Flow {
        // Servers written in Python send a bare `NaN` or `Infinity`, which no JSON has.
        let difficulty = line.windows(21).any(|w| w == b"mining.set_difficulty");
        let code = match difficulty {
            true => Code::PoolDifficulty,
            false => Code::PoolProtocol,
        };
        // An echo of ours may hold the password: it goes before anything is cut.
        let begin = String::from_utf8_lossy(&line[..line.len().min(1024)]);
        let begin: String = cx.out.without_secret(&begin).chars().take(80).collect();
        let begin = printable(&begin);
        cx.note(code, format!("{} line={begin:?}", printable(why)));
        self.malformed += 1;
        if self.malformed >= MALFORMED_LINES {
            let detail = format!("lines={} that are not Stratum", self.malformed);
            return end(Code::PoolProtocol, detail, Retry::Backoff);
        }
        Ok(())
    }

    fn reply(&mut self, cx: &mut Context<'_>, id: Option<u64>, reply: Reply<'_>) -> Flow {
        let Some(id) = id else {
            if reply.error.is_some()
                && let Err(refusal) = reply.verdict()
            {
                cx.note(Code::PoolProtocol, format!("error without id: {refusal}"));
            }
            return Ok(());
        };
        if let Some(share) = self.waiting.take(id) {
            let refused = submits::answered(share, reply, cx.out);
            return match refused {
                Some(code::UNAUTHORIZED) => {
                    self.authorize_again(cx);
                    Ok(())
                }
                Some(code::NOT_SUBSCRIBED) => {
                    let detail = "the pool says that we are not subscribed";
                    end(Code::PoolProtocol, detail, Retry::Backoff)
                }
                _ => Ok(()),
            };
        }
        match self.requests.remove(&id) {
            Some(Request::Configure) => self.configured(cx, reply),
            Some(Request::Subscribe) => self.subscribed(cx, reply),
            Some(Request::Authorize) => self.authorized(cx, reply),
            // Late, or to nothing that we asked.
            Some(Request::Optional) | None => Ok(()),
        }
    }

    /// The pool forgot who we are. Not more often than [`REAUTHORIZE_GAP`], and not while
    /// an answer is due.
    fn authorize_again(&mut self, cx: &mut Context<'_>) {
        let due = self.requests.values().any(|r| *r == Request::Authorize);
        let recently = self
            .authorized_again_at
            .is_some_and(|at| cx.now.since(at) < REAUTHORIZE_GAP);
        if !due && !recently {
            self.authorized_again_at = Some(cx.now);
            self.send_authorize(cx);
        }
    }

    pub(crate) fn send_authorize(&mut self, cx: &mut Context<'_>) {
        let id = self.request(Request::Authorize);
        let line = crate::v1::render::authorize(id, cx.user, &cx.config.password);
        cx.out.send(line);
    }

    /// The id of a new request, remembered as `kind`.
    pub(crate) fn request(&mut self, kind: Request) -> u64 {
        let id = self.next_id();
        self.requests.insert(id, kind);
        id
    }

    fn next_id(&mut self) -> u64 {
        let id = self.next_request;
        self.next_request += 1;
        id
    }
}
