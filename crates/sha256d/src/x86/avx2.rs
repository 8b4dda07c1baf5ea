//! AVX2: eight words side by side.
//!
//! A rotation is two shifts and an exclusive or, since AVX2 has none; Σ and σ join the shifts
//! of their rotations instead of forming each. Shifts are the scarce thing (two of the four
//! ports of Zen 3, one or two of three on Intel's cores).

#![allow(unsafe_code)]

use core::arch::x86_64::*;

use crate::header::Candidate;
use crate::lanes;
use crate::prepared::Prepared;
use crate::target::Target;
use crate::word::Word;

#[derive(Clone, Copy)]
struct Eight(__m256i);

lane_array!(8, align 32);

/// SAFETY of every intrinsic below: the processor has AVX2, since `Eight` is used by the
/// functions of this file alone, and these are called where it was found. Loads and stores go
/// through references to aligned arrays of the register's size.
macro_rules! avx2 {
    ($e:expr) => {
        unsafe { $e }
    };
}

/// The exclusive or of `x` rotated or shifted: `r N` is a rotation to the right, `s N` a shift.
macro_rules! sum {
    ($x:expr; $r1:literal $r2:literal $r3:literal) => {
        avx2!({
            let x = $x;
            let right = _mm256_xor_si256(_mm256_srli_epi32::<$r1>(x), _mm256_srli_epi32::<$r2>(x));
            let left = _mm256_xor_si256(
                _mm256_slli_epi32::<{ 32 - $r1 }>(x),
                _mm256_slli_epi32::<{ 32 - $r2 }>(x),
            );
            let third = _mm256_xor_si256(
                _mm256_srli_epi32::<$r3>(x),
                _mm256_slli_epi32::<{ 32 - $r3 }>(x),
            );
            Eight(_mm256_xor_si256(_mm256_xor_si256(right, left), third))
        })
    };
    ($x:expr; $r1:literal $r2:literal shift $r3:literal) => {
        avx2!({
            let x = $x;
            let right = _mm256_xor_si256(_mm256_srli_epi32::<$r1>(x), _mm256_srli_epi32::<$r2>(x));
            let left = _mm256_xor_si256(
                _mm256_slli_epi32::<{ 32 - $r1 }>(x),
                _mm256_slli_epi32::<{ 32 - $r2 }>(x),
            );
            Eight(_mm256_xor_si256(
                _mm256_xor_si256(right, left),
                _mm256_srli_epi32::<$r3>(x),
            ))
        })
    };
}

impl Word for Eight {
    const LANES: usize = 8;
    type Array = Array;

    #[inline(always)]
    fn zeros() -> Array {
        Array([0; 8])
    }
    #[inline(always)]
    fn splat(word: u32) -> Self {
        avx2!(Eight(_mm256_set1_epi32(word as i32)))
    }
    #[inline(always)]
    fn load(words: &Array) -> Self {
        avx2!(Eight(_mm256_load_si256(core::ptr::from_ref(words).cast())))
    }
    #[inline(always)]
    fn store(self, out: &mut Array) {
        avx2!(_mm256_store_si256(core::ptr::from_mut(out).cast(), self.0))
    }
    #[inline(always)]
    fn k(t: usize) -> Self {
        Self::load(&KS[t])
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        avx2!(Eight(_mm256_add_epi32(self.0, other.0)))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        avx2!(Eight(_mm256_xor_si256(self.0, other.0)))
    }
    #[inline(always)]
    fn ch(e: Self, f: Self, g: Self) -> Self {
        avx2!(Eight(_mm256_xor_si256(
            _mm256_and_si256(_mm256_xor_si256(f.0, g.0), e.0),
            g.0
        )))
    }
    #[inline(always)]
    fn maj(a: Self, b: Self, _c: Self, bc: Self) -> (Self, Self) {
        let ab = a.xor(b);
        (
            avx2!(Eight(_mm256_xor_si256(_mm256_and_si256(ab.0, bc.0), b.0))),
            ab,
        )
    }
    #[inline(always)]
    fn big0(self) -> Self {
        sum!(self.0; 2 13 22)
    }
    #[inline(always)]
    fn big1(self) -> Self {
        sum!(self.0; 6 11 25)
    }
    #[inline(always)]
    fn small0(self) -> Self {
        sum!(self.0; 7 18 shift 3)
    }
    #[inline(always)]
    fn small1(self) -> Self {
        sum!(self.0; 17 19 shift 10)
    }
    #[inline(always)]
    fn any_at_most(self, limit: u32) -> bool {
        avx2!({
            let reverse = _mm256_broadcastsi128_si256(_mm_set_epi8(
                12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
            ));
            let number = _mm256_shuffle_epi8(self.0, reverse);
            let least = _mm256_min_epu32(number, _mm256_set1_epi32(limit as i32));
            _mm256_movemask_epi8(_mm256_cmpeq_epi32(number, least)) != 0
        })
    }
}

// One hash at a time leaves the lanes empty.
pub(crate) use crate::portable::{compress, finish, verify_one};

/// See [`lanes::scan`].
#[target_feature(enable = "avx2")]
pub(crate) fn scan(prepared: &Prepared, words: &[u32], limit: u32) -> Option<usize> {
    lanes::scan::<Eight>(prepared, words, limit)
}

/// See [`lanes::verify`].
#[target_feature(enable = "avx2")]
pub(crate) fn verify(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    lanes::verify::<Eight>(items, target, out);
}

/// See [`lanes::verify_headers`].
#[target_feature(enable = "avx2")]
pub(crate) fn verify_headers(headers: &[[u8; 80]], target: &Target, out: &mut [Option<[u8; 32]>]) {
    lanes::verify_headers::<Eight>(headers, target, out);
}

/// See [`lanes::midstates`].
#[target_feature(enable = "avx2")]
pub(crate) fn midstates(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    lanes::midstates::<Eight>(first64, versions, out);
}
