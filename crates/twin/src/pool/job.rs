//! A job: a block candidate with its nonces left open.

use std::sync::Arc;

use bitcoin::script::Builder;
use sha2::{Digest, Sha256};

use super::target::Target;
use super::template::Template;

/// A job as the pool holds it; each connection sees it with its own extranonce1.
#[derive(Debug)]
pub(super) struct Job {
    /// The name that travels.
    pub id: String,
    /// Hash of the previous block in header order.
    pub prev_hash: [u8; 32],
    /// The coinbase around the extranonces.
    pub coinbase: Coinbase,
    /// Folded on the right of the coinbase's hash, in order.
    pub branches: Vec<[u8; 32]>,
    /// Header version before rolling.
    pub version: u32,
    /// Compact network target.
    pub nbits: u32,
    /// Time, seconds since 1970.
    pub ntime: u32,
    /// `nbits` as a number.
    pub network_target: Target,
    /// The template that it came from, if a node gave it.
    pub template: Option<Arc<Template>>,
}

impl Job {
    /// The header's merkle root for one coinbase.
    pub(super) fn merkle_root(&self, coinbase: &[u8]) -> [u8; 32] {
        self.branches
            .iter()
            .fold(sha256d(coinbase), |left, right| pair(&left, right))
    }

    /// The 80 header bytes.
    pub(super) fn header(&self, coinbase: &[u8], version: u32, ntime: u32, nonce: u32) -> [u8; 80] {
        let mut header = [0; 80];
        header[0..4].copy_from_slice(&version.to_le_bytes());
        header[4..36].copy_from_slice(&self.prev_hash);
        header[36..68].copy_from_slice(&self.merkle_root(coinbase));
        header[68..72].copy_from_slice(&ntime.to_le_bytes());
        header[72..76].copy_from_slice(&self.nbits.to_le_bytes());
        header[76..80].copy_from_slice(&nonce.to_le_bytes());
        header
    }
}

/// A coinbase transaction around its extranonces: one input whose script is height,
/// a push of the extranonces, and a tag.
#[derive(Clone, Debug)]
pub(super) struct Coinbase {
    /// Height of the block (BIP34).
    pub height: u64,
    /// Text that names the pool.
    pub tag: Vec<u8>,
    /// Value in satoshi and script of each output.
    pub outputs: Vec<(u64, Vec<u8>)>,
}

/// Longest tag: with 5 bytes of height, 33 of extranonces and the tag's own push the
/// script stays within consensus' 100 bytes.
pub(super) const TAG_MAX: usize = 60;

impl Coinbase {
    /// The bytes before and after `extranonce_len` bytes of extranonce1 and 2 together
    /// (at most 32), without witness data.
    pub(super) fn parts(&self, extranonce_len: usize) -> (Vec<u8>, Vec<u8>) {
        let height = i64::try_from(self.height).unwrap_or(0);
        let height = Builder::new().push_int(height).into_bytes();
        let tag = &self.tag[..self.tag.len().min(TAG_MAX)];
        let script_len = height.len() + 1 + extranonce_len + 1 + tag.len();
        let mut before = vec![2, 0, 0, 0, 1];
        before.extend([0; 32]);
        before.extend([0xff; 4]);
        // Below 0xfd, so these lengths are single bytes.
        before.push(script_len as u8);
        before.extend(&height);
        before.push(extranonce_len as u8);
        let mut after = vec![tag.len() as u8];
        after.extend(tag);
        after.extend([0xff; 4]);
        after.push(self.outputs.len().min(252) as u8);
        for (value, script) in self.outputs.iter().take(252) {
            after.extend(value.to_le_bytes());
            after.push(script.len().min(252) as u8);
            after.extend(&script[..script.len().min(252)]);
        }
        after.extend([0; 4]);
        (before, after)
    }
}

/// SHA-256 twice.
pub(super) fn sha256d(data: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(data)).into()
}

fn pair(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left);
    both[32..].copy_from_slice(right);
    sha256d(&both)
}

/// The branches that lead from a coinbase to the merkle root over it and `txids`, all in
/// header order.
pub(super) fn merkle_branches(txids: &[[u8; 32]]) -> Vec<[u8; 32]> {
    let mut branches = Vec::new();
    // The level without its first element, which is the coinbase's own path.
    let mut level = txids.to_vec();
    while !level.is_empty() {
        branches.push(level[0]);
        // An odd level (counting the coinbase's path) repeats its last element.
        if level.len().is_multiple_of(2) {
            level.push(level[level.len() - 1]);
        }
        level = level[1..]
            .chunks_exact(2)
            .map(|two| pair(&two[0], &two[1]))
            .collect();
    }
    branches
}

/// A previous hash as `mining.notify` writes it: every group of four bytes reversed.
pub(super) fn swap_groups(hash: &[u8; 32]) -> [u8; 32] {
    let mut out = *hash;
    out.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::hashes::Hash;

    #[test]
    fn branches_lead_to_the_root_for_every_count() {
        for count in 0..20u8 {
            let txids: Vec<[u8; 32]> = (1..=count).map(|i| sha256d(&[i])).collect();
            let coinbase = sha256d(b"coinbase");
            let folded = merkle_branches(&txids)
                .iter()
                .fold(coinbase, |left, right| pair(&left, right));
            let all = std::iter::once(coinbase).chain(txids);
            let expected = bitcoin::merkle_tree::calculate_root(
                all.map(bitcoin::hashes::sha256d::Hash::from_byte_array),
            );
            assert_eq!(expected.map(|h| h.to_byte_array()), Some(folded), "{count}");
        }
    }

    #[test]
    fn a_coinbase_is_a_transaction_of_any_extranonce_length() {
        let coinbase = Coinbase {
            height: 840_000,
            tag: vec![b'x'; 200],
            outputs: vec![(5, vec![0x51]), (0, vec![0x6a; 38])],
        };
        for len in [0, 1, 4, 12, 32] {
            let (mut bytes, after) = coinbase.parts(len);
            bytes.extend(vec![0xee; len]);
            bytes.extend(after);
            let tx: bitcoin::Transaction =
                bitcoin::consensus::deserialize(&bytes).expect("a transaction");
            assert!(tx.is_coinbase());
            let script = tx.input[0].script_sig.as_bytes();
            assert!(script.len() <= 100, "{}", script.len());
            assert_eq!(script[..4], [3, 0x40, 0xd1, 0x0c]);
            assert_eq!(tx.output.len(), 2);
        }
    }

    #[test]
    fn group_swap_is_its_own_inverse() {
        let hash: [u8; 32] = core::array::from_fn(|i| i as u8);
        assert_eq!(swap_groups(&hash)[..8], [3, 2, 1, 0, 7, 6, 5, 4]);
        assert_eq!(swap_groups(&swap_groups(&hash)), hash);
    }
}
