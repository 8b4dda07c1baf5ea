//! A chain behind SPI, where nothing arrives unless the host clocks it in.
//!
//! Terms: an *exchange* is one transfer: what is sent goes out first and zeros after it, while
//! as many bytes come in. A *poll* is the exchange that asks for results, repeated by the port
//! because chips cannot speak by themselves. A *lead* is how far work has left ahead of its
//! schedule, which chips that hold a job in reserve allow.
//!
//! What a [`Frame`] holds here: two bytes, big-endian, that say how many bytes the exchange
//! clocks in all, then what is sent. Whoever makes it knows how far away the chip is; the port
//! does not.
//!
//! Invariants: exchanges never overlap and leave in the order of commands and changes of the
//! clock as they were given; work keeps its schedule by absolute instants and never leads by
//! more than it may; neither polls nor work keep the other from the bus; a flush drops whole
//! frames and the schedule with them.

use units::{ChainSlot, Duration, Instant};

use crate::outbox::{Outbox, Pending};
use crate::{COMMAND_FRAME_MAX, Frame, LinkError, LinkEvent, LinkOp, LinkPort};

/// SPI mode of every chain: CPOL 0, CPHA 1 (published by two drivers).
pub const SPI_MODE: u8 = 1;
/// Bits per word, most significant first (published by two drivers).
pub const SPI_BITS_PER_WORD: u8 = 8;
/// Bytes of an exchange at most: a job of 162 bytes and the way to the last of 128 chips and
/// back. Below the 4096 bytes that spidev takes unless it is told otherwise.
pub const SPI_EXCHANGE_MAX: usize = 1024;
/// Clock before anything was set: the lowest in use.
const INITIAL_CLOCK_HZ: u32 = 390_625;

/// One transfer with the chain's chip select held low.
#[derive(Debug)]
pub struct SpiTransfer<'a> {
    /// Clock, hertz. A device that has not this rate takes the next lower one.
    pub clock_hz: u32,
    /// Bits per word, most significant first.
    pub bits_per_word: u8,
    /// What is sent; replaced by what comes in meanwhile.
    pub bytes: &'a mut [u8],
}

/// One chain's chip select on a SPI bus: a spidev node, or the twin's side of one.
pub trait SpiDevice {
    /// Exchange the bytes, all of them. May block for as long as they take on the wire.
    fn transfer(&mut self, now: Instant, transfer: SpiTransfer<'_>) -> Result<(), LinkError>;
}

/// What the port asks by itself.
#[derive(Clone, Copy, Debug)]
struct Poll {
    frame: Frame<COMMAND_FRAME_MAX>,
    every: Duration,
    next: Instant,
}

/// [`LinkPort`] over a [`SpiDevice`].
pub struct PacedSpi<D> {
    slot: [ChainSlot; 1],
    device: D,
    clock_hz: u32,
    out: Outbox,
    poll: Option<Poll>,
    period: Duration,
    /// Works that may leave ahead of their schedule.
    lead_max: u16,
    /// When the next work is due by the schedule; `None`: it is void.
    due: Option<Instant>,
    /// When the exchange under way is over, and what came in with it.
    busy_until: Instant,
    arriving: Option<Vec<u8>>,
}

impl<D: SpiDevice> PacedSpi<D> {
    /// A port for the chain in `slot` behind `device`.
    pub fn new(slot: ChainSlot, device: D) -> Self {
        PacedSpi {
            slot: [slot],
            device,
            clock_hz: INITIAL_CLOCK_HZ,
            out: Outbox::default(),
            poll: None,
            period: Duration::ZERO,
            lead_max: 0,
            due: None,
            busy_until: Instant::ZERO,
            arriving: None,
        }
    }

    /// The device behind the port.
    pub fn device(&self) -> &D {
        &self.device
    }

    /// A lead is counted in works: it shrinks and grows with the period.
    fn set_period(&mut self, now: Instant, period: Duration) {
        if let Some(due) = self.due
            && !self.period.is_zero()
        {
            let lead = due.since(now).as_nanos() * period.as_nanos() / self.period.as_nanos();
            let lead = Duration::from_nanos(u64::try_from(lead).unwrap_or(u64::MAX));
            self.due = (!period.is_zero()).then_some(now + lead);
        }
        self.period = period;
    }

    fn set_poll(&mut self, now: Instant, frame: Frame<COMMAND_FRAME_MAX>, every: Duration) {
        let next = self.poll.map_or(now, |poll| poll.next.min(now + every));
        self.poll = (!every.is_zero()).then_some(Poll { frame, every, next });
    }

    /// When the next work may leave; `None` while nothing may.
    fn work_at(&self) -> Option<Instant> {
        if !self.out.has_work() || self.period.is_zero() {
            return None;
        }
        let lead = self.period * u32::from(self.lead_max);
        Some(self.due.map_or(Instant::ZERO, |due| due - lead))
    }

    /// Start the next exchange that is due. Commands first; of work and polls, what has been
    /// due for longer.
    fn exchange_due(&mut self, now: Instant) {
        while now >= self.busy_until && self.arriving.is_none() {
            let poll_at = self.poll.map_or(Instant::NEVER, |poll| poll.next);
            let work_at = self.work_at().unwrap_or(Instant::NEVER);
            match self.out.pending.pop_front() {
                Some(Pending::Rate(hz)) => self.clock_hz = hz,
                Some(Pending::Command(frame)) => self.exchange(now, frame.as_slice()),
                None if poll_at <= now && poll_at <= work_at => self.exchange_poll(now),
                None if work_at <= now => self.exchange_work(now),
                None => return,
            }
        }
    }

    fn exchange_poll(&mut self, now: Instant) {
        let Some(mut poll) = self.poll else { return };
        let next = poll.next + poll.every;
        poll.next = if next > now { next } else { now + poll.every };
        self.poll = Some(poll);
        self.exchange(now, poll.frame.as_slice());
    }

    fn exchange_work(&mut self, now: Instant) {
        let Some(frame) = self.out.take_work() else {
            return;
        };
        // Absolute instants, unless a whole period was missed: what nobody gave is not made
        // up for beyond what the chips have room for.
        let due = self.due.filter(|due| *due + self.period > now);
        self.due = Some(due.unwrap_or(now) + self.period);
        self.exchange(now, frame.as_slice());
    }

    fn exchange(&mut self, now: Instant, frame: &[u8]) {
        let [high, low, sent @ ..] = frame else {
            return;
        };
        let clocked = usize::from(u16::from_be_bytes([*high, *low]));
        let clocked = clocked.clamp(sent.len(), SPI_EXCHANGE_MAX);
        let mut bytes = vec![0; clocked];
        bytes[..sent.len()].copy_from_slice(sent);
        let transfer = SpiTransfer {
            clock_hz: self.clock_hz,
            bits_per_word: SPI_BITS_PER_WORD,
            bytes: &mut bytes,
        };
        match self.device.transfer(now, transfer) {
            Ok(()) => {
                self.busy_until = now + transfer_time(self.clock_hz, clocked);
                self.arriving = Some(bytes);
            }
            Err(error) => self.out.fail(error),
        }
    }

    /// What came in with the exchange that is over, from its first word that is not zero on.
    fn receive(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        if now < self.busy_until {
            return;
        }
        let Some(bytes) = self.arriving.take() else {
            return;
        };
        let words = bytes.chunks(2);
        let idle = words.take_while(|word| word.iter().all(|b| *b == 0));
        let idle: usize = idle.map(<[u8]>::len).sum();
        if idle < bytes.len() {
            events.push((self.slot[0], LinkEvent::Words(bytes[idle..].to_vec())));
        }
    }
}

impl<D: SpiDevice> LinkPort for PacedSpi<D> {
    fn slots(&self) -> &[ChainSlot] {
        &self.slot
    }

    fn submit(&mut self, now: Instant, slot: ChainSlot, op: LinkOp) {
        if slot != self.slot[0] {
            return;
        }
        match op {
            LinkOp::Command(frame) => self.out.push(Pending::Command(frame)),
            LinkOp::Work(frame) => self.out.push_work(frame),
            LinkOp::FlushWork => {
                self.out.flush_work();
                self.due = None;
            }
            LinkOp::SetBaud { bits_per_s: 0 } => self.out.fail(LinkError::Baud { bits_per_s: 0 }),
            LinkOp::SetBaud { bits_per_s } => self.out.push(Pending::Rate(bits_per_s)),
            LinkOp::SetWorkPeriod(period) => self.set_period(now, period),
            LinkOp::SetLead(works) => self.lead_max = works,
            LinkOp::SetPoll { frame, every } => self.set_poll(now, frame, every),
        }
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        self.receive(now, events);
        self.exchange_due(now);
        self.out.tell(self.slot[0], events);
    }

    fn next_deadline(&self) -> Option<Instant> {
        if self.out.has_news() {
            return Some(Instant::ZERO);
        }
        if self.arriving.is_some() {
            return Some(self.busy_until);
        }
        let pending = (!self.out.pending.is_empty()).then_some(Instant::ZERO);
        let poll = self.poll.map(|poll| poll.next);
        let first = [pending, poll, self.work_at()].into_iter().flatten().min();
        first.map(|at| at.max(self.busy_until))
    }
}

/// Time that `bytes` take at a clock: eight bits each.
fn transfer_time(clock_hz: u32, bytes: usize) -> Duration {
    Duration::from_nanos(bytes as u64 * 8_000_000_000 / u64::from(clock_hz.max(1)))
}

#[cfg(test)]
#[path = "spi_tests.rs"]
mod tests;
