//! The World: the whole miner against the whole twin under one virtual clock.
//!
//! A [`World`] is made from [`WorldOptions`] (a machine, a pool, a fault plan, a network)
//! and one seed. It holds the engine, the twin machine behind its ports, the twin's pool
//! and the network between them, and runs them from event to event. After every step the
//! invariants of [`World::step`] are checked; at the end [`World::settle_accounts`]
//! compares what the twin found, what the miner booked and what the pool was sent, share
//! by share. A failure names the seed.
//!
//! Nothing here sleeps or reads a clock: a virtual hour takes as long as its arithmetic.

mod account;
pub mod days;
pub mod fleet;
pub mod fleet_plot;
mod jobs;
mod jobs_v2;
pub mod matrix;
mod net;
mod orders;
mod plot;
mod pools;
pub mod safety;
mod world;

pub use account::Verdicts;
pub use net::NetOptions;
pub use pools::{MorePool, pool_user};
pub use world::{Pause, Paused, World, WorldOptions, machines};
