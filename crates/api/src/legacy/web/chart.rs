//! The chart of the maker's page: hashrate over the last day at most.

use serde_json::{Value, json};
use telemetry::{ClockQuality, Past, Series, Snapshot};

use super::super::unix_now;
use super::read::framed;
use crate::published::Published;

/// As long as a machine is this young its minutes are shown, 120 at most; then ten of them in one
/// point, 144 at most.
const YOUNG_S: f64 = 7200.0;
const DAY_S: u32 = 86_400;

pub(in super::super) fn chart(published: &Published) -> Value {
    let s = published.snapshot();
    let step_s = if s.uptime_s < YOUNG_S { 60 } else { 600 };
    let points = published.past(step_s, DAY_S);
    let points = points.map_or_else(Vec::new, |past| points_of(&s, &past, unix_now()));
    let (times, rates): (Vec<String>, Vec<f64>) = points.into_iter().unzip();
    let row =
        json!({ "unit": "GH/s", "xAxis": times, "series": [{ "name": "rate", "data": rates }] });
    framed(&s, "chart", "RATE", json!([row]))
}

/// What is known, with the time at which each step began. A client reads numbers only: what
/// nobody knows is left out.
fn points_of(s: &Snapshot, past: &Past, unix_s: u64) -> Vec<(String, f64)> {
    let rates = past.column(Series::Rate, 0).into_iter();
    let at_s = (past.from_s..).step_by(past.step_s as usize);
    let known = at_s.zip(rates).filter_map(|(at_s, ths)| Some((at_s, ths?)));
    known
        .map(|(at_s, ths)| (time(s, at_s, unix_s), (ths * 1e4).round() / 10.0))
        .collect()
}

/// Time of day in UTC; while nobody knows it, how long the machine had run.
fn time(s: &Snapshot, at_s: u64, unix_s: u64) -> String {
    if s.clock.quality == ClockQuality::Unset {
        return format!("+{} min", at_s / 60);
    }
    let ago_s = (s.uptime_s.max(0.0) as u64).saturating_sub(at_s);
    let minutes = unix_s.saturating_sub(ago_s) / 60;
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::legacy::fixture;

    /// A machine that ran so many minutes without a gap but for the second.
    fn ran(minutes: u32) -> Published {
        let at = |minute: u32| {
            let mut s = fixture::snapshot();
            s.uptime_s = f64::from(minute) * 60.0;
            s.hashrate.s5 = (minute != 1).then_some(100.0);
            s
        };
        let published = Published::new(at(0), 1);
        (1..=minutes).for_each(|minute| published.publish(Arc::new(at(minute))));
        published
    }

    #[test]
    fn a_young_machine_shows_minutes_and_an_old_one_a_day() {
        let check = |minutes: u32, points: usize| {
            let shown = chart(&ran(minutes));
            let row = &shown["RATE"][0];
            let data = row["series"][0]["data"].as_array().expect("numbers");
            assert_eq!(
                row["xAxis"].as_array().map(Vec::len),
                Some(points),
                "{minutes}"
            );
            assert_eq!(data.len(), points, "{minutes}");
            assert!(data.iter().all(|ghs| *ghs == 100_000.0), "{data:?}");
        };
        check(0, 0);
        check(5, 4);
        check(119, 118);
        check(120, 12);
        check(5000, 144);
    }

    #[test]
    fn points_stand_at_the_time_of_day_where_somebody_knows_it() {
        let published = ran(125);
        let mut s = fixture::snapshot();
        s.uptime_s = 7500.0;
        let past = published.past(600, DAY_S).expect("a step");
        // 86,400 s is midnight; the machine began 7500 s before, at 21:55.
        let times = |s: &Snapshot| -> Vec<String> {
            let points = points_of(s, &past, 86_400).into_iter();
            points.map(|(time, _)| time).take(2).collect()
        };
        assert_eq!(times(&s), ["21:55", "22:05"]);
        s.clock.quality = ClockQuality::Unset;
        assert_eq!(times(&s), ["+0 min", "+10 min"]);
    }
}
