//! Control: the machine's heat, air and power as pure decisions with reasons.
//!
//! Readings go in, setpoints come out ([`Control`]); it knows no bus, no chip and no clock.
//! What sensors say is judged first (`plausible`, `heat`, `estimate`), then boards are
//! switched, frequencies capped, rails and fans set, in the order safety, thermal, tuner,
//! operator (`safety`). Every setpoint leaves through [`limit`].
//!
//! Invariants:
//! - A board has hash power only while each of its sensors that should talk does, enough fans
//!   turn, and no place is at its power-off temperature.
//! - No reading is ever taken for cooler than it may be: silence ages towards hot.
//! - No frequency is above what the rail's voltage permits, whichever of both moves.
//! - Stops come at once and restarts are counted: no command, file or pool changes that.
//! - [`Control`] is a value: written down and read back, it decides the same.
//!
//! Deliberately not here: how parts are spoken to and boards are sequenced (`drivers`), who
//! holds the enable lines when this process is gone (the dead man), what people are shown
//! (`engine`).

mod api;
mod board;
pub mod bounds;
mod cause;
mod control;
mod estimate;
mod fans;
mod heat;
mod mutant;
mod outputs;
mod plan;
mod plausible;
mod power;
mod run;
mod safety;
mod settings;
mod sound;
mod step;
#[cfg(test)]
mod tests;
mod thermal;

pub use api::{
    BoardState, ChainState, Command, Cooling, Decision, Effect, FanMode, Input, Intent, Local,
    Persisted, StartCause, State, SupplyState,
};
pub use bounds::{Limited, Refused, Setpoint, limit};
pub use control::Control;
#[cfg(any(test, feature = "mutants"))]
pub use mutant::{MUTANTS, Mutant, set_mutant};
pub use plan::Plan;
