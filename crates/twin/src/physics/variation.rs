//! How one machine differs from the table: the box of parameters that safety must hold in.

use units::Rng;

/// Factors on a machine's coefficients, and where it stands. The same seed gives the same.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Variation {
    /// On the resistances from chip to sink, sink to air, chip to board and board to air.
    pub heat_resistance: f64,
    /// On the lag of every sensor.
    pub sensor_lag: f64,
    /// On the leakage of every chip.
    pub leakage: f64,
    /// Air (or coolant) that comes in, before the weather changes it.
    pub inlet_c: f64,
    /// Height above the sea.
    pub altitude_m: f64,
    /// On what the supply bears before its protection acts: assumed limits must not be what
    /// saves a machine in a test.
    pub supply: f64,
}

impl Variation {
    /// The machine as in the table, at 25 °C and at sea level.
    pub const NOMINAL: Variation = Variation {
        heat_resistance: 1.0,
        sensor_lag: 1.0,
        leakage: 1.0,
        inlet_c: 25.0,
        altitude_m: 0.0,
        supply: 1.0,
    };

    /// The corner that is hardest to keep cool.
    pub const HARDEST: Variation = Variation {
        heat_resistance: 1.5,
        sensor_lag: 3.0,
        leakage: 2.0,
        inlet_c: 45.0,
        altitude_m: ALTITUDE_MAX_M,
        supply: 2.0,
    };

    /// Somewhere in the box: heat resistance ±50 %, sensor lag x1 to x3, leakage x1 to x2,
    /// inlet −20 to 45 °C, sea level to 3,000 m, a supply that bears x1 to x2.
    pub fn draw(rng: &mut Rng) -> Self {
        let mut within = |low: f64, high: f64| low + (high - low) * rng.unit_f64();
        Variation {
            heat_resistance: within(0.5, 1.5),
            sensor_lag: within(1.0, 3.0),
            leakage: within(1.0, 2.0),
            inlet_c: within(-20.0, 45.0),
            altitude_m: within(0.0, ALTITUDE_MAX_M),
            supply: within(1.0, 2.0),
        }
    }
}

impl Default for Variation {
    fn default() -> Self {
        Variation::NOMINAL
    }
}

/// The height of the highest towns with large farms, rounded up.
const ALTITUDE_MAX_M: f64 = 3_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_lies_in_the_box_and_the_box_is_reached() {
        let mut rng = Rng::new(1);
        let drawn: Vec<_> = (0..4000).map(|_| Variation::draw(&mut rng)).collect();
        let check = |of: fn(&Variation) -> f64, low: f64, high: f64| {
            let least = drawn.iter().map(of).fold(f64::MAX, f64::min);
            let most = drawn.iter().map(of).fold(f64::MIN, f64::max);
            let edge = (high - low) / 100.0;
            assert!((low..low + edge).contains(&least), "{least}");
            assert!((high - edge..high).contains(&most), "{most}");
        };
        check(|v| v.heat_resistance, 0.5, 1.5);
        check(|v| v.sensor_lag, 1.0, 3.0);
        check(|v| v.leakage, 1.0, 2.0);
        check(|v| v.inlet_c, -20.0, 45.0);
        check(|v| v.altitude_m, 0.0, 3_000.0);
        check(|v| v.supply, 1.0, 2.0);
    }
}
