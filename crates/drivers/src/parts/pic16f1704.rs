//! PIC16F1704 of the S9's hashboards: makes the chips' rail from 12 V, at 0x55 to 0x57.
//!
//! ```text
//! 55 AA CMD data..        no length, no checksum; the answer is bare
//! ```
//!
//! Every byte is a transaction of its own. Commands, waits and the voltage code are published
//! by two firmwares that agree; nothing is captured. Between two commands the parser must be
//! at its beginning: it does not know `55 55 AA`, so that a stray 55 swallows the next
//! command. [`Pic16f1704::flush`] brings it there.
//!
//! Without a heartbeat the rail goes off, after 10 s or 60 s by the program in the part (one
//! source); it is fed every second.
//!
//! Commands that read or write flash, the application or identities (0x01 to 0x05, 0x08,
//! 0x09, 0x11 to 0x14, 0x20 to 0x23) cannot be said: a board with a wrong program is refused,
//! never written.

use hal::BusOp;
use units::Duration;

use super::ops::{answer, each, read_each};
use super::{CodedVoltage, PartError, PartErrorKind};

/// How often it wants a heartbeat. Assumed: the shortest time until a program cuts the rail
/// is 10 s, by one source.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);

const PREAMBLE: [u8; 2] = [0x55, 0xaa];
/// The only version that stock and other hosts accept; the loader does not answer so.
const APPLICATION: u8 = 0x03;
/// Longer than the longest command's data, so that the parser ends any it is in.
const FLUSH: usize = 16;

/// Time until the loader listens; it does not acknowledge before.
const AFTER_RESET: Duration = Duration::from_millis(500);
/// Time until the application listens.
const AFTER_JUMP: Duration = Duration::from_millis(100);
const AFTER_SET: Duration = Duration::from_millis(100);

/// A controller at its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pic16f1704 {
    address: u8,
}

/// All that is ever said to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Command {
    Flush,
    Jump,
    Reset,
    SetVoltage(CodedVoltage),
    Enable(bool),
    Heartbeat,
    Version,
    Voltage,
}

impl Pic16f1704 {
    /// The controller at this seven-bit address.
    pub const fn at(address: u8) -> Pic16f1704 {
        Pic16f1704 { address }
    }

    /// Bring the parser to its beginning.
    pub fn flush(self) -> Vec<BusOp> {
        self.say(Command::Flush)
    }

    /// To the loader. The rail goes off.
    pub fn reset(self) -> Vec<BusOp> {
        self.say_and_wait(Command::Reset, AFTER_RESET)
    }

    /// From the loader to the application.
    pub fn jump(self) -> Vec<BusOp> {
        self.say_and_wait(Command::Jump, AFTER_JUMP)
    }

    /// Which program runs; [`read_version`] reads the answer.
    pub fn version(self) -> Vec<BusOp> {
        self.question(Command::Version)
    }

    /// Set the rail; it is on or off as before.
    pub fn set_voltage(self, voltage: CodedVoltage) -> Vec<BusOp> {
        self.say_and_wait(Command::SetVoltage(voltage), AFTER_SET)
    }

    /// Which voltage code is set; [`read_voltage`] reads the answer.
    pub fn voltage(self) -> Vec<BusOp> {
        self.question(Command::Voltage)
    }

    /// Switch the rail.
    pub fn enable(self, on: bool) -> Vec<BusOp> {
        self.say(Command::Enable(on))
    }

    /// The host is alive.
    pub fn heartbeat(self) -> Vec<BusOp> {
        self.say(Command::Heartbeat)
    }

    fn say(self, command: Command) -> Vec<BusOp> {
        let mut bytes = PREAMBLE.to_vec();
        match command {
            Command::Flush => bytes.extend([0; 1 + FLUSH]),
            Command::Jump => bytes.push(0x06),
            Command::Reset => bytes.push(0x07),
            Command::SetVoltage(voltage) => bytes.extend([0x10, voltage.code()]),
            Command::Enable(on) => bytes.extend([0x15, u8::from(on)]),
            Command::Heartbeat => bytes.push(0x16),
            Command::Version => bytes.push(0x17),
            Command::Voltage => bytes.push(0x18),
        }
        each(self.address, &bytes).collect()
    }

    fn say_and_wait(self, command: Command, wait: Duration) -> Vec<BusOp> {
        let mut ops = self.say(command);
        ops.push(BusOp::Delay(wait));
        ops
    }

    fn question(self, command: Command) -> Vec<BusOp> {
        let mut ops = self.say(command);
        ops.extend(read_each(self.address, 1));
        ops
    }
}

/// The application runs and is the one that is known.
pub fn read_version(reads: &[Vec<u8>]) -> Result<(), PartError> {
    let bytes = answer(reads);
    match PartError::exactly(&bytes)? {
        [APPLICATION] => Ok(()),
        [0xff] => Err(PartError::new(PartErrorKind::Silent, &bytes)),
        [other] => {
            let kind = PartErrorKind::Unknown {
                what: "program of the voltage controller, version",
                found: u32::from(other),
            };
            Err(PartError::new(kind, &bytes))
        }
    }
}

/// The voltage code that is set. Without a checksum every byte is one.
pub fn read_voltage(reads: &[Vec<u8>]) -> Result<u8, PartError> {
    let [code] = PartError::exactly(&answer(reads))?;
    Ok(code)
}
