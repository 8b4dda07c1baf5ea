//! The wire between a pseudo-terminal and the chips, in real time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Result;
use twin::machine::{Totals, TwinMachine};
use units::ChainSlot;

use super::port::{Change, Port};

const SLOT: ChainSlot = ChainSlot(0);
/// A port that stayed closed for this long is a chain that was switched off. Drivers that
/// close their port to change its speed are back in milliseconds.
const OFF_AFTER: Duration = Duration::from_secs(2);
/// Bytes taken from the terminal ahead of the wire; beyond it the driver waits.
const AHEAD_MAX: usize = 4096;
/// Never wake up more often: a byte at 12.5 Mbaud takes less than a microsecond.
const SHORTEST: Duration = Duration::from_micros(200);
/// Ends that differ by more do not understand each other.
const TOLERANCE: f64 = 0.045;

pub(super) struct Line {
    machine: TwinMachine,
    start: Instant,
    /// What the driver wrote, by the speed that it had set; not on the wire yet.
    ahead: VecDeque<(Speed, Vec<u8>)>,
    /// Speed that the driver set last, and that the wire has.
    seen: Speed,
    wire: Speed,
    closed_at: Option<Instant>,
    /// The last note about speeds, so that none is said twice.
    noted: String,
    reported: Totals,
    unread: u64,
}

/// `None`: the driver set none, and follows the chips.
type Speed = Option<u32>;

impl Line {
    pub(super) fn new(mut machine: TwinMachine) -> Line {
        machine.uart_follow_chips(units::Instant::ZERO, SLOT);
        Line {
            machine,
            start: Instant::now(),
            ahead: VecDeque::new(),
            seen: None,
            wire: None,
            closed_at: None,
            noted: String::new(),
            reported: Totals::default(),
            unread: 0,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn now(&self) -> units::Instant {
        units::Instant::from_nanos(self.elapsed().as_nanos() as u64)
    }

    /// How long nothing happens by itself, at most `limit`.
    pub(super) fn patience(&self, limit: Duration) -> Duration {
        let now = self.now();
        let next = self.machine.uart_next_event(SLOT);
        let next = next.map_or(limit, |at| at.since(now));
        let sending = !self.ahead.is_empty() || self.machine.uart_waiting(SLOT) > 0;
        let limit = if sending { SHORTEST * 5 } else { limit };
        next.clamp(SHORTEST, limit)
    }

    /// Let time pass until now, and carry bytes both ways. Returns what is to be told.
    pub(super) fn turn(&mut self, port: &mut Port) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        match port.change()? {
            Some(Change::Opened) => self.opened(&mut notes),
            Some(Change::Closed) => {
                self.closed_at = Some(Instant::now());
                self.noted.clear();
                notes.push("the port was closed".into());
            }
            None => {}
        }
        self.take(port)?;
        self.send();
        self.machine.advance(self.now());
        self.give(port)?;
        self.note_speeds(port, &mut notes);
        Ok(notes)
    }

    fn opened(&mut self, notes: &mut Vec<String>) {
        let closed = self.closed_at.take().map(|at| at.elapsed());
        if closed.is_some_and(|time| time >= OFF_AFTER) {
            let now = self.now();
            self.ahead.clear();
            self.machine.set_reset(now, SLOT, true);
            self.machine.set_reset(now, SLOT, false);
            notes.push("the port was opened; the chips are as after power-up".into());
        } else {
            notes.push("the port was opened".into());
        }
    }

    /// Take what the driver wrote, with the speed that it had.
    fn take(&mut self, port: &Port) -> Result<()> {
        let waiting: usize = self.ahead.iter().map(|(_, bytes)| bytes.len()).sum();
        let mut buffer = vec![0; AHEAD_MAX - waiting.min(AHEAD_MAX)];
        let count = port.read(&mut buffer)?;
        buffer.truncate(count);
        let (before, now) = (self.seen, port.speed()?);
        self.seen = now;
        // Were these bytes written before or after a change of speed? A terminal does not
        // tell, and on a busy computer there may be many: they follow the chips.
        let changed = before != now;
        if changed && count > 0 && self.chips_understand(before) {
            self.ahead.push_back((None, buffer));
            self.ahead.push_back((now, Vec::new()));
        } else if changed || count > 0 {
            self.ahead.push_back((now, buffer));
        }
        Ok(())
    }

    fn chips_understand(&self, speed: Speed) -> bool {
        let chips = self.machine.chips_baud(SLOT).unwrap_or(0.0);
        speed.is_none_or(|s| (f64::from(s) - chips).abs() <= TOLERANCE * chips)
    }

    /// Put on the wire what may leave: a new speed only once all before it has left.
    fn send(&mut self) {
        let now = self.now();
        self.machine.advance(now);
        while let Some((speed, bytes)) = self.ahead.front_mut() {
            if *speed != self.wire {
                if self.machine.uart_waiting(SLOT) > 0 {
                    return;
                }
                self.wire = *speed;
                match *speed {
                    Some(speed) => self.machine.uart_set_baud(now, SLOT, speed),
                    None => self.machine.uart_follow_chips(now, SLOT),
                }
            }
            let taken = self.machine.uart_write(now, SLOT, bytes);
            bytes.drain(..taken);
            if !bytes.is_empty() {
                return;
            }
            self.ahead.pop_front();
        }
    }

    /// Give the driver what has arrived. Without one it is lost, as on a wire.
    fn give(&mut self, port: &Port) -> Result<()> {
        let now = self.now();
        let mut buffer = [0; 4096];
        loop {
            let count = self.machine.uart_read(now, SLOT, &mut buffer);
            if count == 0 {
                return Ok(());
            }
            if port.is_open() {
                let taken = port.write(&buffer[..count])?;
                self.unread += (count - taken) as u64;
            }
        }
    }

    fn note_speeds(&mut self, port: &Port, notes: &mut Vec<String>) {
        if !port.is_open() || !self.ahead.is_empty() {
            return;
        }
        let chips = self.machine.chips_baud(SLOT).unwrap_or(0.0).round();
        let note = match self.wire {
            None => format!(
                "chips at {chips} baud; the driver set no speed of its own and follows them"
            ),
            Some(driver) if self.chips_understand(Some(driver)) => {
                format!("chips at {chips} baud, driver at {driver}")
            }
            Some(driver) => {
                format!("chips at {chips} baud, driver at {driver}: neither understands the other")
            }
        };
        if note != self.noted {
            self.noted.clone_from(&note);
            notes.push(note);
        }
    }

    /// What happened since the last call; `None`: nothing.
    pub(super) fn news(&mut self) -> Option<String> {
        let totals = self.machine.ledger().totals(SLOT);
        if totals == self.reported {
            return None;
        }
        self.reported = totals;
        let rate = self.machine.hashes_per_second_modelled().ths();
        let mut news = format!(
            "{} commands, {} jobs, {} answers, {} nonces so far; {rate:.3} TH/s emulated",
            totals.commands, totals.jobs, totals.answers, totals.nonces
        );
        let trouble = [
            (totals.stray_bytes_at_chips, "bytes that no chip understood"),
            (totals.searched_in_vain, "nonces searched in vain"),
            (totals.cut_off + totals.overflowed, "answers without room"),
            (self.unread, "bytes that the driver did not read in time"),
        ];
        for (count, what) in trouble {
            if count > 0 {
                news.push_str(&format!("; {count} {what}"));
            }
        }
        Some(news)
    }
}
