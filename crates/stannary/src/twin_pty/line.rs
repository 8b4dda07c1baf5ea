//! The wire between what a driver has open and the chips, in real time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use twin::machine::{Totals, TwinMachine};
use units::ChainSlot;

use super::port::Change;
use super::wire::Wire;
use crate::runtime::Clock;

/// A port that stayed closed for this long is a chain that was switched off. Drivers that
/// close their port to change its speed are back in milliseconds.
const OFF_AFTER: Duration = Duration::from_secs(2);
/// Bytes taken from the terminal ahead of the wire; beyond it the driver waits.
const AHEAD_MAX: usize = 4096;
/// Never wake up more often: a byte at 12.5 Mbaud takes less than a microsecond.
const SHORTEST: Duration = Duration::from_micros(200);
/// A line that was not served for a while catches up so much faster than it is, at most: what it
/// has for its driver then comes as from a wire and not in one gulp.
const CATCH_UP: f64 = 1.25;
/// What may come at once all the same.
const GULP: Duration = Duration::from_millis(5);
/// A line without chips that say theirs has this speed, bits per second.
const IDLE_SPEED: f64 = 115_200.0;
/// Ends that differ by more do not understand each other.
const TOLERANCE: f64 = 0.045;

/// A machine whose chains may be served by several lines at once.
pub(crate) type Shared = Arc<Mutex<TwinMachine>>;

pub(crate) struct Line {
    machine: Shared,
    slot: ChainSlot,
    clock: Clock,
    /// A port that was closed for long is a chain that was switched off.
    is_power: bool,
    /// What the driver wrote, by the speed that it had set; not on the wire yet.
    ahead: VecDeque<(Speed, Vec<u8>)>,
    /// Speed that the driver set last, and that the wire has.
    seen: Speed,
    wire: Speed,
    closed_at: Option<Instant>,
    /// The last note about speeds, so that none is said twice.
    noted: String,
    reported: Totals,
    bytes: Bytes,
    pace: Pace,
}

/// Bytes from the chips.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Bytes {
    /// That the terminal took.
    pub(crate) given: u64,
    /// That it had no room for.
    pub(crate) unread: u64,
}

/// `None`: the driver set none, and follows the chips.
type Speed = Option<u32>;

impl Line {
    /// A line for a chain that has nothing but its line: a port that was closed for long is a
    /// chain that was switched off.
    pub(crate) fn alone(machine: TwinMachine, clock: Clock) -> Line {
        let machine = Arc::new(Mutex::new(machine));
        let is_power = true;
        Line::new(machine, ChainSlot(0), clock, is_power)
    }

    /// A line beside others of the same machine, whose resets and power are elsewhere. While
    /// nobody has its port open it leaves the chain to whoever reaches it otherwise.
    pub(crate) fn of_machine(machine: Shared, slot: ChainSlot, clock: Clock) -> Line {
        Line::new(machine, slot, clock, false)
    }

    fn new(machine: Shared, slot: ChainSlot, clock: Clock, is_power: bool) -> Line {
        let line = Line {
            machine,
            slot,
            clock,
            is_power,
            ahead: VecDeque::new(),
            seen: None,
            wire: None,
            closed_at: None,
            noted: String::new(),
            reported: Totals::default(),
            bytes: Bytes::default(),
            pace: Pace::default(),
        };
        if is_power {
            line.machine().uart_follow_chips(clock.now(), slot);
        }
        line
    }

    /// A thread that panicked while it held the machine is told elsewhere.
    fn machine(&self) -> MutexGuard<'_, TwinMachine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now().since(units::Instant::ZERO)
    }

    fn now(&self) -> units::Instant {
        self.clock.now()
    }

    /// What the driver was given so far.
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes
    }

    /// How long nothing happens by itself, at most `limit`.
    pub(crate) fn patience(&self, limit: Duration) -> Duration {
        let now = self.now();
        let machine = self.machine();
        let next = machine.uart_next_event(self.slot);
        let next = next.map_or(limit, |at| at.since(now));
        let sending = !self.ahead.is_empty() || machine.uart_waiting(self.slot) > 0;
        let limit = if sending { SHORTEST * 5 } else { limit };
        next.clamp(SHORTEST, limit)
    }

    /// Let time pass until now, and carry bytes both ways. Returns what is to be told.
    pub(crate) fn turn(&mut self, port: &mut dyn Wire) -> Result<Vec<String>> {
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
        if !self.is_power && !port.is_open() {
            return Ok(notes);
        }
        self.take(port)?;
        self.send();
        self.machine().advance(self.now());
        self.give(port)?;
        self.note_speeds(port, &mut notes);
        Ok(notes)
    }

    /// Chips as after power-up; what was on its way to them is gone.
    pub(crate) fn reset(&mut self) {
        let now = self.now();
        self.ahead.clear();
        let mut machine = self.machine();
        machine.set_reset(now, self.slot, true);
        machine.set_reset(now, self.slot, false);
    }

    fn opened(&mut self, notes: &mut Vec<String>) {
        let closed = self.closed_at.take().map(|at| at.elapsed());
        if self.is_power && closed.is_some_and(|time| time >= OFF_AFTER) {
            self.reset();
            notes.push("the port was opened; the chips are as after power-up".into());
        } else {
            if !self.is_power {
                // Whoever had the chain before may have set a speed of its own.
                self.machine().uart_follow_chips(self.now(), self.slot);
                self.wire = None;
            }
            notes.push("the port was opened".into());
        }
    }

    /// Take what the driver wrote, with the speed that it had.
    fn take(&mut self, port: &mut dyn Wire) -> Result<()> {
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
        let chips = self.machine().chips_baud(self.slot).unwrap_or(0.0);
        speed.is_none_or(|s| (f64::from(s) - chips).abs() <= TOLERANCE * chips)
    }

    /// Put on the wire what may leave: a new speed only once all before it has left.
    fn send(&mut self) {
        let now = self.now();
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        machine.advance(now);
        while let Some((speed, bytes)) = self.ahead.front_mut() {
            if *speed != self.wire {
                if machine.uart_waiting(self.slot) > 0 {
                    return;
                }
                self.wire = *speed;
                match *speed {
                    Some(speed) => machine.uart_set_baud(now, self.slot, speed),
                    None => machine.uart_follow_chips(now, self.slot),
                }
            }
            let taken = machine.uart_write(now, self.slot, bytes);
            bytes.drain(..taken);
            if !bytes.is_empty() {
                return;
            }
            self.ahead.pop_front();
        }
    }

    /// Give the driver what has arrived, no faster than a wire does, and of a frame all at once: a
    /// process that stands still in the middle of one would be a wire that does. Without a driver
    /// it is lost, as on a wire.
    fn give(&mut self, port: &mut dyn Wire) -> Result<()> {
        let now = self.now();
        let bits_per_s = self.machine().chips_baud(self.slot);
        self.pace.earn(now, bits_per_s.unwrap_or(IDLE_SPEED) / 10.0);
        let mut buffer = [0; 4096];
        loop {
            let most = self.pace.bytes().min(buffer.len());
            let buffer = &mut buffer[..most];
            let count = self.machine().uart_read_whole(now, self.slot, buffer);
            if count == 0 {
                return Ok(());
            }
            self.pace.spend(count);
            if port.is_open() {
                let taken = port.write(&buffer[..count])?;
                self.bytes.given += taken as u64;
                self.bytes.unread += (count - taken) as u64;
            }
        }
    }

    /// Answers that found no room because this line was served too late for the chips' own
    /// buffers.
    pub(crate) fn overflowed(&self) -> u64 {
        self.machine().ledger().totals(self.slot).overflowed
    }

    fn note_speeds(&mut self, port: &dyn Wire, notes: &mut Vec<String>) {
        if !port.is_open() || !self.ahead.is_empty() {
            return;
        }
        let chips = self.machine().chips_baud(self.slot).unwrap_or(0.0).round();
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
        let machine = self.machine();
        let totals = machine.ledger().totals(self.slot);
        let rate = machine.hashes_per_second_modelled().ths();
        drop(machine);
        if totals == self.reported {
            return None;
        }
        self.reported = totals;
        let mut news = format!(
            "{} commands, {} jobs, {} answers, {} nonces so far; {rate:.3} TH/s emulated",
            totals.commands, totals.jobs, totals.answers, totals.nonces
        );
        let trouble = [
            (totals.stray_bytes_at_chips, "bytes that no chip understood"),
            (totals.searched_in_vain, "nonces searched in vain"),
            (totals.cut_off + totals.overflowed, "answers without room"),
            (
                self.bytes.unread,
                "bytes that the driver did not read in time",
            ),
        ];
        for (count, what) in trouble {
            if count > 0 {
                news.push_str(&format!("; {count} {what}"));
            }
        }
        Some(news)
    }
}

/// How many bytes a driver may be given now.
#[derive(Debug, Default)]
struct Pace {
    at: units::Instant,
    credit: f64,
}

impl Pace {
    /// Time has passed on a wire of this speed.
    fn earn(&mut self, now: units::Instant, bytes_per_s: f64) {
        let passed = now.since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        // A frame at least, at whatever speed.
        let most = (bytes_per_s * GULP.as_secs_f64()).max(32.0);
        self.credit = (self.credit + passed * bytes_per_s * CATCH_UP).min(most);
    }

    fn bytes(&self) -> usize {
        self.credit as usize
    }

    fn spend(&mut self, bytes: usize) {
        self.credit -= bytes as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a wire of 100,000 bytes a second gives when it is looked at at these milliseconds.
    fn check(looks: &[u64], expected: &[usize]) {
        let mut pace = Pace::default();
        let mut given = Vec::new();
        for at in looks {
            pace.earn(units::Instant::from_millis(*at), 100_000.0);
            given.push(pace.bytes());
            pace.spend(pace.bytes());
        }
        assert_eq!(given, expected, "{looks:?}");
    }

    #[test]
    fn a_line_that_was_late_catches_up_as_a_wire_and_not_at_once() {
        check(&[0, 1, 2, 3], &[0, 125, 125, 125]);
        check(&[0, 1000, 1001, 1001], &[0, 500, 125, 0]);
        check(&[500], &[500]);
    }
}
