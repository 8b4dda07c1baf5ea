//! The wire of BM13xx chips: frames, registers, arithmetic, and one table per chip.
//!
//! Everything here is a pure function or a `const`: what bytes a command or a job
//! becomes, what received bytes say, which register value gives which frequency. Who
//! sends what, when, is `drivers`' business; what a nonce is worth is `work`'s.
//!
//! Two link codecs: [`uart`] finds responses in a byte stream, [`fpga`] packs the records
//! of an x19 FPGA.

pub mod baud;
mod bytes;
mod chips;
mod command;
pub mod crc;
mod error;
pub mod fpga;
pub mod job;
pub mod pll;
mod profile;
pub mod register;
mod response;
mod step;
pub mod uart;

pub use bytes::Bytes;
pub use chips::{BM1370, BM1398, PROFILES, profile};
pub use command::{COMMAND_MAX, COMMAND_PREAMBLE, Command, To};
pub use error::FrameError;
pub use job::{JOB_MAX, JobLayout};
pub use profile::{
    Baud, BaudWrites, ChipField, Confirm, JobBits, LowBits, NonceLayout, Origin, Profile,
    RegisterInfo, Shape, Source, Sweep, WireIds,
};
pub use register::{CoreRegister, Register};
pub use response::{ChainResponse, RESPONSE_PREAMBLE, RawNonce, ResponseLength};
pub use step::{Action, Step};
