//! A chain of chips behind SPI.
//!
//! Words of 16 bits go from chip to chip to the last, which turns the stream round. The first
//! word of an answer comes out `2k - 1` words after the first of what was asked of chip k,
//! `2N` words after that of what was asked of all N (published by a driver's arithmetic). Only
//! clocked words move, and they keep their places between transfers.
//!
//! Choices where public sources say nothing: a frame with a bad checksum is ignored, and so is
//! a job for which a chip has no room; a frame begins where the chip select falls and nowhere
//! else; the chain's end is found at reset, so that chips before one that
//! dies later answer when they are asked by number and no broadcast comes back; a chip answers
//! to no number before it was counted; of a broadcast's answer the last chip's kind is told. A
//! driver must depend on none of these.

mod chips;
mod frames;
mod model;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use units::{ChainSlot, ChipIndex, Duration, HashRate, Instant, Nonce, Rng};

use super::faults::Direction;
use super::ledger::{Fate, FrameKind, FrameRecord, LostJob, Totals};
use super::noise::Gate;
use super::space::Params;
use crate::parts::ChipSensor;
use chips::{Chips, Event};
use frames::{Frame, Order, Parsed, RESET_ALL, RESET_BIST, RESET_JOBS, crc16, parse};

pub(crate) use model::{WordModel, model};

/// One chain's line to its host: noise in both directions, kept when the chips lose power.
#[derive(Debug)]
pub(crate) struct Line {
    slot: ChainSlot,
    to_chips: Gate,
    to_host: Gate,
    decided: Vec<FrameRecord>,
}

impl Line {
    pub(crate) fn new(slot: ChainSlot, mut gate: impl FnMut(Direction) -> Gate) -> Self {
        Line {
            slot,
            to_host: gate(Direction::ToHost),
            to_chips: gate(Direction::ToChips),
            decided: Vec::new(),
        }
    }

    /// Frames whose fate became known since the last call.
    pub(crate) fn take_decided(&mut self) -> impl Iterator<Item = FrameRecord> + '_ {
        self.decided.drain(..)
    }
}

/// What a transfer may touch beside the chips.
pub(crate) struct Around<'a> {
    pub(crate) line: &'a mut Line,
    pub(crate) sensors: &'a [ChipSensor],
    pub(crate) totals: &'a mut Totals,
    pub(crate) lost_jobs: &'a mut Vec<LostJob>,
}

/// The chips of a chain that lives, and the words between them.
#[derive(Debug)]
pub(crate) struct Stack {
    model: &'static WordModel,
    chips: Chips,
    /// Kinds that single chips tell: place from 0, high nibble.
    foreign: Vec<(usize, u8)>,
    /// Chips that still forward, from the host.
    reach: usize,
    /// Words clocked so far.
    clock: u64,
    /// What comes out next.
    out: VecDeque<u16>,
    /// What chips will do once so many words were clocked, in order.
    inbox: VecDeque<(u64, Deed)>,
    /// Answers that have not come out whole: first and last word.
    leaving: VecDeque<(u64, u64, ChipIndex, FrameKind)>,
    rng: Rng,
}

/// What reaches chips at some moment.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// A header: the answer's first word comes out at this word.
    Answer(Frame, u64),
    /// The end of a frame.
    Effect(Frame),
}

impl Stack {
    /// `count` chips after power-on.
    pub(crate) fn new(
        model: &'static WordModel,
        params: Arc<Params>,
        count: usize,
        foreign: &[(ChipIndex, u16)],
        now: Instant,
        rng: Rng,
    ) -> Self {
        let mut own = rng;
        let chips = Chips::new(model, params, count, now, own.fork(1));
        let kind = |(chip, id): &(ChipIndex, u16)| (usize::from(chip.0), *id as u8 & 0xF);
        Stack {
            model,
            chips,
            foreign: foreign.iter().map(kind).collect(),
            reach: count,
            clock: 0,
            out: VecDeque::new(),
            inbox: VecDeque::new(),
            leaving: VecDeque::new(),
            rng: own,
        }
    }

    /// Chips from this place on forward no more.
    pub(crate) fn cut(&mut self, now: Instant, reach: usize) {
        if reach < self.reach {
            self.reach = reach;
            let gone: Vec<_> = (reach..self.chips.count()).collect();
            self.chips.drop_jobs(now, &gone);
            self.chips.begin_test(now, &gone);
        }
    }

    pub(crate) fn chips_hs(&self) -> &[f64] {
        self.chips.chips_hs()
    }

    pub(crate) fn has_work(&self, now: Instant) -> bool {
        self.chips.has_work(now)
    }

    pub(crate) fn hash_rate(&self, now: Instant) -> HashRate {
        self.chips.hash_rate(now)
    }

    pub(crate) fn next_event(&self) -> Instant {
        self.chips.next_event()
    }

    /// Answers that are not out yet: none of them will be.
    pub(crate) fn unsent(&self) -> u64 {
        self.chips.results.len() as u64 + self.leaving.len() as u64
    }

    /// What is due at `now`.
    pub(crate) fn event(&mut self, now: Instant, errors: &[f64], totals: &mut Totals) {
        match self.chips.event(now, errors) {
            Event::Idle => {}
            Event::Vain => totals.searched_in_vain += 1,
            Event::Queued { wrong } => totals.wrong_hashes += u64::from(wrong),
            Event::Lost => totals.cut_off += 1,
        }
    }

    /// One transfer: what is sent goes in, and what comes out meanwhile takes its place.
    pub(crate) fn transfer(
        &mut self,
        now: Instant,
        clock_hz: u32,
        bytes: &mut [u8],
        around: &mut Around<'_>,
    ) {
        let mhz = (0..self.reach).map(|chip| self.chips.mhz(chip));
        let slowest = mhz.fold(f64::INFINITY, f64::min);
        let garbled = clock_hz > self.model.clock_max_hz(slowest);
        let sent = bytes.to_vec();
        let mut heard = sent.clone();
        if garbled {
            heard.fill_with(|| self.rng.next_u32() as u8);
        } else {
            around.totals.noise_hits += disturb(&mut around.line.to_chips, now, &mut heard);
        }
        self.hear(&heard, around.totals);
        self.note_lost(now, &sent, &heard, around);

        let begin = self.clock;
        for word in bytes.chunks_mut(2) {
            self.act(now, around);
            let [high, low] = self.out.pop_front().unwrap_or(0).to_be_bytes();
            for (place, byte) in word.iter_mut().zip([high, low]) {
                *place = byte;
            }
            self.clock += 1;
        }
        let clean = bytes.to_vec();
        if garbled {
            bytes.fill_with(|| self.rng.next_u32() as u8);
        } else {
            around.totals.noise_hits += disturb(&mut around.line.to_host, now, bytes);
        }
        if *bytes != clean {
            around.totals.damaged_runs += 1;
        }
        self.decide(now, clock_hz, begin, &clean, bytes, around);
    }

    /// What came to the first chip since the chip select fell.
    fn hear(&mut self, heard: &[u8], totals: &mut Totals) {
        match parse(self.model, heard) {
            Parsed::Idle => {}
            Parsed::Frame(frame) => self.schedule(frame, self.clock),
            Parsed::Damaged(len) => totals.stray_bytes_at_chips += len as u64,
            Parsed::Nothing => totals.stray_bytes_at_chips += heard.len() as u64,
        }
    }

    /// A frame whose first word is clocked as number `at`.
    fn schedule(&mut self, frame: Frame, at: u64) {
        let chips = self.chips.count() as u64;
        let (out, answer) = match u64::from(frame.chip) {
            0 => (chips - 1, 2 * chips),
            chip if chip <= chips => (chip - 1, 2 * chip - 1),
            // Nobody of this number.
            _ => return,
        };
        let end = at + frame.len.div_ceil(2) as u64 - 1;
        self.push(at + out, Deed::Answer(frame, at + answer));
        self.push(end + out, Deed::Effect(frame));
    }

    /// Keeps the inbox in order of time.
    fn push(&mut self, at: u64, deed: Deed) {
        let behind = self.inbox.iter().rev().take_while(|d| d.0 > at).count();
        self.inbox.insert(self.inbox.len() - behind, (at, deed));
    }

    fn act(&mut self, now: Instant, around: &mut Around<'_>) {
        while let Some((at, deed)) = self.inbox.front().copied()
            && at <= self.clock
        {
            self.inbox.pop_front();
            match deed {
                Deed::Answer(frame, first) => self.answer(now, frame, first, around),
                Deed::Effect(frame) => self.take_effect(now, frame, around),
            }
        }
    }

    /// The chips that a frame is for and that hear it.
    fn which(&self, chip: u8) -> Vec<usize> {
        match usize::from(chip) {
            0 => (0..self.reach).collect(),
            chip if chip <= self.reach && self.chips.is_placed(chip - 1) => vec![chip - 1],
            _ => Vec::new(),
        }
    }

    fn take_effect(&mut self, now: Instant, frame: Frame, around: &mut Around<'_>) {
        let which = self.which(frame.chip);
        let totals = &mut *around.totals;
        if let Order::Job(loaded) = frame.order {
            for chip in which {
                if self.chips.load(now, chip, loaded) {
                    totals.jobs += 1;
                } else {
                    totals.stray_bytes_at_chips += frame.len as u64;
                }
            }
            return;
        }
        totals.commands += 1;
        match frame.order {
            Order::BistFix => self.chips.fix(now, &which),
            Order::Reset(RESET_JOBS) => {
                let before = self.chips.results.len();
                self.chips.drop_jobs(now, &which);
                totals.cut_off += (before - self.chips.results.len()) as u64;
            }
            Order::Reset(RESET_ALL) => {
                self.chips.drop_jobs(now, &which);
                self.chips.begin_test(now, &which);
            }
            Order::Reset(RESET_BIST) => self.chips.begin_test(now, &which),
            Order::Write(block) => self.chips.write(now, &which, block),
            Order::Second(block) => self.chips.write_second(&which, block),
            // FF flushes what is on the way, which nothing here waits for.
            Order::Reset(_)
            | Order::BistStart
            | Order::BistCollect
            | Order::Read
            | Order::Result
            | Order::Job(_) => {}
        }
    }

    /// Puts an answer on its way.
    fn answer(&mut self, now: Instant, frame: Frame, first: u64, around: &mut Around<'_>) {
        let which = self.which(frame.chip);
        // A broadcast comes back from the chain's end.
        let turned = frame.chip != 0 || self.reach == self.chips.count();
        let (Some(last), true) = (which.last().copied(), turned) else {
            return;
        };
        let head = [frame.head, frame.chip];
        let mut kind = None;
        let mut bytes = head.to_vec();
        match frame.order {
            Order::BistStart => bytes.extend([0, self.chips.count_once()]),
            Order::BistFix | Order::BistCollect => {}
            Order::Reset(a) => {
                let told = self.foreign.iter().find(|(chip, _)| *chip == last);
                bytes[0] |= told.map_or(self.model.kind, |(_, kind)| *kind) << 4;
                bytes.extend([a, a]);
            }
            Order::Write(block) => bytes.extend(&block[..self.model.block]),
            Order::Second(block) => {
                bytes.extend(&block[..self.model.block]);
                self.seal(&mut bytes);
            }
            Order::Read => {
                bytes[0] |= 0x10;
                let block = self.chips.block(now, last, around.sensors);
                bytes.extend(&block[..self.model.block]);
                self.seal(&mut bytes);
                let value = u32::from_be_bytes([block[0], block[1], block[2], block[3]]);
                let register = frame.head;
                kind = Some((last, FrameKind::Register { register, value }));
            }
            Order::Result => {
                let (result, told) = self.result();
                bytes = result;
                kind = told;
            }
            // A job's header comes back on the older chip alone.
            Order::Job(_) if self.model.crc => return,
            Order::Job(_) => {}
        }
        let words = bytes.len().div_ceil(2) as u64;
        if let Some((chip, kind)) = kind {
            match kind {
                FrameKind::Nonce { .. } => around.totals.nonces += 1,
                FrameKind::Register { .. } => around.totals.answers += 1,
            }
            let chip = ChipIndex(chip as u16);
            self.leaving
                .push_back((first, first + words - 1, chip, kind));
        }
        self.place(first, &bytes);
    }

    /// The oldest result, or that there is none.
    fn result(&mut self) -> (Vec<u8>, Option<(usize, FrameKind)>) {
        let Some(result) = self.chips.results.pop_front() else {
            let mut bytes = vec![0; self.model.result];
            bytes[0] = 0x08;
            if self.model.crc {
                bytes.truncate(self.model.result - 2);
                self.seal(&mut bytes);
            }
            return (bytes, None);
        };
        let job_byte = result.id << 4 | 0x08;
        let mut bytes = vec![job_byte, result.chip as u8 + 1];
        if self.model.job.midstates > 1 {
            bytes.extend([0, result.slot]);
        }
        // Most significant byte first.
        bytes.extend(result.wire.iter().rev());
        self.seal(&mut bytes);
        let kind = FrameKind::Nonce {
            nonce: Nonce::from_wire(result.wire),
            job_byte,
            version_bits: 0,
            hash: result.hash,
            made_up: result.made_up,
            job_taken: result.job_taken,
        };
        (bytes, Some((result.chip, kind)))
    }

    /// Puts the checksum behind an answer, where there is one.
    fn seal(&self, bytes: &mut Vec<u8>) {
        if self.model.crc {
            let crc = crc16(bytes);
            bytes.extend(crc.to_be_bytes());
        }
    }

    /// Bytes come out from word number `first` on.
    fn place(&mut self, first: u64, bytes: &[u8]) {
        let start = first.saturating_sub(self.clock) as usize;
        for (i, word) in bytes.chunks(2).enumerate() {
            let at = start + i;
            if at >= self.out.len() {
                self.out.resize(at + 1, 0);
            }
            let low = word.get(1).copied().unwrap_or(0);
            self.out[at] = u16::from_be_bytes([word[0], low]);
        }
    }

    /// What noise made of orders that nothing guards: jobs that chips did not get, and jobs
    /// that they went on with.
    fn note_lost(&mut self, now: Instant, sent: &[u8], heard: &[u8], around: &mut Around<'_>) {
        if sent == heard {
            return;
        }
        let (meant, got) = (parse(self.model, sent), parse(self.model, heard));
        if meant == got {
            return;
        }
        let Parsed::Frame(meant) = meant else {
            return;
        };
        match meant.order {
            Order::Job(_) | Order::Reset(RESET_JOBS) => {
                around.totals.lost_jobs += 1;
                let slot = around.line.slot;
                around.lost_jobs.push(LostJob { slot, at: now });
            }
            _ => {}
        }
        // What comes back was sent by no chip in answer to what the host asked.
        if matches!(got, Parsed::Frame(_)) {
            around.totals.phantoms += 1;
        }
    }

    /// Answers that have come out whole: what became of them.
    fn decide(
        &mut self,
        now: Instant,
        clock_hz: u32,
        begin: u64,
        clean: &[u8],
        heard: &[u8],
        around: &mut Around<'_>,
    ) {
        while let Some((first, last, chip, kind)) = self.leaving.front().copied()
            && last < self.clock
        {
            self.leaving.pop_front();
            let from = first.checked_sub(begin).map(|words| 2 * words as usize);
            let until = 2 * (last + 1 - begin.min(last)) as usize;
            let whole = from.is_some_and(|from| clean.get(from..until) == heard.get(from..until));
            let fate = if whole { Fate::Arrived } else { Fate::Damaged };
            around.totals.damaged += u64::from(!whole);
            let bits = 16 * (last + 1).saturating_sub(begin);
            let took = bits * 1_000_000_000 / u64::from(clock_hz.max(1));
            around.line.decided.push(FrameRecord {
                slot: around.line.slot,
                chip,
                kind,
                at: now + Duration::from_nanos(took),
                fate,
            });
        }
    }
}

/// What noise makes of bytes that a clock accompanies: as many come as were sent. Returns how
/// many were hit.
fn disturb(gate: &mut Gate, now: Instant, bytes: &mut [u8]) -> u64 {
    if gate.pass(now, bytes.len()) {
        return 0;
    }
    for byte in bytes.iter_mut() {
        let heard = gate.apply(now, &[*byte]);
        // A byte that is lost reads as an idle line; one that comes twice is in the way of
        // itself.
        *byte = match heard.as_slice() {
            [] => 0,
            [one] => one.byte,
            [one, ..] => !one.byte,
        };
    }
    gate.take_hits()
}
