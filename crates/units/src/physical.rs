//! Heat, power and air: what sensors measure and actuators are set to.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A temperature in degrees Celsius.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Celsius(f64);

impl Celsius {
    /// `c` degrees. A value that is no number becomes the hottest there is: whoever looks at
    /// it must not take it for cool.
    pub const fn new(c: f64) -> Self {
        if c.is_finite() {
            Celsius(c)
        } else {
            Celsius(f64::MAX)
        }
    }

    /// The value in degrees.
    pub const fn c(self) -> f64 {
        self.0
    }

    /// The hotter of two.
    pub const fn hotter(self, other: Self) -> Self {
        if self.0 >= other.0 { self } else { other }
    }
}

impl fmt::Display for Celsius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} °C", self.0)
    }
}

/// A power in watts, never negative.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watts(f64);

impl Watts {
    /// `w` watts; negative or non-finite values become zero.
    pub const fn new(w: f64) -> Self {
        if w.is_finite() && w > 0.0 {
            Watts(w)
        } else {
            Watts(0.0)
        }
    }

    /// The value in watts.
    pub const fn w(self) -> f64 {
        self.0
    }
}

impl core::iter::Sum for Watts {
    fn sum<I: Iterator<Item = Watts>>(iter: I) -> Watts {
        Watts(iter.map(|w| w.0).sum())
    }
}

impl fmt::Display for Watts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} W", self.0)
    }
}

/// Turns per minute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rpm(u32);

impl Rpm {
    /// `rpm` turns per minute.
    pub const fn new(rpm: u32) -> Self {
        Rpm(rpm)
    }

    /// The value in turns per minute.
    pub const fn rpm(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Rpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rpm", self.0)
    }
}

/// How hard a fan is driven, in whole percent from 0 to 100.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(from = "u8", into = "u8")]
pub struct Duty(u8);

impl Duty {
    /// Not driven.
    pub const OFF: Duty = Duty(0);
    /// As hard as it goes.
    pub const FULL: Duty = Duty(100);

    /// `percent`; more than 100 is 100.
    pub const fn new(percent: u8) -> Self {
        if percent > 100 {
            Duty(100)
        } else {
            Duty(percent)
        }
    }

    /// The least whole percent that is not below `percent`: rounding must not cool less.
    pub fn from_percent_ceil(percent: f64) -> Self {
        // Saturating: a value that is no number becomes full.
        if percent.is_nan() {
            return Duty::FULL;
        }
        Duty::new(percent.ceil().clamp(0.0, 100.0) as u8)
    }

    /// The value in percent.
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl From<u8> for Duty {
    fn from(percent: u8) -> Self {
        Duty::new(percent)
    }
}

impl From<Duty> for u8 {
    fn from(duty: Duty) -> u8 {
        duty.0
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_never_cool_weak_or_slow() {
        assert_eq!(Celsius::new(f64::NAN).c(), f64::MAX);
        assert_eq!(Celsius::new(f64::NEG_INFINITY).c(), f64::MAX);
        assert_eq!(Duty::from_percent_ceil(f64::NAN), Duty::FULL);
        assert_eq!(Watts::new(f64::NAN).w(), 0.0);
    }

    #[test]
    fn duty_stays_within_its_range_and_rounds_to_more_air() {
        assert_eq!(Duty::new(200), Duty::FULL);
        assert_eq!(Duty::from_percent_ceil(30.1).percent(), 31);
        assert_eq!(Duty::from_percent_ceil(-5.0), Duty::OFF);
        assert_eq!(Duty::from_percent_ceil(1e9), Duty::FULL);
    }
}
