//! Scan and batch over any [`Word`]: one hash per lane.

use crate::constants::{HASH_BITS, HEADER_BITS, INITIAL, K, PAD};
use crate::header::{Candidate, be_word, block_words, to_bytes};
use crate::prepared::Prepared;
use crate::rounds::{
    AFTER_ROUND_0, Schedule, State, added, compress, second_hash, splat, unrolled,
};
use crate::target::Target;
use crate::word::Word;

/// The place of the first of `words` (nonces as [`Prepared`] reads them) whose hash has a top
/// word of at most `limit`.
#[inline(always)]
pub(crate) fn scan<W: Word>(prepared: &Prepared, words: &[u32], limit: u32) -> Option<usize> {
    let constants = ScanConstants::<W>::new(prepared);
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        let mut lanes = W::zeros();
        if rest.len() >= W::LANES {
            lanes.as_mut().copy_from_slice(&rest[..W::LANES]);
        } else {
            lanes.as_mut()[..rest.len()].copy_from_slice(rest);
        }
        let top = top_of_second(first_hash(&constants, W::load(&lanes)));
        if top.any_at_most(limit) {
            let mut tops = W::zeros();
            top.store(&mut tops);
            let found = tops
                .as_ref()
                .iter()
                .position(|top| top.swap_bytes() <= limit);
            // Lanes beyond the end hold a nonce that nobody asked for.
            if let Some(lane) = found.filter(|lane| *lane < rest.len()) {
                return Some(at + lane);
            }
        }
        at += W::LANES;
    }
    None
}

/// The hash of each of `items` that is at most `target`. The slices are of one length.
#[inline(always)]
pub(crate) fn verify<W: Word>(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    for (items, out) in items.chunks(W::LANES).zip(out.chunks_mut(W::LANES)) {
        let mut midstate = [W::splat(0); 8];
        for (i, word) in midstate.iter_mut().enumerate() {
            *word = gather(items, |item| item.midstate[i]);
        }
        let mut block = [W::splat(0); 4];
        for (i, word) in block.iter_mut().enumerate() {
            *word = gather(items, |item| item.word(i));
        }
        verify_lanes(compress(midstate, second_block(block)), target, out);
    }
}

/// The hash of each of `headers` that is at most `target`. The slices are of one length.
#[inline(always)]
pub(crate) fn verify_headers<W: Word>(
    headers: &[[u8; 80]],
    target: &Target,
    out: &mut [Option<[u8; 32]>],
) {
    for (headers, out) in headers.chunks(W::LANES).zip(out.chunks_mut(W::LANES)) {
        let mut words = [W::splat(0); 20];
        for (i, word) in words.iter_mut().enumerate() {
            *word = gather(headers, |header| be_word(header, i));
        }
        let (block, rest) = words.split_at(16);
        let mut first = [W::splat(0); 16];
        first.copy_from_slice(block);
        let mut tail_and_nonce = [W::splat(0); 4];
        tail_and_nonce.copy_from_slice(rest);
        let midstate = compress(splat(INITIAL), first);
        verify_lanes(
            compress(midstate, second_block(tail_and_nonce)),
            target,
            out,
        );
    }
}

/// The states after `first64` with each of `versions` in the place of its version. The slices
/// are of one length.
#[inline(always)]
pub(crate) fn midstates<W: Word>(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    let mut block: [W; 16] = splat(block_words(first64));
    for (versions, out) in versions.chunks(W::LANES).zip(out.chunks_mut(W::LANES)) {
        block[0] = gather(versions, |version| version.swap_bytes());
        scatter(compress(splat(INITIAL), block), out, |state| state);
    }
}

/// Both hashes of the lanes' second blocks, as far as they are needed.
#[inline(always)]
fn verify_lanes<W: Word>(first: [W; 8], target: &Target, out: &mut [Option<[u8; 32]>]) {
    if !top_of_second(first).any_at_most(target.top()) {
        out.fill(None);
        return;
    }
    scatter(second_hash(first), out, |words| {
        target.checked(to_bytes(&words))
    });
}

/// A word of each item, one per lane; lanes without an item repeat the first.
#[inline(always)]
fn gather<W: Word, T>(items: &[T], word: impl Fn(&T) -> u32) -> W {
    let mut lanes = W::zeros();
    for (i, lane) in lanes.as_mut().iter_mut().enumerate() {
        *lane = word(items.get(i).unwrap_or(&items[0]));
    }
    W::load(&lanes)
}

/// What `made` makes of each lane's eight words.
#[inline(always)]
fn scatter<W: Word, T>(words: [W; 8], out: &mut [T], made: impl Fn([u32; 8]) -> T) {
    let mut lanes = [W::zeros(); 8];
    for (lanes, word) in lanes.iter_mut().zip(words) {
        word.store(lanes);
    }
    for (lane, out) in out.iter_mut().enumerate() {
        *out = made(core::array::from_fn(|i| lanes[i].as_ref()[lane]));
    }
}

/// A header's second block.
#[inline(always)]
pub(crate) fn second_block<W: Word>(tail_and_nonce: [W; 4]) -> [W; 16] {
    let mut block = [W::splat(0); 16];
    block[..4].copy_from_slice(&tail_and_nonce);
    block[4] = W::splat(PAD);
    block[15] = W::splat(HEADER_BITS);
    block
}

/// [`Prepared`], in every lane.
struct ScanConstants<W> {
    before4: [W; 8],
    /// Constant sums of the rounds 4 to 17.
    kw: [W; 18],
    /// Constant terms of the words 18 to 33.
    w: [W; 34],
    midstate: [W; 8],
}

impl<W: Word> ScanConstants<W> {
    #[inline(always)]
    fn new(prepared: &Prepared) -> Self {
        let mut kw = [0; 18];
        for (t, kw) in kw.iter_mut().enumerate() {
            *kw = prepared.kw(t);
        }
        ScanConstants {
            before4: splat(prepared.before4),
            kw: splat(kw),
            w: splat(prepared.w),
            midstate: splat(prepared.midstate),
        }
    }
}

/// The last word of the hash of `first`, which is its most significant one (bytes reversed).
/// The last three rounds move that word and do not change it.
#[inline(always)]
fn top_of_second<W: Word>(first: [W; 8]) -> W {
    let mut state = after_round_0(first[0]);
    let mut schedule = Schedule([W::splat(0); 16]);
    schedule.0[..8].copy_from_slice(&first);
    unrolled!(T in [1 2 3 4 5 6 7] {
        state.round(T, schedule.0[T].add(W::k(T)));
    });
    unrolled!(T in [8 9 10 11 12 13 14 15] {
        state.round(T, W::splat(K[T].wrapping_add(hash_padding(T))));
    });
    // Words 16 to 31 without the terms that are zero; word 16 takes the place of word 0, and
    // so on.
    let w = &mut schedule.0;
    w[0] = w[0].add(w[1].small0());
    w[1] = w[1]
        .add(w[2].small0())
        .add(W::splat(Word::small1(HASH_BITS)));
    unrolled!(I in [2 3 4 5] {
        w[I] = w[I].add(w[I + 1].small0()).add(w[I - 2].small1());
    });
    w[6] = w[6]
        .add(w[7].small0())
        .add(W::splat(HASH_BITS))
        .add(w[4].small1());
    w[7] = w[7]
        .add(W::splat(Word::small0(PAD)))
        .add(w[0])
        .add(w[5].small1());
    w[8] = W::splat(PAD).add(w[1]).add(w[6].small1());
    unrolled!(I in [9 10 11 12 13] {
        w[I] = w[I - 7].add(w[I - 2].small1());
    });
    w[14] = W::splat(Word::small0(HASH_BITS))
        .add(w[7])
        .add(w[12].small1());
    w[15] = W::splat(HASH_BITS)
        .add(w[0].small0())
        .add(w[8])
        .add(w[13].small1());
    unrolled!(T in [16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31] {
        state.round(T, schedule.0[T - 16].add(W::k(T)));
    });
    unrolled!(T in [32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56] {
        let word = schedule.next(T);
        state.round(T, word.add(W::k(T)));
    });
    unrolled!(T in [57 58 59 60] {
        let word = schedule.next(T);
        state.half(T, word.add(W::k(T)));
    });
    state.e(61).add(W::splat(INITIAL[7]))
}

/// The header's first hash: rounds 4 to 63 of its second block.
#[inline(always)]
fn first_hash<W: Word>(constants: &ScanConstants<W>, nonce: W) -> [W; 8] {
    let mut words = constants.before4;
    words[0] = words[0].add(nonce);
    words[4] = words[4].add(nonce);
    let mut state = State::at(4, words);
    unrolled!(T in [4 5 6 7 8 9 10 11 12 13 14 15 16 17] {
        state.round(T, constants.kw[T]);
    });
    // Words 18 to 33, each with the terms that are not constant.
    let c = &constants.w;
    let mut w = [W::splat(0); 34];
    w[18] = c[18].add(nonce.small0());
    w[19] = c[19].add(nonce);
    unrolled!(T in [20 22 23 24] {
        w[T] = c[T].add(w[T - 2].small1());
        if T == 20 {
            w[21] = w[19].small1();
        }
    });
    unrolled!(T in [25 26 27 28 29] {
        w[T] = w[T - 7].add(w[T - 2].small1());
    });
    unrolled!(T in [30 31 32] {
        w[T] = c[T].add(w[T - 7]).add(w[T - 2].small1());
    });
    w[33] = c[33].add(w[18].small0()).add(w[26]).add(w[31].small1());
    unrolled!(T in [18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33] {
        state.round(T, w[T].add(W::k(T)));
    });
    // The sixteen words before word 34, each at its place modulo 16.
    let mut schedule = Schedule([W::splat(0); 16]);
    schedule.0[..2].copy_from_slice(&w[32..]);
    schedule.0[2..].copy_from_slice(&w[18..32]);
    unrolled!(T in [34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63] {
        let word = schedule.next(T);
        state.round(T, word.add(W::k(T)));
    });
    added(state.words(64), constants.midstate)
}

/// The second hash begins from a known state, so its first round is two additions.
#[inline(always)]
fn after_round_0<W: Word>(word: W) -> State<W> {
    let [a, b, c, _, e, f, g, _] = splat(INITIAL);
    State::at(
        1,
        [
            word.add(W::splat(AFTER_ROUND_0[0])),
            a,
            b,
            c,
            word.add(W::splat(AFTER_ROUND_0[1])),
            e,
            f,
            g,
        ],
    )
}

/// Words 8 to 15 of the block that hashes a hash.
pub(crate) const fn hash_padding(t: usize) -> u32 {
    match t {
        8 => PAD,
        15 => HASH_BITS,
        _ => 0,
    }
}
