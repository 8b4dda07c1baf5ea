//! What the machine is meant to do, and when it may begin.
//!
//! ```text
//!            Resume, Wake: random delay
//!        ┌────────────────────────────────────┐
//!        ▼          Pause                     │
//! ── Hash ──────────────────────► Pause ◄──► Sleep        Shutdown from anywhere: Stopped
//!      │ ▲ ▲
//!      ▼ │ │ a pool is back: up again, half as fast as at a start
//!      no pool for 10 s: frequency falls
//!      ▼ │ a pool is back: random delay
//!      no pool for 60 s: hash power off
//! ```
//!
//! Chips go on with their last job while no pool is there, so that power follows frequency
//! alone: it falls in a ramp and rises in one, and an outage of seconds is none.
//!
//! The intent survives process and power: each change is told by [`crate::Effect::Remember`].

use serde::{Deserialize, Serialize};
use units::{Duration, Instant, Rng};

use crate::api::{Cooling, FanMode, Intent, Local, Persisted, StartCause};
use crate::mutant::mutate;
use crate::power::SLOW_S;

/// Without any pool for this long, the frequency falls: our policy. A change to another pool,
/// or a pool's restart, is over by then and costs nothing; longer would be power for nobody.
const EASE_AFTER: Duration = Duration::from_secs(10);
/// After a pool's return power rises slowly for so long: as long as that ramp takes from
/// nothing. Machines that lost a pool together rise together.
const SLOW_FOR: Duration = Duration::from_secs(SLOW_S as u64);
/// The random time before that ramp: steps of the same second would add up.
const SLOW_AFTER: Duration = Duration::from_secs(10);
/// Without any pool for this long, hash power goes off: our policy. Shorter, a pool's
/// restart would cost a start; stock firmware waits 120 s.
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
    /// A pool gave work once.
    had_pool: bool,
    /// The frequency falls because no pool is there.
    pub(crate) eases: bool,
    /// It does not rise before this ...
    rises_from: Instant,
    /// ... and slowly until this.
    slow_until: Instant,
    /// Hash power went off because no pool was there.
    pub(crate) no_pool: bool,
}

/// What the want of a pool has just changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Without {
    /// The frequency falls.
    Eases,
    /// Hash power goes off.
    Off,
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
            had_pool: false,
            eases: false,
            rises_from: Instant::ZERO,
            slow_until: Instant::ZERO,
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
        let eased = core::mem::take(&mut self.eases);
        // What waits for its first pool has nothing to get back.
        if eased && self.had_pool && !self.no_pool {
            self.rises_from = now + self.draw(local, local.resume_delay_max.min(SLOW_AFTER));
            let slow = mutate!(SlowReturnForgotten, SLOW_FOR, Duration::ZERO);
            self.slow_until = self.rises_from + slow;
        }
        self.had_pool = true;
        if core::mem::take(&mut self.no_pool) {
            self.hold(now, local, local.resume_delay_max)
        } else {
            Duration::ZERO
        }
    }

    /// Let time pass: what changes for want of a pool.
    pub(crate) fn step(&mut self, now: Instant) -> Option<Without> {
        let gone = now.since(self.pool_gone_since?);
        let eases = mutate!(PoolLossNotEased, gone >= EASE_AFTER, false);
        let off = gone >= NO_POOL_FOR;
        let newly = (eases && !self.eases, off && !self.no_pool);
        self.eases |= eases;
        self.no_pool |= off;
        match newly {
            (_, true) => Some(Without::Off),
            (true, false) if self.had_pool => Some(Without::Eases),
            _ => None,
        }
    }

    /// The frequency stays for now, or falls: no pool is there, or one is just back.
    pub(crate) fn may_not_rise(&self, now: Instant) -> bool {
        self.eases || now < self.rises_from
    }

    /// A pool is back, and every neighbour's with it.
    pub(crate) fn is_slow(&self, now: Instant) -> bool {
        now < self.slow_until
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
        let delay = self.draw(local, max);
        self.hold_until = self.hold_until.max(now + delay);
        self.hold_until.since(now)
    }

    fn draw(&mut self, local: &Local, max: Duration) -> Duration {
        self.draws += 1;
        let max = max.min(DELAY_MAX);
        let ms = u64::try_from(max.as_millis()).unwrap_or(0);
        let mut rng = Rng::new(local.seed).fork(self.draws);
        let drawn = Duration::from_millis(rng.below(ms.saturating_add(1)));
        mutate!(DelayRemoved, drawn, Duration::ZERO)
    }
}

/// Running without fans is the local configuration's to allow.
pub(crate) fn allowed(local: &Local, mode: FanMode) -> bool {
    let liquid = matches!(mode, FanMode::Immersion | FanMode::Hydro);
    !liquid || mutate!(LocalIgnored, local.cooling == Cooling::Liquid, true)
}
