//! Jobs.
//!
//! ```text
//! A1: id, 7 | chip | midstate                   | tail 12 | start 4 | target 4 | end 4
//! T1: id, c | chip | midstates 3, 2, 1, 0       | tail 12 | start 4 | target 4 | end 4 | 0 4 | crc 2 | 0 2
//! ```
//!
//! A midstate goes state word 7 first, each word big-endian; the tail is header bytes 64 to 75.

use units::{Rolling, TicketDifficulty, WorkItem};

use super::command::crc16;
use super::profile::{Dialect, Profile};
use crate::Bytes;
use crate::job::put_midstate;

/// Bytes of the longest job.
pub const JOB_MAX: usize = 162;

/// Work as chip `number` takes it under `id`, which is 1 to 15. `None` for work whose version
/// the chip is to roll.
///
/// The T1's job always holds four midstates. With fewer versions they repeat in order, and a
/// result's slot modulo their number names the version. The A1 takes the first.
pub fn encode_job(
    profile: &Profile,
    number: u8,
    id: u8,
    item: &WorkItem,
    ticket: TicketDifficulty,
) -> Option<Bytes<JOB_MAX>> {
    let Rolling::Host(versions) = &item.rolling else {
        return None;
    };
    let midstates = versions.midstates();
    let mut out = Bytes::new();
    out.put(&[id << 4 | profile.job_command(), number]);
    for slot in (0..usize::from(profile.midstates())).rev() {
        put_midstate(&mut out, midstates.get(slot % midstates.len().max(1))?);
    }
    out.put(&item.header.tail());
    out.put(&[0; 4]);
    out.put(&target(ticket).to_le_bytes());
    out.put(&[0xff; 4]);
    if profile.dialect == Dialect::T1 {
        out.put(&[0; 4]);
        let crc = crc16(&out);
        out.put(&crc.to_be_bytes());
        out.put(&[0; 2]);
    }
    Some(out)
}

/// The compact target of a difficulty, in the form in which the vendor's driver has those of
/// its steps: sixteen bits of mantissa, rounded down, which makes it harder by one part in 256
/// at most. Beyond the mantissa's reach the hardest is taken.
pub fn target(ticket: TicketDifficulty) -> u32 {
    let log2 = ticket.value().trailing_zeros();
    let (bytes, bits) = (log2 / 8, log2 % 8);
    (0x1d - bytes.min(0x1a)) << 24 | 0xffff >> bits
}
