//! APW supplies of the packet protocol: APW9, APW11, APW12 and their kin.
//!
//! ```text
//! 55 AA LEN CMD payload.. SUM_lo SUM_hi      LEN = bytes from LEN to SUM_hi
//!                                            SUM = 16-bit sum of LEN, CMD and payload
//! ```
//!
//! Every byte is a transaction of its own through register 0x11, both ways. The answer has
//! the same form and repeats CMD; a single 0xF5 in its place is a refusal.
//!
//! | fact | confidence |
//! |---|---|
//! | address 0x10, register 0x11, frame, 0x02 and 0x83 with their answers, probe 0xF5 | captured (type 0x71) |
//! | 400 ms before an answer is read, 100 ms after it, three tries | published (stock hosts) |
//! | 0x01, 0x03 | published, two sources |
//! | 0x0A after power-on of types 0x75 to 0x78; 0xF5 as refusal | published, one source |
//! | 0x81: that it is the watchdog, 20 s | published, one source; its payload is not captured |
//!
//! Two other commands (0x04, 0x06) read what the supply measures and remembers, and 0x86
//! writes it. Sources disagree whether they touch its calibration, so they cannot be said.
//!
//! Waits are delays and not polls: what register 0x11 gives before the answer is there is not
//! known, and each read may take a byte out of it.

use core::ops::RangeInclusive;

use board_support::PsuType;
use hal::BusOp;
use units::Duration;

use super::ops::{answer, ask, write};
use super::{CodedVoltage, OrderError, PartError, PartErrorKind, Rounding};

/// An answer that was damaged is asked for so often in all. Published (stock hosts).
pub const TRIES: u8 = 3;

/// What the probe reads from a supply that speaks packets.
const SPEAKS_PACKETS: u8 = 0xf5;
/// In place of an answer: no.
const REFUSAL: u8 = 0xf5;
const PROBE: u8 = 0x00;
const DATA: u8 = 0x11;
const MAGIC: [u8; 2] = [0x55, 0xaa];
/// LEN, CMD and SUM.
const AROUND_PAYLOAD: usize = 4;
/// Every answer that is asked for has a word or less as payload.
const ANSWER_MAX: usize = 8;
const BEFORE_ANSWER: Duration = Duration::from_millis(400);
const AFTER_ANSWER: Duration = Duration::from_millis(100);

/// Types that change the payload of 0x83 (a float, published by one source) or whose code
/// depends on their firmware (0xC1 and 0xC2, one source): whatever a file says of them, they
/// take no order.
const UNSETTABLE: [RangeInclusive<u16>; 2] = [0x62..=0x66, 0xc1..=0xc2];
/// Types that tell when they have come up.
const TELL_STATUS: RangeInclusive<u16> = 0x75..=0x78;

/// A supply at its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Apw {
    address: u8,
}

/// Something to ask of a supply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request(Command);

/// All that is ever said to a supply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Command {
    Version,
    Type,
    Code,
    SetCode(u8),
    Status,
    Watchdog(bool),
}

/// What a supply answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Firmware version.
    Version(u16),
    /// What it is: the word that decides how it takes voltages.
    Type(u16),
    /// The voltage code that is set.
    Code(u8),
    /// The code was taken.
    CodeSet(u8),
    /// 0 when it has come up.
    Status(u16),
    /// The watchdog was switched.
    WatchdogSet,
}

impl Apw {
    /// The supply at this seven-bit address.
    pub const fn at(address: u8) -> Apw {
        Apw { address }
    }

    /// Asks whether it speaks packets; [`read_probe`] reads the answer. Without this a supply
    /// of the old protocol would take packets for voltages.
    pub fn probe(self) -> Vec<BusOp> {
        vec![ask(self.address, &[PROBE], 1)]
    }

    /// One try of a request; [`Request::read`] reads the answer.
    pub fn ask(self, request: Request) -> Vec<BusOp> {
        let frame = request.frame();
        let mut ops: Vec<BusOp> = frame
            .iter()
            .map(|byte| write(self.address, &[DATA, *byte]))
            .collect();
        ops.push(BusOp::Delay(BEFORE_ANSWER));
        ops.extend((0..ANSWER_MAX).map(|_| ask(self.address, &[DATA], 1)));
        ops.push(BusOp::Delay(AFTER_ANSWER));
        ops
    }
}

/// Whether a supply speaks packets.
pub fn read_probe(reads: &[Vec<u8>]) -> Result<(), PartError> {
    let bytes = answer(reads);
    match PartError::exactly(&bytes)? {
        [SPEAKS_PACKETS] => Ok(()),
        [0xff] => Err(PartError::new(PartErrorKind::Silent, &bytes)),
        [other] => {
            let kind = PartErrorKind::Unknown {
                what: "supply protocol",
                found: u32::from(other),
            };
            Err(PartError::new(kind, &bytes))
        }
    }
}

/// The code for `mv` millivolts on the supply that answered `word`, one of the `types` that
/// the machine is known with, inside the machine's `limits`.
pub fn code_for(
    types: &[PsuType],
    word: u16,
    limits: &RangeInclusive<u32>,
    mv: u32,
) -> Result<CodedVoltage, OrderError> {
    let known = types.iter().find(|t| t.word == word);
    let known = known.ok_or(OrderError::UnknownType { word })?;
    let formula = match &known.code {
        Some(formula) if !UNSETTABLE.iter().any(|r| r.contains(&word)) => formula,
        _ => return Err(OrderError::NoCode { word }),
    };
    CodedVoltage::new(formula, rounding(word), limits, mv)
}

/// Types of the APW9 round, all others truncate.
const fn rounding(word: u16) -> Rounding {
    match word {
        0x41 | 0x42 => Rounding::Nearest,
        _ => Rounding::Truncate,
    }
}

impl Request {
    /// What firmware it has.
    pub const fn version() -> Request {
        Request(Command::Version)
    }

    /// What it is.
    pub const fn supply_type() -> Request {
        Request(Command::Type)
    }

    /// Which voltage code is set.
    pub const fn code() -> Request {
        Request(Command::Code)
    }

    /// Set a voltage.
    pub const fn set(voltage: CodedVoltage) -> Request {
        Request(Command::SetCode(voltage.code()))
    }

    /// Whether a supply of type `word` has come up: asked after its enable line is pulled,
    /// each 3 s, at most twenty times. `None` for types that are not known to tell.
    pub fn status(word: u16) -> Option<Request> {
        TELL_STATUS
            .contains(&word)
            .then_some(Request(Command::Status))
    }

    /// Switch the watchdog, which cuts the output when nothing was said for about 20 s; `true`
    /// again feeds it. Nothing here uses it by itself: one source names it, its payload is
    /// not captured, and the captured start of a machine does not send it.
    pub const fn watchdog(on: bool) -> Request {
        Request(Command::Watchdog(on))
    }

    /// The bytes of the request, as a whole.
    pub fn frame(self) -> Vec<u8> {
        let word = |w: u16| w.to_le_bytes().to_vec();
        let payload = match self.0 {
            Command::SetCode(code) => word(u16::from(code)),
            Command::Watchdog(on) => word(u16::from(on)),
            Command::Version | Command::Type | Command::Code | Command::Status => Vec::new(),
        };
        let mut frame = MAGIC.to_vec();
        frame.push((AROUND_PAYLOAD + payload.len()) as u8); // 4 or 6
        frame.push(self.command());
        frame.extend(payload);
        frame.extend(sum(&frame[2..]).to_le_bytes());
        frame
    }

    /// What the answer to it says.
    pub fn read(self, reads: &[Vec<u8>]) -> Result<Answer, PartError> {
        let bytes = answer(reads);
        let error = |kind| PartError::new(kind, &bytes);
        let payload = payload(self.command(), &bytes)?;
        if let Command::Watchdog(_) = self.0 {
            return Ok(Answer::WatchdogSet);
        }
        let word = match payload {
            [lo, hi] => u16::from_le_bytes([*lo, *hi]),
            _ => return Err(error(PartErrorKind::Garbled)),
        };
        match self.0 {
            Command::Version => Ok(Answer::Version(word)),
            Command::Type => Ok(Answer::Type(word)),
            Command::Status => Ok(Answer::Status(word)),
            Command::Code => match u8::try_from(word) {
                Ok(code) => Ok(Answer::Code(code)),
                Err(_) => Err(error(PartErrorKind::Unknown {
                    what: "voltage code",
                    found: u32::from(word),
                })),
            },
            Command::SetCode(code) if word == u16::from(code) => Ok(Answer::CodeSet(code)),
            Command::SetCode(code) => Err(error(PartErrorKind::Echo {
                expected: u16::from(code),
                found: word,
            })),
            Command::Watchdog(_) => Ok(Answer::WatchdogSet),
        }
    }

    const fn command(self) -> u8 {
        match self.0 {
            Command::Version => 0x01,
            Command::Type => 0x02,
            Command::Code => 0x03,
            Command::SetCode(_) => 0x83,
            Command::Status => 0x0a,
            Command::Watchdog(_) => 0x81,
        }
    }
}

/// The payload of an answer, checked: magic, length, command and sum. What follows a shorter
/// answer is not looked at.
fn payload(command: u8, bytes: &[u8]) -> Result<&[u8], PartError> {
    let error = |kind| PartError::new(kind, bytes);
    match bytes.first() {
        None => return Err(error(PartErrorKind::Short { expected: 8 })),
        Some(&REFUSAL) => return Err(error(PartErrorKind::Refused)),
        Some(_) if bytes.iter().all(|b| *b == 0xff) => return Err(error(PartErrorKind::Silent)),
        Some(_) => {}
    }
    let Some(body) = bytes.strip_prefix(&MAGIC) else {
        return Err(error(PartErrorKind::Garbled));
    };
    let len = body.first().map_or(0, |len| usize::from(*len));
    if !(AROUND_PAYLOAD..=ANSWER_MAX - MAGIC.len()).contains(&len) {
        return Err(error(PartErrorKind::Garbled));
    }
    let expected = MAGIC.len() + len;
    let Some(body) = body.get(..len) else {
        return Err(error(PartErrorKind::Short { expected }));
    };
    let (summed, [lo, hi]) = body.split_at(len - 2) else {
        return Err(error(PartErrorKind::Garbled));
    };
    let (expected, found) = (sum(summed), u16::from_le_bytes([*lo, *hi]));
    if expected != found {
        return Err(error(PartErrorKind::Checksum { expected, found }));
    }
    match summed {
        [_, echo, payload @ ..] if *echo == command => Ok(payload),
        _ => Err(error(PartErrorKind::Command { expected: command })),
    }
}

fn sum(bytes: &[u8]) -> u16 {
    bytes
        .iter()
        .fold(0, |sum: u16, b| sum.wrapping_add(u16::from(*b)))
}
