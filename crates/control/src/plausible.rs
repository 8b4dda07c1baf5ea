//! What one sensor can be believed: unknown, absent, failed and implausible are four things,
//! and none of them is cool.
//!
//! ```text
//!              in range, near the last           older than 1.5 s           older than 8 s
//! Unknown ────────────────────────────► Good ─────────────────────► Ageing ───────────────► Silent
//!    │  far from the last: a second one    │ ▲  any believed reading   │                       │
//!    │  must agree                         │ └───────────────────────────────────────────────┘
//!    └─ nothing there: Absent              └─ stuck, jumping, too cool: Implausible
//! ```
//!
//! It does not know limits, except the one at which two readings in a row are dangerous.

use serde::{Deserialize, Serialize};
use telemetry::Sensed;
use units::{Celsius, Duration, Instant};

use crate::mutant::mutate;

/// A reading is as good as new for this long: our policy, one sampling period of a second
/// and half of one of jitter. Shorter: every late poll ages.
const FRESH: Duration = Duration::from_millis(1500);
/// From here on a reading is missing: three samples.
pub(crate) const LATE: Duration = Duration::from_secs(3);
/// How fast a board can get hotter unseen: assumed, °C/s. A board of 1.1 kW whose air stops
/// heats some 2 kg of aluminium (900 J/kg/K) by 0.6 °C/s.
pub(crate) const SLEW_C_PER_S: f64 = 1.0;
/// A sensor is silent from here on. The rule is hash power off within 10 s; two are left for
/// noticing and switching.
pub(crate) const SILENT: Duration = Duration::from_secs(8);
/// A change between two samples that the second must confirm: our policy.
const JUMP_C: f64 = 20.0;
/// So many unconfirmed jumps (one is forgotten each 10 s) and the sensor is not believed: a
/// single disturbance on the bus is no reason to stop.
const JUMPS_MAX: f64 = 3.0;
/// More than so many are not counted: what jumped for long is believed a minute after it ceased,
/// and not the later the longer it lasted.
const JUMPS_KEPT: f64 = 2.0 * JUMPS_MAX;
/// A change of the board's power, as a fraction of the rated, that any sensor on it feels.
const SWING: f64 = 0.3;
/// How long a sensor may show exactly the same after such a change: with its lag three times
/// the usual 5 s it has moved by more than one step of 1 °C long before.
const STUCK: Duration = Duration::from_secs(30);
/// How long a sensor may be cooler than it can be, before it is called a liar.
const LOW: Duration = Duration::from_secs(10);
/// What the parts can measure where we put them (published: drivers of this class ignore
/// what is outside).
const RANGE_C: core::ops::RangeInclusive<f64> = -40.0..=125.0;

/// What is believed of a sensor now.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Verdict {
    /// Nobody has read it yet, and it is not overdue.
    Unknown,
    /// Nothing is there.
    Absent,
    /// A believed value that is fresh.
    Good(f64),
    /// A believed value that is not: the worst that it can be by now, and whether more than a
    /// poll or two were lost.
    Ageing(f64, bool),
    /// It should talk and does not.
    Silent,
    /// It talks, and it cannot be true.
    Implausible(Doubt),
}

/// Why a sensor is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Doubt {
    /// The same value whatever happens.
    Stuck,
    /// Cooler than what surrounds it.
    Low,
    /// Jumps again and again.
    Jumping,
    /// Values that the part cannot measure.
    Nonsense,
}

impl Doubt {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Doubt::Stuck => "stuck",
            Doubt::Low => "cooler than possible",
            Doubt::Jumping => "jumping",
            Doubt::Nonsense => "outside its range",
        }
    }
}

/// One sensor's history, as far as it matters.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tracker {
    absent: bool,
    believed: Option<Sample>,
    /// A value far from the believed one, until another agrees.
    suspect: Option<Sample>,
    /// The last sample was nonsense.
    nonsense: bool,
    /// Unconfirmed jumps, forgotten with time.
    jumps: f64,
    jumps_at: Instant,
    /// Samples in a row at or above the dangerous temperature.
    hot: u8,
    /// Least and most power since the value last changed.
    power: Option<(f64, f64)>,
    /// Since when that is a swing.
    swing_at: Option<Instant>,
    low_since: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct Sample {
    c: f64,
    at: Instant,
}

impl Tracker {
    /// Take a reading. `stop_c` is the dangerous temperature of this place.
    pub(crate) fn observe(&mut self, now: Instant, reading: Sensed<Celsius>, stop_c: f64) {
        match reading {
            Sensed::Unknown => {}
            // What once answered cannot become absent: it ages instead.
            Sensed::Absent => self.absent |= self.believed.is_none(),
            Sensed::Failed { .. } => self.absent = false,
            Sensed::Value { value, at } => {
                self.absent = false;
                self.sample(
                    Sample {
                        c: value.c(),
                        at: at.min(now),
                    },
                    stop_c,
                );
            }
        }
    }

    fn sample(&mut self, new: Sample, stop_c: f64) {
        let newest = [self.believed, self.suspect];
        if newest.into_iter().flatten().any(|s| s.at >= new.at) {
            return;
        }
        self.nonsense = is_nonsense(new.c);
        if mutate!(NonsenseBelieved, self.nonsense, false) {
            return;
        }
        self.hot = if new.c >= stop_c {
            self.hot.saturating_add(1)
        } else {
            0
        };
        let near = |s: Sample| {
            let gap_s = new.at.since(s.at).as_secs_f64();
            (new.c - s.c).abs() <= JUMP_C + SLEW_C_PER_S * (gap_s - 1.0).max(0.0)
        };
        let confirmed = self.believed.is_none_or(near) || self.suspect.is_some_and(near);
        if mutate!(JumpBelieved, confirmed, true) {
            self.believe(new);
        } else {
            let jumps = self.jumps_now(new.at) + 1.0;
            self.jumps = jumps.min(JUMPS_KEPT);
            self.jumps_at = new.at;
            self.suspect = Some(new);
        }
    }

    fn believe(&mut self, new: Sample) {
        if self.believed.is_none_or(|old| old.c != new.c) {
            self.power = None;
            self.swing_at = None;
        }
        self.believed = Some(new);
        self.suspect = None;
    }

    /// Take note of the board's power, as a fraction of the rated.
    pub(crate) fn feel(&mut self, now: Instant, load: f64) {
        let (low, high) = self.power.unwrap_or((load, load));
        let range = (low.min(load), high.max(load));
        self.power = Some(range);
        if range.1 - range.0 > SWING && self.swing_at.is_none() {
            self.swing_at = Some(now);
        }
    }

    /// Take note of whether it is cooler than its surroundings allow.
    pub(crate) fn compare(&mut self, now: Instant, too_cool: bool) {
        self.low_since = too_cool.then(|| self.low_since.unwrap_or(now));
    }

    /// Two readings in a row, the latest included, were dangerous.
    pub(crate) fn is_dangerous(&self) -> bool {
        self.hot >= mutate!(SecondHotIgnored, 2, u8::MAX)
    }

    /// What to believe. `expected` says since when it should talk; without it a sensor that
    /// is silent is merely unknown.
    pub(crate) fn verdict(&self, now: Instant, expected: Option<Instant>) -> Verdict {
        if self.absent {
            return Verdict::Absent;
        }
        let value = self.believed.filter(|s| expected.is_none_or(|e| s.at >= e));
        let since = value.map(|s| s.at).or(expected);
        let age = since.map_or(Duration::ZERO, |s| now.since(s));
        let silent = age >= mutate!(SilentTolerated, SILENT, Duration::MAX);
        // What cannot be asked while its board is off cannot take its nonsense back either.
        if let Some(doubt) = self.doubt(now, silent && expected.is_some()) {
            return Verdict::Implausible(doubt);
        }
        match value {
            _ if silent && expected.is_some() => Verdict::Silent,
            Some(s) if age <= FRESH => Verdict::Good(s.c),
            Some(s) if !silent => {
                let aged = s.c + SLEW_C_PER_S * age.as_secs_f64();
                Verdict::Ageing(mutate!(StaleNeverAges, aged, s.c), age >= LATE)
            }
            _ => Verdict::Unknown,
        }
    }

    fn doubt(&self, now: Instant, silent: bool) -> Option<Doubt> {
        let long = |since: Option<Instant>, time| since.is_some_and(|s| now.since(s) >= time);
        // Counted in samples that came: a sensor that cannot talk is not stuck.
        let unmoved = self.believed.zip(self.swing_at).map(|(b, s)| b.at.since(s));
        let stuck = unmoved.is_some_and(|time| time >= STUCK);
        if mutate!(StuckBelieved, stuck, false) {
            Some(Doubt::Stuck)
        } else if mutate!(LowLiarBelieved, long(self.low_since, LOW), false) {
            Some(Doubt::Low)
        } else if self.jumps_now(now) >= JUMPS_MAX {
            Some(Doubt::Jumping)
        } else if self.nonsense && silent {
            Some(Doubt::Nonsense)
        } else {
            None
        }
    }

    fn jumps_now(&self, now: Instant) -> f64 {
        (self.jumps - now.since(self.jumps_at).as_secs_f64() / 10.0).max(0.0)
    }

    /// Whether it moves with power has to be shown again.
    pub(crate) fn forget_stuck(&mut self) {
        self.power = None;
        self.swing_at = None;
    }

    /// The board was switched: what its sensors said before proves nothing any more.
    pub(crate) fn forget_doubts(&mut self) {
        let believed = self.believed;
        let absent = self.absent;
        *self = Tracker {
            believed,
            absent,
            ..Tracker::default()
        };
    }
}

/// Values that stand for a fault: 0 (a register never written, or a shorted diode), −64 (the
/// same in the extended range), 127 and 128 (a bus that floats), and what no part measures.
fn is_nonsense(c: f64) -> bool {
    c == 0.0 || !RANGE_C.contains(&c)
}
