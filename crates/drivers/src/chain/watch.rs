//! Chips that return nothing good any more while their chain hashes.
//!
//! Which chip a nonce came from is read from its bits, which is doubted for some chips. So
//! this only ever warns: a chain is not restarted for it, and where the chain as a whole
//! returns what is expected of all its chips, nobody is accused.

use protocol::Shape;
use telemetry::Code;
use units::{Duration, Instant};

use super::evidence::Evidence;
use super::mining::Mining;
use super::{Chain, State};
use crate::poisson;

/// Nonces that the others returned on average when it is judged ...
const OTHERS: f64 = 30.0;
/// ... and of a chip that counts as silent, at most: chance does this once in 2 * 10^10
/// times. Not none, since after a job that was lost on the wire a chip goes on into the next
/// one's nonces.
const SILENT: u64 = 2;
/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a look has come to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// Nothing new.
    Nothing,
    /// These chips are silent, in words.
    Lost(String),
    /// All that were lost are heard again.
    Back,
}

/// Counts since a window began.
#[derive(Default, Debug)]
pub(super) struct Watch {
    look: Instant,
    heard: Vec<u64>,
    expected_per_chip: f64,
    /// The silent ones as last told.
    told: Vec<u16>,
    /// Something was told and is not known to be over.
    lost: bool,
}

impl Watch {
    /// The chips start anew: whoever is silent then is told again.
    pub(super) fn restart(&mut self) {
        self.heard.clear();
        self.told.clear();
    }

    /// Look at the evidence of the chips that hash: the first ones of the chain.
    pub(super) fn look(&mut self, now: Instant, evidence: &Evidence, shape: &Shape) -> Seen {
        if now < self.look {
            return Seen::Nothing;
        }
        self.look = now + LOOK_EVERY;
        let heard: Vec<u64> = evidence.heard().collect();
        if heard.len() != self.heard.len() {
            // Another number of chips than before: what they did before does not compare.
            self.begin(heard, evidence);
            return Seen::Nothing;
        }
        let counts = heard.iter().zip(&self.heard);
        let counts: Vec<u64> = counts
            .map(|(now, then)| now.saturating_sub(*then))
            .collect();
        let silent: Vec<u16> = (0u16..)
            .zip(&counts)
            .filter_map(|(chip, count)| (*count <= SILENT).then_some(chip))
            .collect();
        let total: u64 = counts.iter().sum();
        let talking = (counts.len() - silent.len()) as f64;
        let expected_per_chip = evidence.expected_per_chip() - self.expected_per_chip;
        if talking == 0.0 || (total as f64) < OTHERS * talking {
            return Seen::Nothing;
        }
        self.begin(heard, evidence);
        if silent.is_empty() {
            self.told.clear();
            return match core::mem::take(&mut self.lost) {
                true => Seen::Back,
                false => Seen::Nothing,
            };
        }
        if poisson::surely_above(total, expected_per_chip * talking) {
            return Seen::Nothing;
        }
        if silent == self.told {
            return Seen::Nothing;
        }
        let words = describe(&silent, shape, talking as u16, total);
        (self.lost, self.told) = (true, silent);
        Seen::Lost(words)
    }

    fn begin(&mut self, heard: Vec<u64>, evidence: &Evidence) {
        self.heard = heard;
        self.expected_per_chip = evidence.expected_per_chip();
    }
}

impl Chain {
    /// Tells of chips that fell silent, and of their return. While the frequency rises the
    /// ramp's own guard looks on.
    pub(super) fn watch_chips(&mut self, now: Instant) {
        let steady = |mining: &Mining| mining.hashes() && !mining.is_moving();
        if !matches!(&self.state, State::Mining(mining) if steady(mining)) {
            self.watch.restart();
            return;
        }
        match self.watch.look(now, &self.evidence, &self.shape) {
            Seen::Nothing => {}
            Seen::Lost(detail) => self.out.note(now, Code::ChainChipLost, detail),
            Seen::Back => self.out.note(now, Code::ChainChipBack, String::new()),
        }
    }
}

/// Chips by place, counted from the host from 0.
fn describe(silent: &[u16], shape: &Shape, talking: u16, total: u64) -> String {
    let first = silent.first().copied().unwrap_or_default();
    let domain = first / shape.chips_per_domain();
    let to_the_end = silent
        .iter()
        .copied()
        .eq(first..talking + silent.len() as u16);
    let who = match silent {
        [_] => format!("chip {first} in domain {domain} returns"),
        _ if to_the_end => format!("chip {first} in domain {domain} and all behind it return"),
        _ => format!(
            "chip {first} in domain {domain} and {} more return",
            silent.len() - 1
        ),
    };
    format!(
        "{who} next to no good nonces, the other {talking} {} on average",
        total / u64::from(talking.max(1))
    )
}

#[cfg(test)]
mod tests {
    use units::{Megahertz, TicketDifficulty};

    use super::*;

    const CHIPS: u16 = 12;

    struct Bench {
        shape: Shape,
        evidence: Evidence,
        watch: Watch,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            let shape = Shape {
                chips: CHIPS,
                domains: 4,
                address_interval: 2,
                ticket: TicketDifficulty::from_log2(8).expect("a difficulty"),
                target: Megahertz::new(525.0),
                baud: 3_125_000,
                version_mask: 0,
            };
            let mut evidence = Evidence::new(&shape);
            evidence.set_rate(Instant::ZERO, CHIPS, 1.0);
            Bench {
                evidence,
                shape,
                watch: Watch::default(),
                now: Instant::ZERO,
            }
        }

        /// Each second every chip for which `talks` returns a nonce; the first that is
        /// seen in `seconds`.
        fn run(&mut self, seconds: u64, talks: impl Fn(u16) -> bool) -> Seen {
            for _ in 0..seconds {
                self.now += Duration::from_secs(1);
                self.evidence.accrue(self.now, Instant::NEVER);
                for chip in (0..CHIPS).filter(|chip| talks(*chip)) {
                    self.evidence.verdict(chip, true);
                }
                let seen = self.watch.look(self.now, &self.evidence, &self.shape);
                if seen != Seen::Nothing {
                    return seen;
                }
            }
            Seen::Nothing
        }
    }

    #[test]
    fn a_chip_that_falls_silent_is_named_and_welcomed_back() {
        let mut bench = Bench::new();
        assert_eq!(bench.run(200, |_| true), Seen::Nothing);
        let lost = bench.run(60, |chip| chip != 7);
        let words = "chip 7 in domain 2 returns next to no good nonces, the other 11 30 on average";
        assert_eq!(lost, Seen::Lost(words.into()));
        assert_eq!(bench.run(200, |chip| chip != 7), Seen::Nothing, "told once");
        bench.watch.restart();
        assert_eq!(bench.run(60, |chip| chip != 7), lost, "told again");
        assert_eq!(bench.run(60, |_| true), Seen::Back);
        assert_eq!(bench.run(200, |_| true), Seen::Nothing);
    }

    #[test]
    fn a_broken_chain_is_named_by_its_first_silent_chip() {
        let mut bench = Bench::new();
        bench.run(100, |_| true);
        let Seen::Lost(words) = bench.run(120, |chip| chip < 5) else {
            panic!("nothing was seen");
        };
        assert!(
            words.starts_with("chip 5 in domain 1 and all behind it return next to no good nonces"),
            "{words}"
        );
        let Seen::Lost(words) = bench.run(120, |chip| chip % 2 == 0) else {
            panic!("nothing was seen");
        };
        assert!(
            words.starts_with("chip 1 in domain 0 and 5 more return next to no good nonces"),
            "{words}"
        );
    }

    #[test]
    fn nobody_is_accused_while_the_chain_returns_what_all_its_chips_should() {
        let mut bench = Bench::new();
        // A nonce that is read wrongly: six chips get the other six's.
        bench.evidence.set_rate(Instant::ZERO, CHIPS, 0.5);
        assert_eq!(bench.run(1000, |chip| chip < 6), Seen::Nothing);
    }
}
