//! Headers in pieces, and hashes as bytes.

use crate::constants::HASH_BITS;

/// One header hash to compute, from where its first block has led.
// In this order, so that tail and nonce are the four words with which the second block begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Candidate {
    /// State after the first 64 header bytes.
    pub midstate: [u32; 8],
    /// Header bytes 64 to 75.
    pub tail: [u8; 12],
    /// Header bytes 76 to 79.
    pub nonce_wire: [u8; 4],
}

impl Candidate {
    /// Word `i` of the second block: 0 to 2 are the tail, 3 is the nonce.
    #[inline(always)]
    pub(crate) fn word(&self, i: usize) -> u32 {
        match i {
            0..3 => be_word(&self.tail, i),
            _ => u32::from_be_bytes(self.nonce_wire),
        }
    }
}

/// Word `i` of `bytes` as SHA-256 reads it.
#[inline(always)]
pub(crate) fn be_word<const N: usize>(bytes: &[u8; N], i: usize) -> u32 {
    let (words, _) = bytes.as_chunks::<4>();
    u32::from_be_bytes(words[i])
}

/// The words of a block.
#[inline(always)]
pub(crate) fn block_words(block: &[u8; 64]) -> [u32; 16] {
    core::array::from_fn(|i| be_word(block, i))
}

/// A state as the bytes of a hash.
#[inline(always)]
pub(crate) fn to_bytes(state: &[u32; 8]) -> [u8; 32] {
    let mut out = [0; 32];
    let (words, _) = out.as_chunks_mut::<4>();
    for (bytes, word) in words.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    out
}

/// The block that hashes a hash again.
#[inline]
pub(crate) fn hash_bytes(hash: &[u32; 8]) -> [u8; 64] {
    let mut block = [0; 64];
    block[..32].copy_from_slice(&to_bytes(hash));
    block[32] = 0x80;
    block[62..].copy_from_slice(&(HASH_BITS as u16).to_be_bytes());
    block
}
