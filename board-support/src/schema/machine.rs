//! A machine file: ratings, the names of its parts, fans and limits.

use super::{LIST_MAX, NAME_MAX, optional, voltage};
use crate::strict::{Kind, Section};
use crate::{CurvePoint, Fans, Limits, bounds};

/// Points of a fan curve.
const CURVE_POINTS_MAX: usize = 8;

/// A machine file before its parts are looked up.
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) slots: u8,
    pub(crate) rated_ths: f64,
    pub(crate) rated_power_w: f64,
    pub(crate) control_boards: Vec<String>,
    pub(crate) hashboard: String,
    pub(crate) psu: String,
    pub(crate) psu_types: Option<Vec<u64>>,
    pub(crate) fans: Fans,
    pub(crate) limits: Limits,
}

pub(crate) fn read_machine(s: &mut Section<'_>) -> Option<Head> {
    let name = s.text("name", NAME_MAX);
    let slots = s.integer("slots", bounds::SLOTS);
    let rated_ths = s.number("rated_ths", bounds::RATED_THS);
    let rated_power_w = s.number("rated_power_w", bounds::RATED_POWER_W);
    let control_boards = s.texts("control_boards", LIST_MAX, NAME_MAX);
    let hashboard = s.text("hashboard", NAME_MAX);
    let psu = s.text("psu", NAME_MAX);
    let psu_types = optional(s, "psu_types", |s| {
        s.integers("psu_types", LIST_MAX, bounds::TYPE_WORD)
    });
    let fans = s.section("fans").and_then(|mut s| read_fans(&mut s));
    let limits = s.section("limits").and_then(|mut s| read_limits(&mut s));
    Some(Head {
        name: name?,
        slots: u8::try_from(slots?).ok()?,
        rated_ths: rated_ths?,
        rated_power_w: rated_power_w?,
        control_boards: control_boards?,
        hashboard: hashboard?,
        psu: psu?,
        psu_types: psu_types?,
        fans: fans?,
        limits: limits?,
    })
}

fn read_fans(s: &mut Section<'_>) -> Option<Fans> {
    let count = s.integer("count", bounds::FANS);
    let most = count.unwrap_or(*bounds::FANS.end());
    // At least one: a machine in air without a turning fan does not hash.
    let count_min = s.integer("count_min", 1..=most);
    let rpm_max = s.integer("rpm_max", bounds::RPM);
    let below = *bounds::RPM.start()..=rpm_max.unwrap_or(*bounds::RPM.end());
    let rpm_min = s.integer("rpm_min", below);
    let duty_min = s.integer("duty_min_percent", bounds::DUTY_PERCENT);
    let curve = read_curve(s, duty_min);
    Some(Fans {
        count: u8::try_from(count?).ok()?,
        count_min: u8::try_from(count_min?).ok()?,
        rpm_min: u32::try_from(rpm_min?).ok()?,
        rpm_max: u32::try_from(rpm_max?).ok()?,
        duty_min_percent: u8::try_from(duty_min?).ok()?,
        curve: curve?,
    })
}

fn read_curve(s: &mut Section<'_>, duty_min: Option<u64>) -> Option<Vec<CurvePoint>> {
    let points = s.sections("curve", CURVE_POINTS_MAX)?;
    let duties = duty_min.unwrap_or(*bounds::DUTY_PERCENT.start())..=*bounds::DUTY_PERCENT.end();
    let points: Vec<_> = points
        .into_iter()
        .map(|mut point| {
            let board_c = point.number("board_c", bounds::CURVE_C);
            let duty = point.integer("duty_percent", duties.clone());
            Some(CurvePoint {
                board_c: board_c?,
                duty_percent: u8::try_from(duty?).ok()?,
            })
        })
        .collect();
    let curve: Vec<CurvePoint> = points.into_iter().collect::<Option<_>>()?;
    let rises = curve
        .windows(2)
        .all(|w| w[0].board_c < w[1].board_c && w[0].duty_percent <= w[1].duty_percent);
    if !rises {
        s.refuse(
            "curve",
            "must rise from point to point",
            "order the points by `board_c`, with no duty below the one before it",
        );
        return None;
    }
    if curve.last().is_none_or(|p| p.duty_percent != 100) {
        s.refuse(
            "curve",
            "must end at 100 percent",
            "add a last point with `duty_percent = 100`",
        );
        return None;
    }
    Some(curve)
}

fn read_limits(s: &mut Section<'_>) -> Option<Limits> {
    let board = read_steps(
        s,
        ["board_warn_c", "board_derate_c", "board_stop_c"],
        bounds::BOARD_C,
    );
    let chip = read_steps(
        s,
        ["chip_warn_c", "chip_derate_c", "chip_stop_c"],
        bounds::CHIP_C,
    );
    let inlet_max_c = s.number("inlet_max_c", bounds::INLET_C);
    let cold_below_c = optional(s, "cold_below_c", |s| {
        s.number("cold_below_c", bounds::COLD_C)
    });
    let power_max_w = s.number("power_max_w", bounds::POWER_MAX_W);
    let voltage_min = voltage(s, "voltage_min_mv");
    let voltage_max = voltage(s, "voltage_max_mv");
    let voltage_mv = match (voltage_min?, voltage_max?) {
        (None, None) => None,
        (Some(min), Some(max)) if min <= max => Some((min, max)),
        (Some(_), Some(_)) => {
            let message = "is above `voltage_max_mv`";
            s.refuse("voltage_min_mv", message, "exchange the two");
            return None;
        }
        (min, _) => {
            let missing = if min.is_some() {
                "voltage_max_mv"
            } else {
                "voltage_min_mv"
            };
            let remedy = "give both ends of the range, or neither where voltages are unknown";
            s.note(Kind::Key, missing, "missing beside its counterpart", remedy);
            return None;
        }
    };
    let ([board_warn_c, board_derate_c, board_stop_c], [chip_warn_c, chip_derate_c, chip_stop_c]) =
        (board?, chip?);
    Some(Limits {
        board_warn_c,
        board_derate_c,
        board_stop_c,
        chip_warn_c,
        chip_derate_c,
        chip_stop_c,
        inlet_max_c: inlet_max_c?,
        cold_below_c: cold_below_c?,
        power_max_w: power_max_w?,
        voltage_mv,
    })
}

/// Warn, derate, stop: each below the next.
fn read_steps(
    s: &mut Section<'_>,
    keys: [&'static str; 3],
    range: core::ops::RangeInclusive<f64>,
) -> Option<[f64; 3]> {
    let values = keys.map(|key| s.number(key, range.clone()));
    let [Some(warn), Some(derate), Some(stop)] = values else {
        return None;
    };
    for (i, (low, high)) in [(warn, derate), (derate, stop)].into_iter().enumerate() {
        if low >= high {
            s.refuse(
                keys[i],
                &format!("must be below `{}`", keys[i + 1]),
                "warn before derating, derate before stopping",
            );
            return None;
        }
    }
    Some([warn, derate, stop])
}
