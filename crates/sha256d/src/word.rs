//! A word of SHA-256, alone or several side by side.
//!
//! The arithmetic of a hash is written once, over [`Word`]: with `u32` it computes one hash,
//! with a vector register as many as the register has lanes. An implementation of the trait
//! says how one instruction set does it best.

/// A 32-bit word in each of [`Word::LANES`] lanes.
///
/// `Lanes` is the same as an array, for loading and storing.
pub(crate) trait Word: Copy {
    /// Words side by side.
    const LANES: usize;
    /// `[u32; LANES]`.
    type Array: AsRef<[u32]> + AsMut<[u32]> + Copy;

    /// An array of zeros.
    fn zeros() -> Self::Array;
    /// The same word in every lane.
    fn splat(word: u32) -> Self;
    /// One word per lane.
    fn load(words: &Self::Array) -> Self;
    /// Into one word per lane.
    fn store(self, out: &mut Self::Array);
    /// The constant of round `t` in every lane.
    fn k(t: usize) -> Self;

    /// Sum modulo 2^32.
    fn add(self, other: Self) -> Self;
    /// Bitwise difference.
    fn xor(self, other: Self) -> Self;
    /// `e ? f : g`, bit by bit.
    fn ch(e: Self, f: Self, g: Self) -> Self;
    /// The majority of the bits of `a`, `b` and `c`. `bc` is `b ^ c`, and what is returned
    /// beside it is `a ^ b`: it is the next round's `bc`.
    fn maj(a: Self, b: Self, c: Self, bc: Self) -> (Self, Self);
    /// Σ0 of FIPS 180-4.
    fn big0(self) -> Self;
    /// Σ1.
    fn big1(self) -> Self;
    /// σ0.
    fn small0(self) -> Self;
    /// σ1.
    fn small1(self) -> Self;
    /// Whether any lane, its bytes reversed, is at most `limit`. May say yes where none is;
    /// never no where one is.
    fn any_at_most(self, limit: u32) -> bool;
}

impl Word for u32 {
    const LANES: usize = 1;
    type Array = [u32; 1];

    #[inline(always)]
    fn zeros() -> [u32; 1] {
        [0]
    }
    #[inline(always)]
    fn splat(word: u32) -> u32 {
        word
    }
    #[inline(always)]
    fn load(words: &[u32; 1]) -> u32 {
        words[0]
    }
    #[inline(always)]
    fn store(self, out: &mut [u32; 1]) {
        out[0] = self;
    }
    #[inline(always)]
    fn k(t: usize) -> u32 {
        crate::constants::K[t]
    }
    #[inline(always)]
    fn add(self, other: u32) -> u32 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn xor(self, other: u32) -> u32 {
        self ^ other
    }
    #[inline(always)]
    fn ch(e: u32, f: u32, g: u32) -> u32 {
        ((f ^ g) & e) ^ g
    }
    #[inline(always)]
    fn maj(a: u32, b: u32, _c: u32, bc: u32) -> (u32, u32) {
        let ab = a ^ b;
        ((ab & bc) ^ b, ab)
    }
    #[inline(always)]
    fn big0(self) -> u32 {
        (self.rotate_right(9) ^ self)
            .rotate_right(11)
            .xor(self)
            .rotate_right(2)
    }
    #[inline(always)]
    fn big1(self) -> u32 {
        (self.rotate_right(14) ^ self)
            .rotate_right(5)
            .xor(self)
            .rotate_right(6)
    }
    #[inline(always)]
    fn small0(self) -> u32 {
        (self.rotate_right(11) ^ self).rotate_right(7) ^ (self >> 3)
    }
    #[inline(always)]
    fn small1(self) -> u32 {
        (self.rotate_right(2) ^ self).rotate_right(17) ^ (self >> 10)
    }
    #[inline(always)]
    fn any_at_most(self, limit: u32) -> bool {
        self.swap_bytes() <= limit
    }
}
