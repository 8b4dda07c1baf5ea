//! A temperature sensor, whatever it is and however it is reached.
//!
//! What a sensor's registers hold does not depend on the way to them. A part says which
//! registers it wants read ([`Look`]) and set ([`Put`]) and what the bytes mean; a [`Path`]
//! carries that. The third way, a chip's relay, is part of the chain's own traffic.

use board_support::{Channel, SensorPart};
use hal::BusOp;
use units::Celsius;

use super::ops::{answer, ask, write};
use super::pic16f1704_framed::Pic16f1704Framed;
use super::{PartError, PartErrorKind, lm75, tmp75, tmp451};

/// Registers to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// The register.
    pub register: u8,
    /// How many bytes it holds: one or two.
    pub bytes: u8,
}

/// A register to be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Put {
    /// The register.
    pub register: u8,
    /// Its new value.
    pub value: u8,
}

/// The way to a sensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Path {
    /// On the bus.
    Bus {
        /// Its seven-bit address.
        address: u8,
    },
    /// Behind a hashboard's controller.
    Relay {
        /// The controller.
        controller: Pic16f1704Framed,
        /// The sensor's seven-bit address behind it.
        address: u8,
    },
}

impl Path {
    /// Reads a register; [`Path::seen`] gives its bytes.
    pub fn look(self, look: Look) -> Vec<BusOp> {
        match self {
            Path::Bus { address } => {
                vec![ask(address, &[look.register], u16::from(look.bytes))]
            }
            Path::Relay {
                controller,
                address,
            } => {
                let mut ops = controller.relay_pointer(address, look.register);
                ops.extend(controller.relay_read(address, look.bytes));
                ops
            }
        }
    }

    /// The bytes of the register.
    pub fn seen(self, look: Look, reads: &[Vec<u8>]) -> Result<Vec<u8>, PartError> {
        let bytes = match self {
            Path::Bus { .. } => answer(reads),
            Path::Relay {
                controller,
                address,
            } => {
                let pointer = controller.relay_pointer(address, look.register).len();
                let (pointer, data) = reads.split_at(pointer.min(reads.len()));
                Pic16f1704Framed::read_relay_pointer(pointer)?;
                Pic16f1704Framed::read_relay(data)?
            }
        };
        let expected = usize::from(look.bytes);
        match bytes.len() == expected {
            true => Ok(bytes),
            false => Err(PartError::new(PartErrorKind::Short { expected }, &bytes)),
        }
    }

    /// Sets a register. Empty where the way does not carry it: the relay's form for it is not
    /// known. Sensors behind it stay as they are at power-on.
    pub fn put(self, put: Put) -> Vec<BusOp> {
        match self {
            Path::Bus { address } => vec![write(address, &[put.register, put.value])],
            Path::Relay { .. } => Vec::new(),
        }
    }
}

/// One temperature of a sensor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probe {
    part: SensorPart,
    channel: Channel,
    path: Path,
}

impl Probe {
    /// The temperature of this channel of this part; parts with one channel have no other.
    pub const fn new(part: SensorPart, channel: Channel, path: Path) -> Probe {
        Probe {
            part,
            channel,
            path,
        }
    }

    /// Sets the part up, once at power-on, and waits until what it shows is of that. May be
    /// empty. Reads nothing.
    pub fn setup(self) -> Vec<BusOp> {
        let (puts, wait): (&[Put], _) = match self.part {
            // What is on a die is on no bus: its chip is asked, and nothing is here.
            SensorPart::Lm75 | SensorPart::Die => (&[], None),
            SensorPart::Tmp75 => (&tmp75::SETUP, None),
            SensorPart::Tmp451 | SensorPart::Nct218 => (&tmp451::SETUP, Some(tmp451::CONVERTED)),
        };
        let mut ops: Vec<_> = puts.iter().flat_map(|put| self.path.put(*put)).collect();
        if !ops.is_empty() {
            ops.extend(wait.map(BusOp::Delay));
        }
        ops
    }

    /// Asks for the temperature; [`Probe::read`] reads the answer.
    pub fn ask(self) -> Vec<BusOp> {
        let looks = self.looks().iter();
        looks.flat_map(|look| self.path.look(*look)).collect()
    }

    /// The temperature.
    pub fn read(self, reads: &[Vec<u8>]) -> Result<Celsius, PartError> {
        let mut bytes = Vec::new();
        let mut rest = reads;
        for look in self.looks() {
            let steps = self.path.look(*look).len().min(rest.len());
            let (these, others) = rest.split_at(steps);
            bytes.extend(self.path.seen(*look, these)?);
            rest = others;
        }
        match (self.part, self.channel) {
            (SensorPart::Lm75 | SensorPart::Die, _) => lm75::celsius(&bytes),
            (SensorPart::Tmp75, _) => tmp75::celsius(&bytes),
            (SensorPart::Tmp451 | SensorPart::Nct218, Channel::Local) => tmp451::local(&bytes),
            (SensorPart::Tmp451 | SensorPart::Nct218, Channel::Remote) => tmp451::remote(&bytes),
        }
    }

    fn looks(self) -> &'static [Look] {
        match (self.part, self.channel) {
            (SensorPart::Lm75, _) => &lm75::LOOKS,
            (SensorPart::Die, _) => &[],
            (SensorPart::Tmp75, _) => &tmp75::LOOKS,
            (SensorPart::Tmp451 | SensorPart::Nct218, Channel::Local) => &tmp451::LOCAL,
            (SensorPart::Tmp451 | SensorPart::Nct218, Channel::Remote) => &tmp451::REMOTE,
        }
    }
}
