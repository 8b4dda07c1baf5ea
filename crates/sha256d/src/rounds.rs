//! Rounds and message schedule, over any [`Word`].

use crate::constants::{HASH_BITS, INITIAL, K, PAD};
use crate::word::Word;

/// The eight words of the state, not moved from round to round: in round `t` the word that
/// FIPS 180-4 calls `a` stands at place `-t` modulo 8, `b` behind it, and so on.
pub(crate) struct State<W> {
    words: [W; 8],
    /// `b ^ c` of the next round.
    bc: W,
}

impl<W: Word> State<W> {
    /// Before round `t`, from the words `a` to `h`.
    #[inline(always)]
    pub(crate) fn at(t: usize, words: [W; 8]) -> Self {
        let bc = words[1].xor(words[2]);
        let mut placed = words;
        placed.rotate_left(t % 8);
        State { words: placed, bc }
    }

    /// The words `a` to `h` before round `t`.
    #[inline(always)]
    pub(crate) fn words(&self, t: usize) -> [W; 8] {
        let mut words = self.words;
        words.rotate_right(t % 8);
        words
    }

    /// Round `t`, with the sum of its constant and its word of the schedule.
    #[inline(always)]
    pub(crate) fn round(&mut self, t: usize, kw: W) {
        let t1 = self.half(t, kw);
        let (a, b, c) = (self.word(t, 0), self.word(t, 1), self.word(t, 2));
        let (maj, ab) = W::maj(a, b, c, self.bc);
        self.bc = ab;
        self.words[place(t, 7)] = t1.add(a.big0()).add(maj);
    }

    /// The half of round `t` that gives the next `e`, which is all that the last rounds of an
    /// early exit need. Returns the round's first sum.
    #[inline(always)]
    pub(crate) fn half(&mut self, t: usize, kw: W) -> W {
        let (e, f, g, h) = (self.e(t), self.word(t, 5), self.word(t, 6), self.word(t, 7));
        let t1 = h.add(kw).add(W::ch(e, f, g)).add(e.big1());
        self.words[place(t, 3)] = self.word(t, 3).add(t1);
        t1
    }

    /// The word `e` before round `t`.
    #[inline(always)]
    pub(crate) fn e(&self, t: usize) -> W {
        self.word(t, 4)
    }

    /// Word `i` (0 is `a`) before round `t`.
    #[inline(always)]
    fn word(&self, t: usize, i: usize) -> W {
        self.words[place(t, i)]
    }
}

const fn place(t: usize, i: usize) -> usize {
    (i + 64 - t) % 8
}

/// Sixteen words of the schedule, the last that were made.
pub(crate) struct Schedule<W>(pub(crate) [W; 16]);

impl<W: Word> Schedule<W> {
    /// Word `t`; 16 or more are made in the place of those 16 before.
    #[inline(always)]
    pub(crate) fn next(&mut self, t: usize) -> W {
        let w = &mut self.0;
        let word = w[t % 16]
            .add(w[(t + 1) % 16].small0())
            .add(w[(t + 9) % 16])
            .add(w[(t + 14) % 16].small1());
        w[t % 16] = word;
        word
    }
}

/// Do for each number, unrolled: numbers that are known in the text cost nothing.
macro_rules! unrolled {
    ($t:ident in [$($n:literal)*] $body:block) => { $( { const $t: usize = $n; $body } )* };
}
pub(crate) use unrolled;

/// `state` after one block.
#[inline(always)]
pub(crate) fn compress<W: Word>(before: [W; 8], block: [W; 16]) -> [W; 8] {
    added(all_rounds(before, block), before)
}

/// The sums of two states' words.
#[inline(always)]
pub(crate) fn added<W: Word>(mut words: [W; 8], others: [W; 8]) -> [W; 8] {
    for (word, other) in words.iter_mut().zip(others) {
        *word = word.add(other);
    }
    words
}

/// Each word in every lane.
#[inline(always)]
pub(crate) fn splat<W: Word, const N: usize>(words: [u32; N]) -> [W; N] {
    let mut out = [W::splat(0); N];
    for (out, word) in out.iter_mut().zip(words) {
        *out = W::splat(word);
    }
    out
}

/// All 64 rounds over one block, without the addition at their end.
#[inline(always)]
fn all_rounds<W: Word>(before: [W; 8], block: [W; 16]) -> [W; 8] {
    let mut state = State::at(0, before);
    let mut schedule = Schedule(block);
    unrolled!(T in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
        state.round(T, schedule.0[T].add(W::k(T)));
    });
    // Sixteen rounds bring every word back to its place: one body serves three times.
    let mut from = 16;
    while from < 64 {
        unrolled!(T in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
            let word = schedule.next(T + 16);
            state.round(T, word.add(W::k(from + T)));
        });
        from += 16;
    }
    state.words(64)
}

/// The block that hashes a hash again.
#[inline(always)]
pub(crate) fn hash_block<W: Word>(hash: [W; 8]) -> [W; 16] {
    let mut block = [W::splat(0); 16];
    block[..8].copy_from_slice(&hash);
    block[8] = W::splat(PAD);
    block[15] = W::splat(HASH_BITS);
    block
}

/// The hash of a hash.
#[inline(always)]
pub(crate) fn second_hash<W: Word>(first: [W; 8]) -> [W; 8] {
    compress(splat(INITIAL), hash_block(first))
}

/// Words `a` and `e` after round 0 from the initial state for a word of zero; the word adds to
/// both.
pub(crate) const AFTER_ROUND_0: [u32; 2] = {
    let [a, b, c, d, e, f, g, h] = INITIAL;
    let big0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
    let big1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
    let t1 = h
        .wrapping_add(big1)
        .wrapping_add((e & f) ^ (!e & g))
        .wrapping_add(K[0]);
    let t2 = big0.wrapping_add((a & b) ^ (a & c) ^ (b & c));
    [t1.wrapping_add(t2), d.wrapping_add(t1)]
};
