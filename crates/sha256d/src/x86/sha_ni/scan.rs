//! The scan, in assembly: `scan.s`.
//!
//! Four nonces are hashed at once, as four voices of a canon: each plays the same thirty steps
//! (four rounds each: fifteen for the first hash, fifteen for the second), a quarter of the
//! way behind the one before it. So the parts that are rich in one kind of instruction meet
//! parts of other voices that are poor in it, and while one voice waits for its rounds the
//! others have work for every port.
//!
//! Two things make the steps whole. The nonce stands in word 3, so the first hash begins with
//! round 4; of the second hash the last round that matters is 60, so with round 0 done by two
//! additions its schedule is cut at words 1, 5, 9 … 57.
//!
//! The order of the instructions is made by `tests/score`, which also says how.

#![allow(unsafe_code)]

use core::arch::naked_asm;
use core::mem::offset_of;

use super::tables::{FIXED, Fixed, Four};
use crate::constants::{INITIAL, PAD};
use crate::prepared::Prepared;
use crate::rounds::AFTER_ROUND_0;

/// Nonces per turn of the loop.
const VOICES: usize = 4;
/// Nonces per call of the assembly.
const BLOCK: usize = 512;
/// Nonces that the assembly reads behind the last: voices that have begun when the last is done.
const BEHIND: usize = 2 * VOICES;

/// What depends on midstate, tail and limit.
#[repr(C, align(16))]
struct Constants {
    /// State before round 4 for a nonce of zero: words f, e, b, a and h, g, d, c.
    abef4: Four,
    cdgh4: Four,
    /// Constant sums of the rounds 4 to 15, two in the low half of each.
    sums4: [Four; 6],
    /// The words 16 to 19 without the nonce's terms.
    w16: Four,
    /// The terms of the words 20 to 23 and 28 to 31 that are constant.
    w20: Four,
    w28: Four,
    /// What completes the words 1 to 4, 5 to 8 and 0 of the second hash.
    m1: Four,
    m5: Four,
    m0: Four,
    /// What makes the state after round 0 of the second hash out of its word 0.
    abef1: Four,
    /// The largest top word, four times.
    limit: Four,
}

impl Constants {
    fn new(prepared: &Prepared, limit: u32) -> Self {
        let [a, b, c, d, e, f, g, h] = prepared.before4;
        let w = &prepared.w;
        let pair = |t: usize| Four([prepared.kw(t), prepared.kw(t + 1), 0, 0]);
        let m = prepared.start().0;
        let [ia, _, _, _, ie, ..] = INITIAL;
        let [a1, e1] = AFTER_ROUND_0.map(|word| word.wrapping_add(m[0]));
        Constants {
            abef4: Four([f, e, b, a]),
            cdgh4: Four([h, g, d, c]),
            sums4: [pair(4), pair(6), pair(8), pair(10), pair(12), pair(14)],
            w16: Four([w[16], w[17], w[18], w[19]]),
            w20: Four([w[20], w[21], w[22], w[23]]),
            w28: Four([w[28], w[29], w[30], w[31]]),
            m1: Four([m[1], m[2], m[3], m[4]]),
            m5: Four([m[5], m[6], m[7], PAD]),
            m0: Four([0, 0, 0, m[0]]),
            abef1: Four([ie, e1, ia, a1]),
            limit: Four([limit; 4]),
        }
    }
}

/// Room for what does not fit into registers: sixteen words of each voice's schedule, and the
/// top words that the last turn gave.
#[repr(C, align(64))]
struct Scratch {
    words: [[Four; 4]; VOICES],
    tops: Four,
}

/// See [`lanes::scan`](crate::lanes::scan).
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn scan(prepared: &Prepared, words: &[u32], limit: u32) -> Option<usize> {
    let constants = Constants::new(prepared, limit);
    let mut scratch = Scratch {
        words: [[Four([0; 4]); 4]; VOICES],
        tops: Four([0; 4]),
    };
    let mut nonces = [0; BLOCK + BEHIND];
    for (number, words) in words.chunks(BLOCK).enumerate() {
        for (nonce, word) in nonces.iter_mut().zip(words) {
            // Where two lanes want it, with a zero below each.
            *nonce = u64::from(*word) << 32;
        }
        // In turn i the nonces 4i - 3 to 4i come out.
        let turns = (words.len() + 2) / VOICES + 1;
        // SAFETY: the processor has what this function's attribute names. The assembly reads
        // `4 * turns + 1` nonces, at most `words.len() + 7`, which the array has; it reads the
        // two tables and writes `scratch`, which nothing else uses meanwhile.
        let left = unsafe {
            play(
                &constants,
                nonces.as_ptr(),
                turns as u64,
                &mut scratch,
                &FIXED,
            )
        };
        let (turn, hits) = (turns - (left >> 4) as usize, left as u32 & 0xf);
        let place = VOICES * turn + hits.trailing_zeros() as usize;
        // Nonces behind the last may hit; they are not ours.
        if hits != 0 && place >= 3 && place - 3 < words.len() {
            return Some(number * BLOCK + place - 3);
        }
    }
    None
}

/// Play until some top word, its bytes reversed, is at most the limit, or `turns` are over.
/// Returns the turns that were left, this one included, times sixteen, plus a bit for each of
/// the four nonces that hit; zero at the end.
///
/// SAFETY: the processor has the SHA extensions, SSE4.1 and AVX; `4 * turns + 1` nonces
/// can be read.
#[unsafe(naked)]
unsafe extern "sysv64" fn play(
    constants: &Constants,
    nonces: *const u64,
    turns: u64,
    scratch: &mut Scratch,
    fixed: &Fixed,
) -> u64 {
    // Arguments: rdi, rsi, rdx, rcx, r8.
    naked_asm!(
        include_str!("scan.s"),
        abef4 = const offset_of!(Constants, abef4),
        cdgh4 = const offset_of!(Constants, cdgh4),
        sums4 = const offset_of!(Constants, sums4),
        w16 = const offset_of!(Constants, w16),
        w20 = const offset_of!(Constants, w20),
        w28 = const offset_of!(Constants, w28),
        m1 = const offset_of!(Constants, m1),
        m5 = const offset_of!(Constants, m5),
        m0 = const offset_of!(Constants, m0),
        abef1 = const offset_of!(Constants, abef1),
        limit = const offset_of!(Constants, limit),
        cdgh1 = const offset_of!(Fixed, cdgh1),
        w13 = const offset_of!(Fixed, w13),
        sums9 = const offset_of!(Fixed, sums9),
        take_a = const offset_of!(Fixed, take_a),
        take_gh = const offset_of!(Fixed, take_gh),
        reverse = const offset_of!(Fixed, reverse),
        h = const offset_of!(Fixed, h),
        k0 = const offset_of!(Fixed, k0),
        k1 = const offset_of!(Fixed, k1),
        tops = const offset_of!(Scratch, tops),
    )
}
