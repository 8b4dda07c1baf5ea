//! The parts beside the chips, as the control board reaches them: over its own buses, or
//! through the x19 FPGA's registers.
//!
//! Tach and PWM registers are captured. Inferred: the tach register steps with each read (each
//! index was seen equally often), over six indexes; both PWM registers are written alike, and the
//! first one drives. An S9 has the first one alone (published).

use board_support::{LinkKind, Machine};
use units::{ChainSlot, Instant};

use super::engine::Engine;
use super::{BoardFault, FaultPlan, Outage};
use crate::parts::Parts;

const TACH: u32 = 0x004;
const I2C: u32 = 0x030;
const STROBE: u32 = 0x080;
const PWM: [u32; 2] = [0x084, 0x0A0];
/// Tach indexes that the register steps through (captured: 0 to 5).
const TACHS: u8 = 6;
/// rpm of one count (two sources).
const RPM_PER_COUNT: u32 = 120;

#[derive(Debug)]
pub(super) struct FittedParts {
    pub(super) parts: Parts,
    engine: Engine,
    tach: u8,
    pwm: [u32; 2],
    /// Outputs that there are.
    outputs: usize,
    /// Boards that are pulled and seated again.
    pulled: Vec<Outage>,
    /// What each slot's rail was last.
    rails: Vec<bool>,
}

impl FittedParts {
    pub(super) fn new(machine: &Machine, plan: &FaultPlan) -> Self {
        let absent = |slot: ChainSlot| {
            let mut boards = plan.boards.iter();
            boards.any(|b| *b == BoardFault::Absent { slot })
        };
        let mut parts = Parts::new(machine, |slot| !absent(slot));
        parts.set_faults(Instant::ZERO, &plan.parts);
        let mut fitted = FittedParts {
            parts,
            engine: Engine::new(),
            tach: 3,
            pwm: [100; 2],
            outputs: match machine.control_board.link {
                LinkKind::FpgaFifoS9 => 1,
                _ => PWM.len(),
            },
            pulled: plan.pulled.clone(),
            rails: vec![false; usize::from(machine.slots)],
        };
        fitted.pull(Instant::ZERO);
        fitted
    }

    fn pull(&mut self, now: Instant) {
        for board in &self.pulled {
            let (slot, mut others) = (board.slot, self.pulled.iter());
            let pulled = others.any(|o| o.slot == slot && o.is_now(now));
            self.parts.set_pulled(now, slot, pulled);
        }
    }

    pub(super) fn next_event(&self, now: Instant) -> Option<Instant> {
        let pulls = self.pulled.iter().flat_map(|p| [p.from, p.until]);
        let pulls = pulls.filter(|at| *at > now && *at != Instant::NEVER);
        let events = [self.engine.next_event(), self.parts.next_event(now)];
        events.into_iter().flatten().chain(pulls).min()
    }

    /// Let what is due happen; returns the rails that changed, by index.
    pub(super) fn settle(&mut self, now: Instant) -> Vec<(usize, bool)> {
        self.engine.finish(now, &mut self.parts);
        self.pull(now);
        self.parts.settle(now);
        let mut changed = Vec::new();
        for (i, rail) in self.rails.iter_mut().enumerate() {
            let on = self.parts.rail_on(now, ChainSlot(i as u8));
            if on != *rail {
                *rail = on;
                changed.push((i, on));
            }
        }
        changed
    }

    /// A register of the FPGA that a part stands behind; `None`: another one.
    pub(super) fn register_read(&mut self, offset: u32) -> Option<u32> {
        match offset {
            I2C => Some(self.engine.read()),
            TACH => {
                let fan = self.tach;
                self.tach = (fan + 1) % TACHS;
                let rpm = self.parts.fans.rpm(fan);
                let count = (rpm + RPM_PER_COUNT / 2) / RPM_PER_COUNT;
                Some(u32::from(fan) << 8 | count.min(0xFF))
            }
            _ => Some(self.pwm[self.output(offset)?]),
        }
    }

    fn output(&self, register: u32) -> Option<usize> {
        let outputs = &PWM[..self.outputs];
        outputs.iter().position(|r| *r == register)
    }

    /// True if a part stands behind the register alone.
    pub(super) fn register_write(&mut self, now: Instant, offset: u32, value: u32) -> bool {
        match offset {
            I2C => self.engine.write(now, value),
            TACH => {}
            STROBE => {
                if value >> 31 == 1 {
                    self.engine.strobe();
                }
                return false;
            }
            _ => {
                let Some(i) = self.output(offset) else {
                    return false;
                };
                self.pwm[i] = value;
                if i == 0 {
                    self.parts.fans.set_duty(duty_percent(value));
                }
            }
        }
        true
    }
}

/// Time on in the high half, time off in the low half.
fn duty_percent(word: u32) -> u8 {
    let (on, off) = (word >> 16, word & 0xFFFF);
    (on * 100).checked_div(on + off).unwrap_or(0) as u8
}
