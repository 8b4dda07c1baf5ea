//! Bitcoin's double SHA-256: midstates, header hashes, batches and merkle roots.
//!
//! Terms: a *header* is the 80 bytes of a block header; its first 64 bytes fill one
//! SHA-256 block, and the state after that block is the *midstate*; bytes 64 to 75 are
//! the *tail* (end of the merkle root, time, nbits), bytes 76 to 79 the *nonce*. A *hash*
//! is the 32 bytes as SHA-256 produces them; Bitcoin compares them as a little-endian
//! number, so leading zero bits stand in the *last* bytes.
//!
//! No allocation, no `std`, no I/O. The functions of this file are the whole interface
//! and know nothing of how a block is compressed: that is the private `backend` module,
//! behind which a vectorised implementation can take the place of the present one.
#![no_std]

mod backend;

/// The initial state of SHA-256 (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// One header hash to compute: everything that [`finish`] takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// State after the first 64 header bytes.
    pub midstate: [u32; 8],
    /// Header bytes 64 to 75.
    pub tail: [u8; 12],
    /// Header bytes 76 to 79.
    pub nonce_wire: [u8; 4],
}

/// SHA-256 of any bytes.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut state = INITIAL;
    let (blocks, rest) = data.as_chunks::<64>();
    for block in blocks {
        backend::compress(&mut state, block);
    }
    let mut block = [0; 64];
    block[..rest.len()].copy_from_slice(rest);
    block[rest.len()] = 0x80;
    if rest.len() >= 56 {
        backend::compress(&mut state, &block);
        block = [0; 64];
    }
    // A message of 2^61 bytes does not fit any memory: the length in bits fits.
    let bits = (data.len() as u64) << 3;
    block[56..].copy_from_slice(&bits.to_be_bytes());
    backend::compress(&mut state, &block);
    to_bytes(&state)
}

/// SHA-256 of the SHA-256 of any bytes.
pub fn sha256d(data: &[u8]) -> [u8; 32] {
    to_bytes(&second_hash(&from_bytes(&sha256(data))))
}

/// The state after the first 64 bytes of a header, as eight words in the order of
/// FIPS 180-4.
pub fn midstate(first64: &[u8; 64]) -> [u32; 8] {
    let mut state = INITIAL;
    backend::compress(&mut state, first64);
    state
}

/// One midstate for each of `versions`, put in place of the version in `first64`.
/// Stops at the shorter of `versions` and `out`.
pub fn midstates_for_versions(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    let mut block = *first64;
    for (version, out) in versions.iter().zip(out) {
        block[..4].copy_from_slice(&version.to_le_bytes());
        *out = midstate(&block);
    }
}

/// The hash of the header that continues `midstate` with `tail` and `nonce_wire` (the
/// nonce's four bytes as they stand in the header, which is how chips send them).
pub fn finish(midstate: &[u32; 8], tail: &[u8; 12], nonce_wire: [u8; 4]) -> [u8; 32] {
    let mut block = second_block(tail);
    block[12..16].copy_from_slice(&nonce_wire);
    let mut state = *midstate;
    backend::compress(&mut state, &block);
    to_bytes(&second_hash(&state))
}

/// The hash of a whole header.
pub fn hash_header(header: &[u8; 80]) -> [u8; 32] {
    sha256d(header)
}

/// The hash of each candidate, independent of each other. Stops at the shorter of
/// `items` and `out`.
pub fn verify_batch(items: &[Candidate], out: &mut [[u8; 32]]) {
    for (item, out) in items.iter().zip(out) {
        *out = finish(&item.midstate, &item.tail, item.nonce_wire);
    }
}

/// The first of `nonces` whose header hash has at least `zero_bits` leading zero bits.
/// A nonce is the integer that the header encodes little-endian.
pub fn scan(
    midstate: &[u32; 8],
    tail: &[u8; 12],
    nonces: impl Iterator<Item = u32>,
    zero_bits: u32,
) -> Option<u32> {
    let mut block = second_block(tail);
    for nonce in nonces {
        block[12..16].copy_from_slice(&nonce.to_le_bytes());
        let mut state = *midstate;
        backend::compress(&mut state, &block);
        let second = second_hash(&state);
        // The last word carries the first 32 of the leading bits: most nonces end here.
        let first_bits = second[7].swap_bytes().leading_zeros();
        if first_bits >= zero_bits.min(32) && leading_zero_bits(&to_bytes(&second)) >= zero_bits {
            return Some(nonce);
        }
    }
    None
}

/// Leading zero bits of a hash read as a little-endian number: 0 to 256.
pub fn leading_zero_bits(hash: &[u8; 32]) -> u32 {
    let mut bits = 0;
    for byte in hash.iter().rev() {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}

/// The merkle root of a transaction at the leftmost place, from its hash and the
/// branches that stand to its right, lowest first. All 32 bytes are as hashed, which is
/// header order.
pub fn merkle_root(coinbase_hash: &[u8; 32], branches: &[[u8; 32]]) -> [u8; 32] {
    let mut root = *coinbase_hash;
    for branch in branches {
        let mut pair = [0; 64];
        pair[..32].copy_from_slice(&root);
        pair[32..].copy_from_slice(branch);
        root = sha256d(&pair);
    }
    root
}

/// The second SHA-256 block of a header with a nonce of zero: tail, nonce, padding.
fn second_block(tail: &[u8; 12]) -> [u8; 64] {
    let mut block = [0; 64];
    block[..12].copy_from_slice(tail);
    block[16] = 0x80;
    block[56..].copy_from_slice(&(80u64 * 8).to_be_bytes());
    block
}

/// The state after hashing a 32-byte hash, given as words.
fn second_hash(first: &[u32; 8]) -> [u32; 8] {
    let mut block = [0; 64];
    block[..32].copy_from_slice(&to_bytes(first));
    block[32] = 0x80;
    block[56..].copy_from_slice(&(32u64 * 8).to_be_bytes());
    midstate(&block)
}

fn to_bytes(state: &[u32; 8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

fn from_bytes(bytes: &[u8; 32]) -> [u32; 8] {
    let (words, _) = bytes.as_chunks::<4>();
    core::array::from_fn(|i| u32::from_be_bytes(words[i]))
}
