//! Questions to single chips while they hash: temperatures, and what chips count of their
//! own health.
//!
//! One question is open at a time, because answers of BM1387 and those behind an FPGA name
//! neither chip nor register. Questions are few (each sensor's and two counters' a second) and
//! wait until the ramp has ended. An answer is a *claim* of the chip: nothing here changes what it is told to do.
//! A sensor behind a chip takes one question while it is warm, three in frost and four where it is told to change
//! its range ([`relayed`]).
//!
//! A counter that has never moved tells nothing: some chips do not have it, and its reset
//! value is all that a read shows.

use protocol::{
    Command, HashRateCounter, Profile, Register, Shape, To, register,
    temperature::{I2cMaster, TemperatureSource},
};
use telemetry::Quality;
use units::{ChipAddress, ChipIndex, Duration, Instant, Megahertz};

use super::census;
use super::relayed::{self, Part, Question};

/// Time between two questions.
const PAUSE: Duration = Duration::from_millis(500);
/// Time after a sensor's answer before the next question.
const BREATH: Duration = Duration::from_millis(50);
/// Time after the ramp before the first.
const SETTLED_FOR: Duration = Duration::from_secs(5);
/// Each sensor is asked this often: two readings and the time to act make the two seconds
/// within which a board that is too hot must be off.
const SENSE_EVERY: Duration = Duration::from_secs(1);
/// A counter that has waited so long goes before sensors.
const COUNT_WITHIN: Duration = Duration::from_secs(2);
/// An answer takes a millisecond or two and may wait behind nonces.
const PATIENCE: Duration = Duration::from_millis(200);
/// A sensor's answer is looked for this often, and so many times (published: 1 ms, 50).
const POLL_EVERY: Duration = Duration::from_millis(2);
const POLLS: u8 = 50;
/// Questions in a row without an answer after which a part counts as failed. Noise takes
/// one answer in a hundred on a line that is worth a word; five in a row are no noise.
const MISSES: u8 = 5;
/// The same for a chip behind one that does not answer: most likely the chain ends there.
const MISSES_BEHIND: u8 = 2;
/// And the time between two questions then, so that the end is found in half a minute.
const PAUSE_BEHIND: Duration = Duration::from_millis(50);
/// Sensors per chain at most.
const SENSORS_MAX: usize = 16;
/// Errors that a chip counts between two of its readings from which it is worth a word.
const ERRORS_FROM: u32 = 16;
/// Share of the expected hash rate, by the chip's own count, below which it is told.
const SLOW_BELOW: f64 = 0.5;

/// A temperature sensor that a chip of the chain relays or has on its die.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChipSensor {
    /// The chip.
    pub chip: ChipIndex,
    /// The sensor's seven-bit address behind the chip; unused where it is on the die.
    pub device: u8,
    /// The sensor's register with whole degrees; unused where it is on the die.
    pub register: u8,
}

/// What a sensor says.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ChipTemperature {
    /// The sensor.
    pub sensor: ChipSensor,
    /// Degrees Celsius at the last good answer; `None` before the first.
    pub temp_c: Option<f64>,
    /// When that was.
    pub at: Instant,
    /// How far it can be trusted.
    pub quality: Quality,
}

impl ChipTemperature {
    /// A sensor that has not answered yet.
    pub(super) fn absent(sensor: ChipSensor, now: Instant) -> Self {
        ChipTemperature {
            sensor,
            temp_c: None,
            at: now,
            quality: Quality::Absent,
        }
    }
}

/// Something about a chip that is worth telling.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Claim {
    /// It stopped answering.
    Mute(String),
    /// Its own counters show trouble.
    Counters(String),
}

/// Questions of one chain since it began to hash.
#[derive(Debug)]
pub(super) struct Inquiry {
    sensors: Vec<Sensor>,
    /// What they are, where chips relay them.
    parts: Vec<Part>,
    chips: Vec<Chip>,
    /// When the next counter is asked for.
    count_at: Instant,
    /// The counter that is asked for, and of whom.
    turn: (usize, usize),
    /// A chip turned out mute, and its neighbours have not been heard yet.
    pending: bool,
    /// Mute chips as last told.
    told: Vec<u16>,
    open: Open,
}

#[derive(Debug)]
struct Sensor {
    reading: ChipTemperature,
    due: Instant,
    misses: u8,
    /// The chip's pins lead to it.
    enabled: bool,
    /// Its part in the list of parts.
    part: usize,
    /// What its part is asked or told now.
    question: Question,
}

#[derive(Clone, Copy, Default, Debug)]
struct Chip {
    misses: u8,
    mute: bool,
    errors: Option<u32>,
    /// Last count of hashes and when it was read; the rate is known from the second on.
    hashes: Option<(Instant, u32)>,
    has_hashed: bool,
}

#[derive(Debug)]
enum Open {
    /// Nothing is asked before then.
    Idle(Instant),
    /// Words that start a sensor, the next due then.
    Starting {
        sensor: usize,
        word: usize,
        at: Instant,
    },
    /// An answer is waited for.
    Asked {
        what: What,
        polls: u8,
        until: Instant,
    },
    /// The sensor was busy: ask again then.
    Poll {
        sensor: usize,
        polls: u8,
        at: Instant,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Sensor(usize),
    Counter { chip: usize, counter: usize },
}

/// What an inquiry needs to know of its chain.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    profile: &'static Profile,
    shape: &'a Shape,
    /// The misc control register as the chips have it.
    misc: u32,
    /// Hashes per second expected of a chip now.
    hashes_per_s: f64,
}

impl<'a> Around<'a> {
    /// `fraction` of the chips' hashing is what versions and line allow.
    pub(super) fn new(
        profile: &'static Profile,
        shape: &'a Shape,
        frequency: Megahertz,
        fraction: f64,
    ) -> Self {
        let writes = profile.baud_writes(shape.baud);
        let misc = writes.filter(|w| w.last.0 == profile.map.misc_control);
        Around {
            profile,
            shape,
            misc: misc.map_or(0, |w| w.last.1),
            hashes_per_s: profile.hashes_per_s(frequency) * fraction,
        }
    }
}

impl Inquiry {
    pub(super) fn new(now: Instant, sensors: &[ChipSensor], shape: &Shape) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        let sensors = sensors.iter().take(SENSORS_MAX).map(|sensor| Sensor {
            reading: ChipTemperature::absent(*sensor, now),
            due: now,
            misses: 0,
            enabled: false,
            part: relayed::part_of(&mut parts, sensor),
            question: Question::default(),
        });
        Inquiry {
            sensors: sensors.collect(),
            parts,
            chips: vec![Chip::default(); usize::from(shape.chips)],
            count_at: now + PAUSE,
            turn: (0, 0),
            pending: false,
            told: Vec::new(),
            open: Open::Idle(now + PAUSE),
        }
    }

    pub(super) fn temperatures(&self) -> impl Iterator<Item = ChipTemperature> {
        self.sensors.iter().map(|s| s.reading)
    }

    /// Not yet: the chips are still being brought to speed.
    pub(super) fn hold(&mut self, now: Instant) {
        self.open = Open::Idle(now + SETTLED_FOR);
    }

    pub(super) fn deadline(&self) -> Instant {
        match self.open {
            Open::Idle(at) | Open::Starting { at, .. } | Open::Poll { at, .. } => at,
            Open::Asked { until, .. } => until,
        }
    }

    /// Whatever is due: the command to send, or a claim to tell.
    pub(super) fn turn(
        &mut self,
        now: Instant,
        around: Around<'_>,
    ) -> (Option<Command>, Option<Claim>) {
        if self.deadline() > now {
            return (None, None);
        }
        match self.open {
            Open::Idle(_) => (self.begin(now, around), None),
            Open::Starting { sensor, word, .. } => (self.start(now, around, sensor, word), None),
            Open::Poll { sensor, polls, .. } => (self.read(now, around, sensor, polls), None),
            Open::Asked { what, .. } => {
                self.open = Open::Idle(now + PAUSE);
                (None, self.missed(now, around, what))
            }
        }
    }

    fn begin(&mut self, now: Instant, around: Around<'_>) -> Option<Command> {
        let sensed = around.profile.temperature != TemperatureSource::None;
        let sensors = self.sensors.iter().enumerate().filter(|_| sensed);
        let ready = |sensor: &Sensor| self.parts.get(sensor.part).map_or(now, Part::ready);
        let due = sensors.map(|(i, sensor)| (i, sensor.due.max(ready(sensor))));
        let next = due.min_by_key(|(_, due)| *due);
        match next {
            Some((i, due)) if due <= now && now < self.count_at + COUNT_WITHIN => {
                self.sensors[i].due = now + SENSE_EVERY;
                self.sensors[i].question = Question::default();
                self.start(now, around, i, 0)
            }
            Some((_, due)) if now < self.count_at => {
                self.open = Open::Idle(due.min(self.count_at));
                None
            }
            None if now < self.count_at => {
                self.open = Open::Idle(self.count_at);
                None
            }
            _ => {
                self.count_at = now + PAUSE;
                self.count(now, around)
            }
        }
    }

    /// The next word that starts a sensor, then the question.
    fn start(
        &mut self,
        now: Instant,
        around: Around<'_>,
        sensor: usize,
        word: usize,
    ) -> Option<Command> {
        let it = self.sensors.get_mut(sensor)?;
        let place = it.reading.sensor;
        let to = To::One(around.shape.address(place.chip.0));
        let (reg, value, wait) = match around.profile.temperature {
            TemperatureSource::None => {
                self.open = Open::Idle(now + PAUSE);
                return None;
            }
            TemperatureSource::I2c(master) if master.enable != 0 && !it.enabled => {
                it.enabled = true;
                let misc = around.profile.map.misc_control;
                (misc, around.misc | master.enable, POLL_EVERY)
            }
            TemperatureSource::I2c(master) => {
                let order = it.question.order(place.device, place.register);
                self.open = match it.question {
                    Question::Put(put) => {
                        let part = self.parts.get_mut(it.part);
                        if let Some(again) = part.and_then(|part| part.tell(now, put)) {
                            it.due = again;
                        }
                        Open::Idle(now + BREATH)
                    }
                    _ => Open::Poll {
                        sensor,
                        polls: 0,
                        at: now + POLL_EVERY,
                    },
                };
                return write(to, master.register, order);
            }
            TemperatureSource::OnDie(die) if word < die.start.len() => {
                let wait = Duration::from_millis(u64::from(die.start_ms));
                (die.control, die.start[word], wait)
            }
            _ => return self.read(now, around, sensor, 0),
        };
        self.open = Open::Starting {
            sensor,
            word: word + 1,
            at: now + wait,
        };
        write(to, reg, value)
    }

    fn read(
        &mut self,
        now: Instant,
        around: Around<'_>,
        sensor: usize,
        polls: u8,
    ) -> Option<Command> {
        let place = self.sensors.get(sensor)?.reading.sensor;
        let reg = match around.profile.temperature {
            TemperatureSource::None => return None,
            TemperatureSource::I2c(master) => master.register,
            TemperatureSource::OnDie(die) => die.result,
        };
        self.open = Open::Asked {
            what: What::Sensor(sensor),
            polls: polls + 1,
            until: now + PATIENCE,
        };
        let to = To::One(around.shape.address(place.chip.0));
        Some(Command::ReadRegister { to, reg })
    }

    /// Asks the next chip for its next counter.
    fn count(&mut self, now: Instant, around: Around<'_>) -> Option<Command> {
        let counters = counters(around.profile);
        let (chip, counter) = self.turn;
        let reg = counters.get(counter).copied();
        self.turn = if counter + 1 < counters.len() {
            (chip, counter + 1)
        } else {
            ((chip + 1) % self.chips.len().max(1), 0)
        };
        let Some((reg, _)) = reg else {
            self.open = Open::Idle(now + BREATH);
            return None;
        };
        self.open = Open::Asked {
            what: What::Counter { chip, counter },
            polls: 0,
            until: now + PATIENCE,
        };
        let to = To::One(around.shape.address(chip as u16));
        Some(Command::ReadRegister { to, reg })
    }

    /// An answer to a read. Those to no open question are ignored.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        around: Around<'_>,
        value: u32,
        from: (Option<ChipAddress>, Option<Register>),
    ) -> Option<Claim> {
        let Open::Asked { what, polls, .. } = self.open else {
            return None;
        };
        let (chip, reg) = match what {
            What::Sensor(i) => (
                usize::from(self.sensors.get(i)?.reading.sensor.chip.0),
                match around.profile.temperature {
                    TemperatureSource::None => return None,
                    TemperatureSource::I2c(master) => master.register,
                    TemperatureSource::OnDie(die) => die.result,
                },
            ),
            What::Counter { chip, counter } => (chip, counters(around.profile).get(counter)?.0),
        };
        let address = around.shape.address(chip as u16);
        if from.0.is_some_and(|a| a != address) || from.1.is_some_and(|r| r != reg) {
            return None;
        }
        self.open = Open::Idle(now + BREATH);
        if let Some(chip) = self.chips.get_mut(chip) {
            (chip.misses, chip.mute) = (0, false);
        }
        match what {
            What::Sensor(i) => {
                self.sensed(now, around, i, polls, value);
                None
            }
            What::Counter { chip, counter } => {
                let kind = counters(around.profile).get(counter)?.1;
                let claim = self.counted(now, around, chip, kind, value);
                // Whoever was mute before it is known now.
                self.tell_mute(around).or(claim)
            }
        }
    }

    fn sensed(&mut self, now: Instant, around: Around<'_>, i: usize, polls: u8, value: u32) {
        let Some(sensor) = self.sensors.get_mut(i) else {
            return;
        };
        let place = sensor.reading.sensor;
        let celsius = match around.profile.temperature {
            TemperatureSource::None => None,
            TemperatureSource::I2c(_) => {
                let register = sensor.question.register(place.register);
                match I2cMaster::answer(value, place.device, register) {
                    // Done, and if it is no measurement it is not polled for.
                    Some(byte) => return self.relayed(now, i, byte),
                    None => None,
                }
            }
            TemperatureSource::OnDie(die) => die.celsius(value),
        };
        match celsius {
            Some(celsius) => sensor.measured(now, celsius),
            None if polls < POLLS => {
                self.open = Open::Poll {
                    sensor: i,
                    polls,
                    at: now + POLL_EVERY,
                };
            }
            None => sensor.miss(),
        }
    }

    /// A part behind a chip gave a byte.
    fn relayed(&mut self, now: Instant, i: usize, byte: u8) {
        let Some(sensor) = self.sensors.get_mut(i) else {
            return;
        };
        let Some(part) = self.parts.get_mut(sensor.part) else {
            return;
        };
        let step = part.answer(sensor.reading.sensor.register, sensor.question, byte);
        match step.found {
            Some(Some(celsius)) => sensor.measured(now, celsius.c()),
            Some(None) => sensor.miss(),
            None => {}
        }
        if let Some(next) = step.next {
            sensor.question = next;
            self.open = Open::Starting {
                sensor: i,
                word: 1,
                at: now,
            };
        }
    }

    fn counted(
        &mut self,
        now: Instant,
        around: Around<'_>,
        index: usize,
        kind: Counter,
        value: u32,
    ) -> Option<Claim> {
        let chip = self.chips.get_mut(index)?;
        let who = format!(
            "chip={index} domain={}",
            index / usize::from(around.shape.chips_per_domain())
        );
        match kind {
            Counter::Errors => {
                let before = chip.errors.replace(value)?;
                let more = value.wrapping_sub(before);
                // A counter that fell was reset.
                (value > before && more >= ERRORS_FROM)
                    .then(|| Claim::Counters(format!("{who} nonce_errors={more}")))
            }
            Counter::Hashes => {
                let (at, before) = chip.hashes.replace((now, value))?;
                let seconds = now.since(at).as_secs_f64();
                let rate = f64::from(value.wrapping_sub(before)) * 4_294_967_296.0 / seconds;
                let first = !chip.has_hashed;
                chip.has_hashed |= value != before;
                let share = rate / around.hashes_per_s.max(1.0);
                (!first && seconds >= 1.0 && share < SLOW_BELOW).then(|| {
                    Claim::Counters(format!("{who} hash_rate_percent={:.0}", share * 100.0))
                })
            }
            Counter::Rate => {
                // Its unit is disputed: that it was there and is gone can be told.
                let ready = value >> 31 == 0 && value != 0x007f_ffff;
                let stopped = ready && value == 0 && chip.has_hashed;
                chip.has_hashed |= ready && value != 0;
                stopped.then(|| Claim::Counters(format!("{who} hash_rate_percent=0")))
            }
        }
    }

    /// No answer came.
    fn missed(&mut self, now: Instant, around: Around<'_>, what: What) -> Option<Claim> {
        let chip = match what {
            What::Sensor(i) => {
                let sensor = self.sensors.get_mut(i)?;
                sensor.miss();
                usize::from(sensor.reading.sensor.chip.0)
            }
            What::Counter { chip, counter } => {
                // Ask the same again soon.
                self.turn = (chip, counter);
                chip
            }
        };
        let behind = chip > 0 && self.chips.get(chip - 1).is_some_and(|c| c.mute);
        let (pause, limit) = match behind {
            true => (PAUSE_BEHIND, MISSES_BEHIND),
            false => (PAUSE, MISSES),
        };
        self.open = match what {
            What::Sensor(_) => Open::Idle(now + BREATH),
            What::Counter { .. } => {
                self.count_at = now + pause;
                Open::Idle(now + pause.min(BREATH))
            }
        };
        let state = self.chips.get_mut(chip)?;
        state.misses = state.misses.saturating_add(1);
        if state.misses < limit {
            return None;
        }
        // The others have their turn.
        (state.misses, state.mute) = (0, true);
        self.pending = true;
        let next = (chip + 1) % self.chips.len().max(1);
        self.turn = (next, 0);
        match next {
            0 => self.tell_mute(around),
            _ => None,
        }
    }

    /// The chips that do not answer, once their neighbours were heard and if they are
    /// others than were told.
    fn tell_mute(&mut self, around: Around<'_>) -> Option<Claim> {
        if !core::mem::take(&mut self.pending) {
            return None;
        }
        let mute: Vec<u16> = self
            .chips
            .iter()
            .zip(0u16..)
            .filter_map(|(c, place)| c.mute.then_some(place))
            .collect();
        if mute == self.told {
            return None;
        }
        let who = census::places(&mute, around.shape)?;
        self.told = mute;
        Some(Claim::Mute(format!("no answer from {who}")))
    }
}

impl Sensor {
    fn measured(&mut self, now: Instant, celsius: f64) {
        self.misses = 0;
        self.reading.temp_c = Some(celsius);
        self.reading.at = now;
        self.reading.quality = Quality::Good;
    }

    fn miss(&mut self) {
        self.misses = self.misses.saturating_add(1);
        self.reading.quality = match self.misses {
            MISSES.. => Quality::Failed,
            _ => self.reading.quality,
        };
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Counter {
    Errors,
    Hashes,
    Rate,
}

/// The counters of a chip, in the order in which they are asked for.
fn counters(profile: &Profile) -> Vec<(Register, Counter)> {
    let errors = profile.counters.nonce_errors.map(|r| (r, Counter::Errors));
    let rate = profile.counters.hash_rate.map(|c| match c {
        HashRateCounter::Rate(r) => (r, Counter::Rate),
        HashRateCounter::Hashes(r) => (r, Counter::Hashes),
    });
    errors.into_iter().chain(rate).collect()
}

fn write(to: To, reg: Register, value: u32) -> Option<Command> {
    debug_assert!(reg != register::CHIP_ID);
    Some(Command::WriteRegister { to, reg, value })
}
