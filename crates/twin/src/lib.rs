//! The digital twin: the other side of every wire that the miner has, written a second
//! time from the same public descriptions.
//!
//! [`machine`] is the hardware: chips, serial lines, the control board's FPGA. [`parts`] are
//! supply, controllers, sensors and fans on the other buses. [`physics`] is power and heat.
//! [`pool`] is the other end of the network. None of them imports any of the miner's own codecs
//! or cores, so that a misreading cannot hide on both sides. Nothing here does I/O or reads
//! a clock: time is an argument, chance comes from a seed.

pub mod machine;
pub mod parts;
pub mod physics;
pub mod pool;
