//! Responses: chip to host, guarded by CRC5 over the body and the three kind bits.
//!
//! ```text
//! AA 55 | nonce 4  | extra | job byte | [counter 2] | kind 3 bits, crc5   kind 4
//! AA 55 | value 4  | chip  | register | [unused 2]  | kind 3 bits, crc5   kind 0
//! ```
//!
//! BM1397 and BM1398 answer with 9 bytes in all; BM1362 and later with 9 until version
//! rolling has been enabled and with 11 from then on (captured). BM1387 answers with the
//! same seven bytes of body and no preamble; its work ids have seven bits, and what names
//! chip and register elsewhere is zero.

use units::{ChipAddress, Nonce};

use crate::{Dialect, FrameError, Register, crc::crc5};

/// What stands before every response.
pub const RESPONSE_PREAMBLE: [u8; 2] = [0xaa, 0x55];

/// Bytes of a whole response, preamble included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResponseLength {
    /// Seven: no preamble (BM1387).
    Seven,
    /// Nine: no version counter.
    Nine,
    /// Eleven: with a version counter.
    Eleven,
}

impl ResponseLength {
    /// The number.
    pub const fn bytes(self) -> usize {
        match self {
            ResponseLength::Seven => 7,
            ResponseLength::Nine => 9,
            ResponseLength::Eleven => 11,
        }
    }

    /// How such frames begin.
    pub const fn dialect(self) -> Dialect {
        match self {
            ResponseLength::Seven => Dialect::Bm1387,
            ResponseLength::Nine | ResponseLength::Eleven => Dialect::Bm139x,
        }
    }

    /// What a chip sends before it was told to roll versions.
    pub const fn before_rolling(self) -> ResponseLength {
        match self {
            ResponseLength::Eleven => ResponseLength::Nine,
            same => same,
        }
    }
}

/// What a chain says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChainResponse {
    /// A nonce that meets the ticket mask, as far as the chip knows.
    Nonce(RawNonce),
    /// Answer to a read.
    Register {
        /// The value.
        value: u32,
        /// The chip that answers; BM1387 does not say, and an FPGA link loses it.
        address: Option<ChipAddress>,
        /// The register; BM1387 does not say, and an FPGA link loses it.
        reg: Option<Register>,
    },
}

/// A nonce with the fields of its frame, before the chip's profile gives them meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RawNonce {
    /// The nonce.
    pub nonce: Nonce,
    /// Informative: the excess over the ticket difficulty, or a midstate number; sources
    /// disagree. 0 where the link loses it.
    pub extra: u8,
    /// Wire job id with the low bits that the chip added.
    pub job: u8,
    /// Version counter of chips that roll versions, else 0.
    pub counter: u16,
}

const NONCE: u8 = 4;
const REGISTER: u8 = 0;

impl ChainResponse {
    /// Reads exactly one response without preamble: 7 or 9 bytes.
    pub fn decode(dialect: Dialect, body: &[u8]) -> Result<ChainResponse, FrameError> {
        match (dialect, body.len()) {
            (_, 0..=6) => return Err(FrameError::Short),
            (_, 7) | (Dialect::Bm139x, 9) => {}
            _ => return Err(FrameError::Length),
        }
        // The residue over body, kind and checksum is zero for an undamaged frame.
        if crc5(body) != 0 {
            return Err(FrameError::Crc);
        }
        let word = [body[0], body[1], body[2], body[3]];
        match body[body.len() - 1] >> 5 {
            // What the chip leaves zero is as good as a checksum where no preamble stands.
            NONCE if dialect == Dialect::Bm1387 && body[5] > 0x7f => Err(FrameError::Kind),
            REGISTER if dialect == Dialect::Bm1387 && body[4..6] != [0, 0] => Err(FrameError::Kind),
            NONCE => Ok(ChainResponse::Nonce(RawNonce {
                nonce: Nonce::from_wire(word),
                extra: body[4],
                job: body[5],
                counter: match body.len() {
                    9 => u16::from_be_bytes([body[6], body[7]]),
                    _ => 0,
                },
            })),
            REGISTER => Ok(ChainResponse::Register {
                value: u32::from_be_bytes(word),
                address: (dialect == Dialect::Bm139x).then_some(ChipAddress(body[4])),
                reg: (dialect == Dialect::Bm139x).then_some(Register(body[5])),
            }),
            _ => Err(FrameError::Kind),
        }
    }
}
