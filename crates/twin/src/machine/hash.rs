//! Double SHA-256 and the chips' target, on the published `sha2` crate.
//!
//! Candidates are found with the workspace's own `sha256d` (it may be vectorised); every
//! one of them is confirmed here before a chip reports it.

use sha2::compress256;
use sha2::digest::generic_array::GenericArray;

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

/// State after one 64-byte block.
pub(crate) fn midstate(block: &[u8; 64]) -> [u32; 8] {
    let mut state = INITIAL;
    compress256(&mut state, &[GenericArray::clone_from_slice(block)]);
    state
}

/// Hash of the header with this midstate, tail and nonce, as produced.
pub(crate) fn header_hash(midstate: &[u32; 8], tail: &[u8; 12], nonce: [u8; 4]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..12].copy_from_slice(tail);
    block[12..16].copy_from_slice(&nonce);
    block[16] = 0x80;
    block[62..].copy_from_slice(&640u16.to_be_bytes());
    let mut state = *midstate;
    compress256(&mut state, &[GenericArray::clone_from_slice(&block)]);

    let mut block = [0; 64];
    for (bytes, word) in block.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    block[32] = 0x80;
    block[62..].copy_from_slice(&256u16.to_be_bytes());
    let mut state = INITIAL;
    compress256(&mut state, &[GenericArray::clone_from_slice(&block)]);

    let mut out = [0; 32];
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

/// Leading zero bits of a hash read as the little-endian number that it is.
pub(crate) fn zero_bits(hash: &[u8; 32]) -> u32 {
    let zero_bytes = hash.iter().rev().take_while(|b| **b == 0).count();
    let next = hash.iter().rev().nth(zero_bytes);
    8 * zero_bytes as u32 + next.map_or(0, |b| b.leading_zeros())
}

/// True if `hash <= 0xffff * 2^(240 - bits)`: the ticket's test, `bits` being the zero
/// bits of difficulty one plus the binary logarithm of the ticket difficulty. `bits` is
/// 64 at most (32 of each).
pub(crate) fn meets_ticket(hash: &[u8; 32], bits: u32) -> bool {
    // hash <= 0xffff * 2^s  <=>  hash / 2^s < 0xffff, or equal with nothing behind it
    let shift = 240 - bits.min(64);
    let above = shr(hash, shift);
    match above {
        None => false,
        Some(v) if v < 0xFFFF => true,
        Some(0xFFFF) => bits_below_are_zero(hash, shift),
        Some(_) => false,
    }
}

/// `hash >> shift` if it fits 32 bits; `shift` is 176 at least.
fn shr(hash: &[u8; 32], shift: u32) -> Option<u32> {
    let mut top = [0; 16];
    top.copy_from_slice(&hash[16..]);
    u32::try_from(u128::from_le_bytes(top) >> (shift - 128)).ok()
}

fn bits_below_are_zero(hash: &[u8; 32], shift: u32) -> bool {
    let (whole, part) = ((shift / 8) as usize, shift % 8);
    hash[..whole].iter().all(|b| *b == 0) && hash[whole] & ((1 << part) - 1) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn header_hash_is_sha256_of_sha256() {
        let header: [u8; 80] = core::array::from_fn(|i| (i * 7) as u8);
        let mut first = [0; 64];
        first.copy_from_slice(&header[..64]);
        let mut tail = [0; 12];
        tail.copy_from_slice(&header[64..76]);
        let nonce = [header[76], header[77], header[78], header[79]];
        let expected: [u8; 32] = Sha256::digest(Sha256::digest(header)).into();
        assert_eq!(header_hash(&midstate(&first), &tail, nonce), expected);
    }

    #[test]
    fn ticket_target_is_exact_at_its_border() {
        // bits = 32: the target is 0xffff * 2^208, bytes 26 and 27.
        let mut hash = [0; 32];
        hash[26] = 0xff;
        hash[27] = 0xff;
        assert!(meets_ticket(&hash, 32));
        assert!(!meets_ticket(&hash, 33));
        hash[0] = 1;
        assert!(!meets_ticket(&hash, 32));
        hash[26] = 0xfe;
        assert!(meets_ticket(&hash, 32));
        hash[28] = 1;
        assert!(!meets_ticket(&hash, 32));
        assert_eq!(zero_bits(&hash), 31);
        assert_eq!(zero_bits(&[0; 32]), 256);
        // bits = 0: the target is 0xffff * 2^240.
        let mut hash = [0xff; 32];
        assert!(!meets_ticket(&hash, 0));
        hash[30] = 0xfe;
        assert!(meets_ticket(&hash, 0));
        // bits = 61: the border lies inside a byte.
        let mut hash = [0; 32];
        let border = 0xffffu64 << 3;
        hash[22..30].copy_from_slice(&border.to_le_bytes());
        assert!(meets_ticket(&hash, 61));
        hash[22] |= 1;
        assert!(!meets_ticket(&hash, 61));
    }
}
