//! The last gate: every setpoint leaves through [`limit`], which cuts it to the limits or
//! refuses it. Limits stand in data and as bounds in code; a [`crate::Plan`] is already the
//! narrower of both.

use core::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use units::{Duty, Megahertz, Millivolts};

use crate::mutant::mutate;
use crate::plan::{Plan, RailKind};

/// What an actuator is to be set to.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setpoint {
    /// All fans.
    Fans(Duty),
    /// A board's hash power. Where the board cannot be switched alone, off is its reset
    /// line and its clocks.
    Board {
        /// The slot.
        slot: u8,
        /// On or off.
        on: bool,
    },
    /// The highest frequency that a chain may have.
    FrequencyCap {
        /// The slot.
        slot: u8,
        /// The frequency.
        cap: Megahertz,
    },
    /// The voltage of a rail.
    Voltage {
        /// The slot whose controller sets it; `None`: the supply, for all boards.
        slot: Option<u8>,
        /// The voltage.
        voltage: Millivolts,
    },
    /// The supply's output.
    Supply {
        /// On or off.
        on: bool,
    },
}

/// A setpoint that is inside the limits. Only [`limit`] makes one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limited(Setpoint);

impl Limited {
    /// What to set.
    pub fn setpoint(&self) -> Setpoint {
        self.0
    }
}

/// Why a setpoint was not let through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The machine has no such slot.
    NoSlot(u8),
    /// The board's voltages are unknown, or its rail is set elsewhere: none may be ordered.
    NoVoltage,
}

/// Cut a setpoint to the limits of a machine, or refuse it. `powered`: some board has hash
/// power and air is what cools it.
pub fn limit(plan: &Plan, powered: bool, wanted: Setpoint) -> Result<Limited, Refused> {
    let known = |slot: u8| {
        (slot < plan.slots)
            .then_some(slot)
            .ok_or(Refused::NoSlot(slot))
    };
    let cut = match wanted {
        Setpoint::Fans(duty) if powered => {
            Setpoint::Fans(Duty::new(duty.percent().max(plan.fans.duty_min)))
        }
        Setpoint::Fans(_) | Setpoint::Supply { .. } => wanted,
        Setpoint::Board { slot, .. } => {
            known(slot)?;
            wanted
        }
        Setpoint::FrequencyCap { slot, cap } => Setpoint::FrequencyCap {
            slot: known(slot)?,
            cap: mutate!(FrequencyUnclamped, frequency(plan, cap), cap),
        },
        Setpoint::Voltage { slot, voltage } => {
            slot.map_or(Ok(0), known)?;
            let volts = plan.volts.ok_or(Refused::NoVoltage)?;
            if slot.is_some() != (plan.rail == RailKind::PerBoard) {
                return Err(Refused::NoVoltage);
            }
            let mv = voltage.mv().clamp(volts.min_mv, volts.max_mv);
            let voltage = mutate!(VoltageUnclamped, Millivolts::new(mv), voltage);
            Setpoint::Voltage { slot, voltage }
        }
    };
    Ok(Limited(cut))
}

fn frequency(plan: &Plan, cap: Megahertz) -> Megahertz {
    let lowest = *board_support::bounds::FREQUENCY_MHZ.start();
    Megahertz::new(cap.mhz().clamp(lowest, plan.mhz_max.max(lowest)))
}

/// `value` inside `range`; what is no number becomes the lower end.
pub(crate) fn narrow(value: f64, range: &RangeInclusive<f64>) -> f64 {
    if value.is_nan() {
        *range.start()
    } else {
        value.clamp(*range.start(), *range.end())
    }
}
