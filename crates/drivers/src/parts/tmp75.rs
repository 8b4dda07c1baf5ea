//! TMP75, TMP175 and TMP1075: board sensors with 12 bits, 0.0625 °C a step.
//!
//! Published (data sheets): register 0 as the LM75A's, one bit longer; the TMP1075 alone can
//! be asked what it is: register 0x0F holds 75 00.

use units::Celsius;

use super::lm75::celsius_of_bits;
use super::sensor::{Look, Put};
use super::{PartError, PartErrorKind};

/// What is read of it.
pub const LOOKS: [Look; 1] = [Look {
    register: 0,
    bytes: 2,
}];

/// Twelve bits instead of the nine that a TMP75 begins with: bits 6 and 5 of the
/// configuration. A TMP1075 always measures twelve and ignores them.
pub const SETUP: [Put; 1] = [Put {
    register: 1,
    value: 0x60,
}];

/// What a TMP1075 is asked for its name.
pub const TMP1075_ID: Look = Look {
    register: 0x0f,
    bytes: 2,
};

/// The temperature in its two bytes.
pub fn celsius(bytes: &[u8]) -> Result<Celsius, PartError> {
    celsius_of_bits(bytes, 12)
}

/// Whether it is a TMP1075.
pub fn read_tmp1075_id(bytes: &[u8]) -> Result<(), PartError> {
    match u16::from_be_bytes(PartError::exactly(bytes)?) {
        0x7500 => Ok(()),
        found => {
            let kind = PartErrorKind::Unknown {
                what: "sensor in place of a TMP1075",
                found: u32::from(found),
            };
            Err(PartError::new(kind, bytes))
        }
    }
}
