//! The SHA extensions: four rounds in two instructions, for several independent hashes at once.
//!
//! `sha256rnds2` takes four cycles and one can begin in every cycle (Zen 3), so a single hash
//! leaves three of four cycles empty. Where there are several hashes to compute, their
//! instructions alternate. Batches do so here, three hashes at a time: more do not fit into
//! sixteen registers. The scan, which has the most to gain, is in assembly beside this file.

#![allow(unsafe_code)]

use core::arch::x86_64::*;

use crate::constants::{HASH_BITS, HEADER_BITS, INITIAL, K, PAD};
use crate::header::{Candidate, be_word, to_bytes};
use crate::target::Target;

pub(crate) use super::sha_ni_scan::scan;

/// Hashes side by side in a batch.
const STREAMS: usize = 3;

/// Four words where a vector register may be loaded from in one piece; the first is lowest.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub(super) struct Four(pub(super) [u32; 4]);

impl Four {
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    pub(super) fn load(&self) -> __m128i {
        // SAFETY: a reference to sixteen aligned bytes.
        unsafe { _mm_load_si128(core::ptr::from_ref(self).cast()) }
    }
}

/// The constants of the rounds, four by four.
static KS: [Four; 16] = four_by_four(&K);
/// The same with the words that a header's second block has from its place 4 on.
static HEADER_KS: [Four; 4] =
    with_words(&[0, 0, 0, 0, PAD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, HEADER_BITS]);
/// The same with the words of a hash's block from its place 8 on.
static HASH_KS: [Four; 4] = with_words(&[0, 0, 0, 0, 0, 0, 0, 0, PAD, 0, 0, 0, 0, 0, 0, HASH_BITS]);

const fn four_by_four<const N: usize, const M: usize>(words: &[u32; N]) -> [Four; M] {
    let mut out = [Four([0; 4]); M];
    let mut i = 0;
    while i < 4 * M {
        out[i / 4].0[i % 4] = words[i];
        i += 1;
    }
    out
}

const fn with_words(words: &[u32; 16]) -> [Four; 4] {
    let mut sums = [0; 16];
    let mut i = 0;
    while i < 16 {
        sums[i] = K[i].wrapping_add(words[i]);
        i += 1;
    }
    four_by_four(&sums)
}

/// The states of `N` hashes, as the instructions want them: words a, b, e, f in one register
/// and c, d, g, h in the other, the first of them highest.
#[derive(Clone, Copy)]
struct States<const N: usize> {
    abef: [__m128i; N],
    cdgh: [__m128i; N],
}

/// Four words of each hash's schedule.
type Words<const N: usize> = [__m128i; N];

/// Write an expression for each of `N` hashes: `each!(i => expression)`. A loop that the
/// compiler unrolls; a closure would not have the features of the function around it.
macro_rules! each {
    ($n:ident: $i:ident => $e:expr) => {{
        let mut out = [_mm_setzero_si128(); $n];
        let mut $i = 0;
        while $i < $n {
            out[$i] = $e;
            $i += 1;
        }
        out
    }};
}

impl<const N: usize> States<N> {
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn new(words: [&[u32; 8]; N]) -> Self {
        let mut out = States {
            abef: [_mm_setzero_si128(); N],
            cdgh: [_mm_setzero_si128(); N],
        };
        for (i, w) in words.into_iter().enumerate() {
            let [abcd, efgh] = halves(w);
            let badc = _mm_shuffle_epi32::<0b10_11_00_01>(abcd);
            let hgfe = _mm_shuffle_epi32::<0b00_01_10_11>(efgh);
            out.abef[i] = _mm_alignr_epi8::<8>(badc, hgfe);
            out.cdgh[i] = _mm_blend_epi16::<0b1111_0000>(hgfe, badc);
        }
        out
    }

    /// Four rounds from the sums of their constants and words.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn rounds(&mut self, sums: Words<N>) {
        self.cdgh = each!(N: i => _mm_sha256rnds2_epu32(self.cdgh[i], self.abef[i], sums[i]));
        let sums = each!(N: i => _mm_shuffle_epi32::<0b11_10>(sums[i]));
        self.abef = each!(N: i => _mm_sha256rnds2_epu32(self.abef[i], self.cdgh[i], sums[i]));
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn rounds_with(&mut self, quad: usize, words: Words<N>) {
        self.rounds(each!(N: i => _mm_add_epi32(words[i], KS[quad].load())));
    }

    /// Four rounds whose words are the same in every hash.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn rounds_alike(&mut self, sums: &Four) {
        self.rounds([sums.load(); N]);
    }

    /// Rounds 16 to 63, from the sixteen words before them.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn rounds_from_16(&mut self, mut w: [Words<N>; 4]) {
        let mut quad = 4;
        while quad < 16 {
            // Round and round, so that nothing is moved.
            w[0] = next_words(w[0], w[1], w[2], w[3]);
            self.rounds_with(quad, w[0]);
            w[1] = next_words(w[1], w[2], w[3], w[0]);
            self.rounds_with(quad + 1, w[1]);
            w[2] = next_words(w[2], w[3], w[0], w[1]);
            self.rounds_with(quad + 2, w[2]);
            w[3] = next_words(w[3], w[0], w[1], w[2]);
            self.rounds_with(quad + 3, w[3]);
            quad += 4;
        }
    }

    /// The addition at the end of a block.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn add(&mut self, before: &Self) {
        self.abef = each!(N: i => _mm_add_epi32(self.abef[i], before.abef[i]));
        self.cdgh = each!(N: i => _mm_add_epi32(self.cdgh[i], before.cdgh[i]));
    }

    /// After a whole block.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn compress(&mut self, block: [Words<N>; 4]) {
        let before = *self;
        let mut quad = 0;
        while quad < 4 {
            self.rounds_with(quad, block[quad]);
            quad += 1;
        }
        self.rounds_from_16(block);
        self.add(&before);
    }

    /// After a header's second block, given by its first four words.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn compress_second_block(&mut self, words: Words<N>) {
        let before = *self;
        self.rounds_with(0, words);
        self.rounds_alike(&HEADER_KS[1]);
        self.rounds_alike(&HEADER_KS[2]);
        self.rounds_alike(&HEADER_KS[3]);
        let pad = [Four([PAD, 0, 0, 0]).load(); N];
        let length = [Four([0, 0, 0, HEADER_BITS]).load(); N];
        self.rounds_from_16([words, pad, [_mm_setzero_si128(); N], length]);
        self.add(&before);
    }

    /// After the block that hashes these states again, from the initial state.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn second_hash(&self) -> Self {
        let first = each!(N: i => self.abcd(i));
        let second = each!(N: i => self.efgh(i));
        let initial = States::new([&INITIAL; N]);
        let mut states = initial;
        states.rounds_with(0, first);
        states.rounds_with(1, second);
        states.rounds_alike(&HASH_KS[2]);
        states.rounds_alike(&HASH_KS[3]);
        let pad = [Four([PAD, 0, 0, 0]).load(); N];
        let length = [Four([0, 0, 0, HASH_BITS]).load(); N];
        states.rounds_from_16([first, second, pad, length]);
        states.add(&initial);
        states
    }

    /// Words a to d of the `i`-th hash, the first lowest.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn abcd(&self, i: usize) -> __m128i {
        let abef = _mm_shuffle_epi32::<0b00_01_10_11>(self.abef[i]);
        let cdgh = _mm_shuffle_epi32::<0b00_01_10_11>(self.cdgh[i]);
        _mm_unpacklo_epi64(abef, cdgh)
    }

    /// Words e to h of the `i`-th hash, the first lowest.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn efgh(&self, i: usize) -> __m128i {
        let abef = _mm_shuffle_epi32::<0b00_01_10_11>(self.abef[i]);
        let cdgh = _mm_shuffle_epi32::<0b00_01_10_11>(self.cdgh[i]);
        _mm_unpackhi_epi64(abef, cdgh)
    }

    /// The eight words of the `i`-th hash.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3,avx")]
    fn words(&self, i: usize) -> [u32; 8] {
        let mut out = [0; 8];
        // SAFETY: two halves of 32 bytes, stored without asking for alignment.
        unsafe {
            let out = out.as_mut_ptr().cast::<__m128i>();
            _mm_storeu_si128(out, self.abcd(i));
            _mm_storeu_si128(out.add(1), self.efgh(i));
        }
        out
    }
}

/// The next four words after sixteen.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn next_words<const N: usize>(w0: Words<N>, w1: Words<N>, w2: Words<N>, w3: Words<N>) -> Words<N> {
    let old = each!(N: i => _mm_sha256msg1_epu32(w0[i], w1[i]));
    let sum = each!(N: i => _mm_add_epi32(old[i], _mm_alignr_epi8::<4>(w3[i], w2[i])));
    each!(N: i => _mm_sha256msg2_epu32(sum[i], w3[i]))
}

/// Eight words in two registers, the first lowest.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn halves(words: &[u32; 8]) -> [__m128i; 2] {
    // SAFETY: two halves of 32 bytes, loaded without asking for alignment.
    unsafe {
        let words = words.as_ptr().cast::<__m128i>();
        [_mm_loadu_si128(words), _mm_loadu_si128(words.add(1))]
    }
}

/// Four words of which the bytes are given.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn four(words: [u32; 4]) -> __m128i {
    let [a, b, c, d] = words.map(|word| word as i32);
    _mm_set_epi32(d, c, b, a)
}

/// The sixteen words of a block in four registers.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn block(bytes: &[u8; 64]) -> [__m128i; 4] {
    let reversed = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    let mut out = [_mm_setzero_si128(); 4];
    for (i, out) in out.iter_mut().enumerate() {
        // SAFETY: four quarters of 64 bytes, loaded without asking for alignment.
        let quarter = unsafe { _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>().add(i)) };
        *out = _mm_shuffle_epi8(quarter, reversed);
    }
    out
}

/// `state` after `block`.
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn compress(state: &mut [u32; 8], bytes: &[u8; 64]) {
    let mut states = States::new([state]);
    states.compress(block(bytes).map(|quad| [quad]));
    *state = states.words(0);
}

/// The hash of one candidate.
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn finish(item: &Candidate) -> [u8; 32] {
    to_bytes(&second_blocks([item]).words(0))
}

/// See [`lanes::verify`](crate::lanes::verify).
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn verify(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    for (items, out) in items.chunks(STREAMS).zip(out.chunks_mut(STREAMS)) {
        match items {
            [a, b, c] => judge(&second_blocks([a, b, c]), target, out),
            [a, b] => judge(&second_blocks([a, b]), target, out),
            [a] => judge(&second_blocks([a]), target, out),
            _ => {}
        }
    }
}

/// See [`lanes::verify_headers`](crate::lanes::verify_headers).
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn verify_headers(headers: &[[u8; 80]], target: &Target, out: &mut [Option<[u8; 32]>]) {
    for (headers, out) in headers.chunks(STREAMS).zip(out.chunks_mut(STREAMS)) {
        match headers {
            [a, b, c] => judge(&both_blocks([a, b, c]), target, out),
            [a, b] => judge(&both_blocks([a, b]), target, out),
            [a] => judge(&both_blocks([a]), target, out),
            _ => {}
        }
    }
}

/// See [`lanes::midstates`](crate::lanes::midstates).
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
pub(crate) fn midstates(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    // Four at a time, although they do not fit into the registers: chips take four.
    for (versions, out) in versions.chunks(4).zip(out.chunks_mut(4)) {
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
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn second_blocks<const N: usize>(items: [&Candidate; N]) -> States<N> {
    let mut states = States::new(items.map(|item| &item.midstate));
    states.compress_second_block(each!(N: i => four([
        items[i].word(0),
        items[i].word(1),
        items[i].word(2),
        items[i].word(3),
    ])));
    states.second_hash()
}

/// Both hashes of whole headers.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn both_blocks<const N: usize>(headers: [&[u8; 80]; N]) -> States<N> {
    let mut states = States::new([&INITIAL; N]);
    let mut first = [[_mm_setzero_si128(); N]; 4];
    for (i, header) in headers.iter().enumerate() {
        let (bytes, _) = header.as_chunks::<64>();
        for (words, quad) in first.iter_mut().zip(block(&bytes[0])) {
            words[i] = quad;
        }
    }
    states.compress(first);
    states.compress_second_block(each!(N: i => four([
        be_word(headers[i], 16),
        be_word(headers[i], 17),
        be_word(headers[i], 18),
        be_word(headers[i], 19),
    ])));
    states.second_hash()
}

/// The first block with each of `versions`.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn first_blocks<const N: usize>(first64: &[u8; 64], versions: [u32; N]) -> States<N> {
    let block = block(first64);
    let mut states = States::new([&INITIAL; N]);
    let with_versions =
        each!(N: i => _mm_insert_epi32::<0>(block[0], versions[i].swap_bytes() as i32));
    states.compress([with_versions, [block[1]; N], [block[2]; N], [block[3]; N]]);
    states
}

/// Each hash that is at most `target`. One whose top word is larger is dropped at once.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn judge<const N: usize>(hashes: &States<N>, target: &Target, out: &mut [Option<[u8; 32]>]) {
    for (i, out) in out.iter_mut().enumerate().take(N) {
        // Word h is the lowest of its register.
        let top = _mm_cvtsi128_si32(hashes.cdgh[i]) as u32;
        *out = if top.swap_bytes() <= target.top() {
            target.checked(to_bytes(&hashes.words(i)))
        } else {
            None
        };
    }
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,avx")]
fn store<const N: usize>(states: &States<N>, out: &mut [[u32; 8]]) {
    for (i, out) in out.iter_mut().enumerate().take(N) {
        *out = states.words(i);
    }
}
