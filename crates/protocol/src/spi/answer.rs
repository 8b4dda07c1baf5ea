//! Answers: chips to host.

use units::Nonce;

use super::command::{BLOCK_MAX, crc16};
use super::profile::{Dialect, Profile};
use crate::FrameError;

/// What a chain says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// A nonce, as far as the chip knows.
    Result {
        /// Number of the chip.
        chip: u8,
        /// Id of the job.
        job: u8,
        /// Which midstate.
        slot: u8,
        /// The nonce.
        nonce: Nonce,
    },
    /// No result waits.
    NoResult,
    /// A register block.
    Block {
        /// Number of the chip.
        chip: u8,
        /// The block; as many bytes as the chip has, zeros behind.
        block: [u8; BLOCK_MAX],
    },
    /// Chips counted since the last hardware reset; 0 if they were counted before.
    Count(u8),
    /// A reset came back.
    Reset {
        /// Number of the chip, 0 for all.
        chip: u8,
        /// The kind of the chip that answers.
        kind: u8,
        /// What it forgot: the byte as it came.
        strategy: u8,
    },
    /// A command came back: its code, and for whom.
    Echo {
        /// Low nibble of its first byte.
        command: u8,
        /// Number of the chip, 0 for all.
        chip: u8,
        /// What follows; zeros where nothing does.
        block: [u8; BLOCK_MAX],
    },
}

/// Reads the answer at the beginning of `bytes`, and how many of them it takes. What ends
/// early is filled with zeros: a port leaves out words that are not there.
///
/// Only results and blocks of the T1 carry a checksum. Whoever asked knows what else was to
/// come, and must compare.
pub fn decode(profile: &Profile, bytes: &[u8]) -> Result<(Answer, usize), FrameError> {
    let mut whole = [0; 2 + BLOCK_MAX + 2];
    let here = bytes.len().min(whole.len());
    whole[..here].copy_from_slice(&bytes[..here]);
    let [head, chip, rest @ ..] = &whole;
    let (head, chip) = (*head, *chip);
    if here < 2 {
        return Err(FrameError::Short);
    }
    let block = || {
        let mut block = [0; BLOCK_MAX];
        let bytes = profile.block_bytes();
        block[..bytes].copy_from_slice(&rest[..bytes]);
        block
    };
    let sealed = |len: usize| match profile.dialect {
        Dialect::A1 => Ok(len),
        Dialect::T1 => match crc16(&whole[..len]).to_be_bytes() == whole[len..len + 2] {
            true => Ok(len + 2),
            false => Err(FrameError::Crc),
        },
    };
    match (head & 0x0f, head >> 4) {
        (0x8, job) => {
            let len = sealed(profile.result_bytes() - profile.crc_bytes())?;
            let (slot, nonce) = match profile.dialect {
                Dialect::A1 => (0, [rest[0], rest[1], rest[2], rest[3]]),
                Dialect::T1 => (rest[1], [rest[2], rest[3], rest[4], rest[5]]),
            };
            let nonce = Nonce(u32::from_be_bytes(nonce));
            let result = Answer::Result {
                chip,
                job,
                slot,
                nonce,
            };
            match chip {
                0 => Ok((Answer::NoResult, len)),
                _ if job == 0 || slot >= profile.midstates() => Err(FrameError::Kind),
                _ => Ok((result, len)),
            }
        }
        (0xa, 0x1) => {
            let len = sealed(2 + profile.block_bytes())?;
            let block = block();
            Ok((Answer::Block { chip, block }, len))
        }
        (0x1, 0x0) if chip == 0 => Ok((Answer::Count(rest[1]), 4)),
        (0x4, kind) if rest[0] == rest[1] => {
            let strategy = rest[0];
            Ok((
                Answer::Reset {
                    chip,
                    kind,
                    strategy,
                },
                4,
            ))
        }
        (0x9, 0x0) => {
            let block = block();
            let echo = Answer::Echo {
                command: 0x9,
                chip,
                block,
            };
            Ok((echo, 2 + profile.block_bytes()))
        }
        (0xd, 0x0) if profile.dialect == Dialect::T1 => {
            let len = sealed(2 + profile.block_bytes())?;
            let block = block();
            let echo = Answer::Echo {
                command: 0xd,
                chip,
                block,
            };
            Ok((echo, len))
        }
        (command @ (0x3 | 0xb), 0x0) => {
            let block = [0; BLOCK_MAX];
            let echo = Answer::Echo {
                command,
                chip,
                block,
            };
            Ok((echo, 2))
        }
        // The A1 gives a job's header back.
        (0x7, _) if profile.dialect == Dialect::A1 => {
            let block = [0; BLOCK_MAX];
            let echo = Answer::Echo {
                command: 0x7,
                chip,
                block,
            };
            Ok((echo, 2))
        }
        _ => Err(FrameError::Kind),
    }
}
