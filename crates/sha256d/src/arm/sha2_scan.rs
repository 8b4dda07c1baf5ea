//! The scan by the SHA-2 extension: four nonces at a time, interleaved.
//!
//! Two things make the fours of rounds whole. The nonce stands in word 3, so the first hash
//! begins with round 4; of the second hash the last round that matters is 60, so with round 0
//! done by two additions its schedule is cut at words 1, 5, 9 … 57. What begins and ends a hash
//! is done for four nonces in one register each.

#![allow(unsafe_code)]

use core::arch::aarch64::*;
use core::hint::black_box;

use super::sha2::{Four, States, Words, each, next_words, quads};
use crate::constants::{HASH_BITS, INITIAL, K, PAD};
use crate::prepared::Prepared;
use crate::rounds::AFTER_ROUND_0;

/// Nonces side by side.
const N: usize = 4;

/// What depends on midstate, tail and limit.
struct Constants {
    /// State before round 4 for a nonce of zero: words a and e four times, the others in twos.
    a: Four,
    b: Four,
    cd: Four,
    e: Four,
    f: Four,
    gh: Four,
    /// Constant sums of the rounds 4 to 15.
    sums4: [Four; 3],
    /// The words 16 and 17, twice; 18 and 19 without the nonce's terms, four times.
    w16: Four,
    w18: Four,
    w19: Four,
    /// The terms of the words 20 to 23 and 28 to 31 that are constant.
    w20: Four,
    w28: Four,
    midstate: [Four; 2],
    /// The largest top word, four times.
    limit: Four,
}

/// What never changes.
struct Fixed {
    /// The constants of the rounds in fours from round 16 and from round 1.
    k16: [Four; 12],
    k1: [Four; 15],
    /// The sums of the rounds 9 to 12 of the second hash.
    sums9: Four,
    /// Word 0 alone, and what makes the state after round 0 of the second hash out of it.
    word0: Four,
    abcd1: Four,
    efgh1: Four,
    /// The words 8 and 13 to 15 of the second hash, for `ext`.
    w8: Four,
    w13: Four,
    /// The last word of the initial state, four times.
    h: Four,
}

static FIXED: Fixed = {
    let [a, b, c, _, e, f, g, h] = INITIAL;
    Fixed {
        k16: quads(&K, 16),
        k1: quads(&K, 1),
        sums9: Four([K[9], K[10], K[11], K[12]]),
        word0: Four([u32::MAX, 0, 0, 0]),
        abcd1: Four([AFTER_ROUND_0[0], a, b, c]),
        efgh1: Four([AFTER_ROUND_0[1], e, f, g]),
        w8: Four([PAD, 0, 0, 0]),
        w13: Four([0, 0, 0, HASH_BITS]),
        h: Four([h; 4]),
    }
};

impl Constants {
    fn new(prepared: &Prepared, limit: u32) -> Self {
        let [a, b, c, d, e, f, g, h] = prepared.before4;
        let w = &prepared.w;
        let sums = |t: usize| Four(core::array::from_fn(|i| prepared.kw(t + i)));
        let m = prepared.start().0;
        Constants {
            a: Four([a; 4]),
            b: Four([b; 4]),
            cd: Four([c, d, c, d]),
            e: Four([e; 4]),
            f: Four([f; 4]),
            gh: Four([g, h, g, h]),
            sums4: [sums(4), sums(8), sums(12)],
            w16: Four([w[16], w[17], w[16], w[17]]),
            w18: Four([w[18]; 4]),
            w19: Four([w[19]; 4]),
            // Word 16 comes into word 23 from its register.
            w20: Four([w[20], w[21], w[22], w[23].wrapping_sub(w[16])]),
            w28: Four([w[28], w[29], w[30], w[31]]),
            midstate: quads(m, 0),
            limit: Four([limit; 4]),
        }
    }
}

/// See [`lanes::scan`](crate::lanes::scan).
#[target_feature(enable = "sha2")]
pub(crate) fn scan(prepared: &Prepared, words: &[u32], limit: u32) -> Option<usize> {
    // Not known to the compiler, which would otherwise make each constant of two instructions.
    let fixed = black_box(&FIXED);
    let constants = Constants::new(prepared, limit);
    let (quads, rest) = words.as_chunks::<N>();
    for (number, quad) in quads.iter().enumerate() {
        if let Some(place) = hit(&constants, fixed, quad) {
            return Some(N * number + place);
        }
    }
    if rest.is_empty() {
        return None;
    }
    let mut last = [0; N];
    last[..rest.len()].copy_from_slice(rest);
    // Behind the last stand nonces that nobody asked for.
    match hit(&constants, fixed, &last) {
        Some(place) if place < rest.len() => Some(words.len() - rest.len() + place),
        _ => None,
    }
}

/// The place of the first of four nonces whose hash has a top word of at most the limit.
#[inline]
#[target_feature(enable = "sha2")]
fn hit(constants: &Constants, fixed: &Fixed, nonces: &[u32; N]) -> Option<usize> {
    // SAFETY: a reference to four words.
    let nonces = unsafe { vld1q_u32(nonces.as_ptr()) };
    let tops = top_of_second(fixed, first_hash(constants, fixed, nonces));
    let numbers = vreinterpretq_u32_u8(vrev32q_u8(vreinterpretq_u8_u32(vaddq_u32(
        tops,
        fixed.h.load(),
    ))));
    let hits = vcleq_u32(numbers, constants.limit.load());
    if vmaxvq_u32(hits) == 0 {
        return None;
    }
    let mut each = [0; N];
    // SAFETY: four words.
    unsafe { vst1q_u32(each.as_mut_ptr(), hits) };
    each.iter().position(|hit| *hit != 0)
}

/// The hash of a header's second block, from round 4 on.
#[inline]
#[target_feature(enable = "sha2")]
fn first_hash(constants: &Constants, fixed: &Fixed, nonces: uint32x4_t) -> States<N> {
    let c = constants;
    let mut states = States {
        abcd: beginning(vaddq_u32(nonces, c.a.load()), &c.b, &c.cd),
        efgh: beginning(vaddq_u32(nonces, c.e.load()), &c.f, &c.gh),
    };
    for sums in &c.sums4 {
        states.rounds_alike(sums);
    }
    let w18 = vaddq_u32(small0(nonces), c.w18.load());
    let w19 = vaddq_u32(nonces, c.w19.load());
    let mut w = [[vdupq_n_u32(0); N]; 4];
    w[0] = pairs(c.w16.load(), vzip1q_u32(w18, w19), vzip2q_u32(w18, w19));
    states.rounds_with(&fixed.k16[0], w[0]);
    // The words before them are constant or zero.
    let zero = vdupq_n_u32(0);
    w[1] = each!(N: i => vsha256su1q_u32(c.w20.load(), zero, w[0][i]));
    states.rounds_with(&fixed.k16[1], w[1]);
    w[2] = each!(N: i => vsha256su1q_u32(zero, w[0][i], w[1][i]));
    states.rounds_with(&fixed.k16[2], w[2]);
    w[3] = each!(N: i => vsha256su1q_u32(c.w28.load(), w[1][i], w[2][i]));
    states.rounds_with(&fixed.k16[3], w[3]);
    let mut quad = 4;
    while quad < 12 {
        let at = quad % 4;
        w[at] = next_words(w[at], w[(at + 1) % 4], w[(at + 2) % 4], w[(at + 3) % 4]);
        states.rounds_with(&fixed.k16[quad], w[at]);
        quad += 1;
    }
    let [abcd, efgh] = [c.midstate[0].load(), c.midstate[1].load()];
    States {
        abcd: each!(N: i => vaddq_u32(states.abcd[i], abcd)),
        efgh: each!(N: i => vaddq_u32(states.efgh[i], efgh)),
    }
}

/// Word e after round 60 of the hash of these hashes: but for an addition, the most significant
/// word.
#[inline]
#[target_feature(enable = "sha2")]
fn top_of_second(fixed: &Fixed, first: States<N>) -> uint32x4_t {
    let [word0, abcd1, efgh1] = [fixed.word0.load(), fixed.abcd1.load(), fixed.efgh1.load()];
    let [w8, w13, zero] = [fixed.w8.load(), fixed.w13.load(), vdupq_n_u32(0)];
    // Words 1 to 4, 5 to 8, 13 to 16, each at the place of its first.
    let w1 = each!(N: i => vextq_u32::<1>(first.abcd[i], first.efgh[i]));
    let w5 = each!(N: i => vextq_u32::<1>(first.efgh[i], w8));
    let alone = each!(N: i => vandq_u32(first.abcd[i], word0));
    let mut states = States {
        abcd: each!(N: i => vaddq_u32(alone[i], abcd1)),
        efgh: each!(N: i => vaddq_u32(alone[i], efgh1)),
    };
    let w16 = each!(N: i => vsha256su0q_u32(first.abcd[i], zero));
    let w13 = each!(N: i => vextq_u32::<1>(w13, w16[i]));
    states.rounds_with(&fixed.k1[0], w1);
    states.rounds_with(&fixed.k1[1], w5);
    states.rounds_alike(&fixed.sums9);
    states.rounds_with(&fixed.k1[3], w13);
    let mut w = [w1, w5, [zero; N], w13];
    // Words 9 to 12 are zero.
    w[0] = next_words(w[0], w[1], w[2], w[3]);
    states.rounds_with(&fixed.k1[4], w[0]);
    w[1] = next_words(w[1], w[2], w[3], w[0]);
    states.rounds_with(&fixed.k1[5], w[1]);
    w[2] = each!(N: i => vsha256su1q_u32(zero, w[0][i], w[1][i]));
    states.rounds_with(&fixed.k1[6], w[2]);
    let mut quad = 7;
    while quad < 14 {
        let at = quad % 4;
        w[at] = next_words(w[at], w[(at + 1) % 4], w[(at + 2) % 4], w[(at + 3) % 4]);
        states.rounds_with(&fixed.k1[quad], w[at]);
        quad += 1;
    }
    let last = next_words(w[2], w[3], w[0], w[1]);
    let constants = fixed.k1[14].load();
    let efgh = each!(N: i => vsha256h2q_u32(
        states.efgh[i],
        states.abcd[i],
        vaddq_u32(last[i], constants)
    ));
    let [low, high] = [vzip1q_u32(efgh[0], efgh[1]), vzip1q_u32(efgh[2], efgh[3])];
    low_halves(low, high)
}

/// Each of four words with three that are the same behind it: the second of them four times,
/// and the others twice.
#[inline]
#[target_feature(enable = "sha2")]
fn beginning(first: uint32x4_t, second: &Four, rest: &Four) -> Words<N> {
    let (second, rest) = (second.load(), rest.load());
    let [low, high] = [vzip1q_u32(first, second), vzip2q_u32(first, second)];
    [
        low_halves(low, rest),
        high_halves(low, rest),
        low_halves(high, rest),
        high_halves(high, rest),
    ]
}

/// Two words that are the same in front of each of four pairs.
#[inline]
#[target_feature(enable = "sha2")]
fn pairs(same: uint32x4_t, low: uint32x4_t, high: uint32x4_t) -> Words<N> {
    [
        low_halves(same, low),
        high_halves(same, low),
        low_halves(same, high),
        high_halves(same, high),
    ]
}

#[inline]
#[target_feature(enable = "sha2")]
fn low_halves(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
    vreinterpretq_u32_u64(vzip1q_u64(
        vreinterpretq_u64_u32(a),
        vreinterpretq_u64_u32(b),
    ))
}

#[inline]
#[target_feature(enable = "sha2")]
fn high_halves(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
    vreinterpretq_u32_u64(vzip2q_u64(
        vreinterpretq_u64_u32(a),
        vreinterpretq_u64_u32(b),
    ))
}

/// σ0 of four words.
#[inline]
#[target_feature(enable = "sha2")]
fn small0(x: uint32x4_t) -> uint32x4_t {
    let by7 = vsriq_n_u32::<7>(vshlq_n_u32::<25>(x), x);
    let by18 = vsriq_n_u32::<18>(vshlq_n_u32::<14>(x), x);
    veorq_u32(veorq_u32(by7, by18), vshrq_n_u32::<3>(x))
}
