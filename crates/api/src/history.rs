//! `GET /api/v1/history`: the past as columns, bounded by what is kept.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use telemetry::{Past, RESOLUTIONS, Resolution, Series};

use crate::answers::{ChainColumns, Column, Columns, HistoryAnswer, ResolutionAnswer};
use crate::refusal::Refusal;
use crate::routes::{Shared, bad_request};

/// Where nothing is asked for: what a page shows first.
const RANGE_S: u32 = 600;
/// Rows of an answer whose step was left to us: a chart has no more pixels.
const ROWS_AIM: u32 = 1440;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    #[serde(default)]
    range_s: Option<u32>,
    #[serde(default)]
    step_s: Option<u32>,
    /// Names with commas between; all where it is not there.
    #[serde(default)]
    series: Option<String>,
}

pub(crate) async fn history(
    State(context): Shared,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<HistoryAnswer>, Refusal> {
    let Query(wanted) = query.map_err(|e| bad_request(e.body_text()))?;
    let range_s = wanted.range_s.unwrap_or(RANGE_S);
    let of = resolution(range_s, wanted.step_s).map_err(bad_request)?;
    let series = series(wanted.series.as_deref()).map_err(bad_request)?;
    let uptime_s = context.published.snapshot().uptime_s;
    let past = context.published.past(of.step_s, range_s);
    let past = past.ok_or_else(|| bad_request("no such step is kept".to_owned()))?;
    Ok(Json(answer(uptime_s, &past, &series)))
}

/// The step that was asked for, or the finest that reaches so far with no more rows than a
/// chart shows.
fn resolution(range_s: u32, step_s: Option<u32>) -> Result<Resolution, String> {
    let most = RESOLUTIONS.iter().map(|r| r.span_s()).max().unwrap_or(0);
    if range_s == 0 || range_s > most {
        return Err(format!("`range_s` is from 1 to {most}"));
    }
    let Some(step_s) = step_s else {
        let reaches = |r: &&Resolution| r.span_s() >= range_s && range_s / r.step_s <= ROWS_AIM;
        let found = RESOLUTIONS.iter().find(reaches);
        return found
            .copied()
            .ok_or_else(|| "no step reaches so far".to_owned());
    };
    let Some(found) = RESOLUTIONS.iter().find(|r| r.step_s == step_s) else {
        let steps: Vec<_> = RESOLUTIONS.iter().map(|r| r.step_s.to_string()).collect();
        return Err(format!("`step_s` is one of {}", steps.join(", ")));
    };
    if found.span_s() < range_s {
        let span = found.span_s();
        return Err(format!("in steps of {step_s} s the last {span} s are kept"));
    }
    Ok(*found)
}

fn series(names: Option<&str>) -> Result<Vec<Series>, String> {
    let Some(names) = names else {
        return Ok(Series::ALL.to_vec());
    };
    let found = names.split(',').map(|name| {
        let known = Series::ALL.into_iter().find(|series| series.name() == name);
        known.ok_or_else(|| {
            let all = Series::ALL.map(Series::name).join(", ");
            format!("`series` holds, with commas between, some of {all}")
        })
    });
    // Each once, whatever was asked.
    let found: Vec<_> = found.collect::<Result<_, _>>()?;
    let once = |series: &Series| found.contains(series);
    Ok(Series::ALL.into_iter().filter(once).collect())
}

fn answer(uptime_s: f64, past: &Past, wanted: &[Series]) -> HistoryAnswer {
    let column = |series, chain| -> Column {
        let asked = wanted.contains(&series);
        asked.then(|| past.column(series, chain))
    };
    let of_machine = |series| column(series, 0);
    let of_chains = wanted.iter().any(|series| series.is_of_chains());
    let chains = past.chains().filter(|_| of_chains);
    HistoryAnswer {
        uptime_s: (uptime_s * 1000.0).round() / 1000.0,
        step_s: past.step_s,
        from_s: past.from_s,
        rows: past.rows(),
        resolutions: RESOLUTIONS
            .iter()
            .map(|r| ResolutionAnswer {
                step_s: r.step_s,
                span_s: r.span_s(),
            })
            .collect(),
        series: Columns {
            rate_ths: of_machine(Series::Rate),
            nominal_ths: of_machine(Series::Nominal),
            power_w: of_machine(Series::Power),
            temp_c: of_machine(Series::Temperature),
            fan_rpm: of_machine(Series::FanSpeed),
            fan_percent: of_machine(Series::FanDuty),
            accepted: of_machine(Series::Accepted),
            rejected: of_machine(Series::Rejected),
            stale: of_machine(Series::Stale),
            lost: of_machine(Series::Lost),
            hw_errors: of_machine(Series::HwErrors),
        },
        chains: chains
            .map(|(chain, slot)| ChainColumns {
                slot,
                chain_rate_ths: column(Series::ChainRate, chain),
                chain_board_c: column(Series::ChainBoard, chain),
                chain_chip_c: column(Series::ChainChip, chain),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_gets_the_finest_step_that_a_chart_can_show() {
        let check = |range_s, step_s, expected: Result<u32, &str>| {
            let found = resolution(range_s, step_s).map(|r| r.step_s);
            let expected = expected.map_err(str::to_owned);
            assert_eq!(found, expected, "{range_s} {step_s:?}");
        };
        check(1, None, Ok(1));
        check(600, None, Ok(1));
        check(601, None, Ok(10));
        check(3600, None, Ok(10));
        check(3601, None, Ok(60));
        check(86_400, None, Ok(60));
        check(86_460, None, Ok(600));
        check(604_800, None, Ok(600));
        check(172_800, Some(60), Ok(60));
        check(60, Some(600), Ok(600));
        check(0, None, Err("`range_s` is from 1 to 604800"));
        check(604_801, None, Err("`range_s` is from 1 to 604800"));
        check(60, Some(2), Err("`step_s` is one of 1, 10, 60, 600"));
        check(60, Some(0), Err("`step_s` is one of 1, 10, 60, 600"));
        check(601, Some(1), Err("in steps of 1 s the last 600 s are kept"));
    }

    #[test]
    fn every_series_can_be_named_and_no_other() {
        for one in Series::ALL {
            assert_eq!(series(Some(one.name())), Ok(vec![one]));
        }
        assert_eq!(series(None).map(|all| all.len()), Ok(14));
        let twice = series(Some("power_w,rate_ths,power_w"));
        assert_eq!(twice, Ok(vec![Series::Rate, Series::Power]));
        for bad in ["", "power", "rate_ths,", "rate_ths, power_w", "RATE_THS"] {
            assert!(series(Some(bad)).is_err(), "{bad}");
        }
    }
}
