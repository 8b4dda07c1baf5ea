//! A session of any protocol, and what all of them share: what they are given, how they end,
//! and the pool's rhythm.

use std::collections::VecDeque;

use telemetry::{Code, NodeView, PoolState};
use units::{DifficultyOne, Duration, Instant, Rng, SessionId};
use work::{Job, Share};

use crate::client::Manners;
use crate::limits::{GAPS_FOR_RHYTHM, GAPS_KEPT, SILENCE_DEFAULT, SILENCE_MIN};
use crate::node::News;
use crate::outbox::Outbox;
use crate::text::printable;
use crate::v1::resume::Resume;
use crate::{Address, Endpoint, SessionConfig, node, v1, v2};

/// One connection to a pool, in the protocol of its address; or one time of being with one's
/// own node.
#[derive(Debug)]
pub(crate) enum Session {
    V1(Box<v1::session::Session>),
    V2(Box<v2::session::Session>),
    Node(Box<node::session::Session>),
}

impl Session {
    /// A connection that stands; sends the first message. A node that answers has named its
    /// `chain`; one that cannot be mined at is left at once.
    pub(crate) fn open(
        cx: &mut Context<'_>,
        id: SessionId,
        chain: Option<&str>,
    ) -> Result<Session, Box<End>> {
        Ok(match cx.config.address {
            Address::V1 { .. } => Session::V1(Box::new(v1::session::Session::open(cx, id))),
            Address::V2 { .. } => Session::V2(Box::new(v2::session::Session::open(cx, id))),
            Address::Node(_) => {
                let chain = chain.unwrap_or_default();
                Session::Node(Box::new(node::session::Session::open(cx, id, chain)?))
            }
        })
    }

    /// Bytes from the pool.
    pub(crate) fn bytes(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Flow {
        match self {
            Session::V1(session) => session.bytes(cx, data),
            Session::V2(session) => session.bytes(cx, data),
            Session::Node(_) => Ok(()),
        }
    }

    /// What one's own node says.
    pub(crate) fn news(&mut self, cx: &mut Context<'_>, news: News) -> Flow {
        match self {
            Session::V1(_) | Session::V2(_) => Ok(()),
            Session::Node(session) => session.news(cx, news),
        }
    }

    /// Timers.
    pub(crate) fn wake(&mut self, cx: &mut Context<'_>) -> Flow {
        match self {
            Session::V1(session) => session.wake(cx),
            Session::V2(session) => session.wake(cx),
            Session::Node(session) => {
                session.wake(cx);
                Ok(())
            }
        }
    }

    /// When to call [`Session::wake`].
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self {
            Session::V1(session) => Some(session.next_deadline()),
            Session::V2(session) => Some(session.next_deadline()),
            Session::Node(session) => session.next_deadline(),
        }
    }

    /// Send a share, if it is one of this session. Returns whether it was booked.
    pub(crate) fn submit(&mut self, cx: &mut Context<'_>, share: &Share) -> bool {
        match self {
            Session::V1(session) => session.submit(cx, share),
            Session::V2(session) => session.submit(cx, share),
            Session::Node(session) => session.submit(cx, share),
        }
    }

    /// The machine's hashrate is known better. V1 has no word for it, and a node needs none.
    pub(crate) fn hashrate(&mut self, cx: &mut Context<'_>) {
        match self {
            Session::V1(_) | Session::Node(_) => {}
            Session::V2(session) => session.hashrate(cx),
        }
    }

    /// The end, as far as the world must hear of it.
    pub(crate) fn finish(&mut self, now: Instant, out: &mut Outbox) {
        match self {
            Session::V1(session) => session.finish(now, out),
            Session::V2(session) => session.finish(now, out),
            Session::Node(session) => session.finish(now, out),
        }
    }

    /// The connection is lost. What it takes to go on with the session, which is held if the pool
    /// `resumes`, else ended.
    pub(crate) fn lost(&mut self, now: Instant, resumes: bool, out: &mut Outbox) -> Option<Resume> {
        match self {
            Session::V1(session) => session.lost(now, resumes, out),
            Session::V2(_) | Session::Node(_) => {
                self.finish(now, out);
                None
            }
        }
    }

    /// When its first job was handed out.
    pub(crate) fn first_job_at(&self) -> Option<Instant> {
        match self {
            Session::V1(session) => session.jobs.first_at,
            Session::V2(session) => session.jobs.first_at,
            Session::Node(session) => session.first_at,
        }
    }

    /// How the pool shows in the snapshot, with the difficulty of its shares at the pool's scale.
    pub(crate) fn status(&self, one: DifficultyOne) -> (PoolState, Option<f64>) {
        match self {
            Session::V1(session) => session.status(),
            Session::V2(session) => session.status(one),
            Session::Node(session) => session.status(),
        }
    }

    /// The pool closed. What was just sent may be why: leave it out next time. If it was not,
    /// the next close brings it back.
    pub(crate) fn manners_after_close(&self, now: Instant, manners: Manners) -> Manners {
        match self {
            Session::V1(session) => session.manners_after_close(now, manners),
            Session::V2(session) => session.manners_after_close(manners),
            Session::Node(_) => manners,
        }
    }
}

/// What a session needs from its client while it handles one input.
pub(crate) struct Context<'a> {
    pub(crate) now: Instant,
    pub(crate) config: &'a SessionConfig,
    /// The login as a JSON string.
    pub(crate) user: &'a str,
    /// Hashes really computed in a second, as far as they are known.
    pub(crate) hashrate: f64,
    pub(crate) manners: &'a mut Manners,
    pub(crate) rng: &'a mut Rng,
    /// What people see of one's own node.
    pub(crate) node: &'a mut Option<NodeView>,
    pub(crate) out: &'a mut Outbox,
    /// Hosts of all configured pools: where the pool may send us.
    pub(crate) hosts: &'a [String],
    /// V1: the last session, if its connection was lost.
    pub(crate) resume: &'a mut Option<Resume>,
    /// V1: this pool has taken a session up again.
    pub(crate) resumes: &'a mut bool,
}

impl Context<'_> {
    pub(crate) fn note(&mut self, code: Code, detail: String) {
        self.out.note(self.now, code, detail);
    }

    /// A session hands out `job`. Its first one is told.
    pub(crate) fn works(&mut self, first_at: &mut Option<Instant>, job: &Job) {
        if first_at.is_some() {
            return;
        }
        *first_at = Some(self.now);
        let detail = format!(
            "job={:?} extranonce1_bytes={} extranonce2_bytes={} version_mask={:08x}",
            job.pool_job_id,
            job.extranonce1.len(),
            job.extranonce2_size,
            job.version_mask
        );
        self.note(Code::PoolUp, detail);
    }
}

/// Why a session ends, and how to come back.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) retry: Retry,
    /// Where to connect next, once, instead of the configured address.
    pub(crate) redirect: Option<Endpoint>,
}

/// When to come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Retry {
    /// After the usual delay.
    Backoff,
    /// After the usual delay, but not before this.
    NotBefore(Duration),
    /// Slowly: a person must mend something.
    Slow,
}

/// Whether the session goes on.
pub(crate) type Flow = Result<(), Box<End>>;

/// End the session and come back as `retry` says.
pub(crate) fn end(code: Code, detail: impl Into<String>, retry: Retry) -> Flow {
    Err(Box::new(End {
        code,
        detail: detail.into(),
        retry,
        redirect: None,
    }))
}

/// The pool asks us to connect to `host` (empty: the same) and `port` after `wait`. Followed to
/// another port, and to the host of another pool of the configuration, never elsewhere. Whoever
/// sits on the wire could send it, and has: this is how hashrate was stolen. What protects the
/// connection stays what it is.
pub(crate) fn redirected(
    cx: &mut Context<'_>,
    host: &str,
    port: Option<u16>,
    wait: Duration,
) -> Flow {
    let own = cx.config.address.endpoint();
    let is_meant = |own: &&String| host.eq_ignore_ascii_case(own);
    let ours = match host.is_empty() {
        true => Some(&own.host),
        false => [&own.host].into_iter().chain(cx.hosts).find(is_meant),
    };
    let redirect = ours.map(|host| Endpoint {
        host: host.clone(),
        port: port.unwrap_or(own.port),
    });
    let detail = match &redirect {
        Some(next) => format!("to={next} wait_s={}", wait.as_secs()),
        None => {
            let host = printable(host);
            format!("to={host:?} refused: no pool of the configuration is there")
        }
    };
    Err(Box::new(End {
        code: Code::PoolReconnect,
        detail,
        retry: Retry::NotBefore(wait),
        redirect,
    }))
}

/// The pool's rhythm: the gaps between its last jobs.
#[derive(Debug)]
pub(crate) struct Rhythm {
    last: Option<Instant>,
    gaps: VecDeque<Duration>,
    /// How long the pool may say nothing at all: twice its longest recent gap, but a
    /// minute at least. Kept, because every deadline asks for it.
    pub(crate) patience: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Rhythm {
            last: None,
            gaps: VecDeque::new(),
            patience: SILENCE_DEFAULT,
        }
    }
}

impl Rhythm {
    /// A job came.
    pub(crate) fn beat(&mut self, now: Instant) {
        if let Some(last) = self.last.replace(now) {
            if self.gaps.len() == GAPS_KEPT {
                self.gaps.pop_front();
            }
            self.gaps.push_back(now.since(last));
        }
        if self.gaps.len() >= GAPS_FOR_RHYTHM {
            let longest = self.gaps.iter().max().copied().unwrap_or_default();
            self.patience = longest.saturating_mul(2).max(SILENCE_MIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_follows_the_longest_recent_gap() {
        let mut rhythm = Rhythm::default();
        let mut now = Instant::ZERO;
        let mut beat = |gap_s: u64| {
            now += Duration::from_secs(gap_s);
            rhythm.beat(now);
            rhythm.patience.as_secs()
        };
        assert_eq!(beat(0), 180);
        assert_eq!(beat(0), 180);
        assert_eq!(beat(60), 180);
        assert_eq!(beat(60), 120);
        assert_eq!(beat(5), 120);
        assert_eq!(beat(600), 1200);
        for _ in 0..7 {
            assert_eq!(beat(1), 1200);
        }
        assert_eq!(beat(1), 60);
    }
}
