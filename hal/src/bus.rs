//! I2C buses: lists of operations, each list atomic on its bus.
//!
//! A driver says what is to happen on a bus as one [`BusJob`]; a shell runs it on the thread
//! that owns the bus and gives a [`BusDone`] back. Nothing else happens on that bus in between,
//! so that parts that answer a byte at a time are not interrupted. A list always ends: with its
//! last operation, with the first that fails, or at its deadline.
//!
//! Addresses are seven bits wide.

use units::Duration;

/// Longest write of one transaction: a register address and a block of 32 bytes.
pub const BUS_WRITE_MAX: usize = 33;
/// Longest read of one transaction: a whole small memory.
pub const BUS_READ_MAX: usize = 256;
/// Operations in one list; a longer list is refused.
pub const BUS_OPS_MAX: usize = 512;

/// The I2C buses of a control board, by what hangs on them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum BusId {
    /// Memories, voltage controllers and sensors of all hashboards, told apart by address.
    Hashboards,
    /// The power supply.
    Supply,
}

/// One step of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BusOp {
    /// One transaction: START, address, `write`; if `read` is not zero, a (repeated) START and
    /// so many bytes; STOP. Both empty is a probe: the address alone.
    Transfer {
        /// Seven-bit address.
        address: u8,
        /// Bytes to write, at most [`BUS_WRITE_MAX`].
        write: Vec<u8>,
        /// Bytes to read, at most [`BUS_READ_MAX`].
        read: u16,
    },
    /// Let time pass with the bus held.
    Delay(Duration),
    /// The same transaction again and again, reading one byte, until that byte under `mask` is
    /// not `not`. Its result is that byte. A part that is busy answers a known value, or does
    /// not acknowledge, which counts as busy. Ends unmet after `within`: then its result is the
    /// last byte read, or [`BusError::Nack`] if none was.
    Until {
        /// Seven-bit address.
        address: u8,
        /// Bytes to write before the byte is read; may be empty.
        write: Vec<u8>,
        /// Which bits to look at.
        mask: u8,
        /// What they are while the part is busy.
        not: u8,
        /// Pause between two tries.
        every: Duration,
        /// How long to try.
        within: Duration,
    },
}

/// A list for one bus.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BusJob {
    /// Given back with the result. Whoever makes jobs counts them.
    pub id: u32,
    /// The bus.
    pub bus: BusId,
    /// The steps in order. The first that fails ends the list.
    pub ops: Vec<BusOp>,
    /// How long after the list was given it must be over, waiting for other lists included.
    pub within: Duration,
}

/// What became of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BusDone {
    /// The job's number.
    pub id: u32,
    /// The job's bus.
    pub bus: BusId,
    /// What each step read, in order, empty for steps that read nothing; if the list failed,
    /// of the steps before the one that did.
    pub reads: Vec<Vec<u8>>,
    /// Why it ended early.
    pub error: Option<BusError>,
}

/// Why a list ended early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BusError {
    /// Nobody acknowledged address or data.
    Nack,
    /// A line is held low and the bus could not be freed.
    Stuck,
    /// The list's deadline came first.
    Deadline,
    /// This bus cannot do such a transaction: too long, or not in its master's repertoire.
    Unsupported,
    /// Too many lists wait for this bus; the list was not taken.
    QueueFull,
    /// The bus's device is gone or refuses; the number is the errno where there is one.
    Device(i32),
}
