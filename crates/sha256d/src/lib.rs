//! Bitcoin's double SHA-256: midstates, header hashes, batches, nonce search and merkle roots,
//! as fast as the processor can.
//!
//! Terms: a *header* is the 80 bytes of a block header; its first 64 bytes fill one
//! SHA-256 block, and the state after that block is the *midstate*; bytes 64 to 75 are
//! the *tail* (end of the merkle root, time, nbits), bytes 76 to 79 the *nonce*. A *hash*
//! is the 32 bytes as SHA-256 produces them; Bitcoin compares them as a little-endian
//! number, so leading zero bits stand in the *last* bytes.
//!
//! No allocation, no `std`, no dependency, no I/O. What computes is chosen once, by what the
//! processor has: see [`Implementation`]. The functions of this file use the best of them;
//! [`Hasher`] has the same by a given one. `docs/sha256d.md` says how each works and how fast
//! it is.
//!
//! How it is laid out: `lanes` writes the arithmetic of scan and batch once, over a [`word`]
//! that may be a vector register; `x86` and `arm` say what a word is there, and hold what does
//! not fit that form (instructions made for SHA-256).
#![no_std]

#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
mod arm;
mod constants;
mod hasher;
mod header;
mod implementation;
mod lanes;
pub mod measure;
mod portable;
mod prepared;
mod rounds;
mod scan;
mod target;
mod word;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use hasher::Hasher;
pub use header::Candidate;
pub use implementation::Implementation;
pub use scan::Scan;
pub use target::Target;

/// SHA-256 of any bytes.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    Hasher::best().sha256(data)
}

/// SHA-256 of the SHA-256 of any bytes.
pub fn sha256d(data: &[u8]) -> [u8; 32] {
    Hasher::best().sha256d(data)
}

/// The state after the first 64 bytes of a header, as eight words in the order of
/// FIPS 180-4.
pub fn midstate(first64: &[u8; 64]) -> [u32; 8] {
    Hasher::best().midstate(first64)
}

/// One midstate for each of `versions`, put in place of the version in `first64`: all of them
/// in one pass. Stops at the shorter of `versions` and `out`.
pub fn midstates_for_versions(first64: &[u8; 64], versions: &[u32], out: &mut [[u32; 8]]) {
    Hasher::best().midstates_for_versions(first64, versions, out);
}

/// The hash of the header that continues `midstate` with `tail` and `nonce_wire` (the
/// nonce's four bytes as they stand in the header, which is how chips send them).
pub fn finish(midstate: &[u32; 8], tail: &[u8; 12], nonce_wire: [u8; 4]) -> [u8; 32] {
    Hasher::best().finish(midstate, tail, nonce_wire)
}

/// The hash of a whole header.
pub fn hash_header(header: &[u8; 80]) -> [u8; 32] {
    Hasher::best().hash_header(header)
}

/// The candidate's hash, if that is at most `target`. If its most significant word is too large,
/// the rest of it is not made.
pub fn verify(item: &Candidate, target: &Target) -> Option<[u8; 32]> {
    Hasher::best().verify(item, target)
}

/// For each candidate its hash, if that is at most `target`. The candidates are independent of
/// each other and computed side by side; one whose most significant word is too large is
/// dropped before the rest of its hash is made. Stops at the shorter of `items` and `out`.
pub fn verify_batch(items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
    Hasher::best().verify_batch(items, target, out);
}

/// [`verify_batch`] for whole headers.
pub fn verify_headers(headers: &[[u8; 80]], target: &Target, out: &mut [Option<[u8; 32]>]) {
    Hasher::best().verify_headers(headers, target, out);
}

/// The merkle root of a transaction at the leftmost place, from its hash and the
/// branches that stand to its right, lowest first. All 32 bytes are as hashed, which is
/// header order.
pub fn merkle_root(coinbase_hash: &[u8; 32], branches: &[[u8; 32]]) -> [u8; 32] {
    Hasher::best().merkle_root(coinbase_hash, branches)
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
