//! Drivers: a hash chain, and the parts beside it, as values. Input in, effects out, no I/O and
//! no clock.
//!
//! [`Chain`] brings a chain of chips up, raises its frequency, keeps its link fed with
//! work, decodes nonces and recovers when the chain falls silent. It speaks
//! [`hal::LinkOp`] and [`hal::BoardOp`] and knows nothing of threads, sockets or pools.
//!
//! [`parts`] holds one file for each part beside the chips: what to put on its bus, and what
//! its answer means. [`plant::Plant`] runs them: supply, controllers, memories, sensors, fans.

mod chain;
pub mod parts;
pub mod plant;
pub mod poisson;

pub use chain::{
    Chain, ChainConfig, ChipSensor, ChipTemperature, ConfigError, Domain, Effect, Input, Needs,
    RollingNeed,
};
