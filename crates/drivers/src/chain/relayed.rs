//! A TMP451 or one like it behind a chip: what it is asked, and what its bytes say.
//!
//! While it is warm, one byte tells a temperature. In its range at power-on all that is below
//! 1 °C is 0, so a part that says so is told to measure in its extended range, until all of it
//! that is asked is warm again:
//!
//! ```text
//! at power-on ── value ─┬─ 1 to 126 °C: that is it
//!                       └─ else as below
//!
//! extended, unknown ── value, configuration ─┬─ at power-on ─┬─ 1 to 126 °C: that is it
//!                                            │               └─ frost: rate ── fast ─▶ write extended
//!                                            ├─ extended ─ fraction: that is it ── warm ─▶ write power-on
//!                                            └─ neither: no measurement ─▶ write power-on
//! ```
//!
//! The dangerous error is a byte of the range at power-on that is taken for one of the extended:
//! 64 °C too little. So a value counts as one of that range only if the configuration, which is
//! read *after* it, says so, and if at least one conversion has been made since it was written:
//! before, the configuration is of the one range and the value of the other. What is found in its
//! range at power-on without having been told to has lost its power: what it said then is nothing.
//!
//! What refuses the extended range, or cannot be understood, has no measurement in frost, as if
//! this were not here.

use protocol::temperature::I2cMaster;
use units::{Celsius, ChipIndex, Instant};

use super::inquiry::ChipSensor;
use crate::parts::Put;
use crate::parts::tmp451::{self, Range};

/// All that is asked of a part is at least so warm: it goes back to the range at power-on. Far
/// enough from the 1 °C below which it comes here that it does not do so with each fan's turn.
const WARM_C: f64 = 8.0;

/// One part. A board's list may name both of its diodes as sensors.
#[derive(Debug)]
pub(super) struct Part {
    chip: ChipIndex,
    device: u8,
    /// The range that it was last seen to be in.
    range: Option<Range>,
    /// From then on the temperature is of the range that was written last.
    ready: Instant,
    /// It was told to be extended and has not been seen so since.
    told: bool,
    /// The diodes that are asked, and which were warm the last time.
    diodes: Vec<(u8, bool)>,
}

/// The part that `sensor` is a diode of, in a list of parts that grows by it if need be.
pub(super) fn part_of(parts: &mut Vec<Part>, sensor: &ChipSensor) -> usize {
    let is = |part: &Part| part.chip == sensor.chip && part.device == sensor.device;
    let index = parts.iter().position(is).unwrap_or_else(|| {
        parts.push(Part {
            chip: sensor.chip,
            device: sensor.device,
            // Another program may have left it in any.
            range: None,
            ready: Instant::ZERO,
            told: false,
            diodes: Vec::new(),
        });
        parts.len() - 1
    });
    parts[index].diodes.push((sensor.register, false));
    index
}

/// What a part is asked, or told, of one reading.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Question {
    /// The whole degrees.
    #[default]
    Value,
    /// The range that they are of.
    Configuration { value: u8 },
    /// What is behind the point.
    Fraction { value: u8 },
    /// How often it converts.
    Rate,
    /// Not a question: nothing is answered.
    Put(Put),
}

/// What comes of an answer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Step {
    /// The reading has ended so: `Some(None)` without a measurement.
    pub(super) found: Option<Option<Celsius>>,
    /// What is to be asked or told next.
    pub(super) next: Option<Question>,
}

impl Part {
    /// It is not to be asked before.
    pub(super) fn ready(&self) -> Instant {
        self.ready
    }

    /// It answered a question of `diode`.
    pub(super) fn answer(&mut self, diode: u8, question: Question, byte: u8) -> Step {
        match question {
            // An open bus: there is nobody to ask more.
            Question::Value if byte == 0xff => Step::ends(None),
            Question::Value => match tmp451::whole_degrees(byte) {
                Ok(celsius) if self.range == Some(Range::PowerOn) => Step::ends(Some(celsius)),
                _ => Step::ask(Question::Configuration { value: byte }),
            },
            Question::Configuration { value } => {
                let before = core::mem::replace(&mut self.range, tmp451::range(byte));
                match (self.range, tmp451::whole_degrees(value)) {
                    (Some(Range::Extended), _) => Step::ask(Question::Fraction { value }),
                    // It has lost its range, before the value or after it.
                    (Some(Range::PowerOn), _) if before == Some(Range::Extended) => {
                        self.range = None;
                        Step::ends(None)
                    }
                    (Some(Range::PowerOn), Ok(celsius)) => Step::ends(Some(celsius)),
                    (Some(Range::PowerOn), Err(_)) if tmp451::may_be_frost(value) => {
                        Step::ask(Question::Rate)
                    }
                    (Some(Range::PowerOn), Err(_)) => Step::ends(None),
                    (None, _) => Step::ends(None).then(Question::Put(tmp451::TO_POWER_ON)),
                }
            }
            Question::Fraction { value } => {
                self.told = false;
                let found = tmp451::extended(value, byte).ok();
                match self.is_warm(diode, found) {
                    true => Step::ends(found).then(Question::Put(tmp451::TO_POWER_ON)),
                    false => Step::ends(found),
                }
            }
            Question::Rate => match tmp451::converts_in_time(byte) {
                true => Step::ends(None).then(Question::Put(tmp451::TO_EXTENDED)),
                false => Step::ends(None),
            },
            // The register that shows this is not read.
            Question::Put(_) => Step::ends(None),
        }
    }

    /// It is told something now. Says when its temperature may be asked again at once, which is
    /// once, so that one that does not obey is not asked more often than others.
    pub(super) fn tell(&mut self, now: Instant, put: Put) -> Option<Instant> {
        self.range = None;
        self.ready = now + tmp451::CONVERTED;
        let extended = put == tmp451::TO_EXTENDED;
        if extended {
            self.diodes.iter_mut().for_each(|(_, warm)| *warm = false);
        }
        let first = extended && !self.told;
        self.told |= extended;
        first.then_some(self.ready)
    }

    /// All of it is warm, `diode` as it was found now.
    fn is_warm(&mut self, diode: u8, found: Option<Celsius>) -> bool {
        for (_, warm) in self.diodes.iter_mut().filter(|(d, _)| *d == diode) {
            *warm = found.is_some_and(|found| found.c() >= WARM_C);
        }
        self.diodes.iter().all(|(_, warm)| *warm)
    }
}

impl Question {
    /// The word that orders it from the chip's I2C master.
    pub(super) fn order(self, device: u8, diode: u8) -> u32 {
        match self {
            Question::Put(put) => I2cMaster::write(device, put.register, put.value),
            _ => I2cMaster::read(device, self.register(diode)),
        }
    }

    /// The register that it is about.
    pub(super) fn register(self, diode: u8) -> u8 {
        match self {
            Question::Value => diode,
            Question::Configuration { .. } => tmp451::CONFIGURATION.register,
            Question::Fraction { .. } => tmp451::fraction(diode),
            Question::Rate => tmp451::RATE.register,
            Question::Put(put) => put.register,
        }
    }
}

impl Step {
    fn ask(question: Question) -> Self {
        Step {
            found: None,
            next: Some(question),
        }
    }

    fn ends(found: Option<Celsius>) -> Self {
        Step {
            found: Some(found),
            next: None,
        }
    }

    fn then(self, next: Question) -> Self {
        Step {
            next: Some(next),
            ..self
        }
    }
}
