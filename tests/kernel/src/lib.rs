//! An ARM computer with a real kernel, emulated on this one, in which the binary of a miner runs.
//!
//! The kernel is Debian's; its drivers, device nodes, lines and network are what a control board has.
//! Chips of the buses are QEMU's; the hash chips are on the host, at the other end of the guest's serial
//! port. The test moves temperatures and lines from outside while the guest runs.
//!
//! `scripts/kernel-test` makes what is booted and says where it is (`STANNARY_KERNEL`). Where that is not
//! set a test says so and passes, unless `STANNARY_KERNEL_TESTS` is set, as `scripts/test` does it.

mod chips;
mod guest;
mod qmp;
mod registers;
mod simulated;
mod surroundings;

pub use chips::Chips;
pub use guest::{BOOT_PATIENCE, Guest, Serial, kernel};
pub use qmp::Qmp;
pub use registers::Registers;
pub use simulated::{Happening, simulated};
pub use surroundings::Surroundings;
