//! The wire of BM13xx chips: frames, registers, arithmetic, and one table per chip. Chips on
//! SPI are another family with tables of their own: [`spi`].
//!
//! Everything here is a pure function or a `const`: what bytes a command or a job
//! becomes, what received bytes say, which register value gives which frequency. Who
//! sends what, when, is `drivers`' business; what a nonce is worth is `work`'s.
//!
//! Two link codecs: [`uart`] finds responses in a byte stream, [`fpga`] packs the records
//! of an x19 FPGA.

mod arithmetic;
pub mod baud;
mod bytes;
mod chips;
mod command;
pub mod crc;
mod dialect;
mod error;
pub mod explain;
pub mod fields;
pub mod fpga;
pub mod job;
pub mod pll;
mod profile;
pub mod register;
mod response;
pub mod spi;
mod step;
pub mod temperature;
pub mod uart;

pub use arithmetic::BaudWrites;
pub use bytes::Bytes;
pub use chips::{PROFILES, profile};
pub use command::{COMMAND_MAX, COMMAND_PREAMBLE, Command, To};
pub use dialect::Dialect;
pub use error::FrameError;
pub use job::{JOB_MAX, JobLayout};
pub use profile::{
    Baud, ChipField, Confirm, CoreRegisterInfo, Counters, Division, HashRateCounter, JobBits,
    LowBits, NonceBits, NonceLayout, Origin, PACE_COMMON, PACE_SLOW, Pace, PllWrites, Profile,
    RegisterInfo, Shape, Source, Sweep, View, WireIds,
};
pub use register::{CoreRegister, Register};
pub use response::{ChainResponse, RESPONSE_PREAMBLE, RawNonce, ResponseLength};
pub use step::{Action, Boards, RELAYED_FROM_DOMAINS, Step};
