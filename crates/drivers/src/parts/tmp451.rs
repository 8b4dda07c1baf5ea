//! TMP451, ADT7461 and NCT218: a sensor of its own and one for a diode in a chip.
//!
//! | register | holds |
//! |---|---|
//! | 00, 15 | own temperature: whole degrees, top four bits of the fraction |
//! | 01, 10 | the diode's, alike |
//! | 02 | status, bit 2: the diode is open |
//! | 03, written as 09 | configuration, bit 2: extended range |
//! | 11 | offset of the diode |
//! | FE, FF | maker, part |
//!
//! Registers, the set-up (extended range, no offset) and that a diode's 0 in the extended
//! range is a short are published by two firmwares. In the extended range a byte is the
//! temperature plus 64, so the same byte means 64 °C less than in the other: the
//! configuration is read together with every temperature. A part that has lost its set-up
//! does not lie that way.

use units::Celsius;

use super::sensor::{Look, Put};
use super::{PartError, PartErrorKind};

/// The set-up: extended range, so that frost is not 0; no offset.
pub const SETUP: [Put; 2] = [
    Put {
        register: 0x09,
        value: EXTENDED,
    },
    Put {
        register: 0x11,
        value: 0,
    },
];

/// What is read for its own temperature. The whole degrees first: that holds the fraction.
pub const LOCAL: [Look; 4] = [STATUS, CONFIGURATION, one(0x00), one(0x15)];
/// What is read for the diode's.
pub const REMOTE: [Look; 4] = [STATUS, CONFIGURATION, one(0x01), one(0x10)];
/// What it is asked for its name.
pub const IDENTITY: [Look; 2] = [one(0xfe), one(0xff)];

const STATUS: Look = one(0x02);
const CONFIGURATION: Look = one(0x03);
const DIODE_OPEN: u8 = 1 << 2;
const EXTENDED: u8 = 1 << 2;
/// What a byte of the extended range is more than the temperature.
const EXTENDED_BY: f64 = 64.0;

/// Who made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Maker {
    /// Texas Instruments: TMP451.
    Ti,
    /// Analog Devices: ADT7461.
    Analog,
    /// ON Semiconductor: NCT218.
    On,
}

const fn one(register: u8) -> Look {
    Look { register, bytes: 1 }
}

/// Who made it, by the bytes of [`IDENTITY`]; the second byte tells parts of one maker apart
/// and is not judged.
pub fn read_maker(bytes: &[u8]) -> Result<Maker, PartError> {
    let kind = match PartError::exactly(bytes)? {
        [0x55, _] => return Ok(Maker::Ti),
        [0x41, _] => return Ok(Maker::Analog),
        [0x1a, _] => return Ok(Maker::On),
        [0xff, 0xff] => PartErrorKind::Silent,
        [other, _] => PartErrorKind::Unknown {
            what: "maker of a sensor",
            found: u32::from(other),
        },
    };
    Err(PartError::new(kind, bytes))
}

/// Its own temperature, by the bytes of [`LOCAL`].
pub fn local(bytes: &[u8]) -> Result<Celsius, PartError> {
    celsius(PartError::exactly(bytes)?, false)
}

/// The diode's temperature, by the bytes of [`REMOTE`].
pub fn remote(bytes: &[u8]) -> Result<Celsius, PartError> {
    celsius(PartError::exactly(bytes)?, true)
}

/// The temperature in the whole degrees alone of a part in its range at power-on, which is
/// what a chip's relay gives. That range ends at 0 and 127 °C, and shows what is beyond as
/// its ends: they are no measurement. Nor is a byte above them: it is of a part that was left
/// in the extended range, or of a bus that is open.
pub fn whole_degrees(byte: u8) -> Result<Celsius, PartError> {
    match byte {
        1..=126 => Ok(Celsius::new(f64::from(byte))),
        0xff => Err(PartError::new(PartErrorKind::Silent, &[byte])),
        _ => Err(PartError::new(PartErrorKind::NoMeasurement, &[byte])),
    }
}

fn celsius(bytes: [u8; 4], diode: bool) -> Result<Celsius, PartError> {
    let [status, configuration, high, low] = bytes;
    let error = |kind| Err(PartError::new(kind, &bytes));
    if bytes == [0xff; 4] {
        return error(PartErrorKind::Silent);
    }
    if diode && status & DIODE_OPEN != 0 {
        return error(PartErrorKind::OpenDiode);
    }
    let sixteenths = f64::from(low >> 4) / 16.0;
    match (configuration & EXTENDED != 0, high) {
        (true, 0) if diode => error(PartErrorKind::ShortedDiode),
        (true, 0 | 0xff) => error(PartErrorKind::NoMeasurement),
        (true, _) => Ok(Celsius::new(f64::from(high) + sixteenths - EXTENDED_BY)),
        (false, _) => match whole_degrees(high) {
            Ok(whole) => Ok(Celsius::new(whole.c() + sixteenths)),
            Err(e) => error(e.kind),
        },
    }
}
