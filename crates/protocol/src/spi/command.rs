//! Commands: host to chips.
//!
//! ```text
//! command | chip | payload | crc, high byte first      (T1: registers)
//! command | chip | payload                             (everything else)
//! ```

use super::profile::{Dialect, Profile};
use crate::Bytes;

/// Bytes of the longest register block.
pub const BLOCK_MAX: usize = 12;
/// Bytes of the longest command.
const COMMAND_MAX: usize = 2 + BLOCK_MAX + 2;

/// What a reset makes chips forget; the byte goes twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// Everything.
    All,
    /// Jobs and results.
    Jobs,
    /// The self test.
    Bist,
    /// What is on the way. Every chip answers it with its kind.
    Flush,
}

impl Strategy {
    const ALL: [(Strategy, u8); 4] = [
        (Strategy::All, 0x00),
        (Strategy::Jobs, 0xed),
        (Strategy::Bist, 0x20),
        (Strategy::Flush, 0xff),
    ];

    /// Its byte.
    pub fn byte(self) -> u8 {
        let found = Self::ALL.iter().find(|(s, _)| *s == self);
        found.map_or(0, |(_, byte)| *byte)
    }

    /// The strategy of a byte.
    pub fn of(byte: u8) -> Option<Strategy> {
        let found = Self::ALL.iter().find(|(_, b)| *b == byte);
        found.map(|(strategy, _)| *strategy)
    }
}

/// A command. `chip` is a number from 1; 0 is all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// Count the chips and begin the self test.
    BistStart,
    /// Gather the self test's outcome (T1).
    BistCollect,
    /// End the self test.
    BistFix,
    /// Forget.
    Reset {
        /// Chip.
        chip: u8,
        /// What.
        strategy: Strategy,
    },
    /// Write the register block; the first bytes of `block`, as many as the chip has.
    Write {
        /// Chip.
        chip: u8,
        /// Block.
        block: [u8; BLOCK_MAX],
    },
    /// Write the second register block (T1).
    WriteSecond {
        /// Chip.
        chip: u8,
        /// Block.
        block: [u8; BLOCK_MAX],
    },
    /// Read the register block.
    Read {
        /// Chip.
        chip: u8,
    },
    /// Ask the chain for its oldest result.
    ReadResult,
}

impl Command {
    /// As it is sent: zeros that only clock are left out, but for the word that stands behind
    /// the header in the vendor's driver.
    pub fn encode(&self, profile: &Profile) -> Bytes<COMMAND_MAX> {
        let mut out = Bytes::new();
        let block = match self {
            Command::BistStart => return put(out, &[0x01, 0, 0, 0]),
            Command::BistCollect => return put(out, &[0x0b, 0]),
            Command::BistFix => return put(out, &[0x03, 0]),
            Command::Reset { chip, strategy } => {
                let byte = strategy.byte();
                return put(out, &[0x04, *chip, byte, byte]);
            }
            Command::Read { chip } => return put(out, &[0x0a, *chip]),
            Command::ReadResult => return put(out, &[0x08, 0, 0, 0]),
            Command::Write { chip, block } => {
                out.put(&[0x09, *chip]);
                block
            }
            Command::WriteSecond { chip, block } => {
                out.put(&[0x0d, *chip]);
                block
            }
        };
        out.put(block.get(..profile.block_bytes()).unwrap_or(block));
        if profile.dialect == Dialect::T1 {
            let crc = crc16(&out);
            out.put(&crc.to_be_bytes());
        }
        out
    }

    /// Number of the chip that it is for.
    pub fn chip(&self) -> u8 {
        match self {
            Command::Reset { chip, .. }
            | Command::Write { chip, .. }
            | Command::WriteSecond { chip, .. }
            | Command::Read { chip } => *chip,
            Command::BistStart | Command::BistCollect | Command::BistFix | Command::ReadResult => 0,
        }
    }

    /// Bytes of the answer.
    pub fn answer_bytes(&self, profile: &Profile) -> usize {
        let block = 2 + profile.block_bytes();
        let crc = profile.crc_bytes();
        match self {
            Command::BistStart | Command::Reset { .. } => 4,
            Command::BistCollect | Command::BistFix => 2,
            Command::Write { .. } => block,
            Command::Read { .. } | Command::WriteSecond { .. } => block + crc,
            Command::ReadResult => profile.result_bytes(),
        }
    }
}

fn put(mut out: Bytes<COMMAND_MAX>, bytes: &[u8]) -> Bytes<COMMAND_MAX> {
    out.put(bytes);
    out
}

/// CRC-16/MODBUS over bytes of which each word's two are exchanged, as the T1 wants it. It is
/// sent high byte first.
pub fn crc16(bytes: &[u8]) -> u16 {
    let swapped = bytes.chunks(2).flat_map(|word| word.iter().rev());
    swapped.fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| match crc & 1 {
            0 => crc >> 1,
            _ => crc >> 1 ^ 0xa001,
        })
    })
}
