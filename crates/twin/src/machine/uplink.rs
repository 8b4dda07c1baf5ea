//! The line from the chips to the host: answers one after another at the chips' baud
//! rate, noise, and the verdict on each frame.
//!
//! Where several chips have something to say, a chip sends its own before it forwards
//! what comes from behind it, and never breaks into a frame that has begun: of the frames
//! that wait, that of the chip nearest to the host goes first. Answers to a broadcast
//! read therefore come in chain order (captured), and a nonce may come between them
//! (assumed).

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
    start: Instant,
    /// When the last byte has arrived.
    end: Instant,
    /// Pauses that noise made.
    pauses: Duration,
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
    /// What stands behind the preamble of a frame that passed the check, for hosts that
    /// check themselves. False if there is no room for it.
    fn frame(&mut self, body: &[u8]) -> bool;
}

#[derive(Debug)]
pub(crate) struct Uplink {
    slot: ChainSlot,
    preamble: &'static [u8],
    queue: VecDeque<Sent>,
    /// Frames handed over so far.
    delivered: u64,
    /// When the last frame that was handed over has left, and when all have.
    line_free: Instant,
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
    /// `preamble` stands before each answer.
    pub(crate) fn new(slot: ChainSlot, preamble: &'static [u8], gate: Gate, rng: Rng) -> Self {
        Uplink {
            slot,
            preamble,
            queue: VecDeque::new(),
            delivered: 0,
            line_free: Instant::ZERO,
            free_at: Instant::ZERO,
            gate,
            rng,
            receiver: Receiver::new(preamble),
            open: VecDeque::new(),
            decided: Vec::new(),
        }
    }

    /// `chip` sends `answer` at `at`, at `bits_per_s`, when its turn comes. False if it is
    /// lost because too much waits.
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
        let bytes = answer.as_slice();
        let expected = at.max(self.free_at);
        let mut pauses = Duration::ZERO;
        let mut noisy = None;
        if !self.gate.pass(expected, bytes.len()) {
            let heard = self.gate.apply(expected, bytes);
            pauses = heard.last().map_or(Duration::ZERO, |b| b.pause);
            noisy = Some(heard);
        }
        let sent = Sent {
            start: at,
            end: at,
            pauses,
            bits_per_s,
            answer,
            chip,
            kind,
            noisy,
        };
        // Broadcasts come in chain order, so that most frames go to the end.
        let waits = |other: &Sent| other.start > at && other.chip > chip;
        let behind = self.queue.iter().rev().take_while(|other| waits(other));
        let place = self.queue.len() - behind.count();
        self.queue.insert(place, sent);
        self.schedule(place, at);
        true
    }

    /// Work out anew when the frames from `place` on leave; none of them has begun at
    /// `at`.
    fn schedule(&mut self, place: usize, at: Instant) {
        let mut free = match place.checked_sub(1).and_then(|i| self.queue.get(i)) {
            Some(before) => before.end,
            // The frame before may have been handed over already.
            None => self.line_free,
        };
        for sent in self.queue.iter_mut().skip(place) {
            sent.start = free.max(at);
            let time = line_time(sent.bits_per_s, sent.answer.as_slice().len());
            sent.end = sent.start + time + sent.pauses;
            free = sent.end;
        }
        self.free_at = free;
    }

    /// The chips lost their power at `at`: frames that have not begun are never sent; one
    /// that has begun is finished (it takes less than a millisecond). Returns how many.
    pub(crate) fn cut(&mut self, at: Instant) -> u64 {
        let before = self.queue.len();
        self.queue.retain(|sent| sent.start < at);
        self.free_at = self
            .queue
            .back()
            .map_or(self.line_free.max(at), |sent| sent.end);
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

    /// The last byte that was decided is stray: a damaged run may go on.
    pub(crate) fn is_in_run(&self) -> bool {
        self.receiver.is_in_run()
    }

    /// Hand the next frame to the host, which listens at `host_bits_per_s`.
    pub(crate) fn deliver(&mut self, host_bits_per_s: f64, sink: &mut dyn Sink) -> Totals {
        let mut totals = Totals::default();
        let Some(sent) = self.queue.pop_front() else {
            return totals;
        };
        let number = self.delivered;
        self.delivered += 1;
        self.line_free = sent.end;
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
            self.open.push_back((number, sent.answer, record));
            self.judge(&heard, number, &sent, sink, &mut totals);
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
        number: u64,
        sent: &Sent,
        sink: &mut dyn Sink,
        totals: &mut Totals,
    ) {
        let (runs, stray) = (self.receiver.runs, self.receiver.stray);
        let len = sent.answer.as_slice().len();
        for (_, byte) in heard {
            self.receiver.push(*byte, number);
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
                sink.frame(&accepted.as_slice()[self.preamble.len()..]);
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
        let fate = if sink.frame(&bytes[self.preamble.len()..]) {
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

/// Two ends understand each other within 4.5 %: a receiver samples the tenth bit less than
/// half a bit off at 5 %, and host software sets 1, 1.5, 3 and 12 Mbaud where chips make
/// 4.2 % more of their crystal. The exact border is assumed.
pub(crate) fn same_baud(a: f64, b: f64) -> bool {
    a > 0.0 && (a - b).abs() <= 0.045 * b
}
