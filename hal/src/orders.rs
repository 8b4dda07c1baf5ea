//! What the dead man is asked and what it says: see [`DeadMan`](crate::DeadMan).

use units::{ChainSlot, Duration, Instant};

use crate::{BusId, Line};

/// What can be cut without a bus, and what cuts where this cannot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HashPower {
    /// The supply's enable line cuts the power of all hashboards.
    EnableLine {
        /// It stays off at least so long, so that rails discharge.
        off_before_on: Duration,
    },
    /// The supply cannot be switched (S9, APW3). Boards are held in reset; what cuts their
    /// power is their voltage controllers, which miss the engine's heartbeat.
    ResetsOnly {
        /// So long after the last heartbeat.
        controllers_cut_after: Duration,
    },
}

/// A loop of the process that must be alive for a lease.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Loop {
    /// The engine's.
    Engine,
    /// A bus's.
    Bus(BusId),
    /// A link's, by the first slot that it serves.
    Link(ChainSlot),
    /// The fans'.
    Fans,
}

/// What the engine may ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Take up work after the start or after a cut, with a first lease.
    Arm {
        /// How long.
        lease: Duration,
    },
    /// A new lease, from now.
    Lease {
        /// How long.
        lease: Duration,
    },
    /// Switch the supply. Off also takes all boards into reset.
    Supply {
        /// On or off.
        on: bool,
    },
    /// Drive one board's reset.
    Reset {
        /// The board's slot.
        slot: ChainSlot,
        /// Held in reset, or released.
        asserted: bool,
    },
    /// Everything safe, at once, as if the lease had run out.
    Cut,
}

/// Why an order was not carried out. Nothing was changed by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// There is no lease: arm first.
    NotArmed,
    /// This loop has not moved since the last grant.
    Stalled(Loop),
    /// The supply was off for too short a time.
    TooSoon {
        /// From when on it may be switched on.
        ready_at: Instant,
    },
    /// This supply has no enable line.
    NoLine,
    /// No reset is released without power.
    NoPower,
    /// There is no such slot.
    NoSlot,
    /// This line does not obey. If power or a board's reset was to go to its safe side,
    /// everything was cut.
    Line(Line),
}

/// What happened, told once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// Everything was driven to its safe side.
    Cut(Why),
    /// A line does not obey; the number is the errno, or 0. On the safe side it is driven
    /// again until it does.
    LineFailed {
        /// The line.
        line: Line,
        /// Errno, or 0.
        errno: i32,
    },
    /// Every line is on its safe side after some did not obey.
    AllSafe,
}

/// Why everything was cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The lease ran out; the last renewal was refused for this loop, if any was.
    LeaseEnded {
        /// The loop that stood still.
        stalled: Option<Loop>,
    },
    /// It was ordered.
    Ordered,
    /// A line did not obey.
    LineFailed(Line),
}

/// Where the dead man stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Everything on its safe side.
    Safe,
    /// A lease, and no power.
    Armed,
    /// A lease, and power.
    Powered,
}
