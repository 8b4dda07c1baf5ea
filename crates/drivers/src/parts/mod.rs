//! Parts beside the chips: supplies, voltage controllers, memories, sensors, fans.
//!
//! A part is two kinds of pure function: what to put on its bus ([`hal::BusOp`]s, as one
//! list), and what the answer means. The answer is what [`hal::BusDone::reads`] holds for
//! the steps of that list: whoever puts several lists into one job cuts `reads` by the
//! number of steps of each.
//!
//! Invariants: bytes from a bus never panic and never become a value that the part could not
//! have sent; they become a [`PartError`] that shows them. An order that could harm cannot be
//! written: commands that touch flash, calibration or identity have no function here, and a
//! voltage is a [`CodedVoltage`], which only exists inside a machine's limits.
//!
//! What a part deliberately does not know: the time, whether its last answer is plausible,
//! what to do about it, and which machine it sits in.

pub mod apw;
pub mod at24c02;
pub mod dspic33;
pub mod emc2101;
mod error;
pub mod hashboard_memory;
pub mod lm75;
mod ops;
pub mod pic16f1704;
pub mod pic16f1704_framed;
mod pic_frames;
mod sensor;
pub mod tmp421;
pub mod tmp451;
pub mod tmp75;
pub mod tps546;
mod voltage;

pub use error::{OrderError, PartError, PartErrorKind};
pub use ops::longest;
pub use pic_frames::FramedPic;
pub use sensor::{Look, Path, Probe, Put};
pub use voltage::{CodedVoltage, Rounding, millivolts_ceil};
