//! Questions to single chips while they hash: a chip's block tells its temperature.
//!
//! One question is open at a time, those with a listed sensor once a second, the others in turn.
//! An answer is a *claim* of the chip: nothing here changes what it is told to do.

use protocol::Shape;
use protocol::spi::{BLOCK_MAX, Command, Profile};
use telemetry::Quality;
use units::{Duration, Instant};

use crate::chain::census;
use crate::chain::inquiry::{ChipSensor, ChipTemperature, Claim};

/// Time between two questions.
const PAUSE: Duration = Duration::from_millis(100);
/// Each sensor is asked this often: two readings and the time to act make the two seconds
/// within which a board that is too hot must be off.
const SENSE_EVERY: Duration = Duration::from_secs(1);
/// An answer comes with its exchange; one that waits behind a round of jobs takes longer.
const PATIENCE: Duration = Duration::from_millis(200);
/// Questions in a row without an answer, or with no temperature in it, after which a part
/// counts as failed.
const MISSES: u8 = 5;
/// Sensors per chain at most.
const SENSORS_MAX: usize = 16;

/// Questions of one chain since it began to hash.
#[derive(Debug)]
pub(in crate::chain) struct Round {
    sensors: Vec<Sensor>,
    misses: Vec<u8>,
    /// The next chip in turn.
    turn: usize,
    /// The place of the chip that was asked, and until when it may answer.
    open: Option<(usize, Instant)>,
    next: Instant,
    told: Vec<u16>,
}

#[derive(Debug)]
struct Sensor {
    reading: ChipTemperature,
    due: Instant,
    misses: u8,
}

impl Round {
    pub(in crate::chain) fn new(now: Instant, sensors: &[ChipSensor], chips: u16) -> Self {
        let sensors = sensors.iter().take(SENSORS_MAX).map(|sensor| Sensor {
            reading: ChipTemperature::absent(*sensor, now),
            due: now,
            misses: 0,
        });
        Round {
            sensors: sensors.collect(),
            misses: vec![0; usize::from(chips)],
            turn: 0,
            open: None,
            next: now,
            told: Vec::new(),
        }
    }

    pub(in crate::chain) fn temperatures(&self) -> impl Iterator<Item = ChipTemperature> {
        self.sensors.iter().map(|s| s.reading)
    }

    pub(in crate::chain) fn deadline(&self) -> Instant {
        self.open.map_or(self.next, |(_, until)| until)
    }

    /// Whatever is due: the command to send, or a claim to tell.
    pub(in crate::chain) fn turn(
        &mut self,
        now: Instant,
        shape: &Shape,
    ) -> (Option<Command>, Option<Claim>) {
        if self.deadline() > now {
            return (None, None);
        }
        if let Some((place, _)) = self.open.take() {
            self.next = now;
            return (None, self.missed(place, shape));
        }
        let due = self.sensors.iter_mut().filter(|s| s.due <= now);
        let place = match due.min_by_key(|s| s.due) {
            Some(sensor) => {
                sensor.due = now + SENSE_EVERY;
                usize::from(sensor.reading.sensor.chip.0)
            }
            None => {
                self.turn = (self.turn + 1) % self.misses.len().max(1);
                self.turn
            }
        };
        let Ok(chip) = u8::try_from(place + 1) else {
            self.next = now + PAUSE;
            return (None, None);
        };
        self.open = Some((place, now + PATIENCE));
        (Some(Command::Read { chip }), None)
    }

    /// A chip's block, asked for or not.
    pub(in crate::chain) fn block(
        &mut self,
        now: Instant,
        profile: &Profile,
        number: u8,
        block: &[u8; BLOCK_MAX],
    ) {
        let place = usize::from(number).wrapping_sub(1);
        if self.open.is_some_and(|(asked, _)| asked == place) {
            self.open = None;
            self.next = now + PAUSE;
        }
        if let Some(misses) = self.misses.get_mut(place) {
            *misses = 0;
        }
        let celsius = profile.celsius(block);
        for sensor in &mut self.sensors {
            if usize::from(sensor.reading.sensor.chip.0) != place {
                continue;
            }
            match celsius {
                Some(celsius) => {
                    sensor.misses = 0;
                    sensor.reading.temp_c = Some(celsius);
                    sensor.reading.at = now;
                    sensor.reading.quality = Quality::Good;
                }
                None => sensor.miss(),
            }
        }
    }

    fn missed(&mut self, place: usize, shape: &Shape) -> Option<Claim> {
        for sensor in &mut self.sensors {
            if usize::from(sensor.reading.sensor.chip.0) == place {
                sensor.miss();
            }
        }
        let misses = self.misses.get_mut(place)?;
        *misses = misses.saturating_add(1);
        let all = self.misses.iter().zip(0u16..);
        let mute: Vec<u16> = all
            .filter_map(|(m, place)| (*m >= MISSES).then_some(place))
            .collect();
        // A chip that answers again is no news, and neither is one that was told.
        if mute.iter().all(|place| self.told.contains(place)) {
            return None;
        }
        let who = census::places(&mute, shape)?;
        self.told = mute;
        Some(Claim::Mute(format!("no answer from {who}")))
    }
}

impl Sensor {
    fn miss(&mut self) {
        self.misses = self.misses.saturating_add(1);
        if self.misses >= MISSES {
            self.reading.quality = Quality::Failed;
        }
    }
}
