//! The two number formats of PMBus, by its specification.
//!
//! LINEAR11: five bits of exponent on top, eleven of mantissa, both in two's complement.
//! ULINEAR16: a word, and an exponent that VOUT_MODE holds once for all voltages.

/// Mantissas that fit eleven bits.
const MANTISSA_MAX: f64 = 1023.0;
const MANTISSA_MIN: f64 = -1024.0;
const EXPONENT_MIN: i8 = -16;
const EXPONENT_MAX: i8 = 15;

/// The value of a LINEAR11 word.
pub fn linear11(word: u16) -> f64 {
    let exponent = (word as i16 >> 11) as i8; // five bits
    let mantissa = (word << 5) as i16 >> 5;
    scaled(f64::from(mantissa), exponent)
}

/// The nearest LINEAR11 word, with the finest exponent that holds it; what is larger than
/// every word is the largest.
pub fn linear11_of(value: f64) -> u16 {
    let fits = |e: &i8| (MANTISSA_MIN..=MANTISSA_MAX).contains(&scaled(value, -e).round());
    let exponent = (EXPONENT_MIN..=EXPONENT_MAX)
        .find(fits)
        .unwrap_or(EXPONENT_MAX);
    let mantissa = scaled(value, -exponent)
        .round()
        .clamp(MANTISSA_MIN, MANTISSA_MAX) as i16;
    (i16::from(exponent) << 11) as u16 | mantissa as u16 & 0x07ff
}

/// How a regulator writes voltages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VoutMode {
    exponent: i8,
}

impl VoutMode {
    /// By the byte of VOUT_MODE: linear, with thresholds relative to the voltage (bit 7), as
    /// the settings here need it. Others are not driven.
    pub(super) fn new(byte: u8) -> Option<VoutMode> {
        let exponent = (byte << 3) as i8 >> 3;
        // Above zero a step is two volts: no such rail.
        (byte >> 5 == 0b100 && exponent <= 0).then_some(VoutMode { exponent })
    }

    /// The value of a word.
    pub fn volts(self, word: u16) -> f64 {
        scaled(f64::from(word), self.exponent)
    }

    /// The word for a value, rounded down; values that no word holds become the nearest.
    pub(super) fn word_floor(self, value: f64) -> u16 {
        // Saturating.
        scaled(value, -self.exponent) as u16
    }

    /// The word for a value, rounded to the nearest.
    pub(super) fn word(self, value: f64) -> u16 {
        scaled(value, -self.exponent).round() as u16
    }
}

/// `value * 2^exponent`, exactly: the exponent has six bits at most.
fn scaled(value: f64, exponent: i8) -> f64 {
    let factor = (1u64 << exponent.unsigned_abs().min(63)) as f64;
    match exponent < 0 {
        true => value / factor,
        false => value * factor,
    }
}
