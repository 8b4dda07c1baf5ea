//! What the machine is meant to do, and when it may begin.
//!
//! ```text
//!            Resume, Wake: random delay
//!        ┌────────────────────────────────────┐
//!        ▼          Pause                     │
//! ── Hash ──────────────────────► Pause ◄──► Sleep        Shutdown from anywhere: Stopped
//!      │ ▲
//!      ▼ │ a pool is back: random delay
//!    no pool for 60 s
//! ```
//!
//! The intent survives process and power: each change is told by [`crate::Effect::Remember`].

use serde::{Deserialize, Serialize};
use units::{Duration, Instant, Rng};

use crate::api::{Cooling, FanMode, Intent, Local, Persisted, StartCause};
use crate::mutant::mutate;

/// Without any pool for this long, hash power goes off: our policy. Shorter, a pool's
/// restart would cost a ramp; stock firmware waits 120 s.
const NO_POOL_FOR: Duration = Duration::from_secs(60);
/// Longest delay that a configuration may ask for.
const DELAY_MAX: Duration = Duration::from_secs(3600);

/// The operator's side of the machine.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) settings: Persisted,
    pub(crate) began: Option<Instant>,
    pub(crate) shutdown: bool,
    /// Not before this.
    hold_until: Instant,
    /// Delays drawn so far.
    draws: u64,
    pool_gone_since: Option<Instant>,
    /// Hash power went off because no pool was there.
    pub(crate) no_pool: bool,
}

impl Run {
    pub(crate) fn new() -> Self {
        Run {
            settings: Persisted::default(),
            began: None,
            shutdown: false,
            hold_until: Instant::ZERO,
            draws: 0,
            pool_gone_since: None,
            no_pool: false,
        }
    }

    /// The process began. Gives the delay, if there is one.
    pub(crate) fn start(
        &mut self,
        now: Instant,
        local: &Local,
        cause: StartCause,
        remembered: Persisted,
    ) -> Option<Duration> {
        if self.began.is_some() {
            return None;
        }
        self.began = Some(now);
        self.settings = mutate!(PauseForgotten, remembered, Persisted::default());
        if !allowed(local, self.settings.fans) {
            self.settings.fans = FanMode::Auto;
        }
        match cause {
            StartCause::Restart => None,
            StartCause::PowerReturn => Some(self.hold(now, local, local.start_delay_max)),
        }
    }

    /// Change the intent. Gives the delay before it takes effect.
    pub(crate) fn intend(&mut self, now: Instant, local: &Local, intent: Intent) -> Duration {
        let resumed = self.settings.intent != Intent::Hash && intent == Intent::Hash;
        self.settings.intent = intent;
        if resumed {
            self.hold(now, local, local.resume_delay_max)
        } else {
            Duration::ZERO
        }
    }

    /// Tell whether a pool gives work.
    pub(crate) fn pools(&mut self, now: Instant, local: &Local, available: bool) -> Duration {
        if !available {
            self.pool_gone_since.get_or_insert(now);
            return Duration::ZERO;
        }
        self.pool_gone_since = None;
        if core::mem::take(&mut self.no_pool) {
            self.hold(now, local, local.resume_delay_max)
        } else {
            Duration::ZERO
        }
    }

    /// Let time pass: true when hash power goes off for want of a pool.
    pub(crate) fn step(&mut self, now: Instant) -> bool {
        let gone = self.pool_gone_since;
        let gone = gone.is_some_and(|since| now.since(since) >= NO_POOL_FOR);
        let newly = gone && !self.no_pool;
        self.no_pool |= gone;
        newly
    }

    /// Boards may have power.
    pub(crate) fn wants_power(&self, now: Instant) -> bool {
        self.began.is_some()
            && !self.shutdown
            && self.settings.intent == Intent::Hash
            && !self.no_pool
            && now >= self.hold_until
    }

    /// Hashing is meant, and its time has not come.
    pub(crate) fn is_held(&self, now: Instant) -> bool {
        now < self.hold_until
    }

    /// Wait for a random time; what is already being waited for is never shortened.
    fn hold(&mut self, now: Instant, local: &Local, max: Duration) -> Duration {
        self.draws += 1;
        let max = max.min(DELAY_MAX);
        let ms = u64::try_from(max.as_millis()).unwrap_or(0);
        let mut rng = Rng::new(local.seed).fork(self.draws);
        let drawn = Duration::from_millis(rng.below(ms.saturating_add(1)));
        let delay = mutate!(DelayRemoved, drawn, Duration::ZERO);
        self.hold_until = self.hold_until.max(now + delay);
        self.hold_until.since(now)
    }
}

/// Running without fans is the local configuration's to allow.
pub(crate) fn allowed(local: &Local, mode: FanMode) -> bool {
    let liquid = matches!(mode, FanMode::Immersion | FanMode::Hydro);
    !liquid || mutate!(LocalIgnored, local.cooling == Cooling::Liquid, true)
}
