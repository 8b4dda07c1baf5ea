//! What the operator has set, what holds now, and within what it can be set.

use serde::Serialize;

use crate::FanMode;

/// The operator's side of the machine.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Settings {
    /// What the machine is meant to do; survives process and power.
    pub intent: Intent,
    /// How fans run.
    pub fans: FanSettings,
    /// Power at the wall, by the model of the machine.
    pub power_ceiling: Setting,
    /// Of the hottest board sensor, while fans are quiet.
    pub target_temperature: Setting,
}

/// What the machine is meant to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Hash.
    Hash,
    /// Stay off, ready.
    Pause,
    /// Stay off, supply off.
    Sleep,
}

/// How fans run.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FanSettings {
    /// The mode in force.
    pub mode: FanMode,
    /// The modes that this machine takes: what cools it is its own configuration's to say.
    pub modes: Vec<FanMode>,
    /// The duty of manual mode; nothing in force in another.
    pub duty: Setting,
}

/// One number that an operator can set.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Setting {
    /// What the operator set; `None`: nothing, the default holds.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub set: Option<f64>,
    /// What holds now.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub in_force: Option<f64>,
    /// The least that is taken.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub min: f64,
    /// The most that is taken.
    #[serde(serialize_with = "crate::round::plain::<_, 3>")]
    pub max: f64,
    /// What holds where nothing is set; `None`: there is no such thing.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub default: Option<f64>,
    /// `W`, `°C` or `%`.
    pub unit: &'static str,
}

impl Setting {
    /// The value may be set. What is no number may not.
    pub fn takes(&self, value: f64) -> bool {
        (self.min..=self.max).contains(&value)
    }
}
