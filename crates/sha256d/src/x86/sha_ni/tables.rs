//! Constants in the registers' form, for the assembly and for the code beside it.

use crate::constants::{HASH_BITS, HEADER_BITS, INITIAL, K, PAD};
use crate::rounds::AFTER_ROUND_0;

/// Four words where a vector register may be loaded from in one piece; the first is lowest.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub(super) struct Four(pub(super) [u32; 4]);

/// What the assembly wants beside its arguments.
#[repr(C, align(16))]
pub(super) struct Fixed {
    /// The initial state.
    pub(super) initial: [Four; 2],
    /// The same in the registers' order, and the state after round 0 of the second hash for a
    /// word of zero: words f, e, b, a and h, g, d, c.
    pub(super) abef0: Four,
    pub(super) cdgh0: Four,
    pub(super) abef1: Four,
    pub(super) cdgh1: Four,
    /// Words 4 to 7 of a header's second block, and its words 12 to 15.
    pub(super) pad: Four,
    pub(super) header_length: Four,
    /// From lane 1 on, the words 13 to 15 of a header's second block, word 4 added to the first:
    /// what the words 20 to 22 have from seven and sixteen before.
    pub(super) header_13: Four,
    /// Padding in every place; nothing.
    pub(super) pads: Four,
    pub(super) zero: Four,
    /// The words 13 to 15 of the second hash.
    pub(super) w13: Four,
    /// Sums of constants and words that are known, two in the low half of each: rounds 4 to 15
    /// of a header's second block, 9 to 12 of the second hash.
    pub(super) header_sums: [Four; 6],
    pub(super) sums9: [Four; 2],
    /// Shuffles: word a to lanes 1 and 3; words g and h to lanes 1 and 2; bytes reversed.
    pub(super) take_a: Four,
    pub(super) take_gh: Four,
    pub(super) reverse: Four,
    /// The last word of the initial state, four times.
    pub(super) h: Four,
    /// The constants of the rounds in fours from round 0 and from round 1.
    pub(super) k0: [Four; 16],
    pub(super) k1: [Four; 15],
    /// The constants of the rounds 61 to 63.
    pub(super) k61: Four,
}

pub(super) static FIXED: Fixed = Fixed {
    initial: [
        Four([INITIAL[0], INITIAL[1], INITIAL[2], INITIAL[3]]),
        Four([INITIAL[4], INITIAL[5], INITIAL[6], INITIAL[7]]),
    ],
    abef0: Four([INITIAL[5], INITIAL[4], INITIAL[1], INITIAL[0]]),
    cdgh0: Four([INITIAL[7], INITIAL[6], INITIAL[3], INITIAL[2]]),
    abef1: Four([INITIAL[4], AFTER_ROUND_0[1], INITIAL[0], AFTER_ROUND_0[0]]),
    cdgh1: Four([INITIAL[6], INITIAL[5], INITIAL[2], INITIAL[1]]),
    pad: Four([PAD, 0, 0, 0]),
    header_length: Four([0, 0, 0, HEADER_BITS]),
    header_13: Four([0, PAD, 0, HEADER_BITS]),
    pads: Four([PAD; 4]),
    zero: Four([0; 4]),
    w13: Four([0, 0, HASH_BITS, 0]),
    header_sums: [
        Four([K[4].wrapping_add(PAD), K[5], 0, 0]),
        Four([K[6], K[7], 0, 0]),
        Four([K[8], K[9], 0, 0]),
        Four([K[10], K[11], 0, 0]),
        Four([K[12], K[13], 0, 0]),
        Four([K[14], K[15].wrapping_add(HEADER_BITS), 0, 0]),
    ],
    sums9: [Four([K[9], K[10], 0, 0]), Four([K[11], K[12], 0, 0])],
    take_a: Four([u32::MAX, 0x0f0e_0d0c, u32::MAX, 0x0f0e_0d0c]),
    take_gh: Four([u32::MAX, 0x0706_0504, 0x0302_0100, u32::MAX]),
    reverse: Four([0x0001_0203, 0x0405_0607, 0x0809_0a0b, 0x0c0d_0e0f]),
    h: Four([INITIAL[7]; 4]),
    k0: quads(0),
    k1: quads(1),
    k61: Four([K[61], K[62], K[63], 0]),
};

const fn quads<const N: usize>(from: usize) -> [Four; N] {
    let mut out = [Four([0; 4]); N];
    let mut i = 0;
    while i < 4 * N {
        out[i / 4].0[i % 4] = K[from + i];
        i += 1;
    }
    out
}
