//! Why hash power goes off.

use serde::{Deserialize, Serialize};
use telemetry::Code;

/// What takes a board's hash power.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// A place is at its power-off temperature.
    Heat,
    /// A sensor that should talk does not.
    Silent,
    /// A sensor's readings cannot be true.
    Implausible,
    /// No sensor is there.
    NoSensor,
    /// Too few fans turn.
    FewFans,
    /// No fan turns.
    NoFans,
    /// The supply failed or refuses.
    Supply,
    /// The rail is not at its voltage.
    Sag,
    /// More is drawn than may be.
    OverPower,
    /// The board's controller failed, or its chain's driver gave up.
    Board,
    /// Another board did not switch off, or is too hot and cannot be switched alone.
    Neighbour,
}

impl Cause {
    pub(crate) fn code(self) -> Code {
        match self {
            Cause::Heat => Code::HeatStop,
            Cause::Silent => Code::SensorSilent,
            Cause::Implausible => Code::SensorImplausible,
            Cause::NoSensor => Code::SensorNone,
            Cause::FewFans => Code::FanFew,
            Cause::NoFans => Code::FanStopped,
            Cause::Supply => Code::PowerSupply,
            Cause::Sag => Code::PowerSag,
            Cause::OverPower => Code::PowerOver,
            Cause::Board => Code::PowerBoard,
            Cause::Neighbour => Code::PowerStuck,
        }
    }
}
