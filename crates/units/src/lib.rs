//! The vocabulary of the miner: quantities, identifiers, time and chance.
//!
//! Everything here is a plain value. Nothing does I/O, reads a clock or draws unseeded
//! random numbers; whoever needs the time is given an [`Instant`], and whoever needs
//! chance owns an [`Rng`] made from a seed.
//!
//! What two crates of one layer must both name lives here, so that neither has to know
//! the other: above all [`WorkItem`], the unit of work that a scheduler hands to a chain.

mod difficulty;
mod ids;
mod instant;
mod physical;
mod quantity;
mod rng;
mod work_item;

pub use difficulty::{Difficulty, DifficultyOne, TicketDifficulty};
pub use ids::{
    ChainSlot, ChipAddress, ChipIndex, CoreIndex, JobKey, Nonce, PoolIndex, SessionId, ShareId,
    WireJobId, WorkId,
};
pub use instant::Instant;
pub use physical::{Celsius, Duty, Rpm, Watts};
pub use quantity::{HashRate, Megahertz, Millivolts};
pub use rng::Rng;
pub use work_item::{
    Header, HostVersions, Midstate, NonceReport, Rolling, RollingNeed, VERSION_SHIFT, WorkItem,
};

pub use core::time::Duration;
