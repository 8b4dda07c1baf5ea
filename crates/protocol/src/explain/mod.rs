//! Frames explained: what any bytes on a chain's wire say, in words.
//!
//! [`explain`] reads one frame, damaged ones as far as they go; [`explain_all`] finds the
//! frames in whatever a logic analyser recorded. Both take any bytes. [`solve`] joins a
//! nonce with the job that it answers. Nothing here hashes: whoever wants the hash of a
//! solved header has the parts to do it.

mod meaning;
mod read;
mod split;

use core::ops::Range;

use units::{Midstate, Nonce, VERSION_SHIFT, WireJobId};

use crate::job::Job;
use crate::{ChainResponse, Command, FrameError, Profile, RawNonce};

pub use split::{Start, ended, preamble, split, start, stated_length};

/// What a register's value says: its name, its bits, and what they come to.
pub fn register(profile: &Profile, reg: crate::Register, value: u32) -> Fields {
    meaning::register(profile, reg, value)
}

/// Which way a frame travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Host to chips.
    FromHost,
    /// Chips to host.
    FromChip,
}

/// A value of a field.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A truth.
    Flag(bool),
    /// A number that people count with.
    Number(u64),
    /// A quantity; its name says the unit.
    Real(f64),
    /// Text, and numbers that people read in hexadecimal (`0x…`) or as bytes.
    Text(String),
    /// Several of a kind.
    List(Vec<Value>),
    /// Fields in a field.
    Fields(Fields),
}

/// Named values in the order of the wire.
pub type Fields = Vec<(&'static str, Value)>;

/// A frame explained.
#[derive(Clone, PartialEq, Debug)]
pub struct Explanation {
    /// Where it stands in the bytes that were given.
    pub range: Range<usize>,
    /// `set_chip_address`, `write_register`, `read_register`, `chain_inactive` or `job`
    /// from the host; `register` or `nonce` from a chip; `unknown` for neither.
    pub kind: &'static str,
    /// The checksum fits the bytes.
    pub crc_ok: bool,
    /// Why a receiver would refuse the frame.
    pub error: Option<FrameError>,
    /// What it says, as far as it goes.
    pub fields: Fields,
    /// The same for programs; nothing where `error` is something.
    pub content: Content,
}

/// What a whole frame holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Content {
    /// The frame is not one.
    Nothing,
    /// A command.
    Command(Command),
    /// A job.
    Job(Job),
    /// An answer.
    Response(ChainResponse),
}

/// The board around a chip, as far as a nonce's fields depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Board {
    /// Chips on the chain.
    pub chips: u16,
    /// Difference between neighbouring addresses.
    pub address_interval: u8,
}

/// Explains one frame, with its preamble or without (an FPGA's records have none).
pub fn explain(
    profile: &Profile,
    direction: Direction,
    bytes: &[u8],
    board: Option<Board>,
) -> Explanation {
    match direction {
        Direction::FromHost => read::from_host(profile, bytes),
        Direction::FromChip => read::from_chip(profile, bytes, board),
    }
}

/// Explains everything in a recording, in order: whole frames, and what stands between
/// them as well as it can be read.
pub fn explain_all(
    profile: &Profile,
    direction: Direction,
    bytes: &[u8],
    board: Option<Board>,
) -> Vec<Explanation> {
    split(profile, direction, bytes)
        .into_iter()
        .map(|range| {
            let part = bytes.get(range.clone()).unwrap_or_default();
            Explanation {
                range,
                ..explain(profile, direction, part, board)
            }
        })
        .collect()
}

/// What a nonce and its job are together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Solved {
    /// The whole header that was hashed.
    Header {
        /// Its 80 bytes.
        header: [u8; 80],
    },
    /// A midstate job knows the header's end alone.
    End {
        /// Place of the midstate in its frame.
        midstate_index: u8,
        /// SHA-256 state after the first 64 bytes.
        midstate: Midstate,
        /// Header bytes 64 to 79.
        end: [u8; 16],
    },
}

/// A nonce that does not answer the job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OtherJob {
    /// Job byte that was sent.
    pub sent: WireJobId,
    /// Job byte that the nonce came back with.
    pub returned: u8,
}

impl core::fmt::Display for OtherJob {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "the nonce's job byte 0x{:02x} is not of the job with byte 0x{:02x}",
            self.returned, self.sent.0
        )
    }
}

impl std::error::Error for OtherJob {}

/// Joins a nonce with its job.
pub fn solve(profile: &Profile, job: &Job, raw: &RawNonce) -> Result<Solved, OtherJob> {
    match job {
        Job::FullHeader { id, header } => {
            if profile.job_bits(raw).wire != *id {
                return Err(other(*id, raw));
            }
            let version = header.version | u32::from(raw.counter) << VERSION_SHIFT;
            Ok(Solved::Header {
                header: header.to_bytes(version, raw.nonce),
            })
        }
        Job::Midstates {
            id,
            tail,
            midstates,
        } => {
            // Added to the id, which need not be aligned (proved by hash on BM1387).
            let index = (raw.job & 0x7f).wrapping_sub(id.0) & 0x7f;
            let midstate = midstates.get(usize::from(index));
            Ok(Solved::End {
                midstate_index: index,
                midstate: *midstate.ok_or_else(|| other(*id, raw))?,
                end: end(&tail.merkle_tail, tail.ntime, tail.nbits, raw.nonce),
            })
        }
    }
}

fn other(sent: WireJobId, raw: &RawNonce) -> OtherJob {
    OtherJob {
        sent,
        returned: raw.job,
    }
}

fn end(merkle_tail: &[u8; 4], ntime: u32, nbits: u32, nonce: Nonce) -> [u8; 16] {
    let mut out = [0; 16];
    out[..4].copy_from_slice(merkle_tail);
    out[4..8].copy_from_slice(&ntime.to_le_bytes());
    out[8..12].copy_from_slice(&nbits.to_le_bytes());
    out[12..].copy_from_slice(&nonce.to_wire());
    out
}

/// `0x` and as many digits as the type has.
pub(crate) fn hex(value: u32, digits: usize) -> Value {
    Value::Text(format!("0x{value:0digits$x}"))
}

/// Bytes as they stand on the wire.
pub(crate) fn raw_hex(bytes: &[u8]) -> Value {
    Value::Text(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
