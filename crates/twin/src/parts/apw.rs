//! APW power supplies with a bus: packets through register 0x11, a byte per transaction.
//!
//! Captured on an APW12 of type 0x71: the probe of register 0x00, type word, setting a voltage.
//! Published: the other commands, the voltage codes. Assumed: everything after "assumed" below.
//! A bad sum is dropped in silence and the earlier answer stays readable; a good request
//! takes its place. Assumed: after a bad sum the search for 55 AA goes on one byte
//! further; commands that nobody knows, or whose effect is disputed, are not answered; a
//! voltage that it cannot give is refused with the single byte F5 (one source for F5 as a
//! refusal).

use units::{Duration, Instant};

use super::apw_types::{Coding, coding};
use super::reply::Reply;
use super::{Dangers, OPEN, Slave, Way};

/// How long after a request its answer can be read. Assumed; the captured host reads after
/// 314 ms, others wait 400 or 500.
const ANSWER_DELAY: Duration = Duration::from_millis(300);
/// Without being fed for this long a watching supply goes off (one source).
const WATCHDOG: Duration = Duration::from_secs(20);
/// After it was switched on, status 0x0A is 1 for this long. Assumed.
const STARTING: Duration = Duration::from_secs(2);
/// Longest request that is waited for: 32 bytes of data, address and frame.
const LEN_MAX: u8 = 40;
/// What register 0x00 reads: "packets, through register 0x11" (captured).
const PACKETS: u8 = 0xF5;
const DATA_REGISTER: u8 = 0x11;

/// How a supply fails.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ApwFault {
    /// It does not acknowledge.
    Nack,
    /// It answers F5 where 55 stands.
    F5,
    /// Its answers have a wrong sum.
    BadSum,
    /// Its answers name another command, with a sum that fits.
    WrongEcho,
    /// It calls itself this type.
    Word(u16),
    /// It reads back a code so much larger than the one that is set.
    ReadbackOff(i16),
    /// Status 0x0A never becomes 0.
    NeverReady,
    /// Its answers end in the middle.
    ShortReply,
    /// It refuses to set a voltage.
    RefusesSet,
    /// It echoes an order to set a voltage and does not follow it.
    IgnoresSet,
    /// Its answers come so much later.
    Late(Duration),
    /// A protection trips: off until its line goes off and on again.
    Trips,
}

/// A supply.
#[derive(Clone, Debug)]
pub struct Apw {
    word: u16,
    firmware: u16,
    delay: Duration,
    /// Set voltage, as a code or as volts, by its type.
    code: u8,
    volts: f32,
    /// Since when the enable line is on.
    on_since: Option<Instant>,
    latched_off: bool,
    /// When the watchdog was fed last; `None`: it does not watch.
    fed: Option<Instant>,
    register: u8,
    pointed: bool,
    scratch: u8,
    request: Vec<u8>,
    reply: Reply,
    pub(super) faults: Vec<ApwFault>,
    dangers: Dangers,
    orders: u64,
}

impl Apw {
    /// A supply of the type `word`, after AC came: off, at the highest voltage it knows.
    pub fn new(word: u16, firmware: u16) -> Self {
        Apw {
            word,
            firmware,
            delay: ANSWER_DELAY,
            code: 0,
            volts: 20.0,
            on_since: None,
            latched_off: false,
            fed: None,
            register: 0,
            pointed: false,
            scratch: 0,
            request: Vec::new(),
            reply: Reply::default(),
            faults: Vec::new(),
            dangers: Dangers::default(),
            orders: 0,
        }
    }

    /// Answers are ready after `delay` instead of the assumed 300 ms.
    pub fn with_delay(self, delay: Duration) -> Self {
        Apw { delay, ..self }
    }

    /// How it is wrong from now on.
    pub fn set_faults(&mut self, now: Instant, faults: &[ApwFault]) {
        self.faults = faults.to_vec();
        self.settle(now);
    }

    /// Its enable line says on or off. Off ends trips and the watchdog (assumed).
    pub fn set_enable(&mut self, now: Instant, on: bool) {
        self.settle(now);
        match (on, self.on_since) {
            (true, None) => {
                self.on_since = Some(now);
                self.fed = self.fed.map(|_| now);
            }
            (false, _) => {
                self.on_since = None;
                self.latched_off = false;
                self.fed = None;
            }
            (true, Some(_)) => {}
        }
        self.settle(now);
    }

    /// Volts at its output without load.
    pub fn output_v(&self, now: Instant) -> f64 {
        let tripped = self.latched_off || self.next_event().is_some_and(|at| at <= now);
        match self.on_since {
            Some(_) if !tripped => self.set_v(),
            _ => 0.0,
        }
    }

    /// Volts that it is set to. A type that nobody knows is taken for a 0x71.
    pub fn set_v(&self) -> f64 {
        let known = coding(self.word, self.firmware);
        match known.or_else(|| coding(0x71, 0)) {
            Some(Coding::Code { a, b }) => (a - f64::from(self.code)) / b,
            Some(Coding::Float) | None => f64::from(self.volts),
        }
    }

    /// Requests that may have harmed it.
    pub fn dangers(&self) -> &Dangers {
        &self.dangers
    }

    /// Orders of a voltage that were taken.
    pub fn orders(&self) -> u64 {
        self.orders
    }

    /// When it acts by itself: its watchdog.
    pub fn next_event(&self) -> Option<Instant> {
        self.on_since?;
        Some(self.fed? + WATCHDOG)
    }

    /// Let what is due happen.
    pub fn settle(&mut self, now: Instant) {
        let starved = self.next_event().is_some_and(|at| at <= now);
        let trips = self.on_since.is_some() && self.has(&ApwFault::Trips);
        if starved || trips {
            self.latched_off = true;
            self.fed = None;
        }
    }

    /// Bytes of a request that is not whole yet.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.request.len()
    }

    fn has(&self, fault: &ApwFault) -> bool {
        self.faults.contains(fault)
    }

    fn received(&mut self, now: Instant, byte: u8) {
        self.request.push(byte);
        loop {
            let request = &self.request;
            let begins = match request.as_slice() {
                [] => return,
                [0x55] | [0x55, 0xAA] => return,
                [0x55, 0xAA, len, ..] => (4..=LEN_MAX).contains(len),
                _ => false,
            };
            if begins {
                let whole = usize::from(request[2]) + 2;
                if request.len() < whole {
                    return;
                }
                let (body, sum) = request[2..whole].split_at(whole - 4);
                if sum == sum16(body).to_le_bytes() {
                    let body = body.to_vec();
                    self.request.clear();
                    self.execute(now, body[1], &body[2..]);
                    return;
                }
            }
            self.request.remove(0);
        }
    }

    fn execute(&mut self, now: Instant, command: u8, payload: &[u8]) {
        self.settle(now);
        self.reply.clear();
        let answer = match (command, payload) {
            (0x01, []) => self.firmware.to_le_bytes().to_vec(),
            (0x02, []) => self.shown_word().to_le_bytes().to_vec(),
            (0x03, []) => self.readback(),
            (0x0A, []) => u16::from(self.starting(now)).to_le_bytes().to_vec(),
            // One source; its width is not captured, so both are taken.
            (0x81, [on] | [on, _]) => {
                self.fed = (*on != 0).then_some(now);
                payload.to_vec()
            }
            (0x84, _) => {
                self.fed = self.fed.map(|_| now);
                Vec::new()
            }
            (0x83, _) => match self.order(payload) {
                true => payload.to_vec(),
                false => return self.reply.set(&[0xF5], now, self.delay()),
            },
            (0x04 | 0x06 | 0x86, _) => return self.dangers.note(now, command),
            _ => return,
        };
        self.answer(now, command, &answer);
    }

    fn answer(&mut self, now: Instant, command: u8, payload: &[u8]) {
        let mut frame = vec![0x55, 0xAA, 4 + payload.len() as u8, command];
        if self.has(&ApwFault::WrongEcho) {
            frame[3] ^= 0x01;
        }
        frame.extend_from_slice(payload);
        let mut sum = sum16(&frame[2..]);
        if self.has(&ApwFault::BadSum) {
            sum ^= 0x0100;
        }
        frame.extend_from_slice(&sum.to_le_bytes());
        if self.has(&ApwFault::ShortReply) {
            frame.truncate(frame.len() / 2);
        }
        if self.has(&ApwFault::F5) {
            frame = vec![0xF5];
        }
        self.reply.set(&frame, now, self.delay());
    }

    fn delay(&self) -> Duration {
        let late = self.faults.iter().map(|f| match f {
            ApwFault::Late(by) => *by,
            _ => Duration::ZERO,
        });
        self.delay + late.max().unwrap_or_default()
    }

    fn shown_word(&self) -> u16 {
        let other = self.faults.iter().find_map(|f| match f {
            ApwFault::Word(word) => Some(*word),
            _ => None,
        });
        other.unwrap_or(self.word)
    }

    fn readback(&self) -> Vec<u8> {
        if coding(self.word, self.firmware) == Some(Coding::Float) {
            return self.volts.to_le_bytes().to_vec();
        }
        let off = self.faults.iter().find_map(|f| match f {
            ApwFault::ReadbackOff(by) => Some(*by),
            _ => None,
        });
        let code = i16::from(self.code).saturating_add(off.unwrap_or(0));
        code.clamp(0, 255).to_le_bytes().to_vec()
    }

    fn starting(&self, now: Instant) -> bool {
        let up = |since| now.since(since) >= STARTING;
        self.has(&ApwFault::NeverReady) || !self.on_since.is_some_and(up)
    }

    /// Set the voltage; false: refused.
    fn order(&mut self, payload: &[u8]) -> bool {
        if self.has(&ApwFault::RefusesSet) {
            return false;
        }
        let ignores = self.has(&ApwFault::IgnoresSet);
        match (coding(self.word, self.firmware), payload) {
            (Some(Coding::Float), &[a, b, c, d]) => {
                let volts = f32::from_le_bytes([a, b, c, d]);
                if !(8.0..=25.0).contains(&volts) {
                    return false;
                }
                if !ignores {
                    self.volts = volts;
                }
            }
            (Some(Coding::Float), _) => return false,
            (_, &[code, 0]) => {
                if !ignores {
                    self.code = code;
                }
            }
            _ => return false,
        }
        self.orders += 1;
        true
    }
}

impl Slave for Apw {
    fn start(&mut self, _now: Instant, way: Way) -> bool {
        self.pointed = way == Way::Read;
        !self.has(&ApwFault::Nack)
    }

    fn write(&mut self, now: Instant, byte: u8) -> bool {
        match (self.pointed, self.register) {
            (false, _) => {
                self.register = byte;
                self.pointed = true;
            }
            (true, 0) => self.scratch = byte,
            (true, DATA_REGISTER) => self.received(now, byte),
            _ => {}
        }
        true
    }

    fn read(&mut self, now: Instant) -> u8 {
        match self.register {
            0 => PACKETS,
            DATA_REGISTER => self.reply.pop(now),
            _ => OPEN,
        }
    }
}

fn sum16(bytes: &[u8]) -> u16 {
    bytes.iter().map(|b| u16::from(*b)).sum()
}
