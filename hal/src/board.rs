//! The plain control-board port: hash power, hashboard resets, plug detection.

use units::{ChainSlot, Instant};

/// What can be done to the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoardOp {
    /// Switch the power of one hashboard.
    Rail {
        /// The hashboard's slot.
        slot: ChainSlot,
        /// Power on or off.
        on: bool,
    },
    /// Drive one hashboard's reset line.
    Reset {
        /// The hashboard's slot.
        slot: ChainSlot,
        /// Held in reset, or released.
        asserted: bool,
    },
    /// Report whether a hashboard is plugged in.
    ReadPlug {
        /// The slot to look at.
        slot: ChainSlot,
    },
}

/// What the board says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoardEvent {
    /// Answer to [`BoardOp::ReadPlug`].
    Plug {
        /// The slot.
        slot: ChainSlot,
        /// A hashboard is there.
        present: bool,
    },
    /// An operation on this slot failed; the number is the errno where there is one.
    Failed {
        /// The slot.
        slot: ChainSlot,
        /// Errno, or 0.
        errno: i32,
    },
}

/// The control board.
pub trait BoardPort {
    /// Do one operation and append what came of it.
    fn apply(&mut self, now: Instant, op: BoardOp, events: &mut Vec<BoardEvent>);
}
