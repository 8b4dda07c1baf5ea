//! Frames of a SPI chain: what a host's bytes mean, and the checksum.

use super::model::WordModel;
use crate::machine::job::{Job, Work};

/// What a chip is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// Count the chips, and begin the self test.
    BistStart,
    BistCollect,
    BistFix,
    /// One of the strategies below.
    Reset(u8),
    /// The first register block, as many bytes as it has.
    Write([u8; 12]),
    Read,
    /// The second register block.
    Second([u8; 12]),
    /// Give the oldest result.
    Result,
    /// A job and its number.
    Job(Loaded),
}

/// A job as it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Loaded {
    pub(crate) id: u8,
    pub(crate) job: Job,
    /// Binary logarithm of the difficulty above which a nonce is told.
    pub(crate) ticket: u8,
}

/// Everything.
pub(crate) const RESET_ALL: u8 = 0x00;
/// Jobs and results.
pub(crate) const RESET_JOBS: u8 = 0xED;
/// The self test.
pub(crate) const RESET_BIST: u8 = 0x20;

/// A frame at the first chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) order: Order,
    /// From 1; 0 is all.
    pub(crate) chip: u8,
    /// Bytes.
    pub(crate) len: usize,
    /// First byte as sent.
    pub(crate) head: u8,
}

/// What stands at the beginning of `bytes`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parsed {
    /// A zero word.
    Idle,
    Frame(Frame),
    /// A frame of so many bytes whose checksum does not match.
    Damaged(usize),
    /// No frame that exists, or one cut short.
    Nothing,
}

pub(crate) fn parse(model: &WordModel, bytes: &[u8]) -> Parsed {
    let [head, chip, rest @ ..] = bytes else {
        return Parsed::Nothing;
    };
    let (head, chip) = (*head, *chip);
    if (head, chip) == (0, 0) {
        return Parsed::Idle;
    }
    let crc = if model.crc { 2 } else { 0 };
    let frame = |order, len| {
        Parsed::Frame(Frame {
            order,
            chip,
            len,
            head,
        })
    };
    let checked = |len: usize, order: &dyn Fn(&[u8]) -> Option<Order>| {
        let Some(bytes) = bytes.get(..len + crc) else {
            return Parsed::Nothing;
        };
        if model.crc && crc16(&bytes[..len]).to_be_bytes() != bytes[len..] {
            return Parsed::Damaged(len + crc);
        }
        match order(bytes) {
            Some(order) => frame(order, len + crc),
            None => Parsed::Damaged(len + crc),
        }
    };
    let block = |bytes: &[u8]| {
        let mut block = [0; 12];
        block[..model.block].copy_from_slice(&bytes[2..2 + model.block]);
        block
    };
    // A job's number is the high nibble; other commands have none.
    if head & 0x0F == model.job.command && head >> 4 != 0 {
        // The checksum stands before two bytes of padding.
        let len = if model.crc {
            model.job.len - 4
        } else {
            model.job.len
        };
        return match checked(len, &|bytes| Some(Order::Job(job(model, bytes)))) {
            Parsed::Frame(frame) => Parsed::Frame(Frame {
                len: model.job.len,
                ..frame
            }),
            Parsed::Damaged(_) => Parsed::Damaged(model.job.len),
            other => other,
        };
    }
    match head {
        0x01 => frame(Order::BistStart, 4),
        0x03 => frame(Order::BistFix, 2),
        0x0B => frame(Order::BistCollect, 2),
        0x04 => match rest {
            [a, b, ..] if a == b => frame(Order::Reset(*a), 4),
            _ => Parsed::Nothing,
        },
        0x08 => frame(Order::Result, 2),
        0x09 => checked(2 + model.block, &|bytes| Some(Order::Write(block(bytes)))),
        0x0A => frame(Order::Read, 2),
        0x0D if model.second_block => {
            checked(2 + model.block, &|bytes| Some(Order::Second(block(bytes))))
        }
        _ => Parsed::Nothing,
    }
}

fn job(model: &WordModel, bytes: &[u8]) -> Loaded {
    let form = &model.job;
    let mut wire = [[0; 8]; 4];
    let count = usize::from(form.midstates);
    for (place, state) in bytes[2..form.tail_at()].chunks_exact(32).enumerate() {
        // The last midstate goes first.
        for (word, four) in wire[count - 1 - place]
            .iter_mut()
            .zip(state.chunks_exact(4))
        {
            *word = u32::from_be_bytes([four[0], four[1], four[2], four[3]]);
        }
    }
    let mut tail = [0; 12];
    tail.copy_from_slice(&bytes[form.tail_at()..][..12]);
    let target = &bytes[form.target_at()..][..4];
    let id = bytes[0] >> 4;
    Loaded {
        id,
        job: Job {
            job_byte: id,
            tail,
            work: Work::Midstates {
                count: form.midstates,
                wire,
            },
        },
        ticket: ticket_log2([target[0], target[1], target[2], target[3]]),
    }
}

/// Binary logarithm of the difficulty of a compact target (mantissa in three bytes, exponent
/// in the last), to the nearest whole number.
pub(crate) fn ticket_log2(compact: [u8; 4]) -> u8 {
    let mantissa = u32::from_le_bytes([compact[0], compact[1], compact[2], 0]);
    if mantissa == 0 {
        return 32;
    }
    // Difficulty one is 0xFFFF * 256^26: 224 bits, less one part in 65536.
    let bits = i32::from(compact[3]) * 8 - 24 + (32 - mantissa.leading_zeros() as i32);
    (224 - bits).clamp(0, 32) as u8
}

/// CRC-16/MODBUS over bytes whose words have their two bytes exchanged.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    let swapped = bytes.chunks(2).flat_map(|word| word.iter().rev());
    modbus(swapped)
}

fn modbus<'a>(bytes: impl Iterator<Item = &'a u8>) -> u16 {
    bytes.fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xA001
            } else {
                crc >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_check_value_is_the_published_one() {
        assert_eq!(modbus(b"123456789".iter()), 0x4B37);
    }

    #[test]
    fn compact_targets_of_published_difficulties() {
        for (compact, log2) in [
            (0x1d00_ffff_u32, 0),
            (0x1d00_7fff, 1),
            (0x1d00_01ff, 7),
            (0x1c00_ffff, 8),
            (0x1b3f_ffff, 10),
            (0x1b00_ffff, 16),
            (0x1b00_7fff, 17),
            (0, 32),
            (u32::MAX, 0),
        ] {
            assert_eq!(ticket_log2(compact.to_le_bytes()), log2, "{compact:08x}");
        }
    }
}
