//! A chain behind a plain serial line, where the host paces the work.
//!
//! Terms: a *command* leaves as soon as the line is free; *work* waits in a bounded queue
//! and leaves at the work period, counted from absolute instants so that lateness of one
//! does not delay the next; the *line* is busy for ten bit times per byte.
//!
//! Invariants: bytes leave in the order of commands and baud changes as they were given;
//! work never overtakes a command given before it; a frame is never cut by a flush or by
//! a change of baud rate.

use std::collections::VecDeque;
use std::os::fd::BorrowedFd;

use units::{ChainSlot, Duration, Instant};

use crate::outbox::{Outbox, Pending};
use crate::silence::Silence;
use crate::{LinkError, LinkEvent, LinkOp, LinkPort};

/// A line that takes no byte for this long is stuck: 80 times the longest frame's time
/// at the lowest baud rate (152 bytes at 115740 take 13 ms).
const STUCK_AFTER: Duration = Duration::from_secs(1);
/// How soon a line that took no byte is tried again.
const RETRY: Duration = Duration::from_millis(1);
/// Baud rate of the host before anything was set: the chips' rate after reset.
const INITIAL_BAUD: u32 = 115_200;
/// Received bytes taken in one poll. More stay in the device for the next one, which is
/// due at once; so one noisy line cannot hold up the thread for ever.
const READ_MAX: usize = 16 * 1024;

/// A serial device: a tty, or the twin's side of one.
pub trait SerialPort {
    /// Take as many of `bytes` as there is room for; returns how many. Zero is not an
    /// error.
    fn write(&mut self, now: Instant, bytes: &[u8]) -> Result<usize, LinkError>;
    /// Fill `buffer` with what was received; returns how many bytes. Fewer than it holds:
    /// there is no more for now.
    fn read(&mut self, now: Instant, buffer: &mut [u8]) -> Result<usize, LinkError>;
    /// Change the baud rate. Called only once everything written has left.
    fn set_baud(&mut self, now: Instant, bits_per_s: u32) -> Result<(), LinkError>;
    /// When something may have been received. `None` for devices that wake their shell.
    fn next_event(&self) -> Option<Instant>;
    /// What becomes readable when something was received, see [`LinkPort::wakes`].
    fn wakes(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// [`LinkPort`] over a [`SerialPort`].
pub struct PacedUart<S> {
    slot: [ChainSlot; 1],
    serial: S,
    out: Outbox,
    /// The rest of a frame that the device did not take whole.
    rest: VecDeque<u8>,
    /// Since when the device has taken nothing, and when it is tried again.
    blocked: Option<(Instant, Instant)>,
    /// When the last byte written will have left, by the baud rate.
    busy_until: Instant,
    bits_per_s: u32,
    period: Duration,
    /// When the running work started, by the schedule; `None` once it is void.
    last_work: Option<Instant>,
    /// Bytes may still be waiting in the device.
    read_again: bool,
    silence: Silence,
}

impl<S: SerialPort> PacedUart<S> {
    /// A port for the chain in `slot` over `serial`, at the chips' baud rate after reset.
    pub fn new(slot: ChainSlot, serial: S) -> Self {
        PacedUart {
            slot: [slot],
            serial,
            out: Outbox::default(),
            rest: VecDeque::new(),
            blocked: None,
            busy_until: Instant::ZERO,
            bits_per_s: INITIAL_BAUD,
            period: Duration::ZERO,
            last_work: None,
            read_again: false,
            silence: Silence::default(),
        }
    }

    /// The device behind the port.
    pub fn serial(&self) -> &S {
        &self.serial
    }

    /// The next work leaves no earlier than this.
    fn next_work(&self) -> Instant {
        self.last_work
            .map_or(Instant::ZERO, |start| start + self.period)
    }

    /// Send what is due: first what is left of a frame, then commands and baud changes,
    /// then at most one work (the period is far longer than a work's time on the line).
    fn send_due(&mut self, now: Instant) {
        if !self.drain_rest(now) {
            return;
        }
        while let Some(op) = self.out.pending.front().copied() {
            match op {
                Pending::Command(frame) => {
                    self.out.pending.pop_front();
                    if !self.write_frame(now, frame.as_slice()) {
                        return;
                    }
                }
                Pending::Rate(_) if now < self.busy_until => return,
                Pending::Rate(bits_per_s) => {
                    self.out.pending.pop_front();
                    match self.serial.set_baud(now, bits_per_s) {
                        Ok(()) => self.bits_per_s = bits_per_s,
                        Err(error) => self.out.fail(error),
                    }
                }
            }
        }
        self.send_work(now);
    }

    fn send_work(&mut self, now: Instant) {
        let due = self.next_work();
        if self.period.is_zero() || now < due {
            return;
        }
        let Some(frame) = self.out.take_work() else {
            return;
        };
        // Absolute deadlines, unless a whole period was missed: two works at once would
        // only throw the first away.
        let on_time = self.last_work.is_some() && due + self.period > now;
        self.last_work = Some(if on_time { due } else { now });
        self.write_frame(now, frame.as_slice());
    }

    /// False if the device did not take the whole frame.
    fn write_frame(&mut self, now: Instant, bytes: &[u8]) -> bool {
        self.rest.extend(bytes);
        self.drain_rest(now)
    }

    fn drain_rest(&mut self, now: Instant) -> bool {
        while !self.rest.is_empty() {
            let (head, _) = self.rest.as_slices();
            match self.serial.write(now, head) {
                Ok(0) => {
                    self.wait_for_room(now);
                    return self.rest.is_empty();
                }
                Ok(taken) => {
                    let taken = taken.min(head.len());
                    self.rest.drain(..taken);
                    self.blocked = None;
                    self.busy_until =
                        self.busy_until.max(now) + byte_time(self.bits_per_s, taken as u64);
                }
                Err(error) => {
                    self.out.fail(error);
                    self.rest.clear();
                }
            }
        }
        true
    }

    /// The device takes nothing: after a while give up what cannot leave.
    fn wait_for_room(&mut self, now: Instant) {
        let (since, _) = self.blocked.unwrap_or((now, now));
        self.blocked = Some((since, now + RETRY));
        if now.since(since) >= STUCK_AFTER {
            self.rest.clear();
            self.out.pending.clear();
            self.blocked = None;
            self.out.fail(LinkError::Stuck);
        }
    }

    fn receive(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        let mut bytes = Vec::new();
        let mut buffer = [0; 1024];
        self.read_again = false;
        loop {
            match self.serial.read(now, &mut buffer) {
                Ok(n) if n < buffer.len() => {
                    bytes.extend_from_slice(&buffer[..n]);
                    break;
                }
                Ok(_) => bytes.extend_from_slice(&buffer),
                Err(error) => {
                    self.out.fail(error);
                    break;
                }
            }
            if bytes.len() >= READ_MAX {
                self.read_again = true;
                break;
            }
        }
        let silent = self.silence.looked(now, !bytes.is_empty());
        if !bytes.is_empty() {
            events.push((self.slot[0], LinkEvent::Bytes(bytes)));
        }
        if silent {
            events.push((self.slot[0], LinkEvent::Silent));
        }
    }

    fn next_send(&self) -> Option<Instant> {
        if let Some((_, retry)) = self.blocked {
            return Some(retry);
        }
        if let Some(op) = self.out.pending.front() {
            return Some(match op {
                Pending::Command(_) => Instant::ZERO,
                Pending::Rate(_) => self.busy_until,
            });
        }
        (self.out.has_work() && !self.period.is_zero()).then(|| self.next_work())
    }
}

impl<S: SerialPort> LinkPort for PacedUart<S> {
    fn slots(&self) -> &[ChainSlot] {
        &self.slot
    }

    fn submit(&mut self, _now: Instant, slot: ChainSlot, op: LinkOp) {
        if slot != self.slot[0] {
            return;
        }
        match op {
            LinkOp::Command(frame) => self.out.push(Pending::Command(frame)),
            LinkOp::Work(frame) => self.out.push_work(frame),
            LinkOp::FlushWork => {
                self.out.flush_work();
                self.last_work = None;
            }
            LinkOp::SetBaud { bits_per_s: 0 } => self.out.fail(LinkError::Baud { bits_per_s: 0 }),
            LinkOp::SetBaud { bits_per_s } => self.out.push(Pending::Rate(bits_per_s)),
            LinkOp::SetWorkPeriod(period) => self.period = period,
            LinkOp::SetLead(_) | LinkOp::SetPoll { .. } => {}
        }
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        self.send_due(now);
        self.receive(now, events);
        self.out.tell(self.slot[0], events);
    }

    fn next_deadline(&self) -> Option<Instant> {
        if self.read_again || self.out.has_news() {
            return Some(Instant::ZERO);
        }
        let own = [
            self.next_send(),
            self.serial.next_event(),
            self.silence.due(),
        ];
        own.into_iter().flatten().min()
    }

    fn wakes(&self) -> Option<BorrowedFd<'_>> {
        self.serial.wakes()
    }
}

/// Time that `bytes` take on a line: ten bits each (one start, eight data, one stop).
pub(crate) fn byte_time(bits_per_s: u32, bytes: u64) -> Duration {
    Duration::from_nanos(bytes * 10_000_000_000 / u64::from(bits_per_s.max(1)))
}

#[cfg(test)]
#[path = "uart_tests.rs"]
mod tests;
