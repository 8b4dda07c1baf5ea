//! What all sensors of one board say together.

use serde::{Deserialize, Serialize};
use units::{Duration, Instant};

use crate::cause::Cause;
use crate::estimate::{Lead, chip_at_most, chip_likely};
use crate::mutant::mutate;
use crate::plan::{Plan, Reach, Spot};
use crate::plausible::{LATE, Tracker, Verdict};

/// No sensor of a hashing board is cooler than each of its like by more: assumed; from inlet
/// to outlet the air of a board at full power and slow fans warms by some 20 °C.
const BESIDE_C: f64 = 30.0;
/// A chip makes the heat: it is not cooler than the board by more than what sensors err.
const UNDER_BOARD_C: f64 = 10.0;
/// Below this load places may well have one temperature.
const COMPARE_FROM: f64 = 0.5;
/// How long an estimate must stand above the limit: two samples, as for a sensor.
const ESTIMATE_FOR: Duration = Duration::from_millis(1500);

/// A board's sensors, judged.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Heat {
    /// How far the worst place is above each limit; `None` while nothing is believed.
    pub(crate) over: Option<Over>,
    /// The hottest sensor that is not a chip's.
    pub(crate) board_c: Option<f64>,
    /// The hottest chip: measured, or where none is, as likely above the board.
    #[serde(default)]
    pub(crate) chip_c: Option<f64>,
    /// The coolest inlet sensor.
    pub(crate) inlet_c: Option<f64>,
    /// Sensors that are there or may be.
    pub(crate) fitted: usize,
    /// Sensors that should talk, and do not in time or not the truth.
    pub(crate) doubtful: bool,
    /// Why hash power must go off.
    pub(crate) hazard: Option<(Cause, String)>,
    estimate_hot_since: Option<Instant>,
    #[serde(default)]
    lead: Lead,
}

/// Distances to limits in °C; positive is too hot.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Over {
    pub(crate) warn: f64,
    pub(crate) derate: f64,
    pub(crate) stop: f64,
}

/// What a judge must know of the board beside its sensors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    /// Power as a fraction of the rated.
    pub(crate) load: f64,
    /// Since when the board is powered.
    pub(crate) on_since: Option<Instant>,
    /// Since when its chain answers.
    pub(crate) up_since: Option<Instant>,
    /// Since when control runs.
    pub(crate) began: Instant,
    /// Fresh values of the same sensor on boards under a like load, by sensor.
    pub(crate) elsewhere: &'a [Vec<f64>],
}

impl Heat {
    /// Judge the sensors of a board, and remember in the trackers what needs time.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        plan: &Plan,
        trackers: &mut [Tracker],
        around: &Around<'_>,
    ) {
        let expected: Vec<_> = plan
            .sensors
            .iter()
            .map(|probe| match probe.reach {
                Reach::Always => Some(around.began),
                Reach::BoardOn => around.on_since,
                Reach::ChainUp => around.up_since,
            })
            .collect();
        compare(now, plan, trackers, &expected, around);
        *self = Heat {
            estimate_hot_since: self.estimate_hot_since,
            lead: core::mem::take(&mut self.lead),
            ..Heat::default()
        };
        let mut chip_seen = false;
        for (i, (tracker, probe)) in trackers.iter_mut().zip(&plan.sensors).enumerate() {
            tracker.feel(now, around.load);
            let verdict = tracker.verdict(now, expected[i]);
            if i == mutate!(SensorIgnored, usize::MAX, 0) {
                continue;
            }
            let name = || format!("sensor={i} place={:?}", probe.spot);
            let (value, in_time) = match verdict {
                Verdict::Absent => continue,
                Verdict::Good(c) => (Some(c), true),
                Verdict::Ageing(c, late) => (Some(c), !late),
                Verdict::Unknown => (None, expected[i].is_none_or(|e| now.since(e) < LATE)),
                Verdict::Silent => {
                    self.alarm(Cause::Silent, name());
                    (None, false)
                }
                Verdict::Implausible(doubt) => {
                    self.alarm(Cause::Implausible, format!("{} {}", name(), doubt.text()));
                    (None, false)
                }
            };
            self.fitted += 1;
            self.doubtful |= !in_time;
            let Some(c) = value else { continue };
            if tracker.is_dangerous() {
                self.alarm(Cause::Heat, format!("{} temp_c={c:.1} twice", name()));
            }
            chip_seen |= probe.spot == Spot::Chip;
            let aged = matches!(verdict, Verdict::Ageing(..));
            self.add(plan, probe.spot, c, aged, &name);
        }
        self.estimate(now, plan, around.load, chip_seen);
    }

    fn add(&mut self, plan: &Plan, spot: Spot, c: f64, aged: bool, name: &dyn Fn() -> String) {
        let limit = plan.limit(spot);
        let over = Over {
            warn: c - limit.warn_c,
            derate: c - limit.derate_c - mutate!(DerateTenHigher, 0.0, 10.0),
            stop: c - limit.stop_c(),
        };
        self.over = Some(match self.over {
            None => over,
            Some(o) => Over {
                warn: o.warn.max(over.warn),
                derate: o.derate.max(over.derate),
                stop: o.stop.max(over.stop),
            },
        });
        let hottest = match spot {
            Spot::Chip => &mut self.chip_c,
            Spot::Inlet | Spot::Outlet | Spot::Board => &mut self.board_c,
        };
        *hottest = Some(hottest.map_or(c, |h| h.max(c)));
        if spot == Spot::Inlet {
            self.inlet_c = Some(self.inlet_c.map_or(c, |b| b.min(c)));
        }
        if aged && over.stop >= 0.0 {
            self.alarm(Cause::Heat, format!("{} at_most_c={c:.1}", name()));
        }
    }

    /// Where no chip is measured, its estimate counts like a sensor.
    fn estimate(&mut self, now: Instant, plan: &Plan, load: f64, chip_seen: bool) {
        let Some(board_c) = self.board_c.filter(|_| !chip_seen) else {
            self.estimate_hot_since = None;
            self.lead = Lead::default();
            return;
        };
        let chip = chip_at_most(board_c, load);
        let name = || "chips estimated".to_owned();
        self.add(plan, Spot::Chip, chip, false, &name);
        self.chip_c = Some(chip_likely(board_c, load));
        // Frequency is given up for what is about to be shown; nothing is stopped for it.
        let coming = chip + self.lead.step(now, board_c) - plan.chip.derate_c;
        if let Some(over) = &mut self.over {
            over.derate = over.derate.max(coming);
        }
        if chip < plan.chip.stop_c() {
            self.estimate_hot_since = None;
            return;
        }
        let since = *self.estimate_hot_since.get_or_insert(now);
        if now.since(since) >= ESTIMATE_FOR {
            self.alarm(Cause::Heat, format!("{} temp_c<={chip:.1}", name()));
        }
    }

    /// Heat outranks what is merely unknown; the first of a kind stands.
    fn alarm(&mut self, cause: Cause, why: String) {
        let hotter = cause == Cause::Heat
            && self
                .hazard
                .as_ref()
                .is_some_and(|(known, _)| *known != Cause::Heat);
        if self.hazard.is_none() || hotter {
            self.hazard = Some((cause, why));
        }
    }
}

/// Look for sensors that are cooler than they can be.
fn compare(
    now: Instant,
    plan: &Plan,
    trackers: &mut [Tracker],
    expected: &[Option<Instant>],
    around: &Around<'_>,
) {
    let fresh: Vec<Option<f64>> = trackers
        .iter()
        .zip(expected)
        .map(|(t, e)| match t.verdict(now, *e) {
            Verdict::Good(c) => Some(c),
            _ => None,
        })
        .collect();
    let of = |chip: bool| {
        let spots = plan
            .sensors
            .iter()
            .map(move |p| (p.spot == Spot::Chip) == chip);
        fresh
            .iter()
            .zip(spots)
            .filter_map(|(c, of)| c.filter(|_| of))
            .reduce(if chip { f64::min } else { f64::max })
    };
    let (coolest_chip, hottest_board) = (of(true), of(false));
    for (i, tracker) in trackers.iter_mut().enumerate() {
        let Some(c) = fresh[i].filter(|_| around.load >= COMPARE_FROM) else {
            // What was found is kept while nothing can be compared.
            if around.load < COMPARE_FROM {
                tracker.compare(now, false);
            }
            continue;
        };
        let spot = plan.sensors[i].spot;
        let alike = (0..fresh.len()).filter(|j| *j != i && plan.sensors[*j].spot == spot);
        let mut beside = alike.filter_map(|j| fresh[j]).peekable();
        let mut elsewhere = around.elsewhere.get(i).into_iter().flatten().peekable();
        let below_all = beside.peek().is_some() && beside.all(|b| b > c + BESIDE_C);
        let below_others = elsewhere.peek().is_some() && elsewhere.all(|b| *b > c + BESIDE_C);
        let below_board =
            spot == Spot::Chip && hottest_board.is_some_and(|b| b > c + UNDER_BOARD_C);
        // The estimate read backwards: chips this hot need a board at least that warm.
        let below_chip = spot != Spot::Chip
            && coolest_chip.is_some_and(|chip| chip > chip_at_most(c, around.load) + BESIDE_C);
        tracker.compare(now, below_all || below_others || below_board || below_chip);
    }
}

/// The fresh values of a board's sensors, for comparing other boards with.
pub(crate) fn fresh_values(now: Instant, trackers: &[Tracker]) -> Vec<Option<f64>> {
    let fresh = trackers.iter().map(|t| match t.verdict(now, None) {
        Verdict::Good(c) => Some(c),
        _ => None,
    });
    fresh.collect()
}
