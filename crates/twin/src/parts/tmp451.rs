//! TMP451, ADT7461 and NCT218: a local and a remote diode behind byte registers.
//!
//! Registers and identities are published (data sheets, two firmwares). The extended range
//! is captured: 0x5C is 28 °C once 0x04 was written to 0x09.

use units::Instant;

use super::{OPEN, Probe, Slave, Way};

/// In the extended range 0 stands for -64 °C.
const EXTENDED: u8 = 1 << 2;
/// Status: the remote diode is missing.
const REMOTE_OPEN: u8 = 1 << 2;

/// The registers of one sensor.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tmp451 {
    config: u8,
    remote_offset: u8,
}

/// What it measures at this moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Diodes {
    pub(crate) local_c: f64,
    /// `None`: nothing is connected.
    pub(crate) remote_c: Option<f64>,
}

impl Tmp451 {
    pub(crate) fn read(&self, register: u8, diodes: Diodes) -> u8 {
        let local = self.word(Some(diodes.local_c));
        let offset = f64::from(self.remote_offset as i8);
        let remote = self.word(diodes.remote_c.map(|c| c + offset));
        match register {
            0x00 => local[0],
            0x01 => remote[0],
            0x02 if diodes.remote_c.is_none() => REMOTE_OPEN,
            0x03 => self.config,
            0x10 => remote[1],
            0x11 => self.remote_offset,
            0x15 => local[1],
            0xFE => 0x55,
            _ => 0,
        }
    }

    pub(crate) fn write(&mut self, register: u8, data: u8) {
        match register {
            0x09 => self.config = data,
            0x11 => self.remote_offset = data,
            _ => {}
        }
    }

    /// Whole degrees and sixteenths. A missing diode reads 0 in the extended range
    /// (published); outside of it the same is assumed.
    fn word(&self, c: Option<f64>) -> [u8; 2] {
        let Some(c) = c else { return [0, 0] };
        let shift = if self.config & EXTENDED != 0 {
            64.0
        } else {
            0.0
        };
        let raw = ((c + shift) * 16.0).floor().clamp(0.0, 4095.0) as u16;
        (raw << 4).to_be_bytes()
    }
}

/// One sensor with a bus of its own: where boards wire it to the control board.
#[derive(Clone, Debug, Default)]
pub struct Tmp451Slave {
    /// The part's own diode.
    pub local: Probe,
    /// The other one; `None`: open.
    pub remote: Option<Probe>,
    registers: Tmp451,
    pointer: u8,
    pointed: bool,
}

impl Slave for Tmp451Slave {
    fn start(&mut self, _now: Instant, way: Way) -> bool {
        self.pointed = way == Way::Read;
        !self.local.dead()
    }

    fn write(&mut self, _now: Instant, byte: u8) -> bool {
        if self.pointed {
            self.registers.write(self.pointer, byte);
        } else {
            self.pointer = byte;
            self.pointed = true;
        }
        true
    }

    fn read(&mut self, now: Instant) -> u8 {
        if self.local.dead() {
            return OPEN;
        }
        let diodes = Diodes {
            local_c: self.local.shown_c(now),
            remote_c: self.remote.as_mut().map(|r| r.shown_c(now)),
        };
        self.registers.read(self.pointer, diodes)
    }
}
