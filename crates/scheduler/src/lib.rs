//! Who hashes what, and what became of it: the scheduler.
//!
//! Jobs of pool sessions go in, work for chains comes out ([`Scheduler::dispatch`]);
//! nonces go in, shares come out. In between stands the registry of work in flight: a
//! nonce names its work by a wire id that wraps within milliseconds, so it is tried
//! against the last generations of that id, and the hash decides.
//!
//! Whoever owns the sessions says which of them are in use, and with what weight
//! ([`Input::Use`]).
//!
//! Invariants:
//! - A session's header is dispatched once (`work::SearchSpace`).
//! - A header is submitted at most once, by the session whose job it is.
//! - Nothing is submitted that a message already delivered made void.
//! - Chips do not stand still the moment that the last session ends: its last job goes on for
//!   a while, and what is found in it is neither submitted nor booked.
//! - Each submitted share ends in exactly one of accepted, rejected, stale and lost.
//!
//! Deliberately not here: the state of a connection (`stratum`), what is queued in a link
//! or was sent to chips (`drivers`), hashrates (`engine`).

mod api;
mod ledger;
mod registry;
mod scheduler;
mod session;
mod trial;
mod turns;

pub use api::{ChainNeeds, Config, Effect, Input, Verdict};
pub use scheduler::Scheduler;
pub use work::RollingNeed;
