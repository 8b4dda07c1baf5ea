//! The frames of hashboard controllers of the 17 and 19 series.
//!
//! ```text
//! host   55 AA LEN CMD payload.. SUM_hi SUM_lo     LEN = bytes from LEN to SUM_lo
//! short  CMD 01                                    SUM = 16-bit sum from LEN to payload
//! long   LEN CMD data.. SUM_hi SUM_lo              LEN = all bytes
//! ```
//!
//! Every byte is a transaction of its own. Captured for the PIC16F1704 of the S19 Pro
//! (program 0x89): frames, both kinds of answer, and a host that waits 300 ms (10 ms for
//! relayed sensors) before it reads. Until the answer is ready the part reads as 0xFF, which
//! no answer begins with: it is polled, and a list ends as soon as the part is done.

use core::marker::PhantomData;

use hal::BusOp;
use units::Duration;

use super::ops::{answer, each, read_each};
use super::{PartError, PartErrorKind};

const MAGIC: [u8; 2] = [0x55, 0xaa];
/// LEN, CMD and SUM.
const AROUND_PAYLOAD: usize = 4;
const NOT_READY: u8 = 0xff;
/// The longest answer of all: four words with a status.
const ANSWER_MAX: u8 = 13;
const DONE: u8 = 0x01;
/// Captured: half a second between the reset's answer and the next command.
const AFTER_RESET: Duration = Duration::from_millis(500);

/// A controller at its address. `Part` says which it is, and so what else it understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FramedPic<Part> {
    address: u8,
    part: PhantomData<Part>,
}

/// How long an answer may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Patience {
    /// The part does it by itself. A captured host reads after 300 ms; a third more.
    Own,
    /// The part asks a sensor. A captured host reads after 10 ms; five times that.
    Relayed,
}

/// What all of them understand.
impl<Part: Copy> FramedPic<Part> {
    /// The controller at this seven-bit address.
    pub const fn at(address: u8) -> Self {
        let part = PhantomData;
        FramedPic { address, part }
    }

    /// To the loader. The rail goes off. [`FramedPic::read_reset`] reads the answer.
    pub fn reset(self) -> Vec<BusOp> {
        let mut ops = self.ask(0x07, &[], Patience::Own, 2);
        ops.push(BusOp::Delay(AFTER_RESET));
        ops
    }

    /// Whether it was reset.
    pub fn read_reset(reads: &[Vec<u8>]) -> Result<(), PartError> {
        read_short(0x07, reads)
    }

    /// From the loader to the application; [`FramedPic::read_jump`] reads the answer.
    pub fn jump(self) -> Vec<BusOp> {
        self.ask(0x06, &[], Patience::Own, 2)
    }

    /// Whether it jumped.
    pub fn read_jump(reads: &[Vec<u8>]) -> Result<(), PartError> {
        read_short(0x06, reads)
    }

    /// Switch the rail; [`FramedPic::read_enable`] reads the answer.
    pub fn enable(self, on: bool) -> Vec<BusOp> {
        self.ask(0x15, &[u8::from(on)], Patience::Own, 2)
    }

    /// Whether it was switched.
    pub fn read_enable(reads: &[Vec<u8>]) -> Result<(), PartError> {
        read_short(0x15, reads)
    }

    /// The host is alive; [`FramedPic::read_heartbeat`] reads the answer.
    pub fn heartbeat(self) -> Vec<BusOp> {
        self.ask(0x16, &[], Patience::Own, 6)
    }

    /// Whether the heartbeat was taken. What the second byte says is not known.
    pub fn read_heartbeat(reads: &[Vec<u8>]) -> Result<(), PartError> {
        let bytes = answer(reads);
        match read_long(0x16, &bytes)? {
            [DONE, _] => Ok(()),
            _ => Err(PartError::new(PartErrorKind::Refused, &bytes)),
        }
    }

    /// Which program runs.
    pub fn version(self) -> Vec<BusOp> {
        self.ask(0x17, &[], Patience::Own, 5)
    }

    /// The version byte.
    pub(super) fn version_in(reads: &[Vec<u8>]) -> Result<u8, PartError> {
        let bytes = answer(reads);
        match read_long(0x17, &bytes)? {
            [version] => Ok(*version),
            _ => Err(PartError::new(PartErrorKind::Garbled, &bytes)),
        }
    }

    /// Read away what is left of an answer that was not read to its end. What it reads says
    /// nothing.
    pub fn drain(self) -> Vec<BusOp> {
        read_each(self.address, ANSWER_MAX).collect()
    }

    /// A command and the reading of its answer of `count` bytes.
    pub(super) fn ask(
        self,
        command: u8,
        payload: &[u8],
        patience: Patience,
        count: u8,
    ) -> Vec<BusOp> {
        let (first, every, within) = match patience {
            Patience::Own => (10, 10, 400),
            Patience::Relayed => (5, 5, 50),
        };
        let ms = Duration::from_millis;
        let mut ops: Vec<BusOp> = each(self.address, &frame(command, payload)).collect();
        ops.push(BusOp::Delay(ms(first)));
        ops.push(BusOp::Until {
            address: self.address,
            write: Vec::new(),
            mask: 0xff,
            not: NOT_READY,
            every: ms(every),
            within: ms(within),
        });
        ops.extend(read_each(self.address, count.saturating_sub(1)));
        ops
    }
}

fn frame(command: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = MAGIC.to_vec();
    frame.push((AROUND_PAYLOAD + payload.len()) as u8); // payloads have three bytes at most
    frame.push(command);
    frame.extend(payload);
    frame.extend(sum(&frame[2..]).to_be_bytes());
    frame
}

/// A short answer: the command and that it is done.
pub(super) fn read_short(command: u8, reads: &[Vec<u8>]) -> Result<(), PartError> {
    let bytes = answer(reads);
    let kind = match PartError::exactly(&bytes)? {
        [NOT_READY, NOT_READY] => PartErrorKind::Silent,
        [echo, _] if echo != command => PartErrorKind::Command { expected: command },
        [_, DONE] => return Ok(()),
        _ => PartErrorKind::Refused,
    };
    Err(PartError::new(kind, &bytes))
}

/// The data of a long answer, checked. What was read beyond its end is not looked at.
pub(super) fn read_long(command: u8, bytes: &[u8]) -> Result<&[u8], PartError> {
    let error = |kind| PartError::new(kind, bytes);
    if !bytes.is_empty() && bytes.iter().all(|b| *b == NOT_READY) {
        return Err(error(PartErrorKind::Silent));
    }
    let expected = bytes.first().map_or(AROUND_PAYLOAD, |b| usize::from(*b));
    if !(AROUND_PAYLOAD..=usize::from(ANSWER_MAX)).contains(&expected) {
        return Err(error(PartErrorKind::Garbled));
    }
    let Some(whole) = bytes.get(..expected) else {
        return Err(error(PartErrorKind::Short { expected }));
    };
    let (summed, [hi, lo]) = whole.split_at(expected - 2) else {
        return Err(error(PartErrorKind::Garbled));
    };
    let (expected, found) = (sum(summed), u16::from_be_bytes([*hi, *lo]));
    if expected != found {
        return Err(error(PartErrorKind::Checksum { expected, found }));
    }
    match summed {
        [_, echo, data @ ..] if *echo == command => Ok(data),
        _ => Err(error(PartErrorKind::Command { expected: command })),
    }
}

fn sum(bytes: &[u8]) -> u16 {
    bytes
        .iter()
        .fold(0, |sum: u16, b| sum.wrapping_add(u16::from(*b)))
}
