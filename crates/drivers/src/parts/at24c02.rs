//! AT24C02: 256 bytes of memory at 0x50 and the slot. It is read here and never written:
//! what it holds is the maker's and cannot be had again.
//!
//! Captured on the S19 Pro: a host that reads each byte with its register address, byte 0xFF
//! first. The same works on every bus there is.

use hal::BusOp;

use super::ops::{answer, ask};
use super::{PartError, PartErrorKind};

/// A memory at its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct At24c02 {
    address: u8,
}

impl At24c02 {
    /// The memory at this seven-bit address.
    pub const fn at(address: u8) -> At24c02 {
        At24c02 { address }
    }

    /// One byte.
    pub fn byte(self, register: u8) -> Vec<BusOp> {
        vec![ask(self.address, &[register], 1)]
    }

    /// The first `count` bytes.
    pub fn begin(self, count: u8) -> Vec<BusOp> {
        (0..count).flat_map(|r| self.byte(r)).collect()
    }
}

/// The bytes that were asked for, all `count` of them.
pub fn read_bytes(count: usize, reads: &[Vec<u8>]) -> Result<Vec<u8>, PartError> {
    let bytes = answer(reads);
    match bytes.len() == count {
        true => Ok(bytes),
        false => {
            let kind = PartErrorKind::Short { expected: count };
            Err(PartError::new(kind, &bytes))
        }
    }
}
