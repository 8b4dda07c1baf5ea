//! Keeps the link's queue filled: a credit counted in time.
//!
//! The queue lives in the link and the link alone empties it; here is an estimate of it,
//! set right by every [`hal::LinkEvent::Work`].

use units::{Duration, Instant};

/// Work kept in the link. Longer than any pause of the engine, shorter than what a pool
/// would notice as stale work: a flush drops it, a new job without one waits behind it.
const CREDIT: Duration = Duration::from_millis(20);
/// Frames at most; the ports' queues hold more.
const MOST: u16 = 256;
/// An ask that got nothing is repeated after this long.
const HUNGRY: Duration = Duration::from_millis(50);
/// Jobs that last at least this long are queued one at a time: the next is wanted when
/// the last has left, and a tenth of a second is time enough.
const LONG_JOB: Duration = Duration::from_millis(100);

/// The credit of one chain.
#[derive(Debug)]
pub(super) struct Feed {
    period: Duration,
    queued: u16,
    asked: u16,
    asked_at: Instant,
    seen_at: Instant,
    sent: u64,
    busy_until: Instant,
    /// Works that chips hold beside the one that they run.
    reserve: u16,
}

impl Feed {
    /// `sent` is the link's count at its last word, 0 if it never spoke.
    pub(super) fn new(now: Instant, period: Duration, sent: u64, reserve: u16) -> Self {
        Feed {
            period,
            queued: 0,
            asked: 0,
            asked_at: now,
            seen_at: now,
            sent,
            busy_until: now,
            reserve,
        }
    }

    pub(super) fn period(&self) -> Duration {
        self.period
    }

    pub(super) fn set_period(&mut self, period: Duration) {
        self.period = period;
    }

    /// Frames that the link should hold.
    fn target(&self) -> u16 {
        if self.period >= LONG_JOB {
            return 1;
        }
        let frames = CREDIT.as_nanos().div_ceil(self.period.as_nanos().max(1));
        u16::try_from(frames).unwrap_or(MOST).clamp(2, MOST)
    }

    /// How many frames to ask for now, if any: the whole of what is wanted, in place of
    /// what was asked before.
    pub(super) fn ask(&mut self, now: Instant) -> Option<u16> {
        let wanted = self.target().saturating_sub(self.queued);
        let again = now >= self.asked_at + HUNGRY;
        // In batches of a quarter, so that a fast chain does not ask for every frame.
        let batch = (self.target() / 4).max(1);
        let due = wanted.saturating_sub(self.asked) >= batch || (again && wanted > 0);
        due.then(|| {
            self.asked = wanted;
            self.asked_at = now;
            wanted
        })
    }

    /// Ask at once even if asked just now.
    pub(super) fn ask_anew(&mut self, now: Instant) -> Option<u16> {
        self.asked = 0;
        self.ask(now)
    }

    /// One frame was queued.
    pub(super) fn queued(&mut self) {
        self.queued = self.queued.saturating_add(1);
        self.asked = self.asked.saturating_sub(1);
    }

    /// The link refused a frame.
    pub(super) fn refused(&mut self) {
        self.queued = self.queued.saturating_sub(1);
    }

    /// The queue was dropped. The running job goes on until the next one replaces it.
    pub(super) fn flushed(&mut self, now: Instant) {
        self.queued = 0;
        self.asked = 0;
        self.busy_until = self.busy_until.min(now + self.period);
    }

    /// The link's own account. True if work left that had not been counted.
    pub(super) fn moved(&mut self, now: Instant, queued: u16, sent: u64) -> bool {
        self.queued = queued;
        self.seen_at = now;
        let left = sent > self.sent;
        self.sent = sent;
        if left {
            // What is queued follows without a further word.
            let works = u32::from(queued) + u32::from(self.reserve) + 1;
            self.busy_until = now + self.period * works;
        }
        left
    }

    /// The link's count of frames that left.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// The chips have work until then.
    pub(super) fn busy_until(&self) -> Instant {
        self.busy_until
    }

    /// The link should have said something by now: believe the queue empty.
    pub(super) fn wake(&mut self, now: Instant) {
        let patience = self.period * (2 * u32::from(self.queued) + 1) + Duration::from_secs(1);
        if self.queued > 0 && now >= self.seen_at + patience {
            self.queued = 0;
            self.seen_at = now;
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        if self.queued < self.target() {
            self.asked_at + HUNGRY
        } else {
            Instant::NEVER
        }
    }
}
