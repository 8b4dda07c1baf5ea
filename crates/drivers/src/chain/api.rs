//! What goes into a chain and what comes out: all that can wake it and all that it can do.

use board_support::{Hashboard, LinkKind};
use hal::{BoardEvent, BoardOp, LinkEvent, LinkOp};
use telemetry::Note;
use units::{
    ChainSlot, Megahertz, NonceReport, RollingNeed, TicketDifficulty, WireJobId, WorkItem,
};

/// What a chain is made of.
#[derive(Clone, PartialEq, Debug)]
pub struct ChainConfig {
    /// Slot on the control board.
    pub slot: ChainSlot,
    /// The hashboard in it.
    pub hashboard: Hashboard,
    /// How its chips are reached.
    pub link: LinkKind,
    /// Scales the settle times of the bring-up, in percent. 100 is as prescribed; less is
    /// for `demo` and tests alone, never for silicon. Timeouts and the ramp's steps are
    /// not scaled.
    pub settle_percent: u8,
    /// 1 sends every job. `k` multiplies the work period by `k`, for a twin whose chips
    /// have `k` times the nonce space.
    pub thinning: u32,
}

/// Why a chain cannot be made from its configuration.
#[derive(Clone, PartialEq, Debug)]
pub enum ConfigError {
    /// No profile for this chip.
    UnknownChip(String),
    /// How this link carries this chip's jobs is not known.
    Link,
    /// A value lies outside what the chip or its wire allows.
    Value {
        /// Name of the value.
        what: &'static str,
        /// What is allowed.
        allowed: String,
    },
}

impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            ConfigError::UnknownChip(chip) => write!(f, "no profile for chip `{chip}`"),
            ConfigError::Link => {
                f.write_str("this version does not drive this chip over its control board's link")
            }
            ConfigError::Value { what, allowed } => write!(f, "`{what}` must be {allowed}"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Everything that can wake a chain.
#[expect(
    clippy::large_enum_variant,
    reason = "work is by far the most frequent input and must not be boxed"
)]
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// Look whether a board is there, and leave it off. Ignored unless the chain is off or its board absent: one
    /// that is there again is then off.
    Look,
    /// Power up and hash. Ignored unless the chain is off or has given up.
    Start,
    /// Stop hashing and power down, now. Done when [`Chain::state`](crate::Chain::state)
    /// is `Off`, under two seconds later.
    Stop,
    /// Off now, without a ramp: reset and power in this very turn.
    Cut,
    /// Something from the chain's link.
    Link(LinkEvent),
    /// Something from the control board; events of other slots are ignored.
    Board(BoardEvent),
    /// The hash power that [`Effect::Power`] asked for is there.
    Powered,
    /// The hash power that was asked for will not come, or went without being asked to; the
    /// text says why. Ignored by a chain that neither has power nor waits for it.
    PowerLost(String),
    /// Work to append to the link's queue. Ignored unless the chain takes work, which is
    /// between [`Effect::WantWork`] and the next [`Effect::Reset`].
    Work(WireJobId, WorkItem),
    /// Queued work is void: drop it and ask anew. A chain that takes no work ignores it.
    FlushWork,
    /// What became of a nonce that this chain reported: `ok` if it fits work in flight
    /// (share, below target, stale or duplicate), false for a hw error.
    Verdict {
        /// The nonce as reported.
        report: NonceReport,
        /// It fits work in flight.
        ok: bool,
    },
    /// Go no higher than this frequency, from now on and over restarts: down in steps if it
    /// is higher, and up again with a higher cap. The chip's start frequency is the lowest.
    Cap(Megahertz),
    /// The deadline has come. Also welcome when work has become available: a hungry
    /// chain then asks at once instead of at its next poll.
    Wake,
}

/// Everything that a chain can do to the world.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// For the chain's link, in this order.
    Link(LinkOp),
    /// For the control board, in this order.
    Board(BoardOp),
    /// The chain wants hash power for its board, or no longer. Wanting it is answered with
    /// [`Input::Powered`] or [`Input::PowerLost`].
    Power(bool),
    /// A nonce arrived, decoded and not believed.
    Nonce(NonceReport),
    /// This many work items are wanted now, in place of what was wanted before. What is
    /// not given is asked for again within 50 ms.
    WantWork(u16),
    /// The chips forgot everything: work in flight is void.
    Reset,
    /// Something worth telling.
    Note(Note),
}

/// What a chain needs of a scheduler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Needs {
    /// Who rolls the version.
    pub rolling: RollingNeed,
    /// Difference of neighbouring wire job ids.
    pub wire_id_step: u8,
    /// How many wire job ids there are, from 0 in steps of `wire_id_step`.
    pub wire_id_count: u8,
    /// Difficulty above which its chips report a nonce.
    pub ticket: TicketDifficulty,
}
