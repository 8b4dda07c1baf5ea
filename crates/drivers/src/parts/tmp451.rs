//! TMP451, ADT7461 and NCT218: a sensor of its own and one for a diode in a chip.
//!
//! | register | holds |
//! |---|---|
//! | 00, 15 | own temperature: whole degrees, top four bits of the fraction |
//! | 01, 10 | the diode's, alike |
//! | 02 | status, bit 2: the diode is open |
//! | 03, written as 09 | configuration, bit 6: stands still, bit 2: extended range |
//! | 04, written as 0A | conversions in 16 s, as a power of two |
//! | 11 | offset of the diode |
//! | FE, FF | maker, part |
//!
//! Registers, the set-up (extended range, no offset) and that a diode's 0 in the extended
//! range is a short are published by two firmwares. In the extended range a byte is the
//! temperature plus 64, so the same byte means 64 °C less than in the other: the
//! configuration is read together with every temperature. A part that has lost its set-up
//! does not lie that way.
//!
//! The range changes with the next conversion, of which there are 16 a second at power-on (data
//! sheet): for so long the configuration says one thing and the temperature is of the other.

use units::{Celsius, Duration};

use super::sensor::{Look, Put};
use super::{PartError, PartErrorKind};

/// The set-up: extended range, so that frost is not 0; no offset.
pub const SETUP: [Put; 2] = [
    TO_EXTENDED,
    Put {
        register: 0x11,
        value: 0,
    },
];
/// To the extended range.
pub const TO_EXTENDED: Put = Put {
    register: 0x09,
    value: EXTENDED,
};
/// To the range at power-on.
pub const TO_POWER_ON: Put = Put {
    register: 0x09,
    value: 0,
};
/// So long after a range was written the temperature is of it, in a part that
/// [`converts_in_time`]: a quarter of a second, and as long for the order to get there.
pub const CONVERTED: Duration = Duration::from_millis(500);

/// The register with the fraction of what `degrees` holds the whole degrees of.
pub const fn fraction(degrees: u8) -> u8 {
    match degrees {
        0x00 => 0x15,
        _ => 0x10,
    }
}

/// What is read for its own temperature. The whole degrees first: that holds the fraction.
pub const LOCAL: [Look; 4] = [STATUS, CONFIGURATION, one(0x00), one(fraction(0x00))];
/// What is read for the diode's.
pub const REMOTE: [Look; 4] = [STATUS, CONFIGURATION, one(0x01), one(fraction(0x01))];
/// What it is asked for its name.
pub const IDENTITY: [Look; 2] = [one(0xfe), one(0xff)];

/// What [`range`] reads.
pub const CONFIGURATION: Look = one(0x03);
/// What [`converts_in_time`] reads.
pub const RATE: Look = one(0x04);

const STATUS: Look = one(0x02);
const STANDS: u8 = 1 << 6;
const DIODE_OPEN: u8 = 1 << 2;
const EXTENDED: u8 = 1 << 2;
/// What a byte of the extended range is more than the temperature.
const EXTENDED_BY: f64 = 64.0;

/// What a byte of whole degrees means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Range {
    /// 0 to 127 °C, and its ends for what is beyond.
    PowerOn,
    /// -64 to 191 °C: 64 more than the temperature.
    Extended,
}

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

/// A byte of a part in its range at power-on that may stand for less than 1 °C: 0, or a number
/// with a sign, which one part of this class was seen to give (published, a driver's author;
/// data sheets say 0).
pub fn may_be_frost(byte: u8) -> bool {
    matches!(byte, 0 | 0x80..=0xfe)
}

/// The temperature in the bytes of the extended range: whole degrees and fraction.
pub fn extended(high: u8, low: u8) -> Result<Celsius, PartError> {
    let sixteenths = f64::from(low >> 4) / 16.0;
    match high {
        0 | 0xff => Err(PartError::new(PartErrorKind::NoMeasurement, &[high, low])),
        _ => Ok(Celsius::new(f64::from(high) + sixteenths - EXTENDED_BY)),
    }
}

/// The range in a configuration. `None`: one that nobody here has written and no part has at
/// power-on, or a part that stands still.
pub fn range(configuration: u8) -> Option<Range> {
    match configuration {
        EXTENDED => Some(Range::Extended),
        other if other & (EXTENDED | STANDS) == 0 => Some(Range::PowerOn),
        _ => None,
    }
}

/// At this rate a conversion takes a quarter of a second at most, and 64 of them a second are
/// the most that any part of this class makes (data sheets).
pub fn converts_in_time(rate: u8) -> bool {
    matches!(rate, 6..=10)
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
        (true, _) => extended(high, low).or_else(|e| error(e.kind)),
        (false, _) => match whole_degrees(high) {
            Ok(whole) => Ok(Celsius::new(whole.c() + sixteenths)),
            Err(e) => error(e.kind),
        },
    }
}
