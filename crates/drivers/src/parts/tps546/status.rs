//! The regulator's state in one word.

/// STATUS_WORD as it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status(pub u16);

/// What is wrong with a regulator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RegulatorFault {
    /// The output gives too much.
    OutputHigh,
    /// Something about the output voltage.
    Output,
    /// The output current is at its limit.
    CurrentHigh,
    /// Something about the output current.
    Current,
    /// The input is too low.
    InputLow,
    /// Something about the input.
    Input,
    /// It is too hot.
    Temperature,
    /// It was told something that it does not understand.
    Communication,
    /// Something of its maker's own.
    Other,
    /// The output is on and not where it should be.
    PowerNotGood,
}

const OFF: u16 = 0x0040;

/// The worst first.
const BITS: [(u16, RegulatorFault); 10] = [
    (0x0020, RegulatorFault::OutputHigh),
    (0x0010, RegulatorFault::CurrentHigh),
    (0x0004, RegulatorFault::Temperature),
    (0x0008, RegulatorFault::InputLow),
    (0x8000, RegulatorFault::Output),
    (0x4000, RegulatorFault::Current),
    (0x2000, RegulatorFault::Input),
    (0x1000, RegulatorFault::Other),
    (0x0800, RegulatorFault::PowerNotGood),
    (0x0002, RegulatorFault::Communication),
];

impl Status {
    /// The output is off, for whatever reason.
    pub const fn is_off(self) -> bool {
        self.0 & OFF != 0
    }

    /// What is wrong, the worst first. Power that is not good is no fault of an output that
    /// is off.
    pub fn faults(self) -> impl Iterator<Item = RegulatorFault> {
        BITS.into_iter()
            .filter(move |(bit, fault)| {
                self.0 & bit != 0 && !(self.is_off() && *fault == RegulatorFault::PowerNotGood)
            })
            .map(|(_, fault)| fault)
    }
}
