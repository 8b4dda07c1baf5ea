//! PIC16F1704 of the 19 series' hashboards: switches the board's rail and relays its sensors,
//! at 0x20 and the slot. The frames are those of [`FramedPic`].
//!
//! | fact | confidence |
//! |---|---|
//! | reset, jump, version 0x89, heartbeat, enable, relay 0x3B and 0x3C | captured (S19 Pro) |
//! | versions 0x88 and 0x8A; 0x86 is the loader | published, one source each |
//! | rail 0x3A: a word; inputs 0x37: three words and a byte that nobody explains | published, one source |
//! | a status before the rail's word, as before other answers of the family, is read as well | assumed |
//! | rail in volts = raw * 3.3 / 1024 * 7.6 | published; another source has 0.35 V less |
//!
//! Commands that touch flash have no function here. The relay writes one byte, which sets a
//! sensor's pointer; a sensor's register can therefore not be written through it.

use hal::BusOp;

use super::ops::answer;
use super::pic_frames::{Patience, read_long, read_short};
use super::{FramedPic, PartError, PartErrorKind};

/// The part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pic16f1704;

/// A controller of the 19 series.
pub type Pic16f1704Framed = FramedPic<Pic16f1704>;

/// What runs in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// The application, with its version: it can be enabled.
    Application(u8),
    /// The loader: it must be told to jump.
    Loader,
}

/// Bytes that the relay reads at once: two are captured.
const RELAY_MAX: u8 = 2;
const RELAY_WRITE: u8 = 0x3b;
const RELAY_READ: u8 = 0x3c;
const RAIL: u8 = 0x3a;
const INPUTS: u8 = 0x37;
const DONE: u8 = 0x01;
/// Its converter has ten bits.
const ADC_MAX: u16 = 1023;

impl FramedPic<Pic16f1704> {
    /// What runs, by the answer to [`FramedPic::version`].
    pub fn read_program(reads: &[Vec<u8>]) -> Result<Program, PartError> {
        match Self::version_in(reads)? {
            version @ 0x88..=0x8a => Ok(Program::Application(version)),
            0x86 => Ok(Program::Loader),
            other => {
                let kind = PartErrorKind::Unknown {
                    what: "program of the voltage controller, version",
                    found: u32::from(other),
                };
                Err(PartError::new(kind, &answer(reads)))
            }
        }
    }

    /// What it measures of the rail behind its switch.
    pub fn rail(self) -> Vec<BusOp> {
        self.ask(RAIL, &[], Patience::Own, 7)
    }

    /// The rail in millivolts, rounded down. It serves to see that the rail is there (at least
    /// three quarters of what was ordered), not to measure it: sources differ by 0.35 V.
    pub fn read_rail_mv_floor(reads: &[Vec<u8>]) -> Result<u32, PartError> {
        let bytes = answer(reads);
        let error = |kind| PartError::new(kind, &bytes);
        let raw = match read_long(RAIL, &bytes)? {
            [hi, lo] | [DONE, hi, lo] => u16::from_be_bytes([*hi, *lo]),
            [_, _, _] => return Err(error(PartErrorKind::Refused)),
            _ => return Err(error(PartErrorKind::Garbled)),
        };
        if raw > ADC_MAX {
            return Err(error(PartErrorKind::NoMeasurement));
        }
        // raw * 3.3 V / 1024 * 7.6 in whole millivolts.
        Ok(u32::from(raw) * 25_080 / 1024)
    }

    /// Its three analogue inputs.
    pub fn inputs(self) -> Vec<BusOp> {
        self.ask(INPUTS, &[], Patience::Own, 11)
    }

    /// The inputs, raw: what they are wired to is not public.
    pub fn read_inputs(reads: &[Vec<u8>]) -> Result<[u16; 3], PartError> {
        let bytes = answer(reads);
        let inputs = match read_long(INPUTS, &bytes)? {
            data @ ([_, _, _, _, _, _] | [_, _, _, _, _, _, _]) => words(data),
            _ => None,
        };
        inputs.ok_or_else(|| PartError::new(PartErrorKind::Garbled, &bytes))
    }

    /// Sets the pointer of the sensor at this seven-bit address behind it.
    pub fn relay_pointer(self, sensor: u8, register: u8) -> Vec<BusOp> {
        self.ask(RELAY_WRITE, &[sensor, register], Patience::Relayed, 2)
    }

    /// Whether the sensor took the pointer.
    pub fn read_relay_pointer(reads: &[Vec<u8>]) -> Result<(), PartError> {
        read_short(RELAY_WRITE, reads)
    }

    /// Reads one or two bytes of the sensor behind it, from its pointer on.
    pub fn relay_read(self, sensor: u8, count: u8) -> Vec<BusOp> {
        let count = count.clamp(1, RELAY_MAX);
        self.ask(RELAY_READ, &[sensor, count], Patience::Relayed, 5 + count)
    }

    /// The sensor's bytes.
    pub fn read_relay(reads: &[Vec<u8>]) -> Result<Vec<u8>, PartError> {
        let bytes = answer(reads);
        match read_long(RELAY_READ, &bytes)? {
            [DONE, data @ ..] if !data.is_empty() => Ok(data.to_vec()),
            _ => Err(PartError::new(PartErrorKind::Refused, &bytes)),
        }
    }
}

/// The words of data, high byte first.
fn words<const N: usize>(data: &[u8]) -> Option<[u16; N]> {
    let data = data.get(..2 * N)?;
    Some(core::array::from_fn(|i| {
        u16::from_be_bytes([data[2 * i], data[2 * i + 1]])
    }))
}
