//! Commands: host to chip, guarded by CRC5. The layout is common to the family; header
//! values and the preamble are the [`Dialect`]'s.
//!
//! ```text
//! header | length | payload | crc5        length counts all four, not the preamble
//! ```
//!
//! Header bits: 7 zero, 6:5 kind (2 command), 4 all chips, 3:0 operation. Chips answer
//! reads and nothing else; a damaged command is dropped in silence.

use units::ChipAddress;

use crate::{Bytes, Dialect, FrameError, Register, crc::crc5};

/// What stands before every frame on a chip's command line. An FPGA adds it itself.
pub const COMMAND_PREAMBLE: [u8; 2] = [0x55, 0xaa];
/// Longest command without preamble: a register write.
pub const COMMAND_MAX: usize = 9;

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
    pub fn encode(&self, dialect: Dialect) -> Bytes<COMMAND_MAX> {
        let headers = dialect.headers();
        let mut out = Bytes::new();
        match *self {
            Command::Inactive => out.put(&[headers.inactive, 5, 0, 0]),
            Command::SetAddress(address) => out.put(&[headers.set_address, 5, address.0, 0]),
            Command::WriteRegister { to, reg, value } => {
                let (all, address) = to.wire();
                out.put(&[headers.write | all, 9, address, reg.0]);
                out.put(&value.to_be_bytes());
            }
            Command::ReadRegister { to, reg } => {
                let (all, address) = to.wire();
                out.put(&[headers.read | all, 5, address, reg.0]);
            }
        }
        let crc = crc5(out.as_slice());
        out.put(&[crc]);
        out
    }

    /// The frame as it travels on a chip's line.
    pub fn encode_uart(&self, dialect: Dialect) -> Bytes<{ COMMAND_MAX + 2 }> {
        let mut out = Bytes::new();
        out.put(dialect.command_preamble());
        out.put(&self.encode(dialect));
        out
    }

    /// Reads exactly one frame without preamble, as a chip or an engineer would.
    pub fn decode(dialect: Dialect, frame: &[u8]) -> Result<Command, FrameError> {
        let [header, length, ..] = *frame else {
            return Err(FrameError::Short);
        };
        let headers = dialect.headers();
        let expected = command_length(dialect, header).ok_or(FrameError::Kind)?;
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
            [h, ..] if h == headers.inactive => Command::Inactive,
            [h, _, address, _] if h == headers.set_address => {
                Command::SetAddress(ChipAddress(address))
            }
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

/// Bytes of a command without preamble by its header; `None` for a header that no command
/// has.
pub(crate) fn command_length(dialect: Dialect, header: u8) -> Option<usize> {
    let headers = dialect.headers();
    let short = header == headers.set_address
        || header == headers.inactive
        || header & !ALL == headers.read;
    if short {
        Some(5)
    } else if header & !ALL == headers.write {
        Some(9)
    } else {
        None
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
