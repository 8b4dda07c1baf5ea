//! Everything of a machine that is no chip: supply, voltage controllers, memories, sensors,
//! regulators and fans, as the other end of their wires.
//!
//! A part is an I2C slave down to the byte: it sees START with its address and direction,
//! each byte, and STOP. It keeps no clock: every call says what time it is. What it measures
//! is told by whoever models heat and current ([`Surroundings`]); a part only encodes it.
//! `docs/twin.md` lists what is captured, published and assumed.

mod apw;
mod apw_types;
mod at24c02;
mod board;
mod board_data;
mod danger;
mod emc2101;
mod fans;
mod fitted;
mod lm75;
mod pic16f1704;
mod pic_framed;
mod plan;
mod probe;
mod rail;
mod reply;
mod tmp451;
mod tps546;
mod tps546_registers;

#[cfg(test)]
mod tests;

use units::Instant;

pub use apw::{Apw, ApwFault};
pub use apw_types::{Coding, coding};
pub use at24c02::At24c02;
pub(crate) use board::ChipSensor;
pub use board::Controller;
pub use board_data::BoardData;
pub use danger::{Danger, Dangers};
pub use emc2101::{Diode, Emc2101};
pub use fans::Fans;
pub use fitted::Parts;
pub use lm75::{Lm75, Resolution};
pub use pic_framed::{FramedKind, PicFramed};
pub use pic16f1704::Pic16f1704;
pub use plan::{ControllerFault, Fault, PartFault};
pub use probe::{Probe, SensorFault};
pub(crate) use tmp451::Diodes;
pub use tmp451::{Tmp451, Tmp451Slave};
pub use tps546::Tps546;

/// The I2C buses of a control board, by what hangs on them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Bus {
    /// Everything on the hashboards, told apart by address: each slot adds its number.
    Hashboards,
    /// The power supply.
    Supply,
}

/// What an open bus reads.
const OPEN: u8 = 0xFF;

/// What comes of a transaction that fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum I2cFault {
    /// Nobody acknowledged the address or a byte.
    Nack,
    /// A line is held low.
    Stuck,
}

/// Direction of a transfer, as the bit beside the address says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The master writes.
    Write,
    /// The master reads.
    Read,
}

/// A part on an I2C bus.
pub trait Slave {
    /// START with this part's address; false: not acknowledged.
    fn start(&mut self, now: Instant, way: Way) -> bool;
    /// A byte from the master; false: not acknowledged.
    fn write(&mut self, now: Instant, byte: u8) -> bool;
    /// A byte for the master.
    fn read(&mut self, now: Instant) -> u8;
    /// STOP.
    fn stop(&mut self, _now: Instant) {}
}

/// One transaction: START, `write`; if something is to be read, a repeated START and that
/// many bytes; STOP. Both empty is a probe: the address alone.
///
/// # Errors
///
/// The part did not acknowledge; what was read before is lost.
pub fn transfer(
    slave: &mut dyn Slave,
    now: Instant,
    write: &[u8],
    read: &mut [u8],
) -> Result<(), I2cFault> {
    let mut done = true;
    if !write.is_empty() || read.is_empty() {
        done = slave.start(now, Way::Write) && write.iter().all(|byte| slave.write(now, *byte));
    }
    if done && !read.is_empty() {
        done = slave.start(now, Way::Read);
        if done {
            read.iter_mut().for_each(|byte| *byte = slave.read(now));
        }
    }
    slave.stop(now);
    done.then_some(()).ok_or(I2cFault::Nack)
}

/// What the parts of a machine measure.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Surroundings {
    /// One entry per slot. Slots beyond the list keep what they had.
    pub boards: Vec<BoardSurroundings>,
    /// Speeds of the fans; `None`: as an assumed fan turns at the duty that is set.
    pub fan_rpm: Option<Vec<u32>>,
}

/// What the parts of one hashboard measure.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BoardSurroundings {
    /// Degrees Celsius, one per entry of the machine's list of sensors, in its order.
    pub sensors_c: Vec<f64>,
    /// The rail at the board's controller in volts; `None`: what supply and controller
    /// give without load.
    pub rail_v: Option<f64>,
}
