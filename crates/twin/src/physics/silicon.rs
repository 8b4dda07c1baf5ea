//! What differs from chip to chip, and how fast a chip can go before it errs.

use units::Rng;

/// One chip against the mean of its kind.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Chip {
    /// On the frequency that it can reach.
    pub(crate) speed: f64,
    /// On its leakage: fast silicon leaks more.
    pub(crate) leak: f64,
    /// On the resistance from die to sink: the paste.
    pub(crate) paste: f64,
}

/// Standard deviations. Assumed: the bins that such chips are sold in differ by some 10 %.
const SPEED_SPREAD: f64 = 0.025;
const LEAK_SPREAD: f64 = 0.08;
const PASTE_SPREAD: f64 = 0.07;
/// How much more a chip leaks that is so much faster. Assumed.
const LEAK_PER_SPEED: f64 = 4.0;

impl Chip {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let fast = SPEED_SPREAD * bell(rng);
        Chip {
            speed: 1.0 + fast,
            leak: 1.0 + LEAK_PER_SPEED * fast + LEAK_SPREAD * bell(rng),
            paste: 1.0 + PASTE_SPREAD * bell(rng),
        }
    }
}

/// Nearly normal, of deviation 1 and at most ±2.45: the sum of six uniform draws leaves out
/// the logarithms and roots that machines compute differently.
fn bell(rng: &mut Rng) -> f64 {
    let sum: f64 = (0..6).map(|_| rng.unit_f64()).sum();
    ((sum - 3.0) * core::f64::consts::SQRT_2).clamp(-2.45, 2.45)
}

/// How fast a kind of chip can go.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct SpeedLaw {
    /// What the mean chip reaches at `volts` and at a good temperature.
    pub(crate) limit_mhz: f64,
    /// Voltage of its domain at the rating.
    pub(crate) volts: f64,
}

/// How much faster for so much more voltage: near the threshold more than in proportion.
/// Assumed.
const PER_VOLTAGE: f64 = 1.6;
/// Colder chips are slower: near the threshold, cold raises it more than it helps. Stock
/// firmware of the S19k Pro keeps the frequency low below 35 °C (published); the slope is
/// assumed.
const COLD_C: f64 = 35.0;
const PER_K_COLD: f64 = 0.003;
/// Hotter chips are slower. Assumed.
const HOT_C: f64 = 75.0;
const PER_K_HOT: f64 = 0.002;
/// Errors begin here, as a share of what a chip reaches, and half of all hashes are wrong so
/// much higher. Assumed.
const ONSET: f64 = 0.96;
const HALF: f64 = 0.05;
/// Hashes that are wrong at any speed. Assumed: a hardware error now and then is usual.
const FLOOR: f64 = 0.000_1;

impl SpeedLaw {
    /// What a chip reaches.
    pub(crate) fn reach_mhz(&self, chip: &Chip, volts: f64, die_c: f64) -> f64 {
        let by_voltage = 1.0 + PER_VOLTAGE * (volts / self.volts - 1.0);
        let cold = PER_K_COLD * (COLD_C - die_c).max(0.0);
        let hot = PER_K_HOT * (die_c - HOT_C).max(0.0);
        let by_heat = 1.0 - cold - hot;
        self.limit_mhz * chip.speed * by_voltage.max(0.0) * by_heat.max(0.0)
    }

    /// Share of its hashes that are wrong.
    pub(crate) fn errors(&self, chip: &Chip, mhz: f64, volts: f64, die_c: f64) -> f64 {
        if mhz <= 0.0 {
            return 0.0;
        }
        let reach_mhz = self.reach_mhz(chip, volts, die_c);
        if reach_mhz <= 0.0 {
            return 1.0;
        }
        let over = (mhz / reach_mhz - ONSET).max(0.0) / HALF;
        let cube = over * over * over;
        FLOOR + (1.0 - FLOOR) * cube / (1.0 + cube)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: SpeedLaw = SpeedLaw {
        limit_mhz: 600.0,
        volts: 0.33,
    };
    const MEAN: Chip = Chip {
        speed: 1.0,
        leak: 1.0,
        paste: 1.0,
    };

    #[test]
    fn errors_climb_from_few_to_all() {
        let at = |mhz: f64| LAW.errors(&MEAN, mhz, 0.33, 60.0);
        assert_eq!(at(0.0), 0.0);
        assert_eq!(at(500.0), FLOOR);
        let steps: Vec<_> = (0..40).map(|i| at(560.0 + 10.0 * f64::from(i))).collect();
        assert!(steps.windows(2).all(|w| w[0] <= w[1]), "{steps:?}");
        assert!((0.3..0.7).contains(&at(606.0)), "{}", at(606.0));
        assert!(at(900.0) > 0.99 && at(900.0) <= 1.0);
    }

    #[test]
    fn voltage_helps_and_both_heat_and_cold_hurt() {
        let at = |volts, c| LAW.errors(&MEAN, 600.0, volts, c);
        assert!(at(0.34, 60.0) < at(0.33, 60.0));
        assert!(at(0.33, 95.0) > at(0.33, 60.0));
        assert!(at(0.33, 0.0) > at(0.33, 60.0));
        assert_eq!(at(0.0, 60.0), 1.0);
    }

    #[test]
    fn draws_have_their_mean_and_their_bounds() {
        let mut rng = Rng::new(5);
        let chips: Vec<_> = (0..20_000).map(|_| Chip::draw(&mut rng)).collect();
        let mean = |of: fn(&Chip) -> f64| chips.iter().map(of).sum::<f64>() / 20_000.0;
        for of in [|c: &Chip| c.speed, |c: &Chip| c.leak, |c: &Chip| c.paste] {
            assert!((mean(of) - 1.0).abs() < 0.005);
            assert!(chips.iter().all(|c| of(c) > 0.5 && of(c) < 1.5));
        }
        let spread = mean(|c| (c.speed - 1.0) * (c.speed - 1.0)).sqrt();
        assert!((spread / SPEED_SPREAD - 1.0).abs() < 0.05, "{spread}");
    }
}
