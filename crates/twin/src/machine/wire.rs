//! Frames: what chips understand, and what they answer.
//!
//! A chip's receiver looks for the preamble 55 AA, takes as many bytes as header and
//! length (for full-header jobs: the chip's kind) ask for, and checks the CRC. What fails
//! is dropped silently: the receiver gives up one byte and looks for the preamble again,
//! so that a good frame behind a damaged one is found.

use super::chip::JobForm;
use super::crc::{crc5, crc16, response_trailer};
use super::job::Job;

const PREAMBLE: [u8; 2] = [0x55, 0xAA];
const HEADER_JOB: u8 = 0x21;
/// Full-header job after the preamble, CRC16 included. The length byte is 0x56 (the true
/// count) or 0x36 (stock S21 Pro); the BM1370 takes both.
const FULL_HEADER_LEN: usize = 86;

/// A command, checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Command {
    /// 0x53: enter the addressing mode.
    Inactive,
    /// 0x40: the first chip without an address takes this one.
    SetAddress(u8),
    /// 0x41 and 0x51 (no address: all chips).
    Write {
        address: Option<u8>,
        register: u8,
        value: u32,
    },
    /// 0x42 and 0x52 (no address: all chips).
    Read { address: Option<u8>, register: u8 },
}

/// What came in.
#[derive(Clone, Debug)]
pub(crate) enum Received {
    Command(Command),
    Job(Job),
}

/// A chip's receiver.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    form: JobForm,
    buffer: Vec<u8>,
    stray: u64,
}

/// What stands at the front of the buffer.
enum Front {
    Incomplete,
    Bad,
    Frame(usize, Received),
}

impl Decoder {
    pub(crate) fn new(form: JobForm) -> Self {
        Decoder {
            form,
            buffer: Vec::with_capacity(160),
            stray: 0,
        }
    }

    /// Nothing half received.
    pub(crate) fn is_idle(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Bytes given up since the last call.
    pub(crate) fn take_stray(&mut self) -> u64 {
        core::mem::take(&mut self.stray)
    }

    /// One more byte. The buffer never exceeds the longest frame, provided that
    /// [`Decoder::next`] is called until it returns `None`.
    pub(crate) fn push(&mut self, byte: u8) {
        self.buffer.push(byte);
    }

    /// The next frame that is complete.
    pub(crate) fn next(&mut self) -> Option<Received> {
        let mut at = 0;
        let found = loop {
            match self.front(&self.buffer[at..]) {
                Front::Incomplete => break None,
                Front::Bad => at += 1,
                Front::Frame(length, received) => break Some((length, received)),
            }
        };
        self.stray += at as u64;
        let taken = at + found.as_ref().map_or(0, |(length, _)| *length);
        self.buffer.drain(..taken);
        found.map(|(_, received)| received)
    }

    fn front(&self, bytes: &[u8]) -> Front {
        let known = bytes.len().min(2);
        if bytes[..known] != PREAMBLE[..known] {
            return Front::Bad;
        }
        let &[_, _, header, length, ..] = bytes else {
            return Front::Incomplete;
        };
        let Some(after_preamble) = self.frame_len(header, length) else {
            return Front::Bad;
        };
        let Some(frame) = bytes.get(2..2 + after_preamble) else {
            return Front::Incomplete;
        };
        let received = if header == HEADER_JOB {
            self.job(frame)
        } else {
            command(frame).map(Received::Command)
        };
        received.map_or(Front::Bad, |r| Front::Frame(2 + after_preamble, r))
    }

    /// Bytes after the preamble, or `None` for a header or length that no frame has.
    fn frame_len(&self, header: u8, length: u8) -> Option<usize> {
        match (header, length) {
            (0x40 | 0x42 | 0x52 | 0x53, 5) => Some(5),
            (0x41 | 0x51, 9) => Some(9),
            (HEADER_JOB, 0x36 | 0x56) if self.form == JobForm::FullHeader => Some(FULL_HEADER_LEN),
            (HEADER_JOB, 0x36 | 0x56 | 0x96) if self.form == JobForm::Midstates => {
                Some(usize::from(length))
            }
            _ => None,
        }
    }

    fn job(&self, frame: &[u8]) -> Option<Received> {
        let (body, crc) = frame.split_at(frame.len() - 2);
        if crc16(body).to_be_bytes() != crc {
            return None;
        }
        let job = match self.form {
            JobForm::Midstates => Job::from_midstate_frame(body),
            JobForm::FullHeader => Job::from_full_header_frame(body),
        };
        job.map(Received::Job)
    }
}

/// A command whose length fits its header, if its CRC is right.
fn command(frame: &[u8]) -> Option<Command> {
    let (body, crc) = frame.split_at(frame.len() - 1);
    if crc != [crc5(body)] {
        return None;
    }
    Some(match *body {
        [0x53, _, _, _] => Command::Inactive,
        [0x40, _, address, _] => Command::SetAddress(address),
        [header @ (0x42 | 0x52), _, address, register] => Command::Read {
            address: (header == 0x42).then_some(address),
            register,
        },
        [header @ (0x41 | 0x51), _, address, register, a, b, c, d] => Command::Write {
            address: (header == 0x41).then_some(address),
            register,
            value: u32::from_be_bytes([a, b, c, d]),
        },
        _ => return None,
    })
}

/// Longest answer.
pub(crate) const ANSWER_MAX: usize = 11;

/// An answer as it travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    bytes: [u8; ANSWER_MAX],
    len: u8,
}

impl Answer {
    /// Register answer: 9 bytes, or 11 once version rolling was switched on (then with
    /// two bytes of unknown meaning, captured as zero).
    pub(crate) fn register(value: u32, address: u8, register: u8, long: bool) -> Self {
        let [a, b, c, d] = value.to_be_bytes();
        Self::build([a, b, c, d, address, register, 0, 0], long, 0)
    }

    /// Nonce answer: the version counter travels in the long form only.
    pub(crate) fn nonce(
        nonce_wire: [u8; 4],
        byte4: u8,
        job_byte: u8,
        counter: u16,
        long: bool,
    ) -> Self {
        let [a, b, c, d] = nonce_wire;
        let [high, low] = counter.to_be_bytes();
        Self::build([a, b, c, d, byte4, job_byte, high, low], long, 4)
    }

    fn build(body: [u8; 8], long: bool, type_bits: u8) -> Self {
        let body = if long { &body[..] } else { &body[..6] };
        let mut bytes = [0; ANSWER_MAX];
        bytes[..2].copy_from_slice(&[0xAA, 0x55]);
        bytes[2..2 + body.len()].copy_from_slice(body);
        bytes[2 + body.len()] = response_trailer(body, type_bits);
        Answer {
            bytes,
            len: body.len() as u8 + 3,
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}
