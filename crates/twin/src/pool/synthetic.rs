//! Jobs out of a seed that look like mainnet's.

use units::{Instant, Rng};

use super::job::{Coinbase, Job, TAG_MAX};
use super::options::Synthetic;
use super::target::Target;

/// Makes jobs one after another.
#[derive(Debug)]
pub(super) struct Generator {
    options: Synthetic,
    rng: Rng,
    mask: u32,
    prev_hash: [u8; 32],
    height: u64,
}

impl Generator {
    pub(super) fn new(options: Synthetic, mut rng: Rng, mask: u32) -> Self {
        Generator {
            prev_hash: block_hash(&mut rng),
            // Near mainnet's height when this was written, so that BIP34 heights take
            // three bytes as they do there.
            height: 900_000 + rng.below(10_000),
            options,
            rng,
            mask,
        }
    }

    /// The next job, on a new previous block if it is to void the others.
    pub(super) fn next(&mut self, now: Instant, id: String, new_block: bool) -> Job {
        if new_block {
            self.prev_hash = block_hash(&mut self.rng);
            self.height += 1;
        }
        let rng = &mut self.rng;
        let branches = rng.below(u64::from(self.options.branches_max) + 1);
        let branches = (0..branches).map(|_| random_hash(rng)).collect();
        let mut version = 0x2000_0000;
        if self.options.version_bits_inside_mask && rng.chance(0.5) {
            version |= rng.next_u32() & self.mask & 0x1fff_ffff;
        }
        let elapsed_s = (now.as_nanos() / 1_000_000_000) as u32;
        Job {
            id,
            prev_hash: self.prev_hash,
            coinbase: coinbase(rng, self.height),
            branches,
            version,
            nbits: self.options.nbits,
            ntime: self.options.start_ntime.wrapping_add(elapsed_s),
            network_target: Target::from_nbits(self.options.nbits),
            template: None,
        }
    }
}

/// A payout or two, a commitment of 38 bytes, and sometimes other data outputs: sizes
/// vary so that the extranonce's place in the SHA-256 blocks does, too.
fn coinbase(rng: &mut Rng, height: u64) -> Coinbase {
    let tag = rng.below(TAG_MAX as u64 + 1);
    let tag = (0..tag).map(|_| b' ' + rng.below(95) as u8).collect();
    let mut outputs = vec![(312_500_000 + rng.below(50_000_000), payout(rng))];
    if rng.chance(0.2) {
        outputs.push((rng.below(1_000_000), payout(rng)));
    }
    let mut commitment = vec![0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];
    commitment.extend(random_hash(rng));
    outputs.push((0, commitment));
    for _ in 0..rng.below(3) {
        let len = rng.below(76) as usize;
        let data = (0..len).map(|_| rng.next_u32() as u8);
        outputs.push((0, [0x6a, len as u8].into_iter().chain(data).collect()));
    }
    Coinbase {
        height,
        tag,
        outputs,
    }
}

/// A pay-to-witness script of version 0 (20 bytes) or 1 (32 bytes).
fn payout(rng: &mut Rng) -> Vec<u8> {
    let hash = random_hash(rng);
    if rng.chance(0.5) {
        [&[0x00, 0x14], &hash[..20]].concat()
    } else {
        [&[0x51, 0x20], &hash[..]].concat()
    }
}

/// A hash that could be a mainnet block's: ten zero bytes at its end.
fn block_hash(rng: &mut Rng) -> [u8; 32] {
    let mut hash = random_hash(rng);
    hash[22..].fill(0);
    hash
}

fn random_hash(rng: &mut Rng) -> [u8; 32] {
    let mut hash = [0; 32];
    for chunk in hash.chunks_exact_mut(8) {
        chunk.copy_from_slice(&rng.next_u64().to_le_bytes());
    }
    hash
}
