//! Frames as supplies and framed controllers take them: `55 AA LEN CMD payload SUM`, where LEN
//! counts from itself to the end of the 16-bit sum over LEN, CMD and payload. The two differ
//! in the order of the sum's bytes alone.
//!
//! A frame whose sum is wrong, or that cannot be one, is dropped in silence; the search for
//! the next goes on one byte further (assumed).

/// Longest LEN that is waited for: 32 bytes of data, an address and the frame. Assumed.
const LEN_MAX: u8 = 40;

/// Order of the two bytes of a sum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sum {
    LowFirst,
    HighFirst,
}

impl Sum {
    pub(super) fn bytes(self, sum: u16) -> [u8; 2] {
        match self {
            Sum::LowFirst => sum.to_le_bytes(),
            Sum::HighFirst => sum.to_be_bytes(),
        }
    }
}

pub(super) fn sum16(bytes: &[u8]) -> u16 {
    bytes.iter().map(|b| u16::from(*b)).sum()
}

/// Finds frames among bytes; holds one frame at most.
#[derive(Clone, Debug)]
pub(super) struct Assembler {
    sum: Sum,
    bytes: Vec<u8>,
}

impl Assembler {
    pub(super) fn new(sum: Sum) -> Self {
        Assembler {
            sum,
            bytes: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// A whole frame: its command and payload. To be asked until there is none.
    pub(super) fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            match self.bytes.as_slice() {
                [] | [0x55] | [0x55, 0xAA] => return None,
                [0x55, 0xAA, len, ..] if (4..=LEN_MAX).contains(len) => {
                    let whole = usize::from(*len) + 2;
                    let frame = self.bytes.get(2..whole)?;
                    let (body, sum) = frame.split_at(whole - 4);
                    if sum == self.sum.bytes(sum16(body)) {
                        let found = (body[1], body[2..].to_vec());
                        self.bytes.drain(..whole);
                        return Some(found);
                    }
                }
                _ => {}
            }
            self.bytes.remove(0);
        }
    }

    /// Bytes that wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that is found in `bytes`, however they are cut.
    fn check(bytes: &[u8], expected: &[(u8, &[u8])]) {
        let mut assembler = Assembler::new(Sum::LowFirst);
        let mut found = Vec::new();
        for byte in bytes {
            assembler.push(*byte);
            while let Some(frame) = assembler.next() {
                found.push(frame);
            }
        }
        let expected: Vec<_> = expected.iter().map(|(c, p)| (*c, p.to_vec())).collect();
        assert_eq!(found, expected, "{bytes:02x?}");
    }

    const TYPE: [u8; 6] = [0x55, 0xAA, 4, 2, 6, 0];
    const SET: [u8; 8] = [0x55, 0xAA, 6, 0x83, 9, 0, 0x92, 0];

    #[test]
    fn frames_are_found_between_garbage_and_inside_broken_ones() {
        check(&TYPE, &[(2, &[])]);
        check(&[SET, SET].concat(), &[(0x83, &[9, 0]), (0x83, &[9, 0])]);
        check(&[&[0x55, 0x55], &TYPE[..]].concat(), &[(2, &[])]);
        check(&[&SET[..7], &TYPE[..]].concat(), &[(2, &[])]);
        // A length that takes two frames with it: both are found once it proves wrong.
        let broken = [0x55, 0xAA, 18, 1];
        let all = [&broken[..], &TYPE[..], &SET[..], &[0, 0]].concat();
        check(&all, &[(2, &[]), (0x83, &[9, 0])]);
    }

    #[test]
    fn absurd_lengths_are_not_waited_for() {
        for len in [0, 1, 2, 3, 41, 255] {
            let all = [&[0x55, 0xAA, len], &TYPE[..]].concat();
            check(&all, &[(2, &[])]);
        }
    }
}
