//! The x19 FPGA's I2C engine (register 0x030): one byte per call, one transaction at a time.
//!
//! ```text
//!   bit 31 ready · 27:26 master (0 hashboards, 1 supply) · 25 read · 24 register valid
//!   23:20 high nibble of the address · 18:16 its low three bits · 15:8 register · 7:0 data
//! ```
//!
//! Captured: the words; that the low byte keeps what was last on the bus while a read runs; that
//! the reset strobe clears it; how long calls take: a logger that looked each 1.36 ms saw
//! 85 % of calls of 39 bits running and 48 % of those of 20 bits on master 0, which is some
//! 33 us a bit, and on master 1 85.3 to 86.4 ms for 29 bits and 116 ms for 39.
//! Assumed, because nothing of it was captured: see [`NOBODY`] and [`Engine::finish`], and that a
//! word that is written while a call runs is lost.

use units::{Duration, Instant};

use crate::parts::{Bus, I2cFault, Parts};

const READY: u32 = 1 << 31;
const READ: u32 = 1 << 25;
const REGISTER_VALID: u32 = 1 << 24;
/// The idle word of the captured dump.
const IDLE: u32 = 0x8240_0001;
/// What a read brings if nobody acknowledges: no error bit was ever seen, and an open bus
/// is high.
const NOBODY: u8 = 0xFF;

const HASHBOARDS_BIT: Duration = Duration::from_micros(33);
const SUPPLY_BIT: Duration = Duration::from_micros(2950);
const HUNG_LOOK: Duration = Duration::from_millis(100);

#[derive(Clone, Debug)]
pub(crate) struct Engine {
    word: u32,
    /// When the call in `word` is over; `None`: nothing runs.
    done: Option<Instant>,
}

impl Engine {
    pub(crate) fn new() -> Self {
        Engine {
            word: IDLE,
            done: None,
        }
    }

    pub(crate) fn read(&self) -> u32 {
        self.word
    }

    pub(crate) fn write(&mut self, now: Instant, value: u32) {
        if self.done.is_some() {
            return;
        }
        let last = self.word & 0xFF;
        let data = if value & READ != 0 {
            last
        } else {
            value & 0xFF
        };
        self.word = value & !READY & !0xFF | data;
        let bits = match (value & READ != 0, value & REGISTER_VALID != 0) {
            (true, true) => 39,
            (false, true) => 29,
            (_, false) => 20,
        };
        let bit = match bus(value) {
            Some(Bus::Supply) => SUPPLY_BIT,
            _ => HASHBOARDS_BIT,
        };
        self.done = Some(now + bit * bits);
    }

    /// The reset strobe: the last byte is forgotten (captured), a call is given up (assumed).
    pub(crate) fn strobe(&mut self) {
        self.word = self.word & !0xFF | READY;
        self.done = None;
    }

    pub(crate) fn next_event(&self) -> Option<Instant> {
        self.done
    }

    /// The call that is over by `now` takes effect. On a bus that hangs it never ends.
    pub(crate) fn finish(&mut self, now: Instant, parts: &mut Parts) {
        let Some(at) = self.done.filter(|at| *at <= now) else {
            return;
        };
        let register = (self.word >> 8) as u8;
        let has_register = self.word & REGISTER_VALID != 0;
        let address = (self.word >> 20 & 0xF) << 3 | self.word >> 16 & 7;
        let reads = self.word & READ != 0;
        let mut write = Vec::with_capacity(2);
        if has_register {
            write.push(register);
        }
        if !reads {
            write.push(self.word as u8);
        }
        let mut byte = [NOBODY];
        let read = if reads { &mut byte[..] } else { &mut [] };
        let outcome = match bus(self.word) {
            Some(bus) => parts.transfer(at, bus, address as u8, &write, read),
            None => Err(I2cFault::Nack),
        };
        self.done = None;
        match (outcome, reads) {
            (Err(I2cFault::Stuck), _) => {
                // Looked at again now and then, so that it goes on once the line is free.
                self.done = Some(now + HUNG_LOOK);
                return;
            }
            (Err(I2cFault::Nack), true) => byte = [NOBODY],
            _ => {}
        }
        if reads {
            self.word = self.word & !0xFF | u32::from(byte[0]);
        }
        self.word |= READY;
    }
}

fn bus(word: u32) -> Option<Bus> {
    match word >> 26 & 3 {
        0 => Some(Bus::Hashboards),
        1 => Some(Bus::Supply),
        _ => None,
    }
}
