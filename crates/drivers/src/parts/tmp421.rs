//! TMP421, TMP422 and TMP423: a sensor of its own and one to three for diodes in chips.
//!
//! Published (data sheets): whole degrees in 00 (its own) to 03, fractions in 10 to 13 (top
//! four bits; bit 1: not valid, bit 0: diode open), configuration in 09, bit 2: extended
//! range, where a byte is the temperature plus 64. FE 55; FF 21, 22 or 23. As with the TMP451
//! the configuration is read together with every temperature.

use units::Celsius;

use super::sensor::{Look, Put};
use super::{PartError, PartErrorKind};

/// The set-up: extended range.
pub const SETUP: [Put; 1] = [Put {
    register: 0x09,
    value: EXTENDED,
}];

/// What it is asked for its name.
pub const IDENTITY: [Look; 2] = [one(0xfe), one(0xff)];

const EXTENDED: u8 = 1 << 2;
const EXTENDED_BY: f64 = 64.0;
const NOT_VALID: u8 = 1 << 1;
const DIODE_OPEN: u8 = 1;

const fn one(register: u8) -> Look {
    Look { register, bytes: 1 }
}

/// What is read for a temperature: `diode` 0 is its own, 1 to 3 those of its diodes.
pub fn looks(diode: u8) -> [Look; 3] {
    let diode = diode & 3;
    [one(0x09), one(diode), one(0x10 + diode)]
}

/// How many diodes it can measure.
pub fn read_diodes(bytes: &[u8]) -> Result<u8, PartError> {
    let kind = match PartError::exactly(bytes)? {
        [0x55, part @ 0x21..=0x23] => return Ok(part - 0x20),
        [0xff, 0xff] => PartErrorKind::Silent,
        [maker, part] => PartErrorKind::Unknown {
            what: "sensor in place of a TMP421",
            found: u32::from(u16::from_be_bytes([maker, part])),
        },
    };
    Err(PartError::new(kind, bytes))
}

/// The temperature by the bytes of [`looks`].
pub fn celsius(bytes: &[u8]) -> Result<Celsius, PartError> {
    let [configuration, high, low] = PartError::exactly(bytes)?;
    let sixteenths = f64::from(low >> 4) / 16.0;
    let kind = match (configuration & EXTENDED != 0, high) {
        _ if [configuration, high, low] == [0xff; 3] => PartErrorKind::Silent,
        _ if low & DIODE_OPEN != 0 => PartErrorKind::OpenDiode,
        _ if low & NOT_VALID != 0 => PartErrorKind::NoMeasurement,
        (true, 1..=0xfe) => return Ok(Celsius::new(f64::from(high) + sixteenths - EXTENDED_BY)),
        // In the other range negative values are in two's complement.
        (false, 1..=126 | 0xc1..=0xff) => {
            return Ok(Celsius::new(f64::from(high as i8) + sixteenths));
        }
        _ => PartErrorKind::NoMeasurement,
    };
    Err(PartError::new(kind, bytes))
}
