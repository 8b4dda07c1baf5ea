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

    /// The register's value that orders `data` to be written to its `reg`.
    pub const fn write(device: u8, reg: u8, data: u8) -> u32 {
        Self::read(device, reg) | 0x0001_0000 | data as u32
    }

    /// The byte that a read of the master's register shows for `reg` of `device`; `None` while
    /// it is busy, and where it shows another transfer of this device: the order was lost, and
    /// the byte is an older one.
    pub const fn answer(value: u32, device: u8, reg: u8) -> Option<u8> {
        let busy = value >> 31 == 1;
        // Captured on one chip of the family: the word of the order is shown. Others may not.
        let shows_order = (value >> 17) as u8 & 0x7f == device & 0x7f;
        if busy || shows_order && (value >> 8) as u8 != reg {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_the_captured_words() {
        assert_eq!(I2cMaster::read(0x4c, 0x00), 0x0198_0000);
        assert_eq!(I2cMaster::read(0x4c, 0x03), 0x0198_0300);
        assert_eq!(I2cMaster::write(0x4c, 0x09, 0x04), 0x0199_0904);
        assert_eq!(I2cMaster::write(0x4c, 0x11, 0xfe), 0x0199_11fe);
    }

    #[test]
    fn an_answer_is_one_to_the_order_that_was_given() {
        for (value, expected) in [
            // Captured: busy, then done.
            (0x8198_0000, None),
            (0x0198_005c, Some(0x5c)),
            // Done, and no command any more.
            (0x0098_005c, Some(0x5c)),
            // A chip that shows the byte alone.
            (0x0000_005c, Some(0x5c)),
            // The order was lost: the transfers before it.
            (0x0198_0304, None),
            (0x0199_0904, None),
        ] {
            assert_eq!(
                I2cMaster::answer(value, 0x4c, 0x00),
                expected,
                "{value:08x}"
            );
        }
    }
}
