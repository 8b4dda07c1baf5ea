//! The digital twin: the other side of every wire that the miner has, written a second
//! time from the same public descriptions.

pub mod pool;
