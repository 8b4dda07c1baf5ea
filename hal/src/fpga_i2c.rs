//! The I2C master in the x19 control board's FPGA: one register, one byte per call.
//!
//! Register 0x030 (captured; address bits of slots 1 to 3 by the same rule):
//!
//! | bits | meaning |
//! |---|---|
//! | 31 | ready; looked for before and after each call |
//! | 30 | taken for "not acknowledged", see [`outcome`] |
//! | 27:26 | bus: 0 hashboards, 1 supply |
//! | 25 | read |
//! | 24 | the register byte is sent |
//! | 23:20, 18:16 | address: bits 6:3 and bits 2:0 of its seven |
//! | 15:8 | register |
//! | 7:0 | data |
//!
//! So it can send one byte, send a register and a byte, read one byte, and send a register
//! and read one byte. It cannot do a probe (no byte at all) nor any longer transaction: cut in
//! pieces, START and STOP would stand where the part does not expect them. One exception is a
//! block read of a memory (0x50 to 0x57): its bytes are read one by one with their own
//! addresses, as the stock firmware was captured to do; for a memory of one address byte that
//! reads the same bytes. A sensor's 16-bit register is no such case and is refused.
//!
//! The register is used by nothing else, so an engine may have a window of its own beside the
//! [`FpgaPort`](crate::FpgaPort)'s. There must be one engine only, for both buses.

use core::ops::RangeInclusive;

use units::{Duration, Instant};

use crate::{BusError, BusId, I2cMaster, I2cTransfer, RegisterWindow};

const IIC_COMMAND: u32 = 0x030;

const READY: u32 = 1 << 31;
const REFUSED: u32 = 1 << 30;
const SUPPLY: u32 = 1 << 26;
const READ: u32 = 1 << 25;
const WITH_REGISTER: u32 = 1 << 24;
const REGISTER_ONE: u32 = 1 << 8;
/// What a finished call repeats of what was asked (captured).
const ECHO: u32 = 0x0FFF_FF00;

/// Memories with one address byte.
const MEMORIES: RangeInclusive<u8> = 0x50..=0x57;

/// First look at the ready bit, and least pause between two. A byte takes 0.2 to 1.4 ms on
/// the hashboards' bus.
const LOOK: Duration = Duration::from_micros(500);
/// Not ready for so long is stuck: four times the longest byte captured (117 ms, read from a
/// supply).
const STUCK_AFTER: Duration = Duration::from_millis(500);

/// [`I2cMaster`] for both buses of an x19 control board.
pub struct FpgaI2c<W> {
    window: W,
    state: State,
}

enum State {
    Idle,
    /// Begun, although the engine cannot do it.
    Unsupported,
    /// Waiting for the engine to be free.
    Before(Call, Looks),
    /// Waiting for the engine to finish.
    After(Call, Looks),
}

/// What is being done: one byte after another.
struct Call {
    word: u32,
    /// Bytes still to come, this one included.
    left: u16,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Looks {
    since: Instant,
    next: Instant,
}

impl Looks {
    /// Ever more seldom: a supply's byte takes a hundred times as long as a hashboard's.
    fn again(self, now: Instant) -> Looks {
        let pause = (now.since(self.since) / 8).max(LOOK);
        let next = (now + pause).min(self.since + STUCK_AFTER);
        Looks { next, ..self }
    }
}

impl<W: RegisterWindow> FpgaI2c<W> {
    /// The engine behind `window`.
    pub fn new(window: W) -> Self {
        FpgaI2c {
            window,
            state: State::Idle,
        }
    }

    /// The registers behind the engine.
    pub fn window(&mut self) -> &mut W {
        &mut self.window
    }

    fn start(&mut self, now: Instant, call: Call) {
        self.window.write32(now, IIC_COMMAND, call.word);
        let next = now + LOOK;
        self.state = State::After(call, Looks { since: now, next });
    }
}

impl<W: RegisterWindow> I2cMaster for FpgaI2c<W> {
    fn can(&self, transfer: I2cTransfer<'_>) -> bool {
        encode(transfer).is_some()
    }

    fn begin(&mut self, now: Instant, transfer: I2cTransfer<'_>) {
        let Some(word) = encode(transfer) else {
            self.state = State::Unsupported;
            return;
        };
        let call = Call {
            word,
            left: transfer.read.max(1),
            bytes: Vec::new(),
        };
        let looks = Looks {
            since: now,
            next: now,
        };
        if self.window.read32(now, IIC_COMMAND) & READY == 0 {
            self.state = State::Before(call, looks.again(now));
        } else {
            self.start(now, call);
        }
    }

    fn poll(&mut self, now: Instant) -> Option<Result<Vec<u8>, BusError>> {
        let (before, mut call, looks) = match core::mem::replace(&mut self.state, State::Idle) {
            State::Idle => return None,
            State::Unsupported => return Some(Err(BusError::Unsupported)),
            State::Before(call, looks) => (true, call, looks),
            State::After(call, looks) => (false, call, looks),
        };
        let value = (now >= looks.next).then(|| self.window.read32(now, IIC_COMMAND));
        // Ready with another's question in it is no answer to ours.
        let ready = value.filter(|v| v & READY != 0 && (before || (v ^ call.word) & ECHO == 0));
        let Some(value) = ready else {
            if value.is_some() && now.since(looks.since) >= STUCK_AFTER {
                return Some(Err(BusError::Stuck));
            }
            let looks = value.map_or(looks, |_| looks.again(now));
            self.state = if before {
                State::Before(call, looks)
            } else {
                State::After(call, looks)
            };
            return None;
        };
        if before {
            self.start(now, call);
            return None;
        }
        match outcome(value) {
            Err(error) => return Some(Err(error)),
            Ok(byte) if call.word & READ != 0 => call.bytes.push(byte),
            Ok(_) => {}
        }
        call.left -= 1;
        if call.left == 0 {
            return Some(Ok(call.bytes));
        }
        call.word += REGISTER_ONE;
        self.start(now, call);
        None
    }

    fn abort(&mut self, _now: Instant) {
        // What the engine does it will finish; the next call waits for it.
        self.state = State::Idle;
    }

    fn next_event(&self) -> Option<Instant> {
        match &self.state {
            State::Idle => None,
            State::Unsupported => Some(Instant::ZERO),
            State::Before(_, looks) | State::After(_, looks) => Some(looks.next),
        }
    }
}

/// The first word for a transaction; `None` if the engine cannot do it.
fn encode(transfer: I2cTransfer<'_>) -> Option<u32> {
    let kind = match (transfer.write, transfer.read) {
        ([], 1) => READ,
        ([register], 1) => READ | WITH_REGISTER | u32::from(*register) << 8,
        ([first], count)
            if MEMORIES.contains(&transfer.address)
                && (1..=0x100 - u16::from(*first)).contains(&count) =>
        {
            READ | WITH_REGISTER | u32::from(*first) << 8
        }
        ([value], 0) => u32::from(*value),
        ([register, value], 0) => WITH_REGISTER | u32::from(*register) << 8 | u32::from(*value),
        _ => return None,
    };
    let address = u32::from(transfer.address);
    if address > 0x7F {
        return None;
    }
    let bus = match transfer.bus {
        BusId::Hashboards => 0,
        BusId::Supply => SUPPLY,
    };
    Some(bus | (address >> 3) << 20 | (address & 7) << 16 | kind)
}

/// What a finished call says.
///
/// What this engine does when nobody acknowledges was never captured. Bit 30 is called an
/// error bit by public sources and was always 0 in captures of calls that went well: set, it
/// is taken for "not acknowledged" (assumed). If the engine says nothing of it, a part that is
/// absent reads as some byte, perhaps the last one on the bus. So whatever is read through
/// this engine must prove itself (a magic, a checksum, a command's echo) before it is
/// believed, and a write proves nothing by having ended.
fn outcome(value: u32) -> Result<u8, BusError> {
    if value & REFUSED != 0 {
        Err(BusError::Nack)
    } else {
        Ok(value as u8)
    }
}

#[cfg(test)]
#[path = "fpga_i2c_tests.rs"]
mod tests;
