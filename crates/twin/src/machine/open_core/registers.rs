//! A core's registers.
//!
//! Each purpose has a window of 4 kB of its own, so that threads can have one each: common at
//! 0x0000, commands at 0x1000, works in at 0x2000, works out at 0x3000.

use units::Instant;

use super::line::{Core, Fifo};

/// Antminer, model 9, version 1.0.0 (published).
const VERSION: u32 = 0x0090_1000;
/// When the bitstream was built, Unix time. Ours: 2020-01-01.
const BUILD_ID: u32 = 0x5E0B_E100;

const CLEAR_ERRORS: u32 = 1 << 0;
const ENABLE: u32 = 1 << 3;
const BM139X: u32 = 1 << 4;
const RESET_IN: u32 = 1 << 0;
const RESET_OUT: u32 = 1 << 1;
const IRQ_ENABLE: u32 = 1 << 2;

impl Core {
    pub(super) fn read(&mut self, offset: u32) -> u32 {
        match offset {
            0x0000 => VERSION,
            0x0004 => BUILD_ID,
            0x0008 => {
                self.midstates_log2 << 1
                    | if self.enabled { ENABLE } else { 0 }
                    | if self.bm139x { BM139X } else { 0 }
            }
            0x0010 => self.baud,
            0x0014 => self.work_time,
            0x0018 => {
                self.telling.looked();
                self.errors
            }
            0x1000 => {
                self.came[0] = false;
                self.commands_in.pop()
            }
            0x1008 => irq_enable(self.irq_enables[0]),
            0x100C => {
                pending(self.came[0]) | status(&self.commands_in) | status(&self.commands_out) << 2
            }
            0x2000 => {
                self.came[1] = false;
                self.works_in.pop()
            }
            0x2008 => irq_enable(self.irq_enables[1]),
            0x200C => pending(self.came[1]) | status(&self.works_in),
            0x3008 => irq_enable(self.irq_enables[2]),
            0x300C => {
                // Reads 0x14 after reset, when threshold and words are both 0 (published).
                let words = self.works_out.len();
                let low = words == 0 || words < self.threshold as usize;
                pending(low) | status(&self.works_out) << 2
            }
            0x3010 => self.threshold,
            0x3014 => u32::from(self.last_id),
            _ => 0,
        }
    }

    pub(super) fn write(&mut self, now: Instant, offset: u32, value: u32) {
        match offset {
            0x0008 => {
                self.bm139x = value & BM139X != 0;
                self.midstates_log2 = value >> 1 & 3;
                self.set_enabled(now, value & ENABLE != 0);
                if value & CLEAR_ERRORS != 0 {
                    self.errors = 0;
                }
            }
            0x0010 => self.baud = value & 0xFFF,
            // The counter that runs goes on to its end first.
            0x0014 => self.work_time = value & 0xFF_FFFF,
            // The rest works on an enabled core only.
            _ if !self.enabled => {}
            0x1004 => self.commands_out.push(value),
            0x1008 => {
                self.irq_enables[0] = value & IRQ_ENABLE != 0;
                self.resets.commands_in |= value & RESET_IN != 0;
                self.resets.commands_out |= value & RESET_OUT != 0;
            }
            0x2008 => {
                self.irq_enables[1] = value & IRQ_ENABLE != 0;
                self.resets.works_in |= value & RESET_IN != 0;
            }
            0x3004 => self.works_out.push(value),
            0x3008 => {
                self.irq_enables[2] = value & IRQ_ENABLE != 0;
                self.resets.works_out |= value & RESET_OUT != 0;
            }
            0x3010 => self.threshold = value & 0x7FF,
            _ => {}
        }
    }
}

fn status(fifo: &Fifo) -> u32 {
    u32::from(fifo.is_empty()) | u32::from(fifo.is_full()) << 1
}

fn pending(is: bool) -> u32 {
    u32::from(is) << 4
}

fn irq_enable(is: bool) -> u32 {
    if is { IRQ_ENABLE } else { 0 }
}
