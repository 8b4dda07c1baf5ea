//! A chain behind the open `axi_bm13xx` core of an FPGA (S9 to S17 control boards).
//!
//! Terms: the core has a *command FIFO* and a *work FIFO* towards the chips and one of each from
//! them; its *period* is the time between two works, counted by its own clock. A command leaves
//! between two works, one in each period, so without work the period is as short as it can be.
//!
//! Drivers see what chips speak: this port takes frames of bytes as a UART's does, cuts off the
//! checksums (the core makes them) and the preamble (the core adds it where it is told that the
//! chips have one), and puts answers together again. Two things are lost on the way: answers
//! with a wrong checksum never leave the core, which counts them; and bit 7 of an answer's
//! work id, which no chip uses.
//!
//! The core's clearing of a FIFO takes effect at the end of a period, and would take works with
//! it that were written in between. So nothing is cleared: the port keeps little inside, by what
//! the core itself says of its FIFO (the clocks of both sides drift apart), and a flush forgets
//! what is here. Register meanings are published (core's README and HDL).
//!
//! ```text
//! work frame  55 AA? 21 len id count 00000000 nbits ntime merkle  midstates    CRC16
//! work FIFO                  id               LE    LE    LE      words, first byte on top
//! ```

use units::{ChainSlot, Duration, Instant};

use crate::outbox::{Outbox, Pending};
use crate::silence::Silence;
use crate::uart::byte_time;
use crate::{COMMAND_FRAME_MAX, Frame, LinkError, LinkEvent, LinkOp, LinkPort, RegisterWindow};

/// Bytes of the core's window that are used.
pub const OPEN_CORE_BYTES: u32 = 0x4000;

const VERSION: u32 = 0x0000;
const CONTROL: u32 = 0x0008;
const BAUD: u32 = 0x0010;
const WORK_TIME: u32 = 0x0014;
const ERRORS: u32 = 0x0018;
const COMMAND_RX: u32 = 0x1000;
const COMMAND_TX: u32 = 0x1004;
const COMMAND_STATUS: u32 = 0x100C;
const WORK_RX: u32 = 0x2000;
const WORK_RX_STATUS: u32 = 0x200C;
const WORK_TX: u32 = 0x3004;
const WORK_TX_STATUS: u32 = 0x300C;
const WORK_TX_THRESHOLD: u32 = 0x3010;

/// Bits of [`CONTROL`]: chips with a preamble, the core runs, the place of the midstates' log2.
const PREAMBLE: u32 = 1 << 4;
const ENABLE: u32 = 1 << 3;
const MIDSTATES_AT: u32 = 1;
/// Bits of the status registers.
const RX_EMPTY: u32 = 1 << 0;
const TX_EMPTY: u32 = 1 << 2;
const TX_FULL: u32 = 1 << 3;
/// In [`WORK_TX_STATUS`]: fewer words than [`WORK_TX_THRESHOLD`] are in the FIFO.
const FEW_WORDS: u32 = 1 << 4;
/// Type and model in [`VERSION`]: an Antminer's, S9 and later.
const MODEL: u32 = 0x009;

/// The core's clock.
const HERTZ: u64 = 50_000_000;
/// Longer periods are kept by the port: the core sends one command in each period of its own,
/// and a ramp has some hundred. Jobs at their frequency last some milliseconds on every chip.
const CORE_PACES_MAX: Duration = Duration::from_millis(20);
/// The core's period then, so that a command or work leaves within it. It could be 335 ms.
const CORE_PERIOD: Duration = Duration::from_millis(1);
/// Divider of the baud rate: 12 bits.
const DIVIDER_MAX: u32 = 0xFFF;
/// Baud rate of chips after reset: 25 MHz / (8 * 27).
const RESET_BAUD: u32 = 115_740;

/// FIFOs are looked at this often: a tenth of what the work FIFO may hold, and of the 512
/// answers that fit into the core no chain gives a tenth in that time.
const POLL_PERIOD: Duration = Duration::from_millis(1);
const POLL_PERIOD_MAX: Duration = Duration::from_millis(10);
/// The same where no answer to a command is awaited, with jobs that last for a good part of a
/// second: none do on hardware.
const IDLE_POLL_MAX: Duration = Duration::from_millis(100);
/// An answer to a command is there within this, or never.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);
/// Work that may wait inside: two polls, so that one late poll starves nobody, and what a flush
/// leaves behind is stale for no longer.
const INSIDE_MAX: Duration = Duration::from_millis(2);
/// Works that fit into the FIFO of 2048 words, 36 words each, and one to spare.
const INSIDE_WORKS_MAX: u32 = 55;
/// Words of the longest work: id, tail and four midstates.
const WORK_WORDS_MAX: usize = 4 + 8 * 4;
/// The error counter is read with each answer, and this often without one.
const COUNT_EVERY: Duration = Duration::from_millis(10);
/// Answers read in one poll: what each FIFO can hold.
const ANSWERS_MAX: u32 = 512;
/// A command waits for a period (335 ms at most) and takes a millisecond; a FIFO that is full
/// for longer does not move.
const STUCK_AFTER: Duration = Duration::from_secs(1);

/// [`LinkPort`] for the chain behind one core.
pub struct OpenCorePort<W> {
    slot: [ChainSlot; 1],
    window: W,
    out: Outbox,
    state: State,
    bits_per_s: u32,
    period: Duration,
    /// When a work was last due, by the port's own schedule; `None` once it is void.
    last_work: Option<Instant>,
    /// Words in the core below which it takes another work, as it was told.
    threshold: u32,
    /// Since when the core takes no command.
    blocked: Option<Instant>,
    /// When the last command will have left, once the core's FIFO is empty.
    busy_until: Instant,
    next_poll: Instant,
    /// From here on no command is expected to be answered.
    quiet_from: Instant,
    /// The core's error counter at the last look.
    errors: Option<u32>,
    next_count: Instant,
    /// It rose, and no answer has come since.
    in_damage: bool,
    silence: Silence,
}

/// What the core was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Nothing: it is off, or runs as somebody left it.
    Unknown,
    /// It is another core, or none, and is left alone.
    Foreign,
    /// It runs with this in its control register.
    Runs(u32),
}

impl<W: RegisterWindow> OpenCorePort<W> {
    /// A port for the chain in `slot` behind the core of this window, which has
    /// [`OPEN_CORE_BYTES`] at least.
    pub fn new(slot: ChainSlot, window: W) -> Self {
        OpenCorePort {
            slot: [slot],
            window,
            out: Outbox::default(),
            state: State::Unknown,
            bits_per_s: RESET_BAUD,
            period: Duration::ZERO,
            last_work: None,
            threshold: 0,
            blocked: None,
            busy_until: Instant::ZERO,
            next_poll: Instant::ZERO,
            quiet_from: Instant::ZERO,
            errors: None,
            next_count: Instant::ZERO,
            in_damage: false,
            silence: Silence::default(),
        }
    }

    /// The registers behind the port.
    pub fn window(&mut self) -> &mut W {
        &mut self.window
    }

    /// Before the first frame: is it this core, and does it run for these chips? Switching it
    /// off empties its FIFOs.
    fn prepare(&mut self, now: Instant, preamble: bool) -> bool {
        match self.state {
            State::Runs(_) => return true,
            State::Foreign => return false,
            State::Unknown => {}
        }
        let version = self.window.read32(now, VERSION);
        if version >> 20 != MODEL {
            self.state = State::Foreign;
            self.out.clear();
            // "No such device": another core stands at this address.
            self.out.fail(LinkError::Device(19));
            return false;
        }
        let control = if preamble { PREAMBLE } else { 0 };
        self.window.write32(now, CONTROL, control);
        self.window.write32(now, CONTROL, control | ENABLE);
        self.state = State::Runs(control | ENABLE);
        self.threshold = 0;
        self.write_period(now);
        self.set_baud(now, self.bits_per_s);
        true
    }

    fn write_period(&mut self, now: Instant) {
        let period = match self.core_paces() {
            true => self.period,
            false => CORE_PERIOD,
        };
        // At most 20 ms: a million.
        let ticks = period.as_nanos() * u128::from(HERTZ) / 1_000_000_000;
        self.window.write32(now, WORK_TIME, (ticks as u32).max(1));
    }

    fn core_paces(&self) -> bool {
        self.period <= CORE_PACES_MAX
    }

    /// When the next work may go in, where the core does not pace; `None`: at once.
    fn work_due(&self) -> Option<Instant> {
        let last = self.last_work.filter(|_| !self.core_paces())?;
        Some(last + self.period)
    }

    fn set_baud(&mut self, now: Instant, bits_per_s: u32) {
        match divider(bits_per_s) {
            Some(divider) => {
                self.window.write32(now, BAUD, divider);
                self.bits_per_s = bits_per_s;
            }
            None => self.out.fail(LinkError::Baud { bits_per_s }),
        }
    }

    /// Commands and changes of the baud rate, in order.
    fn run_pending(&mut self, now: Instant) {
        while let Some(op) = self.out.pending.front().copied() {
            let done = match op {
                Pending::Command(frame) => self.write_command(now, frame),
                Pending::Rate(bits_per_s) => self.change_baud(now, bits_per_s),
            };
            if !done {
                return;
            }
            self.out.pending.pop_front();
        }
    }

    /// False if it must be tried again.
    fn write_command(&mut self, now: Instant, frame: Frame<COMMAND_FRAME_MAX>) -> bool {
        let bytes = frame.as_slice();
        let (preamble, bytes) = without_preamble(bytes);
        // The core reads the length in the second byte and makes the last one.
        let Some((_, body)) = bytes.split_last().filter(|_| is_whole(bytes)) else {
            return true;
        };
        if !self.prepare(now, preamble) {
            return true;
        }
        if self.window.read32(now, COMMAND_STATUS) & TX_FULL != 0 {
            return self.give_up(now);
        }
        self.blocked = None;
        self.quiet_from = now + ANSWERS_WITHIN;
        for chunk in body.chunks(4) {
            self.window.write32(now, COMMAND_TX, little_endian(chunk));
        }
        let wire = byte_time(self.bits_per_s, frame.as_slice().len() as u64 + 2);
        self.busy_until = self.busy_until.max(now) + wire;
        true
    }

    fn change_baud(&mut self, now: Instant, bits_per_s: u32) -> bool {
        let State::Runs(_) = self.state else {
            // It is told with the first frame.
            if self.state == State::Unknown && divider(bits_per_s).is_some() {
                self.bits_per_s = bits_per_s;
            }
            return true;
        };
        if self.window.read32(now, COMMAND_STATUS) & TX_EMPTY == 0 {
            self.busy_until = now + byte_time(self.bits_per_s, COMMAND_FRAME_MAX as u64 + 2);
            return self.give_up(now);
        }
        self.blocked = None;
        if now < self.busy_until {
            return false;
        }
        self.set_baud(now, bits_per_s);
        true
    }

    /// The core does not move. True once that has lasted too long, and everything that waits
    /// is forgotten.
    fn give_up(&mut self, now: Instant) -> bool {
        let since = *self.blocked.get_or_insert(now);
        let stuck = now.since(since) >= STUCK_AFTER;
        if stuck {
            self.blocked = None;
            self.out.pending.truncate(1);
            self.out.fail(LinkError::Stuck);
        }
        stuck
    }

    fn feed(&mut self, now: Instant) {
        if self.period.is_zero() {
            return;
        }
        while let Some(frame) = self.out.first_work() {
            let due = self.work_due().unwrap_or(now);
            if now < due {
                return;
            }
            let (preamble, bytes) = without_preamble(frame.as_slice());
            let Some(work) = Work::parse(bytes) else {
                self.out.drop_work();
                continue;
            };
            if !self.prepare(now, preamble) || !self.set_midstates(now, work.midstates_log2) {
                return;
            }
            let (words, count) = work.words();
            self.set_threshold(now, count as u32);
            let status = self.window.read32(now, WORK_TX_STATUS);
            if status & TX_FULL != 0 || status & FEW_WORDS == 0 {
                return;
            }
            self.window.write_fifo(now, WORK_TX, &words[..count]);
            self.out.take_work();
            let on_time = due + self.period > now;
            self.last_work = Some(if on_time { due } else { now });
        }
    }

    /// Tell the core how few words are few: [`INSIDE_MAX`] of works, one at least.
    fn set_threshold(&mut self, now: Instant, words: u32) {
        let works = INSIDE_MAX
            .as_nanos()
            .div_ceil(self.period.as_nanos().max(1));
        let works = u32::try_from(works).map_or(INSIDE_WORKS_MAX, |w| w.min(INSIDE_WORKS_MAX));
        let threshold = works * words;
        if threshold != self.threshold {
            self.threshold = threshold;
            self.window.write32(now, WORK_TX_THRESHOLD, threshold);
        }
    }

    /// Tell the core how many midstates a work has. It counts words by it, so it is told only
    /// while it has none.
    fn set_midstates(&mut self, now: Instant, log2: u32) -> bool {
        let State::Runs(control) = self.state else {
            return false;
        };
        let wanted = control & !(3 << MIDSTATES_AT) | log2 << MIDSTATES_AT;
        if wanted == control {
            return true;
        }
        if self.window.read32(now, WORK_TX_STATUS) & TX_EMPTY == 0 {
            return false;
        }
        self.window.write32(now, CONTROL, wanted);
        self.state = State::Runs(wanted);
        true
    }

    /// Read both FIFOs and put answers together as chips sent them.
    fn collect(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        let State::Runs(control) = self.state else {
            return;
        };
        let preamble: &[u8] = match control & PREAMBLE {
            0 => &[],
            _ => &[0xAA, 0x55],
        };
        let mut bytes = Vec::new();
        for (status, fifo) in [(COMMAND_STATUS, COMMAND_RX), (WORK_RX_STATUS, WORK_RX)] {
            for _ in 0..ANSWERS_MAX {
                if self.window.read32(now, status) & RX_EMPTY != 0 {
                    break;
                }
                let first = self.window.read32(now, fifo).to_le_bytes();
                let second = self.window.read32(now, fifo).to_le_bytes();
                bytes.extend_from_slice(preamble);
                bytes.extend_from_slice(&first);
                // Of a nonce's work id the chips sent seven bits; the core adds more.
                let id = match fifo {
                    WORK_RX => second[1] & 0x7F,
                    _ => second[1],
                };
                bytes.extend_from_slice(&[second[0], id, second[3]]);
            }
        }
        let answered = !bytes.is_empty();
        let silent = self.silence.looked(now, answered);
        if answered {
            events.push((self.slot[0], LinkEvent::Bytes(bytes)));
        }
        if silent {
            events.push((self.slot[0], LinkEvent::Silent));
        }
        let due = now >= self.next_count;
        if (answered || due) && self.is_damaged_anew(now, answered) {
            events.push((self.slot[0], LinkEvent::Damaged(1)));
        }
    }

    /// The core gives up what is damaged byte by byte, as more bytes come in, and counts each
    /// (HDL): its counter rises until a good answer is through. All that is one damage.
    fn is_damaged_anew(&mut self, now: Instant, answered: bool) -> bool {
        self.next_count = now + COUNT_EVERY;
        let errors = self.window.read32(now, ERRORS);
        let before = self.errors.replace(errors).unwrap_or(errors);
        // It falls where somebody cleared it.
        let rise = errors.wrapping_sub(before);
        let rose = (1..=u32::MAX / 2).contains(&rise);
        let anew = rose && !self.in_damage;
        // One byte beside an answer is more often the first of a damage behind it than all of
        // one before it.
        self.in_damage = (rose || self.in_damage) && !answered || anew && rise == 1;
        anew
    }
}

impl<W: RegisterWindow> LinkPort for OpenCorePort<W> {
    fn slots(&self) -> &[ChainSlot] {
        &self.slot
    }

    fn submit(&mut self, now: Instant, slot: ChainSlot, op: LinkOp) {
        if slot != self.slot[0] {
            return;
        }
        self.next_poll = now.min(self.next_poll);
        match op {
            LinkOp::Command(frame) => self.out.push(Pending::Command(frame)),
            LinkOp::SetBaud { bits_per_s } => self.out.push(Pending::Rate(bits_per_s)),
            LinkOp::Work(frame) => self.out.push_work(frame),
            LinkOp::FlushWork => {
                self.out.flush_work();
                self.last_work = None;
            }
            LinkOp::SetWorkPeriod(period) => {
                self.period = period;
                if matches!(self.state, State::Runs(_)) {
                    self.write_period(now);
                }
            }
            // Chips behind a core hold no job in reserve, and speak by themselves.
            LinkOp::SetLead(_) | LinkOp::SetPoll { .. } => {}
        }
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        self.run_pending(now);
        self.feed(now);
        self.collect(now, events);
        if let Some(errno) = self.window.take_fault() {
            self.out.fail(LinkError::Device(errno));
        }
        self.out.tell(self.slot[0], events);
        let longest = match now < self.quiet_from {
            true => POLL_PERIOD_MAX,
            false => IDLE_POLL_MAX,
        };
        let poll = now + (self.period / 4).clamp(POLL_PERIOD, longest);
        let due = self.work_due();
        let due = due.filter(|due| *due > now && self.out.has_work());
        self.next_poll = due.map_or(poll, |due| due.min(poll));
    }

    fn next_deadline(&self) -> Option<Instant> {
        Some(self.next_poll)
    }
}

/// A work, taken apart.
struct Work<'a> {
    id: u8,
    midstates_log2: u32,
    /// nbits, ntime and the end of the merkle root.
    tail: &'a [u8],
    midstates: &'a [u8],
}

impl<'a> Work<'a> {
    fn parse(frame: &'a [u8]) -> Option<Self> {
        let [0x21, length, id, count, 0, 0, 0, 0, body @ ..] = frame else {
            return None;
        };
        let body = body.get(..body.len().checked_sub(2)?)?;
        let (tail, midstates) = body.split_at_checked(12)?;
        let midstates_log2 = match count {
            1 => 0,
            2 => 1,
            4 => 2,
            _ => return None,
        };
        let whole = usize::from(*length) == frame.len() && midstates.len() == 32 << midstates_log2;
        whole.then_some(Work {
            id: id & 0x7F,
            midstates_log2,
            tail,
            midstates,
        })
    }

    /// As the FIFO takes them, and how many: in place, because works come by the hundred a second.
    fn words(&self) -> ([u32; WORK_WORDS_MAX], usize) {
        let midstates = self.midstates.chunks_exact(4);
        let first = core::iter::once(u32::from(self.id));
        let words = first
            .chain(self.tail.chunks_exact(4).map(little_endian))
            .chain(midstates.map(|word| little_endian(word).swap_bytes()));
        let mut out = [0; WORK_WORDS_MAX];
        let mut count = 0;
        for (to, word) in out.iter_mut().zip(words) {
            *to = word;
            count += 1;
        }
        (out, count)
    }
}

fn without_preamble(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes {
        [0x55, 0xAA, rest @ ..] => (true, rest),
        _ => (false, bytes),
    }
}

/// A command says its own length.
fn is_whole(bytes: &[u8]) -> bool {
    bytes
        .get(1)
        .is_some_and(|length| usize::from(*length) == bytes.len())
}

fn little_endian(bytes: &[u8]) -> u32 {
    let mut four = [0; 4];
    four[..bytes.len()].copy_from_slice(bytes);
    u32::from_le_bytes(four)
}

/// The divider for a baud rate, 50 MHz / (8 * (n + 1)). `None` where the nearest is 3 % off.
fn divider(bits_per_s: u32) -> Option<u32> {
    let eighths = (HERTZ / 8) as u32;
    let n = eighths
        .checked_add(bits_per_s / 2)?
        .checked_div(bits_per_s)?
        .checked_sub(1)?;
    let real = eighths / (n + 1);
    let near = real.abs_diff(bits_per_s) <= bits_per_s / 33;
    (near && n <= DIVIDER_MAX).then_some(n)
}

#[cfg(test)]
#[path = "open_core_tests.rs"]
mod tests;
