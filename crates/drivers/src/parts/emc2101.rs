//! EMC2101: fan and temperatures of open boards, at 0x4C.
//!
//! Published by two drivers that agree, but for what is marked: registers, the two raw values
//! that are no temperature, 5 400 000 / count, and reading 46 before 47 and 01 before 10
//! (each read holds its other half).
//!
//! | register | holds |
//! |---|---|
//! | 00; 01, 10 | own temperature, whole degrees; the diode's, 11 bits of 0.125 °C |
//! | 03 | configuration, bit 2: the tach's pin is an input |
//! | 17, 18 | ideality and beta of the diode, by board |
//! | 46, 47 | tach count, low and high; FFFF: the fan stands |
//! | 4A | fan configuration: 23, the setting decides and not a table |
//! | 4C | fan setting, 0 to 63 |
//! | FD, FE, FF | part 16 or 28, maker 5D, revision |

use hal::BusOp;
use units::{Celsius, Duty, Rpm};

use super::ops::{answer, ask, write};
use super::{PartError, PartErrorKind};

const CONFIGURATION: (u8, u8) = (0x03, 0x04);
const FAN_CONFIGURATION: (u8, u8) = (0x4a, 0x23);
const FAN_SETTING: u8 = 0x4c;
const IDEALITY: u8 = 0x17;
const BETA: u8 = 0x18;
/// Steps of the fan setting.
const SETTING_MAX: u32 = 63;
/// The tach counts periods of its clock in a turn: this many in a minute.
const COUNTS_PER_MIN: u32 = 5_400_000;
/// Raw values of the diode, in eighths of a degree.
const OPEN: i16 = 0x3f8;
const SHORTED: i16 = 0x3ff;

/// A fan controller at its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Emc2101 {
    address: u8,
}

/// What a board's diode is like; what is `None` stays as at power-on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Diode {
    /// Code of its ideality factor.
    pub ideality: Option<u8>,
    /// Code of its beta compensation.
    pub beta: Option<u8>,
}

/// What it measured.
#[derive(Clone, PartialEq, Debug)]
pub struct Measured {
    /// Its own temperature.
    pub local: Result<Celsius, PartError>,
    /// The diode's.
    pub diode: Result<Celsius, PartError>,
    /// The fan.
    pub fan: Result<Rpm, PartError>,
}

impl Emc2101 {
    /// The controller at this seven-bit address.
    pub const fn at(address: u8) -> Emc2101 {
        Emc2101 { address }
    }

    /// Asks what it is; [`read_identity`] reads the answer.
    pub fn identify(self) -> Vec<BusOp> {
        [0xfd, 0xfe]
            .map(|register| ask(self.address, &[register], 1))
            .to_vec()
    }

    /// Sets it up with the fan full: nothing is known of any temperature yet.
    pub fn setup(self, diode: Diode) -> Vec<BusOp> {
        let mut puts = vec![CONFIGURATION, FAN_CONFIGURATION];
        puts.extend(diode.ideality.map(|code| (IDEALITY, code)));
        puts.extend(diode.beta.map(|code| (BETA, code)));
        let mut ops: Vec<BusOp> = puts
            .into_iter()
            .map(|(register, value)| write(self.address, &[register, value]))
            .collect();
        ops.extend(self.set_fan(Duty::FULL));
        ops
    }

    /// Sets the fan, to the next of its 64 steps that is not slower.
    pub fn set_fan(self, duty: Duty) -> Vec<BusOp> {
        let setting = (u32::from(duty.percent()) * SETTING_MAX).div_ceil(100);
        vec![write(self.address, &[FAN_SETTING, setting as u8])] // at most 63
    }

    /// Asks for temperatures and fan; [`read`] reads the answer.
    pub fn ask(self) -> Vec<BusOp> {
        [0x00, 0x01, 0x10, 0x46, 0x47]
            .map(|register| ask(self.address, &[register], 1))
            .to_vec()
    }
}

/// Whether it is an EMC2101.
pub fn read_identity(reads: &[Vec<u8>]) -> Result<(), PartError> {
    let bytes = answer(reads);
    let kind = match PartError::exactly(&bytes)? {
        [0x16 | 0x28, 0x5d] => return Ok(()),
        [0xff, 0xff] => PartErrorKind::Silent,
        found => PartErrorKind::Unknown {
            what: "part in place of an EMC2101",
            found: u32::from(u16::from_be_bytes(found)),
        },
    };
    Err(PartError::new(kind, &bytes))
}

/// What it measured.
pub fn read(reads: &[Vec<u8>]) -> Result<Measured, PartError> {
    let bytes = answer(reads);
    let [local, high, low, tach_low, tach_high] = PartError::exactly(&bytes)?;
    let all = |kind| PartError::new(kind, &bytes);
    if bytes.iter().all(|b| *b == 0xff) {
        return Err(all(PartErrorKind::Silent));
    }
    Ok(Measured {
        local: local_of(local).map_err(all),
        diode: diode_of(high, low).map_err(all),
        fan: rpm_of(u16::from_le_bytes([tach_low, tach_high])).map_err(all),
    })
}

/// Its own temperature. Zero and the ends are what a part shows that measures nothing.
fn local_of(byte: u8) -> Result<Celsius, PartErrorKind> {
    match byte as i8 {
        0 | i8::MAX | ..=-64 => Err(PartErrorKind::NoMeasurement),
        c => Ok(Celsius::new(f64::from(c))),
    }
}

/// The diode's: two bytes, of which the top eleven bits count.
fn diode_of(high: u8, low: u8) -> Result<Celsius, PartErrorKind> {
    match i16::from_be_bytes([high, low]) >> 5 {
        OPEN => Err(PartErrorKind::OpenDiode),
        SHORTED => Err(PartErrorKind::ShortedDiode),
        0 => Err(PartErrorKind::NoMeasurement),
        eighths if !(-64 * 8 + 1..OPEN).contains(&eighths) => Err(PartErrorKind::NoMeasurement),
        eighths => Ok(Celsius::new(f64::from(eighths) / 8.0)),
    }
}

fn rpm_of(count: u16) -> Result<Rpm, PartErrorKind> {
    match count {
        0 => Err(PartErrorKind::NoMeasurement),
        u16::MAX => Ok(Rpm::new(0)),
        count => Ok(Rpm::new(COUNTS_PER_MIN / u32::from(count))),
    }
}
