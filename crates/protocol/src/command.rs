//! Commands: host to chip, guarded by CRC5. The layout is common to BM1397 and later.
//!
//! ```text
//! header | length | payload | crc5        length counts all four, not the preamble
//! ```
//!
//! Header bits: 7 zero, 6:5 kind (2 command), 4 all chips, 3:0 operation. Chips answer
//! reads and nothing else; a damaged command is dropped in silence.

use units::ChipAddress;

use crate::{Bytes, FrameError, Register, crc::crc5};

/// What stands before every frame on a chip's command line. An FPGA adds it itself.
pub const COMMAND_PREAMBLE: [u8; 2] = [0x55, 0xaa];
/// Longest command without preamble: a register write.
pub const COMMAND_MAX: usize = 9;

const SET_ADDRESS: u8 = 0x40;
const WRITE: u8 = 0x41;
const READ: u8 = 0x42;
const INACTIVE: u8 = 0x53;
const ALL: u8 = 0x10;

/// Whom a command is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To {
    /// Every chip of the chain. A read is answered by every chip, in chain order.
    All,
    /// The chip with this address.
    One(ChipAddress),
}

/// A command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// Enter addressing mode: from now on the first chip without an address takes the
    /// next [`Command::SetAddress`].
    Inactive,
    /// Give this address to the next chip that has none.
    SetAddress(ChipAddress),
    /// Write a register.
    WriteRegister {
        /// Whom.
        to: To,
        /// Which.
        reg: Register,
        /// The value.
        value: u32,
    },
    /// Ask for a register.
    ReadRegister {
        /// Whom.
        to: To,
        /// Which.
        reg: Register,
    },
}

impl Command {
    /// The frame without preamble, CRC5 included: what an FPGA's command buffer takes.
    pub fn encode(&self) -> Bytes<COMMAND_MAX> {
        let mut out = Bytes::new();
        match *self {
            Command::Inactive => out.put(&[INACTIVE, 5, 0, 0]),
            Command::SetAddress(address) => out.put(&[SET_ADDRESS, 5, address.0, 0]),
            Command::WriteRegister { to, reg, value } => {
                let (all, address) = to.wire();
                out.put(&[WRITE | all, 9, address, reg.0]);
                out.put(&value.to_be_bytes());
            }
            Command::ReadRegister { to, reg } => {
                let (all, address) = to.wire();
                out.put(&[READ | all, 5, address, reg.0]);
            }
        }
        let crc = crc5(out.as_slice());
        out.put(&[crc]);
        out
    }

    /// The frame as it travels on a chip's line.
    pub fn encode_uart(&self) -> Bytes<{ COMMAND_MAX + 2 }> {
        let mut out = Bytes::new();
        out.put(&COMMAND_PREAMBLE);
        out.put(&self.encode());
        out
    }

    /// Reads exactly one frame without preamble, as a chip or an engineer would.
    pub fn decode(frame: &[u8]) -> Result<Command, FrameError> {
        let [header, length, ..] = *frame else {
            return Err(FrameError::Short);
        };
        let expected = match header {
            SET_ADDRESS | READ | INACTIVE => 5,
            h if h == READ | ALL => 5,
            h if h & !ALL == WRITE => 9,
            _ => return Err(FrameError::Kind),
        };
        if usize::from(length) != expected {
            return Err(FrameError::Length);
        }
        if frame.len() < expected {
            return Err(FrameError::Short);
        }
        if frame.len() > expected {
            return Err(FrameError::Length);
        }
        let (body, crc) = frame.split_at(expected - 1);
        if crc5(body) != crc[0] {
            return Err(FrameError::Crc);
        }
        let to = if header & ALL != 0 {
            To::All
        } else {
            To::One(ChipAddress(body[2]))
        };
        Ok(match *body {
            [INACTIVE, ..] => Command::Inactive,
            [SET_ADDRESS, _, address, _] => Command::SetAddress(ChipAddress(address)),
            [_, _, _, reg, a, b, c, d] => Command::WriteRegister {
                to,
                reg: Register(reg),
                value: u32::from_be_bytes([a, b, c, d]),
            },
            [_, _, _, reg] => Command::ReadRegister {
                to,
                reg: Register(reg),
            },
            _ => return Err(FrameError::Length),
        })
    }
}

impl To {
    const fn wire(self) -> (u8, u8) {
        match self {
            To::All => (ALL, 0),
            To::One(address) => (0, address.0),
        }
    }
}
