//! Power: how fast it rises and falls, how much there may be, and in which order voltage and
//! frequency move.
//!
//! A chip at too low a voltage for its frequency computes wrongly, one at too high a voltage
//! for its frequency is only warm. So voltage rises first and frequency follows what was read
//! back; frequency falls first and voltage follows what the chains report. In between, no
//! frequency is above what the lower of ordered and read voltage permits, and no power above
//! what the higher of both would draw.

use serde::{Deserialize, Serialize};
use telemetry::Sensed;
use units::{Duration, Instant, Watts};

use crate::mutant::mutate;
use crate::plan::{Plan, Volts};

/// A machine takes this long from nothing to its rated power, and a pause as long back: our
/// policy; a minute is gentle for a site's generator, and short for its owner.
const UP_S: f64 = 60.0;
const DOWN_S: f64 = 20.0;
/// From nothing back to the rated power after a pool was gone: our policy. A site's machines
/// do this together, and so add less than 1 % of its power in a second.
pub(crate) const SLOW_S: f64 = 120.0;
/// No cap is so far above the frequency that a chain reports, in steps of its ramp: one that
/// cannot rise yet must not make up for it in a leap.
pub(crate) const LEAD_MHZ: f64 = 20.0;
/// The last ramp, before the process ends: within 5 s of the order all is off.
const SHUTDOWN_S: f64 = 3.0;
/// The part of a limit that the estimate may use: 3 % for what supplies measure wrongly.
const USABLE: f64 = 0.97;
/// The part of a board's rated power that does not follow its frequency: leakage, and its share
/// of fans and control board. Assumed. Left out, a low ceiling would be passed by most of it.
const STANDING: f64 = 0.15;
/// That holds for chips up to this temperature: assumed, what the hottest has at the rating, 15 °C
/// above a board of 55 °C.
const LEAK_C: f64 = 70.0;
/// Above it leakage is double within so many degrees: assumed, common for logic of this kind; along
/// a straight line, which is enough up to the power-off temperature.
const LEAK_DOUBLES_K: f64 = 30.0;
/// How far measured power is believed against the model: never below it.
const RATIO: core::ops::RangeInclusive<f64> = 1.0..=1.5;
/// How fast that belief moves, seconds.
const RATIO_S: f64 = 10.0;
/// Above the hard limit for this long: off. Shorter than any cable's or breaker's patience.
const OVER_FOR: Duration = Duration::from_secs(5);
/// A measurement is worth something for this long.
const FRESH: Duration = Duration::from_secs(3);
/// Speed of a rail under load, millivolts per second: our policy. Power goes with the square, and
/// what leaks with the cube, so that this adds no more in a second than the ramp of frequency
/// does, in the steps of a supply that takes an order every two seconds, and where chips leak
/// twice what the table's do. A start voltage 2.4 V up is reached in 70 s.
const RAIL_MV_PER_S: f64 = 35.0;
/// What was read back may differ so much from what was ordered before it counts as wrong ...
const SAG: f64 = 0.1;
/// ... for this long.
const SAG_FOR: Duration = Duration::from_secs(3);
/// What is read back is as ordered within this: a code's step, and an ADC's error.
const NEAR: f64 = 0.98;
/// The lowest cap: where every chip's ramp begins, or below.
pub(crate) const FLOOR_MHZ: f64 = 50.0;
/// Caps are told in steps of this.
pub(crate) const STEP_MHZ: f64 = 5.0;

/// What is measured and remembered of power.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Power {
    measured: Option<(f64, Instant)>,
    /// Measured over modelled.
    ratio: f64,
    over_since: Option<Instant>,
    pub(crate) rails: Vec<Rail>,
}

/// One rail.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Rail {
    /// What is ordered, millivolts.
    pub(crate) set_mv: f64,
    /// What was read back.
    pub(crate) read_mv: Option<f64>,
    wrong_since: Option<Instant>,
}

/// What a rail is needed for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Need {
    /// It carries current, or soon will.
    pub(crate) powered: bool,
    /// A board on it starts.
    pub(crate) starting: bool,
    /// The highest frequency wanted on it.
    pub(crate) wanted_mhz: f64,
    /// The highest frequency that a chain on it reports.
    pub(crate) present_mhz: f64,
    /// Power would stay inside the limits at this much more voltage.
    pub(crate) room: bool,
}

impl Power {
    pub(crate) fn new(plan: &Plan) -> Self {
        let start = plan.volts.map_or(0, |v| v.start_mv);
        let rail = Rail {
            set_mv: f64::from(start),
            read_mv: None,
            wrong_since: None,
        };
        Power {
            measured: None,
            ratio: 1.0,
            over_since: None,
            rails: vec![rail; plan.rails()],
        }
    }

    pub(crate) fn observe(&mut self, now: Instant, reading: Sensed<Watts>) {
        if let Sensed::Value { value, at } = reading {
            self.measured = Some((value.w(), at.min(now)));
        }
    }

    /// Compare what is measured with what `modelled_w` says. True: over the limit for too
    /// long.
    pub(crate) fn judge(
        &mut self,
        now: Instant,
        plan: &Plan,
        modelled_w: f64,
        dt: Duration,
    ) -> bool {
        let measured = self.measured.filter(|(_, at)| now.since(*at) <= FRESH);
        let measured = measured.map(|(w, _)| w);
        let whole = plan.board_w * f64::from(plan.slots);
        if let Some(w) = measured.filter(|_| modelled_w > 0.3 * whole) {
            let ratio = (w / modelled_w).clamp(*RATIO.start(), *RATIO.end());
            self.ratio += (ratio - self.ratio) * (dt.as_secs_f64() / RATIO_S).min(1.0);
        }
        let over = measured.is_some_and(|w| w > plan.power_max_w);
        self.over_since = over.then(|| self.over_since.unwrap_or(now));
        let long = self.over_since.is_some_and(|s| now.since(s) >= OVER_FOR);
        mutate!(OverPowerTolerated, long, false)
    }

    /// Power of a board at a frequency, as a fraction of the rated: what stands, and `f V²`.
    pub(crate) fn load(&self, plan: &Plan, slot: usize, mhz: f64) -> f64 {
        if mhz <= 0.0 {
            return 0.0;
        }
        at_frequency(mhz / plan.mhz) * self.squared(plan, slot, 0.0)
    }

    /// What a megahertz adds to that at most.
    pub(crate) fn load_per_mhz(&self, plan: &Plan, slot: usize) -> f64 {
        self.squared(plan, slot, 0.0) / plan.mhz
    }

    /// The least that a board draws while it hashes, as a fraction of the rated: at its lowest
    /// frequency, and at the voltage that its start needs.
    pub(crate) fn least_load(plan: &Plan) -> f64 {
        let volts = plan.volts.map_or(1.0, |volts| {
            f64::from(volts.start_mv.max(volts.work_mv)) / f64::from(volts.work_mv)
        });
        let squared = mutate!(StartVoltageForgotten, volts.powi(2), 1.0);
        at_frequency(FLOOR_MHZ / plan.mhz) * squared
    }

    /// The square of the rail's voltage over its working voltage: the highest of ordered,
    /// read and `at_least_mv`.
    fn squared(&self, plan: &Plan, slot: usize, at_least_mv: f64) -> f64 {
        let Some((volts, rail)) = plan.volts.zip(self.rails.get(plan.rail_of(slot))) else {
            return 1.0;
        };
        let mv = rail
            .set_mv
            .max(rail.read_mv.unwrap_or(0.0))
            .max(at_least_mv);
        (mv / f64::from(volts.work_mv)).powi(2)
    }

    /// The frequency at which a board draws its share of what may be drawn, whose chips are as hot
    /// as `chip_c` and whose rail is on its way to `coming_mv`.
    pub(crate) fn mhz_for(
        &self,
        plan: &Plan,
        slot: usize,
        (ceiling, active): (Option<Watts>, usize),
        chip_c: Option<f64>,
        coming_mv: f64,
    ) -> f64 {
        let share = self.share_w(plan, ceiling, active) / plan.board_w;
        let share = share / self.squared(plan, slot, coming_mv);
        let standing = mutate!(StandingForgotten, STANDING, 0.0);
        // What was measured has it in it already.
        let chip_c = chip_c.filter(|_| self.measured.is_none());
        let leaks = standing * chip_c.map_or(1.0, leaks_at);
        let mhz = plan.mhz * ((share - leaks) / (1.0 - standing)).max(0.0);
        mutate!(CeilingIgnored, mhz, plan.mhz_max)
    }

    /// The highest frequency worth raising a voltage for: beyond the working point power goes
    /// with the third power of the frequency. The tangent is a little above the root.
    pub(crate) fn worth_mhz(&self, plan: &Plan, ceiling: Option<Watts>, active: usize) -> f64 {
        let share = self.share_w(plan, ceiling, active) / plan.board_w;
        plan.mhz * (1.0 + (share - 1.0).max(0.0) / 3.3)
    }

    /// What one of the active boards may draw, as the model counts.
    fn share_w(&self, plan: &Plan, ceiling: Option<Watts>, active: usize) -> f64 {
        let ceiling = ceiling.map_or(plan.power_max_w, |c| c.w().min(plan.power_max_w));
        ceiling * USABLE / active.max(1) as f64 / self.ratio
    }

    /// The frequency that the rail of a slot permits.
    pub(crate) fn mhz_permitted(&self, plan: &Plan, slot: usize) -> f64 {
        match (plan.volts, self.rails.get(plan.rail_of(slot))) {
            (Some(volts), Some(rail)) => {
                let mv = rail.set_mv.min(rail.read_mv.unwrap_or(rail.set_mv));
                mutate!(
                    VoltageOrderReversed,
                    permitted(plan, &volts, mv),
                    plan.mhz_max
                )
            }
            _ => plan.mhz,
        }
    }

    /// Move a rail; `None` where nothing changed.
    pub(crate) fn step_rail(&mut self, plan: &Plan, rail: usize, need: &Need, dt: Duration) {
        let Some(volts) = plan.volts else { return };
        let goal = goal_mv(plan, &volts, need);
        let rail = &mut self.rails[rail];
        if !need.powered {
            // What is off is set at once: the supply comes up at what was ordered.
            rail.set_mv = f64::from(volts.start_mv);
            rail.wrong_since = None;
            return;
        }
        let dt_s = dt.as_secs_f64();
        if goal > rail.set_mv && need.room {
            rail.set_mv = (rail.set_mv + RAIL_MV_PER_S * dt_s).min(goal);
        } else if goal < rail.set_mv {
            let lower = (rail.set_mv - RAIL_MV_PER_S * dt_s).max(goal);
            if need.present_mhz <= permitted(plan, &volts, lower) {
                rail.set_mv = lower;
            }
        }
    }

    /// The voltage that a rail is on its way to: what power has to be counted at.
    pub(crate) fn coming_mv(&self, plan: &Plan, need: &Need) -> f64 {
        plan.volts.map_or(0.0, |volts| goal_mv(plan, &volts, need))
    }

    /// A rail is not where it was ordered to be, for too long.
    pub(crate) fn sags(&mut self, now: Instant, rail: usize, powered: bool) -> Option<String> {
        let rail = self.rails.get_mut(rail)?;
        let read = rail.read_mv.filter(|_| powered)?;
        let wrong = (read - rail.set_mv).abs() > SAG * rail.set_mv;
        rail.wrong_since = wrong.then(|| rail.wrong_since.unwrap_or(now));
        let long = rail.wrong_since.is_some_and(|s| now.since(s) >= SAG_FOR);
        mutate!(SagIgnored, long, false)
            .then(|| format!("ordered_mv={:.0} read_mv={read:.0}", rail.set_mv))
    }

    /// The rail of a slot is where a start needs it.
    pub(crate) fn ready(&self, plan: &Plan, slot: usize) -> bool {
        let Some((volts, rail)) = plan.volts.zip(self.rails.get(plan.rail_of(slot))) else {
            return true;
        };
        let start = f64::from(volts.start_mv);
        rail.set_mv >= start && rail.read_mv.is_none_or(|mv| mv >= start * NEAR)
    }
}

/// What chips this hot leak, against those of the rating.
fn leaks_at(chip_c: f64) -> f64 {
    let above_k = (chip_c - LEAK_C).max(0.0);
    1.0 + mutate!(HotLeakForgotten, above_k / LEAK_DOUBLES_K, 0.0)
}

/// Power at the working voltage and a share of the frequency, as a fraction of the rated.
fn at_frequency(share: f64) -> f64 {
    STANDING + (1.0 - STANDING) * share
}

/// What a board at this voltage may run at: in proportion up to the working point and beyond
/// (assumed: the slope of published working points is flatter).
fn permitted(plan: &Plan, volts: &Volts, mv: f64) -> f64 {
    // What reads two per cent low is still what was ordered.
    let mhz = plan.mhz * mv / NEAR / f64::from(volts.work_mv);
    mhz.min(plan.mhz_max)
}

/// Where a rail should be.
fn goal_mv(plan: &Plan, volts: &Volts, need: &Need) -> f64 {
    let (work, start) = (f64::from(volts.work_mv), f64::from(volts.start_mv));
    let tuned = work * (need.wanted_mhz / plan.mhz).max(1.0);
    let goal = if need.starting {
        tuned.max(start)
    } else {
        tuned
    };
    goal.clamp(f64::from(volts.min_mv), f64::from(volts.max_mv))
}

/// How a cap moves in one step towards `goal`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pace {
    /// On the way up, or to a lower ceiling.
    Working,
    /// The same, and up with all neighbours.
    Slowly,
    /// An ordered stop.
    Pausing,
    /// The process ends.
    Ending,
}

/// The next cap of one of `active` boards. `at_most` is obeyed at once, `goal` at the ramp's
/// pace; `load_per_mhz` is the board's.
pub(crate) fn ramp(
    plan: &Plan,
    cap_mhz: f64,
    (goal, at_most): (f64, f64),
    (pace, active): (Pace, usize),
    load_per_mhz: f64,
    dt: Duration,
) -> f64 {
    let seconds = match pace {
        Pace::Working if goal > cap_mhz => UP_S,
        Pace::Slowly if goal > cap_mhz => SLOW_S,
        Pace::Working | Pace::Slowly | Pace::Pausing => DOWN_S,
        Pace::Ending => SHUTDOWN_S,
    };
    let whole = f64::from(plan.slots);
    let share = whole / seconds / active.max(1) as f64;
    let mhz = share * dt.as_secs_f64() / load_per_mhz.max(1e-6);
    let next = goal.clamp(cap_mhz - mhz, cap_mhz + mhz);
    mutate!(RampUnbounded, next, goal)
        .min(at_most)
        .max(FLOOR_MHZ)
}
