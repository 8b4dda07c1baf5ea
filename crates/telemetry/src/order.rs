//! A command as it comes from outside, and whether it is one.
//!
//! Every interface reads an [`Order`] with its numbers as they were written, and [`Order::check`]
//! makes a [`Command`] of it or says why not. A number outside the machine's range is refused
//! here, with the range, and never cut in silence; whatever passes is looked at by control again.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use units::{Celsius, Duty, Watts};

use crate::{Code, Command, FanMode, FanWish, Setting, Settings};

/// What somebody outside wants. Unknown fields are refused: a misspelt one must not become a
/// default.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    tag = "command",
    deny_unknown_fields,
    expecting = "an object with a `command`"
)]
#[allow(missing_docs)] // as in `Command`
pub enum Order {
    Pause {},
    Resume {},
    Sleep {},
    Wake {},
    Fans {
        mode: FanMode,
        /// With `manual` and with it alone.
        #[serde(default)]
        duty_percent: Option<f64>,
    },
    PowerCeiling {
        /// Must be there: `null` takes the ceiling away.
        #[serde(deserialize_with = "there")]
        power_w: Option<f64>,
    },
    TargetTemperature {
        /// Must be there: `null` is the default.
        #[serde(deserialize_with = "there")]
        temp_c: Option<f64>,
    },
    Locate {
        on: bool,
    },
    #[cfg_attr(feature = "schema", schemars(skip))]
    Shutdown {},
}

/// Not even `null` is the same as nothing at all.
fn there<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    Option::deserialize(d)
}

/// Why an order is no command.
#[derive(Clone, PartialEq, Debug)]
pub enum OrderRefused {
    /// Only whoever holds the process may.
    NotFromHere,
    /// The machine has no such setting: nothing of it is driven.
    NoSetting(&'static str),
    /// A number outside its range.
    Outside {
        /// Of what.
        what: &'static str,
        /// The number.
        value: f64,
        /// The setting.
        setting: Setting,
    },
    /// The machine does not take this mode.
    Mode {
        /// What was asked for.
        asked: FanMode,
        /// What there is.
        modes: Vec<FanMode>,
    },
    /// Manual mode without its number, or another with one.
    Duty(FanMode),
}

impl Order {
    /// The command that it stands for on a machine with these settings.
    pub fn check(self, settings: Option<&Settings>) -> Result<Command, OrderRefused> {
        let of = |what| settings.ok_or(OrderRefused::NoSetting(what));
        match self {
            Order::Pause {} => Ok(Command::Pause),
            Order::Resume {} => Ok(Command::Resume),
            Order::Sleep {} => Ok(Command::Sleep),
            Order::Wake {} => Ok(Command::Wake),
            Order::Locate { on } => Ok(Command::Locate { on }),
            Order::Shutdown {} => Err(OrderRefused::NotFromHere),
            Order::Fans { mode, duty_percent } => {
                let fans = &of("fan mode")?.fans;
                if !fans.modes.contains(&mode) {
                    let modes = fans.modes.clone();
                    return Err(OrderRefused::Mode { asked: mode, modes });
                }
                wish(mode, duty_percent, &fans.duty).map(Command::Fans)
            }
            Order::PowerCeiling { power_w } => {
                let what = "power ceiling";
                let power_w = within(what, power_w, &of(what)?.power_ceiling)?;
                let power_w = power_w.map(Watts::new);
                Ok(Command::PowerCeiling { power_w })
            }
            Order::TargetTemperature { temp_c } => {
                let what = "target temperature";
                let temp_c = within(what, temp_c, &of(what)?.target_temperature)?;
                let temp_c = temp_c.map(Celsius::new);
                Ok(Command::TargetTemperature { temp_c })
            }
        }
    }
}

fn wish(mode: FanMode, percent: Option<f64>, duty: &Setting) -> Result<FanWish, OrderRefused> {
    let percent = within("fan duty", percent, duty)?;
    match (mode, percent) {
        (FanMode::Manual, Some(percent)) => Ok(FanWish::Manual {
            duty_percent: Duty::from_percent_ceil(percent),
        }),
        (FanMode::Auto, None) => Ok(FanWish::Auto),
        (FanMode::Quiet, None) => Ok(FanWish::Quiet),
        (FanMode::Immersion, None) => Ok(FanWish::Immersion),
        (FanMode::Hydro, None) => Ok(FanWish::Hydro),
        _ => Err(OrderRefused::Duty(mode)),
    }
}

fn within(
    what: &'static str,
    value: Option<f64>,
    setting: &Setting,
) -> Result<Option<f64>, OrderRefused> {
    match value.filter(|value| !setting.takes(*value)) {
        None => Ok(value),
        Some(value) => Err(OrderRefused::Outside {
            what,
            value,
            setting: *setting,
        }),
    }
}

impl OrderRefused {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            OrderRefused::NotFromHere => Code::ApiForbidden,
            OrderRefused::Duty(_) => Code::ApiRequest,
            OrderRefused::NoSetting(_) | OrderRefused::Outside { .. } => Code::ApiRange,
            OrderRefused::Mode { asked, .. } => match asked {
                FanMode::Immersion | FanMode::Hydro => Code::FanLocal,
                _ => Code::ApiRange,
            },
        }
    }
}

impl fmt::Display for OrderRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OrderRefused::NotFromHere => f.write_str("`shutdown` cannot be given here"),
            OrderRefused::NoSetting(what) => write!(f, "this machine has no {what} to set"),
            OrderRefused::Outside {
                what,
                value,
                setting,
            } => write!(
                f,
                "{what}: {value} {unit} is outside {min} to {max} {unit}",
                unit = setting.unit,
                min = setting.min,
                max = setting.max
            ),
            OrderRefused::Mode { asked, modes } => {
                let modes: Vec<_> = modes.iter().map(|mode| mode.word()).collect();
                write!(
                    f,
                    "fan mode: this machine takes {} and not `{}`",
                    modes.join(", "),
                    asked.word()
                )
            }
            OrderRefused::Duty(FanMode::Manual) => {
                f.write_str("fan mode: `manual` needs a `duty_percent`")
            }
            OrderRefused::Duty(mode) => {
                write!(f, "fan mode: `{}` takes no `duty_percent`", mode.word())
            }
        }
    }
}

impl core::error::Error for OrderRefused {}

#[cfg(test)]
#[path = "order_tests.rs"]
pub(crate) mod tests;
