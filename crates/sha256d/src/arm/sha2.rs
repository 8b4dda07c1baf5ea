//! The SHA-2 extension of aarch64: four rounds in two instructions, for several independent
//! hashes at once.
//!
//! The two instructions take their time (four or five cycles on Arm's cores), and the second
//! wants the state that the first overwrites. So the hashes of a batch are interleaved, four at
//! a time: their states and schedules fill 24 of the 32 registers.

#![allow(unsafe_code)]

use core::arch::aarch64::*;

use crate::constants::{HASH_BITS, HEADER_BITS, INITIAL, K, PAD};
use crate::header::{Candidate, be_word, block_words, to_bytes};
use crate::target::Target;

pub(crate) use super::sha2_scan::scan;

/// Hashes side by side in a batch.
const STREAMS: usize = 4;

/// Four words where a vector register may be loaded from in one piece; the first is lowest.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub(super) struct Four(pub(super) [u32; 4]);

impl Four {
    #[inline]
    #[target_feature(enable = "sha2")]
    pub(super) fn load(&self) -> uint32x4_t {
        // SAFETY: a reference to four words.
        unsafe { vld1q_u32(self.0.as_ptr()) }
    }
}

/// The constants of the rounds, four by four.
static KS: [Four; 16] = quads(&K, 0);
/// The same with the words that a header's second block has from its place 4 on.
static HEADER_KS: [Four; 4] = quads(
    &with_words(&[0, 0, 0, 0, PAD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, HEADER_BITS]),
    0,
);
/// The same with the words of a hash's block from its place 8 on.
static HASH_KS: [Four; 4] = quads(
    &with_words(&[0, 0, 0, 0, 0, 0, 0, 0, PAD, 0, 0, 0, 0, 0, 0, HASH_BITS]),
    0,
);

/// The words from `from` on, four by four.
pub(super) const fn quads<const N: usize, const M: usize>(
    words: &[u32; N],
    from: usize,
) -> [Four; M] {
    let mut out = [Four([0; 4]); M];
    let mut i = 0;
    while i < 4 * M {
        out[i / 4].0[i % 4] = words[from + i];
        i += 1;
    }
    out
}

/// The constants of the first rounds with these words.
const fn with_words(words: &[u32; 16]) -> [u32; 16] {
    let mut sums = [0; 16];
    let mut i = 0;
    while i < 16 {
        sums[i] = K[i].wrapping_add(words[i]);
        i += 1;
    }
    sums
}

/// The states of `N` hashes, as the instructions want them: the first word lowest.
#[derive(Clone, Copy)]
pub(super) struct States<const N: usize> {
    pub(super) abcd: [uint32x4_t; N],
    pub(super) efgh: [uint32x4_t; N],
}

/// Four words of each hash's schedule.
pub(super) type Words<const N: usize> = [uint32x4_t; N];

/// Write an expression for each of `N` hashes: `each!(N: i => expression)`. A loop that the
/// compiler unrolls; a closure would not have the features of the function around it.
macro_rules! each {
    ($n:ident: $i:ident => $e:expr) => {{
        let mut out = [vdupq_n_u32(0); $n];
        let mut $i = 0;
        while $i < $n {
            out[$i] = $e;
            $i += 1;
        }
        out
    }};
}
pub(super) use each;

impl<const N: usize> States<N> {
    #[inline]
    #[target_feature(enable = "sha2")]
    fn new(words: [&[u32; 8]; N]) -> Self {
        let mut out = States {
            abcd: [vdupq_n_u32(0); N],
            efgh: [vdupq_n_u32(0); N],
        };
        for (i, words) in words.into_iter().enumerate() {
            let [a, b, c, d, e, f, g, h] = *words;
            out.abcd[i] = Four([a, b, c, d]).load();
            out.efgh[i] = Four([e, f, g, h]).load();
        }
        out
    }

    /// Four rounds from the sums of their constants and words.
    #[inline]
    #[target_feature(enable = "sha2")]
    pub(super) fn rounds(&mut self, sums: Words<N>) {
        let before = self.abcd;
        self.abcd = each!(N: i => vsha256hq_u32(self.abcd[i], self.efgh[i], sums[i]));
        self.efgh = each!(N: i => vsha256h2q_u32(self.efgh[i], before[i], sums[i]));
    }

    /// Four rounds with these constants.
    #[inline]
    #[target_feature(enable = "sha2")]
    pub(super) fn rounds_with(&mut self, constants: &Four, words: Words<N>) {
        let constants = constants.load();
        self.rounds(each!(N: i => vaddq_u32(words[i], constants)));
    }

    /// Four rounds whose words are the same in every hash.
    #[inline]
    #[target_feature(enable = "sha2")]
    pub(super) fn rounds_alike(&mut self, sums: &Four) {
        self.rounds([sums.load(); N]);
    }

    /// Rounds 16 to 63, from the sixteen words before them.
    #[inline]
    #[target_feature(enable = "sha2")]
    fn rounds_from_16(&mut self, mut w: [Words<N>; 4]) {
        let mut quad = 4;
        while quad < 16 {
            // Round and round, so that nothing is moved.
            w[0] = next_words(w[0], w[1], w[2], w[3]);
            self.rounds_with(&KS[quad], w[0]);
            w[1] = next_words(w[1], w[2], w[3], w[0]);
            self.rounds_with(&KS[quad + 1], w[1]);
            w[2] = next_words(w[2], w[3], w[0], w[1]);
            self.rounds_with(&KS[quad + 2], w[2]);
            w[3] = next_words(w[3], w[0], w[1], w[2]);
            self.rounds_with(&KS[quad + 3], w[3]);
            quad += 4;
        }
    }

    /// The addition at the end of a block.
    #[inline]
    #[target_feature(enable = "sha2")]
    fn add(&mut self, before: &Self) {
        self.abcd = each!(N: i => vaddq_u32(self.abcd[i], before.abcd[i]));
        self.efgh = each!(N: i => vaddq_u32(self.efgh[i], before.efgh[i]));
    }

    /// After a whole block.
    #[inline]
    #[target_feature(enable = "sha2")]
    fn compress(&mut self, block: [Words<N>; 4]) {
        let before = *self;
        for (constants, words) in KS.iter().zip(block) {
            self.rounds_with(constants, words);
        }
        self.rounds_from_16(block);
        self.add(&before);
    }

    /// After a header's second block, given by its first four words.
    #[inline]
    #[target_feature(enable = "sha2")]
    fn compress_second_block(&mut self, words: Words<N>) {
        let before = *self;
        self.rounds_with(&KS[0], words);
        self.rounds_alike(&HEADER_KS[1]);
        self.rounds_alike(&HEADER_KS[2]);
        self.rounds_alike(&HEADER_KS[3]);
        let pad = [Four([PAD, 0, 0, 0]).load(); N];
        let length = [Four([0, 0, 0, HEADER_BITS]).load(); N];
        self.rounds_from_16([words, pad, [vdupq_n_u32(0); N], length]);
        self.add(&before);
    }

    /// After the block that hashes these states again, from the initial state.
    #[inline]
    #[target_feature(enable = "sha2")]
    fn second_hash(&self) -> Self {
        let initial = States::new([&INITIAL; N]);
        let mut states = initial;
        states.rounds_with(&KS[0], self.abcd);
        states.rounds_with(&KS[1], self.efgh);
        states.rounds_alike(&HASH_KS[2]);
        states.rounds_alike(&HASH_KS[3]);
        let pad = [Four([PAD, 0, 0, 0]).load(); N];
        let length = [Four([0, 0, 0, HASH_BITS]).load(); N];
        states.rounds_from_16([self.abcd, self.efgh, pad, length]);
        states.add(&initial);
        states
    }

    /// The eight words of the `i`-th hash.
    #[inline]
    #[target_feature(enable = "sha2")]
    fn words(&self, i: usize) -> [u32; 8] {
        let mut out = [0; 8];
        // SAFETY: two halves of eight words.
        unsafe {
            vst1q_u32(out.as_mut_ptr(), self.abcd[i]);
            vst1q_u32(out.as_mut_ptr().add(4), self.efgh[i]);
        }
        out
    }
}

/// The next four words after sixteen.
#[inline]
#[target_feature(enable = "sha2")]
pub(super) fn next_words<const N: usize>(
    w0: Words<N>,
    w1: Words<N>,
    w2: Words<N>,
    w3: Words<N>,
) -> Words<N> {
    each!(N: i => vsha256su1q_u32(vsha256su0q_u32(w0[i], w1[i]), w2[i], w3[i]))
}

/// The sixteen words of a block in four registers.
#[inline]
#[target_feature(enable = "sha2")]
fn block(bytes: &[u8; 64]) -> [uint32x4_t; 4] {
    let words: [Four; 4] = quads(&block_words(bytes), 0);
    let [a, b, c, d] = &words;
    [a.load(), b.load(), c.load(), d.load()]
}

/// `state` after `block`.
#[target_feature(enable = "sha2")]
pub(crate) fn compress(state: &mut [u32; 8], bytes: &[u8; 64]) {
    let mut states = States::new([state]);
    states.compress(block(bytes).map(|quad| [quad]));
    *state = states.words(0);
}

/// The hash of a header from its midstate on.
#[target_feature(enable = "sha2")]
pub(crate) fn finish(midstate: &[u32; 8], tail: &[u8; 12], nonce_wire: [u8; 4]) -> [u8; 32] {
    let item = Candidate {
        midstate: *midstate,
        tail: *tail,
        nonce_wire,
    };
    to_bytes(&second_blocks([&item]).words(0))
}

/// See [`Hasher::verify`](crate::Hasher::verify).
#[target_feature(enable = "sha2")]
pub(crate) fn verify_one(item: &Candidate, target: &Target, hash: &mut [u8; 32]) -> bool {
    let mut out = [None];
    judge(&second_blocks([item]), target, &mut out);
    out[0].inspect(|found| *hash = *found).is_some()
}

/// See [`lanes::verify`](crate::lanes::verify).
#[target_feature(enable = "sha2")]
pub(crate) fn verify(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    for (items, out) in items.chunks(STREAMS).zip(out.chunks_mut(STREAMS)) {
        match items {
            [a, b, c, d] => judge(&second_blocks([a, b, c, d]), target, out),
            [a, b, c] => judge(&second_blocks([a, b, c]), target, out),
            [a, b] => judge(&second_blocks([a, b]), target, out),
            [a] => judge(&second_blocks([a]), target, out),
            _ => {}
        }
    }
}

/// See [`lanes::verify_headers`](crate::lanes::verify_headers).
#[target_feature(enable = "sha2")]
pub(crate) fn verify_headers(headers: &[[u8; 80]], target: &Target, out: &mut [Option<[u8; 32]>]) {
    for (headers, out) in headers.chunks(STREAMS).zip(out.chunks_mut(STREAMS)) {
        match headers {
            [a, b, c, d] => judge(&both_blocks([a, b, c, d]), target, out),
            [a, b, c] => judge(&both_blocks([a, b, c]), target, out),
            [a, b] => judge(&both_blocks([a, b]), target, out),
            [a] => judge(&both_blocks([a]), target, out),
            _ => {}
        }
    }
}

/// See [`lanes::midstates`](crate::lanes::midstates).
#[target_feature(enable = "sha2")]
pub(crate) fn midstates(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    for (versions, out) in versions.chunks(STREAMS).zip(out.chunks_mut(STREAMS)) {
        match *versions {
            [a, b, c, d] => store(&first_blocks(first64, [a, b, c, d]), out),
            [a, b, c] => store(&first_blocks(first64, [a, b, c]), out),
            [a, b] => store(&first_blocks(first64, [a, b]), out),
            [a] => store(&first_blocks(first64, [a]), out),
            _ => {}
        }
    }
}

/// Both hashes from midstates on.
#[inline]
#[target_feature(enable = "sha2")]
fn second_blocks<const N: usize>(items: [&Candidate; N]) -> States<N> {
    let mut states = States::new(items.map(|item| &item.midstate));
    states.compress_second_block(each!(N: i => Four([
        items[i].word(0),
        items[i].word(1),
        items[i].word(2),
        items[i].word(3),
    ]).load()));
    states.second_hash()
}

/// Both hashes of whole headers.
#[inline]
#[target_feature(enable = "sha2")]
fn both_blocks<const N: usize>(headers: [&[u8; 80]; N]) -> States<N> {
    let mut states = States::new([&INITIAL; N]);
    let mut first = [[vdupq_n_u32(0); N]; 4];
    for (i, header) in headers.iter().enumerate() {
        let (bytes, _) = header.as_chunks::<64>();
        for (words, quad) in first.iter_mut().zip(block(&bytes[0])) {
            words[i] = quad;
        }
    }
    states.compress(first);
    states.compress_second_block(each!(N: i => Four([
        be_word(headers[i], 16),
        be_word(headers[i], 17),
        be_word(headers[i], 18),
        be_word(headers[i], 19),
    ]).load()));
    states.second_hash()
}

/// The first block with each of `versions`.
#[inline]
#[target_feature(enable = "sha2")]
fn first_blocks<const N: usize>(first64: &[u8; 64], versions: [u32; N]) -> States<N> {
    let block = block(first64);
    let mut states = States::new([&INITIAL; N]);
    let with_versions = each!(N: i => vsetq_lane_u32::<0>(versions[i].swap_bytes(), block[0]));
    states.compress([with_versions, [block[1]; N], [block[2]; N], [block[3]; N]]);
    states
}

/// Each hash that is at most `target`. One whose top word is larger is dropped at once.
#[inline]
#[target_feature(enable = "sha2")]
fn judge<const N: usize>(hashes: &States<N>, target: &Target, out: &mut [Option<[u8; 32]>]) {
    for (i, out) in out.iter_mut().enumerate().take(N) {
        let top = vgetq_lane_u32::<3>(hashes.efgh[i]);
        *out = if top.swap_bytes() <= target.top() {
            target.checked(to_bytes(&hashes.words(i)))
        } else {
            None
        };
    }
}

#[inline]
#[target_feature(enable = "sha2")]
fn store<const N: usize>(states: &States<N>, out: &mut [[u32; 8]]) {
    for (i, out) in out.iter_mut().enumerate().take(N) {
        *out = states.words(i);
    }
}
