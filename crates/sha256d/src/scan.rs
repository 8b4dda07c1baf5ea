//! Looking for nonces.

use core::ops::Range;

use crate::hasher::Hasher;
use crate::prepared::Prepared;
use crate::target::Target;

/// Nonces that are handed to an implementation at a time. Each call costs the vector
/// implementations a little (constants into every lane, a pipeline to fill), and the block
/// lies on the stack.
const BLOCK: usize = 512;

/// A search for nonces under one midstate and tail, with all that does not depend on the nonce
/// computed once.
///
/// A nonce is the integer that a header encodes little-endian in its last four bytes.
///
/// ```
/// # let midstate = [0x5a5a_5a5a; 8];
/// let scan = sha256d::Scan::new(&midstate, &[7; 12], sha256d::Target::zero_bits(8));
/// let nonce = scan.range(0..100_000).expect("one in 256");
/// let hash = sha256d::finish(&midstate, &[7; 12], nonce.to_le_bytes());
/// assert!(sha256d::leading_zero_bits(&hash) >= 8);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    hasher: Hasher,
    prepared: Prepared,
    target: Target,
}

impl Scan {
    /// A search for hashes of at most `target`.
    pub fn new(midstate: &[u32; 8], tail: &[u8; 12], target: Target) -> Scan {
        Scan::by(Hasher::best(), midstate, tail, target)
    }

    /// The same, by one implementation.
    pub fn by(hasher: Hasher, midstate: &[u32; 8], tail: &[u8; 12], target: Target) -> Scan {
        Scan {
            hasher,
            prepared: Prepared::new(midstate, tail),
            target,
        }
    }

    /// The first nonce of `nonces` whose hash meets the target.
    pub fn range(&self, nonces: Range<u32>) -> Option<u32> {
        let mut block = [0; BLOCK];
        let mut next = nonces.start;
        while next < nonces.end {
            let count = (nonces.end - next).min(BLOCK as u32);
            let block = &mut block[..count as usize];
            for (i, word) in block.iter_mut().enumerate() {
                *word = (next + i as u32).swap_bytes();
            }
            if let Some(place) = self.first_word(block) {
                return Some(next + place as u32);
            }
            next += count;
        }
        None
    }

    /// The place of the first of `nonces` whose hash meets the target.
    pub fn first(&self, nonces: &[u32]) -> Option<usize> {
        let mut words = [0; BLOCK];
        for (number, nonces) in nonces.chunks(BLOCK).enumerate() {
            let words = &mut words[..nonces.len()];
            for (word, nonce) in words.iter_mut().zip(nonces) {
                *word = nonce.swap_bytes();
            }
            if let Some(place) = self.first_word(words) {
                return Some(number * BLOCK + place);
            }
        }
        None
    }

    /// The place of the first of `words` that meets the target.
    fn first_word(&self, words: &[u32]) -> Option<usize> {
        let mut from = 0;
        // An implementation compares the top words alone.
        while let Some(place) = self.hasher.scan(self, &words[from..], self.target.top()) {
            let nonce_wire = words[from + place].to_be_bytes();
            let (midstate, tail) = self.prepared.start();
            if self
                .target
                .met_by(&self.hasher.finish(midstate, tail, nonce_wire))
            {
                return Some(from + place);
            }
            from += place + 1;
        }
        None
    }

    pub(crate) fn prepared(&self) -> &Prepared {
        &self.prepared
    }
}
