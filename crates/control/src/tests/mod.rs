//! Control in closed loops, from seeds, over a box of parameters, with every fault.

mod claims;
mod faults;
mod orders;
mod plant;
mod replay;
mod tables;
mod watch;
mod world;
