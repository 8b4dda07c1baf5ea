//! What comes in: how warm it is, how dense, how much of it.

use units::{Duration, Instant};

/// Changes of the inlet's temperature over time, on top of where it began.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Weather {
    /// Steps and ramps, each on top of the others.
    pub changes: Vec<Change>,
    /// The curve of a day.
    pub day: Option<Day>,
}

/// A step (`over` is zero) or a ramp.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Change {
    /// When it begins.
    pub at: Instant,
    /// How long it takes.
    pub over: Duration,
    /// By how much the air is warmer afterwards.
    pub by_k: f64,
}

/// Warmer by day, colder by night.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Day {
    /// Above and below the mean.
    pub swing_k: f64,
    /// When it is warmest, from the start of the simulation.
    pub warmest: Duration,
}

impl Weather {
    /// Nothing changes.
    pub const STEADY: Weather = Weather {
        changes: Vec::new(),
        day: None,
    };

    /// One step by `by_k` at `at`.
    pub fn step(at: Instant, by_k: f64) -> Self {
        let over = Duration::ZERO;
        let changes = vec![Change { at, over, by_k }];
        Weather { changes, day: None }
    }

    /// How much warmer than at the start it is.
    pub(crate) fn at_k(&self, now: Instant) -> f64 {
        let changes: f64 = self.changes.iter().map(|change| change.at_k(now)).sum();
        changes + self.day.map_or(0.0, |day| day.at_k(now))
    }
}

impl Change {
    fn at_k(&self, now: Instant) -> f64 {
        if now < self.at {
            return 0.0;
        }
        self.by_k * progress(now.since(self.at), self.over)
    }
}

impl Day {
    fn at_k(&self, now: Instant) -> f64 {
        let day_s = 86_400.0;
        let since = now.since(Instant::ZERO).as_secs_f64() - self.warmest.as_secs_f64();
        let turns = since / day_s + 0.25;
        self.swing_k * wave(turns - turns.floor())
    }
}

/// How much of something that takes `over` is done after `since`, from 0 to 1.
pub(crate) fn progress(since: Duration, over: Duration) -> f64 {
    if since >= over {
        return 1.0;
    }
    since.as_secs_f64() / over.as_secs_f64()
}

/// One turn of a wave that is nearly a sine: two parabolas, which every machine computes
/// alike. `turn` is from 0 to 1.
fn wave(turn: f64) -> f64 {
    let x = 2.0 * turn;
    if x < 1.0 {
        4.0 * x * (1.0 - x)
    } else {
        -4.0 * (x - 1.0) * (2.0 - x)
    }
}

/// Density of air against that at 25 °C and sea level. The pressure over height is the
/// exponential of a scale height of 8,200 m as a rational function: within 1 % of the
/// standard atmosphere up to 4,000 m.
pub(crate) fn density(altitude_m: f64, air_c: f64) -> f64 {
    let x = altitude_m.max(0.0) / 8_200.0;
    let pressure = 1.0 / (1.0 + x * (1.0 + x * (0.5 + x / 6.0)));
    pressure * 298.15 / (273.15 + air_c.max(-100.0))
}

/// What air of density 1 carries, J/K per cubic metre: 1.184 kg/m³ times 1,006 J/(kg K).
pub(crate) const AIR_J_PER_M3_K: f64 = 1_191.0;

/// Air that moves by its own warmth when no fan turns, as a share of full flow. Assumed.
pub(crate) const NATURAL_FLOW: f64 = 0.03;

/// How heat transfer grows with flow: to the power of 3/4, a turbulent stream's 0.8 made of
/// two square roots, which every machine computes alike.
pub(crate) fn transfer(flow: f64) -> f64 {
    let root = flow.max(0.0).sqrt();
    root * root.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn density_follows_the_standard_atmosphere() {
        // Pressure ratios of the ICAO standard atmosphere.
        for (altitude_m, ratio) in [
            (0.0, 1.0),
            (1000.0, 0.887),
            (2000.0, 0.785),
            (3000.0, 0.692),
        ] {
            let found = density(altitude_m, 25.0);
            assert!((found / ratio - 1.0).abs() < 0.01, "{altitude_m}: {found}");
        }
        assert!(density(0.0, -20.0) > 1.15);
    }

    #[test]
    fn a_ramp_is_halfway_at_half_time_and_stays_at_its_end() {
        let at = Instant::ZERO + Duration::from_secs(10);
        let over = Duration::from_secs(100);
        let ramp = Weather {
            changes: vec![Change {
                at,
                over,
                by_k: 8.0,
            }],
            day: None,
        };
        for (s, k) in [(0, 0.0), (10, 0.0), (60, 4.0), (110, 8.0), (9999, 8.0)] {
            assert_eq!(ramp.at_k(Instant::ZERO + Duration::from_secs(s)), k);
        }
        let step = Weather::step(at, 20.0);
        assert_eq!(step.at_k(at), 20.0);
    }

    #[test]
    fn a_day_is_warmest_and_coldest_when_it_says() {
        let warmest = Duration::from_secs(14 * 3600);
        let day = Weather {
            changes: vec![],
            day: Some(Day {
                swing_k: 6.0,
                warmest,
            }),
        };
        let at = |hours: u64| day.at_k(Instant::ZERO + Duration::from_secs(hours * 3600));
        assert!((at(14) - 6.0).abs() < 1e-9);
        assert!((at(2) + 6.0).abs() < 1e-9);
        assert!(at(8).abs() < 1e-9);
        assert!((at(38) - 6.0).abs() < 1e-9);
    }

    #[test]
    fn more_flow_carries_more_heat_but_less_than_in_proportion() {
        assert_eq!(transfer(1.0), 1.0);
        assert!((transfer(16.0) - 8.0).abs() < 1e-12);
        assert_eq!(transfer(-1.0), 0.0);
    }
}
