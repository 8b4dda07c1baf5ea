//! Plain Rust: one hash at a time, with the compiler's own choice of instructions.

use crate::header::{Candidate, be_word, block_words, to_bytes};
use crate::lanes;
use crate::prepared::Prepared;
use crate::rounds;
use crate::target::Target;

/// `state` after `block`.
pub(crate) fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    *state = rounds::compress(*state, block_words(block));
}

/// The hash of a header from its midstate on.
pub(crate) fn finish(midstate: &[u32; 8], tail: &[u8; 12], nonce_wire: [u8; 4]) -> [u8; 32] {
    let [a, b, c] = [0, 1, 2].map(|i| be_word(tail, i));
    let block = lanes::second_block([a, b, c, u32::from_be_bytes(nonce_wire)]);
    to_bytes(&rounds::second_hash(rounds::compress(*midstate, block)))
}

/// See [`Hasher::verify`](crate::Hasher::verify).
pub(crate) fn verify_one(item: &Candidate, target: &Target, hash: &mut [u8; 32]) -> bool {
    let mut out = [None];
    lanes::verify::<u32>(core::slice::from_ref(item), target, &mut out);
    out[0].inspect(|found| *hash = *found).is_some()
}

/// See [`lanes::scan`].
pub(crate) fn scan(prepared: &Prepared, words: &[u32], limit: u32) -> Option<usize> {
    lanes::scan::<u32>(prepared, words, limit)
}

/// See [`lanes::verify`].
pub(crate) fn verify(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    lanes::verify::<u32>(items, target, out);
}

/// See [`lanes::verify_headers`].
pub(crate) fn verify_headers(headers: &[[u8; 80]], target: &Target, out: &mut [Option<[u8; 32]>]) {
    lanes::verify_headers::<u32>(headers, target, out);
}

/// See [`lanes::midstates`].
pub(crate) fn midstates(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    lanes::midstates::<u32>(first64, versions, out);
}
