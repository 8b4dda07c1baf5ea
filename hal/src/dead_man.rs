//! The dead man: holds the lines that power and release hashboards, on a lease.
//!
//! It knows nothing of chips, temperatures or pools, and shares no code with what decides
//! about them. It runs on a thread of its own; the engine asks it, again and again, for a
//! *lease* of at most [`LEASE_MAX`], which it gets only if every loop of the process has moved
//! since the last one. When a lease runs out, everything is driven to its safe side by lines
//! alone, no bus involved: a *cut*. After a cut only [`Order::Arm`] leads back.
//!
//! ```text
//!             Arm: loops alive, lines safe         Supply on: off long enough
//!  start ─▶ Safe ─────────────────────────▶ Armed ─────────────────────────▶ Powered
//!            ▲                               │  ◀────────── Supply off ─────────┤
//!            └─── lease ended · Cut · a line failed ────────────────────────────┘
//!
//!            supply   boards             fans
//!  Safe      off      in reset           full
//!  Armed     off      in reset           as ordered
//!  Powered   on       reset as ordered   as ordered
//! ```
//!
//! Where the supply has no enable line ([`HashPower::ResetsOnly`]) there is no `Armed`: arming
//! leads to `Powered`, which then means "resets may be released"; power was never away.
//!
//! Invariants, whatever is ordered and in whatever order: `Powered` has a live lease; the
//! supply is not switched on before it was off for its time; no board leaves reset without
//! power; `Safe` and fans at full go together; the hardware watchdog is fed by grants alone,
//! so an engine that hangs, or a line that will not obey, starves it as well.

use units::{ChainSlot, Duration, Instant};

use crate::{HashPower, Line, Lines, Loop, Order, Refusal, Standing, Told, Why};

/// Longest lease: what the machine may do at most without anybody looking after it. A longer
/// one is cut down to it.
pub const LEASE_MAX: Duration = Duration::from_secs(2);
/// A line that did not obey is driven again this often.
const RETRY: Duration = Duration::from_millis(100);
/// News that wait to be told. There are fewer kinds than this unless lines fail in many ways.
const TOLD_MAX: usize = 64;

/// The state machine. The type of its lines is all that it knows of the machine.
pub struct DeadMan<L: Lines> {
    lines: L,
    power: HashPower,
    slots: Vec<ChainSlot>,
    state: State,
    /// Since when the supply is off; `None` while it is on or may be.
    off_since: Option<Instant>,
    /// Lines that did not obey on the way to their safe side, and when they are tried again.
    /// Empty unless safe.
    unsafe_lines: Vec<Line>,
    retry_at: Instant,
    beats: Vec<Beat>,
    stalled: Option<Loop>,
    told: Vec<Told>,
    now: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Safe,
    Armed { until: Instant },
    Powered { until: Instant },
}

/// A loop's counter: as last heard, and as it was at the last grant.
struct Beat {
    who: Loop,
    heard: u64,
    granted: u64,
}

impl<L: Lines> DeadMan<L> {
    /// Drives everything to its safe side. `off_since` is for a caller who *knows* that the
    /// supply has been off since then, on the same clock; `None` is taken for "until just
    /// now", because a process that was killed leaves its lines as they were.
    pub fn new(
        now: Instant,
        power: HashPower,
        slots: &[ChainSlot],
        loops: &[Loop],
        off_since: Option<Instant>,
        lines: L,
    ) -> Self {
        let beat = |who: &Loop| Beat {
            who: *who,
            heard: 0,
            granted: 0,
        };
        let mut dead_man = DeadMan {
            lines,
            power,
            slots: slots.to_vec(),
            state: State::Safe,
            off_since: None,
            unsafe_lines: Vec::new(),
            retry_at: now,
            beats: loops.iter().map(beat).collect(),
            stalled: None,
            told: Vec::new(),
            now,
        };
        dead_man.make_safe(now);
        if let (Some(off), Some(known)) = (&mut dead_man.off_since, off_since) {
            *off = known.min(now);
        }
        dead_man
    }

    /// A loop's counter of its turns, as the shell read it. Loops that were not named at the
    /// start do not count.
    pub fn heard(&mut self, who: Loop, count: u64) {
        if let Some(beat) = self.beats.iter_mut().find(|beat| beat.who == who) {
            beat.heard = count;
        }
    }

    /// Carry out an order. A lease that ran out before counts first: no order comes too late
    /// and is obeyed all the same.
    pub fn order(&mut self, now: Instant, order: Order) -> Result<(), Refusal> {
        self.expire(now);
        match order {
            Order::Arm { lease } => self.arm(now, lease),
            Order::Lease { lease } => self.renew(now, lease),
            Order::Supply { on: true } => self.supply_on(now),
            Order::Supply { on: false } => self.supply_off(now),
            Order::Reset { slot, asserted } => self.reset(now, slot, asserted),
            Order::Cut => {
                self.cut(now, Why::Ordered);
                Ok(())
            }
        }
    }

    /// Do what is due, and append what happened. Called after orders and at
    /// [`next_event`](Self::next_event).
    pub fn service(&mut self, now: Instant, told: &mut Vec<Told>) {
        self.expire(now);
        if !self.unsafe_lines.is_empty() && now >= self.retry_at {
            self.drive_unsafe_lines(now, false);
            if self.unsafe_lines.is_empty() {
                self.tell(Told::AllSafe);
            }
        }
        told.append(&mut self.told);
    }

    /// When [`service`](Self::service) must be called next; the past means at once.
    pub fn next_event(&self) -> Option<Instant> {
        if !self.told.is_empty() {
            return Some(Instant::ZERO);
        }
        match self.state {
            State::Armed { until } | State::Powered { until } => Some(until),
            State::Safe => (!self.unsafe_lines.is_empty()).then_some(self.retry_at),
        }
    }

    /// Where it stands, by its last call.
    pub fn standing(&self) -> Standing {
        match self.state {
            State::Safe => Standing::Safe,
            State::Armed { .. } => Standing::Armed,
            State::Powered { .. } => Standing::Powered,
        }
    }

    /// From when on the supply may be switched on, if it is off and can be.
    pub fn ready_at(&self) -> Option<Instant> {
        match self.power {
            HashPower::EnableLine { off_before_on } => self.off_since.map(|t| t + off_before_on),
            HashPower::ResetsOnly { .. } => None,
        }
    }

    fn expire(&mut self, now: Instant) {
        self.now = now;
        let (State::Armed { until } | State::Powered { until }) = self.state else {
            return;
        };
        // More left than was ever granted: the clock went back, and nothing is known.
        if now >= until || until.since(now) > LEASE_MAX {
            let stalled = self.stalled;
            self.cut(now, Why::LeaseEnded { stalled });
        }
    }

    fn arm(&mut self, now: Instant, lease: Duration) -> Result<(), Refusal> {
        if self.state != State::Safe {
            return self.renew(now, lease);
        }
        if let Some(line) = self.unsafe_lines.first() {
            return Err(Refusal::Line(*line));
        }
        let until = self.grant(now, lease)?;
        self.state = match self.power {
            HashPower::EnableLine { .. } => State::Armed { until },
            HashPower::ResetsOnly { .. } => State::Powered { until },
        };
        // Fans that stay full do no harm.
        let _ = self.try_line(now, Line::Fans, false);
        Ok(())
    }

    fn renew(&mut self, now: Instant, lease: Duration) -> Result<(), Refusal> {
        if self.state == State::Safe {
            return Err(Refusal::NotArmed);
        }
        let until = self.grant(now, lease)?;
        self.state = match self.state {
            State::Powered { .. } => State::Powered { until },
            _ => State::Armed { until },
        };
        Ok(())
    }

    /// The end of a new lease, if every loop has moved since the last.
    fn grant(&mut self, now: Instant, lease: Duration) -> Result<Instant, Refusal> {
        let still = self.beats.iter().find(|beat| beat.heard == beat.granted);
        self.stalled = still.map(|beat| beat.who);
        if let Some(who) = self.stalled {
            return Err(Refusal::Stalled(who));
        }
        for beat in &mut self.beats {
            beat.granted = beat.heard;
        }
        // Unfed it resets the processor, which is its way to be safe.
        let _ = self.try_line(now, Line::Watchdog, true);
        Ok(now + lease.min(LEASE_MAX))
    }

    fn supply_on(&mut self, now: Instant) -> Result<(), Refusal> {
        let HashPower::EnableLine { off_before_on } = self.power else {
            return Err(Refusal::NoLine);
        };
        let until = match self.state {
            State::Safe => return Err(Refusal::NotArmed),
            State::Powered { .. } => return Ok(()),
            State::Armed { until } => until,
        };
        let ready_at = self.off_since.unwrap_or(now) + off_before_on;
        if now < ready_at {
            return Err(Refusal::TooSoon { ready_at });
        }
        self.state = State::Powered { until };
        self.off_since = None;
        self.try_line(now, Line::Supply, true)
            .inspect_err(|_| self.cut(now, Why::LineFailed(Line::Supply)))
    }

    fn supply_off(&mut self, now: Instant) -> Result<(), Refusal> {
        if matches!(self.power, HashPower::ResetsOnly { .. }) {
            return Err(Refusal::NoLine);
        }
        let State::Powered { until } = self.state else {
            return Ok(());
        };
        self.unsafe_lines = self.power_lines();
        self.drive_unsafe_lines(now, true);
        match self.unsafe_lines.first().copied() {
            Some(line) => {
                self.cut(now, Why::LineFailed(line));
                Err(Refusal::Line(line))
            }
            None => {
                self.state = State::Armed { until };
                Ok(())
            }
        }
    }

    fn reset(&mut self, now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), Refusal> {
        if !self.slots.contains(&slot) {
            return Err(Refusal::NoSlot);
        }
        if !asserted {
            match self.state {
                State::Safe => return Err(Refusal::NotArmed),
                State::Armed { .. } => return Err(Refusal::NoPower),
                State::Powered { .. } => {}
            }
        }
        let line = Line::Reset(slot);
        let done = self.try_line(now, line, !asserted);
        if done.is_err() && asserted {
            // A board that cannot be isolated alone is isolated with all others.
            self.cut(now, Why::LineFailed(line));
        }
        done
    }

    fn cut(&mut self, now: Instant, why: Why) {
        if self.state != State::Safe {
            self.tell(Told::Cut(why));
        }
        self.make_safe(now);
    }

    fn make_safe(&mut self, now: Instant) {
        self.state = State::Safe;
        self.unsafe_lines = self.power_lines();
        self.unsafe_lines.push(Line::Fans);
        self.drive_unsafe_lines(now, true);
    }

    /// The lines that carry power to chips, the supply first.
    fn power_lines(&self) -> Vec<Line> {
        let supply = matches!(self.power, HashPower::EnableLine { .. }).then_some(Line::Supply);
        let resets = self.slots.iter().map(|slot| Line::Reset(*slot));
        supply.into_iter().chain(resets).collect()
    }

    /// Drive the lines that are not known to be safe; those that do not obey stay listed, and
    /// are told the first time.
    fn drive_unsafe_lines(&mut self, now: Instant, first: bool) {
        self.retry_at = now + RETRY;
        for line in core::mem::take(&mut self.unsafe_lines) {
            if let Err(errno) = self.drive(now, line, line == Line::Fans) {
                self.unsafe_lines.push(line);
                if first {
                    self.tell(Told::LineFailed { line, errno });
                }
            }
        }
    }

    /// Drive one line on an order; a failure is told.
    fn try_line(&mut self, now: Instant, line: Line, on: bool) -> Result<(), Refusal> {
        self.drive(now, line, on).map_err(|errno| {
            self.tell(Told::LineFailed { line, errno });
            Refusal::Line(line)
        })
    }

    /// Drive one line: supply on, reset released, fans full, or their opposites.
    fn drive(&mut self, now: Instant, line: Line, on: bool) -> Result<(), i32> {
        let done = match line {
            Line::Supply => self.lines.supply(now, on),
            Line::Reset(slot) => self.lines.reset(now, slot, !on),
            Line::Fans => self.lines.fans_full(now, on),
            Line::Watchdog => self.lines.kick_watchdog(now),
        };
        if line == Line::Supply && !on && done.is_ok() {
            self.off_since.get_or_insert(now);
        }
        done
    }

    /// What is said already is not said again before it was heard.
    fn tell(&mut self, told: Told) {
        if self.told.len() < TOLD_MAX && !self.told.contains(&told) {
            self.told.push(told);
        }
    }
}

/// A dead man that goes leaves everything safe. A panic that aborts the process does not come
/// here: then what holds is what survives the process. So every profile of the daemon unwinds.
impl<L: Lines> Drop for DeadMan<L> {
    fn drop(&mut self) {
        self.make_safe(self.now);
    }
}

#[cfg(test)]
#[path = "dead_man_tests.rs"]
mod tests;
