//! Finding a nonce where the chosen chip and core really look.
//!
//! A *space* is what one core of one chip sweeps for one version or midstate: an upward
//! count from a start, in the MSB-first view of the nonce's four bytes. The search starts
//! anywhere in it and goes round once, so that nonces are spread evenly.

use super::hash;

/// Beyond these leading zero bits no search is tried: 2^24 hashes take seconds, and the
/// space of one core seldom holds a solution. Known headers are replayed at any level.
pub(crate) const SEARCH_BITS_MAX: u32 = 24;
/// Most candidates for one nonce: eight times the mean at the highest level that the
/// space of a BM1398 core (2^19) serves well.
const CANDIDATES_MAX: u32 = 1 << 22;

/// Candidates that are handed to the scan at a time, at first and in the long run.
const BLOCK_MIN: usize = 32;
const BLOCK_MAX: usize = 512;

/// One core's nonces for one version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Space {
    /// Bits that stand for the core (and the chip where it is not part of the count).
    pub(crate) fixed: u32,
    /// Start of the count.
    pub(crate) start: u32,
    /// Nonces in the space; at least 1.
    pub(crate) len: u32,
    /// The count wraps inside this mask.
    pub(crate) mask: u32,
}

impl Space {
    /// The `i`-th nonce, most significant byte first on the wire.
    fn at(&self, i: u32) -> u32 {
        self.fixed | (self.start.wrapping_add(i) & self.mask)
    }

    /// The `i`-th nonce of a round that begins with the `from`-th; `i` is less than the length.
    fn round_from(&self, from: u32, i: u32) -> u32 {
        let i = from % self.len + i;
        self.at(if i < self.len { i } else { i - self.len })
    }
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
    let mut tried = 0;
    let mut block = [0; BLOCK_MAX];
    // Short blocks first: at few bits a nonce is soon found, and the rest is for nothing.
    let mut size = BLOCK_MIN;
    let found = 'search: loop {
        let block = &mut block[..size.min((allowed - tried) as usize)];
        if block.is_empty() {
            break None;
        }
        for (candidate, i) in block.iter_mut().zip(tried..) {
            *candidate = space.round_from(from, i).swap_bytes();
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
