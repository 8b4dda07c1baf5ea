//! The relation to one pool, or to one's own node, over all its connections.
//!
//! ```text
//!          Start               Connected, Up
//!   Idle --------> Connecting ----------> Open
//!     ^             ^     | failed, late   | any end
//!     | Stop (all)  |     v                |
//!     |             +-- Waiting <----------+
//!              deadline
//! ```

use std::sync::Arc;

use telemetry::{Code, NodeView, Pool, PoolState};
use units::{Duration, Instant, Rng, SessionId};

use crate::account::{Account, Alarm};
use crate::limits::{
    BACKOFF_MAX, BACKOFF_MIN, CONNECT_TIMEOUT, GOOD_SESSION, NODE_BACKOFF_MAX, NODE_OPEN_TIMEOUT,
    SLOW_RETRY,
};
use crate::node::{Failure, FailureKind, News, Order};
use crate::outbox::Outbox;
use crate::session::{Context, End, Flow, Retry, Session};
use crate::v1::render;
use crate::v1::resume::Resume;
use crate::waiting;
use crate::{Address, Effect, Endpoint, Input, SessionConfig};

/// A pool client; see the crate's documentation.
#[derive(Debug)]
pub struct Client {
    config: SessionConfig,
    /// The login as a JSON string.
    user: String,
    state: State,
    rng: Rng,
    /// Ends since the last good session: the exponent of the delay.
    failures: u32,
    /// Sessions begun.
    sessions: u32,
    /// Hashes really computed in a second, as far as they are known.
    hashrate: f64,
    manners: Manners,
    /// Where to connect next, once.
    redirect: Option<Endpoint>,
    out: Outbox,
    account: Account,
    /// Where the chain was last, if this is one's own node.
    node: Option<NodeView>,
    last_error: Option<String>,
    /// Hosts of all configured pools.
    hosts: Arc<[String]>,
    resume: Option<Resume>,
    resumes: bool,
}

#[derive(Debug)]
enum State {
    Idle,
    Waiting { until: Instant, refused: bool },
    Connecting { until: Instant },
    Open(Session),
}

/// What to leave out of the next handshake, because a pool closed the connection on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Manners {
    /// Ask for version rolling.
    pub(crate) configure: bool,
    /// V1: say our name in `mining.subscribe`.
    pub(crate) name: bool,
    /// V1: send optional requests. Never again once they cost a connection.
    pub(crate) optional: bool,
    /// V2: ask for an extended channel first.
    pub(crate) extended: bool,
}

impl Manners {
    pub(crate) const FULL: Manners = Manners {
        configure: true,
        name: true,
        optional: true,
        extended: true,
    };

    /// The handshake passed. Next time everything is tried again: version rolling is
    /// worth one more connection.
    pub(crate) fn after_success(self) -> Manners {
        Manners {
            optional: self.optional,
            ..Manners::FULL
        }
    }
}

impl Client {
    /// A client that does nothing until [`Input::Start`].
    pub fn new(config: SessionConfig) -> Client {
        let is_node = matches!(config.address, Address::Node(_));
        Client {
            user: render::quote(&config.user),
            state: State::Idle,
            rng: Rng::new(config.seed).fork(u64::from(config.pool.0)),
            failures: 0,
            sessions: 0,
            hashrate: config.nominal_hashrate,
            manners: Manners::FULL,
            redirect: None,
            out: Outbox::new(format!("pool {}", config.pool), secret_of(&config)),
            account: Account::new(config.difficulty_one),
            node: is_node.then(NodeView::default),
            last_error: None,
            hosts: Arc::default(),
            resume: None,
            resumes: false,
            config,
        }
    }

    /// The hosts of all configured pools: a pool may send us to one of them, and nowhere else.
    pub fn set_hosts(&mut self, hosts: Arc<[String]>) {
        self.hosts = hosts;
    }

    /// Consume one input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        if let Input::Submit(share) = &input {
            self.account.submitted(now, share);
        }
        let before = self.out.len();
        self.take(now, input);
        self.wake(now);
        self.book(now, before);
    }

    /// Keep the account: what a session said of shares and jobs since there were `before`
    /// effects, whatever it speaks with the pool.
    fn book(&mut self, now: Instant, before: usize) {
        let mut alarms = Vec::new();
        for effect in self.out.since(before) {
            match effect {
                Effect::Job(job) => self.account.job(job),
                Effect::Outcome { share, outcome } => {
                    alarms.extend(self.account.answered(now, *share, outcome));
                }
                _ => {}
            }
        }
        for alarm in alarms {
            match alarm {
                Alarm::Rejects(detail) => self.out.note(now, Code::PoolRejects, detail),
                Alarm::Accepts => self.out.note(now, Code::PoolAccepts, String::new()),
            }
        }
    }

    fn take(&mut self, now: Instant, input: Input) {
        match input {
            Input::Start => {
                if matches!(self.state, State::Idle) {
                    self.connect(now);
                }
            }
            Input::Connected => self.connected(now, None),
            Input::Bytes(data) => self.with_session(now, |session, cx| session.bytes(cx, &data)),
            Input::Closed(why) | Input::ConnectFailed(why) => self.closed(now, &why),
            Input::Node(News::Up { chain }) => self.connected(now, Some(&chain)),
            Input::Node(News::Failed(failure)) => self.node_failed(now, &failure),
            Input::Node(news) => self.with_session(now, |session, cx| session.news(cx, news)),
            Input::Hashrate { hashes_per_s } => {
                self.hashrate = hashes_per_s;
                self.with_session(now, |session, cx| {
                    session.hashrate(cx);
                    Ok(())
                });
            }
            Input::Unprotected { code, why } => self.unprotected(now, code, &why),
            Input::Submit(share) => {
                let mut booked = false;
                self.with_session(now, |session, cx| {
                    booked = session.submit(cx, &share);
                    Ok(())
                });
                if let Some(resume) = self.resume.as_mut().filter(|_| !booked) {
                    booked = resume.keep(&share);
                }
                if !booked {
                    waiting::unanswered(share.id, &mut self.out);
                    let detail = format!("share={} not sent: its session is over", share.id);
                    self.out.note(now, Code::PoolNoAnswer, detail);
                }
            }
            Input::Stop => self.stop(now),
            Input::Wake => {}
        }
    }

    /// The next thing to do outside. Drain after every input.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.out.pop()
    }

    /// When to send [`Input::Wake`] if nothing else happens before.
    pub fn next_deadline(&self) -> Option<Instant> {
        [self.state_deadline(), self.hold_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn state_deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Idle => None,
            State::Waiting { until, .. } | State::Connecting { until } => Some(*until),
            State::Open(session) => session.next_deadline(),
        }
    }

    /// When a session that has no connection ends.
    fn hold_deadline(&self) -> Option<Instant> {
        self.resume.as_ref().map(|resume| resume.until)
    }

    /// The last session is not taken up again.
    fn forget_session(&mut self, now: Instant) {
        if let Some(held) = self.resume.take().and_then(|resume| resume.held) {
            held.end(now, &mut self.out);
        }
    }

    /// The pool as the snapshot shows it.
    pub fn status(&self, now: Instant) -> Pool {
        let (state, difficulty) = match &self.state {
            State::Idle => (PoolState::Idle, None),
            State::Waiting { refused: true, .. } => (PoolState::Refused, None),
            State::Waiting { .. } => (PoolState::Waiting, None),
            State::Connecting { .. } => (PoolState::Connecting, None),
            State::Open(session) => session.status(self.config.difficulty_one),
        };
        let mut pool = Pool {
            id: self.config.pool.0,
            url: self.config.address.to_string(),
            user: self.config.user.clone(),
            enabled: true,
            state,
            active: state == PoolState::Active,
            difficulty,
            last_error: self.last_error.clone(),
            ..Pool::default()
        };
        self.account.show(now, &mut pool);
        if let Some(node) = &self.node {
            // Blocks are too rare to tell a hashrate by.
            pool.credited_ths = None;
            pool.estimated_sat_per_day = None;
            pool.node = Some(node.clone());
        }
        pool
    }

    /// Shares without an outcome yet.
    pub fn in_flight(&self) -> usize {
        self.account.in_flight()
    }

    /// What this client was made with.
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }

    fn connect(&mut self, now: Instant) {
        let endpoint = self.redirect.take();
        self.out.push(match &self.config.address {
            Address::Node(access) => Effect::Node(Order::Open(access.clone())),
            address => Effect::Connect {
                endpoint: endpoint.unwrap_or_else(|| address.endpoint().clone()),
                security: address.security(),
            },
        });
        self.state = State::Connecting {
            until: now + self.connect_timeout(),
        };
    }

    /// `chain` is the one of one's own node.
    fn connected(&mut self, now: Instant, chain: Option<&str>) {
        match self.state {
            State::Connecting { .. } => {}
            // Nobody waits for it any longer.
            State::Idle | State::Waiting { .. } => return self.hang_up(),
            State::Open(_) => return,
        }
        let id = session_id(&self.config, self.sessions);
        self.sessions = self.sessions.wrapping_add(1);
        match Session::open(&mut self.context(now), id, chain) {
            Ok(session) => self.state = State::Open(session),
            Err(end) => self.end(now, *end, true),
        }
    }

    /// Run `f` on the session, if there is one, and end the session if it says so.
    fn with_session(
        &mut self,
        now: Instant,
        f: impl FnOnce(&mut Session, &mut Context<'_>) -> Flow,
    ) {
        let mut session = match std::mem::replace(&mut self.state, State::Idle) {
            State::Open(session) => session,
            other => return self.state = other,
        };
        let flow = f(&mut session, &mut self.context(now));
        self.state = State::Open(session);
        if let Err(end) = flow {
            self.end(now, *end, true);
        }
    }

    /// What a session gets of us with each input.
    fn context(&mut self, now: Instant) -> Context<'_> {
        Context {
            now,
            config: &self.config,
            user: &self.user,
            hashrate: self.hashrate,
            manners: &mut self.manners,
            rng: &mut self.rng,
            node: &mut self.node,
            out: &mut self.out,
            hosts: &self.hosts,
            resume: &mut self.resume,
            resumes: &mut self.resumes,
        }
    }

    fn closed(&mut self, now: Instant, why: &str) {
        let why = crate::text::printable(why);
        let code = match &self.state {
            State::Connecting { .. } => Code::PoolConnect,
            State::Open(session) => {
                self.manners = session.manners_after_close(now, self.manners);
                Code::PoolClosed
            }
            State::Idle | State::Waiting { .. } => return,
        };
        let end = End {
            code,
            detail: why,
            retry: Retry::Backoff,
            redirect: None,
        };
        self.end(now, end, false);
    }

    /// What must protect the connection could not be established.
    fn unprotected(&mut self, now: Instant, code: Code, why: &str) {
        if !matches!(self.state, State::Connecting { .. }) {
            return;
        }
        let retry = match code {
            // The time may be known in a moment, and a proxy is a part of the network.
            Code::PoolClock | Code::PoolProxy | Code::PoolTls => Retry::Backoff,
            _ => Retry::Slow,
        };
        let end = End {
            code,
            detail: crate::text::printable(why),
            retry,
            redirect: None,
        };
        self.end(now, end, false);
    }

    /// One's own node is not to be used for now.
    fn node_failed(&mut self, now: Instant, failure: &Failure) {
        let (code, retry) = match failure.kind {
            FailureKind::Unreachable => return self.closed(now, &failure.detail),
            FailureKind::NotReady => (Code::NodeNotReady, Retry::Backoff),
            FailureKind::Broken => (Code::NodeTemplate, Retry::Backoff),
            // A node that starts anew writes a new cookie; a password changes by hand only.
            FailureKind::Login => match &self.config.address {
                Address::Node(access) if access.has_cookie() => (Code::NodeLogin, Retry::Backoff),
                _ => (Code::NodeLogin, Retry::Slow),
            },
        };
        if matches!(self.state, State::Connecting { .. } | State::Open(_)) {
            let end = End {
                code,
                detail: crate::text::printable(&failure.detail),
                retry,
                redirect: None,
            };
            self.end(now, end, false);
        }
    }

    /// Leave the connection and plan to come back. `ours`: the connection still stands.
    fn end(&mut self, now: Instant, end: End, ours: bool) {
        let state = std::mem::replace(&mut self.state, State::Idle);
        if let State::Open(mut session) = state {
            match end.code {
                Code::PoolClosed | Code::PoolSilent => {
                    let resume = session.lost(now, self.resumes, &mut self.out);
                    // One that was lost on the way to it can still be taken up.
                    self.resume = resume.or(self.resume.take());
                }
                _ => session.finish(now, &mut self.out),
            }
            let worked = session.first_job_at().map(|at| now.since(at));
            if worked.is_some_and(|worked| worked >= GOOD_SESSION) {
                self.failures = 0;
            }
        }
        if ours {
            self.hang_up();
        }
        let delay = match end.retry {
            Retry::Backoff => self.backoff(),
            Retry::NotBefore(wait) => self.backoff().max(wait),
            Retry::Slow => SLOW_RETRY + self.part_of(SLOW_RETRY),
        };
        self.redirect = end.redirect;
        self.state = State::Waiting {
            until: now + delay,
            refused: end.retry == Retry::Slow,
        };
        let detail = self.out.without_secret(&end.detail);
        self.last_error = Some(format!("{}: {detail}", end.code.text()));
        let detail = format!("{} retry_s={:.1}", end.detail, delay.as_secs_f64());
        self.out.note(now, end.code, detail);
    }

    /// The next delay: between half and all of a power of two.
    fn backoff(&mut self) -> Duration {
        let whole = BACKOFF_MIN.saturating_mul(1 << self.failures.min(10));
        let half = whole.min(self.longest_backoff()) / 2;
        self.failures = self.failures.saturating_add(1);
        half + self.part_of(half)
    }

    fn longest_backoff(&self) -> Duration {
        match self.config.address {
            Address::Node(_) => NODE_BACKOFF_MAX,
            Address::V1 { .. } | Address::V2 { .. } => BACKOFF_MAX,
        }
    }

    fn connect_timeout(&self) -> Duration {
        match self.config.address {
            Address::Node(_) => NODE_OPEN_TIMEOUT,
            Address::V1 { .. } | Address::V2 { .. } => CONNECT_TIMEOUT,
        }
    }

    /// Let go of whoever is there.
    fn hang_up(&mut self) {
        self.out.push(match self.config.address {
            Address::Node(_) => Effect::Node(Order::Close),
            Address::V1 { .. } | Address::V2 { .. } => Effect::Disconnect,
        });
    }

    fn part_of(&mut self, whole: Duration) -> Duration {
        let ns = u64::try_from(whole.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.rng.below(ns))
    }

    fn stop(&mut self, now: Instant) {
        self.forget_session(now);
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle | State::Waiting { .. } => {}
            State::Connecting { .. } => self.hang_up(),
            State::Open(mut session) => {
                session.finish(now, &mut self.out);
                self.hang_up();
            }
        }
        self.redirect = None;
        self.failures = 0;
    }

    /// Timers. Each of them moves its deadline, so one round is enough.
    fn wake(&mut self, now: Instant) {
        if self.hold_deadline().is_some_and(|deadline| now >= deadline) {
            self.forget_session(now);
        }
        if self.state_deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &self.state {
            State::Idle => {}
            State::Waiting { .. } => self.connect(now),
            State::Connecting { .. } => {
                let end = End {
                    code: Code::PoolConnect,
                    detail: format!("no connection after {} s", self.connect_timeout().as_secs()),
                    retry: Retry::Backoff,
                    redirect: None,
                };
                self.end(now, end, true);
            }
            State::Open(_) => self.with_session(now, |session, cx| session.wake(cx)),
        }
    }
}

/// Unique in the process as long as a client makes fewer than 2^24 connections, which at
/// its delays takes decades.
fn session_id(config: &SessionConfig, counter: u32) -> SessionId {
    SessionId::of_pool(config.pool, counter)
}

/// What whoever is there may say back to us, and nobody is to read.
fn secret_of(config: &SessionConfig) -> &str {
    match &config.address {
        Address::Node(access) => access.password(),
        Address::V1 { .. } | Address::V2 { .. } => &config.password,
    }
}
