//! The framed controllers: PIC16F1704 of the 19 series, dsPIC33EP16GS202 of the 17 series.
//!
//! Captured on an S19 Pro (firmware 0x89): frames, reset, jump, version, heartbeat, enable and
//! the relay to four sensors. Published: commands of the 17 series, the rail's ADC. Assumed:
//! it starts in its loader, which says version 0x86 (one source) and answers to 06, 07 and
//! 17 only; requests of a wrong length or sum, and unknown ones, are not answered; only 16
//! feeds; starved, it refuses to be enabled until it is reset; an ADC's words are not
//! preceded by a status (06 3A, by the text "one word"), those of 28 are (13 bytes), those of
//! 37 are followed by a zero (11 bytes); a sensor that does not acknowledge gives status 00;
//! words of 28 and 37 are the rail first and zeros.

use units::{Duration, Instant};

use super::frame::{Assembler, Sum, sum16};
use super::lm75::Lm75;
use super::rail::RailSwitch;
use super::reply::Reply;
use super::{ControllerFault, Dangers, Slave, Way, transfer};

/// How long answers take. Assumed; the captured host waits 300 ms, and 10 ms for relays.
const DELAY: Duration = Duration::from_millis(250);
const RELAY_DELAY: Duration = Duration::from_millis(8);
/// Most bytes that one relayed read brings. Assumed.
const RELAY_MAX: u8 = 16;

/// Which controller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FramedKind {
    /// It switches the rail and relays to the board's sensors.
    Pic16f1704,
    /// It sets the rail as well.
    Dspic33,
}

/// A voltage controller.
#[derive(Clone, Debug)]
pub struct PicFramed {
    kind: FramedKind,
    /// In its application, not in its loader.
    application: bool,
    version: u8,
    requests: Assembler,
    reply: Reply,
    delay: Option<Duration>,
    rail: RailSwitch,
    code: u8,
    /// Sensors behind the relay, by address.
    pub sensors: Vec<(u8, Lm75)>,
    /// Volts at the rail, which its ADC shows.
    pub rail_v: f64,
    pub(super) fault: Option<ControllerFault>,
    dangers: Dangers,
}

impl PicFramed {
    /// After power-up. Without a heartbeat for `rail_off_after` it cuts the rail.
    pub fn new(kind: FramedKind, rail_off_after: Duration) -> Self {
        PicFramed {
            kind,
            application: false,
            version: 0x89,
            requests: Assembler::new(Sum::HighFirst),
            reply: Reply::default(),
            delay: None,
            rail: RailSwitch::new(rail_off_after),
            code: 0,
            sensors: Vec::new(),
            rail_v: 0.0,
            fault: None,
            dangers: Dangers::default(),
        }
    }

    /// Every answer takes `delay`.
    pub fn with_delay(self, delay: Duration) -> Self {
        PicFramed {
            delay: Some(delay),
            ..self
        }
    }

    /// How it is wrong from now on.
    pub fn set_fault(&mut self, fault: Option<ControllerFault>) {
        self.fault = fault;
    }

    /// It gives its board power.
    pub fn rail_on(&self) -> bool {
        self.rail.on() && self.fault != Some(ControllerFault::Trips)
    }

    /// It cut the rail for want of heartbeats and waits for a reset.
    pub fn starved(&self) -> bool {
        self.rail.starved()
    }

    /// The voltage code that it was given, on the kind that takes one.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// Commands that no known source explains: what they do to it nobody knows.
    pub fn dangers(&self) -> &Dangers {
        &self.dangers
    }

    /// When it cuts the rail if nothing comes.
    pub fn next_event(&self) -> Option<Instant> {
        self.rail.next_event()
    }

    /// Its supply goes. What is counted of it stays.
    pub(super) fn lose_power(&mut self) {
        self.application = false;
        self.requests = Assembler::new(Sum::HighFirst);
        self.reply = Reply::default();
        self.rail.reset();
        self.code = 0;
    }

    /// Let what is due happen.
    pub fn settle(&mut self, now: Instant) {
        self.rail.settle(now);
        if self.fault == Some(ControllerFault::Trips) {
            self.rail.reset();
        }
    }

    /// Bytes of a request that is not whole yet.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.requests.waiting()
    }

    fn execute(&mut self, now: Instant, command: u8, payload: &[u8]) {
        self.rail.settle(now);
        self.reply.clear();
        if self.fault == Some(ControllerFault::Silent) {
            return;
        }
        let dspic = self.kind == FramedKind::Dspic33;
        match (command, payload) {
            (0x07, []) => {
                self.application = false;
                self.rail.reset();
                self.short(now, command, 1);
            }
            (0x06, []) => {
                self.application = self.fault != Some(ControllerFault::NoApplication);
                self.short(now, command, 1);
            }
            (0x17, []) => {
                let version = if self.application { self.version } else { 0x86 };
                self.long(now, command, &[version]);
            }
            _ if !self.application => {}
            (0x15, [on]) => {
                self.rail.switch(now, *on != 0);
                let done = self.rail.on() == (*on != 0);
                self.short(now, command, done.into());
            }
            (0x16, []) => {
                self.rail.feed(now);
                self.long(now, command, &[1, 0]);
            }
            (0x3A, []) => {
                let [high, low] = self.rail_raw();
                self.long(now, command, &[high, low]);
            }
            (0x3B, [address, byte]) => {
                let done = self.relay(now, *address, &[*byte], &mut []);
                self.short(now, command, done.into());
            }
            (0x3C, [address, count]) => {
                let mut bytes = vec![0; usize::from((*count).min(RELAY_MAX))];
                let asked = (1..=RELAY_MAX).contains(count);
                let done = asked && self.relay(now, *address, &[], &mut bytes);
                let mut answer = vec![u8::from(done)];
                if done {
                    answer.extend_from_slice(&bytes);
                }
                self.long(now, command, &answer);
            }
            (0x10, [code, 0, 0]) if dspic => {
                self.code = *code;
                self.short(now, command, 1);
            }
            (0x28, []) if dspic => {
                let [high, low] = self.rail_raw();
                self.long(now, command, &[1, high, low, 0, 0, 0, 0, 0, 0]);
            }
            (0x37, []) => {
                let [high, low] = self.rail_raw();
                self.long(now, command, &[high, low, 0, 0, 0, 0, 0]);
            }
            (0x31, [_]) | (0x33, _) if dspic => self.short(now, command, 1),
            _ => self.dangers.note(now, command),
        }
    }

    fn relay(&mut self, now: Instant, address: u8, write: &[u8], read: &mut [u8]) -> bool {
        let sensor = self.sensors.iter_mut().find(|(a, _)| *a == address);
        sensor.is_some_and(|(_, sensor)| transfer(sensor, now, write, read).is_ok())
    }

    /// Raw word of the rail's ADC: volts = raw x 3.3 / 1024 x 7.6.
    fn rail_raw(&self) -> [u8; 2] {
        let raw = (self.rail_v / (3.3 / 1024.0 * 7.6)).round();
        (raw.clamp(0.0, 1023.0) as u16).to_be_bytes()
    }

    fn short(&mut self, now: Instant, command: u8, status: u8) {
        self.say(now, command, vec![command, status]);
    }

    fn long(&mut self, now: Instant, command: u8, data: &[u8]) {
        let mut frame = vec![4 + data.len() as u8, command];
        frame.extend_from_slice(data);
        let mut sum = sum16(&frame);
        if self.fault == Some(ControllerFault::BadSum) {
            sum ^= 0x0100;
        }
        frame.extend(Sum::HighFirst.bytes(sum));
        self.say(now, command, frame);
    }

    fn say(&mut self, now: Instant, command: u8, frame: Vec<u8>) {
        let usual = match command {
            0x3B | 0x3C => RELAY_DELAY,
            _ => DELAY,
        };
        let late = match self.fault {
            Some(ControllerFault::Late(by)) => by,
            _ => Duration::ZERO,
        };
        self.reply
            .set(&frame, now, self.delay.unwrap_or(usual) + late);
    }
}

impl Slave for PicFramed {
    fn start(&mut self, _now: Instant, _way: Way) -> bool {
        true
    }

    fn write(&mut self, now: Instant, byte: u8) -> bool {
        self.requests.push(byte);
        while let Some((command, payload)) = self.requests.next() {
            self.execute(now, command, &payload);
        }
        true
    }

    fn read(&mut self, now: Instant) -> u8 {
        self.reply.pop(now)
    }
}
