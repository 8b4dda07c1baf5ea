//! LM75A, CT75, TMP75 and TMP175: a temperature in two bytes behind a pointer.
//!
//! Pointer, registers and their resets are from the makers' data sheets. What an S19 Pro's
//! boards have fitted shows twelve bits without having been configured (captured: 0x1710,
//! 0x17B0), which an LM75A (eleven) or a TMP75 (nine until configured) would not.

use units::Instant;

use super::{Probe, Slave, Way};

/// How many bits of the temperature are real.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resolution {
    /// Always so many: 11 on an LM75A, 12 on what was captured.
    Fixed(u8),
    /// Nine to twelve by bits 6:5 of the configuration, as on a TMP75.
    Configured,
}

/// Bit 0 of the configuration: it measures no more and keeps what it has.
const SHUT_DOWN: u8 = 1;

/// One sensor.
#[derive(Clone, Debug)]
pub struct Lm75 {
    /// What it measures.
    pub probe: Probe,
    resolution: Resolution,
    pointer: u8,
    config: u8,
    hysteresis: [u8; 2],
    limit: [u8; 2],
    kept: [u8; 2],
    /// Bytes of the transaction so far.
    at: usize,
}

impl Lm75 {
    /// After power-up.
    pub fn new(resolution: Resolution) -> Self {
        Lm75 {
            probe: Probe::default(),
            resolution,
            pointer: 0,
            config: 0,
            hysteresis: [0x4B, 0x00],
            limit: [0x50, 0x00],
            kept: [0, 0],
            at: 0,
        }
    }

    fn bits(&self) -> u8 {
        match self.resolution {
            Resolution::Fixed(bits) => bits.clamp(9, 12),
            Resolution::Configured => 9 + (self.config >> 5 & 3),
        }
    }

    /// The temperature register: the bits beyond the resolution are cut off, not rounded.
    fn measure(&mut self, now: Instant) -> [u8; 2] {
        if self.config & SHUT_DOWN == 0 {
            let c = self.probe.shown_c(now).clamp(-55.0, 127.9375);
            let raw = (c * 256.0).floor() as i16;
            self.kept = (raw & (-1 << (16 - self.bits()))).to_be_bytes();
        }
        self.kept
    }
}

impl Slave for Lm75 {
    fn start(&mut self, now: Instant, way: Way) -> bool {
        self.at = 0;
        if self.probe.dead() {
            return false;
        }
        // Both bytes are of one measurement.
        if way == Way::Read && self.pointer == 0 {
            self.measure(now);
        }
        true
    }

    fn write(&mut self, _now: Instant, byte: u8) -> bool {
        match (self.at, self.pointer) {
            (0, _) => self.pointer = byte & 3,
            (_, 1) => self.config = byte,
            (1 | 2, 2) => self.hysteresis[self.at - 1] = byte,
            (1 | 2, 3) => self.limit[self.at - 1] = byte,
            _ => {}
        }
        self.at = (self.at + 1).min(3);
        true
    }

    fn read(&mut self, _now: Instant) -> u8 {
        let word = match self.pointer {
            0 => self.kept,
            1 => [self.config; 2],
            2 => self.hysteresis,
            _ => self.limit,
        };
        // Beyond the second byte the register is read again. Assumed.
        let byte = word[self.at & 1];
        self.at = (self.at + 1) & 1;
        byte
    }
}
