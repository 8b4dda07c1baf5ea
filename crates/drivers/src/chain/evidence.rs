//! Expected and seen nonces, per chip and per domain: the owner's truth about silicon.
//!
//! Expected nonces accrue with time while the chips have work, at the model's rate for
//! the present frequency. Seen ones are those that a verdict found genuine. Which chip a
//! nonce came from is read from its bits, or from its wire id where each chip has work of its
//! own: good for statistics, never for correctness.

use protocol::Shape;
use telemetry::Chip;
use units::Instant;

use crate::poisson;

/// A voltage domain's evidence.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Domain {
    /// Place from the host.
    pub index: u16,
    /// Chips in it.
    pub chips: u16,
    /// Verified nonces attributed to it.
    pub nonces: u64,
    /// Nonces that the model expects.
    pub expected: f64,
    /// Seen over expected, 95 % interval; `None` while nothing is expected.
    pub ratio: Option<(f64, f64)>,
    /// Nonces from it that fit no work.
    pub hw_errors: u64,
}

#[derive(Clone, Copy, Default, Debug)]
struct Counts {
    nonces: u64,
    hw_errors: u64,
}

/// The evidence of one chain since the start of the process.
#[derive(Debug)]
pub(super) struct Evidence {
    chips: Vec<Counts>,
    /// Nonces that one chip was expected to return.
    expected_per_chip: f64,
    expected: f64,
    nonces: u64,
    hw_errors: u64,
    accrued: Instant,
    /// Nonces per second of one chip, now.
    rate: f64,
    /// Chips that hash.
    found: u16,
}

impl Evidence {
    pub(super) fn new(shape: &Shape) -> Self {
        Evidence {
            chips: vec![Counts::default(); usize::from(shape.chips)],
            expected_per_chip: 0.0,
            expected: 0.0,
            nonces: 0,
            hw_errors: 0,
            accrued: Instant::ZERO,
            rate: 0.0,
            found: 0,
        }
    }

    /// Count time up to `now`, of which the chips had work until `busy_until`. Returns
    /// the nonces that were to be expected of the chain in it.
    pub(super) fn accrue(&mut self, now: Instant, busy_until: Instant) -> f64 {
        let until = now.min(busy_until);
        let per_chip = until.since(self.accrued).as_secs_f64() * self.rate;
        self.accrued = now;
        let all = per_chip * f64::from(self.found);
        self.expected_per_chip += per_chip;
        self.expected += all;
        all
    }

    /// From now on each of `found` chips is expected to return `rate` nonces per second.
    /// Call after [`accrue`](Self::accrue) for the same instant.
    pub(super) fn set_rate(&mut self, now: Instant, found: u16, rate: f64) {
        self.accrued = now;
        self.found = found;
        self.rate = rate;
    }

    /// What became of a nonce of the chip at this place, which may lie past the chain's end.
    pub(super) fn verdict(&mut self, place: u16, ok: bool) {
        let chip = self.chips.get_mut(usize::from(place));
        let mut none = Counts::default();
        let chip = chip.unwrap_or(&mut none);
        if ok {
            chip.nonces += 1;
            self.nonces += 1;
        } else {
            chip.hw_errors += 1;
            self.hw_errors += 1;
        }
    }

    /// Good nonces of each chip that hashes, in chain order. What does not fit may be damage
    /// that passed the checksum, and then it names any chip.
    pub(super) fn heard(&self) -> impl Iterator<Item = u64> {
        let hashing = self.chips.iter().take(usize::from(self.found));
        hashing.map(|c| c.nonces)
    }

    /// What one chip was expected to return, up to the last accrual.
    pub(super) fn expected_per_chip(&self) -> f64 {
        self.expected_per_chip
    }

    pub(super) fn nonces(&self) -> u64 {
        self.nonces
    }

    pub(super) fn hw_errors(&self) -> u64 {
        self.hw_errors
    }

    /// What was expected of the chain up to `now`.
    pub(super) fn expected(&self, now: Instant, busy_until: Instant) -> f64 {
        self.expected + self.open(now, busy_until) * f64::from(self.found)
    }

    fn open(&self, now: Instant, busy_until: Instant) -> f64 {
        now.min(busy_until).since(self.accrued).as_secs_f64() * self.rate
    }

    /// Every chip of the board, in chain order.
    pub(super) fn chips(&self, shape: &Shape, now: Instant, busy_until: Instant) -> Vec<Chip> {
        let expected = self.expected_per_chip + self.open(now, busy_until);
        let per_domain = shape.chips_per_domain();
        self.chips
            .iter()
            .zip(0u16..)
            .map(|(counts, index)| {
                let ratio = ratio(counts.nonces, expected);
                Chip {
                    index,
                    domain: index / per_domain,
                    nonces: counts.nonces,
                    expected,
                    ratio_low: ratio.map(|r| r.0),
                    ratio_high: ratio.map(|r| r.1),
                    hw_errors: counts.hw_errors,
                }
            })
            .collect()
    }

    /// Every voltage domain of the board, from the host outwards.
    pub(super) fn domains(&self, shape: &Shape, now: Instant, busy_until: Instant) -> Vec<Domain> {
        let expected_per_chip = self.expected_per_chip + self.open(now, busy_until);
        self.chips
            .chunks(usize::from(shape.chips_per_domain()))
            .zip(0u16..)
            .map(|(chips, index)| {
                let nonces = chips.iter().map(|c| c.nonces).sum();
                let expected = expected_per_chip * chips.len() as f64;
                Domain {
                    index,
                    chips: chips.len() as u16,
                    nonces,
                    expected,
                    ratio: ratio(nonces, expected),
                    hw_errors: chips.iter().map(|c| c.hw_errors).sum(),
                }
            })
            .collect()
    }
}

fn ratio(seen: u64, expected: f64) -> Option<(f64, f64)> {
    (expected > 0.0).then(|| {
        let (low, high) = poisson::interval95(seen);
        (low / expected, high / expected)
    })
}
