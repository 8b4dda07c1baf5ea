//! TMP451, ADT7461 and NCT218: a local and a remote diode behind byte registers.
//!
//! Registers and identities are published (data sheets, two firmwares). The extended range
//! is captured: 0x5C is 28 °C once 0x04 was written to 0x09. Data sheet: the range at power-on
//! ends at 0 and 127 °C; another range, and with it the form of the value, counts from the next
//! conversion on, of which 16 are made a second at power-on.

use units::Instant;

use super::{OPEN, Probe, Slave, Way};

/// In the extended range 0 stands for -64 °C.
const EXTENDED: u8 = 1 << 2;
/// Status: the remote diode is missing.
const REMOTE_OPEN: u8 = 1 << 2;
/// Time between conversions at rate 0; each further rate halves it (data sheet).
const SLOWEST_NS: u64 = 16_000_000_000;
/// 16 conversions a second.
const RATE_AT_POWER_ON: u8 = 8;
/// The fastest of a TMP451; an NCT218 has one more.
const RATE_MAX: u8 = 9;

/// The registers of one sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tmp451 {
    config: u8,
    rate: u8,
    remote_offset: u8,
    /// When range or rate were written last, and the range of the conversion before.
    changed: (Instant, u8),
}

impl Default for Tmp451 {
    /// After power-up.
    fn default() -> Self {
        Tmp451 {
            config: 0,
            rate: RATE_AT_POWER_ON,
            remote_offset: 0,
            changed: (Instant::ZERO, 0),
        }
    }
}

/// What it measures at this moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Diodes {
    pub(crate) local_c: f64,
    /// `None`: nothing is connected.
    pub(crate) remote_c: Option<f64>,
}

impl Tmp451 {
    pub(crate) fn read(&self, now: Instant, register: u8, diodes: Diodes) -> u8 {
        let local = self.word(now, Some(diodes.local_c));
        let offset = f64::from(self.remote_offset as i8);
        let remote = self.word(now, diodes.remote_c.map(|c| c + offset));
        match register {
            0x00 => local[0],
            0x01 => remote[0],
            0x02 if diodes.remote_c.is_none() => REMOTE_OPEN,
            0x03 => self.config,
            0x04 => self.rate,
            0x10 => remote[1],
            0x11 => self.remote_offset,
            0x15 => local[1],
            0xFE => 0x55,
            _ => 0,
        }
    }

    pub(crate) fn write(&mut self, now: Instant, register: u8, data: u8) {
        match register {
            0x09 => {
                self.changed = (now, self.range(now));
                self.config = data;
            }
            0x0A => {
                self.changed = (now, self.range(now));
                self.rate = data;
            }
            0x11 => self.remote_offset = data,
            _ => {}
        }
    }

    /// Whole degrees and sixteenths. A missing diode reads 0 in the extended range
    /// (published); outside of it the same is assumed.
    fn word(&self, now: Instant, c: Option<f64>) -> [u8; 2] {
        let Some(c) = c else { return [0, 0] };
        let (shift, most) = match self.range(now) {
            0 => (0.0, 127.9375),
            _ => (64.0, 255.9375),
        };
        let sixteenths = ((c + shift).clamp(0.0, most) * 16.0).floor() as u16;
        (sixteenths << 4).to_be_bytes()
    }

    /// The range bit as the last conversion found it.
    fn range(&self, now: Instant) -> u8 {
        let (at, before) = self.changed;
        match self.conversions(now) > self.conversions(at) {
            true => self.config & EXTENDED,
            false => before,
        }
    }

    /// Conversions so far. Assumed to run in step with the clock.
    fn conversions(&self, now: Instant) -> u64 {
        now.as_nanos() / (SLOWEST_NS >> self.rate.min(RATE_MAX))
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

    fn write(&mut self, now: Instant, byte: u8) -> bool {
        if self.pointed {
            self.registers.write(now, self.pointer, byte);
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
        self.registers.read(now, self.pointer, diodes)
    }
}
