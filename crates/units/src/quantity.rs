//! Physical quantities: a number whose unit cannot be forgotten.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A clock frequency in megahertz. Chips step in fractions of 25 MHz, so the value is
/// not an integer.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Megahertz(f64);

impl From<f64> for Megahertz {
    fn from(mhz: f64) -> Self {
        Megahertz::new(mhz)
    }
}

impl From<Megahertz> for f64 {
    fn from(frequency: Megahertz) -> f64 {
        frequency.0
    }
}

impl Megahertz {
    /// `mhz` megahertz; negative or non-finite values become zero.
    pub const fn new(mhz: f64) -> Self {
        if mhz.is_finite() && mhz > 0.0 {
            Megahertz(mhz)
        } else {
            Megahertz(0.0)
        }
    }

    /// The value in megahertz.
    pub const fn mhz(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Megahertz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MHz", self.0)
    }
}

/// An electric potential in millivolts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millivolts(u32);

impl Millivolts {
    /// `mv` millivolts.
    pub const fn new(mv: u32) -> Self {
        Millivolts(mv)
    }

    /// The value in millivolts.
    pub const fn mv(self) -> u32 {
        self.0
    }
}

/// Hashes per second.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default)]
pub struct HashRate(f64);

impl HashRate {
    /// `hs` hashes per second; negative or non-finite values become zero.
    pub const fn from_hs(hs: f64) -> Self {
        if hs.is_finite() && hs > 0.0 {
            HashRate(hs)
        } else {
            HashRate(0.0)
        }
    }

    /// `ths` terahashes (10^12 hashes) per second.
    pub const fn from_ths(ths: f64) -> Self {
        Self::from_hs(ths * 1e12)
    }

    /// Hashes per second.
    pub const fn hs(self) -> f64 {
        self.0
    }

    /// Terahashes per second.
    pub const fn ths(self) -> f64 {
        self.0 / 1e12
    }
}

impl core::iter::Sum for HashRate {
    fn sum<I: Iterator<Item = HashRate>>(iter: I) -> HashRate {
        HashRate(iter.map(|h| h.0).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_becomes_zero() {
        assert_eq!(Megahertz::new(f64::NAN).mhz(), 0.0);
        assert_eq!(Megahertz::new(-1.0).mhz(), 0.0);
        assert_eq!(HashRate::from_hs(f64::INFINITY).hs(), 0.0);
    }
}
