//! From a pool's job to work, and from a nonce to a share.
//!
//! Terms: a *job* is what a pool asks for; a *work item* is one header (or a few that
//! differ in their version) for one chain; a *nonce* is a chain's unbelieved answer; a
//! *share* is a nonce that was verified and meets the pool's target.
//!
//! - [`Target`]: 256-bit targets and difficulties, exact to the last bit.
//! - [`Job`]: coinbase and merkle assembly.
//! - [`SearchSpace`]: which headers a session hands out, none of them twice.
//! - [`validate()`]: whether a nonce solves the work that it claims; [`Batch`] for many.
//!
//! Deliberately not here: which work is in flight under which wire id, and what a pool
//! thought of a share (`scheduler`); how work travels to a chip (`drivers`).

mod cursor;
mod job;
mod part;
mod share;
mod space;
mod target;
mod validate;
mod versions;

pub use job::{CoinbaseFault, EXTRANONCE2_MAX, Job};
pub use share::{Share, ShareOutcome};
pub use space::{CONTENTS_MAX, SearchSpace};
pub use target::{Target, hash_difficulty};
pub use units::RollingNeed;
pub use validate::{Batch, Found, validate};
pub use versions::VersionBits;
