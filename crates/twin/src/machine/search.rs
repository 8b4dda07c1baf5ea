//! Finding a nonce where the chosen chip and core really look.
//!
//! A *space* is what one core of one chip sweeps for one version or midstate: an upward
//! count from a start, in some bits of the nonce. The search starts
//! anywhere in it and goes round once, so that nonces are spread evenly.

use super::hash;

/// Beyond these leading zero bits no search is tried: 2^24 hashes take seconds, and the
/// space of one core seldom holds a solution. Known headers are replayed at any level.
pub(crate) const SEARCH_BITS_MAX: u32 = 24;
/// Most candidates for one nonce: eight times the mean at the highest level that the
/// space of a midstate chip's core (2^19) serves well.
const CANDIDATES_MAX: u32 = 1 << 22;

/// Candidates that are handed to the scan at a time, at first and in the long run.
const BLOCK_MIN: usize = 32;
const BLOCK_MAX: usize = 512;

/// One core's nonces for one version or midstate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Space {
    /// Bits that stand for the core, and for the chip where it is not part of the count.
    pub(crate) fixed: u32,
    /// Bits that count: the count wraps inside them.
    pub(crate) counter: u32,
    /// Where the count begins, in place.
    pub(crate) start: u32,
    /// Nonces in the space; at least 1.
    pub(crate) len: u32,
    /// The first byte on the wire is the most significant of this view.
    pub(crate) msb_first: bool,
}

impl Space {
    /// All nonces from the `from`-th on, round once, as integers of the header.
    fn from(&self, from: u32) -> impl Iterator<Item = u32> + use<> {
        let space = *self;
        let from = from % space.len.max(1);
        let mut count = advance(space.start, from, space.counter);
        (0..space.len).map(move |i| {
            if i == space.len - from {
                count = space.start;
            }
            let nonce = space.fixed | count;
            count = (count | !space.counter).wrapping_add(1) & space.counter;
            if space.msb_first {
                nonce.swap_bytes()
            } else {
                nonce
            }
        })
    }
}

/// `count` steps onward, in the bits of `mask`.
fn advance(start: u32, count: u32, mask: u32) -> u32 {
    spread(gather(start, mask).wrapping_add(count), mask)
}

/// The low bits of `number` put one after another into the set bits of `mask`.
pub(crate) fn spread(number: u32, mask: u32) -> u32 {
    let (mut out, mut number, mut mask) = (0, number, mask);
    while mask != 0 {
        let bit = mask & mask.wrapping_neg();
        out |= (number & 1).wrapping_neg() & bit;
        number >>= 1;
        mask ^= bit;
    }
    out
}

/// The bits of `value` under `mask`, one after another from bit 0 on.
pub(crate) fn gather(value: u32, mask: u32) -> u32 {
    let (mut out, mut at, mut mask) = (0, 0, mask);
    while mask != 0 {
        let bit = mask & mask.wrapping_neg();
        out |= u32::from(value & bit != 0) << at;
        at += 1;
        mask ^= bit;
    }
    out
}

/// A nonce that meets the ticket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    /// As on the wire.
    pub(crate) wire: [u8; 4],
    pub(crate) hash: [u8; 32],
}

/// The first nonce of `space` from its `from`-th on that meets the ticket at `bits` and
/// that `taken` does not refuse. `budget` bounds the candidates over several calls.
pub(crate) fn find(
    midstate: &[u32; 8],
    tail: &[u8; 12],
    space: &Space,
    from: u32,
    bits: u32,
    budget: &mut Budget,
    taken: impl Fn(&Found) -> bool,
) -> Option<Found> {
    let allowed = space.len.min(budget.0);
    let scan = sha256d::Scan::new(midstate, tail, sha256d::Target::zero_bits(bits));
    let mut candidates = space.from(from);
    let mut tried = 0;
    let mut block = [0; BLOCK_MAX];
    // Short blocks first: at few bits a nonce is soon found, and the rest is for nothing.
    let mut size = BLOCK_MIN;
    let found = 'search: loop {
        let block = &mut block[..size.min((allowed - tried) as usize)];
        if block.is_empty() {
            break None;
        }
        for (place, nonce) in block.iter_mut().zip(&mut candidates) {
            *place = nonce;
        }
        let mut rest = &block[..];
        while let Some(place) = scan.first(rest) {
            tried += place as u32 + 1;
            let wire = rest[place].to_le_bytes();
            rest = &rest[place + 1..];
            let found = Found {
                wire,
                hash: hash::header_hash(midstate, tail, wire),
            };
            if hash::meets_ticket(&found.hash, bits) && !taken(&found) {
                break 'search Some(found);
            }
        }
        tried += rest.len() as u32;
        size = (size * 4).min(BLOCK_MAX);
    };
    budget.0 -= tried;
    found
}

/// Candidates that one nonce event may still try.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget(u32);

impl Budget {
    pub(crate) fn new() -> Self {
        Budget(CANDIDATES_MAX)
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fill_a_mask_from_below() {
        assert_eq!(spread(0x05A2, 0xFFFF), 0x05A2);
        assert_eq!(spread(0b1011, 0b1010_1010), 0b1000_1010);
        assert_eq!(spread(7, 0), 0);
        assert_eq!(spread(0x4_0001, 0x80FF_FF03), 0x8000_0001);
        for number in [0, 1, 0x1234, 0x7_FFFF] {
            assert_eq!(gather(spread(number, 0x80FF_FF03), 0x80FF_FF03), number);
        }
    }

    #[test]
    fn a_space_is_gone_round_once_and_stays_inside_its_bits() {
        let space = Space {
            fixed: 0x2A00_0000,
            counter: 0x80FF_FF03,
            start: 0,
            len: 1 << 19,
            msb_first: false,
        };
        let mut all: Vec<u32> = space.from(0x7_1234).collect();
        assert_eq!(all[0], 0x2A00_0000 | spread(0x7_1234, space.counter));
        assert!(all.iter().all(|n| n & !space.counter == space.fixed));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 1 << 19);
        // A count that begins in the middle wraps inside its bits.
        let space = Space {
            fixed: 0,
            counter: 0xF,
            start: 0xE,
            len: 4,
            msb_first: true,
        };
        let all: Vec<u32> = space.from(1).map(u32::swap_bytes).collect();
        assert_eq!(all, [0xF, 0x0, 0x1, 0xE]);
    }
}
