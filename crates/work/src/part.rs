//! How a job's headers are divided among chains.

use units::{RollingNeed, VERSION_SHIFT};

use crate::job::Job;
use crate::versions::VersionBits;

/// The part of a job's headers that belongs to one chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    /// First extranonce2 value.
    pub(crate) extranonce2_base: u64,
    /// How many extranonce2 values: at least 1.
    pub(crate) extranonce2_count: u64,
    /// Header version with the chain's own prefix set and every bit that it rolls clear.
    pub(crate) version: u32,
    /// Bits that distinguish the versions of this part on the host's side.
    pub(crate) bits: VersionBits,
    /// Versions that one item takes from `bits`: 1, 2 or 4, a divisor of their count.
    pub(crate) versions_per_item: u8,
    /// Bits left to the chip; `None` if the host rolls.
    pub(crate) chip_mask: Option<u32>,
    /// Only ntimes with this remainder modulo the second number are the chain's.
    pub(crate) ntime_class: (u32, u32),
}

impl Part {
    /// Version groups per extranonce2 value: at least 1.
    pub(crate) fn groups(&self) -> u64 {
        (self.bits.count() / u64::from(self.versions_per_item)).max(1)
    }

    /// Units of a cycle.
    pub(crate) fn units(&self) -> u128 {
        u128::from(self.extranonce2_count) * u128::from(self.groups())
    }

    /// The chain's first ntime that is not before `ntime`; `None` past the end of time.
    pub(crate) fn ntime_from(&self, ntime: u32) -> Option<u32> {
        let (class, modulus) = self.ntime_class;
        let modulus = modulus.max(1);
        // Both remainders are below the modulus, which is the number of chains.
        let wait = (class + modulus - ntime % modulus) % modulus;
        ntime.checked_add(wait)
    }
}

/// How many values extranonce2 has, as far as a counter of 64 bits tells them apart.
fn extranonce2_values(size: u8) -> u64 {
    1u64.checked_shl(8 * u32::from(size)).unwrap_or(u64::MAX)
}

/// Whether the chains' parts cover the same extranonce2 values.
pub(crate) fn shares_extranonce2(parts: &[Part]) -> bool {
    parts
        .windows(2)
        .any(|pair| pair[0].extranonce2_base == pair[1].extranonce2_base)
}

/// Divide the job among the chains.
pub(crate) fn parts(job: &Job, chains: &[RollingNeed]) -> Vec<Part> {
    let count = chains.len().max(1);
    let values = extranonce2_values(job.extranonce2_size);
    let by_extranonce2 = values >= count as u64;
    let prefix_bits = count.next_power_of_two().trailing_zeros();
    let split = if by_extranonce2 {
        None
    } else {
        VersionBits::new(job.version_mask).split_high(prefix_bits)
    };
    chains
        .iter()
        .enumerate()
        .map(|(i, need)| {
            let (extranonce2_base, extranonce2_count) = if by_extranonce2 {
                let each = values / count as u64;
                (each * i as u64, each)
            } else {
                (0, values)
            };
            let (prefix, rest) = match split {
                Some((high, rest)) => (VersionBits::new(high).nth(i as u64), rest),
                None => (0, job.version_mask),
            };
            let by_time = !by_extranonce2 && split.is_none();
            let (bits, versions_per_item, chip_mask) = version_part(rest, *need);
            Part {
                extranonce2_base,
                extranonce2_count,
                version: job.rolled_version(prefix),
                bits,
                versions_per_item,
                chip_mask,
                ntime_class: if by_time {
                    (i as u32, count as u32)
                } else {
                    (0, 1)
                },
            }
        })
        .collect()
}

/// The host's bits, how many versions an item takes from them, and the chip's bits.
fn version_part(mask: u32, need: RollingNeed) -> (VersionBits, u8, Option<u32>) {
    match need {
        RollingNeed::Host { midstates } => {
            let wanted: u8 = match midstates {
                0 | 1 => 1,
                2 | 3 => 2,
                _ => 4,
            };
            let bits = VersionBits::new(mask);
            let granted = u8::try_from(bits.count()).unwrap_or(u8::MAX);
            (bits, wanted.min(granted), None)
        }
        RollingNeed::Chip { bits, .. } => {
            let chip = ((1u32 << bits.min(16)) - 1) << VERSION_SHIFT;
            (VersionBits::new(mask & !chip), 1, Some(mask & chip))
        }
    }
}
