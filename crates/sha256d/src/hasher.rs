//! The operations, by one implementation.

// Some modules lend the safe functions of `portable` for what they have no better way for.
#![allow(unsafe_code, unused_unsafe)]

use crate::constants::INITIAL;
use crate::header::{Candidate, hash_bytes, to_bytes};
use crate::implementation::Implementation;
use crate::portable;
use crate::scan::Scan;
use crate::target::Target;

/// The operations of this library, computed by one [`Implementation`].
///
/// The functions of the crate's root are those of [`Hasher::best`]; another one is for tests
/// and measurements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hasher(Implementation);

/// Call a function of the module that belongs to an implementation; `_` stands for what the
/// other modules do where they have nothing of their own.
macro_rules! by {
    ($hasher:expr, $call:ident($($arg:expr),*)) => {
        match $hasher.0 {
            // SAFETY (of each): a `Hasher` is made only where the processor has what its
            // implementation needs.
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx2 => unsafe { crate::x86::avx2::$call($($arg),*) },
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx512 => unsafe { crate::x86::avx512::$call($($arg),*) },
            #[cfg(target_arch = "x86_64")]
            Implementation::ShaNi => unsafe { crate::x86::sha_ni::$call($($arg),*) },
            #[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
            Implementation::Neon => unsafe { crate::arm::neon::$call($($arg),*) },
            #[cfg(target_arch = "aarch64")]
            Implementation::ArmSha2 => unsafe { crate::arm::sha2::$call($($arg),*) },
            _ => portable::$call($($arg),*),
        }
    };
}

impl Hasher {
    /// The fastest one here.
    pub fn best() -> Hasher {
        Hasher(Implementation::best())
    }

    /// By this implementation, or `None` if this processor cannot run it.
    pub fn forced(implementation: Implementation) -> Option<Hasher> {
        implementation
            .is_available()
            .then_some(Hasher(implementation))
    }

    /// What computes here.
    pub const fn implementation(self) -> Implementation {
        self.0
    }

    /// See [`crate::sha256`].
    pub fn sha256(self, data: &[u8]) -> [u8; 32] {
        to_bytes(&self.sha256_words(data))
    }

    /// See [`crate::sha256d`].
    pub fn sha256d(self, data: &[u8]) -> [u8; 32] {
        let first = self.sha256_words(data);
        let mut state = INITIAL;
        self.compress(&mut state, &hash_bytes(&first));
        to_bytes(&state)
    }

    /// See [`crate::midstate`].
    pub fn midstate(self, first64: &[u8; 64]) -> [u32; 8] {
        let mut state = INITIAL;
        self.compress(&mut state, first64);
        state
    }

    /// See [`crate::midstates_for_versions`].
    pub fn midstates_for_versions(
        self,
        first64: &[u8; 64],
        versions: &[u32],
        out: &mut [[u32; 8]],
    ) {
        let count = versions.len().min(out.len());
        by!(
            self,
            midstates(first64, &versions[..count], &mut out[..count])
        );
    }

    /// See [`crate::finish`].
    pub fn finish(self, midstate: &[u32; 8], tail: &[u8; 12], nonce_wire: [u8; 4]) -> [u8; 32] {
        by!(self, finish(midstate, tail, nonce_wire))
    }

    /// See [`crate::hash_header`].
    pub fn hash_header(self, header: &[u8; 80]) -> [u8; 32] {
        let (first, _) = header.as_chunks::<64>();
        let mut tail = [0; 12];
        tail.copy_from_slice(&header[64..76]);
        let mut nonce_wire = [0; 4];
        nonce_wire.copy_from_slice(&header[76..]);
        self.finish(&self.midstate(&first[0]), &tail, nonce_wire)
    }

    /// See [`crate::verify`].
    #[inline]
    pub fn verify(self, item: &Candidate, target: &Target) -> Option<[u8; 32]> {
        // Whether there is a hash comes in a register. An `Option` would come by memory, and of
        // `None` one byte would be written: whoever moves it loads that byte together with
        // others, and has to wait until it has reached the cache.
        let mut hash = [0; 32];
        by!(self, verify_one(item, target, &mut hash)).then_some(hash)
    }

    /// See [`crate::verify_batch`].
    pub fn verify_batch(self, items: &[Candidate], target: &Target, out: &mut [Option<[u8; 32]>]) {
        let count = items.len().min(out.len());
        by!(self, verify(&items[..count], target, &mut out[..count]));
    }

    /// See [`crate::verify_headers`].
    pub fn verify_headers(
        self,
        headers: &[[u8; 80]],
        target: &Target,
        out: &mut [Option<[u8; 32]>],
    ) {
        let count = headers.len().min(out.len());
        by!(
            self,
            verify_headers(&headers[..count], target, &mut out[..count])
        );
    }

    /// See [`crate::merkle_root`].
    pub fn merkle_root(self, coinbase_hash: &[u8; 32], branches: &[[u8; 32]]) -> [u8; 32] {
        let mut root = *coinbase_hash;
        for branch in branches {
            let mut pair = [0; 64];
            pair[..32].copy_from_slice(&root);
            pair[32..].copy_from_slice(branch);
            root = self.sha256d(&pair);
        }
        root
    }

    /// The place of the first of `words` whose hash has a top word of at most `limit`: see
    /// [`Scan`].
    pub(crate) fn scan(self, scan: &Scan, words: &[u32], limit: u32) -> Option<usize> {
        by!(self, scan(scan.prepared(), words, limit))
    }

    /// The state after the padded `data`.
    fn sha256_words(self, data: &[u8]) -> [u32; 8] {
        let mut state = INITIAL;
        let (blocks, rest) = data.as_chunks::<64>();
        for block in blocks {
            self.compress(&mut state, block);
        }
        let mut block = [0; 64];
        block[..rest.len()].copy_from_slice(rest);
        block[rest.len()] = 0x80;
        if rest.len() >= 56 {
            self.compress(&mut state, &block);
            block = [0; 64];
        }
        // A message of 2^61 bytes does not fit any memory: the length in bits fits.
        let bits = (data.len() as u64) << 3;
        block[56..].copy_from_slice(&bits.to_be_bytes());
        self.compress(&mut state, &block);
        state
    }

    /// Advance `state` by one block.
    fn compress(self, state: &mut [u32; 8], block: &[u8; 64]) {
        by!(self, compress(state, block));
    }
}
