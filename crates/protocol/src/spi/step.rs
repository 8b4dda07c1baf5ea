//! Bring-up as data: a list of steps that a player runs.

use super::command::Strategy;
use crate::profile::Source;

/// One step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What to do.
    pub action: Action,
    /// Milliseconds to wait after it, or after each command of it.
    pub settle_ms: u32,
    /// Where action, value and settle time come from.
    pub source: Source,
}

/// What a step does. Whatever asks chips something waits for the answer.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Hash power on.
    RailOn,
    /// Reset line asserted or released.
    Reset {
        /// Held in reset.
        asserted: bool,
    },
    /// Do nothing: the settle time is the step.
    Pause,
    /// Tell all chips to forget.
    Forget(Strategy),
    /// Count the chips. Later counts of one life must agree, or say that they do not count.
    Count,
    /// Ask each chip for its kind.
    Identify,
    /// Set the sensor's clock divider for the start frequency.
    SensorDivider,
    /// Set the start frequency.
    StartFrequency,
    /// From here on these are bytes 5 to 7 of every block that is written.
    Configure([u8; 3]),
    /// Gather the self test's outcome.
    Collect,
    /// End the self test.
    Fix,
    /// Read each chip's number of good cores.
    ReadCores,
}

impl Step {
    /// A step that waits for nothing.
    pub const fn new(action: Action, source: Source) -> Step {
        Step {
            action,
            settle_ms: 0,
            source,
        }
    }

    /// The same step with a settle time.
    pub const fn settle(self, ms: u32) -> Step {
        Step {
            settle_ms: ms,
            ..self
        }
    }
}
