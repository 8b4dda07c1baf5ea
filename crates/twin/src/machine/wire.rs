//! Frames: what chips understand, and what they answer.
//!
//! A chip's receiver looks for the preamble 55 AA (the BM1387 has none and looks for a
//! header with its length), takes as many bytes as header and length (for full-header
//! jobs: the chip's kind) ask for, and checks the CRC. What fails is dropped silently: the
//! receiver gives up one byte and looks again, so that a good frame behind a damaged one
//! is found.

use super::chip::{AnswerForm, ChipModel, CommandForm, JobForm};
use super::crc::{crc5, crc16, response_trailer};
use super::job::Job;

const HEADER_JOB: u8 = 0x21;
/// Full-header job after the preamble, CRC16 included. The length byte is 0x56 (the true
/// count) or 0x36 (stock S19j Pro and S21 Pro); both are taken.
const FULL_HEADER_LEN: usize = 86;

/// A command, checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Command {
    /// Enter the addressing mode.
    Inactive,
    /// The first chip without an address takes this one.
    SetAddress(u8),
    /// No address: all chips.
    Write {
        address: Option<u8>,
        register: u8,
        value: u32,
    },
    /// No address: all chips.
    Read { address: Option<u8>, register: u8 },
}

/// What came in.
#[derive(Clone, Debug)]
pub(crate) enum Received {
    Command(Command),
    Job(Job),
}

/// Frames that were dropped, by what was wrong with them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Refused {
    /// Commands with a wrong CRC5.
    pub(crate) crc5: u64,
    /// Jobs with a wrong CRC16, or with fields that no job has.
    pub(crate) crc16: u64,
    /// A preamble, and then no header and length that belong together.
    pub(crate) length: u64,
}

/// A chip's receiver.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    commands: CommandForm,
    jobs: JobForm,
    preamble: &'static [u8],
    buffer: Vec<u8>,
    stray: u64,
    refused: Refused,
}

/// What stands at the front of the buffer.
enum Front {
    Incomplete,
    Noise,
    Refused(Refused),
    Frame(usize, Received),
}

impl Decoder {
    pub(crate) fn new(model: &ChipModel) -> Self {
        Decoder {
            commands: model.commands,
            jobs: model.jobs,
            preamble: model.preambles().0,
            buffer: Vec::with_capacity(160),
            stray: 0,
            refused: Refused::default(),
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

    /// Frames dropped since the last call.
    pub(crate) fn take_refused(&mut self) -> Refused {
        core::mem::take(&mut self.refused)
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
                Front::Noise => at += 1,
                Front::Refused(why) => {
                    self.refused.crc5 += why.crc5;
                    self.refused.crc16 += why.crc16;
                    self.refused.length += why.length;
                    at += 1;
                }
                Front::Frame(length, received) => break Some((length, received)),
            }
        };
        self.stray += at as u64;
        let taken = at + found.as_ref().map_or(0, |(length, _)| *length);
        self.buffer.drain(..taken);
        found.map(|(_, received)| received)
    }

    fn front(&self, bytes: &[u8]) -> Front {
        let preamble = self.preamble;
        let known = bytes.len().min(preamble.len());
        if bytes[..known] != preamble[..known] {
            return Front::Noise;
        }
        let &[header, length, ..] = &bytes[known..] else {
            // Without a preamble the header alone can tell that this is no frame.
            return match bytes {
                [header] if preamble.is_empty() && !self.has_header(*header) => Front::Noise,
                _ => Front::Incomplete,
            };
        };
        let Some(after_preamble) = self.frame_len(header, length) else {
            return match preamble {
                [] => Front::Noise,
                _ => Front::Refused(Refused {
                    length: 1,
                    ..Refused::default()
                }),
            };
        };
        let end = preamble.len() + after_preamble;
        let Some(frame) = bytes.get(preamble.len()..end) else {
            return Front::Incomplete;
        };
        let received = match header {
            HEADER_JOB => self.job(frame),
            _ => self.command(frame).map(Received::Command),
        };
        match received {
            Some(received) => Front::Frame(end, received),
            None => Front::Refused(Refused {
                crc5: u64::from(header != HEADER_JOB),
                crc16: u64::from(header == HEADER_JOB),
                length: 0,
            }),
        }
    }

    fn has_header(&self, header: u8) -> bool {
        [5, 9, 0x36]
            .iter()
            .any(|l| self.frame_len(header, *l).is_some())
    }

    /// Bytes after the preamble, or `None` for a header or length that no frame has.
    fn frame_len(&self, header: u8, length: u8) -> Option<usize> {
        match (self.commands, header, length) {
            (CommandForm::Preamble, 0x40 | 0x42 | 0x52 | 0x53, 5) => Some(5),
            (CommandForm::Preamble, 0x41 | 0x51, 9) => Some(9),
            (CommandForm::Bare, 0x41 | 0x44 | 0x54 | 0x55, 5) => Some(5),
            (CommandForm::Bare, 0x48 | 0x58, 9) => Some(9),
            (_, HEADER_JOB, _) => self.job_len(length),
            _ => None,
        }
    }

    fn job_len(&self, length: u8) -> Option<usize> {
        match (self.jobs, length) {
            (JobForm::FullHeader, 0x36 | 0x56) => Some(FULL_HEADER_LEN),
            (JobForm::Midstates, 0x36 | 0x56 | 0x96) => Some(usize::from(length)),
            _ => None,
        }
    }

    fn job(&self, frame: &[u8]) -> Option<Received> {
        let (body, crc) = frame.split_at(frame.len() - 2);
        if crc16(body).to_be_bytes() != crc {
            return None;
        }
        let job = match self.jobs {
            JobForm::Midstates => Job::from_midstate_frame(body),
            JobForm::FullHeader => Job::from_full_header_frame(body),
        };
        job.map(Received::Job)
    }

    /// A command whose length fits its header, if its CRC is right.
    fn command(&self, frame: &[u8]) -> Option<Command> {
        let (body, crc) = frame.split_at(frame.len() - 1);
        if crc != [crc5(body)] {
            return None;
        }
        let is = |header, bare, preamble| match self.commands {
            CommandForm::Bare => header == bare,
            CommandForm::Preamble => header == preamble,
        };
        Some(match *body {
            [header, _, _, _] if is(header, 0x55, 0x53) => Command::Inactive,
            [header, _, address, _] if is(header, 0x41, 0x40) => Command::SetAddress(address),
            [header, _, address, register] => Command::Read {
                address: is(header, 0x44, 0x42).then_some(address),
                register,
            },
            [header, _, address, register, a, b, c, d] => Command::Write {
                address: is(header, 0x48, 0x41).then_some(address),
                register,
                value: u32::from_be_bytes([a, b, c, d]),
            },
            _ => return None,
        })
    }
}

/// Longest answer.
pub(crate) const ANSWER_MAX: usize = 11;

/// How long an answer is now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Seven,
    Nine,
    Eleven,
}

impl AnswerForm {
    /// `rolling`: version rolling was enabled.
    pub(crate) fn shape(self, rolling: bool) -> Shape {
        match self {
            AnswerForm::Seven => Shape::Seven,
            AnswerForm::NineThenEleven if rolling => Shape::Eleven,
            AnswerForm::Nine | AnswerForm::NineThenEleven => Shape::Nine,
        }
    }
}

/// An answer as it travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    bytes: [u8; ANSWER_MAX],
    len: u8,
}

impl Answer {
    /// Register answer. Seven bytes have no room for chip and register; the last two of
    /// eleven have an unknown meaning and were captured as zero.
    pub(crate) fn register(value: u32, address: u8, register: u8, shape: Shape) -> Self {
        let [a, b, c, d] = value.to_be_bytes();
        let from = match shape {
            Shape::Seven => [0, 0],
            Shape::Nine | Shape::Eleven => [address, register],
        };
        Self::build([a, b, c, d, from[0], from[1], 0, 0], shape, 0)
    }

    /// Nonce answer: the version counter travels in the longest form only.
    pub(crate) fn nonce(
        nonce_wire: [u8; 4],
        byte4: u8,
        job_byte: u8,
        counter: u16,
        shape: Shape,
    ) -> Self {
        let [a, b, c, d] = nonce_wire;
        let [high, low] = counter.to_be_bytes();
        Self::build([a, b, c, d, byte4, job_byte, high, low], shape, 4)
    }

    fn build(body: [u8; 8], shape: Shape, type_bits: u8) -> Self {
        let (preamble, body) = match shape {
            Shape::Seven => (&[][..], &body[..6]),
            Shape::Nine => (&[0xAA, 0x55][..], &body[..6]),
            Shape::Eleven => (&[0xAA, 0x55][..], &body[..]),
        };
        let mut bytes = [0; ANSWER_MAX];
        let end = preamble.len() + body.len();
        bytes[..preamble.len()].copy_from_slice(preamble);
        bytes[preamble.len()..end].copy_from_slice(body);
        bytes[end] = response_trailer(body, type_bits);
        Answer {
            bytes,
            len: end as u8 + 1,
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}
