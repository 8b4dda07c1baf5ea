//! What goes wrong with parts, as data.

use units::{ChainSlot, Duration, Instant};

use super::{ApwFault, Bus, SensorFault};

/// One thing that goes wrong for a span of time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PartFault {
    /// From this instant on.
    pub from: Instant,
    /// Until just before this instant.
    pub until: Instant,
    /// What.
    pub what: Fault,
}

impl PartFault {
    /// It acts at this moment.
    pub fn active(&self, now: Instant) -> bool {
        self.from <= now && now < self.until
    }
}

/// What can go wrong.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    /// Nobody on this bus acknowledges.
    BusNack(Bus),
    /// A line of this bus is held low.
    BusStuck(Bus),
    /// The part at this address is not there.
    Gone(Bus, u8),
    /// The supply.
    Supply(ApwFault),
    /// A slot's voltage controller.
    Controller(ChainSlot, ControllerFault),
    /// One entry of the machine's list of sensors, in one slot. One behind a chip must have
    /// been told what it measures.
    Sensor {
        /// The slot.
        slot: ChainSlot,
        /// Index in the machine's list.
        sensor: usize,
        /// How it is wrong.
        fault: SensorFault,
    },
    /// A fan stands still.
    Fan(u8),
}

/// How a voltage controller fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ControllerFault {
    /// It acknowledges and never answers; orders have no effect.
    Silent,
    /// It cuts the rail and does not take the enable order until it is reset.
    Trips,
    /// Its answers come so much later.
    Late(Duration),
    /// Its answers have a wrong sum; the kind without sums: a wrong byte.
    BadSum,
    /// It is in its loader and the application is gone: the jump has no effect.
    NoApplication,
}
