//! Hashrate over sliding windows, from verified nonces.

use std::collections::VecDeque;

use units::{Duration, Instant};

/// Counts of verified nonces in steps of fixed length, so that a window costs a bounded
/// sum and nothing depends on how often it is asked.
#[derive(Debug)]
struct Ring {
    step: Duration,
    slots: VecDeque<u64>,
    current: u64,
    current_ends: Instant,
    capacity: usize,
}

impl Ring {
    fn new(start: Instant, step: Duration, capacity: usize) -> Self {
        Ring {
            step,
            slots: VecDeque::with_capacity(capacity),
            current: 0,
            current_ends: start + step,
            capacity,
        }
    }

    fn advance(&mut self, now: Instant) {
        // A long pause needs no more turns than the ring has slots.
        let behind = now.since(self.current_ends).as_nanos() / self.step.as_nanos().max(1);
        if behind as usize > self.capacity {
            self.slots.clear();
            self.slots.resize(self.capacity, 0);
            self.current = 0;
            self.current_ends = now + self.step;
        }
        while now >= self.current_ends {
            if self.slots.len() == self.capacity {
                self.slots.pop_front();
            }
            self.slots.push_back(self.current);
            self.current = 0;
            self.current_ends += self.step;
        }
    }

    fn sum(&self) -> u64 {
        self.slots.iter().sum::<u64>() + self.current
    }
}

/// Nonces over the last 5 s, minute, quarter of an hour and hour.
#[derive(Debug)]
pub(crate) struct Rates {
    since: Option<Instant>,
    rings: [Ring; 4],
}

/// The windows: step and number of steps. 60 steps keep the error at the window's edge
/// below 2 %.
const WINDOWS: [(Duration, usize); 4] = [
    (Duration::from_millis(100), 50),
    (Duration::from_secs(1), 60),
    (Duration::from_secs(15), 60),
    (Duration::from_secs(60), 60),
];

/// Before this much time a rate says more about chance than about the machine.
const FIRST_WORD_AFTER: Duration = Duration::from_secs(2);

impl Rates {
    pub(crate) fn new(now: Instant) -> Self {
        Rates {
            since: None,
            rings: WINDOWS.map(|(step, n)| Ring::new(now, step, n)),
        }
    }

    /// A nonce was verified.
    pub(crate) fn count(&mut self, now: Instant) {
        self.since.get_or_insert(now);
        for ring in &mut self.rings {
            ring.advance(now);
            ring.current += 1;
        }
    }

    /// A nonce was ever counted.
    pub(crate) fn has_counted(&self) -> bool {
        self.since.is_some()
    }

    /// Nonces per second in the windows of 5 s, 1, 15 and 60 minutes. A window that is
    /// not full yet counts the time since the first nonce.
    pub(crate) fn per_second(&mut self, now: Instant) -> [Option<f64>; 4] {
        let Some(since) = self.since else {
            return [None; 4];
        };
        let running = now.since(since);
        let mut out = [None; 4];
        for ((ring, (step, n)), rate) in self.rings.iter_mut().zip(WINDOWS).zip(&mut out) {
            ring.advance(now);
            let window = running.min(step * n as u32);
            if running >= FIRST_WORD_AFTER {
                *rate = Some(ring.sum() as f64 / window.as_secs_f64());
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(per_second: u64, seconds: u64) -> (Rates, Instant) {
        let mut rates = Rates::new(Instant::ZERO);
        let mut now = Instant::ZERO;
        for _ in 0..per_second * seconds {
            now += Duration::from_nanos(1_000_000_000 / per_second);
            rates.count(now);
        }
        (rates, now)
    }

    #[test]
    fn a_steady_rate_shows_in_every_window() {
        let (mut rates, now) = fed(40, 120);
        for rate in rates.per_second(now).into_iter().flatten() {
            assert!((rate - 40.0).abs() < 1.5, "{rate}");
        }
    }

    #[test]
    fn silence_empties_the_short_window_first() {
        let (mut rates, now) = fed(40, 120);
        let later = now + Duration::from_secs(10);
        let [s5, m1, ..] = rates.per_second(later);
        assert_eq!(s5, Some(0.0));
        assert!(m1.is_some_and(|r| r > 25.0 && r < 40.0));
    }

    #[test]
    fn nothing_is_said_before_anything_is_known() {
        assert_eq!(
            Rates::new(Instant::ZERO).per_second(Instant::from_millis(9_000)),
            [None; 4]
        );
        let (mut rates, now) = fed(40, 1);
        assert_eq!(rates.per_second(now)[0], None);
    }

    #[test]
    fn a_pause_of_days_is_cheap_and_leaves_zero() {
        let (mut rates, now) = fed(40, 10);
        let later = now + Duration::from_secs(90 * 86_400);
        assert_eq!(rates.per_second(later)[3], Some(0.0));
    }
}
