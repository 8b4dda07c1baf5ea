//! AVX-512: sixteen words side by side.
//!
//! A rotation is one instruction, and so is any function of three words, bit by bit: Σ, choice
//! and majority take four, one and one instead of eleven, three and three.

#![allow(unsafe_code)]

use core::arch::x86_64::*;

use crate::header::Candidate;
use crate::lanes;
use crate::prepared::Prepared;
use crate::target::Target;
use crate::word::Word;

#[derive(Clone, Copy)]
struct Sixteen(__m512i);

lane_array!(16, align 64);

/// SAFETY of every intrinsic below: the processor has AVX-512F and AVX-512BW, since `Sixteen` is
/// used by the functions of this file alone, and these are called where both were found. Loads
/// and stores go through references to aligned arrays of the register's size.
macro_rules! avx512 {
    ($e:expr) => {
        unsafe { $e }
    };
}

/// The exclusive or of three values, the bitwise choice, and the majority, as the truth tables
/// that `vpternlogd` takes: bit `4a + 2b + c` is the result for the bits a, b and c.
const XOR3: i32 = 0x96;
const CHOICE: i32 = 0xca;
const MAJORITY: i32 = 0xe8;

impl Word for Sixteen {
    const LANES: usize = 16;
    type Array = Array;

    #[inline(always)]
    fn zeros() -> Array {
        Array([0; 16])
    }
    #[inline(always)]
    fn splat(word: u32) -> Self {
        avx512!(Sixteen(_mm512_set1_epi32(word as i32)))
    }
    #[inline(always)]
    fn load(words: &Array) -> Self {
        avx512!(Sixteen(_mm512_load_si512(
            core::ptr::from_ref(words).cast()
        )))
    }
    #[inline(always)]
    fn store(self, out: &mut Array) {
        avx512!(_mm512_store_si512(core::ptr::from_mut(out).cast(), self.0))
    }
    #[inline(always)]
    fn k(t: usize) -> Self {
        Self::load(&KS[t])
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        avx512!(Sixteen(_mm512_add_epi32(self.0, other.0)))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        avx512!(Sixteen(_mm512_xor_si512(self.0, other.0)))
    }
    #[inline(always)]
    fn ch(e: Self, f: Self, g: Self) -> Self {
        avx512!(Sixteen(_mm512_ternarylogic_epi32::<CHOICE>(e.0, f.0, g.0)))
    }
    #[inline(always)]
    fn maj(a: Self, b: Self, c: Self, bc: Self) -> (Self, Self) {
        (
            avx512!(Sixteen(_mm512_ternarylogic_epi32::<MAJORITY>(
                a.0, b.0, c.0
            ))),
            bc,
        )
    }
    #[inline(always)]
    fn big0(self) -> Self {
        avx512!({
            let x = self.0;
            Sixteen(_mm512_ternarylogic_epi32::<XOR3>(
                _mm512_ror_epi32::<2>(x),
                _mm512_ror_epi32::<13>(x),
                _mm512_ror_epi32::<22>(x),
            ))
        })
    }
    #[inline(always)]
    fn big1(self) -> Self {
        avx512!({
            let x = self.0;
            Sixteen(_mm512_ternarylogic_epi32::<XOR3>(
                _mm512_ror_epi32::<6>(x),
                _mm512_ror_epi32::<11>(x),
                _mm512_ror_epi32::<25>(x),
            ))
        })
    }
    #[inline(always)]
    fn small0(self) -> Self {
        avx512!({
            let x = self.0;
            Sixteen(_mm512_ternarylogic_epi32::<XOR3>(
                _mm512_ror_epi32::<7>(x),
                _mm512_ror_epi32::<18>(x),
                _mm512_srli_epi32::<3>(x),
            ))
        })
    }
    #[inline(always)]
    fn small1(self) -> Self {
        avx512!({
            let x = self.0;
            Sixteen(_mm512_ternarylogic_epi32::<XOR3>(
                _mm512_ror_epi32::<17>(x),
                _mm512_ror_epi32::<19>(x),
                _mm512_srli_epi32::<10>(x),
            ))
        })
    }
    #[inline(always)]
    fn any_at_most(self, limit: u32) -> bool {
        avx512!({
            let reversed = _mm512_broadcast_i32x4(_mm_set_epi8(
                12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
            ));
            let number = _mm512_shuffle_epi8(self.0, reversed);
            _mm512_cmple_epu32_mask(number, _mm512_set1_epi32(limit as i32)) != 0
        })
    }
}

// One hash at a time leaves the lanes empty.
pub(crate) use crate::portable::{compress, finish, verify_one};

/// See [`lanes::scan`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn scan(prepared: &Prepared, words: &[u32], limit: u32) -> Option<usize> {
    lanes::scan::<Sixteen>(prepared, words, limit)
}

/// See [`lanes::verify`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn verify(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    lanes::verify::<Sixteen>(items, target, out);
}

/// See [`lanes::verify_headers`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn verify_headers(headers: &[[u8; 80]], target: &Target, out: &mut [Option<[u8; 32]>]) {
    lanes::verify_headers::<Sixteen>(headers, target, out);
}

/// See [`lanes::midstates`].
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn midstates(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    lanes::midstates::<Sixteen>(first64, versions, out);
}
