//! One connection to a V2 pool, from its first byte to its end.
//!
//! ```text
//!  Setup --Success--> Open --Success--> Ready
//!    |                 |  ^ refused:       | silent, closed, reconnect,
//!    | error, closed   |__| a standard     | channel closed
//!    v                 |    channel next   v
//!  (end)             (end)               (end)
//! ```
//!
//! One channel for the whole machine: an extended one where the pool gives it, else a standard
//! one. Both are fed by the same messages; see `jobs` for which of them make a job run.

use telemetry::{Code, PoolState};
use units::{DifficultyOne, Instant, SessionId};
use work::Share;

use crate::Effect;
use crate::client::Manners;
use crate::limits::{FRAME_BYTES, QUEUED_EFFECTS};
use crate::outbox::Outbox;
use crate::session::{Context, Flow, Retry, Rhythm, end};
use crate::v2::channel::{Channel, Kind};
use crate::v2::frames::{self, Frame, Partial};
use crate::v2::jobs::Jobs;
use crate::v2::submits::Submits;

/// How far the handshake got. `until` is when patience ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// SetupConnection is sent.
    Setup { until: Instant },
    /// This kind of channel is asked for.
    Open {
        until: Instant,
        request: u32,
        kind: Kind,
    },
    /// The channel stands.
    Ready,
}

/// State of one connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) phase: Phase,
    partial: Partial,
    pub(super) malformed: u32,
    last_heard: Instant,
    /// The pool was asked for a sign of life since it was last heard.
    probed: bool,
    pub(super) rhythm: Rhythm,
    pub(super) next_request: u32,
    /// The pool's word on the whole connection: no version bit may be rolled.
    pub(super) fixed_version: bool,
    /// The pool's word on the whole connection: there are no standard channels.
    pub(super) extended_only: bool,
    pub(super) channel: Option<Channel>,
    pub(crate) jobs: Jobs,
    pub(super) submits: Submits,
    /// The hashrate that the pool was told, and when.
    pub(super) told: (f64, Instant),
}

impl Session {
    /// A connection that stands; sends the first message.
    pub(crate) fn open(cx: &mut Context<'_>, id: SessionId) -> Session {
        let mut session = Session {
            id,
            phase: Phase::Setup { until: cx.now },
            partial: Partial::default(),
            malformed: 0,
            last_heard: cx.now,
            probed: false,
            rhythm: Rhythm::default(),
            next_request: 1,
            fixed_version: false,
            extended_only: false,
            channel: None,
            jobs: Jobs::default(),
            submits: Submits::default(),
            told: (0.0, cx.now),
        };
        session.set_up(cx);
        session
    }

    /// Bytes from the pool.
    pub(crate) fn bytes(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Flow {
        let mut rest = data;
        loop {
            match frames::next(&mut self.partial, &mut rest) {
                Ok(None) => return Ok(()),
                Ok(Some(frame)) => {
                    if cx.out.len() > QUEUED_EFFECTS {
                        return end(Code::PoolProtocol, "too much at once", Retry::Backoff);
                    }
                    self.last_heard = cx.now;
                    self.probed = false;
                    if let Frame::Known { kind, payload } = frame {
                        self.call(cx, kind, payload)?;
                    }
                }
                Err(long) => {
                    let detail = format!(
                        "message={:#04x} bytes={} limit_bytes={FRAME_BYTES}",
                        long.kind, long.length
                    );
                    return end(Code::PoolLine, detail, Retry::Backoff);
                }
            }
        }
    }

    /// Timers.
    pub(crate) fn wake(&mut self, cx: &mut Context<'_>) -> Flow {
        self.submits.waiting.expire(cx.now, cx.out);
        if let Phase::Setup { until } | Phase::Open { until, .. } = self.phase {
            if cx.now >= until {
                let detail = match self.phase {
                    Phase::Setup { .. } => "no answer to SetupConnection",
                    _ => "no answer to the opening of a channel",
                };
                return end(Code::PoolSilent, detail, Retry::Backoff);
            }
            return Ok(());
        }
        self.jobs.check(cx.now)?;
        let silent_for = cx.now.since(self.last_heard);
        if silent_for >= self.rhythm.patience {
            let detail = format!("silent_s={}", silent_for.as_secs());
            return end(Code::PoolSilent, detail, Retry::Backoff);
        }
        if silent_for >= self.rhythm.patience / 2 && !self.probed {
            // A pool without news sends nothing; this it must answer, with a target.
            self.probed = true;
            self.update_channel(cx);
        }
        Ok(())
    }

    /// When to call [`Session::wake`].
    pub(crate) fn next_deadline(&self) -> Instant {
        let phase = match self.phase {
            Phase::Setup { until } | Phase::Open { until, .. } => until,
            Phase::Ready if self.probed => self.last_heard + self.rhythm.patience,
            Phase::Ready => self.last_heard + self.rhythm.patience / 2,
        };
        let others = [
            self.submits.waiting.next_deadline(),
            self.jobs.next_deadline(),
        ];
        others.into_iter().flatten().fold(phase, Instant::min)
    }

    /// Send a share, if it is one of this session. Returns whether it was booked.
    pub(crate) fn submit(&mut self, cx: &mut Context<'_>, share: &Share) -> bool {
        let Some(channel) = &self.channel else {
            return false;
        };
        if share.job.session != self.id || self.phase != Phase::Ready {
            return false;
        }
        self.submits.send(cx.now, channel, share, cx.out)
    }

    /// How the pool shows in the snapshot. The wire knows targets alone; a target of zero has
    /// no difficulty.
    pub(crate) fn status(&self, one: DifficultyOne) -> (PoolState, Option<f64>) {
        let state = match self.phase {
            Phase::Ready if self.jobs.current.is_some() => PoolState::Active,
            Phase::Ready => PoolState::Connected,
            _ => PoolState::Connecting,
        };
        let difficulty = self.channel.as_ref().map(|c| c.target.difficulty_at(one));
        (state, difficulty.filter(|d| d.is_finite()))
    }

    /// What to leave out of the next handshake, after the pool closed in this phase.
    pub(crate) fn manners_after_close(&self, manners: Manners) -> Manners {
        match self.phase {
            Phase::Setup { .. } => Manners {
                configure: false,
                ..manners
            },
            Phase::Open {
                kind: Kind::Extended { .. },
                ..
            } => Manners {
                extended: false,
                ..manners
            },
            _ => manners.after_success(),
        }
    }

    /// The end, as far as the world must hear of it.
    pub(crate) fn finish(&mut self, now: Instant, out: &mut Outbox) {
        self.submits.waiting.give_up(now, out);
        if self.phase == Phase::Ready {
            out.push(Effect::SessionEnded(self.id));
        }
    }
}
