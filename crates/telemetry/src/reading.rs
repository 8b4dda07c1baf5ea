//! What a sensor tells: a value with its time, or why there is none.

use serde::{Deserialize, Serialize};
use units::Instant;

/// The last word of a sensor. That nobody asked yet, that nothing is there, and that what is
/// there does not answer are three things, and none of them is a value.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensed<T> {
    /// Not asked yet.
    #[default]
    Unknown,
    /// Nothing is there.
    Absent,
    /// It is there and cannot be read: no answer, an open diode, a checksum.
    Failed {
        /// Since when.
        since: Instant,
    },
    /// A value, as it was read. Whether it is plausible is for others to say.
    Value {
        /// The value.
        value: T,
        /// When the part was asked.
        at: Instant,
    },
}

impl<T: Copy> Sensed<T> {
    /// The value, if there is one, whatever its age.
    pub fn value(&self) -> Option<T> {
        match self {
            Sensed::Value { value, .. } => Some(*value),
            _ => None,
        }
    }
}
