//! LM75A and CT75: board sensors with 11 bits, 0.125 °C a step.
//!
//! Register 0 holds the temperature: two bytes, high first, the top 11 bits in two's
//! complement. Captured on the S19 Pro through its controller: 17 10 is 23.0 °C, 17 B0 is
//! 23.625 °C (the bits below the 11 are not always zero). Published: measures -55 to 125 °C.

use units::Celsius;

use super::sensor::Look;
use super::{PartError, PartErrorKind};

/// What is read of it.
pub const LOOKS: [Look; 1] = [Look {
    register: 0,
    bytes: 2,
}];

/// Whole degrees that no such part can measure: rails of its converter or a bus that is stuck.
const TOP_C: i16 = 127;
const BOTTOM_C: i16 = -55;

/// The temperature in its two bytes.
pub fn celsius(bytes: &[u8]) -> Result<Celsius, PartError> {
    celsius_of_bits(bytes, 11)
}

/// The temperature in the top `bits` of two bytes.
///
/// Exactly zero is no measurement: it is what a part that has lost its supply, or a relay
/// that has nothing, is likeliest to show. A board that is at 0.00 °C for true fails for as
/// long as it is.
pub(super) fn celsius_of_bits(bytes: &[u8], bits: u32) -> Result<Celsius, PartError> {
    let raw = i16::from_be_bytes(PartError::exactly(bytes)?);
    let whole = raw >> 8;
    let kind = match raw {
        -1 => PartErrorKind::Silent,
        0 => PartErrorKind::NoMeasurement,
        _ if !(BOTTOM_C..TOP_C).contains(&whole) => PartErrorKind::NoMeasurement,
        _ => {
            let unused = 16u32.saturating_sub(bits).min(8);
            let steps = f64::from(raw >> unused);
            return Ok(Celsius::new(steps / f64::from(1u32 << (8 - unused))));
        }
    };
    Err(PartError::new(kind, bytes))
}
