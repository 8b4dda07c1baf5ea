//! The switch that a voltage controller is: on while heartbeats come.

use units::{Duration, Instant};

/// State of the rail behind a controller.
///
/// ```text
///   Off ── enable ──> On ── no heartbeat for `after` ──> Starved
///    ^                │ disable                            │ reset only
///    └────────────────┴────────────────────────────────────┘
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Off,
    On { fed: Instant },
    Starved,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RailSwitch {
    state: State,
    after: Duration,
}

impl RailSwitch {
    pub(crate) fn new(after: Duration) -> Self {
        RailSwitch {
            state: State::Off,
            after,
        }
    }

    pub(crate) fn on(&self) -> bool {
        matches!(self.state, State::On { .. })
    }

    pub(crate) fn starved(&self) -> bool {
        self.state == State::Starved
    }

    /// Enable or disable. A starved controller takes neither until it is reset.
    pub(crate) fn switch(&mut self, now: Instant, on: bool) {
        self.settle(now);
        self.state = match self.state {
            State::Starved => State::Starved,
            _ if on => State::On { fed: now },
            _ => State::Off,
        };
    }

    pub(crate) fn feed(&mut self, now: Instant) {
        self.settle(now);
        if let State::On { fed } = &mut self.state {
            *fed = now;
        }
    }

    pub(crate) fn reset(&mut self) {
        self.state = State::Off;
    }

    pub(crate) fn settle(&mut self, now: Instant) {
        if self.next_event().is_some_and(|at| at <= now) {
            self.state = State::Starved;
        }
    }

    /// When it cuts the rail if nothing comes.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        match self.state {
            State::On { fed } => Some(fed + self.after),
            State::Off | State::Starved => None,
        }
    }
}
