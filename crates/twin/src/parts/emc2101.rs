//! EMC2101: a fan's PWM and tach, and two temperatures. Registers published (data sheet, two
//! firmwares).

use units::Instant;

use super::{Probe, Slave, Way};

/// The external diode.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Diode {
    /// It measures what its probe does.
    #[default]
    Connected,
    /// Nothing is connected: 0x3F8.
    Open,
    /// Its pins touch: 0x3FF.
    Short,
}

/// Bit 2 of register 03: the pin is a tach input.
const TACH_ON: u8 = 1 << 2;
/// Bit 2 of the status: the diode is open or short.
const DIODE_FAULT: u8 = 1 << 2;
/// A tach count of one turn a minute.
const TACH_CLOCK: u32 = 5_400_000;

/// One fan controller.
#[derive(Clone, Debug)]
pub struct Emc2101 {
    /// Its own temperature.
    pub internal: Probe,
    /// The temperature at the diode.
    pub external: Probe,
    /// What is at the diode's pins.
    pub diode: Diode,
    /// Speed of the fan.
    pub rpm: u32,
    registers: [u8; 256],
    pointer: u8,
    pointed: bool,
    /// Low bytes that were frozen when their high (or the tach's low) byte was read.
    external_low: u8,
    tach_high: u8,
}

impl Default for Emc2101 {
    fn default() -> Self {
        let mut registers = [0; 256];
        registers[0xFD] = 0x16;
        registers[0xFE] = 0x5D;
        registers[0xFF] = 0x01;
        Emc2101 {
            internal: Probe::default(),
            external: Probe::default(),
            diode: Diode::Connected,
            rpm: 0,
            registers,
            pointer: 0,
            pointed: false,
            external_low: 0,
            tach_high: 0,
        }
    }
}

impl Emc2101 {
    /// How hard the fan is driven, of 63.
    pub fn fan_setting(&self) -> u8 {
        self.registers[0x4C] & 0x3F
    }

    fn external_word(&mut self, now: Instant) -> [u8; 2] {
        let raw = match self.diode {
            Diode::Open => 0x3F8,
            Diode::Short => 0x3FF,
            Diode::Connected => (self.external.shown_c(now) * 8.0)
                .floor()
                .clamp(-512.0, 1015.0) as i16,
        };
        (raw << 5).to_be_bytes()
    }

    fn tach(&self) -> [u8; 2] {
        let count = match self.registers[0x03] & TACH_ON {
            0 => 0xFFFF,
            _ => TACH_CLOCK
                .checked_div(self.rpm)
                .unwrap_or(0xFFFF)
                .min(0xFFFF),
        };
        (count as u16).to_le_bytes()
    }
}

impl Slave for Emc2101 {
    fn start(&mut self, _now: Instant, way: Way) -> bool {
        self.pointed = way == Way::Read;
        !self.internal.dead()
    }

    fn write(&mut self, _now: Instant, byte: u8) -> bool {
        match (self.pointed, self.pointer) {
            (false, _) => {
                self.pointer = byte;
                self.pointed = true;
            }
            (true, 0x03..=0x0C | 0x11..=0x19 | 0x48..=0x5F | 0xBF) => {
                self.registers[usize::from(self.pointer)] = byte;
            }
            // Measurements and identity.
            _ => {}
        }
        true
    }

    fn read(&mut self, now: Instant) -> u8 {
        match self.pointer {
            0x00 => self.internal.shown_c(now).floor().clamp(-64.0, 127.0) as i8 as u8,
            0x01 => {
                let [high, low] = self.external_word(now);
                self.external_low = low;
                high
            }
            0x10 => self.external_low,
            0x02 if self.diode != Diode::Connected => DIODE_FAULT,
            0x46 => {
                let [low, high] = self.tach();
                self.tach_high = high;
                low
            }
            0x47 => self.tach_high,
            other => self.registers[usize::from(other)],
        }
    }
}
