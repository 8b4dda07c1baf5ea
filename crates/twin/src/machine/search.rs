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
    let mut tries = 0..allowed;
    let mut candidates = tries.by_ref().map(|i| {
        let i = from % space.len + i;
        space
            .at(if i < space.len { i } else { i - space.len })
            .swap_bytes()
    });
    let found = loop {
        let Some(nonce) = sha256d::scan(midstate, tail, &mut candidates, bits) else {
            break None;
        };
        let wire = nonce.to_le_bytes();
        let found = Found {
            wire,
            hash: hash::header_hash(midstate, tail, wire),
        };
        if hash::meets_ticket(&found.hash, bits) && !taken(&found) {
            break Some(found);
        }
    };
    budget.0 -= allowed - tries.len() as u32;
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
