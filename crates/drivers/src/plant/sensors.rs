//! A board's own sensors, asked one after the other, a round each second.
//!
//! Sensors behind the board's controller can be asked only while that runs; until then nothing
//! is known of them. A miss or two says nothing: the last value stands, with its time. From the
//! third in a row on, or at once where the part itself says that it has nothing to measure, the
//! sensor has failed.

use board_support::{Channel, Sensor, SensorBus, SensorPart};
use hal::{BusDone, BusOp};
use telemetry::Sensed;
use units::{Celsius, ChainSlot, Duration, Instant};

use crate::parts::pic16f1704_framed::Pic16f1704Framed;
use crate::parts::{Path, Probe};

use super::wrong::Wrong;

/// Two readings a second apart and the time to act make the two seconds within which a board
/// that is too hot must be off.
const ROUND: Duration = Duration::from_secs(1);
/// Misses in a row that are no failure yet.
const MISSES: u8 = 2;

/// The sensors of one board, but for those that chips relay.
#[derive(Debug)]
pub(super) struct Sensors {
    list: Vec<Item>,
    /// The one to ask next; past the end between rounds.
    next: usize,
    round: Instant,
}

#[derive(Debug)]
struct Item {
    /// Its place in the machine's list.
    index: usize,
    part: SensorPart,
    channel: Channel,
    relayed: bool,
    address: u8,
    is_set_up: bool,
    misses: u8,
    told: Sensed<Celsius>,
}

/// A question to a sensor.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Asked {
    item: usize,
    probe: Probe,
    setup: bool,
}

impl Sensors {
    pub(super) fn new(sensors: &[Sensor], slot: ChainSlot) -> Self {
        let ours = sensors.iter().enumerate().filter_map(|(index, sensor)| {
            let (relayed, address) = match sensor.bus {
                SensorBus::ControlBoard => (false, sensor.address.saturating_add(slot.0)),
                SensorBus::VoltageController => (true, sensor.address),
                SensorBus::Chip(_) => return None,
            };
            Some(Item {
                index,
                part: sensor.part,
                channel: sensor.channel,
                relayed,
                address,
                is_set_up: false,
                misses: 0,
                told: Sensed::Unknown,
            })
        });
        Sensors {
            list: ours.collect(),
            next: 0,
            round: Instant::ZERO,
        }
    }

    /// When one is to be asked; `relay` says whether those behind the controller can be.
    pub(super) fn due(&self, relay: bool) -> Instant {
        let any = self.list.iter().any(|item| relay || !item.relayed);
        match any {
            true if self.next < self.list.len() => Instant::ZERO,
            true => self.round,
            false => Instant::NEVER,
        }
    }

    /// The next question of the round, if one is due.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        relay: Option<Pic16f1704Framed>,
    ) -> Option<(Asked, Vec<BusOp>)> {
        if self.next >= self.list.len() {
            if now < self.round {
                return None;
            }
            self.next = 0;
        }
        if self.next == 0 {
            self.round = now + ROUND;
        }
        while let Some(item) = self.list.get(self.next) {
            let path = match (item.relayed, relay) {
                (false, _) => Path::Bus {
                    address: item.address,
                },
                (true, Some(controller)) => Path::Relay {
                    controller,
                    address: item.address,
                },
                (true, None) => {
                    self.next += 1;
                    continue;
                }
            };
            let probe = Probe::new(item.part, item.channel, path);
            let (setup, ops) = match probe.setup() {
                ops if !ops.is_empty() && !item.is_set_up => (true, ops),
                _ => (false, probe.ask()),
            };
            let asked = Asked {
                item: self.next,
                probe,
                setup,
            };
            // A set-up is followed by the question itself.
            if !setup {
                self.next += 1;
            }
            return Some((asked, ops));
        }
        None
    }

    /// What became of a question: what is to be told of which sensor.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        asked: Asked,
        done: &BusDone,
    ) -> Option<(usize, Sensed<Celsius>)> {
        let item = self.list.get_mut(asked.item)?;
        let found = match done.error {
            Some(error) => Err(Wrong::Bus(error)),
            None if asked.setup => {
                item.is_set_up = true;
                return None;
            }
            None => asked.probe.read(&done.reads).map_err(Wrong::Part),
        };
        let wrong = match found {
            Ok(value) => {
                item.misses = 0;
                item.told = Sensed::Value { value, at: now };
                return Some((item.index, item.told));
            }
            Err(wrong) => wrong,
        };
        if asked.setup {
            // The next sensor must not wait for one that does not take its set-up.
            self.next = self.next.max(asked.item + 1);
        }
        item.misses = item.misses.saturating_add(1);
        // It may have lost its power, and its set-up with it.
        item.is_set_up = false;
        if wrong.may_pass() && item.misses <= MISSES || matches!(item.told, Sensed::Failed { .. }) {
            return None;
        }
        item.told = Sensed::Failed { since: now };
        Some((item.index, item.told))
    }

    /// The controller is gone: nothing is known of what is behind it.
    pub(super) fn lose_relay(&mut self) -> Vec<(usize, Sensed<Celsius>)> {
        let behind = self.list.iter_mut().filter(|item| item.relayed);
        let known = behind.filter(|item| item.told != Sensed::Unknown);
        known
            .map(|item| {
                (item.told, item.misses, item.is_set_up) = (Sensed::Unknown, 0, false);
                (item.index, item.told)
            })
            .collect()
    }
}
