//! What an operator may set, within what, and which order sets it.
//!
//! The ranges are those of [`Settings`](crate::Settings), by which
//! [`Order::check`] refuses, and the orders are [`Order`]s: there is no second table.

use serde::Serialize;

use crate::{FanMode, Intent, Order, Setting, Snapshot};

/// One setting.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Constraint {
    /// Its name.
    pub name: &'static str,
    /// What is given.
    pub kind: Kind,
    /// Unit of a number; `None` elsewhere.
    pub unit: Option<&'static str>,
    /// The least number that is taken.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub min: Option<f64>,
    /// The most.
    #[serde(serialize_with = "crate::round::option::<_, 3>")]
    pub max: Option<f64>,
    /// What a choice is among; empty elsewhere.
    pub choices: Vec<Choice>,
    /// What holds where nothing is set; `None`: there is no such thing.
    pub default: Option<Given>,
    /// What the operator set; `None`: nothing, or not told apart from what is in force.
    pub set: Option<Given>,
    /// What holds now; `None`: nothing.
    pub in_force: Option<Given>,
    /// A body for `/api/v1/command` that sets it; `None`: each choice has its own.
    pub order: Option<Order>,
    /// Which of the order's fields is the value.
    pub field: Option<&'static str>,
    /// The field takes `null`, after which the default holds.
    pub clears: bool,
}

/// What is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number from `min` to `max`.
    Number,
    /// One of `choices`.
    Choice,
    /// On or off.
    Switch,
}

/// One of several.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Choice {
    /// Its word.
    pub value: &'static str,
    /// The body that chooses it.
    pub order: Order,
}

/// A value.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Given {
    /// On or off.
    Switch(bool),
    /// A number.
    Number(#[serde(serialize_with = "crate::round::plain::<_, 3>")] f64),
    /// The word of a choice.
    Word(&'static str),
}

/// All that can be set on this machine as it is now.
pub fn constraints(now: &Snapshot) -> Vec<Constraint> {
    let settings = now.settings.as_ref();
    let mut all = vec![run(settings.map(|s| s.intent))];
    if let Some(settings) = settings {
        let ceiling = Order::PowerCeiling { power_w: None };
        let power = number("power_ceiling", &settings.power_ceiling, ceiling, "power_w");
        let target = Order::TargetTemperature { temp_c: None };
        let (name, of) = ("target_temperature", &settings.target_temperature);
        let target = number(name, of, target, "temp_c");
        let fans = &settings.fans;
        // Where nothing is in force, the safe end is an example that is taken.
        let duty = fans.duty.in_force.unwrap_or(fans.duty.max);
        all.extend([power, target, fan_mode(fans.mode, &fans.modes, duty)]);
        if fans.modes.contains(&FanMode::Manual) {
            let manual = fans_order(FanMode::Manual, duty);
            all.push(Constraint {
                clears: false,
                ..number("fan_duty", &fans.duty, manual, "duty_percent")
            });
        }
    }
    all.push(locate(now.locating));
    all
}

fn number(name: &'static str, of: &Setting, order: Order, field: &'static str) -> Constraint {
    Constraint {
        unit: Some(of.unit),
        min: Some(of.min),
        max: Some(of.max),
        default: of.default.map(Given::Number),
        set: of.set.map(Given::Number),
        in_force: of.in_force.map(Given::Number),
        order: Some(order),
        field: Some(field),
        clears: true,
        ..bare(name, Kind::Number)
    }
}

fn run(intent: Option<Intent>) -> Constraint {
    let choice = |value, order| Choice { value, order };
    let word = |intent| match intent {
        Intent::Hash => "hash",
        Intent::Pause => "pause",
        Intent::Sleep => "sleep",
    };
    Constraint {
        choices: vec![
            choice(word(Intent::Hash), Order::Resume {}),
            choice(word(Intent::Pause), Order::Pause {}),
            choice(word(Intent::Sleep), Order::Sleep {}),
        ],
        default: Some(Given::Word(word(Intent::Hash))),
        in_force: intent.map(word).map(Given::Word),
        ..bare("run", Kind::Choice)
    }
}

fn fan_mode(mode: FanMode, modes: &[FanMode], duty: f64) -> Constraint {
    let choice = |mode: &FanMode| Choice {
        value: mode.word(),
        order: fans_order(*mode, duty),
    };
    Constraint {
        choices: modes.iter().map(choice).collect(),
        in_force: Some(Given::Word(mode.word())),
        ..bare("fan_mode", Kind::Choice)
    }
}

fn fans_order(mode: FanMode, duty: f64) -> Order {
    Order::Fans {
        mode,
        duty_percent: (mode == FanMode::Manual).then_some(duty),
    }
}

fn locate(on: bool) -> Constraint {
    Constraint {
        default: Some(Given::Switch(false)),
        in_force: Some(Given::Switch(on)),
        order: Some(Order::Locate { on: true }),
        field: Some("on"),
        ..bare("locate", Kind::Switch)
    }
}

fn bare(name: &'static str, kind: Kind) -> Constraint {
    Constraint {
        name,
        kind,
        unit: None,
        min: None,
        max: None,
        choices: Vec::new(),
        default: None,
        set: None,
        in_force: None,
        order: None,
        field: None,
        clears: false,
    }
}

#[cfg(test)]
#[path = "constraint_tests.rs"]
mod tests;
