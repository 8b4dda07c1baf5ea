//! NEON of armv7: four words side by side, in assembly.
//!
//! Stable Rust has no NEON for armv7, so both programs, the scan and the hashing of a block of
//! each of four messages, come from `tests/neon_score`, which also says how they are made.
//! The assembler is told that there is NEON; the rest of the program need not be compiled for
//! it.

#![allow(unsafe_code)]

use core::arch::naked_asm;

use crate::constants::{HASH_BITS, HEADER_BITS, INITIAL, K, PAD};
use crate::header::{Candidate, be_word, block_words, to_bytes};
use crate::lanes::hash_padding;
use crate::portable;
use crate::prepared::Prepared;
use crate::rounds::AFTER_ROUND_0;
use crate::target::Target;
use crate::word::Word;

// One hash at a time leaves the lanes empty.
pub(crate) use crate::portable::{compress, finish, verify_one};

const LANES: usize = 4;

/// A word of each lane.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct Four([u32; LANES]);

/// Room for the schedules of both hashes in a scan, and for what the scan has found: all bits
/// set in the lanes that hit.
#[repr(C)]
struct Scratch {
    words: [Four; 84],
    hits: Four,
}

/// The constants of a scan, in the order in which the assembly takes them.
struct Constants {
    words: [u32; Self::COUNT],
    count: usize,
}

impl Constants {
    const COUNT: usize = 160;

    fn new(prepared: &Prepared, limit: u32) -> Self {
        let mut all = Constants {
            words: [0; Self::COUNT],
            count: 0,
        };
        let [a, b, c, d, e, f, g, h] = prepared.before4;
        all.put(&[a, b, c, d, e, f, g, h.wrapping_add(prepared.kw(4))]);
        for t in 5..18 {
            all.put(&[prepared.kw(t)]);
        }
        for (t, k) in K.iter().enumerate().skip(18) {
            if matches!(t, 18 | 19 | 20 | 22..25 | 30..34) {
                all.put(&[prepared.w[t]]);
            }
            all.put(&[*k]);
        }
        let [first @ .., last] = prepared.start().0;
        all.put(&[*last]);
        all.put(first);
        // The second hash, from round 1 on.
        let [a, b, c, _, e, f, g, h] = INITIAL;
        let [a1, e1] = AFTER_ROUND_0;
        all.put(&[a1, a, b, c, e1, e, f, g.wrapping_add(K[1])]);
        for (t, k) in K.iter().enumerate().take(61).skip(2) {
            match t {
                8..=15 => {
                    all.put(&[k.wrapping_add(hash_padding(t))]);
                    continue;
                }
                17 => all.put(&[HASH_BITS.small1()]),
                22 | 31 => all.put(&[HASH_BITS]),
                23 => all.put(&[PAD.small0()]),
                24 => all.put(&[PAD]),
                30 => all.put(&[HASH_BITS.small0()]),
                _ => {}
            }
            all.put(&[*k]);
        }
        all.put(&[h, limit]);
        debug_assert_eq!(all.count, Self::COUNT);
        all
    }

    fn put(&mut self, words: &[u32]) {
        self.words[self.count..][..words.len()].copy_from_slice(words);
        self.count += words.len();
    }
}

/// See [`lanes::scan`](crate::lanes::scan).
///
/// SAFETY: the processor has NEON.
pub(crate) unsafe fn scan(prepared: &Prepared, words: &[u32], limit: u32) -> Option<usize> {
    let constants = Constants::new(prepared, limit);
    let (quads, rest) = words.as_chunks::<LANES>();
    // SAFETY: as this function's.
    if let Some(place) = unsafe { first_hit(&constants, quads) } {
        return Some(place);
    }
    if rest.is_empty() {
        return None;
    }
    let mut last = [0; LANES];
    last[..rest.len()].copy_from_slice(rest);
    // SAFETY: as this function's.
    match unsafe { first_hit(&constants, &[last]) } {
        // Behind the last stand nonces that nobody asked for.
        Some(place) if place < rest.len() => Some(words.len() - rest.len() + place),
        _ => None,
    }
}

/// The place of the first nonce whose hash has a top word of at most the limit.
///
/// SAFETY: the processor has NEON.
unsafe fn first_hit(constants: &Constants, quads: &[[u32; LANES]]) -> Option<usize> {
    if quads.is_empty() {
        return None;
    }
    let mut scratch = Scratch {
        words: [Four([0; LANES]); 84],
        hits: Four([0; LANES]),
    };
    // SAFETY: the processor has NEON. The assembly reads the constants, of which there are as
    // many as it takes, and one quad of nonces in each turn; it writes `scratch` alone.
    let left = unsafe { play(&constants.words, quads.as_ptr(), quads.len(), &mut scratch) };
    let lane = scratch.hits.0.iter().position(|hit| *hit != 0)?;
    Some(LANES * (quads.len() - left) + lane)
}

/// Hash nonces four by four until one has a top word of at most the limit, or `turns` (at least
/// one) are over. Returns the turns that were left, the last one included if it has a hit; the
/// last turn's hits are in `scratch`.
///
/// SAFETY: the processor has NEON; `turns` fours of nonces can be read.
#[unsafe(naked)]
unsafe extern "C" fn play(
    constants: &[u32; Constants::COUNT],
    nonces: *const [u32; LANES],
    turns: usize,
    scratch: &mut Scratch,
) -> usize {
    naked_asm!(include_str!("neon_scan.s"), options(raw))
}

/// States of four messages, and the schedules of their next block, of which the first sixteen
/// words are given.
struct Lanes {
    state: [Four; 8],
    words: [Four; 64],
}

impl Lanes {
    /// The initial state, and no words.
    fn new() -> Lanes {
        Lanes {
            state: INITIAL.map(|word| Four([word; LANES])),
            words: [Four([0; LANES]); 64],
        }
    }

    /// A word of each item, one per lane; lanes without an item repeat the first.
    fn gather<T>(items: &[T], word: impl Fn(&T) -> u32) -> Four {
        Four(core::array::from_fn(|lane| {
            word(items.get(lane).unwrap_or(&items[0]))
        }))
    }

    /// Behind the first `count` words of the block, those that end a message of `bits`.
    fn pad(&mut self, count: usize, bits: u32) {
        self.words[count..16].fill(Four([0; LANES]));
        self.words[count] = Four([PAD; LANES]);
        self.words[15] = Four([bits; LANES]);
    }

    /// SAFETY: the processor has NEON.
    unsafe fn compress(&mut self) {
        // SAFETY: the processor has NEON. The assembly reads the constants and the first sixteen
        // words, and writes the other words and the state.
        unsafe { compress_four(&mut self.state, &mut self.words, &K) }
    }

    /// From the states after 64 bytes of headers, with the words of their ends: the hash of each
    /// that is at most `target`.
    ///
    /// SAFETY: the processor has NEON.
    unsafe fn verify_second_block(&mut self, target: &Target, out: &mut [Option<[u8; 32]>]) {
        self.pad(4, HEADER_BITS);
        // SAFETY: as this function's.
        unsafe { self.compress() };
        self.words[..8].copy_from_slice(&self.state);
        self.pad(8, HASH_BITS);
        self.state = INITIAL.map(|word| Four([word; LANES]));
        // SAFETY: as this function's.
        unsafe { self.compress() };
        for (lane, out) in out.iter_mut().enumerate().take(LANES) {
            let top = self.state[7].0[lane].swap_bytes();
            *out = if top <= target.top() {
                target.checked(to_bytes(&self.lane(lane)))
            } else {
                None
            };
        }
    }

    /// The state in one lane.
    fn lane(&self, lane: usize) -> [u32; 8] {
        self.state.map(|word| word.0[lane])
    }
}

/// Advance four states by one block each.
///
/// SAFETY: the processor has NEON.
#[unsafe(naked)]
unsafe extern "C" fn compress_four(state: &mut [Four; 8], words: &mut [Four; 64], k: &[u32; 64]) {
    naked_asm!(include_str!("neon_compress.s"), options(raw))
}

/// See [`lanes::verify`](crate::lanes::verify).
///
/// SAFETY: the processor has NEON.
pub(crate) unsafe fn verify(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    let mut lanes = Lanes::new();
    for (items, out) in items.chunks(LANES).zip(out.chunks_mut(LANES)) {
        if items.len() == 1 {
            portable::verify(items, target, out);
            continue;
        }
        for (i, word) in lanes.state.iter_mut().enumerate() {
            *word = Lanes::gather(items, |item| item.midstate[i]);
        }
        for (i, word) in lanes.words[..4].iter_mut().enumerate() {
            *word = Lanes::gather(items, |item| item.word(i));
        }
        // SAFETY: as this function's.
        unsafe { lanes.verify_second_block(target, out) };
    }
}

/// See [`lanes::verify_headers`](crate::lanes::verify_headers).
///
/// SAFETY: the processor has NEON.
pub(crate) unsafe fn verify_headers(
    headers: &[[u8; 80]],
    target: &Target,
    out: &mut [Option<[u8; 32]>],
) {
    let mut lanes = Lanes::new();
    for (headers, out) in headers.chunks(LANES).zip(out.chunks_mut(LANES)) {
        if headers.len() == 1 {
            portable::verify_headers(headers, target, out);
            continue;
        }
        lanes.state = INITIAL.map(|word| Four([word; LANES]));
        for (i, word) in lanes.words[..16].iter_mut().enumerate() {
            *word = Lanes::gather(headers, |header| be_word(header, i));
        }
        // SAFETY: as this function's.
        unsafe { lanes.compress() };
        for (i, word) in lanes.words[..4].iter_mut().enumerate() {
            *word = Lanes::gather(headers, |header| be_word(header, 16 + i));
        }
        // SAFETY: as this function's.
        unsafe { lanes.verify_second_block(target, out) };
    }
}

/// See [`lanes::midstates`](crate::lanes::midstates).
///
/// SAFETY: the processor has NEON.
pub(crate) unsafe fn midstates(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    let mut lanes = Lanes::new();
    for (word, same) in lanes.words.iter_mut().zip(block_words(first64)) {
        *word = Four([same; LANES]);
    }
    for (versions, out) in versions.chunks(LANES).zip(out.chunks_mut(LANES)) {
        if versions.len() == 1 {
            portable::midstates(first64, versions, out);
            continue;
        }
        lanes.state = INITIAL.map(|word| Four([word; LANES]));
        lanes.words[0] = Lanes::gather(versions, |version| version.swap_bytes());
        // SAFETY: as this function's.
        unsafe { lanes.compress() };
        for (lane, out) in out.iter_mut().enumerate() {
            *out = lanes.lane(lane);
        }
    }
}
