//! What an operator may ask of the engine.

use serde::{Deserialize, Serialize};

/// A request from outside. It enters the engine through the same queue as every other
/// event and can order nothing that the limits forbid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
#[non_exhaustive]
pub enum Command {
    /// Stop hashing and power the chains down; stay connected to pools.
    Pause,
    /// Hash again after a pause.
    Resume,
    /// Ramp down, power off, close sessions: the process is about to end.
    Shutdown,
}
