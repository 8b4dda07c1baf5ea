//! The stock FPGA of an x19 or S9 control board: a window of registers, one work FIFO per chain,
//! one result FIFO for all.
//!
//! x19. Captured: idle values, the command path with its self-clearing bit, empty values of
//! the result FIFO, the flush and the strobe. From single sources: the work record, the
//! layout of a nonce in the result FIFO. Assumed: 16 works per FIFO; the pacing register
//! counts whole microseconds in bits 30:0; a baud divider of 0 means 12.5 Mbaud; the
//! error counter counts damaged runs; the strobe ends by itself.
//!
//! S9. From one source (stock firmware's own): its board test writes works of 13 words with one
//! midstate, and gets their nonces by their whole ids; one divider of five bits in 0x0C0 counts
//! as the chips' do; chains are numbered by connector, from J1; 0x088 paces works of the host.
//! Assumed: what stands above, and that works are taken in this mode of 0x100 only. Its nonce
//! filter (0x08C) is no model: all nonces pass.

use std::collections::{BTreeMap, VecDeque};

use board_support::LinkKind as Link;
use units::{Duration, Instant};

use super::chain::Chain;
use super::job::{
    Job, PREAMBLE_LEN, RECORD_FRAME_LEN, RECORD_WORDS, S9_FRAME_LEN, S9_RECORD_WORDS, record_frame,
    s9_record_frame,
};
use super::noise::Gate;
use super::uplink::{Sink, line_time};

/// Works that wait in one FIFO. Assumed.
pub(crate) const FIFO_DEPTH: usize = 16;
/// Entries of the result FIFO: its count has nine bits.
const RESULTS_MAX: usize = 511;
/// The result FIFO reads as being flushed for this long (captured).
const FLUSH_TIME: Duration = Duration::from_micros(1400);
/// Length of the reset strobe (captured: over within 55.7 ms).
const STROBE_TIME: Duration = Duration::from_micros(55_500);

/// Baud dividers before anything was written (captured, with one board in slot 0): the
/// other chains' fields are zero, so a host must set theirs.
const IDLE_BAUDS: u32 = 0x0000_001A;

const EMPTY_HEAD: u32 = 0x0000_400D;
const EMPTY_DATA: u32 = 0x5555_AAAA;
const RUN: u32 = 1 << 31;
/// The S9's divider in 0x0C0.
const DIVIDER: u32 = 0x1F;
/// In 0x100 of an S9: works from the host with one midstate.
const MODE: u32 = 0x8F60;
const HOST_WORKS: u32 = 0x8100;

/// Which FPGA it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Design {
    X19,
    S9,
}

impl Design {
    /// The number of the first chain that has a board: J6 is the sixth.
    fn first(self) -> usize {
        match self {
            Design::X19 => 0,
            Design::S9 => 5,
        }
    }

    /// The register that paces works, and its bits of whole microseconds.
    fn pace(self) -> (u32, u32) {
        match self {
            Design::X19 => (0x08C, !RUN),
            Design::S9 => (0x088, 0x1_FFFF),
        }
    }

    fn record_words(self) -> usize {
        match self {
            Design::X19 => RECORD_WORDS,
            Design::S9 => S9_RECORD_WORDS,
        }
    }

    /// Bytes of a job on the line.
    fn frame_len(self) -> usize {
        match self {
            Design::X19 => RECORD_FRAME_LEN,
            Design::S9 => S9_FRAME_LEN,
        }
    }
}

/// What registers without a model of their own read before anything was written
/// (captured idle dump; meanings mostly unknown). Every word from 0x490 on reads 2.
const IDLE: [(u32, u32); 32] = [
    (0x000, 0x4000_B031),
    (0x004, 0x0000_0308),
    (0x030, 0x8240_0001),
    (0x084, 0x0000_0064),
    (0x088, 0x0000_9C40),
    (0x08C, 0x8000_00F9),
    (0x09C, 0xFFFF_FFFF),
    (0x0A0, 0x0000_0064),
    (0x0C4, 0x5205_0000),
    (0x0C8, 0x0A00_0000),
    (0x100, 0x0000_8400),
    (0x118, 0x0000_8060),
    (0x11C, 0x0000_7200),
    (0x120, 0x0000_0002),
    (0x128, 0x0000_0002),
    (0x12C, 0x0000_0002),
    (0x13C, 0x0000_0002),
    (0x140, 0x0000_3648),
    (0x180, 0xFFFF_FFFF),
    (0x184, 0xFFFF_FFFF),
    (0x188, 0xFFFF_FFFF),
    (0x18C, 0xFFFF_0000),
    (0x3A4, 0x6018_0928),
    (0x3AC, 0x00B2_0000),
    (0x3B8, 0x00A2_0000),
    (0x400, 0x0000_8400),
    (0x418, 0x0000_8060),
    (0x41C, 0x0000_7200),
    (0x420, 0x0000_0002),
    (0x428, 0x0000_0002),
    (0x42C, 0x0000_0002),
    (0x43C, 0x0000_0002),
];

#[derive(Debug)]
pub(crate) struct Fpga {
    design: Design,
    /// Registers that only remember.
    stored: BTreeMap<u32, u32>,
    /// The work record that is being written.
    record: [u32; RECORD_WORDS],
    record_len: usize,
    /// Words of the record came through 0x044, so that 0x040 begins a new one.
    second_port: bool,
    lines: Vec<Line>,
    results: Results,
    command: Option<Sending>,
    command_word: u32,
    flush_until: Instant,
    strobe_until: Instant,
    bauds: u32,
    /// Reset bits of slots that do not exist.
    other_resets: u32,
}

#[derive(Debug)]
struct Sending {
    line: usize,
    end: Instant,
    frame: Vec<u8>,
}

/// The result FIFO and the error counter.
#[derive(Debug, Default)]
struct Results {
    fifo: VecDeque<(u32, u32)>,
    crc_errors: u16,
    /// The number of the first chain.
    first: u32,
    /// High bits of the work id, per chain and low seven bits.
    high_ids: Vec<[u16; 128]>,
}

/// One chain's side.
#[derive(Debug)]
struct Line {
    design: Design,
    fifo: VecDeque<[u32; RECORD_WORDS]>,
    /// The first of the FIFO is on the wire until then.
    sending: Option<Instant>,
    last_start: Option<Instant>,
    wire_free: Instant,
    /// Nothing starts before this: the FIFO was empty, or the pacing off.
    ready: Instant,
    bits_per_s: f64,
    frame_time: Duration,
    gate: Gate,
}

impl Line {
    fn new(design: Design, gate: Gate, divider: u32) -> Self {
        let mut line = Line {
            design,
            fifo: VecDeque::with_capacity(FIFO_DEPTH),
            sending: None,
            last_start: None,
            wire_free: Instant::ZERO,
            ready: Instant::ZERO,
            bits_per_s: 0.0,
            frame_time: Duration::ZERO,
            gate,
        };
        line.set_divider(divider);
        line
    }

    fn set_divider(&mut self, divider: u32) {
        self.bits_per_s = match divider {
            0 => 12_500_000.0,
            n => 25e6 / 8.0 / f64::from(n + 1),
        };
        self.frame_time = line_time(self.bits_per_s, self.design.frame_len());
    }

    /// Bytes reach the chain at `at`; returns for how long the line paused.
    fn send(&mut self, at: Instant, bytes: &[u8], chain: &mut Chain) -> Duration {
        chain.run(at);
        if self.gate.pass(at, bytes.len()) {
            for byte in bytes {
                chain.receive(at, *byte, self.bits_per_s);
            }
            chain.was_sent(at, bytes, self.bits_per_s);
            return Duration::ZERO;
        }
        let mut pause = Duration::ZERO;
        for noisy in self.gate.apply(at, bytes) {
            chain.receive(at, noisy.byte, self.bits_per_s);
            pause = noisy.pause;
        }
        chain.was_sent(at, bytes, self.bits_per_s);
        chain.totals.noise_hits += self.gate.take_hits();
        pause
    }

    /// The record at the front has left. Where nothing can come between, the chips take
    /// it without the detour over its 152 bytes; a test holds both ways together.
    fn finish_work(&mut self, at: Instant, chain: &mut Chain) {
        let Some(record) = self.fifo.pop_front() else {
            return;
        };
        chain.run(at);
        if self.design == Design::S9 {
            let pause = self.send(at, &s9_record_frame(&record), chain);
            self.wire_free = self.wire_free.max(at + pause);
            return;
        }
        if chain.hears_whole_records(self.bits_per_s) && self.gate.pass(at, RECORD_FRAME_LEN) {
            chain.load(at, Job::from_record(&record));
            return;
        }
        let frame = record_frame(&record);
        let skipped = PREAMBLE_LEN - chain.preamble().len();
        let pause = self.send(at, &frame[skipped..], chain);
        self.wire_free = self.wire_free.max(at + pause);
    }
}

impl Fpga {
    /// One gate per chain: noise towards the chips.
    pub(crate) fn new(design: Design, gates: Vec<Gate>) -> Self {
        let idle = IDLE.into_iter().chain([(0x440, 0x3648)]);
        let stored = match design {
            Design::X19 => idle.collect(),
            Design::S9 => BTreeMap::from([(0x000, 0xC501)]),
        };
        Fpga {
            design,
            stored,
            record: [0; RECORD_WORDS],
            record_len: 0,
            second_port: false,
            results: Results {
                first: design.first() as u32,
                high_ids: vec![[0; 128]; gates.len()],
                ..Results::default()
            },
            lines: gates
                .into_iter()
                .enumerate()
                .map(|(i, gate)| match design {
                    Design::X19 => Line::new(design, gate, field(IDLE_BAUDS, i)),
                    Design::S9 => Line::new(design, gate, DIVIDER),
                })
                .collect(),
            command: None,
            command_word: match design {
                Design::X19 => 0x0080_0000,
                Design::S9 => DIVIDER,
            },
            flush_until: Instant::ZERO,
            strobe_until: Instant::ZERO,
            bauds: IDLE_BAUDS,
            other_resets: 0xFFFF,
        }
    }

    pub(crate) fn link(&self) -> Link {
        match self.design {
            Design::X19 => Link::FpgaFifo,
            Design::S9 => Link::FpgaFifoS9,
        }
    }

    /// Let everything run until `now`.
    pub(crate) fn advance(&mut self, now: Instant, chains: &mut [Chain]) {
        let period = self.period();
        for (i, chain) in chains.iter_mut().enumerate() {
            self.advance_line(i, now, period, chain);
            chain.run(now);
        }
        self.collect(now, chains);
    }

    /// When something that the host can see may happen.
    pub(crate) fn next_event(&self, chains: &[Chain]) -> Option<Instant> {
        let answers = chains
            .iter()
            .flat_map(|c| [c.uplink.next_end(), c.next_nonce()])
            .flatten();
        let command = self.command.as_ref().map(|c| c.end);
        answers.chain(command).min()
    }

    /// `None`: pacing is off.
    fn period(&self) -> Option<Duration> {
        let (register, bits) = self.design.pace();
        let value = self.stored.get(&register).copied().unwrap_or(0);
        let micros = u64::from(value & bits);
        (value & RUN != 0).then(|| Duration::from_micros(micros))
    }

    fn advance_line(
        &mut self,
        i: usize,
        now: Instant,
        period: Option<Duration>,
        chain: &mut Chain,
    ) {
        let line = &mut self.lines[i];
        loop {
            if let Some(end) = line.sending {
                if end > now {
                    return;
                }
                line.sending = None;
                line.finish_work(end, chain);
            }
            if let Some(command) = self.command.take_if(|c| c.line == i && c.end <= now) {
                let pause = line.send(command.end, &command.frame, chain);
                line.wire_free = line.wire_free.max(command.end + pause);
                self.command_word &= !RUN;
            }
            let Some(period) = period.filter(|_| !line.fifo.is_empty()) else {
                return;
            };
            let paced = line.last_start.map_or(Instant::ZERO, |at| at + period);
            let start = paced.max(line.wire_free).max(line.ready);
            if start > now {
                return;
            }
            line.last_start = Some(start);
            line.wire_free = start + line.frame_time;
            line.sending = Some(line.wire_free);
        }
    }

    /// Take answers of all chains, in the order in which they arrived.
    fn collect(&mut self, now: Instant, chains: &mut [Chain]) {
        loop {
            let ends = chains.iter().enumerate();
            let ends = ends.filter_map(|(i, c)| c.uplink.next_end().map(|at| (at, i)));
            let Some((at, i)) = ends.min() else {
                return;
            };
            if at > now {
                return;
            }
            let bits_per_s = self.lines[i].bits_per_s;
            let mut sink = ChainResults {
                results: &mut self.results,
                chain: i,
            };
            let totals = chains[i].uplink.deliver(bits_per_s, &mut sink);
            chains[i].totals.add(&totals);
            let errors = self.results.crc_errors;
            self.results.crc_errors = errors.wrapping_add(totals.damaged_runs as u16);
        }
    }

    pub(crate) fn read(&mut self, now: Instant, offset: u32, chains: &[Chain]) -> u32 {
        let strobe = now < self.strobe_until;
        let first = self.design.first();
        match offset {
            0x008 => slot_bits(chains, Chain::present) << first,
            0x00C => self.lines.iter().enumerate().fold(0, |bits, (i, line)| {
                bits | u32::from(line.fifo.len() < FIFO_DEPTH) << (first + i)
            }),
            0x010 => self.results.fifo.front().map_or(EMPTY_HEAD, |r| r.0),
            0x014 => self.results.fifo.pop_front().map_or(EMPTY_DATA, |r| r.1),
            0x018 => self.results.fifo.len() as u32,
            0x01C if now < self.flush_until => 0x0000_0001,
            0x01C => 0x0080_0001,
            0x034 => {
                let others = self.other_resets & !(mask(chains) << first);
                others | slot_bits(chains, Chain::in_reset) << first
            }
            0x03C if self.design == Design::X19 => self.bauds,
            0x080 if strobe => 0x8080_8000,
            0x080 => 0x0080_8000,
            0x0C0 if strobe => 0,
            0x0C0 => self.command_word,
            0x0F0 if strobe => 0x0000_0040,
            0x0F0 => 0x2B10_4814,
            0x0F4 if strobe => 0,
            0x0F4 => 0x8150_F404,
            0x0F8 => u32::from(self.results.crc_errors),
            0x490..0x1200 => self.stored.get(&offset).copied().unwrap_or(2),
            _ => self.stored.get(&offset).copied().unwrap_or(0),
        }
    }

    pub(crate) fn write(&mut self, now: Instant, offset: u32, value: u32, chains: &mut [Chain]) {
        match offset {
            0x040 | 0x044 => self.write_work(now, offset, value),
            // Read-only.
            0x000 | 0x008..=0x018 | 0x0F0..=0x0F8 => {}
            0x01C if value >> 16 & 1 == 1 => {
                self.results.fifo.clear();
                self.flush_until = now + FLUSH_TIME;
            }
            0x01C => {}
            0x034 => {
                self.other_resets = value;
                for (i, chain) in chains.iter_mut().enumerate() {
                    chain.set_reset(now, value >> (self.design.first() + i) & 1 == 1);
                }
            }
            0x03C if self.design == Design::X19 => {
                self.bauds = value;
                for (i, line) in self.lines.iter_mut().enumerate() {
                    line.set_divider(field(value, i));
                }
            }
            0x080 if value & RUN != 0 => {
                self.strobe_until = now + STROBE_TIME;
                self.results.fifo.clear();
                self.command = None;
                self.command_word = 0;
                self.lines.iter_mut().for_each(|line| line.fifo.clear());
                self.lines.iter_mut().for_each(|line| line.sending = None);
            }
            0x080 => {}
            _ if offset == self.design.pace().0 => {
                if self.period().is_none() {
                    self.lines.iter_mut().for_each(|line| line.ready = now);
                }
                self.stored.insert(offset, value);
            }
            0x0C0 => self.start_command(now, value, chains),
            0x000..0x1400 => {
                self.stored.insert(offset & !3, value);
            }
            _ => {}
        }
    }

    /// Words of a work record: all to 0x040, or the first to 0x040 and the rest to 0x044.
    fn write_work(&mut self, now: Instant, offset: u32, word: u32) {
        if offset == 0x044 {
            self.second_port = true;
        } else if self.second_port {
            self.record_len = 0;
            self.second_port = false;
        }
        if self.record_len == 0 && !begins_record(word) {
            return;
        }
        self.record[self.record_len] = word;
        self.record_len += 1;
        if self.record_len == self.design.record_words() {
            self.record_len = 0;
            self.second_port = false;
            self.queue_work(now);
        }
    }

    /// Several words to one register. A whole record into an empty assembly needs no
    /// detour over single words: works come by the ten thousand per second.
    pub(crate) fn write_fifo(
        &mut self,
        now: Instant,
        offset: u32,
        words: &[u32],
        chains: &mut [Chain],
    ) {
        if offset == 0x040
            && self.design == Design::X19
            && self.record_len == 0
            && let Ok(record) = <&[u32; RECORD_WORDS]>::try_from(words)
            && begins_record(record[0])
        {
            self.record = *record;
            self.second_port = false;
            self.queue_work(now);
            return;
        }
        for word in words {
            self.write(now, offset, *word, chains);
        }
    }

    fn queue_work(&mut self, now: Instant) {
        let number = (self.record[0] >> 16 & 0xF) as usize;
        let mode = self.stored.get(&0x100).copied().unwrap_or(0) & MODE;
        if self.design == Design::S9 && mode != HOST_WORKS {
            return;
        }
        let Some(chain) = number.checked_sub(self.design.first()) else {
            return;
        };
        let Some(line) = self.lines.get_mut(chain) else {
            return;
        };
        if line.fifo.len() >= FIFO_DEPTH {
            return;
        }
        if line.fifo.is_empty() {
            line.ready = line.ready.max(now);
        }
        line.fifo.push_back(self.record);
        let id = self.record[1];
        let low = (id & 0x7F) as usize;
        let cells = match self.design {
            // The chip adds the midstate's place.
            Design::X19 => (low & !3)..(low | 3) + 1,
            Design::S9 => low..low + 1,
        };
        self.results.high_ids[chain][cells].fill((id & 0x7F80) as u16);
    }

    fn start_command(&mut self, now: Instant, value: u32, chains: &[Chain]) {
        self.command_word = value;
        if self.design == Design::S9 {
            let lines = self.lines.iter_mut();
            lines.for_each(|line| line.set_divider(value & DIVIDER));
        }
        if value & RUN == 0 || now < self.strobe_until {
            return;
        }
        let buffer: Vec<u8> = [0x0C4, 0x0C8, 0x0CC]
            .iter()
            .flat_map(|r| self.stored.get(r).copied().unwrap_or(0).to_be_bytes())
            .collect();
        let number = (value >> 16 & 0xF) as usize;
        let line = number
            .checked_sub(self.design.first())
            .unwrap_or(usize::MAX);
        // The second byte of a frame is its length; the FPGA adds the preamble.
        let length = usize::from(buffer[1]).min(buffer.len());
        let mut frame = chains.get(line).map_or(&[][..], Chain::preamble).to_vec();
        frame.extend_from_slice(&buffer[..length]);
        let Some(target) = self.lines.get_mut(line) else {
            self.command_word &= !RUN;
            return;
        };
        let end = target.wire_free.max(now) + line_time(target.bits_per_s, frame.len());
        target.wire_free = end;
        self.command = Some(Sending { line, end, frame });
    }
}

/// Where the answers of one chain go.
struct ChainResults<'a> {
    results: &'a mut Results,
    chain: usize,
}

impl Sink for ChainResults<'_> {
    fn bytes(&mut self, _bytes: &[(Instant, u8)]) -> bool {
        true
    }

    fn frame(&mut self, body: &[u8]) -> bool {
        if self.results.fifo.len() >= RESULTS_MAX {
            return false;
        }
        let chain = self.results.first + self.chain as u32;
        let &[a, b, c, d, _, job_byte, .., last] = body else {
            return true;
        };
        let data = u32::from_be_bytes([a, b, c, d]);
        let head = if last >> 7 == 1 {
            let id = job_byte & 0x7F;
            let high = self.results.high_ids[self.chain][usize::from(id)];
            RUN | u32::from(high | u16::from(id)) << 16 | 1 << 7 | chain
        } else {
            u32::from(last & 0x1F) << 24 | chain
        };
        self.results.fifo.push_back((head, data));
        true
    }
}

/// Type 0x01 or 0x11, then 0x80 | chain, then zeros: anything else begins no record.
fn begins_record(word: u32) -> bool {
    word & 0xEFF0_FFFF == 0x0180_0000
}

/// A chain's field of the baud register.
fn field(bauds: u32, chain: usize) -> u32 {
    bauds >> (8 * (chain & 3)) & 0x3F
}

fn mask(chains: &[Chain]) -> u32 {
    (1 << chains.len()) - 1
}

fn slot_bits(chains: &[Chain], of: impl Fn(&Chain) -> bool) -> u32 {
    let bits = chains.iter().enumerate();
    bits.fold(0, |bits, (i, chain)| bits | u32::from(of(chain)) << i)
}
