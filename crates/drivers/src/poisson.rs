//! What a count of rare events says about their rate.
//!
//! Decisions use bounds that need the four operations only, so that every machine decides
//! alike; the interval that people see uses a square root.

/// Natural logarithm of 10^9: a decision made by [`surely_above`] or [`surely_below`] is
/// wrong by chance at most once in 10^9 times.
const EXPONENT: f64 = 20.723_265_836_946_41;

/// `seen` events are too many for a mean of `mean` or less: the chance is below 10^-9
/// (Bernstein's inequality, so the true chance is smaller still).
pub fn surely_above(seen: u64, mean: f64) -> bool {
    let over = seen as f64 - mean;
    over > 0.0 && over * over >= EXPONENT * (2.0 * mean + 2.0 / 3.0 * over)
}

/// `seen` events are too few for a mean of `mean` or more: the chance is below 10^-9
/// (the lower Chernoff bound).
pub fn surely_below(seen: u64, mean: f64) -> bool {
    let under = mean - seen as f64;
    under > 0.0 && under * under >= EXPONENT * 2.0 * mean
}

/// The 95 % interval for the mean behind `seen` events (Byar's approximation, within 1 %
/// of the exact one from one event on).
pub fn interval95(seen: u64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let side = |n: f64, sign: f64| {
        let root = 1.0 - 1.0 / (9.0 * n) + sign * Z / (3.0 * n.sqrt());
        n * root * root * root
    };
    let low = if seen == 0 {
        0.0
    } else {
        side(seen as f64, -1.0).max(0.0)
    };
    (low, side(seen as f64 + 1.0, 1.0))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use units::Rng;

    /// A Poisson draw by counting arrivals.
    pub(crate) fn draw(rng: &mut Rng, mean: f64) -> u64 {
        let second = units::Duration::from_secs(1);
        let (mut at, mut count) = (0.0, 0);
        loop {
            at += rng.exponential(second).as_secs_f64();
            if at > mean {
                return count;
            }
            count += 1;
        }
    }

    #[test]
    fn the_interval_is_the_published_one() {
        // Exact (Garwood) limits from published tables.
        for (seen, low, high) in [
            (0, 0.0, 3.69),
            (1, 0.025, 5.57),
            (5, 1.62, 11.67),
            (10, 4.80, 18.39),
            (100, 81.4, 121.6),
        ] {
            let got = interval95(seen);
            assert!((got.0 - low).abs() < 0.05 + low * 0.01, "{seen} {got:?}");
            assert!((got.1 - high).abs() < 0.05 + high * 0.01, "{seen} {got:?}");
        }
    }

    #[test]
    fn the_interval_covers_the_mean_nineteen_times_in_twenty() {
        let mut rng = Rng::new(4);
        for mean in [3.0, 20.0, 150.0] {
            let covered = (0..2000)
                .filter(|_| {
                    let (low, high) = interval95(draw(&mut rng, mean));
                    low <= mean && mean <= high
                })
                .count();
            assert!((1860..=2000).contains(&covered), "{mean}: {covered}");
        }
    }

    #[test]
    fn chance_alone_decides_nothing() {
        let mut rng = Rng::new(5);
        for _ in 0..20_000 {
            let mean = 1.0 + rng.unit_f64() * 100.0;
            let seen = draw(&mut rng, mean);
            assert!(!surely_above(seen, mean) && !surely_below(seen, mean));
        }
    }

    #[test]
    fn clear_cases_are_decided() {
        assert!(surely_above(40, 5.0));
        assert!(surely_below(0, 42.0));
        assert!(!surely_below(0, 41.0));
        assert!(!surely_above(0, 0.0) && !surely_below(0, 0.0));
        assert!(!surely_above(1, 0.0), "one event has no rate");
        assert!(surely_above(14, 0.0));
    }
}
