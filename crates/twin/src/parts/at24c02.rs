//! AT24C02: 256 bytes behind a pointer that counts up by itself (data sheet).

use units::{Duration, Instant};

use super::{Dangers, Slave, Way};

/// Bytes that one write fills at most; it wraps inside them.
const PAGE: u8 = 8;
/// It does not acknowledge for so long after a write.
const WRITE_TIME: Duration = Duration::from_millis(5);

/// One memory.
#[derive(Clone, Debug)]
pub struct At24c02 {
    bytes: [u8; 256],
    pointer: u8,
    pointed: bool,
    written: bool,
    busy_until: Instant,
    dangers: Dangers,
}

impl At24c02 {
    /// With this content.
    pub fn new(bytes: [u8; 256]) -> Self {
        At24c02 {
            bytes,
            pointer: 0,
            pointed: false,
            written: false,
            busy_until: Instant::ZERO,
            dangers: Dangers::default(),
        }
    }

    /// What it holds.
    pub fn bytes(&self) -> &[u8; 256] {
        &self.bytes
    }

    /// Bytes that were written: nobody has to write to a board's memory. The command is
    /// the address.
    pub fn dangers(&self) -> &Dangers {
        &self.dangers
    }
}

impl Slave for At24c02 {
    fn start(&mut self, now: Instant, way: Way) -> bool {
        self.pointed = way == Way::Read;
        now >= self.busy_until
    }

    fn write(&mut self, now: Instant, byte: u8) -> bool {
        if self.pointed {
            self.dangers.note(now, self.pointer);
            self.bytes[usize::from(self.pointer)] = byte;
            let page = self.pointer / PAGE * PAGE;
            self.pointer = page + (self.pointer % PAGE + 1) % PAGE;
            self.written = true;
        } else {
            self.pointer = byte;
            self.pointed = true;
        }
        true
    }

    fn read(&mut self, _now: Instant) -> u8 {
        let byte = self.bytes[usize::from(self.pointer)];
        self.pointer = self.pointer.wrapping_add(1);
        byte
    }

    fn stop(&mut self, now: Instant) {
        if core::mem::take(&mut self.written) {
            self.busy_until = now + WRITE_TIME;
        }
    }
}
