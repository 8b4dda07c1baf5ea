//! The ideal receiver of chips' answers: the ledger's judge, and the FPGA's front end.
//!
//! It looks for AA 55 (for a BM1387 at any byte), takes as many bytes as answers have,
//! checks the CRC, and on failure gives up one byte and looks again. Every byte carries the number of the frame that it
//! was sent in, so that the receiver knows whether what it accepts was ever sent.

use super::crc::response_intact;
use super::wire::ANSWER_MAX;

/// A byte and the frame it was sent in.
#[derive(Clone, Copy, Debug)]
struct Tagged {
    byte: u8,
    frame: u64,
}

/// Bytes that passed the check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Accepted {
    /// The frame that all bytes were sent in, if they were sent in one.
    pub(crate) frame: Option<u64>,
    bytes: [u8; ANSWER_MAX],
    len: usize,
}

impl Accepted {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    preamble: &'static [u8],
    buffer: Vec<Tagged>,
    in_run: bool,
    /// Rows of stray bytes so far.
    pub(crate) runs: u64,
    /// Stray bytes so far.
    pub(crate) stray: u64,
}

impl Receiver {
    pub(crate) fn new(preamble: &'static [u8]) -> Self {
        Receiver {
            preamble,
            buffer: Vec::new(),
            in_run: false,
            runs: 0,
            stray: 0,
        }
    }

    /// Nothing half received.
    pub(crate) fn is_idle(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Nothing good has come since the last stray byte.
    pub(crate) fn is_in_run(&self) -> bool {
        self.in_run
    }

    /// A whole undamaged frame came while nothing was half received.
    pub(crate) fn good_frame(&mut self) {
        self.in_run = false;
    }

    /// The oldest frame of which bytes are still undecided.
    pub(crate) fn oldest_undecided(&self) -> Option<u64> {
        self.buffer.iter().map(|t| t.frame).min()
    }

    pub(crate) fn push(&mut self, byte: u8, frame: u64) {
        self.buffer.push(Tagged { byte, frame });
    }

    /// The next run of `len` bytes that passes the check.
    pub(crate) fn next(&mut self, len: usize) -> Option<Accepted> {
        let mut at = 0;
        let found = loop {
            let rest = &self.buffer[at..];
            if rest.iter().zip(self.preamble).any(|(t, b)| t.byte != *b) {
                at += 1;
            } else if rest.len() < len {
                break None;
            } else if let Some(accepted) = check(&rest[..len], self.preamble.len()) {
                break Some(accepted);
            } else {
                at += 1;
            }
        };
        self.give_up(at);
        if let Some(accepted) = &found {
            self.buffer.drain(..accepted.len);
            self.in_run = false;
        }
        found
    }

    fn give_up(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        self.buffer.drain(..count);
        self.stray += count as u64;
        self.runs += u64::from(!self.in_run);
        self.in_run = true;
    }
}

fn check(frame: &[Tagged], preamble: usize) -> Option<Accepted> {
    let mut bytes = [0; ANSWER_MAX];
    for (to, from) in bytes.iter_mut().zip(frame) {
        *to = from.byte;
    }
    let first = frame.first()?.frame;
    let one = frame.iter().all(|t| t.frame == first);
    response_intact(&bytes[preamble..frame.len()]).then_some(Accepted {
        frame: one.then_some(first),
        bytes,
        len: frame.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::wire::{Answer, Shape};

    fn frame(value: u32) -> Vec<u8> {
        Answer::register(value, 0, 0x18, Shape::Nine)
            .as_slice()
            .to_vec()
    }

    /// Feeds `bytes` (all of frame 0) and compares what was accepted, runs and strays.
    fn check(bytes: &[u8], accepted: usize, runs: u64, stray: u64) {
        let mut receiver = Receiver::new(&[0xAA, 0x55]);
        let mut count = 0;
        for byte in bytes {
            receiver.push(*byte, 0);
            while receiver.next(9).is_some() {
                count += 1;
            }
        }
        assert_eq!(
            (count, receiver.runs, receiver.stray),
            (accepted, runs, stray),
            "{bytes:x?}"
        );
    }

    #[test]
    fn good_frames_back_to_back_leave_no_stray() {
        check(&[frame(1), frame(2), frame(3)].concat(), 3, 0, 0);
    }

    #[test]
    fn garbage_before_a_frame_is_one_run() {
        check(&[vec![1, 2, 0xAA], frame(1)].concat(), 1, 1, 3);
    }

    #[test]
    fn a_doubled_first_byte_leaves_the_frame_whole() {
        check(&[vec![0xAA], frame(1), frame(2)].concat(), 2, 1, 1);
    }

    #[test]
    fn a_flipped_frame_is_one_run_and_its_neighbours_survive() {
        let mut bad = frame(2);
        bad[4] ^= 0x10;
        check(&[frame(1), bad, frame(3)].concat(), 2, 1, 9);
    }

    #[test]
    fn a_shortened_frame_does_not_eat_the_next() {
        let mut short = frame(2);
        short.remove(5);
        check(&[short, frame(3)].concat(), 1, 1, 8);
    }

    #[test]
    fn two_damaged_frames_in_a_row_are_one_run() {
        let mut bad = frame(2);
        bad[8] ^= 1;
        check(&[bad.clone(), bad, frame(3)].concat(), 1, 1, 18);
    }
}
