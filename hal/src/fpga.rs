//! Chains behind the stock FPGA of an x19 or S9 control board, which paces the work by itself.
//!
//! Terms: the *window* is the FPGA's block of 32-bit registers; its *work FIFO* holds a
//! few works per chain and gives one to the chips at each period; the *command path*
//! (0x0C0 to 0x0CC) sends one command frame at a time; the *result FIFO* (0x018, 0x010,
//! 0x014) holds checked answers of all chains.
//!
//! The FPGA cannot forget work that is in its FIFO. So that a flush leaves little stale
//! work, this port keeps its own estimate of what is [`Inside`] and stops early.
//!
//! Both boards have one design of window; where they differ is said by one [`Layout`] each. The
//! x19's register meanings are captured where the control-board notes say so; that a divider
//! of 0 means 12.5 Mbaud is assumed (no capture shows the divider at high speed). The S9's are
//! published by one source (stock firmware's own, bitmaintech/bmminer-mix) and were never met.
//!
//! An S9's FPGA has one baud divider for all chains, and after reset chips are slower than at
//! work. So commands turn it to the rate of their chain, in order, and wait until answers at the
//! rate before have had their time; works go when it stands at the rate of theirs. Chains at work
//! idle while another one is brought up.

use std::collections::VecDeque;

use units::{ChainSlot, Duration, Instant};

use crate::fpga_layout::{Layout, S9, X19};
use crate::inside::Inside;
use crate::outbox::{COMMAND_QUEUE_MAX, Pending, WORK_QUEUE_MAX};
use crate::uart::byte_time;
use crate::{COMMAND_FRAME_MAX, Frame, LinkError, LinkEvent, LinkOp, LinkPort, WORK_FRAME_MAX};

const BUFFER_SPACE: u32 = 0x00C;
const RESULT_HEAD: u32 = 0x010;
const RESULT_DATA: u32 = 0x014;
const RESULT_COUNT: u32 = 0x018;
const BAUD: u32 = 0x03C;
const WORK_IN: u32 = 0x040;
const WORK_IN_MORE: u32 = 0x044;
const COMMAND_GO: u32 = 0x0C0;
const COMMAND_BUFFER: u32 = 0x0C4;
const CRC_ERRORS: u32 = 0x0F8;

/// Bit 31: the command is being sent (0x0C0), the pacing is on (0x08C).
const RUN: u32 = 1 << 31;
/// Bit 23 of 0x0C0: the chain number in bits 19:16 is valid.
const USE_CHAIN: u32 = 1 << 23;
/// Bits of 0x0C0 with the S9's divider.
const SHARED_DIVIDER: u32 = 0x1F;
/// What an empty result FIFO gives in 0x014 (captured).
const EMPTY_DATA: u32 = 0x5555_AAAA;

/// Results and room are looked at this often: the FPGA has no interrupt line that we
/// know. 1 ms is four works of an S19 Pro and a tenth of its ring of wire ids. Works that
/// last longer are looked after four times each, up to the second limit: nonces may wait so
/// long, and a thinned simulation has little else to do.
const POLL_PERIOD: Duration = Duration::from_millis(1);
const POLL_PERIOD_MAX: Duration = Duration::from_millis(10);
/// While work waits in the port, what has left is told this seldom: a fifth of the credit
/// that a driver keeps, and with four works of an S19 Pro per poll a quarter of the words.
const TELL_EVERY: Duration = Duration::from_millis(4);
/// Entries of the work FIFO taken for full when the room bit says so. Assumed.
const FIFO_DEPTH: u16 = 16;
/// A command takes 1 ms at the lowest baud rate; bit 31 set for longer than this is a
/// stuck FPGA.
const STUCK_AFTER: Duration = Duration::from_millis(100);
/// Least pause between two looks at bit 31.
const COMMAND_POLL: Duration = Duration::from_micros(20);
/// Baud rate of chips after reset: 25 MHz / (8 * 27).
const RESET_BAUD: u32 = 115_740;
/// Results read in one poll: what the FIFO can hold (9-bit count).
const RESULTS_MAX: u32 = 511;

/// Bytes of answers that a slow chain may still have to say: 128 chips', of seven bytes.
const ANSWERS_BYTES: u64 = 128 * 7;
/// And how much later than the command's last bit they may begin.
const ANSWERS_LATE: Duration = Duration::from_millis(20);

/// The FPGA's registers: mapped memory, or the twin's model of it.
pub trait RegisterWindow {
    /// Read the register at byte offset `offset`.
    fn read32(&mut self, now: Instant, offset: u32) -> u32;
    /// Write the register at byte offset `offset`.
    fn write32(&mut self, now: Instant, offset: u32, value: u32);
    /// Write `words` one after another to the same register: a FIFO's input.
    fn write_fifo(&mut self, now: Instant, offset: u32, words: &[u32]) {
        for word in words {
            self.write32(now, offset, *word);
        }
    }
    /// The errno of an access that was refused since the last call.
    fn take_fault(&mut self) -> Option<i32> {
        None
    }
}

/// A command that the FPGA is sending.
#[derive(Clone, Copy, Debug)]
struct Sending {
    chain: usize,
    since: Instant,
    look_again: Instant,
}

/// One chain's queue and what is believed to be inside the FPGA.
struct Chain {
    slot: ChainSlot,
    /// The FPGA's number of it.
    number: u8,
    work: VecDeque<Frame<WORK_FRAME_MAX>>,
    period: Duration,
    bits_per_s: u32,
    sent: u64,
    /// Work has left since the driver was last told, at `told`.
    report: bool,
    told: Option<Instant>,
    /// Commands that have left, and whether the driver was told.
    commands_left: u64,
    tell_commands: bool,
    errors: Vec<LinkError>,
    /// The next work is the first since a flush.
    fresh: bool,
    /// Works believed to wait in the FPGA's FIFO.
    inside: Inside,
}

impl Chain {
    fn new(slot: ChainSlot, first: u8) -> Self {
        Chain {
            slot,
            number: slot.0.wrapping_add(first) & 0xF,
            work: VecDeque::new(),
            period: Duration::ZERO,
            bits_per_s: RESET_BAUD,
            sent: 0,
            report: false,
            told: None,
            commands_left: 0,
            tell_commands: false,
            errors: Vec::new(),
            fresh: false,
            inside: Inside::empty(FIFO_DEPTH),
        }
    }

    fn fail(&mut self, error: LinkError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// Another work may go in. The first after a flush always may: it tells the FPGA of the
    /// new block, and void work before it is no reason to wait.
    fn has_room(&self, period: Duration) -> bool {
        self.inside.has_room(period) || self.fresh && !self.inside.is_full()
    }

    /// It is time to tell the driver what has left: what is due now, taken.
    fn take_report(&mut self, now: Instant) -> Option<LinkEvent> {
        let waited = self.told.is_none_or(|told| now >= told + TELL_EVERY);
        if !self.report || !(waited || self.work.is_empty()) {
            return None;
        }
        self.report = false;
        self.told = Some(now);
        Some(LinkEvent::Work {
            // The queue's bound is far below the type's.
            queued: self.work.len() as u16,
            sent: self.sent,
        })
    }
}

/// [`LinkPort`] for all chains behind one FPGA.
pub struct FpgaPort<W> {
    layout: &'static Layout,
    slots: Vec<ChainSlot>,
    chains: Vec<Chain>,
    window: W,
    commands: VecDeque<(usize, Pending)>,
    sending: Option<Sending>,
    next_poll: Instant,
    /// The shared pacing register as last written.
    period: Duration,
    /// The FPGA's baud dividers were set to the chips' rate after reset.
    prepared: bool,
    crc_errors: Option<u16>,
    /// Where there is one divider: the rate at which it stands, its bits, and until when
    /// answers at this rate may come.
    rate: u32,
    divider: u32,
    held_until: Instant,
}

impl<W: RegisterWindow> FpgaPort<W> {
    /// A port for `slots` of an x19, whose FPGA numbers its chains like the slots.
    pub fn new(slots: &[ChainSlot], window: W) -> Self {
        Self::of(&X19, slots, window)
    }

    /// A port for `slots` of an S9.
    pub fn s9(slots: &[ChainSlot], window: W) -> Self {
        Self::of(&S9, slots, window)
    }

    fn of(layout: &'static Layout, slots: &[ChainSlot], window: W) -> Self {
        let chains = slots.iter().map(|slot| Chain::new(*slot, layout.first));
        FpgaPort {
            layout,
            slots: slots.to_vec(),
            chains: chains.collect(),
            window,
            commands: VecDeque::new(),
            sending: None,
            next_poll: Instant::ZERO,
            period: Duration::ZERO,
            prepared: false,
            crc_errors: None,
            rate: 0,
            divider: 0,
            held_until: Instant::ZERO,
        }
    }

    /// The registers behind the port.
    pub fn window(&mut self) -> &mut W {
        &mut self.window
    }

    /// Before anything else: every chain at the chips' baud rate after reset. The FPGA's
    /// idle value has it for chain 0 only (captured).
    fn prepare(&mut self, now: Instant) {
        if !self.prepared {
            self.prepared = true;
            for (register, value) in self.layout.setup {
                self.window.write32(now, *register, *value);
            }
            for chain in 0..self.chains.len() {
                self.set_baud(now, chain, RESET_BAUD);
            }
        }
    }

    fn push_command(&mut self, chain: usize, op: Pending) {
        if self.commands.len() < COMMAND_QUEUE_MAX {
            self.commands.push_back((chain, op));
        } else {
            self.chains[chain].fail(LinkError::Stuck);
        }
    }

    /// The pacing register is one for all chains: the shortest period wins. A chain whose
    /// work would last longer skips some nonces of each work and loses no hashrate.
    fn set_period(&mut self, now: Instant, chain: usize, period: Duration) {
        self.chains[chain].period = period;
        let shortest = self
            .chains
            .iter()
            .map(|c| c.period)
            .filter(|p| !p.is_zero())
            .min()
            .unwrap_or(Duration::ZERO);
        let most = self.layout.pace_max_us;
        let micros = u32::try_from(shortest.as_micros())
            .unwrap_or(most)
            .min(most);
        let before = core::mem::replace(&mut self.period, Duration::from_micros(u64::from(micros)));
        for chain in &mut self.chains {
            chain.inside.repace(now, before, self.period);
        }
        let value = if micros == 0 { 0 } else { RUN | micros };
        self.window.write32(now, self.layout.pace, value);
    }

    /// Finish the running command, then start what waits: one command at a time.
    fn run_commands(&mut self, now: Instant) {
        loop {
            if let Some(sending) = self.sending {
                if !self.command_left(now, sending) {
                    return;
                }
                self.sending = None;
            }
            let Some((chain, op)) = self.commands.front().copied() else {
                return;
            };
            if matches!(op, Pending::Command(_)) && !self.tune(now, chain) {
                return;
            }
            self.commands.pop_front();
            match op {
                Pending::Command(frame) => self.start_command(now, chain, frame),
                Pending::Rate(bits_per_s) => self.set_baud(now, chain, bits_per_s),
            }
        }
    }

    /// True once bit 31 is clear, or given up.
    fn command_left(&mut self, now: Instant, sending: Sending) -> bool {
        if now < sending.look_again {
            return false;
        }
        if self.window.read32(now, COMMAND_GO) & RUN == 0 {
            let chain = &mut self.chains[sending.chain];
            chain.commands_left += 1;
            chain.tell_commands = true;
            return true;
        }
        if now.since(sending.since) >= STUCK_AFTER {
            self.chains[sending.chain].fail(LinkError::Stuck);
            return true;
        }
        let look_again = now + COMMAND_POLL;
        self.sending = Some(Sending {
            look_again,
            ..sending
        });
        false
    }

    fn start_command(&mut self, now: Instant, chain: usize, frame: Frame<COMMAND_FRAME_MAX>) {
        let mut bytes = frame.as_slice();
        // The FPGA adds the preamble.
        if let [0x55, 0xAA, rest @ ..] = bytes {
            bytes = rest;
        }
        // Three words; longer frames belong to other links.
        let mut buffer = [0; 12];
        let Some(room) = buffer.get_mut(..bytes.len()) else {
            self.chains[chain].fail(LinkError::Stuck);
            return;
        };
        room.copy_from_slice(bytes);
        for (i, word) in buffer.chunks_exact(4).enumerate() {
            let word = word.iter().fold(0, |w, b| w << 8 | u32::from(*b));
            self.window
                .write32(now, COMMAND_BUFFER + 4 * i as u32, word);
        }
        let number = u32::from(self.chains[chain].number) << 16;
        let go = RUN | USE_CHAIN | number | self.divider;
        self.window.write32(now, COMMAND_GO, go);
        let bits_per_s = self.chains[chain].bits_per_s;
        let wire = byte_time(bits_per_s, bytes.len() as u64 + 2);
        self.held_until = now + wire + byte_time(bits_per_s, ANSWERS_BYTES) + ANSWERS_LATE;
        self.sending = Some(Sending {
            chain,
            since: now,
            look_again: now + wire.max(COMMAND_POLL),
        });
    }

    /// The next command needs another rate.
    fn turns_next(&self) -> bool {
        let next = self.commands.front().map(|(chain, _)| *chain);
        next.is_some_and(|chain| self.layout.one_rate && self.chains[chain].bits_per_s != self.rate)
    }

    /// The FPGA stands at this chain's rate, now that it was turned to it if it may be.
    fn tune(&mut self, now: Instant, chain: usize) -> bool {
        let wanted = self.chains[chain].bits_per_s;
        if !self.layout.one_rate || wanted == self.rate {
            return true;
        }
        if self.sending.is_some() || now < self.held_until {
            return false;
        }
        let Some(divider) = baud_divider(wanted) else {
            return false;
        };
        let before = self.window.read32(now, COMMAND_GO) & !(RUN | SHARED_DIVIDER);
        self.window.write32(now, COMMAND_GO, before | divider);
        self.divider = divider;
        self.rate = wanted;
        true
    }

    fn set_baud(&mut self, now: Instant, chain: usize, bits_per_s: u32) {
        let Some(divider) = baud_divider(bits_per_s) else {
            self.chains[chain].fail(LinkError::Baud { bits_per_s });
            return;
        };
        if self.layout.one_rate {
            match divider {
                1..=SHARED_DIVIDER => self.chains[chain].bits_per_s = bits_per_s,
                _ => self.chains[chain].fail(LinkError::Baud { bits_per_s }),
            }
            return;
        }
        let shift = 8 * u32::from(self.chains[chain].slot.0 & 3);
        let old = self.window.read32(now, BAUD);
        let new = old & !(0x3F << shift) | divider << shift;
        self.window.write32(now, BAUD, new);
        self.chains[chain].bits_per_s = bits_per_s;
    }

    fn feed(&mut self, now: Instant) {
        let period = self.period;
        for i in 0..self.chains.len() {
            let chain = &mut self.chains[i];
            chain.inside.drain(now, period);
            if chain.period.is_zero() {
                continue;
            }
            let waits = !chain.work.is_empty() && chain.has_room(period);
            if !waits || self.turns_next() || !self.tune(now, i) {
                continue;
            }
            let chain = &mut self.chains[i];
            while chain.has_room(period) {
                let Some(frame) = chain.work.front() else {
                    break;
                };
                if self.window.read32(now, BUFFER_SPACE) >> chain.number & 1 == 0 {
                    chain.inside.fill(now, period);
                    break;
                }
                let (mut words, count) = to_words(frame);
                words[0] = words[0].wrapping_add(u32::from(self.layout.first) << 16);
                let (first, rest) = words[..count].split_at(self.layout.work_first.min(count));
                self.window.write_fifo(now, WORK_IN, first);
                if !rest.is_empty() {
                    self.window.write_fifo(now, WORK_IN_MORE, rest);
                }
                chain.work.pop_front();
                chain.inside.count_in(now);
                chain.fresh = false;
                chain.sent += 1;
                chain.report = true;
            }
        }
    }

    fn collect(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        let waiting = self.window.read32(now, RESULT_COUNT) & 0x1FF;
        for _ in 0..waiting.min(RESULTS_MAX) {
            let head = self.window.read32(now, RESULT_HEAD);
            let data = self.window.read32(now, RESULT_DATA);
            // The count may run ahead of the FIFO (captured: 2 announced, none there). A
            // nonce may have the empty value's bits, so only answers are dropped by it.
            if data == EMPTY_DATA && head & RUN == 0 {
                break;
            }
            let number = (head & 0xF) as u8;
            if let Some(chain) = self.chains.iter().find(|c| c.number == number) {
                events.push((chain.slot, LinkEvent::Record { head, data }));
            }
        }
    }

    /// The FPGA has one error counter for all chains: it is told to the first.
    fn count_damage(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        let Some(first) = self.slots.first() else {
            return;
        };
        let errors = self.window.read32(now, CRC_ERRORS) as u16;
        let before = self.crc_errors.replace(errors).unwrap_or(errors);
        let delta = errors.wrapping_sub(before);
        if delta != 0 {
            events.push((*first, LinkEvent::Damaged(u32::from(delta))));
        }
    }
}

impl<W: RegisterWindow> LinkPort for FpgaPort<W> {
    fn slots(&self) -> &[ChainSlot] {
        &self.slots
    }

    fn submit(&mut self, now: Instant, slot: ChainSlot, op: LinkOp) {
        let Some(i) = self.slots.iter().position(|s| *s == slot) else {
            return;
        };
        self.next_poll = now.min(self.next_poll);
        let chain = &mut self.chains[i];
        match op {
            LinkOp::Command(frame) => self.push_command(i, Pending::Command(frame)),
            LinkOp::Work(frame) if chain.work.len() < WORK_QUEUE_MAX => {
                chain.work.push_back(frame);
            }
            LinkOp::Work(_) => chain.fail(LinkError::QueueFull),
            LinkOp::FlushWork => {
                chain.work.clear();
                chain.fresh = true;
            }
            LinkOp::SetBaud { bits_per_s } => self.push_command(i, Pending::Rate(bits_per_s)),
            LinkOp::SetWorkPeriod(period) => self.set_period(now, i, period),
            LinkOp::SetLead(_) | LinkOp::SetPoll { .. } => {}
        }
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        self.prepare(now);
        self.run_commands(now);
        self.feed(now);
        self.collect(now, events);
        self.count_damage(now, events);
        let fault = self.window.take_fault();
        for chain in &mut self.chains {
            if let Some(errno) = fault {
                chain.fail(LinkError::Device(errno));
            }
            if core::mem::take(&mut chain.tell_commands) {
                let left = chain.commands_left;
                events.push((chain.slot, LinkEvent::Commands { left }));
            }
            if let Some(report) = chain.take_report(now) {
                events.push((chain.slot, report));
            }
            for error in chain.errors.drain(..) {
                events.push((chain.slot, LinkEvent::Error(error)));
            }
        }
        self.next_poll = now + (self.period / 4).clamp(POLL_PERIOD, POLL_PERIOD_MAX);
    }

    fn next_deadline(&self) -> Option<Instant> {
        let command = self.sending.map(|s| s.look_again);
        Some(command.map_or(self.next_poll, |at| at.min(self.next_poll)))
    }
}

/// The divider for a baud rate: 25 MHz / (8 * (n + 1)) from 1 to 63 (captured: 26 for
/// 115200), 0 for 12 to 12.5 Mbaud (assumed). `None` where the nearest is 3 % off.
fn baud_divider(bits_per_s: u32) -> Option<u32> {
    if (12_000_000..=12_500_000).contains(&bits_per_s) {
        return Some(0);
    }
    let eighths = 25_000_000 / 8;
    let n = (eighths + bits_per_s / 2)
        .checked_div(bits_per_s)?
        .checked_sub(1)?;
    let real = eighths / (n + 1);
    let near = real.abs_diff(bits_per_s) <= bits_per_s / 33;
    (near && (1..=63).contains(&n)).then_some(n)
}

/// The frame as words, first byte on top; a short last word is filled with zeros.
fn to_words(frame: &Frame<WORK_FRAME_MAX>) -> ([u32; WORK_FRAME_MAX / 4], usize) {
    let mut words = [0; WORK_FRAME_MAX / 4];
    let bytes = frame.as_slice();
    for (word, chunk) in words.iter_mut().zip(bytes.chunks(4)) {
        let mut four = [0; 4];
        four[..chunk.len()].copy_from_slice(chunk);
        *word = u32::from_be_bytes(four);
    }
    (words, bytes.len().div_ceil(4))
}

#[cfg(test)]
#[path = "fpga_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "fpga_s9_tests.rs"]
mod s9_tests;
