//! Fans: who turns, and how hard they are driven.
//!
//! Two laws share one output. The machine's *curve* gives a duty for the hottest place, with
//! two degrees of play; *quiet* holds that place at a target. Both slow down gently and never
//! hunt. *Full* is not a law but an order of safety, and outranks every mode.

use serde::{Deserialize, Serialize};
use telemetry::Sensed;
use units::{Celsius, Duration, Duty, Instant, Rpm};

use crate::api::FanMode;
use crate::mutant::mutate;
use crate::plan::{FanPlan, Plan};

/// A tach is heard each second; one lost poll and a half later a fan counts as standing. The
/// rule is others full within 2 s of a lost fan: a tach that reads too low is lost at once.
const HEARD_FOR: Duration = Duration::from_millis(2500);
/// From standing to the least speed: assumed; fans of this class take 2 to 4 s.
const SPIN_UP: Duration = Duration::from_secs(5);
/// Fewer than the least number turn for this long: hash power off. The rule is 10 s; one is
/// left for noticing and switching.
const FEW_FOR: Duration = Duration::from_secs(9);
/// None turns for this long: the rule is 5 s.
const NONE_FOR: Duration = Duration::from_secs(4);
/// Full stays full for so long after its reason is gone: our policy, so that a reason that
/// comes and goes does not make the fans howl and sigh.
const FULL_FOR: Duration = Duration::from_secs(10);
/// Play of the curve, °C: stock firmware looks again after two degrees.
const PLAY_C: f64 = 2.0;
/// Quiet: percent per degree of change, and percent per second per degree of error. Chosen
/// for boards of 30 to 300 s and 0.3 to 2 °C per percent: overdamped in all of these.
const QUIET_P: f64 = 2.0;
const QUIET_I_PER_S: f64 = 0.01;
/// Errors that the ear is spared, °C.
const DEADBAND_C: f64 = 1.0;
/// So far above the target, the curve counts as well.
const QUIET_GIVES_UP_C: f64 = 5.0;
/// Speed of change in percent per second: up, and down in auto and in quiet.
const UP_PER_S: f64 = 10.0;
const DOWN_PER_S: f64 = 1.0;
const QUIET_DOWN_PER_S: f64 = 0.25;
/// A pause is quiet: the least duty that a file may name.
const IDLE: u8 = 10;

/// The fans' state.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Fans {
    tachs: Vec<Tach>,
    /// Since when they are driven hard enough to turn.
    driven_since: Option<Instant>,
    few_since: Option<Instant>,
    none_since: Option<Instant>,
    full_until: Instant,
    duty: f64,
    /// The temperature that the curve sees: with play.
    seen_c: Option<f64>,
    last_c: Option<f64>,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Tach {
    heard: Option<(Rpm, Instant)>,
    lost: bool,
}

/// What the fans' law must know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Air {
    pub(crate) mode: FanMode,
    /// The hottest place, as a board sensor would show it.
    pub(crate) hottest_c: Option<f64>,
    pub(crate) target_c: f64,
    /// Safety wants them full.
    pub(crate) full: bool,
    /// Some board has power, or had until a moment ago.
    pub(crate) busy: bool,
    /// The owner's bounds.
    pub(crate) duty_min: Duty,
    pub(crate) duty_max: Duty,
}

/// What changed among the fans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    Lost(usize),
    Back(usize),
}

impl Fans {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.tachs.len()
    }

    pub(crate) fn new(plan: &Plan) -> Self {
        Fans {
            tachs: vec![Tach::default(); usize::from(plan.fans.count)],
            driven_since: None,
            few_since: None,
            none_since: None,
            full_until: Instant::ZERO,
            duty: 100.0,
            seen_c: None,
            last_c: None,
        }
    }

    pub(crate) fn observe(&mut self, now: Instant, fan: u8, reading: Sensed<Rpm>) {
        if let (Some(tach), Sensed::Value { value, at }) =
            (self.tachs.get_mut(usize::from(fan)), reading)
        {
            tach.heard = Some((value, at.min(now)));
        }
    }

    /// Look who turns, given the duty that was ordered last.
    pub(crate) fn judge(&mut self, now: Instant, plan: &FanPlan, ordered: Duty) -> Vec<Change> {
        let driven = ordered.percent() >= plan.duty_min;
        self.driven_since = driven.then(|| self.driven_since.unwrap_or(now));
        let spun_up = self.spun_up(now);
        let mut changes = Vec::new();
        for (i, tach) in self.tachs.iter_mut().enumerate() {
            let turns = tach.turns(now, plan);
            let lost = mutate!(LostFanIgnored, spun_up && !turns, false);
            if lost != tach.lost && (lost || turns) {
                tach.lost = lost;
                changes.push(if lost {
                    Change::Lost(i)
                } else {
                    Change::Back(i)
                });
            }
        }
        let turning = self.turning(now, plan);
        let keep =
            |since: Option<Instant>, bad: bool| (spun_up && bad).then(|| since.unwrap_or(now));
        self.few_since = keep(self.few_since, turning < usize::from(plan.count_min));
        self.none_since = keep(self.none_since, turning == 0);
        changes
    }

    fn turning(&self, now: Instant, plan: &FanPlan) -> usize {
        self.tachs.iter().filter(|t| t.turns(now, plan)).count()
    }

    /// They had time to turn.
    pub(crate) fn spun_up(&self, now: Instant) -> bool {
        self.driven_since.is_some_and(|s| now.since(s) >= SPIN_UP)
    }

    /// Enough turn for hash power to be switched on.
    pub(crate) fn enough(&self, now: Instant, plan: &FanPlan) -> bool {
        self.turning(now, plan) >= usize::from(plan.count_min)
    }

    pub(crate) fn any_lost(&self) -> bool {
        self.tachs.iter().any(|t| t.lost)
    }

    /// Too few turn for too long.
    pub(crate) fn few(&self, now: Instant) -> bool {
        let few = self.few_since.is_some_and(|s| now.since(s) >= FEW_FOR);
        mutate!(FewFansTolerated, few, false)
    }

    /// None turns for too long.
    pub(crate) fn none(&self, now: Instant) -> bool {
        let none = self.none_since.is_some_and(|s| now.since(s) >= NONE_FOR);
        mutate!(StoppedFansTolerated, none, false)
    }

    /// The duty for now.
    pub(crate) fn step(&mut self, now: Instant, plan: &Plan, air: &Air, dt: Duration) -> Duty {
        if air.full {
            self.full_until = now + FULL_FOR;
        }
        let full = now < self.full_until;
        if mutate!(
            ManualOutranksHeat,
            full,
            full && !matches!(air.mode, FanMode::Manual(_))
        ) {
            self.duty = 100.0;
            self.seen_c = air.hottest_c;
            self.last_c = air.hottest_c;
            return Duty::FULL;
        }
        let (low, high) = duty_range(plan, air.duty_min, air.duty_max);
        let goal = match air.mode {
            FanMode::Immersion | FanMode::Hydro => {
                self.duty = 0.0;
                return Duty::OFF;
            }
            _ if !air.busy => {
                self.duty = f64::from(IDLE);
                return Duty::new(IDLE);
            }
            FanMode::Manual(duty) => f64::from(duty.percent()),
            FanMode::Auto => self.curve(&plan.fans, air.hottest_c),
            FanMode::Quiet => self.quiet(&plan.fans, air, dt.as_secs_f64()),
        };
        self.last_c = air.hottest_c;
        let down = match air.mode {
            FanMode::Quiet => QUIET_DOWN_PER_S,
            _ => DOWN_PER_S,
        };
        let dt_s = dt.as_secs_f64();
        let (least, most) = (self.duty - down * dt_s, self.duty + UP_PER_S * dt_s);
        let gentle = goal.clamp(least, most);
        self.duty = mutate!(FansSurge, gentle, if goal > 60.0 { 100.0 } else { 0.0 })
            .clamp(f64::from(low), f64::from(high));
        Duty::from_percent_ceil(self.duty)
    }

    /// The machine's curve at the hottest place; full where nothing is known.
    fn curve(&mut self, plan: &FanPlan, hottest_c: Option<f64>) -> f64 {
        let Some(c) = hottest_c else { return 100.0 };
        let seen = self.seen_c.map_or(c, |seen| seen.clamp(c, c + PLAY_C));
        self.seen_c = Some(seen);
        curve_at(&plan.curve, seen)
    }

    fn quiet(&mut self, plan: &FanPlan, air: &Air, dt_s: f64) -> f64 {
        let Some(c) = air.hottest_c else { return 100.0 };
        let error = c - air.target_c;
        let change = self.last_c.map_or(0.0, |last| c - last);
        let felt = if error.abs() < DEADBAND_C { 0.0 } else { error };
        let goal = self.duty + QUIET_P * change + QUIET_I_PER_S * felt * dt_s;
        if error > QUIET_GIVES_UP_C {
            goal.max(self.curve(plan, Some(c)))
        } else {
            goal
        }
    }
}

impl Tach {
    fn turns(&self, now: Instant, plan: &FanPlan) -> bool {
        self.heard.is_some_and(|(rpm, at)| {
            (plan.rpm_min..=plan.rpm_max).contains(&rpm) && now.since(at) <= HEARD_FOR
        })
    }
}

/// Linear between the points, flat before the first, full from the last on.
fn curve_at(curve: &[(f64, f64)], c: f64) -> f64 {
    let above = curve.iter().position(|(at, _)| *at > c);
    match above {
        None => 100.0,
        Some(0) => curve[0].1,
        Some(i) => {
            let ((c0, d0), (c1, d1)) = (curve[i - 1], curve[i]);
            d0 + (d1 - d0) * (c - c0) / (c1 - c0)
        }
    }
}

/// The hottest place as a board sensor would show it: as far under the warning.
pub(crate) fn as_board(plan: &Plan, over_warn: f64) -> f64 {
    plan.board.warn_c + over_warn
}

/// The least target temperature: below it, quiet fans are full on most days of a year.
pub(crate) const TARGET_MIN_C: f64 = 20.0;

/// The highest target temperature: the play of quiet fans stays under the warning.
pub(crate) fn target_max_c(plan: &Plan) -> f64 {
    plan.board.warn_c - 5.0
}

/// The target temperature in quiet mode: the operator's, inside what the machine allows.
pub(crate) fn target_c(plan: &Plan, wish: Option<Celsius>) -> f64 {
    let usual = plan.board.warn_c - 10.0;
    wish.map_or(usual, |c| c.c().clamp(TARGET_MIN_C, target_max_c(plan)))
}

/// The least and the highest duty while hashing: the machine's, narrowed by its owner.
pub(crate) fn duty_range(plan: &Plan, duty_min: Duty, duty_max: Duty) -> (u8, u8) {
    let low = plan.fans.duty_min.max(duty_min.percent());
    (low, duty_max.percent().max(low))
}
