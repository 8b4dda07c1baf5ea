//! How a model is made, and why it cannot be.

use super::{Timed, Variation, Weather};

/// What carries the heat away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Cooling {
    /// Fans.
    #[default]
    Air,
    /// Water through cold plates, pumped from outside; the fans are gone.
    Hydro,
    /// Oil around the boards, pumped from outside; the fans are gone.
    Immersion,
}

/// How a model is made.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Determines silicon, fans and noise.
    pub seed: u64,
    /// What carries the heat away.
    pub cooling: Cooling,
    /// How this machine differs from the table, and where it stands.
    pub variation: Variation,
    /// How the inlet's temperature changes.
    pub weather: Weather,
    /// What goes wrong.
    pub faults: Vec<Timed>,
    /// 1 is exact; k makes every step k times as long, up to [`THINNING_MAX`](super::THINNING_MAX).
    pub thinning: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            seed: 1,
            cooling: Cooling::Air,
            variation: Variation::NOMINAL,
            weather: Weather::STEADY,
            faults: Vec::new(),
            thinning: 1,
        }
    }
}

/// Why a model cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PhysicsError {
    /// The machine has no entry in [`MACHINES`](super::machines::MACHINES).
    UnknownMachine(String),
    /// The twin has no model of the chip.
    UnknownChip(String),
}

impl core::fmt::Display for PhysicsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            PhysicsError::UnknownMachine(model) => write!(
                f,
                "the twin has no physics of `{model}`; add it to physics/machines.rs"
            ),
            PhysicsError::UnknownChip(chip) => write!(f, "the twin has no model of chip `{chip}`"),
        }
    }
}

impl std::error::Error for PhysicsError {}
