//! A chip as a relay to the temperature sensor on its own I2C bus.
//!
//! A word with the do-command bit starts a transfer; while it runs the register reads with
//! its busy bit set and no data, afterwards with the data in its low byte (captured from a
//! BM1391: 0x81980000, then 0x0198005C). A transfer takes a millisecond. Assumed: a device
//! that does not exist reads 0xFF, as an open bus does; a bus that is not connected leaves
//! the chip busy.
//!
//! The sensor is a TMP451 or one like it, with a local and a remote diode. Until somebody
//! tells what they measure they follow the chip's clock, which is assumed. It hangs on the
//! board's rail, not on the chip's reset (assumed): what was written to it stays until the
//! rail goes off.

use units::{Duration, Instant};

use crate::parts::{Diodes, Tmp451};

const BUSY: u32 = 1 << 31;
const DO_COMMAND: u32 = 1 << 24;
const TRANSFER: Duration = Duration::from_millis(1);
/// The sensor's address, eight bits wide (published for the S9).
const SENSOR: u32 = 0x98;

/// One chip's relay.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Relay {
    /// `None`: nothing was asked yet.
    transfer: Option<Transfer>,
    sensor: Tmp451,
}

#[derive(Clone, Copy, Debug)]
struct Transfer {
    word: u32,
    /// `None`: never.
    done: Option<Instant>,
}

/// What a relay is connected to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Bus {
    pub(crate) connected: bool,
    pub(crate) has_sensor: bool,
    /// What the sensor would measure at its own diode.
    pub(crate) local_c: f64,
    /// And at the one in the chip.
    pub(crate) remote_c: f64,
}

impl Relay {
    /// The relay of a chip after reset, with its sensor as it is.
    pub(crate) fn to(sensor: Tmp451) -> Self {
        Relay {
            transfer: None,
            sensor,
        }
    }

    pub(crate) fn sensor(&self) -> Tmp451 {
        self.sensor
    }

    /// A word is written to the register.
    pub(crate) fn write(&mut self, now: Instant, word: u32, bus: Bus) {
        if word & DO_COMMAND == 0 {
            self.transfer = None;
            return;
        }
        let device = word >> 16 & 0xFE;
        let writes = word >> 16 & 1 == 1;
        let (register, data) = ((word >> 8) as u8, word as u8);
        let data = match (bus.has_sensor && device == SENSOR, writes) {
            (false, _) => 0xFF,
            (true, false) => self.sensor.read(
                now,
                register,
                Diodes {
                    local_c: bus.local_c,
                    remote_c: Some(bus.remote_c),
                },
            ),
            (true, true) => {
                self.sensor.write(now, register, data);
                data
            }
        };
        self.transfer = Some(Transfer {
            word: word & 0x7FFF_FF00 | u32::from(data),
            done: bus.connected.then_some(now + TRANSFER),
        });
    }

    /// What the register reads; `None`: what is stored.
    pub(crate) fn read(&self, now: Instant) -> Option<u32> {
        let transfer = self.transfer?;
        Some(match transfer.done {
            Some(done) if done <= now => transfer.word,
            _ => transfer.word & !0xFF | BUSY,
        })
    }
}

/// The diode inside a chip is so much warmer than the board beside it. Assumed.
pub(crate) const CHIP_ABOVE_BOARD_C: f64 = 12.0;

/// Temperature of the board beside a chip: 28 °C at rest, 6 more for each 100 MHz of a
/// clock that hashes. Assumed, until there is heat in the twin.
pub(crate) fn board_c(hashing_mhz: f64) -> f64 {
    28.0 + 0.06 * hashing_mhz.clamp(0.0, 1200.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUS: Bus = Bus {
        connected: true,
        has_sensor: true,
        local_c: 28.0,
        remote_c: 40.0,
    };

    /// Writes a word, and compares what the register reads at once and 1 ms later.
    fn check(relay: &mut Relay, bus: Bus, word: u32, at_once: u32, later: u32) {
        check_at(5, relay, bus, word, at_once, later);
    }

    fn check_at(ms: u64, relay: &mut Relay, bus: Bus, word: u32, at_once: u32, later: u32) {
        let now = Instant::from_millis(ms);
        relay.write(now, word, bus);
        assert_eq!(relay.read(now), Some(at_once), "{word:08x} at once");
        assert_eq!(relay.read(now + TRANSFER), Some(later), "{word:08x} later");
    }

    #[test]
    fn reads_are_busy_first_and_then_give_the_data() {
        let mut relay = Relay::default();
        assert_eq!(relay.read(Instant::ZERO), None);
        check(&mut relay, BUS, 0x0198_0000, 0x8198_0000, 0x0198_001C);
        // The captured words: extended range, 0x5C - 64 = 28.
        check(&mut relay, BUS, 0x0199_0904, 0x8199_0900, 0x0199_0904);
        check_at(68, &mut relay, BUS, 0x0198_0000, 0x8198_0000, 0x0198_005C);
        check(&mut relay, BUS, 0x0198_0300, 0x8198_0300, 0x0198_0304);
        check(&mut relay, BUS, 0x0199_11FE, 0x8199_1100, 0x0199_11FE);
        check_at(68, &mut relay, BUS, 0x0198_0100, 0x8198_0100, 0x0198_0166);
    }

    #[test]
    fn absent_devices_read_ones_and_an_open_bus_stays_busy() {
        let mut relay = Relay::default();
        let alone = Bus {
            has_sensor: false,
            ..BUS
        };
        check(&mut relay, alone, 0x0198_0000, 0x8198_0000, 0x0198_00FF);
        check(&mut relay, BUS, 0x0190_0000, 0x8190_0000, 0x0190_00FF);
        let off = Bus {
            connected: false,
            ..BUS
        };
        check(&mut relay, off, 0x0198_0000, 0x8198_0000, 0x8198_0000);
    }
}
