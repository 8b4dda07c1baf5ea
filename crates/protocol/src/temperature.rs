//! Temperatures that chips measure or relay: the words on the wire and what they mean.

use crate::Register;

/// How a chip tells a temperature.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum TemperatureSource {
    /// No way is known.
    None,
    /// A sensor behind the chip's I2C master.
    I2c(I2cMaster),
    /// A sensor on the die.
    OnDie(OnDie),
}

/// A chip's I2C master. Every chip of the family lays the register out alike: 31 busy, 24
/// do command, 23:17 device, 16 write, 15:8 register, 7:0 data (published by several
/// sources).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct I2cMaster {
    /// Its register.
    pub register: Register,
    /// Bits of the misc control register that lead the pins to it; 0 where the bring-up
    /// has set them.
    pub enable: u32,
}

impl I2cMaster {
    /// The register's value that orders a read of `reg` of the device at the 7-bit address
    /// `device`.
    pub const fn read(device: u8, reg: u8) -> u32 {
        0x0100_0000 | ((device & 0x7f) as u32) << 17 | (reg as u32) << 8
    }

    /// What a read of the master's register shows: the byte, or `None` while it is busy.
    pub const fn data(value: u32) -> Option<u8> {
        if value >> 31 == 1 {
            None
        } else {
            Some(value as u8)
        }
    }
}

/// A temperature sensor on the die.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OnDie {
    /// Where it is started.
    pub control: Register,
    /// What is written to start it, in order.
    pub start: &'static [u32],
    /// Milliseconds after each of these writes.
    pub start_ms: u32,
    /// Where the result is read.
    pub result: Register,
    /// Degrees Celsius per step of the code.
    pub per_step_c: f64,
    /// Degrees Celsius at code 0.
    pub zero_c: f64,
}

impl OnDie {
    /// The temperature in a result; `None` while it is not valid.
    pub fn celsius(&self, value: u32) -> Option<f64> {
        (value >> 31 == 1).then(|| f64::from(value & 0xffff) * self.per_step_c + self.zero_c)
    }
}

impl TemperatureSource {
    /// The temperature in a value of the on-die sensor's result register; `None` for any
    /// other register and for a result that is not valid.
    pub fn celsius_of(&self, reg: Register, value: u32) -> Option<f64> {
        match self {
            TemperatureSource::OnDie(die) if reg == die.result => die.celsius(value),
            _ => None,
        }
    }
}
