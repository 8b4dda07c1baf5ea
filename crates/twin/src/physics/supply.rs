//! The power supply: what it gives, what it takes from the wall, when it gives up.
//!
//! ```text
//!   Off ── enable ──> On <── demand above or below the limit ──> Limited
//!    ^                 │ demand far above, or too long, or a fault      │
//!    │                 v                                                v
//!    └── enable off  Tripped <──────────────────────────────────────────┘
//!   any ── mains too low ──> NoMains ── mains back ──> Off
//! ```
//!
//! A trip latches until the enable line has been off for a while; a supply without such a
//! line tries again by itself. Losing the mains clears a trip.

/// What a machine's supply is like.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct SupplyLaw {
    /// The most that it gives for long.
    pub(crate) max_w: f64,
    /// On that, before its protection acts.
    pub(crate) bears: f64,
    /// What it gives where it takes no orders.
    pub(crate) fixed_v: Option<f64>,
    /// It has an enable line.
    pub(crate) switched: bool,
}

/// Losses at no load, in proportion, and with the square of the load, as shares of the most
/// that it gives. Assumed: 95 % at nine tenths, as such supplies are sold.
const LOSS: [f64; 3] = [0.008, 0.022, 0.028];
/// Resistance of output and bus bars, ohms. Assumed: 1 % at 250 A.
const DROOP_OHM: f64 = 0.0005;
/// Published for the APW12: set up within 2 s; three quarters of that for 15 V.
const SLEW_V_PER_S: f64 = 10.0;
/// Demand that it holds by giving less voltage, against the most that it gives. Assumed.
const LIMIT: f64 = 1.1;
/// Demand at which it trips at once. Published for the APW12: 291 to 350 A against 240 to
/// 300 A.
const TRIP: f64 = 1.2;
/// How long it bears more than its rating, seconds. Assumed.
const OVERLOAD_S: f64 = 10.0;
/// How long the enable line must be off to clear a trip, seconds. Assumed.
const CLEAR_S: f64 = 5.0;
/// How long a supply without an enable line waits before it tries again, seconds. Assumed.
const RETRY_S: f64 = 15.0;
/// Mains below which it stops: published for the APW12, 80 to 89 V.
const BROWN_OUT_V: f64 = 85.0;
/// Mains below which it gives less, in proportion. Published: rated from 200 V.
const FULL_POWER_V: f64 = 200.0;

impl SupplyLaw {
    /// What it takes from the wall to give `out_w`.
    pub(crate) fn wall_w(&self, out_w: f64) -> f64 {
        let x = out_w / self.max_w;
        out_w + self.max_w * (LOSS[0] + x * (LOSS[1] + x * LOSS[2]))
    }

    /// What it gives while it takes `wall_w`.
    pub(crate) fn out_w(&self, wall_w: f64) -> f64 {
        let (a, b) = (LOSS[2] / self.max_w, 1.0 + LOSS[1]);
        let c = self.max_w * LOSS[0] - wall_w;
        ((b * b - 4.0 * a * c).sqrt() - b) / (2.0 * a)
    }

    /// Voltage at its output when it was told `set_v` and gives `out_w`.
    pub(crate) fn output_v(&self, set_v: f64, out_w: f64) -> f64 {
        let root = (set_v * set_v - 4.0 * DROOP_OHM * out_w).max(0.0).sqrt();
        (set_v + root) / 2.0
    }
}

/// What a supply is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SupplyState {
    /// No mains, or too little.
    NoMains,
    /// Not enabled.
    Off,
    /// Giving what it was told, or on the way there.
    On,
    /// Giving less voltage than it was told, so as not to give more than it can.
    Limited,
    /// Its protection has switched it off.
    Tripped(Trip),
}

/// Why a supply's protection has switched it off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trip {
    /// Far more than it can give was asked of it.
    OverCurrent,
    /// More than it can give was asked of it for too long.
    Overload,
    /// A fault of its own.
    Fault,
}

/// What boards ask of a supply.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Load {
    /// Boards that run from its rail, siemens.
    pub(crate) conductance: f64,
    /// Boards with converters of their own, and what else it feeds, watts.
    pub(crate) constant_w: f64,
}

/// What acts on a supply during a step.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Mains {
    pub(crate) volts: f64,
    /// Share that it gives of what it was told.
    pub(crate) sag: f64,
    /// Its protection trips now.
    pub(crate) trip: bool,
}

#[cfg(test)]
impl Mains {
    pub(crate) const WELL: Mains = Mains {
        volts: super::faults::MAINS_V,
        sag: 1.0,
        trip: false,
    };
}

#[derive(Clone, Debug)]
pub(crate) struct Supply {
    law: SupplyLaw,
    pub(crate) state: SupplyState,
    enabled: bool,
    set_v: f64,
    /// Where the ramp has come to.
    ramp_v: f64,
    pub(crate) out_v: f64,
    /// How long it has been overloaded, or tripped and ready to clear.
    timer_s: f64,
}

impl Supply {
    pub(crate) fn new(law: SupplyLaw, set_v: f64) -> Self {
        Supply {
            law,
            state: SupplyState::Off,
            enabled: false,
            set_v,
            ramp_v: 0.0,
            out_v: 0.0,
            timer_s: 0.0,
        }
    }

    pub(crate) fn set(&mut self, enabled: bool, set_v: f64) {
        self.enabled = enabled;
        self.set_v = set_v;
    }

    pub(crate) fn gives(&self) -> bool {
        matches!(self.state, SupplyState::On | SupplyState::Limited)
    }

    /// Anything that is fed beside the main output: control board and fans.
    pub(crate) fn has_mains(&self) -> bool {
        self.state != SupplyState::NoMains
    }

    /// One step: state and output.
    pub(crate) fn step(&mut self, dt_s: f64, mains: Mains, load: Load) {
        let enabled = self.enabled || !self.law.switched;
        self.state = if mains.volts < BROWN_OUT_V {
            self.timer_s = 0.0;
            SupplyState::NoMains
        } else if mains.trip && enabled {
            self.trip(Trip::Fault)
        } else {
            match self.state {
                SupplyState::Tripped(trip) => self.wait(trip, dt_s, enabled),
                _ if !enabled => SupplyState::Off,
                _ => self.give(dt_s, mains, load),
            }
        };
        if !self.gives() {
            self.ramp_v = 0.0;
            self.out_v = 0.0;
        }
    }

    fn trip(&mut self, why: Trip) -> SupplyState {
        self.timer_s = 0.0;
        SupplyState::Tripped(why)
    }

    fn wait(&mut self, trip: Trip, dt_s: f64, enabled: bool) -> SupplyState {
        let (waits, enough_s) = if self.law.switched {
            (!enabled, CLEAR_S)
        } else {
            (true, RETRY_S)
        };
        self.timer_s = if waits { self.timer_s + dt_s } else { 0.0 };
        if self.timer_s < enough_s {
            return SupplyState::Tripped(trip);
        }
        self.timer_s = 0.0;
        SupplyState::Off
    }

    fn give(&mut self, dt_s: f64, mains: Mains, load: Load) -> SupplyState {
        let target_v = self.law.fixed_v.unwrap_or(self.set_v);
        let most = SLEW_V_PER_S * dt_s;
        self.ramp_v += (target_v - self.ramp_v).clamp(-most, most);
        let told_v = self.ramp_v * mains.sag;
        let constant_a = load.constant_w / told_v.max(1.0);
        let free_v = (told_v - DROOP_OHM * constant_a) / (1.0 + DROOP_OHM * load.conductance);
        let free_v = free_v.max(0.0);
        let wanted_w = free_v * free_v * load.conductance + load.constant_w;
        let can_w = self.law.max_w * self.law.bears * (mains.volts / FULL_POWER_V).min(1.0);
        if wanted_w > TRIP * can_w {
            return self.trip(Trip::OverCurrent);
        }
        self.timer_s = if wanted_w > can_w {
            self.timer_s + dt_s
        } else {
            0.0
        };
        if self.timer_s >= OVERLOAD_S {
            return self.trip(Trip::Overload);
        }
        if wanted_w <= LIMIT * can_w {
            self.out_v = free_v;
            return SupplyState::On;
        }
        let left_w = (LIMIT * can_w - load.constant_w).max(0.0);
        self.out_v = (left_w / load.conductance.max(1e-6)).sqrt().min(free_v);
        SupplyState::Limited
    }
}
