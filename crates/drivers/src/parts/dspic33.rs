//! dsPIC33EP16GS202 of the 17 series' hashboards: makes the chips' rail, at 0x20 and the slot.
//! The frames are those of [`FramedPic`].
//!
//! Everything here is published by one source each (decompiled stock programs) and nothing is
//! captured. No source gives the formula of its voltage code, so that no machine's file has
//! one yet and no voltage can be ordered. Commands that touch flash have no function here.

use hal::BusOp;

use super::ops::answer;
use super::pic_frames::{Patience, read_long, read_short};
use super::{CodedVoltage, FramedPic, PartError, PartErrorKind};

/// The part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dspic33;

/// A controller of the 17 series.
pub type Dspic33Framed = FramedPic<Dspic33>;

const SET_VOLTAGE: u8 = 0x10;
const INPUTS: u8 = 0x28;
const CLAMP: u8 = 0x31;
const DONE: u8 = 0x01;

impl FramedPic<Dspic33> {
    /// The version of its program, by the answer to [`FramedPic::version`]. Which are good is
    /// not public.
    pub fn read_version(reads: &[Vec<u8>]) -> Result<u8, PartError> {
        Self::version_in(reads)
    }

    /// Set the rail.
    pub fn set_voltage(self, voltage: CodedVoltage) -> Vec<BusOp> {
        self.ask(SET_VOLTAGE, &[voltage.code(), 0, 0], Patience::Own, 2)
    }

    /// Whether the voltage was taken.
    pub fn read_set_voltage(reads: &[Vec<u8>]) -> Result<(), PartError> {
        read_short(SET_VOLTAGE, reads)
    }

    /// Switch its voltage clamp.
    pub fn clamp(self, on: bool) -> Vec<BusOp> {
        self.ask(CLAMP, &[u8::from(on)], Patience::Own, 2)
    }

    /// Whether the clamp was switched.
    pub fn read_clamp(reads: &[Vec<u8>]) -> Result<(), PartError> {
        read_short(CLAMP, reads)
    }

    /// Its four analogue inputs.
    pub fn inputs(self) -> Vec<BusOp> {
        self.ask(INPUTS, &[], Patience::Own, 13)
    }

    /// The inputs, raw: what they are wired to is not public.
    pub fn read_inputs(reads: &[Vec<u8>]) -> Result<[u16; 4], PartError> {
        let bytes = answer(reads);
        match read_long(INPUTS, &bytes)? {
            [DONE, a, b, c, d, e, f, g, h] => {
                Ok([[a, b], [c, d], [e, f], [g, h]].map(|[hi, lo]| u16::from_be_bytes([*hi, *lo])))
            }
            _ => Err(PartError::new(PartErrorKind::Refused, &bytes)),
        }
    }
}
