//! Jobs: work as it travels to chips, guarded by CRC16.
//!
//! ```text
//! midstate:    21 | len | job | n | start 4 | nbits | ntime | merkle tail | n midstates | crc16
//! full header: 21 | len | job | 1 | start 4 | nbits | ntime | merkle root 32 | previous 32 | version | crc16
//! ```
//!
//! `nbits`, `ntime` and `version` are little-endian as in the header. A midstate goes
//! state word 7 first, each word big-endian. Merkle root and previous hash go as eight
//! four-byte words in reverse word order, bytes inside a word unchanged. Start nonce is
//! zero in every capture. All captured, except that BM1398's wire job is BM1397's by
//! analogy. BM1387 takes midstate jobs without the preamble.

use units::{Header, Midstate, WireJobId};

use crate::{Bytes, Dialect, FrameError, crc::crc16};

/// Longest job with preamble: four midstates.
pub const JOB_MAX: usize = 152;

pub(crate) const HEADER: u8 = 0x21;

/// How a chip wants its jobs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobLayout {
    /// 1, 2 or 4 midstates; the host rolls the version.
    Midstates,
    /// The whole header; the chip rolls the version. The length byte is part of the
    /// layout, because chips frame this job by its kind and vendors disagree on the byte.
    FullHeader {
        /// What the length byte says.
        length_byte: u8,
    },
}

/// The parts of a header that a midstate job carries beside its midstates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tail {
    /// Compact target.
    pub nbits: u32,
    /// Time.
    pub ntime: u32,
    /// Header bytes 64 to 67.
    pub merkle_tail: [u8; 4],
}

/// A job read back from its frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Job {
    /// A midstate job.
    Midstates {
        /// Wire job id.
        id: WireJobId,
        /// End of the header.
        tail: Tail,
        /// 1, 2 or 4.
        midstates: Vec<Midstate>,
    },
    /// A full-header job.
    FullHeader {
        /// Wire job id.
        id: WireJobId,
        /// The header.
        header: Header,
    },
}

/// A midstate job as it travels on a chip's line. Takes the first 1, 2 or 4 of `midstates`; a slice of
/// another length is cut to the next lower of these, and an empty one counts as zeros.
pub fn encode_midstates(
    dialect: Dialect,
    id: WireJobId,
    header: &Header,
    midstates: &[Midstate],
) -> Bytes<JOB_MAX> {
    let count = match midstates.len() {
        0 | 1 => 1,
        2 | 3 => 2,
        _ => 4,
    };
    let mut out = start(dialect, id, 22 + 32 * count as u8, count as u8, header);
    out.put(&header.merkle_root[28..32]);
    let none = Midstate::default();
    for i in 0..count {
        put_midstate(&mut out, midstates.get(i).unwrap_or(&none));
    }
    finish(dialect, out)
}

/// A full-header job as it travels on a chip's line.
pub fn encode_full_header(
    dialect: Dialect,
    id: WireJobId,
    header: &Header,
    length_byte: u8,
) -> Bytes<JOB_MAX> {
    let mut out = start(dialect, id, length_byte, 1, header);
    out.put(&reverse_words(&header.merkle_root));
    out.put(&reverse_words(&header.prev_hash));
    out.put(&header.version.to_le_bytes());
    finish(dialect, out)
}

/// A midstate's 32 bytes as chips take them.
pub(crate) fn put_midstate<const N: usize>(out: &mut Bytes<N>, midstate: &Midstate) {
    for word in midstate.0.iter().rev() {
        out.put(&word.to_be_bytes());
    }
}

fn start(
    dialect: Dialect,
    id: WireJobId,
    length: u8,
    count: u8,
    header: &Header,
) -> Bytes<JOB_MAX> {
    let mut out = Bytes::new();
    out.put(dialect.command_preamble());
    out.put(&[HEADER, length, id.0, count]);
    out.put(&[0; 4]);
    out.put(&header.nbits.to_le_bytes());
    out.put(&header.ntime.to_le_bytes());
    out
}

fn finish(dialect: Dialect, mut out: Bytes<JOB_MAX>) -> Bytes<JOB_MAX> {
    let crc = crc16(&out.as_slice()[dialect.command_preamble().len()..]);
    out.put(&crc.to_be_bytes());
    out
}

fn reverse_words(bytes: &[u8; 32]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.chunks_exact_mut(4).zip(bytes.chunks_exact(4).rev()) {
        to.copy_from_slice(from);
    }
    out
}

impl Job {
    /// Reads exactly one job as it travels on a chip's line, of the kind that the chip
    /// takes.
    pub fn decode(dialect: Dialect, layout: JobLayout, frame: &[u8]) -> Result<Job, FrameError> {
        let body = frame
            .strip_prefix(dialect.command_preamble())
            .ok_or(FrameError::Preamble)?;
        Job::decode_body(layout, body)
    }

    /// The same without preamble.
    pub fn decode_body(layout: JobLayout, body: &[u8]) -> Result<Job, FrameError> {
        let [kind, length, id, count, ..] = *body else {
            return Err(FrameError::Short);
        };
        if kind != HEADER {
            return Err(FrameError::Kind);
        }
        let expected = job_length(layout, count).ok_or(FrameError::Length)?;
        let length_fits = match layout {
            JobLayout::Midstates => usize::from(length) == expected,
            // Both are in the field and BM1370 takes both (captured).
            JobLayout::FullHeader { .. } => matches!(length, 0x36 | 0x56),
        };
        if body.len() < expected {
            return Err(FrameError::Short);
        }
        if !length_fits || body.len() > expected {
            return Err(FrameError::Length);
        }
        let (covered, crc) = body.split_at(expected - 2);
        if crc16(covered).to_be_bytes() != *crc {
            return Err(FrameError::Crc);
        }
        let id = WireJobId(id);
        let tail = Tail {
            nbits: u32::from_le_bytes(array(&covered[8..12])),
            ntime: u32::from_le_bytes(array(&covered[12..16])),
            merkle_tail: array(&covered[16..20]),
        };
        Ok(match layout {
            JobLayout::Midstates => Job::Midstates {
                id,
                tail,
                midstates: covered[20..].chunks_exact(32).map(midstate).collect(),
            },
            JobLayout::FullHeader { .. } => Job::FullHeader {
                id,
                header: Header {
                    version: u32::from_le_bytes(array(&covered[80..84])),
                    prev_hash: reverse_words(&array(&covered[48..80])),
                    merkle_root: reverse_words(&array(&covered[16..48])),
                    ntime: tail.ntime,
                    nbits: tail.nbits,
                },
            },
        })
    }
}

/// Bytes of a job without preamble by the count that it states; `None` for a count that
/// does not exist.
pub(crate) fn job_length(layout: JobLayout, count: u8) -> Option<usize> {
    match layout {
        JobLayout::Midstates => matches!(count, 1 | 2 | 4).then_some(22 + 32 * usize::from(count)),
        JobLayout::FullHeader { .. } => Some(86),
    }
}

fn midstate(bytes: &[u8]) -> Midstate {
    let mut words = [0; 8];
    for (word, four) in words.iter_mut().rev().zip(bytes.chunks_exact(4)) {
        *word = u32::from_be_bytes(array(four));
    }
    Midstate(words)
}

/// The first `N` bytes of a slice that is at least as long, by the lengths checked above.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}
