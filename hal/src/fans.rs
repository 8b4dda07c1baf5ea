//! Fans: how hard they are driven, how fast they turn.
//!
//! Terms: a *group* is fans that are driven together, by one output of the control board; a
//! fan is known by its number on the board's tach. Which fan belongs to which group, and how
//! many there are, is a matter of the machine. *Turns* are read, never judged: what is too
//! slow is for others to say.
//!
//! The functions at the end are the number formats of the boards that are known, one each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use units::{Duration, Duty, Instant, Rpm};

/// What can be done to fans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FanOp {
    /// Drive all fans so hard.
    All(Duty),
    /// Drive one group so hard. A board without such a group ignores it.
    Group {
        /// The group, counted from 0.
        group: u8,
        /// How hard.
        duty: Duty,
    },
}

/// What fans say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FanEvent {
    /// One fan's speed. A fan that stands reads 0; one that cannot be read is not told, and
    /// its last word ages.
    Speed {
        /// Its number on the tach.
        fan: u8,
        /// Turns per minute.
        rpm: Rpm,
        /// When it was read.
        at: Instant,
    },
    /// A group cannot be driven, or no tach can be read; the number is the errno, or 0.
    Failed {
        /// Errno, or 0.
        errno: i32,
    },
}

/// The fans of one machine.
pub trait FanPort {
    /// Drive fans. Before the first order they run at full duty. While the
    /// [`FanOverride`] is on they stay there, and the order holds for afterwards.
    fn set(&mut self, now: Instant, op: FanOp);
    /// Read what is due and append what it says.
    fn poll(&mut self, now: Instant, events: &mut Vec<FanEvent>);
    /// When [`poll`](FanPort::poll) must be called next.
    fn next_event(&self) -> Option<Instant>;
}

/// The switch with which the dead man drives all fans full, over whatever was ordered.
///
/// Both sides drive the same outputs, each from its own thread. So the dead man sets the
/// switch and then drives full; a fan port looks at it before *and after* each time that it
/// drives. Whichever comes last, full wins.
#[derive(Clone, Debug, Default)]
pub struct FanOverride(Arc<AtomicBool>);

impl FanOverride {
    /// Switch it. Whoever switches it on then drives the fans full.
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::SeqCst);
    }

    /// It is on.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Call `drive` with the duty that counts, again if the switch moved meanwhile. Returns
    /// what was driven last: should the switch have moved three times, that is not what counts
    /// and the caller's next look finds it.
    pub fn drive(&self, ordered: Duty, mut drive: impl FnMut(Duty)) -> Duty {
        let counts = || if self.is_on() { Duty::FULL } else { ordered };
        let mut wanted = counts();
        let mut driven = wanted;
        for _ in 0..3 {
            drive(wanted);
            driven = wanted;
            wanted = counts();
            if wanted == driven {
                break;
            }
        }
        driven
    }
}

/// Duty for the stock S9 FPGA's register 0x084: microseconds on in the high half and off in
/// the low one, together 50 (published, one source). Odd percents are rounded to more air.
pub fn s9_pwm(duty: Duty) -> u32 {
    let on = u32::from(duty.percent()).div_ceil(2);
    on << 16 | (50 - on)
}

/// Duty for the x19 FPGA's registers 0x084 and 0x0A0: percent on in the high half, off in the
/// low one (captured: 0x00000064 and 0x00640000).
pub fn x19_pwm(duty: Duty) -> u32 {
    let on = u32::from(duty.percent());
    on << 16 | (100 - on)
}

/// Fan number and speed from register 0x004 of the stock S9 and x19 FPGAs: the number in bits
/// 10:8 (captured), 120 turns per minute per count (published, two sources).
pub fn fpga_tach(value: u32) -> (u8, Rpm) {
    ((value >> 8 & 7) as u8, Rpm::new((value & 0xFF) * 120))
}

/// Duty for the fan core of the open S9 FPGA design, word 0x10: percent (published).
pub fn open_core_pwm(duty: Duty) -> u32 {
    u32::from(duty.percent())
}

/// Speed from the same core, words 0x00 to 0x0C: turns per second. 0xFF is what its counter
/// ends at, so 15,300 rpm means "at least" (published).
pub fn open_core_tach(value: u32) -> Rpm {
    Rpm::new(value.min(0xFF) * 60)
}

/// Speed from edges of one kind (rising or falling) on a tach line counted for a while: two
/// per turn. `None` if no time passed.
pub fn edge_tach(edges: u32, counted_for: Duration) -> Option<Rpm> {
    let per_minute = u128::from(edges) * 60_000_000_000;
    let edges_per_minute = per_minute.checked_div(counted_for.as_nanos())?;
    Some(Rpm::new(u32::try_from(edges_per_minute / 2).ok()?))
}

/// Nanoseconds on in each period of a Linux PWM output, rounded up to more air. CVitek boards
/// use a period of 1,000,000 ns, Amlogic and BeagleBone boards 100,000 ns (published).
pub fn linux_pwm_on_ns(duty: Duty, period_ns: u32) -> u32 {
    let on = (u64::from(period_ns) * u64::from(duty.percent())).div_ceil(100);
    // Not above the period, which fits.
    on as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duty_becomes_each_boards_number() {
        for (percent, s9, x19, linux) in [
            (0, 0x0000_0032, 0x0000_0064, 0),
            (1, 0x0001_0031, 0x0001_0063, 1_000),
            (33, 0x0011_0021, 0x0021_0043, 33_000),
            (50, 0x0019_0019, 0x0032_0032, 50_000),
            (99, 0x0032_0000, 0x0063_0001, 99_000),
            (100, 0x0032_0000, 0x0064_0000, 100_000),
        ] {
            let duty = Duty::new(percent);
            assert_eq!(s9_pwm(duty), s9, "{percent}");
            assert_eq!(x19_pwm(duty), x19, "{percent}");
            assert_eq!(linux_pwm_on_ns(duty, 100_000), linux, "{percent}");
            assert_eq!(open_core_pwm(duty), u32::from(percent));
        }
        assert_eq!(linux_pwm_on_ns(Duty::FULL, u32::MAX), u32::MAX);
        assert_eq!(linux_pwm_on_ns(Duty::new(33), 10), 4);
        assert_eq!(linux_pwm_on_ns(Duty::FULL, 0), 0);
    }

    #[test]
    fn tach_numbers_become_turns() {
        for (value, fan, rpm) in [
            (0x0000_0007, 0, 840),
            (0x0000_032E, 3, 5520),
            (0xFFFF_FFFF, 7, 30_600),
        ] {
            assert_eq!(fpga_tach(value), (fan, Rpm::new(rpm)));
        }
        for (value, rpm) in [(0, 0), (90, 5400), (0xFF, 15_300), (u32::MAX, 15_300)] {
            assert_eq!(open_core_tach(value), Rpm::new(rpm));
        }
        let ms = Duration::from_millis;
        for (edges, time, rpm) in [
            (0, ms(1000), Some(0)),
            (200, ms(1000), Some(6000)),
            (83, ms(500), Some(4980)),
            (1, Duration::ZERO, None),
            (u32::MAX, Duration::from_nanos(1), None),
        ] {
            assert_eq!(edge_tach(edges, time), rpm.map(Rpm::new));
        }
    }

    /// The other side moves the switch between two steps of a drive, in every order.
    #[test]
    fn full_wins_however_both_sides_interleave() {
        for moved_at in 0..3 {
            let switch = FanOverride::default();
            let mut output = Duty::OFF;
            let mut step = 0;
            let other = |output: &mut Duty, step: &mut i32| {
                if *step == moved_at {
                    switch.set(true);
                    *output = Duty::FULL;
                }
                *step += 1;
            };
            other(&mut output, &mut step);
            let told = switch.drive(Duty::new(30), |duty| {
                // The switch moves after it was looked at and before the output is written…
                other(&mut output, &mut step);
                output = duty;
                // … or after that.
                other(&mut output, &mut step);
            });
            assert_eq!((output, told), (Duty::FULL, Duty::FULL), "{moved_at}");
        }
    }

    #[test]
    fn without_the_override_the_order_counts() {
        let switch = FanOverride::default();
        let mut written = Vec::new();
        switch.drive(Duty::new(30), |duty| written.push(duty));
        switch.set(true);
        switch.drive(Duty::new(30), |duty| written.push(duty));
        assert_eq!(written, [Duty::new(30), Duty::FULL]);
    }
}
