//! What hashes are worth: from a job alone, without asking anybody.
//!
//! An estimate and no more: fees of transactions and the pool's own fee are left out, and the
//! subsidy is that of Bitcoin's main network (a halving each 210,000 blocks; consensus rule).

use work::{Job, Target};

/// Satoshis of the first blocks' subsidy, and blocks from one halving to the next.
const SUBSIDY: u64 = 50 * 100_000_000;
const HALVING: u32 = 210_000;
/// Bytes of a coinbase before its script: version, input count, previous output.
const BEFORE_SCRIPT: usize = 4 + 1 + 36;
const DAY_S: f64 = 86_400.0;

/// Hashes that it takes on average to meet a target: 2^256 / (target + 1).
pub(crate) fn hashes_per_share(target: &Target) -> f64 {
    // Difficulty one is 0xffff * 2^208.
    target.difficulty() * 2f64.powi(48) / 65_535.0
}

/// What a block of a job is worth, and what it takes to find one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Prospect {
    prev_hash: [u8; 32],
    hashes_per_block: f64,
    subsidy_sat: Option<u64>,
}

impl Prospect {
    pub(crate) fn of(job: &Job) -> Prospect {
        Prospect {
            prev_hash: job.prev_hash,
            hashes_per_block: hashes_per_share(&job.network_target),
            subsidy_sat: height(&job.coinbase1).map(subsidy),
        }
    }

    /// Blocks on the same one before them are worth the same.
    pub(crate) fn is_of(&self, job: &Job) -> bool {
        self.prev_hash == job.prev_hash
    }

    /// Satoshis a day at this rate. `None` where the height is unknown.
    pub(crate) fn sat_per_day(&self, hashes_per_s: f64) -> Option<f64> {
        let subsidy = self.subsidy_sat? as f64;
        let blocks = hashes_per_s * DAY_S / self.hashes_per_block;
        Some(blocks * subsidy).filter(|sat| sat.is_finite())
    }
}

fn subsidy(height: u32) -> u64 {
    SUBSIDY.checked_shr(height / HALVING).unwrap_or(0)
}

/// The height that a coinbase begins its script with (BIP34): a push of one to four bytes, the
/// lowest first, or one of the small numbers that have an operation of their own. `None` where
/// the first part of the coinbase is no such thing.
fn height(coinbase1: &[u8]) -> Option<u32> {
    const OP_1: u8 = 0x51;
    const OP_16: u8 = 0x60;
    let inputs = *coinbase1.get(4)?;
    // A script is 2 to 100 bytes long: one byte says how long.
    let script = coinbase1.get(BEFORE_SCRIPT + 1..)?;
    if inputs != 1 || !coinbase1.get(5..37)?.iter().all(|byte| *byte == 0) {
        return None;
    }
    match *script.first()? {
        small @ OP_1..=OP_16 => Some(u32::from(small - OP_1 + 1)),
        length @ 1..=4 => {
            let bytes = script.get(1..=usize::from(length))?;
            let height = bytes
                .iter()
                .rev()
                .fold(0u32, |height, byte| height << 8 | u32::from(*byte));
            // The highest bit is a sign, and no height has it.
            (bytes.last()? & 0x80 == 0).then_some(height)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coinbase(script: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 1];
        bytes.extend([0; 32]);
        bytes.extend([0xff; 4]);
        bytes.push(50);
        bytes.extend(script);
        bytes
    }

    #[test]
    fn the_height_is_read_from_the_coinbase() {
        let check = |script: &[u8], expected: Option<u32>| {
            assert_eq!(height(&coinbase(script)), expected, "{script:?}");
        };
        // Block 227,836, the first that had to say it (BIP34).
        check(&[3, 0xfc, 0x79, 0x03, 9, 9], Some(227_836));
        check(&[3, 0x40, 0x0d, 0x0d], Some(855_360));
        check(&[1, 17], Some(17));
        check(&[0x51], Some(1));
        check(&[0x60, 1], Some(16));
        check(&[2, 0x00, 0x80], None);
        check(&[3, 1, 2], None);
        check(&[5, 1, 2, 3, 4, 5], None);
        check(&[0], None);
        check(&[], None);
        assert_eq!(height(&[]), None);
        assert_eq!(height(&[1; 60]), None);
        let mut two = coinbase(&[1, 17]);
        two[4] = 2;
        assert_eq!(height(&two), None);
    }

    #[test]
    fn the_subsidy_halves() {
        let check = |height: u32, sat: u64| assert_eq!(subsidy(height), sat, "{height}");
        check(0, 5_000_000_000);
        check(209_999, 5_000_000_000);
        check(210_000, 2_500_000_000);
        check(840_000, 312_500_000);
        check(6_930_000, 0);
        check(u32::MAX, 0);
    }

    #[test]
    fn a_terahash_earns_what_calculators_say() {
        // Difficulty 100e12 and a subsidy of 3.125: 1 TH/s finds 86,400e12 of the 4.295e23
        // hashes of a block in a day, which is 62.9 satoshis.
        let prospect = Prospect {
            prev_hash: [0; 32],
            hashes_per_block: 100e12 * 4_295_032_833.0,
            subsidy_sat: Some(312_500_000),
        };
        let sat = prospect.sat_per_day(1e12).expect("known");
        assert!((sat - 62.86).abs() < 0.01, "{sat}");
    }

    #[test]
    fn a_share_of_difficulty_one_is_two_to_the_32_hashes_and_a_little() {
        let one = Target::from_nbits(0x1d00_ffff).expect("difficulty one");
        assert_eq!(hashes_per_share(&one).round(), 4_295_032_833.0);
    }
}
