//! One board's hash power: on, on the way down, or stopped with a reason and a wait. A board
//! that fails takes none of the others with it.
//!
//! ```text
//!          wanted, allowed          rail at its start voltage
//!   Off ──────────────────► Rising ──────────────────────────► On ◄─┐ wanted again
//!    ▲                        │                                │    │
//!    │      ramp is down      │      no longer wanted          ▼    │
//!    ├────────────────────────│───────────────────────────── Lowering
//!    │                        │ hazard                         │
//!    │                        ▼            hazard: at once     │
//!    │                     Stopped ◄───────────────────────────┘   (from On too)
//!    │  waited, cool, well    │
//!    └────────────────────────┘  to Rising
//! ```
//!
//! A board that is gone is Off from wherever it was, and is started again when its chain says that it is there.

use serde::{Deserialize, Serialize};
use units::{Duration, Instant};

use crate::api::{BoardState, ChainState};
use crate::cause::Cause;
use crate::heat::Heat;
use crate::mutant::mutate;
use crate::plan::Plan;
use crate::plausible::Tracker;
use crate::thermal::Thermal;

/// Stops that an hour may have before the wait is until the first of them is an hour old:
/// our policy. Each restart heats solder and draws a ramp.
const RESTARTS_PER_HOUR: usize = 4;
const HOUR: Duration = Duration::from_secs(3600);
/// The first wait after a stop; it doubles with each stop of the hour, up to the longest.
const WAIT: Duration = Duration::from_secs(60);
const WAIT_MAX: Duration = Duration::from_secs(600);
/// A board starts again when it is this much below the derating temperature, °C.
const COOL_C: f64 = 15.0;
/// Between the starts of two boards: our policy; a supply is loaded step by step.
pub(crate) const STAGGER: Duration = Duration::from_secs(3);
/// A board that has power and that nobody could measure goes off after this. Sensors that
/// chips relay answer only when the chain is up, which takes up to half of it.
const BLIND_FOR: Duration = Duration::from_secs(60);
/// A board that was told to go off has gone after this.
const OFF_WITHIN: Duration = Duration::from_secs(3);
/// A rail is at its start voltage this long after the supply may be switched on: supplies
/// take 2 s, and rails that are raised under load 70.
pub(crate) const RISE_WITHIN: Duration = Duration::from_secs(90);

/// Where a board's hash power stands.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Phase {
    Off {
        since: Instant,
    },
    Rising {
        since: Instant,
    },
    On {
        since: Instant,
    },
    Lowering {
        since: Instant,
    },
    Stopped {
        since: Instant,
        cause: Cause,
        until: Instant,
    },
}

/// Everything that control keeps of a board.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Board {
    pub(crate) phase: Phase,
    pub(crate) chain: ChainState,
    /// Since when the chain answers.
    pub(crate) up_since: Option<Instant>,
    pub(crate) power: BoardState,
    /// Since when the board has been on, as it says itself.
    pub(crate) on_since: Option<Instant>,
    pub(crate) trackers: Vec<Tracker>,
    pub(crate) heat: Heat,
    pub(crate) thermal: Thermal,
    /// The tuner's frequency.
    pub(crate) tuned_mhz: Option<f64>,
    /// The frequency that it may have now.
    pub(crate) cap_mhz: f64,
    /// When anything of it was measured last.
    seen_at: Instant,
    /// That it does not obey was told.
    pub(crate) stuck_told: bool,
    /// Stops of the last hour.
    stops: Vec<Instant>,
}

/// What may happen to a board now.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Will {
    /// Hash power is wanted.
    pub(crate) wanted: bool,
    /// The machine is ready to start one.
    pub(crate) may_start: bool,
    /// The rail is where a start needs it.
    pub(crate) rail_ready: bool,
    /// How long that may take.
    pub(crate) rise_within: Duration,
    /// The board's ramp down is over.
    pub(crate) lowered: bool,
    /// What concerns all boards.
    pub(crate) hazard: Option<(Cause, String)>,
    /// The owner consents to boards without sensors.
    pub(crate) unwatched: bool,
}

/// A change of a board's phase that people should know.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Event {
    On,
    Off,
    /// It is not there any more.
    Gone,
    Again,
    Stopped {
        cause: Cause,
        why: String,
        wait: Duration,
    },
}

impl Board {
    pub(crate) fn new(plan: &Plan) -> Self {
        Board {
            phase: Phase::Off {
                since: Instant::ZERO,
            },
            chain: ChainState::Off,
            up_since: None,
            power: BoardState::Unknown,
            on_since: None,
            trackers: vec![Tracker::default(); plan.sensors.len()],
            heat: Heat::default(),
            thermal: Thermal::default(),
            tuned_mhz: None,
            cap_mhz: 0.0,
            seen_at: Instant::ZERO,
            stuck_told: false,
            stops: Vec::new(),
        }
    }

    /// As long as a board of so many sensors needs it.
    pub(crate) fn is_sound(&self, sensors: usize) -> bool {
        self.trackers.len() == sensors && self.stops.len() <= 2 * RESTARTS_PER_HOUR
    }

    pub(crate) fn set_chain(&mut self, now: Instant, state: ChainState) {
        self.chain = state;
        self.up_since = state.mhz().map(|_| self.up_since.unwrap_or(now));
    }

    pub(crate) fn set_power(&mut self, now: Instant, state: BoardState) {
        self.power = state;
        let on = matches!(state, BoardState::On { .. });
        self.on_since = on.then(|| self.on_since.unwrap_or(now));
    }

    /// It has hash power, or is about to have it.
    pub(crate) fn is_active(&self) -> bool {
        !matches!(self.phase, Phase::Off { .. } | Phase::Stopped { .. })
    }

    /// A board is there, for all that is known.
    pub(crate) fn is_there(&self) -> bool {
        self.chain != ChainState::Absent
    }

    /// What its sensors give to worry about. Those of a board that is not there say nothing, and rightly; what is hot
    /// is there all the same.
    pub(crate) fn worry(&self) -> Option<&(Cause, String)> {
        let worry = self.heat.hazard.as_ref();
        worry.filter(|(cause, _)| self.is_there() || *cause == Cause::Heat)
    }

    /// It is to have hash power.
    pub(crate) fn is_on(&self) -> bool {
        matches!(self.phase, Phase::On { .. } | Phase::Lowering { .. })
    }

    /// It does not obey: told to be off, it says that it is on.
    pub(crate) fn is_stuck(&self, now: Instant) -> bool {
        let (Phase::Off { since } | Phase::Stopped { since, .. }) = self.phase else {
            return false;
        };
        let stuck = self.on_since.is_some() && now.since(since) >= OFF_WITHIN;
        mutate!(StuckBoardTolerated, stuck, false)
    }

    /// Since when it has been without hash power.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        match self.phase {
            Phase::Off { since } | Phase::Stopped { since, .. } => Some(since),
            _ => None,
        }
    }

    /// Let the phase follow what is wanted and what is wrong.
    pub(crate) fn step(&mut self, now: Instant, plan: &Plan, will: &Will) -> Option<Event> {
        if self.heat.over.is_some() {
            self.seen_at = now;
        }
        if matches!(self.phase, Phase::Stopped { until, .. } if now >= until) {
            // What is cold and off shows one value and proves nothing: the next start asks anew.
            self.trackers.iter_mut().for_each(Tracker::forget_stuck);
        }
        let active = self.is_active();
        if active && !self.is_there() {
            self.phase = Phase::Off { since: now };
            return Some(Event::Gone);
        }
        let hazard = will.hazard.clone().or_else(|| self.hazard(now, will));
        if let Some((cause, why)) = hazard {
            // Nothing that is off starts under a hazard, and nothing that is on stays so.
            return active.then(|| self.stop(now, cause, why));
        }
        match self.phase {
            Phase::Off { .. } if will.wanted && will.may_start && self.may_start(plan, will) => {
                self.rise(now, None)
            }
            Phase::Rising { .. } if !will.wanted => {
                self.phase = Phase::Off { since: now };
                None
            }
            Phase::Rising { .. } if will.rail_ready => {
                self.phase = Phase::On { since: now };
                for tracker in &mut self.trackers {
                    tracker.forget_doubts();
                }
                Some(Event::On)
            }
            Phase::On { since } if !will.wanted => {
                self.phase = Phase::Lowering { since };
                None
            }
            Phase::Lowering { since } if will.wanted => {
                self.phase = Phase::On { since };
                None
            }
            Phase::Lowering { .. } if will.lowered => {
                self.phase = Phase::Off { since: now };
                Some(Event::Off)
            }
            Phase::Stopped { until, .. }
                if now >= until
                    && will.wanted
                    && will.may_start
                    && self.may_start(plan, will)
                    && mutate!(UncooledRestart, self.is_cool(), true) =>
            {
                self.rise(now, Some(Event::Again))
            }
            _ => None,
        }
    }

    fn rise(&mut self, now: Instant, event: Option<Event>) -> Option<Event> {
        self.phase = Phase::Rising { since: now };
        self.thermal = Thermal::default();
        event
    }

    /// What is wrong with this board alone.
    fn hazard(&self, now: Instant, will: &Will) -> Option<(Cause, String)> {
        if let Some(hazard) = &self.heat.hazard {
            return Some(hazard.clone());
        }
        if self.power == BoardState::Failed {
            return Some((Cause::Board, "controller failed".to_owned()));
        }
        if self.chain == ChainState::Failed {
            return Some((Cause::Board, "chain gave up".to_owned()));
        }
        let since = match self.phase {
            Phase::Rising { since } if now.since(since) >= will.rise_within => {
                return Some((Cause::Supply, "its voltage does not come".to_owned()));
            }
            Phase::On { since } => since,
            _ => return None,
        };
        let blind = self.heat.over.is_none() && !self.is_unwatched(will);
        let long = blind && now.since(since.max(self.seen_at)) >= BLIND_FOR;
        mutate!(BlindForever, long, false).then(|| (Cause::Silent, "no sensor answered".to_owned()))
    }

    /// It has no sensor, and the owner lets it run all the same.
    pub(crate) fn is_unwatched(&self, will: &Will) -> bool {
        self.heat.fitted == 0 && will.unwatched
    }

    /// The process began: what was before is not known.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.phase = Phase::Off { since: now };
    }

    fn may_start(&self, plan: &Plan, will: &Will) -> bool {
        let watched = self.heat.fitted > 0 || will.unwatched;
        let hot = self.heat.inlet_c.is_some_and(|c| c > plan.inlet_max_c);
        let cool = self.heat.over.is_none_or(|over| over.warn < 0.0);
        watched && !hot && cool && self.is_there()
    }

    fn is_cool(&self) -> bool {
        self.heat.over.is_none_or(|over| over.derate < -COOL_C)
    }

    fn stop(&mut self, now: Instant, cause: Cause, why: String) -> Event {
        self.stops.retain(|at| now.since(*at) < HOUR);
        self.stops.push(now);
        let wait = mutate!(RestartUnbounded, self.wait(now), Duration::from_secs(1));
        self.phase = Phase::Stopped {
            since: now,
            cause,
            until: now + wait,
        };
        Event::Stopped { cause, why, wait }
    }

    /// How long a board that stopped just now stays off.
    fn wait(&self, now: Instant) -> Duration {
        let count = self.stops.len();
        let doubled = WAIT * (1 << count.saturating_sub(1).min(8));
        let wait = mutate!(WaitNeverGrows, doubled.min(WAIT_MAX), WAIT);
        let oldest = count
            .checked_sub(RESTARTS_PER_HOUR)
            .map_or(Duration::ZERO, |first| {
                (self.stops[first] + HOUR).since(now)
            });
        mutate!(RestartNever, wait.max(oldest), Duration::MAX)
    }
}
