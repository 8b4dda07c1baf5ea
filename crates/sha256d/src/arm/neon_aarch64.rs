//! NEON of aarch64: four words side by side.
//!
//! A rotation is a shift and a shift that inserts; choice and majority are one instruction that
//! chooses bit by bit.

#![allow(unsafe_code)]

use core::arch::aarch64::*;
use core::arch::asm;

use crate::constants::K;
use crate::header::Candidate;
use crate::lanes;
use crate::portable;
use crate::prepared::Prepared;
use crate::target::Target;
use crate::word::Word;

#[derive(Clone, Copy)]
struct Four(uint32x4_t);

/// The constants of the rounds, each four times.
#[repr(C, align(16))]
struct Constants([[u32; 4]; 64]);

static KS: Constants = {
    let mut out = [[0; 4]; 64];
    let mut t = 0;
    while t < 64 {
        out[t] = [K[t]; 4];
        t += 1;
    }
    Constants(out)
};

/// SAFETY of every intrinsic below: the processor has NEON, since `Four` is used by the functions
/// of this file alone, and these are called where it was found. Loads and stores go through
/// references to four words.
macro_rules! neon {
    ($e:expr) => {
        unsafe { $e }
    };
}

/// `x` rotated to the right.
macro_rules! rotated {
    ($x:expr, $n:literal) => {
        vsriq_n_u32::<$n>(vshlq_n_u32::<{ 32 - $n }>($x), $x)
    };
}

/// `constants`, of which the compiler does not know where they come from: else it would make
/// each of three instructions instead of loading it with one.
#[inline(always)]
fn hidden(constants: &'static Constants) -> &'static Constants {
    let mut address = core::ptr::from_ref(constants);
    // SAFETY: there is no instruction here, so the address is what it was.
    unsafe {
        asm!("/* {} */", inout(reg) address, options(pure, nomem, nostack, preserves_flags));
        &*address
    }
}

/// `mask ? yes : no`, bit by bit, in one instruction. The compiler knows what the intrinsic
/// does, and would compute a majority by three instructions instead.
#[inline(always)]
fn chosen(mask: Four, yes: Four, no: Four) -> Four {
    let mut out = no.0;
    neon!(asm!(
        "bit {out:v}.16b, {yes:v}.16b, {mask:v}.16b",
        out = inout(vreg) out,
        yes = in(vreg) yes.0,
        mask = in(vreg) mask.0,
        options(pure, nomem, nostack, preserves_flags),
    ));
    Four(out)
}

impl Word for Four {
    const LANES: usize = 4;
    type Array = [u32; 4];

    #[inline(always)]
    fn zeros() -> [u32; 4] {
        [0; 4]
    }
    #[inline(always)]
    fn splat(word: u32) -> Self {
        neon!(Four(vdupq_n_u32(word)))
    }
    #[inline(always)]
    fn load(words: &[u32; 4]) -> Self {
        neon!(Four(vld1q_u32(words.as_ptr())))
    }
    #[inline(always)]
    fn store(self, out: &mut [u32; 4]) {
        neon!(vst1q_u32(out.as_mut_ptr(), self.0))
    }
    #[inline(always)]
    fn k(t: usize) -> Self {
        Self::load(&hidden(&KS).0[t])
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        neon!(Four(vaddq_u32(self.0, other.0)))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        neon!(Four(veorq_u32(self.0, other.0)))
    }
    #[inline(always)]
    fn ch(e: Self, f: Self, g: Self) -> Self {
        chosen(e, f, g)
    }
    #[inline(always)]
    fn maj(a: Self, b: Self, c: Self, _bc: Self) -> (Self, Self) {
        // Where a and b differ, c is of the majority.
        let ab = a.xor(b);
        (chosen(ab, c, b), ab)
    }
    #[inline(always)]
    fn big0(self) -> Self {
        neon!({
            let x = self.0;
            let two = veorq_u32(rotated!(x, 2), rotated!(x, 13));
            Four(veorq_u32(two, rotated!(x, 22)))
        })
    }
    #[inline(always)]
    fn big1(self) -> Self {
        neon!({
            let x = self.0;
            let two = veorq_u32(rotated!(x, 6), rotated!(x, 11));
            Four(veorq_u32(two, rotated!(x, 25)))
        })
    }
    #[inline(always)]
    fn small0(self) -> Self {
        neon!({
            let x = self.0;
            let two = veorq_u32(rotated!(x, 7), rotated!(x, 18));
            Four(veorq_u32(two, vshrq_n_u32::<3>(x)))
        })
    }
    #[inline(always)]
    fn small1(self) -> Self {
        neon!({
            let x = self.0;
            let two = veorq_u32(rotated!(x, 17), rotated!(x, 19));
            Four(veorq_u32(two, vshrq_n_u32::<10>(x)))
        })
    }
    #[inline(always)]
    fn any_at_most(self, limit: u32) -> bool {
        neon!({
            let number = vreinterpretq_u32_u8(vrev32q_u8(vreinterpretq_u8_u32(self.0)));
            vminvq_u32(number) <= limit
        })
    }
}

// One hash at a time leaves the lanes empty.
pub(crate) use crate::portable::{compress, finish, verify_one};

/// See [`lanes::scan`].
#[target_feature(enable = "neon")]
pub(crate) fn scan(prepared: &Prepared, words: &[u32], limit: u32) -> Option<usize> {
    lanes::scan::<Four>(prepared, words, limit)
}

/// See [`lanes::verify`].
#[target_feature(enable = "neon")]
pub(crate) fn verify(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    if items.len() == 1 {
        return portable::verify(items, target, out);
    }
    lanes::verify::<Four>(items, target, out);
}

/// See [`lanes::verify_headers`].
#[target_feature(enable = "neon")]
pub(crate) fn verify_headers(headers: &[[u8; 80]], target: &Target, out: &mut [Option<[u8; 32]>]) {
    if headers.len() == 1 {
        return portable::verify_headers(headers, target, out);
    }
    lanes::verify_headers::<Four>(headers, target, out);
}

/// See [`lanes::midstates`].
#[target_feature(enable = "neon")]
pub(crate) fn midstates(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    if versions.len() == 1 {
        return portable::midstates(first64, versions, out);
    }
    lanes::midstates::<Four>(first64, versions, out);
}
