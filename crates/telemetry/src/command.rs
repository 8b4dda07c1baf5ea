//! What an operator may ask of the engine.

use serde::{Deserialize, Serialize};
use units::{Celsius, Duty, Watts};

/// A request to the engine. It enters through the same queue as every other event and can
/// order nothing that the limits forbid. What comes from outside is an [`Order`](crate::Order)
/// first.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "command")]
#[non_exhaustive]
pub enum Command {
    /// Stop hashing and power the chains down; stay connected to pools.
    Pause,
    /// Hash again after a pause.
    Resume,
    /// Stop hashing and switch the supply off; stay connected to pools.
    Sleep,
    /// Hash again after a sleep.
    Wake,
    /// How fans run.
    Fans(FanWish),
    /// Draw no more than this at the wall.
    PowerCeiling {
        /// Watts; `None`: what the machine may.
        #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
        power_w: Option<Watts>,
    },
    /// Keep the hottest board sensor here while fans are quiet.
    TargetTemperature {
        /// Degrees Celsius; `None`: the machine's own.
        #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
        temp_c: Option<Celsius>,
    },
    /// Let the control board's lights blink, so that somebody in front of many finds this one.
    Locate {
        /// Begin, or end. It ends by itself after ten minutes.
        on: bool,
    },
    /// Ramp down, power off, close sessions: the process is about to end.
    #[cfg_attr(feature = "schema", schemars(skip))]
    Shutdown,
}

/// How fans should run. Safety outranks every mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "mode")]
pub enum FanWish {
    /// By the machine's curve.
    Auto,
    /// As slow as the target temperature allows.
    Quiet,
    /// At this duty.
    Manual {
        /// Percent.
        #[cfg_attr(feature = "schema", schemars(with = "f64"))]
        duty_percent: Duty,
    },
    /// No fans: boards in oil.
    Immersion,
    /// No fans: water plates.
    Hydro,
}

/// How fans run, without a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FanMode {
    /// By the machine's curve.
    Auto,
    /// As slow as the target temperature allows.
    Quiet,
    /// At a duty that the operator gave.
    Manual,
    /// No fans: boards in oil.
    Immersion,
    /// No fans: water plates.
    Hydro,
}

impl FanMode {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            FanMode::Auto => "auto",
            FanMode::Quiet => "quiet",
            FanMode::Manual => "manual",
            FanMode::Immersion => "immersion",
            FanMode::Hydro => "hydro",
        }
    }
}
