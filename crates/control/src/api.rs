//! All that can wake control, and all that it can do to the world.

use serde::{Deserialize, Serialize};
use telemetry::{Code, Sensed};
use units::{Celsius, Duration, Duty, Instant, Megahertz, Millivolts, Rpm, Watts};

use crate::bounds::Limited;

/// One thing that happened. The stream of these, with their times, is what a flight
/// recorder keeps.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The process began.
    Start {
        /// Why.
        cause: StartCause,
        /// What [`Effect::Remember`] wrote last; the default where nothing was.
        remembered: Persisted,
    },
    /// The deadline is reached.
    Wake,
    /// A temperature sensor said something.
    Temperature {
        /// The slot.
        slot: u8,
        /// The sensor's place in the machine definition, from 0.
        sensor: u8,
        /// What it said. A sensor that is declared and that nobody reads is silent: who does
        /// not drive it says [`Sensed::Absent`].
        reading: Sensed<Celsius>,
    },
    /// A fan's tach said something.
    Fan {
        /// The fan, from 0.
        fan: u8,
        /// What it said.
        reading: Sensed<Rpm>,
    },
    /// A chain is now in this state.
    Chain {
        /// The slot.
        slot: u8,
        /// The state.
        state: ChainState,
    },
    /// A board's hash power is now in this state.
    Board {
        /// The slot.
        slot: u8,
        /// The state.
        state: BoardState,
    },
    /// The supply is now in this state.
    Supply(SupplyState),
    /// Wall power was measured.
    Power(Sensed<Watts>),
    /// Whether any pool gives work.
    Pools {
        /// At least one does.
        available: bool,
    },
    /// The tuner's wish for a board.
    Tune {
        /// The slot.
        slot: u8,
        /// The frequency.
        frequency: Megahertz,
    },
    /// The operator's wish, from wherever it came.
    Command(Command),
}

/// Why the process began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartCause {
    /// The machine got power: so did its neighbours.
    PowerReturn,
    /// The process alone was started again.
    Restart,
}

/// What an operator may wish. None of these reaches [`Local`].
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Stop hashing; the supply stays on where boards can be switched.
    Pause,
    /// Hash again.
    Resume,
    /// Stop hashing and switch the supply off.
    Sleep,
    /// Hash again after a sleep.
    Wake,
    /// Ramp down and switch everything off: the process is about to end.
    Shutdown,
    /// How fans run.
    Fans(FanMode),
    /// Draw no more than this at the wall; `None`: what the machine may.
    Ceiling(Option<Watts>),
    /// Keep the hottest board sensor here in quiet mode; `None`: ten degrees under the
    /// warning.
    Target(Option<Celsius>),
}

/// How fans run. Safety outranks every mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FanMode {
    /// By the machine's curve.
    #[default]
    Auto,
    /// As slow as the target temperature allows.
    Quiet,
    /// At this duty.
    Manual(Duty),
    /// No fans: boards in oil. Only where [`Local::cooling`] says so.
    Immersion,
    /// No fans: water plates. Only where [`Local::cooling`] says so.
    Hydro,
}

/// What carries the heat away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cooling {
    /// Fans.
    #[default]
    Air,
    /// The machine lies in oil or has water plates, and its fans are gone.
    Liquid,
}

/// What only the machine's own configuration file can say: it relaxes a protection or the
/// site's. No [`Command`] reaches it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Local {
    /// Where random delays come from: different on every machine.
    pub seed: u64,
    /// What carries the heat away.
    pub cooling: Cooling,
    /// Longest random delay of a start after power loss.
    pub start_delay_max: Duration,
    /// Longest random delay of a resume and of a return to pools.
    pub resume_delay_max: Duration,
    /// The owner consents to hash with boards that have no sensor at all: fans full, half
    /// the frequency.
    pub unwatched: bool,
    /// The owner consents to hash although nothing cuts the power when this process is gone
    /// ([`board_support::Machine::cut_after_s`]).
    #[serde(default)]
    pub unguarded: bool,
    /// Fans are never slower than this while hashing.
    pub duty_min: Duty,
    /// Fans are never faster than this, except for safety.
    pub duty_max: Duty,
}

impl Default for Local {
    /// Delays: our policy. Starts of a site spread over 300 s and resumes over 180 s, both
    /// with a ramp of a minute, add less than 1 % of the site's power in any second.
    fn default() -> Self {
        Local {
            seed: 0,
            cooling: Cooling::Air,
            start_delay_max: Duration::from_secs(300),
            resume_delay_max: Duration::from_secs(180),
            unwatched: false,
            unguarded: false,
            duty_min: Duty::OFF,
            duty_max: Duty::FULL,
        }
    }
}

/// What a chain does.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainState {
    /// No power, no work.
    #[default]
    Off,
    /// No board in the slot.
    Absent,
    /// Bring-up.
    Starting,
    /// The frequency rises.
    Ramping(Megahertz),
    /// At its frequency.
    Hashing(Megahertz),
    /// Its driver gave up.
    Failed,
}

impl ChainState {
    /// The frequency at which it hashes.
    pub(crate) fn mhz(self) -> Option<f64> {
        match self {
            ChainState::Ramping(f) | ChainState::Hashing(f) => Some(f.mhz()),
            _ => None,
        }
    }
}

/// What a board's power does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoardState {
    /// Nobody asked yet.
    #[default]
    Unknown,
    /// Off.
    Off,
    /// On.
    On {
        /// What its controller reads back, if it can.
        voltage: Option<Millivolts>,
    },
    /// Its controller does not do what it should.
    Failed,
}

/// What the supply does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupplyState {
    /// Nobody asked yet.
    #[default]
    Unknown,
    /// Output off.
    Off,
    /// Switching on.
    Starting,
    /// Output on.
    On {
        /// What it reads back, if it can.
        voltage: Option<Millivolts>,
    },
    /// It tripped, or does not answer.
    Failed,
    /// It is of a type that takes no orders.
    Refused,
}

/// What survives the process and the power.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Persisted {
    /// Hash, pause or sleep.
    pub intent: Intent,
    /// How fans run.
    pub fans: FanMode,
    /// The operator's power ceiling.
    pub ceiling: Option<Watts>,
    /// The operator's target temperature.
    pub target: Option<Celsius>,
}

/// What the operator wants of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Hash.
    #[default]
    Hash,
    /// Stay off, ready.
    Pause,
    /// Stay off, supply off.
    Sleep,
}

/// One thing to do outside.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Set an actuator. Given again only when it changes.
    Set(Limited),
    /// Tell people.
    Decision(Decision),
    /// Write this down where it survives power loss.
    Remember(Persisted),
}

/// What was decided, and why.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Instant,
    /// What kind.
    pub code: Code,
    /// Where: `slot 1`, `fan 2`, `supply` or `machine`.
    pub place: String,
    /// What was decided.
    pub decision: String,
    /// Why: `key=value` words.
    pub reason: String,
}

/// What the machine does, as control sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// On the way up, or waiting to go up.
    Starting,
    /// At least one board hashes.
    Hashing,
    /// Off as the operator wants.
    Paused,
    /// Off with the supply off, as the operator wants.
    Sleeping,
    /// No pool gives work.
    NoPool,
    /// Something keeps every board off.
    Fault,
    /// Shut down, or about to be.
    Stopped,
}
