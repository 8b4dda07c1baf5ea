//! Why something that the plant tried did not come about.

use core::fmt;

use hal::BusError;
use units::Millivolts;

use crate::parts::{OrderError, PartError};

/// Why a step failed.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Wrong {
    /// The bus did not carry it.
    Bus(BusError),
    /// The part answered something else.
    Part(PartError),
    /// The order cannot be given.
    Order(OrderError),
    /// A controller did not leave its loader.
    StillLoader,
    /// The rail is not there.
    Rail {
        /// What was ordered.
        ordered: Millivolts,
        /// What was found.
        found: Millivolts,
    },
    /// A supply has not come up within its time.
    NotUp,
    /// The line did not go on within its time.
    Line,
}

impl From<PartError> for Wrong {
    fn from(error: PartError) -> Self {
        Wrong::Part(error)
    }
}

impl From<OrderError> for Wrong {
    fn from(error: OrderError) -> Self {
        Wrong::Order(error)
    }
}

impl Wrong {
    /// Whether to try the same again soon makes sense.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Wrong::Part(error) => error.may_pass(),
            Wrong::Order(_) => false,
            Wrong::Bus(error) => *error != BusError::Unsupported,
            Wrong::StillLoader | Wrong::Rail { .. } | Wrong::NotUp | Wrong::Line => true,
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Bus(error) => f.write_str(match error {
                BusError::Nack => "does not acknowledge",
                BusError::Stuck => "its bus is held low",
                BusError::Deadline => "not done within its time",
                BusError::Unsupported => "this control board's bus cannot say it",
                _ => "its bus does not work",
            }),
            Wrong::Part(error) => error.fmt(f),
            Wrong::Order(error) => error.fmt(f),
            Wrong::StillLoader => f.write_str("stays in its loader"),
            Wrong::Rail { ordered, found } => {
                write!(f, "rail_mv={} instead of {}", found.mv(), ordered.mv())
            }
            Wrong::NotUp => f.write_str("does not say that it has come up"),
            Wrong::Line => f.write_str("its enable line does not go on"),
        }
    }
}
