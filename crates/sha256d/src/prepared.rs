//! What all nonces of one midstate and tail have in common, computed once.

use crate::constants::{HEADER_BITS, K, PAD};
use crate::rounds::{State, unrolled};
use crate::word::Word;

/// The second block of a header holds twelve bytes of tail, the nonce, and padding. Until the
/// nonce comes in, in round 3, every hash of a scan is the same; after it many words of the
/// schedule are constant, or constant but for one term.
///
/// The nonce itself is here the word that the block has in its place 3: its four bytes in
/// header order, read most significant first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prepared {
    /// State after the first block.
    pub(crate) midstate: [u32; 8],
    /// Header bytes 64 to 75.
    tail: [u8; 12],
    /// Words `a` to `h` before round 4 for a nonce of zero: the nonce adds to `a` and `e`.
    pub(crate) before4: [u32; 8],
    /// The schedule for a nonce of zero, less every term that holds a later word which the
    /// nonce changes; words 4 to 17 are the whole words.
    pub(crate) w: [u32; 34],
}

impl Prepared {
    pub(crate) fn new(midstate: &[u32; 8], tail: &[u8; 12]) -> Self {
        let mut w = [0; 34];
        let (words, _) = tail.as_chunks::<4>();
        for (w, word) in w.iter_mut().zip(words) {
            *w = u32::from_be_bytes(*word);
        }
        w[4] = PAD;
        w[15] = HEADER_BITS;
        let mut state = State::at(0, *midstate);
        unrolled!(T in [0 1 2 3] {
            state.round(T, w[T].wrapping_add(K[T]));
        });
        for t in 16..34 {
            // The terms that do not depend on the nonce, which is word 3 and, through the
            // schedule, in every word from 18 on.
            let term = |back: usize, of: fn(u32) -> u32| match t - back {
                at if at < 18 && at != 3 => of(w[at]),
                _ => 0,
            };
            w[t] = [
                term(16, |word| word),
                term(15, Word::small0),
                term(7, |word| word),
                term(2, Word::small1),
            ]
            .into_iter()
            .fold(0, u32::wrapping_add);
        }
        Prepared {
            midstate: *midstate,
            tail: *tail,
            before4: state.words(4),
            w,
        }
    }

    /// Midstate and tail, as they were given.
    pub(crate) fn start(&self) -> (&[u32; 8], &[u8; 12]) {
        (&self.midstate, &self.tail)
    }

    /// Word `t` of the schedule with its constant, where the nonce does not change it: 4 to 17.
    #[inline(always)]
    pub(crate) fn kw(&self, t: usize) -> u32 {
        self.w[t].wrapping_add(K[t])
    }
}
