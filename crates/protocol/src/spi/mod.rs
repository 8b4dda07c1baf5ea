//! The wire of chips on SPI (Bitmine A1, Dragonmint T1): frames, jobs, PLL, sensor, and one
//! table per chip.
//!
//! Terms: a chain moves *words* of 16 bits from chip to chip; the last chip turns them round.
//! A *number* names a chip, from 1 at the host; 0 is all. The *block* is a chip's register
//! file, written and read as a whole. Unlike the BM13xx, each chip has a job of its own and
//! holds one more in reserve, and results wait in the chain until they are asked for.
//!
//! All that is known stands in one public driver tree; nobody has published a capture. So
//! *published* here is one source, whose arithmetic was computed again.

mod answer;
mod command;
mod explain;
mod job;
mod pll;
mod profile;
mod step;

pub use answer::{Answer, decode};
pub use command::{BLOCK_MAX, Command, Strategy, crc16};
pub use explain::{Explained, explain};
pub use job::{JOB_MAX, encode_job, target};
pub use pll::{PllForm, PllSetting};
pub use profile::{Dialect, PROFILES, Profile, Sensor, profile};
pub use step::{Action, Step};

/// Chips of a chain at most, as far as a host looks for them: the published maxima are 64 and
/// 68.
pub const CHIPS_MAX: u16 = 128;
/// Bytes of the first word's way to a chip and back, less two: a chip's number times this.
const WAY: usize = 4;

/// Bytes that an exchange clocks before the first of the answer of chip `number` comes out;
/// with 0, of the broadcast's in a chain of `chips`.
pub fn answer_at(number: u8, chips: u16) -> usize {
    match usize::from(number) {
        0 => WAY * usize::from(chips),
        number => WAY * number - 2,
    }
}
