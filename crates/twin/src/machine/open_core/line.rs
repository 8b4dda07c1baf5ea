//! One core: its FIFOs, what leaves at which tick, what comes in.
//!
//! A counter of 50 MHz wraps each WORK_TIME cycles, whether the core is enabled or not; each wrap
//! is a *tick*. One tick is remembered while a frame is on the wire.
//!
//! ```text
//!   waiting ── tick, line free: FIFO resets asked for take effect, then
//!     ├─ all words of a work are there ──▶ work on the wire ──┬─ a command waits ─▶ command
//!     ├─ else a command waits ──────────▶ command             └─ else waiting
//!     └─ else waiting
//!   command ── its words are all there: on the wire, then waiting;
//!              else the core stands until they are written or it is disabled
//! ```
//!
//! So a work or command may wait for almost a whole period, one command goes a tick, and a FIFO
//! that is to be reset also loses what is written to it before the tick.

use std::collections::VecDeque;

use units::{Duration, Instant};

use crate::machine::chain::Chain;
use crate::machine::crc::{crc5, crc16};
use crate::machine::noise::Gate;
use crate::machine::uplink::{Sink, line_time};

use super::telling::Telling;

/// Words that each FIFO holds (published).
pub(super) const COMMANDS_IN: usize = 256;
pub(super) const COMMANDS_OUT: usize = 1024;
pub(super) const WORKS_IN: usize = 1024;
pub(super) const WORKS_OUT: usize = 2048;

/// Cycles of the bus clock per second.
const CLOCK_HZ: f64 = 50e6;
const CYCLE_NS: u64 = 20;
/// A counter of 24 bits that is loaded with 0 goes all the way round.
const WORK_TIME_WRAP: u32 = 1 << 24;
/// What stands before frames of BM139x chips, either way.
const TO_CHIPS: [u8; 2] = [0x55, 0xAA];

/// A FIFO of words that is read through a register.
#[derive(Debug)]
pub(super) struct Fifo {
    words: VecDeque<u32>,
    depth: usize,
    /// The word that was read last: an empty FIFO shows it again. Assumed.
    last: u32,
}

impl Fifo {
    fn new(depth: usize) -> Self {
        Fifo {
            words: VecDeque::new(),
            depth,
            last: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.words.len() >= self.depth
    }

    /// Into a full one a word is lost (assumed).
    pub(super) fn push(&mut self, word: u32) {
        if !self.is_full() {
            self.words.push_back(word);
        }
    }

    pub(super) fn pop(&mut self) -> u32 {
        if let Some(word) = self.words.pop_front() {
            self.last = word;
        }
        self.last
    }

    pub(super) fn clear(&mut self) {
        self.words.clear();
    }
}

/// FIFOs that are to be reset at the next tick.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Resets {
    pub(super) commands_in: bool,
    pub(super) commands_out: bool,
    pub(super) works_in: bool,
    pub(super) works_out: bool,
}

/// What the sending side does.
#[derive(Debug)]
enum Sending {
    Waiting,
    /// A frame that will have left at `end`.
    Frame {
        bytes: Vec<u8>,
        end: Instant,
        is_work: bool,
    },
    /// A command of which words are missing, since this instant.
    Starved,
}

#[derive(Debug)]
pub(super) struct Core {
    pub(super) enabled: bool,
    /// Chips of the BM139x family: preambles.
    pub(super) bm139x: bool,
    /// log2 of the midstates of a work.
    pub(super) midstates_log2: u32,
    pub(super) baud: u32,
    pub(super) work_time: u32,
    pub(super) errors: u32,
    pub(super) last_id: u16,
    pub(super) threshold: u32,
    /// Interrupt enables of commands in, works in and works out.
    pub(super) irq_enables: [bool; 3],
    pub(super) commands_in: Fifo,
    pub(super) commands_out: Fifo,
    pub(super) works_in: Fifo,
    pub(super) works_out: Fifo,
    /// An answer came since the FIFO was last read, of commands and of works.
    pub(super) came: [bool; 2],
    pub(super) resets: Resets,
    sending: Sending,
    /// The tick that is not used up.
    tick: Instant,
    /// The line is free from here on.
    free: Instant,
    gate: Gate,
    /// What whoever looks at the error counter can know.
    pub(super) telling: Telling,
}

impl Core {
    pub(super) fn new(gate: Gate) -> Self {
        Core {
            enabled: false,
            bm139x: false,
            midstates_log2: 0,
            baud: 0,
            work_time: 1,
            errors: 0,
            last_id: 0,
            threshold: 0,
            irq_enables: [false; 3],
            commands_in: Fifo::new(COMMANDS_IN),
            commands_out: Fifo::new(COMMANDS_OUT),
            works_in: Fifo::new(WORKS_IN),
            works_out: Fifo::new(WORKS_OUT),
            came: [false; 2],
            resets: Resets::default(),
            sending: Sending::Waiting,
            tick: Instant::ZERO,
            free: Instant::ZERO,
            gate,
            telling: Telling::default(),
        }
    }

    /// Switched on or off: either way everything in it is gone.
    pub(super) fn set_enabled(&mut self, now: Instant, enabled: bool) {
        if enabled == self.enabled {
            return;
        }
        self.enabled = enabled;
        for fifo in [
            &mut self.commands_in,
            &mut self.commands_out,
            &mut self.works_in,
            &mut self.works_out,
        ] {
            fifo.clear();
        }
        self.came = [false; 2];
        self.resets = Resets::default();
        self.sending = Sending::Waiting;
        self.free = now;
        if enabled {
            self.errors = 0;
        }
    }

    pub(super) fn bits_per_s(&self) -> f64 {
        CLOCK_HZ / 8.0 / f64::from(self.baud + 1)
    }

    /// Let both directions run until `now`, in the order in which things happen: what comes in
    /// is numbered by the work that was sent last.
    pub(super) fn advance(&mut self, now: Instant, chain: &mut Chain) {
        loop {
            let at = self.next_step(now);
            self.receive_until(at.map_or(now, |at| at.min(now)), chain);
            match at {
                Some(at) if at <= now => self.step(at, now, chain),
                _ => return,
            }
        }
    }

    /// When the sending side goes on by itself.
    fn next_step(&self, now: Instant) -> Option<Instant> {
        match &self.sending {
            _ if !self.enabled => None,
            Sending::Frame { end, .. } => Some(*end),
            Sending::Waiting => Some(self.tick.max(self.free)),
            Sending::Starved => (self.commands_out.len() >= self.command_words()).then_some(now),
        }
    }

    fn step(&mut self, at: Instant, now: Instant, chain: &mut Chain) {
        match core::mem::replace(&mut self.sending, Sending::Waiting) {
            Sending::Waiting => self.at_tick(at, now),
            Sending::Starved => self.start_command(at),
            Sending::Frame { bytes, is_work, .. } => {
                let pause = self.deliver(at, &bytes, chain);
                self.free = at + pause;
                if is_work && !self.commands_out.is_empty() {
                    self.start_command(self.free);
                }
            }
        }
    }

    /// The line is free and a tick has come.
    fn at_tick(&mut self, at: Instant, now: Instant) {
        self.tick = self.tick_after(at);
        let resets = core::mem::take(&mut self.resets);
        for (asked, fifo) in [
            (resets.commands_in, &mut self.commands_in),
            (resets.commands_out, &mut self.commands_out),
            (resets.works_in, &mut self.works_in),
            (resets.works_out, &mut self.works_out),
        ] {
            if asked {
                fifo.clear();
            }
        }
        self.came[0] &= !resets.commands_in;
        self.came[1] &= !resets.works_in;
        if self.works_out.len() >= self.work_words() {
            self.start_work(at);
        } else if !self.commands_out.is_empty() {
            self.start_command(at);
        } else {
            // Nothing can come before somebody writes: ticks pass.
            self.tick = self.tick_after(now);
        }
    }

    /// The first tick after `at`.
    fn tick_after(&self, at: Instant) -> Instant {
        let cycles = match self.work_time {
            0 => WORK_TIME_WRAP,
            n => n,
        };
        let period = u64::from(cycles) * CYCLE_NS;
        let passed = match self.tick <= at {
            true => at.since(self.tick).as_nanos() as u64 / period + 1,
            false => 0,
        };
        self.tick + Duration::from_nanos(passed.saturating_mul(period))
    }

    fn midstates(&self) -> u8 {
        match self.midstates_log2 {
            0 => 1,
            1 => 2,
            _ => 4,
        }
    }

    /// Words of one work: id, nbits, ntime, merkle tail, midstates.
    fn work_words(&self) -> usize {
        4 + 8 * usize::from(self.midstates())
    }

    fn start_work(&mut self, at: Instant) {
        let count = self.midstates();
        let id = self.works_out.pop();
        self.last_id = id as u16;
        let length = 22 + 32 * count;
        let mut body = vec![0x21, length, id as u8 & 0x7F, count, 0, 0, 0, 0];
        for _ in 0..3 {
            body.extend(self.works_out.pop().to_le_bytes());
        }
        for _ in 0..8 * count {
            body.extend(self.works_out.pop().to_be_bytes());
        }
        body.extend(crc16(&body).to_be_bytes());
        self.start(at, &body, true);
    }

    /// Words of the command at the front: the second byte counts its bytes and the checksum. A
    /// length below two wraps, as the subtraction in the core does.
    fn command_words(&self) -> usize {
        let first = self.commands_out.words.front().copied().unwrap_or(0);
        let beyond = (first >> 8) as u8;
        usize::from(beyond.wrapping_sub(2) >> 2 & 0x1F) + 1
    }

    fn start_command(&mut self, at: Instant) {
        let words = self.command_words();
        if self.commands_out.len() < words {
            self.sending = Sending::Starved;
            return;
        }
        let mut body = Vec::with_capacity(4 * words + 1);
        for _ in 0..words {
            body.extend(self.commands_out.pop().to_le_bytes());
        }
        let in_last = usize::from(body[1].wrapping_sub(2) & 3) + 1;
        body.truncate(4 * (words - 1) + in_last);
        body.push(crc5(&body));
        self.start(at, &body, false);
    }

    fn start(&mut self, at: Instant, body: &[u8], is_work: bool) {
        let mut bytes = Vec::with_capacity(2 + body.len());
        if self.bm139x {
            bytes.extend(TO_CHIPS);
        }
        bytes.extend(body);
        let end = at + line_time(self.bits_per_s(), bytes.len());
        self.sending = Sending::Frame {
            bytes,
            end,
            is_work,
        };
    }

    /// A frame has left; returns for how long noise made the line pause.
    fn deliver(&mut self, at: Instant, bytes: &[u8], chain: &mut Chain) -> Duration {
        let bits_per_s = self.bits_per_s();
        let mut pause = Duration::ZERO;
        if self.gate.pass(at, bytes.len()) {
            for byte in bytes {
                chain.receive(at, *byte, bits_per_s);
            }
        } else {
            for noisy in self.gate.apply(at, bytes) {
                chain.receive(at, noisy.byte, bits_per_s);
                pause = noisy.pause;
            }
            chain.totals.noise_hits += self.gate.take_hits();
        }
        chain.was_sent(at, bytes, bits_per_s);
        pause
    }

    /// Answers that have arrived by `until`.
    fn receive_until(&mut self, until: Instant, chain: &mut Chain) {
        loop {
            let next = chain.uplink.next_end();
            let at = next.map_or(until, |at| at.min(until));
            chain.run(at);
            if chain.uplink.next_end().is_none_or(|at| at > until) {
                return;
            }
            let bits_per_s = self.bits_per_s();
            let has_preamble = !chain.preamble().is_empty();
            let mut answers = Answers {
                core: self,
                has_preamble,
            };
            let mut totals = chain.uplink.deliver(bits_per_s, &mut answers);
            if self.enabled {
                // The receiver gives up one byte at each failure, and counts each.
                let failures = totals.stray_bytes as u32;
                self.errors = self.errors.wrapping_add(failures);
                let goes_on = chain.uplink.is_in_run();
                self.telling.came(&mut totals, goes_on);
            } else {
                totals.runs_untold = totals.damaged_runs;
            }
            chain.totals.add(&totals);
        }
    }

    /// When the host may see something new.
    pub(super) fn next_event(&self, chain: &Chain) -> Option<Instant> {
        let sent = match &self.sending {
            Sending::Frame { end, .. } => Some(*end),
            Sending::Waiting if self.enabled && self.has_something() => {
                Some(self.tick.max(self.free))
            }
            _ => None,
        };
        [sent, chain.uplink.next_end(), chain.next_nonce()]
            .into_iter()
            .flatten()
            .min()
    }

    fn has_something(&self) -> bool {
        !self.commands_out.is_empty() || self.works_out.len() >= self.work_words()
    }

    /// The id of a work whose low seven bits came back: of the last 128 sent.
    fn whole_id(&self, low: u8) -> u16 {
        let without_midstate = low & !(self.midstates() - 1);
        let mut high = self.last_id >> 7;
        if without_midstate > self.last_id as u8 & 0x7F {
            high = high.wrapping_sub(1) & 0x1FF;
        }
        high << 7 | u16::from(low)
    }
}

/// Where the answers of one chain go.
struct Answers<'a> {
    core: &'a mut Core,
    has_preamble: bool,
}

impl Sink for Answers<'_> {
    fn bytes(&mut self, _: &[(Instant, u8)]) -> bool {
        true
    }

    /// Seven bytes. While the works' FIFO is full nothing is taken, not even an answer to a
    /// command (the HDL waits there for either kind).
    fn frame(&mut self, body: &[u8]) -> bool {
        let core = &mut *self.core;
        let &[a, b, c, d, e, f, last] = body else {
            return true;
        };
        if !core.enabled {
            return false;
        }
        match (core.bm139x, self.has_preamble) {
            // No preamble where one must be: nothing is ever a frame. Assumed: counted once.
            (true, false) => {
                core.errors = core.errors.wrapping_add(1);
                return false;
            }
            // The preamble's bytes fail one after the other, what follows is taken.
            (false, true) => core.errors = core.errors.wrapping_add(2),
            _ => {}
        }
        if core.works_in.len() + 2 > WORKS_IN {
            return false;
        }
        let data = u32::from_le_bytes([a, b, c, d]);
        let top = u32::from(last) << 24;
        if last >> 7 == 1 {
            let id = core.whole_id(f & 0x7F);
            core.works_in.push(data);
            core.works_in.push(top | u32::from(id) << 8 | u32::from(e));
            core.came[1] = true;
            core.telling.answered();
            return true;
        }
        if core.commands_in.len() + 2 > COMMANDS_IN {
            return false;
        }
        core.commands_in.push(data);
        core.commands_in
            .push(top | u32::from(f) << 8 | u32::from(e));
        core.came[0] = true;
        core.telling.answered();
        true
    }
}
