//! How late an idle thread wakes on this computer.

use std::time::{Duration, Instant};

use serde_json::Value;

/// Sleeps of a millisecond, and how much longer they took, in microseconds.
pub(super) fn idle_wake_up() -> Value {
    const SLEEP: Duration = Duration::from_millis(1);
    let late = (0..500)
        .map(|_| {
            let start = Instant::now();
            std::thread::sleep(SLEEP);
            start.elapsed().saturating_sub(SLEEP).as_secs_f64() * 1e6
        })
        .collect();
    super::percentiles(late)
}
