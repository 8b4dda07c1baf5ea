//! The lines that make a machine safe without any bus: supply enable, resets, fans.

use units::{ChainSlot, Instant};

/// One of them, where it must be named.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Line {
    /// The supply's enable line.
    Supply,
    /// The reset line of the hashboard in this slot.
    Reset(ChainSlot),
    /// The override that drives all fans full.
    Fans,
    /// The hardware watchdog.
    Watchdog,
}

/// How the lines are driven. [`DeadMan`](crate::DeadMan) alone has them: nothing else in the
/// process may hold another way to the same outputs, fans excepted, whose port obeys the
/// [`FanOverride`](crate::FanOverride).
///
/// An error is the errno, or 0. After one the line may be at either level; it is driven again.
/// No call may take longer than a few milliseconds: they are made one after another while a
/// machine is cut off.
pub trait Lines {
    /// Drive the supply's enable line, whatever its polarity. Not called where there is none.
    fn supply(&mut self, now: Instant, on: bool) -> Result<(), i32>;
    /// Drive one hashboard's reset line.
    fn reset(&mut self, now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32>;
    /// Drive all fans full, or give them back to their orders. Well done where there are none.
    fn fans_full(&mut self, now: Instant, full: bool) -> Result<(), i32>;
    /// Feed the hardware watchdog, where there is one.
    fn kick_watchdog(&mut self, now: Instant) -> Result<(), i32> {
        let _ = now;
        Ok(())
    }
}
