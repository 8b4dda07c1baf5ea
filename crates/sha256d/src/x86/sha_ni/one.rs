//! One hash at a time: as few instructions as there can be, so that the processor finds those of
//! the next hash while it waits for this one's rounds.

#![allow(unsafe_code)]

use core::arch::asm;
use core::arch::x86_64::*;
use core::mem::offset_of;

use super::tables::{FIXED, Fixed, Four};
use crate::constants::INITIAL;
use crate::header::Candidate;
use crate::rounds::unrolled;
use crate::target::Target;

impl From<__m128i> for Four {
    #[inline]
    fn from(register: __m128i) -> Four {
        // SAFETY: sixteen bytes, and every value of them is four words.
        unsafe { core::mem::transmute::<__m128i, Four>(register) }
    }
}

impl Four {
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    pub(super) fn load(&self) -> __m128i {
        // SAFETY: a reference to sixteen aligned bytes.
        unsafe { _mm_load_si128(core::ptr::from_ref(self).cast()) }
    }
}

/// The state as the instructions want it: words a, b, e, f in one register and c, d, g, h in
/// the other, the first of them highest.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

impl State {
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn initial() -> Self {
        State {
            abef: FIXED.abef0.load(),
            cdgh: FIXED.cdgh0.load(),
        }
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn new(words: &[u32; 8]) -> Self {
        let (abcd, efgh) = (load(&words[..4]), load(&words[4..]));
        State {
            abef: two_of_each::<0b00_01_00_01>(efgh, abcd),
            cdgh: two_of_each::<0b10_11_10_11>(efgh, abcd),
        }
    }

    /// Words a to d and e to h, the first lowest.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn halves(&self) -> [__m128i; 2] {
        [
            two_of_each::<0b10_11_10_11>(self.abef, self.cdgh),
            two_of_each::<0b00_01_00_01>(self.abef, self.cdgh),
        ]
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn words(&self) -> [u32; 8] {
        let mut out = [0; 8];
        for (out, half) in out.chunks_exact_mut(4).zip(self.halves()) {
            // SAFETY: four words, stored without asking for alignment.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), half) };
        }
        out
    }

    /// Two rounds, from the lower half of `sums`, and two from its upper half, given lower.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn rounds(&mut self, sums: __m128i, upper: __m128i) {
        self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, sums);
        self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, upper);
    }

    /// Four rounds from `4 * quad` on.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn rounds_with(&mut self, quad: usize, words: __m128i) {
        let sums = _mm_add_epi32(words, FIXED.k0[quad].load());
        self.rounds(sums, _mm_shuffle_epi32::<0b11_10>(sums));
    }

    /// Rounds from `4 * FROM` to 63, `w` being the words before them, each four at its place
    /// modulo four.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn rounds_to_the_end<const FROM: usize>(&mut self, mut w: [__m128i; 4]) {
        unrolled!(QUAD in [4 5 6 7 8 9 10 11 12 13 14 15] {
            if QUAD >= FROM {
                let [a, b, c, d] = [w[QUAD % 4], w[(QUAD + 1) % 4], w[(QUAD + 2) % 4], w[(QUAD + 3) % 4]];
                w[QUAD % 4] = complete(
                    _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8::<4>(d, c)),
                    d,
                );
                self.rounds_with(QUAD, w[QUAD % 4]);
            }
        });
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn added(self, before: Self) -> Self {
        State {
            abef: _mm_add_epi32(self.abef, before.abef),
            cdgh: _mm_add_epi32(self.cdgh, before.cdgh),
        }
    }

    /// After a block.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn compressed(self, block: [__m128i; 4]) -> Self {
        let mut state = self;
        state.rounds_with(0, block[0]);
        state.rounds_with(1, block[1]);
        state.rounds_with(2, block[2]);
        state.rounds_with(3, block[3]);
        state.rounds_to_the_end::<4>(block);
        state.added(self)
    }
}

/// Both hashes of a header, but for the last three rounds of the second: they move its top word
/// and do not change it.
struct Almost {
    state: State,
    /// The last sixteen words of the schedule.
    words: [__m128i; 4],
}

impl Almost {
    /// From the state after the first block and the first four words of the second.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn hashed(midstate: State, words: __m128i) -> Self {
        let State { mut abef, mut cdgh } = midstate;
        let mut w3 = words;
        let (w4, w5, w6);
        // SAFETY: the processor has what this function's attribute names. The assembly reads the
        // table and changes the registers that it says.
        unsafe {
            asm!(
                include_str!("one.s"),
                pad = const offset_of!(Fixed, pad),
                header_length = const offset_of!(Fixed, header_length),
                header_13 = const offset_of!(Fixed, header_13),
                header_sums = const offset_of!(Fixed, header_sums),
                take_a = const offset_of!(Fixed, take_a),
                take_gh = const offset_of!(Fixed, take_gh),
                pads = const offset_of!(Fixed, pads),
                zero = const offset_of!(Fixed, zero),
                abef1 = const offset_of!(Fixed, abef1),
                cdgh1 = const offset_of!(Fixed, cdgh1),
                w13 = const offset_of!(Fixed, w13),
                sums9 = const offset_of!(Fixed, sums9),
                k0 = const offset_of!(Fixed, k0),
                k1 = const offset_of!(Fixed, k1),
                in("r8") &FIXED,
                inout("xmm1") abef,
                inout("xmm2") cdgh,
                inout("xmm3") w3,
                out("xmm4") w4,
                out("xmm5") w5,
                out("xmm6") w6,
                out("xmm0") _,
                out("xmm7") _,
                out("xmm8") _,
                out("xmm9") _,
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        Almost {
            state: State { abef, cdgh },
            words: [w6, w3, w4, w5],
        }
    }

    /// The most significant word of the hash.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn top(&self) -> u32 {
        let e = _mm_extract_epi32::<1>(self.state.abef) as u32;
        e.wrapping_add(INITIAL[7]).swap_bytes()
    }

    /// The whole hash.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn bytes(&self) -> [u8; 32] {
        let [w0, w1, w2, w3] = self.words;
        let words = complete(
            _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8::<4>(w3, w2)),
            w3,
        );
        let sums = _mm_add_epi32(words, FIXED.k61.load());
        let State { abef, cdgh } = self.state;
        // Words a, b, e, f after round 62, and, of a round too many, those after round 63 in the
        // places b and f.
        let after_62 = _mm_sha256rnds2_epu32(cdgh, abef, sums);
        let upper = _mm_shuffle_epi32::<0b11_10>(sums);
        let after_64 = _mm_sha256rnds2_epu32(abef, after_62, upper);
        // Lanes, lowest first, are f, e, b, a: of the hash these are e, -, a, -; then g, f, c, b;
        // and -, h, -, d.
        let (ea, gfcb, hd) = (after_64, after_62, abef);
        let abc = _mm_shuffle_epi32::<0b11_01_11_00>(_mm_unpackhi_epi32(ea, gfcb));
        let efg = _mm_shuffle_epi32::<0b11_01_11_00>(_mm_unpacklo_epi32(ea, gfcb));
        let h = _mm_shuffle_epi32::<0b01_00_00_00>(hd);
        let abcd = _mm_blend_epi16::<0b1100_0000>(abc, hd);
        let efgh = _mm_blend_epi16::<0b1100_0000>(efg, h);
        let halves =
            [(abcd, FIXED.initial[0]), (efgh, FIXED.initial[1])].map(|(words, initial)| {
                let words = _mm_add_epi32(words, initial.load());
                _mm_shuffle_epi8(words, FIXED.reverse.load())
            });
        // SAFETY: thirty-two bytes, and every value of them is one of each.
        unsafe { core::mem::transmute::<[__m128i; 2], [u8; 32]>(halves) }
    }
}

/// The last term of four words: what `sum` lacks comes from the four before them.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn complete(sum: __m128i, before: __m128i) -> __m128i {
    _mm_sha256msg2_epu32(sum, before)
}

/// Two words of `lower`, then two of `upper`: which, in pairs of bits from the lowest on.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn two_of_each<const WHICH: i32>(lower: __m128i, upper: __m128i) -> __m128i {
    _mm_castps_si128(_mm_shuffle_ps::<WHICH>(
        _mm_castsi128_ps(lower),
        _mm_castsi128_ps(upper),
    ))
}

/// Four words, the first lowest.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn load(words: &[u32]) -> __m128i {
    assert!(words.len() == 4);
    // SAFETY: four words, loaded without asking for alignment.
    unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
}

/// `state` after `block`.
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    let mut quads = [_mm_setzero_si128(); 4];
    let (quarters, _) = block.as_chunks::<16>();
    for (quad, bytes) in quads.iter_mut().zip(quarters) {
        *quad = words(bytes);
    }
    *state = State::new(state).compressed(quads).words();
}

/// The state after a block from the initial one, by its words.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(super) fn midstate(block: [__m128i; 4]) -> [u32; 8] {
    State::initial().compressed(block).words()
}

/// The hash of a header from its midstate on.
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn finish(midstate: &[u32; 8], tail: &[u8; 12], nonce_wire: [u8; 4]) -> [u8; 32] {
    let words = last_words(tail, nonce_wire);
    Almost::hashed(State::new(midstate), words).bytes()
}

/// The hash of a header from its midstate on, by tail and nonce as words, if it is at most
/// `target`. If its top word is too large, no more is made of it.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(super) fn verify(midstate: &[u32; 8], words: __m128i, target: &Target) -> Option<[u8; 32]> {
    let hash = Almost::hashed(State::new(midstate), words);
    if hash.top() <= target.top() {
        target.checked(hash.bytes())
    } else {
        None
    }
}

/// See [`Hasher::verify`](crate::Hasher::verify).
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn verify_one(item: &Candidate, target: &Target, hash: &mut [u8; 32]) -> bool {
    verify(&item.midstate, candidate_words(item), target)
        .inspect(|found| *hash = *found)
        .is_some()
}

/// The words of a candidate's tail and nonce, the first lowest.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn candidate_words(item: &Candidate) -> __m128i {
    const TAIL: usize = offset_of!(Candidate, tail);
    const { assert!(TAIL >= 4 && offset_of!(Candidate, nonce_wire) == TAIL + 12) };
    // The nonce by itself: it is what changes, and a load of sixteen bytes of which some have just
    // been stored waits for them to reach the cache.
    let nonce = _mm_cvtsi32_si128(i32::from_ne_bytes(item.nonce_wire));
    // SAFETY: sixteen bytes of the candidate, of which the last twelve are the tail.
    let tail = unsafe {
        let before = core::ptr::from_ref(item).cast::<u8>().add(TAIL - 4);
        _mm_loadu_si128(before.cast())
    };
    _mm_shuffle_epi8(_mm_alignr_epi8::<4>(nonce, tail), FIXED.reverse.load())
}

/// The words of tail and nonce, the first lowest.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(super) fn last_words(tail: &[u8; 12], nonce_wire: [u8; 4]) -> __m128i {
    // In pieces that are loaded as they were stored: a load of all sixteen bytes would wait for
    // the stores to reach the cache where a caller has just put them together.
    let word = |i: usize| i32::from_ne_bytes([tail[i], tail[i + 1], tail[i + 2], tail[i + 3]]);
    let bytes = _mm_set_epi32(i32::from_ne_bytes(nonce_wire), word(8), word(4), word(0));
    _mm_shuffle_epi8(bytes, FIXED.reverse.load())
}

/// Sixteen bytes as words, the first lowest.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(super) fn words(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: sixteen bytes, loaded without asking for alignment.
    let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    _mm_shuffle_epi8(bytes, FIXED.reverse.load())
}
