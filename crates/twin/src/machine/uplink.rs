//! The line from the chips to the host: answers one after another at the chips' baud
//! rate, noise, and the verdict on each frame.

use std::collections::VecDeque;

use units::{ChainSlot, ChipIndex, Duration, Instant, Rng};

use super::ledger::{Fate, FrameKind, FrameRecord, Totals};
use super::noise::{Gate, NoisyByte};
use super::receiver::{Accepted, Receiver};
use super::wire::Answer;

/// Answers that may wait in the chips. Beyond it they are lost, as in a chip whose buffer
/// is full; a broadcast read of 114 chips is far below. Assumed.
const QUEUE_MAX: usize = 4096;

/// An answer on its way.
#[derive(Clone, Debug)]
struct Sent {
    number: u64,
    start: Instant,
    /// When the last byte has arrived.
    end: Instant,
    bits_per_s: f64,
    answer: Answer,
    chip: ChipIndex,
    kind: FrameKind,
    /// What noise made of it; `None`: nothing.
    noisy: Option<Vec<NoisyByte>>,
}

/// What the host's side must do with a frame that came.
pub(crate) trait Sink {
    /// Bytes on a line: each with the instant from which it can be read. False if there
    /// is no room; the frame is then lost as a whole.
    fn bytes(&mut self, bytes: &[(Instant, u8)]) -> bool;
    /// A frame that passed the check, for hosts that check themselves. False if there is
    /// no room for it.
    fn frame(&mut self, frame: &[u8]) -> bool;
}

#[derive(Debug)]
pub(crate) struct Uplink {
    slot: ChainSlot,
    queue: VecDeque<Sent>,
    next_number: u64,
    free_at: Instant,
    gate: Gate,
    rng: Rng,
    receiver: Receiver,
    /// Frames that came and whose fate is open, oldest first.
    open: VecDeque<(u64, Answer, FrameRecord)>,
    /// Frames whose fate is known.
    decided: Vec<FrameRecord>,
}

impl Uplink {
    pub(crate) fn new(slot: ChainSlot, gate: Gate, rng: Rng) -> Self {
        Uplink {
            slot,
            queue: VecDeque::new(),
            next_number: 0,
            free_at: Instant::ZERO,
            gate,
            rng,
            receiver: Receiver::default(),
            open: VecDeque::new(),
            decided: Vec::new(),
        }
    }

    /// A chip sends `answer` at `at`, behind what already waits, at `bits_per_s`. False if
    /// it is lost because too much waits.
    pub(crate) fn send(
        &mut self,
        at: Instant,
        bits_per_s: f64,
        answer: Answer,
        chip: ChipIndex,
        kind: FrameKind,
    ) -> bool {
        if self.queue.len() >= QUEUE_MAX || bits_per_s < 1.0 {
            return false;
        }
        let start = at.max(self.free_at);
        let bytes = answer.as_slice();
        let mut end = start + line_time(bits_per_s, bytes.len());
        let mut noisy = None;
        if !self.gate.pass(start, bytes.len()) {
            let heard = self.gate.apply(start, bytes);
            end += heard.last().map_or(Duration::ZERO, |b| b.pause);
            noisy = Some(heard);
        }
        self.free_at = end;
        self.queue.push_back(Sent {
            number: self.next_number,
            start,
            end,
            bits_per_s,
            answer,
            chip,
            kind,
            noisy,
        });
        self.next_number += 1;
        true
    }

    /// The chips lost their power at `at`: frames that have not begun are never sent; one
    /// that has begun is finished (it takes less than a millisecond). Returns how many.
    pub(crate) fn cut(&mut self, at: Instant) -> u64 {
        let before = self.queue.len();
        self.queue.retain(|sent| sent.start < at);
        self.free_at = self.queue.back().map_or(at, |sent| sent.end);
        (before - self.queue.len()) as u64
    }

    /// When the first byte of the next frame leaves.
    pub(crate) fn next_start(&self) -> Option<Instant> {
        self.queue.front().map(|sent| sent.start)
    }

    /// When the next frame has arrived.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.queue.front().map(|sent| sent.end)
    }

    /// Hand the next frame to the host, which listens at `host_bits_per_s`.
    pub(crate) fn deliver(&mut self, host_bits_per_s: f64, sink: &mut dyn Sink) -> Totals {
        let mut totals = Totals::default();
        let Some(sent) = self.queue.pop_front() else {
            return totals;
        };
        match sent.kind {
            FrameKind::Nonce { .. } => totals.nonces = 1,
            FrameKind::Register { .. } => totals.answers = 1,
        }
        let record = FrameRecord {
            slot: self.slot,
            chip: sent.chip,
            kind: sent.kind,
            at: sent.end,
            fate: Fate::Damaged,
        };
        let heard = self.heard(&sent, host_bits_per_s);
        if !sink.bytes(&heard) {
            self.decide(record, Fate::Overflowed, &mut totals);
        } else if heard_unchanged(&heard, &sent.answer) && self.receiver.is_idle() {
            self.receiver.good_frame();
            self.accept(record, sent.answer.as_slice(), sink, &mut totals);
        } else {
            self.open.push_back((sent.number, sent.answer, record));
            self.judge(&heard, &sent, sink, &mut totals);
        }
        totals.noise_hits = self.gate.take_hits();
        totals
    }

    /// Frames whose fate became known since the last call.
    pub(crate) fn take_decided(&mut self) -> impl Iterator<Item = FrameRecord> + '_ {
        self.decided.drain(..)
    }

    /// The bytes as the host hears them: at another baud rate, as many random ones.
    fn heard(&mut self, sent: &Sent, host_bits_per_s: f64) -> Vec<(Instant, u8)> {
        let one = line_time(sent.bits_per_s, 1);
        let garbled = !same_baud(sent.bits_per_s, host_bits_per_s);
        let clean: Vec<NoisyByte>;
        let bytes = match &sent.noisy {
            Some(noisy) => noisy,
            None => {
                let pause = Duration::ZERO;
                let bytes = sent.answer.as_slice().iter();
                clean = bytes.map(|byte| NoisyByte { byte: *byte, pause }).collect();
                &clean
            }
        };
        let mut at = sent.start;
        let mut heard = Vec::with_capacity(bytes.len());
        for noisy in bytes {
            at += one;
            let byte = if garbled {
                self.rng.next_u32() as u8
            } else {
                noisy.byte
            };
            heard.push((at + noisy.pause, byte));
        }
        heard
    }

    fn judge(
        &mut self,
        heard: &[(Instant, u8)],
        sent: &Sent,
        sink: &mut dyn Sink,
        totals: &mut Totals,
    ) {
        let (runs, stray) = (self.receiver.runs, self.receiver.stray);
        let len = sent.answer.as_slice().len();
        for (_, byte) in heard {
            self.receiver.push(*byte, sent.number);
            while let Some(accepted) = self.receiver.next(len) {
                self.take_accepted(&accepted, sink, totals);
            }
        }
        let undecided = self.receiver.oldest_undecided().unwrap_or(u64::MAX);
        while let Some((number, _, record)) = self.open.front().copied() {
            if number >= undecided {
                break;
            }
            self.open.pop_front();
            self.decide(record, Fate::Damaged, totals);
        }
        totals.damaged_runs = self.receiver.runs - runs;
        totals.stray_bytes = self.receiver.stray - stray;
    }

    fn take_accepted(&mut self, accepted: &Accepted, sink: &mut dyn Sink, totals: &mut Totals) {
        let sent = self.open.iter().position(|(number, answer, _)| {
            accepted.frame == Some(*number) && answer.as_slice() == accepted.as_slice()
        });
        match sent.and_then(|i| self.open.remove(i)) {
            Some((_, answer, record)) => self.accept(record, answer.as_slice(), sink, totals),
            None => {
                totals.phantoms += 1;
                sink.frame(accepted.as_slice());
            }
        }
    }

    fn accept(
        &mut self,
        record: FrameRecord,
        bytes: &[u8],
        sink: &mut dyn Sink,
        totals: &mut Totals,
    ) {
        let fate = if sink.frame(bytes) {
            Fate::Arrived
        } else {
            Fate::Overflowed
        };
        self.decide(record, fate, totals);
    }

    fn decide(&mut self, mut record: FrameRecord, fate: Fate, totals: &mut Totals) {
        record.fate = fate;
        totals.damaged += u64::from(fate == Fate::Damaged);
        totals.overflowed += u64::from(fate == Fate::Overflowed);
        self.decided.push(record);
    }
}

fn heard_unchanged(heard: &[(Instant, u8)], answer: &Answer) -> bool {
    let answer = answer.as_slice();
    heard.len() == answer.len() && heard.iter().zip(answer).all(|((_, a), b)| a == b)
}

/// Ten bit times per byte.
pub(crate) fn line_time(bits_per_s: f64, bytes: usize) -> Duration {
    Duration::from_nanos((bytes as f64 * 1e10 / bits_per_s.max(1.0)) as u64)
}

/// Two ends understand each other within 3 %: a receiver samples the tenth bit less than
/// half a bit off at 5 %, and both ends take their part of that. Assumed.
pub(crate) fn same_baud(a: f64, b: f64) -> bool {
    a > 0.0 && (a - b).abs() <= 0.03 * b
}
