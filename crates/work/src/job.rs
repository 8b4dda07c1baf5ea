//! A pool's job, and the headers' parts that follow from it.

use core::fmt;
use std::sync::Arc;

use bitcoin::consensus::encode;
use units::{Instant, JobKey};

use crate::Target;

/// The longest extranonce2 that a pool may ask for, in bytes. Policy: proxies in the field
/// stay far below it; a session refuses more.
pub const EXTRANONCE2_MAX: u8 = 32;

/// A pool's job with everything that its shares will need, so that a later change of
/// difficulty, extranonce or version mask cannot touch it.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    /// Name of the job in this process.
    pub key: JobKey,
    /// The pool's name, opaque.
    pub pool_job_id: Arc<str>,
    /// Hash of the previous block in header order.
    pub prev_hash: [u8; 32],
    /// Coinbase before the extranonces, without witness data.
    pub coinbase1: Arc<[u8]>,
    /// Coinbase after the extranonces.
    pub coinbase2: Arc<[u8]>,
    /// Merkle branches, lowest first, as hashed.
    pub branches: Arc<[[u8; 32]]>,
    /// The pool's part of the coinbase space.
    pub extranonce1: Arc<[u8]>,
    /// Bytes of the miner's part: 0 to [`EXTRANONCE2_MAX`].
    pub extranonce2_size: u8,
    /// The merkle root, where the pool gives it in place of a coinbase (a standard channel of
    /// Stratum V2). The coinbase's parts and branches are then empty, and there is no
    /// extranonce2: versions and ntime alone make the job's headers.
    pub fixed_root: Option<[u8; 32]>,
    /// Header version. Its bits inside the mask are replaced by the rolled ones.
    pub version: u32,
    /// Version bits that may be rolled: granted by the pool; zero if none.
    pub version_mask: u32,
    /// Compact network target.
    pub nbits: u32,
    /// Header time at receipt.
    pub ntime: u32,
    /// Every older job is void, in the chips too.
    pub clean: bool,
    /// What the pool accepts as a share of this job.
    pub share_target: Target,
    /// What the network accepts as a block.
    pub network_target: Target,
    /// The pool takes a block that misses its share target. They differ so only where blocks
    /// are easier than shares, as on test networks.
    pub takes_easy_blocks: bool,
    /// When the job arrived: ntime advances from here.
    pub received_at: Instant,
}

impl Job {
    /// The extranonce2 bytes that stand for the counter value `v`: the value big-endian
    /// in the first 8 bytes (in all of them if there are fewer), the rest zero.
    pub fn extranonce2_bytes(&self, v: u64) -> Vec<u8> {
        let mut out = vec![0; usize::from(self.extranonce2_size)];
        write_extranonce2(v, &mut out);
        out
    }

    /// The coinbase transaction without witness data, with `v` as extranonce2.
    pub fn coinbase(&self, v: u64) -> Vec<u8> {
        let extranonce2 = self.extranonce2_bytes(v);
        [
            &self.coinbase1[..],
            &self.extranonce1,
            &extranonce2,
            &self.coinbase2,
        ]
        .concat()
    }

    /// The merkle root in header order, with `v` as extranonce2.
    pub fn merkle_root(&self, v: u64) -> [u8; 32] {
        self.root_over(&self.coinbase(v))
    }

    /// The merkle root over an assembled coinbase.
    pub(crate) fn root_over(&self, coinbase: &[u8]) -> [u8; 32] {
        self.fixed_root
            .unwrap_or_else(|| sha256d::merkle_root(&sha256d::sha256d(coinbase), &self.branches))
    }

    /// Names everything that decides which headers the job has, its time and version
    /// apart: jobs with the same fingerprint have the same merkle roots over the same
    /// block, whatever the pool calls them.
    pub fn content_fingerprint(&self) -> [u8; 32] {
        let mut content = Vec::with_capacity(
            128 + self.coinbase1.len() + self.coinbase2.len() + 32 * self.branches.len(),
        );
        content.extend_from_slice(&self.prev_hash);
        content.extend_from_slice(&self.nbits.to_le_bytes());
        content.push(self.extranonce2_size);
        for part in [&self.coinbase1, &self.extranonce1, &self.coinbase2] {
            // Lengths keep neighbouring parts apart.
            content.extend_from_slice(&(part.len() as u64).to_le_bytes());
            content.extend_from_slice(part);
        }
        content.extend_from_slice(self.branches.as_flattened());
        if let Some(root) = &self.fixed_root {
            // One byte more than branches can end with.
            content.push(1);
            content.extend_from_slice(root);
        }
        sha256d::sha256d(&content)
    }

    /// The header version with `bits` rolled. Bits outside the mask are ignored.
    pub fn rolled_version(&self, bits: u32) -> u32 {
        (self.version & !self.version_mask) | (bits & self.version_mask)
    }

    /// Whether the assembled coinbase is a coinbase transaction. For diagnosis: a pool
    /// that gets this wrong rejects every share, and this says why. Jobs are not refused
    /// because of it, since only the pool knows what it can use. A job with a fixed root
    /// shows no coinbase, and passes.
    pub fn check_coinbase(&self) -> Result<(), CoinbaseFault> {
        if self.fixed_root.is_some() {
            return Ok(());
        }
        let bytes = self.coinbase(0);
        let transaction: bitcoin::Transaction =
            encode::deserialize(&bytes).map_err(|e| CoinbaseFault::Decode(e.to_string()))?;
        if transaction.is_coinbase() {
            Ok(())
        } else {
            Err(CoinbaseFault::NotCoinbase)
        }
    }
}

/// Why an assembled coinbase is not one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CoinbaseFault {
    /// The bytes are not one transaction.
    Decode(String),
    /// They are a transaction that spends something.
    NotCoinbase,
}

impl fmt::Display for CoinbaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CoinbaseFault::Decode(why) => write!(f, "the coinbase is not a transaction: {why}"),
            CoinbaseFault::NotCoinbase => f.write_str("the transaction is not a coinbase"),
        }
    }
}

impl std::error::Error for CoinbaseFault {}

/// Write the counter value `v` into the extranonce2 bytes; see [`Job::extranonce2_bytes`].
/// A value that needs more bytes than there are loses its high ones.
pub(crate) fn write_extranonce2(v: u64, out: &mut [u8]) {
    out.fill(0);
    let bytes = v.to_be_bytes();
    let used = out.len().min(8);
    out[..used].copy_from_slice(&bytes[8 - used..]);
}
