//! The largest hash that counts.

/// A 256-bit number that a hash must not exceed. A hash is 32 bytes as SHA-256 produces them,
/// read little-endian.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// Most significant first.
    words: [u32; 8],
}

impl Target {
    /// Met by every hash.
    pub const MAX: Target = Target {
        words: [u32::MAX; 8],
    };

    /// From the number's bytes, least significant first: the order of a hash.
    pub const fn from_le_bytes(bytes: &[u8; 32]) -> Target {
        let (words, _) = bytes.as_chunks::<4>();
        let mut out = [0; 8];
        let mut i = 0;
        while i < 8 {
            out[i] = u32::from_le_bytes(words[7 - i]);
            i += 1;
        }
        Target { words: out }
    }

    /// The largest number with `bits` leading zero bits; 256 and more give zero, which only
    /// the hash zero meets.
    pub const fn zero_bits(bits: u32) -> Target {
        let mut words = [u32::MAX; 8];
        let mut i = 0;
        while i < 8 {
            let zeros = bits.saturating_sub(32 * i as u32);
            words[i] = if zeros >= 32 { 0 } else { u32::MAX >> zeros };
            i += 1;
        }
        Target { words }
    }

    /// Whether `hash` does not exceed the target.
    pub fn met_by(&self, hash: &[u8; 32]) -> bool {
        Target::from_le_bytes(hash).words <= self.words
    }

    /// The hash, if it does not exceed the target.
    #[inline]
    pub(crate) fn checked(&self, hash: [u8; 32]) -> Option<[u8; 32]> {
        self.met_by(&hash).then_some(hash)
    }

    /// The most significant word: a hash whose own is larger exceeds the target.
    #[inline]
    pub(crate) const fn top(&self) -> u32 {
        self.words[0]
    }
}
