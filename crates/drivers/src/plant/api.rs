//! What goes into the plant and what comes out.

use hal::{BusDone, BusJob, FanEvent, FanOp};
use telemetry::{Note, Sensed};
use units::{Celsius, ChainSlot, Duty, Instant, Millivolts, Rpm};

use crate::parts::hashboard_memory::HashboardMemory;

/// Everything that can wake the plant.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// Begin to look: memories, sensors, fans, the supply. Switches nothing.
    Start,
    /// A list for a bus has ended.
    Bus(BusDone),
    /// Fans said something.
    Fans(FanEvent),
    /// The supply's line is as this says, ordered or not.
    Line(Line),
    /// Someone who decides wants this.
    Order(Order),
    /// The deadline has come.
    Wake,
}

/// What the keeper of the enable line says of it.
#[derive(Clone, PartialEq, Debug)]
pub enum Line {
    /// The output is enabled.
    On,
    /// An order to enable it waits until then: the supply has not been off for long enough.
    Waits(Instant),
    /// The output is disabled; why, if nobody here ordered it.
    Off(Option<String>),
}

/// What is wanted. An order holds until the next of its kind.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Order {
    /// The supply's output. Off is at once, whatever boards do.
    Supply(bool),
    /// A board's hash power. It waits for the supply, which has an order of its own.
    Board(ChainSlot, bool),
    /// The rail of a board whose controller sets it, or, without a slot, of the supply. Outside
    /// the machine's limits it is refused and said.
    Voltage(Option<ChainSlot>, Millivolts),
    /// All fans.
    Fans(Duty),
    /// A board is in this slot, or is not: what its plug says. It is until that is known. Where none is, nothing is
    /// missed that only a board has; one that is told to go off is told so all the same.
    Plugged(ChainSlot, bool),
}

/// Everything that the plant can do to the world.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// A list for a bus.
    Bus(BusJob),
    /// For the fans.
    Fans(FanOp),
    /// For the keeper of the enable line.
    EnableSupply(bool),
    /// News.
    Told(Told),
    /// Something worth telling a person.
    Note(Note),
}

/// News of a part.
#[derive(Clone, PartialEq, Debug)]
pub enum Told {
    /// A sensor of a board, by its place in the machine's list. Those that chips relay are
    /// told by their chain.
    Temperature {
        /// The board.
        slot: ChainSlot,
        /// Its place in the list of the machine's sensors.
        sensor: usize,
        /// What it says.
        reading: Sensed<Celsius>,
    },
    /// A fan.
    Fan {
        /// Its number on the tach.
        fan: u8,
        /// How fast it turns.
        reading: Sensed<Rpm>,
    },
    /// The supply is now in this state.
    Supply(SupplyState),
    /// A board's hash power is now in this state.
    Board(ChainSlot, BoardState),
    /// What a board's memory says.
    Memory(ChainSlot, Box<HashboardMemory>),
}

/// What a supply does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SupplyState {
    /// Not asked yet.
    #[default]
    Unknown,
    /// Output off.
    Off,
    /// On the way up.
    Starting,
    /// Output on, at what was ordered last; `None` where nothing can be ordered or asked.
    On(Option<Millivolts>),
    /// It does not answer, or does not do what it is told. Its line is off. An order to switch
    /// it off, and then on, tries again.
    Failed,
    /// It may not be driven: of a type that is not known, or of a machine whose voltages are
    /// not known. Its line stays off.
    Refused,
}

/// What a board's hash power does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BoardState {
    /// Off, or never switched on.
    #[default]
    Off,
    /// On the way up.
    Starting,
    /// On, at this rail where its controller sets it.
    On(Option<Millivolts>),
    /// Its controller does not do what it should. An order to switch it off, and then on, tries
    /// again.
    Failed,
    /// It was to go off and its controller does not say that it is: only the supply can cut it.
    StuckOn,
}
