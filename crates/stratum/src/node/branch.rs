//! The way from a coinbase that is not made yet to the merkle root of its block.

use sha256d::sha256d;

/// The branch of the coinbase of a block with these transactions beside it: their ids in
/// header order, in the block's order. Folding a coinbase's id with it, each hash on the
/// right, gives the merkle root. At most 32 hashes for any list that fits in memory.
pub fn coinbase_branch(mut txids: Vec<[u8; 32]>) -> Vec<[u8; 32]> {
    let mut branch = Vec::new();
    // The level without its first node, whose hash the coinbase decides.
    while let Some(first) = txids.first().copied() {
        branch.push(first);
        // A level of odd length, the coinbase's node counted, has its last node twice.
        if txids.len().is_multiple_of(2) {
            txids.push(txids[txids.len() - 1]);
        }
        txids = txids[1..].chunks_exact(2).map(pair).collect();
    }
    branch
}

fn pair(nodes: &[[u8; 32]]) -> [u8; 32] {
    sha256d(nodes.as_flattened())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::hashes::Hash;

    /// By the whole tree, with somebody else's code.
    fn root(ids: &[[u8; 32]]) -> [u8; 32] {
        let hashes = ids.iter().map(|id| bitcoin::Txid::from_byte_array(*id));
        let root = bitcoin::merkle_tree::calculate_root(hashes).expect("a coinbase at least");
        root.to_byte_array()
    }

    #[test]
    fn coinbase_and_branch_give_the_root_of_the_whole_tree() {
        for count in 0..70u8 {
            let others: Vec<[u8; 32]> = (0..count).map(|i| sha256d(&[i])).collect();
            let coinbase = sha256d(b"coinbase");
            let branch = coinbase_branch(others.clone());
            let whole: Vec<_> = std::iter::once(coinbase).chain(others).collect();
            assert_eq!(
                sha256d::merkle_root(&coinbase, &branch),
                root(&whole),
                "{count}"
            );
        }
    }
}
