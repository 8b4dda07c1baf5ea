//! Fans behind the stock FPGA of an x19 or S9 control board.
//!
//! On an x19 two outputs drive all fans, registers 0x084 and 0x0A0; which fans hang on which is
//! not known, so machines order both alike. An S9 has the first one. One tach register, 0x004, shows one fan after another:
//! it steps through its numbers by itself. Captured is that a reader every 1.4 ms saw each of
//! six numbers equally often, not what makes it step. So a *round* reads until every fan was
//! seen, at growing pauses, and gives up on those
//! that do not come: they are not told, and their last word ages.

use units::{Duration, Duty, Instant};

use crate::fans::{fpga_tach, s9_pwm, x19_pwm};
use crate::{FanEvent, FanOp, FanOverride, FanPort, RegisterWindow};

const TACH: u32 = 0x004;

/// The outputs of a board.
pub(crate) struct Outputs {
    /// Their registers, two at most.
    pub(crate) registers: &'static [u32],
    /// What is written for a duty.
    pub(crate) pwm: fn(Duty) -> u32,
}

/// Captured.
pub(crate) const X19: Outputs = Outputs {
    registers: &[0x084, 0x0A0],
    pwm: x19_pwm,
};

/// Published, one source.
pub(crate) const S9: Outputs = Outputs {
    registers: &[0x084],
    pwm: s9_pwm,
};

/// From the start of one round to the next: a fan that stops is told twice within a second.
const ROUND: Duration = Duration::from_millis(500);
/// First pause within a round, and how much longer each next one is: a tach that steps evenly
/// cannot keep in step with pauses that grow. A whole round takes 130 ms at most.
const PAUSE: Duration = Duration::from_micros(1000);
const GROWTH: Duration = Duration::from_nanos(31_337);
/// Reads in one round: each of eight numbers, eight times.
const READS_MAX: u16 = 64;
/// Numbers that the tach can show.
const FANS_MAX: u8 = 8;

/// [`FanPort`] of such a board.
pub struct FpgaFans<W> {
    outputs: &'static Outputs,
    window: W,
    fans: u8,
    full: FanOverride,
    ordered: [Duty; 2],
    /// What was last written; nothing before the first poll or order.
    driven: [Option<Duty>; 2],
    /// Fans seen in this round, as bits.
    seen: u8,
    reads: u16,
    /// When this round began.
    round: Instant,
    next: Instant,
}

impl<W: RegisterWindow> FpgaFans<W> {
    /// `fans` fans of an x19, numbered from 0 on the tach, behind `window`. The dead man has the
    /// other end of `full`.
    pub fn new(fans: u8, full: FanOverride, window: W) -> Self {
        Self::of(&X19, fans, full, window)
    }

    /// Those of an S9.
    pub fn s9(fans: u8, full: FanOverride, window: W) -> Self {
        Self::of(&S9, fans, full, window)
    }

    fn of(outputs: &'static Outputs, fans: u8, full: FanOverride, window: W) -> Self {
        FpgaFans {
            outputs,
            window,
            fans: fans.min(FANS_MAX),
            full,
            ordered: [Duty::FULL; 2],
            driven: [None; 2],
            seen: 0,
            reads: 0,
            round: Instant::ZERO,
            next: Instant::ZERO,
        }
    }

    /// The registers behind the fans.
    pub fn window(&mut self) -> &mut W {
        &mut self.window
    }

    fn drive(&mut self, now: Instant, group: usize) {
        let (window, outputs) = (&mut self.window, self.outputs);
        let counts = self.full.drive(self.ordered[group], |duty| {
            window.write32(now, outputs.registers[group], (outputs.pwm)(duty));
        });
        self.driven[group] = Some(counts);
    }

    /// Write again what no longer is as it should be: the override moved, or nobody ordered
    /// anything yet.
    fn keep(&mut self, now: Instant) {
        for group in 0..self.outputs.registers.len() {
            let wanted = if self.full.is_on() {
                Duty::FULL
            } else {
                self.ordered[group]
            };
            if self.driven[group] != Some(wanted) {
                self.drive(now, group);
            }
        }
    }

    fn read(&mut self, now: Instant, events: &mut Vec<FanEvent>) {
        if self.reads == 0 {
            self.round = now;
        }
        let (fan, rpm) = fpga_tach(self.window.read32(now, TACH));
        let bit = 1u8 << fan;
        if fan < self.fans && self.seen & bit == 0 {
            self.seen |= bit;
            events.push(FanEvent::Speed { fan, rpm, at: now });
        }
        self.reads += 1;
        let all = self.seen.count_ones() == u32::from(self.fans);
        if all || self.reads >= READS_MAX {
            self.seen = 0;
            self.reads = 0;
            self.next = now.max(self.round + ROUND);
        } else {
            self.next = now + PAUSE + GROWTH * u32::from(self.reads);
        }
    }
}

impl<W: RegisterWindow> FanPort for FpgaFans<W> {
    fn set(&mut self, now: Instant, op: FanOp) {
        match op {
            FanOp::All(duty) => {
                self.ordered = [duty; 2];
                (0..self.outputs.registers.len()).for_each(|group| self.drive(now, group));
            }
            FanOp::Group { group, duty } if usize::from(group) < self.outputs.registers.len() => {
                self.ordered[usize::from(group)] = duty;
                self.drive(now, usize::from(group));
            }
            FanOp::Group { .. } => {}
        }
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<FanEvent>) {
        self.keep(now);
        if now >= self.next {
            self.read(now, events);
        }
    }

    fn next_event(&self) -> Option<Instant> {
        Some(self.next)
    }
}

#[cfg(test)]
#[path = "fpga_fans_tests.rs"]
mod tests;
