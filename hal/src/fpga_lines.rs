//! The safety lines of an x19 or S9 control board with its stock FPGA: resets and fans are
//! registers of the FPGA, the supply's enable line is a pin of the processor (an S9 has none).
//!
//! The FPGA has a bit for each of its chains, of which an S9's boards are not the first.
//!
//! Nothing else may write register 0x034, so this holds what it wrote and never reads it back.

use units::{ChainSlot, Duty, Instant};

use crate::fpga_fans::{self, Outputs};
use crate::fpga_layout::S9_FIRST_CHAIN;
use crate::{FanOverride, Lines, Plugs, RegisterWindow};

/// Bit i holds the board of chain i in reset (captured); there are 16 bits.
const RESET: u32 = 0x034;
const ALL_IN_RESET: u32 = 0xFFFF;
/// Bit i says that chain i has a board (captured).
const PLUGGED: u32 = 0x008;

/// [`Lines`] of such a board.
pub struct FpgaLines<W, S> {
    first: u8,
    fans: &'static Outputs,
    window: W,
    full: FanOverride,
    supply: S,
    resets: u32,
}

impl<W, S> FpgaLines<W, S>
where
    W: RegisterWindow,
    S: FnMut(Instant, bool) -> Result<(), i32>,
{
    /// Lines of an x19 over a window of their own. `supply` drives the enable pin, whatever its
    /// polarity; the fans' port has the other end of `full`.
    pub fn new(window: W, full: FanOverride, supply: S) -> Self {
        Self::of(0, &fpga_fans::X19, window, full, supply)
    }

    /// The same of an S9.
    pub fn s9(window: W, full: FanOverride, supply: S) -> Self {
        Self::of(S9_FIRST_CHAIN, &fpga_fans::S9, window, full, supply)
    }

    fn of(first: u8, fans: &'static Outputs, window: W, full: FanOverride, supply: S) -> Self {
        FpgaLines {
            first,
            fans,
            window,
            full,
            supply,
            resets: ALL_IN_RESET,
        }
    }

    /// The registers behind the lines.
    pub fn window(&mut self) -> &mut W {
        &mut self.window
    }
}

impl<W, S> Lines for FpgaLines<W, S>
where
    W: RegisterWindow,
    S: FnMut(Instant, bool) -> Result<(), i32>,
{
    fn supply(&mut self, now: Instant, on: bool) -> Result<(), i32> {
        (self.supply)(now, on)
    }

    fn reset(&mut self, now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32> {
        // Above the register's bits there is no board.
        let bit = bit_of(self.first, slot) & ALL_IN_RESET;
        self.resets = if asserted {
            self.resets | bit
        } else {
            self.resets & !bit
        };
        self.window.write32(now, RESET, self.resets);
        Ok(())
    }

    fn fans_full(&mut self, now: Instant, full: bool) -> Result<(), i32> {
        self.full.set(full);
        // What was ordered is known to the fans' port, which sees the switch.
        if full {
            let value = (self.fans.pwm)(Duty::FULL);
            for register in self.fans.registers {
                self.window.write32(now, *register, value);
            }
        }
        Ok(())
    }
}

/// A chain's bit.
fn bit_of(first: u8, slot: ChainSlot) -> u32 {
    let shift = u32::from(first) + u32::from(slot.0);
    1u32.checked_shl(shift).unwrap_or(0)
}

/// [`Plugs`] of the same boards: the window shows them.
pub struct FpgaPlugs<W> {
    first: u8,
    window: W,
}

impl<W> FpgaPlugs<W> {
    /// Plugs of an x19 over a window of their own.
    pub fn new(window: W) -> Self {
        FpgaPlugs { first: 0, window }
    }

    /// The same of an S9.
    pub fn s9(window: W) -> Self {
        let first = S9_FIRST_CHAIN;
        FpgaPlugs { first, window }
    }
}

impl<W: RegisterWindow> Plugs for FpgaPlugs<W> {
    fn present(&mut self, now: Instant, slot: ChainSlot) -> Result<bool, i32> {
        let plugged = self.window.read32(now, PLUGGED);
        match self.window.take_fault() {
            Some(errno) => Err(errno),
            None => Ok(plugged & bit_of(self.first, slot) != 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[derive(Default)]
    struct Writes(Vec<(u32, u32)>);

    impl RegisterWindow for Writes {
        fn read32(&mut self, _now: Instant, offset: u32) -> u32 {
            panic!("0x{offset:03x} was read back");
        }

        fn write32(&mut self, _now: Instant, offset: u32, value: u32) {
            self.0.push((offset, value));
        }
    }

    const NOW: Instant = Instant::ZERO;

    fn lines() -> FpgaLines<Writes, impl FnMut(Instant, bool) -> Result<(), i32>> {
        FpgaLines::new(Writes::default(), FanOverride::default(), |_, on| {
            if on { Ok(()) } else { Err(5) }
        })
    }

    #[test]
    fn the_captured_reset_pulses_are_written_alike() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/vectors/fpga/x19-control-trace.json"
        );
        let text = std::fs::read_to_string(path).expect("vector");
        let trace: Value = serde_json::from_str(&text).expect("JSON");
        let events = trace["events"].as_array().expect("events");
        let resets = events.iter().filter(|e| e["reg"] == "0x034");
        let captured: Vec<String> = resets.map(|e| e["new"].to_string()).collect();
        let mut lines = lines();
        // The captured host had let go the boards of three slots before.
        for slot in [1, 2, 0] {
            assert_eq!(lines.reset(NOW, ChainSlot(slot), false), Ok(()));
        }
        lines.window().0.clear();
        for asserted in [true, false, true, false] {
            assert_eq!(lines.reset(NOW, ChainSlot(0), asserted), Ok(()));
        }
        let writes = &lines.window().0;
        assert!(writes.iter().all(|(register, _)| *register == 0x034));
        let values: Vec<String> = writes
            .iter()
            .map(|w| format!("\"0x{:08X}\"", w.1))
            .collect();
        assert_eq!(values, captured);
    }

    #[test]
    fn the_first_write_holds_every_other_board() {
        let mut lines = lines();
        assert_eq!(lines.reset(NOW, ChainSlot(2), false), Ok(()));
        assert_eq!(lines.reset(NOW, ChainSlot(200), false), Ok(()));
        assert_eq!(lines.window().0, [(0x034, 0xFFFB), (0x034, 0xFFFB)]);
    }

    #[test]
    fn full_is_written_here_and_given_back_there() {
        let mut lines = lines();
        let full = lines.full.clone();
        assert_eq!(lines.fans_full(NOW, true), Ok(()));
        assert!(full.is_on());
        let written = [(0x084, 0x0064_0000), (0x0A0, 0x0064_0000)];
        assert_eq!(lines.window().0, written);
        assert_eq!(lines.fans_full(NOW, false), Ok(()));
        assert!(!full.is_on());
        assert_eq!(lines.window().0, written);
    }

    #[test]
    fn plugs_are_bits_of_the_window() {
        struct Plugged(u32, Option<i32>);
        impl RegisterWindow for Plugged {
            fn read32(&mut self, _: Instant, offset: u32) -> u32 {
                assert_eq!(offset, 0x008);
                self.0
            }
            fn write32(&mut self, _: Instant, _: u32, _: u32) {}
            fn take_fault(&mut self) -> Option<i32> {
                self.1.take()
            }
        }
        let mut plugs = FpgaPlugs::new(Plugged(0b0101, None));
        for (slot, expected) in [(0, true), (1, false), (2, true), (3, false), (40, false)] {
            assert_eq!(plugs.present(NOW, ChainSlot(slot)), Ok(expected), "{slot}");
        }
        plugs.window.1 = Some(14);
        assert_eq!(plugs.present(NOW, ChainSlot(0)), Err(14));
        let mut plugs = FpgaPlugs::s9(Plugged(0b1010_0000, None));
        for (slot, expected) in [(0, true), (1, false), (2, true), (3, false), (250, false)] {
            assert_eq!(plugs.present(NOW, ChainSlot(slot)), Ok(expected), "{slot}");
        }
    }

    #[test]
    fn an_s9s_boards_are_the_sixth_chain_and_the_next_and_it_has_one_output() {
        let full = FanOverride::default();
        let mut lines = FpgaLines::s9(Writes::default(), full, |_, _| Ok(()));
        assert_eq!(lines.reset(NOW, ChainSlot(0), false), Ok(()));
        assert_eq!(lines.reset(NOW, ChainSlot(2), false), Ok(()));
        assert_eq!(lines.fans_full(NOW, true), Ok(()));
        // Twenty kilohertz, on all the time.
        let written = [(0x034, 0xFFDF), (0x034, 0xFF5F), (0x084, 0x0032_0000)];
        assert_eq!(lines.window().0, written);
    }

    #[test]
    fn the_supply_is_the_pins_word() {
        assert_eq!(lines().supply(NOW, true), Ok(()));
        assert_eq!(lines().supply(NOW, false), Err(5));
    }
}
