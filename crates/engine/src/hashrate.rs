//! What pools are told of the machine's hashrate: hashes really computed. On a twin that is far
//! less than what is shown, which stands for silicon.

use units::{DifficultyOne, Duration, HashRate};

use crate::config::EngineConfig;
use crate::engine::Engine;

/// Policy: the window that is told spans a quarter of an hour, so that a minute more or less
/// changes little; a client passes on only what makes a difference.
pub(crate) const EVERY: Duration = Duration::from_secs(60);

/// By the machine's rating, before it has hashed.
pub(crate) fn nominal(config: &EngineConfig) -> f64 {
    let rated = HashRate::from_ths(config.machine.rated_ths);
    computed(rated.hs(), config.difficulty_one)
}

impl Engine {
    /// Tell pools, once in a while, what was computed of late.
    pub(crate) fn tell_hashrate(&mut self) {
        if self.now < self.hashrate_due {
            return;
        }
        self.hashrate_due = self.now + EVERY;
        let ticket_hashes = self.chains.first().map_or(0.0, |c| c.ticket_hashes);
        let [_, _, quarter, _] = self.rates.per_second(self.now);
        // A machine at rest keeps its word of before: it will hash again.
        let Some(nonces) = quarter.filter(|nonces| *nonces > 0.0) else {
            return;
        };
        let hashes_per_s = computed(nonces * ticket_hashes, self.config.difficulty_one);
        let input = stratum::policy::Input::Hashrate { hashes_per_s };
        self.pools.handle(self.now, input);
    }
}

/// Hashes behind a hashrate as it is shown: `2^bits` in place of the `2^32` of Bitcoin's
/// difficulty one.
fn computed(shown: f64, one: DifficultyOne) -> f64 {
    shown * 2f64.powi(i32::from(one.zero_bits()) - 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_computes_less_than_it_shows_and_silicon_does_not() {
        assert_eq!(computed(110e12, DifficultyOne::BITCOIN), 110e12);
        let twin = DifficultyOne::from_zero_bits(2).expect("a scale");
        assert_eq!(computed(2f64.powi(40), twin), 1024.0);
    }
}
