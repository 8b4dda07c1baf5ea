//! Control in closed loops, from seeds, over a box of parameters, with every fault; and the
//! mistakes that these runs must notice.

mod claims;
mod faults;
mod fleet;
mod mutants;
mod orders;
mod plant;
mod replay;
mod slots;
mod tables;
mod watch;
mod world;
