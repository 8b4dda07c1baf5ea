//! Version bits as a space to search: the subsets of a mask, in order.

/// The subsets of a mask of version bits, which need not be contiguous. The subset number
/// `n` carries the binary digits of `n` in the mask's bits, lowest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VersionBits {
    mask: u32,
}

impl VersionBits {
    /// The subsets of `mask`.
    pub const fn new(mask: u32) -> Self {
        VersionBits { mask }
    }

    /// How many subsets there are: 1 (the empty one) to 2^32.
    pub const fn count(self) -> u64 {
        1 << self.mask.count_ones()
    }

    /// The subset number `n`, taken modulo [`count`](Self::count).
    pub fn nth(self, mut n: u64) -> u32 {
        let mut bits = 0;
        let mut left = self.mask;
        while left != 0 {
            let lowest = left & left.wrapping_neg();
            if n & 1 == 1 {
                bits |= lowest;
            }
            n >>= 1;
            left ^= lowest;
        }
        bits
    }

    /// The subset after `bits`; the empty one after the last.
    pub const fn next(self, bits: u32) -> u32 {
        // Subtracting the mask adds one with carries that skip the bits outside it.
        bits.wrapping_sub(self.mask) & self.mask
    }

    /// The mask split in two: its `count` highest bits, and the rest. `None` if it has
    /// fewer.
    pub fn split_high(self, count: u32) -> Option<(u32, u32)> {
        if self.mask.count_ones() < count {
            return None;
        }
        let mut rest = self.mask;
        for _ in 0..count {
            rest ^= 1 << (31 - rest.leading_zeros());
        }
        Some((self.mask ^ rest, rest))
    }
}
