//! What `top` saw, a value a second, and what the daemon kept from before where it does.

use std::collections::VecDeque;

use serde_json::Value;

/// As many as the widest chart shows.
const KEPT: usize = 1000;
/// Where the daemon keeps its past, the part of it that a chart of seconds shows.
pub(super) const PATH: &str = "/api/v1/history?range_s=600&step_s=1&series=rate_ths,temp_c";
/// A gap is drawn as long as it was, up to this.
const GAP_MAX: usize = KEPT;

/// Series with the same times.
#[derive(Debug, Default)]
pub(super) struct History {
    rate_ths: VecDeque<Option<f64>>,
    temp_c: VecDeque<Option<f64>>,
    /// Of the newest, seconds since the daemon began.
    last_s: Option<f64>,
}

impl History {
    /// Add what a status says, if it is newer by a second.
    pub(super) fn saw(&mut self, status: &Value) {
        let Some(now_s) = status["uptime_s"].as_f64() else {
            return;
        };
        let passed = match self.last_s {
            // A new daemon: what the old one did is still what the machine did.
            Some(last_s) if now_s >= last_s => (now_s - last_s).round() as usize,
            _ => 1,
        };
        if passed == 0 {
            return;
        }
        self.last_s = Some(now_s);
        for _ in 1..passed.min(GAP_MAX) {
            self.push(None, None);
        }
        self.push(status["hashrate_ths"]["s5"].as_f64(), hottest(status));
    }

    /// Put before all of it what the daemon kept.
    pub(super) fn began_with(&mut self, answer: &Value) {
        if answer["step_s"].as_u64() != Some(1) || !self.rate_ths.is_empty() {
            return;
        }
        let column = |name: &str| {
            let values = answer["series"][name].as_array();
            let values = values.map_or(&[][..], Vec::as_slice);
            values.iter().map(Value::as_f64).collect::<Vec<_>>()
        };
        let (rates, temps) = (column("rate_ths"), column("temp_c"));
        for (i, rate) in rates.iter().enumerate() {
            self.push(*rate, temps.get(i).copied().flatten());
        }
        self.last_s = answer["uptime_s"].as_f64();
    }

    fn push(&mut self, rate: Option<f64>, temp: Option<f64>) {
        for (series, value) in [(&mut self.rate_ths, rate), (&mut self.temp_c, temp)] {
            if series.len() == KEPT {
                series.pop_front();
            }
            series.push_back(value);
        }
    }

    pub(super) fn rates_ths(&self) -> Vec<Option<f64>> {
        self.rate_ths.iter().copied().collect()
    }

    pub(super) fn temps_c(&self) -> Vec<Option<f64>> {
        self.temp_c.iter().copied().collect()
    }
}

/// Of the machine's sensors.
pub(super) fn hottest(status: &Value) -> Option<f64> {
    let places = status["temperatures"].as_array().into_iter().flatten();
    places.filter_map(|t| t["temp_c"].as_f64()).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(uptime_s: f64, s5: f64) -> Value {
        json!({ "uptime_s": uptime_s, "hashrate_ths": { "s5": s5 },
            "temperatures": [{ "temp_c": 50.0 }, { "temp_c": null }, { "temp_c": s5 }] })
    }

    #[test]
    fn a_second_is_a_value_and_a_gap_is_a_gap() {
        let mut history = History::default();
        for (uptime_s, s5) in [(10.0, 60.0), (10.2, 61.0), (11.1, 62.0), (14.0, 63.0)] {
            history.saw(&status(uptime_s, s5));
        }
        history.saw(&json!({}));
        let expected = [Some(60.0), Some(62.0), None, None, Some(63.0)];
        assert_eq!(history.rates_ths(), expected);
        assert_eq!(history.temps_c(), expected);
        // The daemon began anew.
        history.saw(&status(1.0, 5.0));
        assert_eq!(history.rates_ths().len(), 6);
        history.saw(&status(1e18, 5.0));
        assert_eq!(history.rates_ths().len(), KEPT, "bounded");
    }

    #[test]
    fn what_the_daemon_kept_comes_first_if_it_has_the_same_step() {
        let kept = |step_s| {
            json!({ "uptime_s": 100.4, "step_s": step_s, "from_s": 97,
                "series": { "rate_ths": [1.0, null, 3.0], "temp_c": [60.0] } })
        };
        let mut history = History::default();
        history.began_with(&kept(60));
        assert!(history.rates_ths().is_empty());
        history.began_with(&kept(1));
        history.saw(&status(101.4, 4.0));
        assert_eq!(history.rates_ths(), [Some(1.0), None, Some(3.0), Some(4.0)]);
        assert_eq!(history.temps_c(), [Some(60.0), None, None, Some(50.0)]);
        history.began_with(&kept(1));
        assert_eq!(history.rates_ths().len(), 4, "once");
        History::default().began_with(&json!(null));
    }
}
