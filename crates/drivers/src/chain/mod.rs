//! One chain of chips.

mod api;

pub use api::{ChainConfig, ConfigError, Effect, Input, Needs, RollingNeed};

use telemetry::ChainState;
use units::{HashRate, Instant, TicketDifficulty};

/// One chain of chips, from power-on to hashing and back.
pub struct Chain {
    config: ChainConfig,
}

impl Chain {
    /// A chain that is off. Nothing happens before [`Input::Start`].
    pub fn new(config: ChainConfig) -> Result<Chain, ConfigError> {
        Ok(Chain { config })
    }

    /// Consume one input.
    pub fn handle(&mut self, _now: Instant, _input: Input) {}

    /// What to do outside; call until `None` after every [`handle`](Chain::handle).
    pub fn next_effect(&mut self) -> Option<Effect> {
        None
    }

    /// When [`Input::Wake`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// What this chain needs of a scheduler. Constant in its life.
    pub fn needs(&self) -> Needs {
        Needs {
            rolling: RollingNeed::Host { midstates: 4 },
            wire_id_step: 4,
            wire_id_count: 32,
            ticket: TicketDifficulty::from_log2(8).unwrap_or(self.ticket()),
        }
    }

    fn ticket(&self) -> TicketDifficulty {
        TicketDifficulty::from_difficulty_floor(units::Difficulty::ONE)
    }

    /// What the chips found should do at their present frequency; zero unless hashing.
    pub fn nominal(&self) -> HashRate {
        HashRate::default()
    }

    /// What the chain does.
    pub fn state(&self) -> ChainState {
        ChainState::Off
    }

    /// The chain as the snapshot shows it, without chips.
    pub fn status(&self, _now: Instant) -> telemetry::Chain {
        telemetry::Chain {
            slot: self.config.slot.0,
            state: ChainState::Off,
            chips_expected: self.config.hashboard.chips,
            chips_found: None,
            frequency_mhz: None,
            voltage_mv: None,
            hashrate_ths: None,
            hw_errors: 0,
            nonces: 0,
            nonces_expected: 0.0,
            damaged_frames: 0,
            restarts: 0,
            chips: None,
        }
    }

    /// Evidence per chip, in chain order.
    pub fn chips(&self, _now: Instant) -> Vec<telemetry::Chip> {
        Vec::new()
    }
}
