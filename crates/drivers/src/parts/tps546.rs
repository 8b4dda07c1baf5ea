//! TPS546D24A: buck regulator of open boards, PMBus at 0x24.
//!
//! Published by two drivers that agree, but for what is marked: commands, number formats,
//! identities, status bits. What a group of boards is set to is published by one
//! ([`Rail`] and its values). Assumed from the bits' meaning: ON_OFF_CONFIG, so that nothing
//! but OPERATION switches the rail; and that any normalised LINEAR11 value is taken.
//!
//! Nothing is stored in its non-volatile memory: the commands that do (0x11, 0x15) cannot be
//! said, and a board that loses power comes up as its maker left it.

use hal::BusOp;
use units::{Celsius, Millivolts};

use super::ops::{answer, ask, write};
use super::{OrderError, PartError, PartErrorKind};

mod format;
mod rail;
mod status;

pub use format::{VoutMode, linear11, linear11_of};
pub use rail::{Rail, Stack};
pub use status::{RegulatorFault, Status};

const OPERATION: u8 = 0x01;
const CLEAR_FAULTS: u8 = 0x03;
const VOUT_MODE: u8 = 0x20;
const VOUT_COMMAND: u8 = 0x21;
const STATUS_WORD: u8 = 0x79;
const READ_VIN: u8 = 0x88;
const READ_VOUT: u8 = 0x8b;
const READ_IOUT: u8 = 0x8c;
const READ_TEMPERATURE_1: u8 = 0x8d;
const IC_DEVICE_ID: u8 = 0xad;

const ON: u8 = 0x80;
const OFF: u8 = 0x00;

/// The identities that are known, as the block that holds them.
const IDENTITIES: [[u8; 6]; 3] = [
    [0x54, 0x49, 0x54, 0x6b, 0x24, 0x41],
    [0x54, 0x49, 0x54, 0x6d, 0x24, 0x41],
    [0x54, 0x49, 0x54, 0x6d, 0x24, 0x62],
];

/// A regulator at its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tps546 {
    address: u8,
}

/// A regulator that said what it is and how it writes voltages. Only such a one is given
/// orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    part: Tps546,
    mode: VoutMode,
}

/// What it measures.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measured {
    /// Its state.
    pub status: Status,
    /// Input, volts.
    pub input_v: f64,
    /// Output, rounded down.
    pub output: Millivolts,
    /// Output current, amperes.
    pub output_a: f64,
    /// Its temperature.
    pub temperature: Celsius,
}

impl Tps546 {
    /// The regulator at this seven-bit address.
    pub const fn at(address: u8) -> Tps546 {
        Tps546 { address }
    }

    /// Asks what it is; [`Tps546::read_identity`] reads the answer.
    pub fn identify(self) -> Vec<BusOp> {
        let block = 1 + IDENTITIES[0].len() as u16;
        vec![
            ask(self.address, &[IC_DEVICE_ID], block),
            ask(self.address, &[VOUT_MODE], 1),
        ]
    }

    /// The regulator, if it is one that is known.
    pub fn read_identity(self, reads: &[Vec<u8>]) -> Result<Known, PartError> {
        let bytes = answer(reads);
        let [len, a, b, c, d, e, f, mode] = PartError::exactly(&bytes)?;
        if bytes.iter().all(|b| *b == 0xff) {
            return Err(PartError::new(PartErrorKind::Silent, &bytes));
        }
        let unknown = |what, found| {
            let found = u32::from(found);
            PartError::new(PartErrorKind::Unknown { what, found }, &bytes)
        };
        if len != 6 || !IDENTITIES.contains(&[a, b, c, d, e, f]) {
            return Err(unknown("regulator, last byte of its identity", f));
        }
        let mode = VoutMode::new(mode).ok_or_else(|| unknown("voltage format", mode))?;
        Ok(Known { part: self, mode })
    }

    /// Switches the output off. Works on a regulator that nobody knows.
    pub fn off(self) -> Vec<BusOp> {
        vec![write(self.address, &[OPERATION, OFF])]
    }
}

impl Known {
    /// Sets everything up for a group of boards, with the output off and at its start voltage.
    pub fn setup(self, rail: &Rail) -> Vec<BusOp> {
        let mut ops = self.part.off();
        let settings = rail.settings(self.mode);
        ops.extend(settings.into_iter().map(|s| write(self.part.address, &s)));
        ops.extend(self.clear_faults());
        ops
    }

    /// Orders a voltage inside the rail's bounds, rounded down to its step.
    pub fn set_voltage(self, rail: &Rail, mv: u32) -> Result<Vec<BusOp>, OrderError> {
        let (min_mv, max_mv) = (rail.min_mv(), rail.max_mv());
        if !(min_mv..=max_mv).contains(&mv) {
            return Err(OrderError::OutOfRange { mv, min_mv, max_mv });
        }
        let [lo, hi] = self.mode.word_floor(f64::from(mv) / 1000.0).to_le_bytes();
        Ok(vec![write(self.part.address, &[VOUT_COMMAND, lo, hi])])
    }

    /// Switches the output on.
    pub fn on(self) -> Vec<BusOp> {
        vec![write(self.part.address, &[OPERATION, ON])]
    }

    /// Forgets faults that are over; those that are not come back.
    pub fn clear_faults(self) -> Vec<BusOp> {
        vec![write(self.part.address, &[CLEAR_FAULTS])]
    }

    /// Asks for state and measurements; [`Known::read`] reads the answer.
    pub fn ask(self) -> Vec<BusOp> {
        [
            STATUS_WORD,
            READ_VIN,
            READ_VOUT,
            READ_IOUT,
            READ_TEMPERATURE_1,
        ]
        .map(|command| ask(self.part.address, &[command], 2))
        .to_vec()
    }

    /// State and measurements.
    pub fn read(self, reads: &[Vec<u8>]) -> Result<Measured, PartError> {
        let bytes = answer(reads);
        let b: [u8; 10] = PartError::exactly(&bytes)?;
        if b == [0xff; 10] {
            return Err(PartError::new(PartErrorKind::Silent, &bytes));
        }
        let word = |i: usize| u16::from_le_bytes([b[2 * i], b[2 * i + 1]]);
        Ok(Measured {
            status: Status(word(0)),
            input_v: linear11(word(1)),
            // Saturating: at most 65535 V by its format.
            output: Millivolts::new((self.mode.volts(word(2)) * 1000.0) as u32),
            output_a: linear11(word(3)),
            temperature: Celsius::new(linear11(word(4))),
        })
    }
}
