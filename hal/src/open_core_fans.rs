//! Fans behind the fan core of the open FPGA design (S9 to S17 control boards).
//!
//! One output drives all of them. Meanings of registers are published (core's README).

use units::{Duration, Duty, Instant};

use crate::fans::{open_core_pwm, open_core_tach};
use crate::{FanEvent, FanOp, FanOverride, FanPort, RegisterWindow};

/// Speed of the first fan; the others follow, a word each.
const TACH: u32 = 0x00;
const PWM: u32 = 0x10;
/// Fans that the core counts.
const FANS_MAX: u8 = 4;
/// The core counts for half a second.
const ROUND: Duration = Duration::from_millis(500);
/// Between two looks at the override.
const LOOK: Duration = Duration::from_millis(100);

/// Drive all fans of the core full: what the dead man does.
pub fn open_core_fans_full<W: RegisterWindow>(window: &mut W, now: Instant) -> Result<(), i32> {
    window.write32(now, PWM, open_core_pwm(Duty::FULL));
    window.take_fault().map_or(Ok(()), Err)
}

/// [`FanPort`] of the open design.
pub struct OpenCoreFans<W> {
    window: W,
    fans: u8,
    full: FanOverride,
    ordered: Duty,
    driven: Option<Duty>,
    next_round: Instant,
    next_look: Instant,
}

impl<W: RegisterWindow> OpenCoreFans<W> {
    /// `fans` fans behind this window; the core counts four at most. The dead man has the other
    /// end of `full`.
    pub fn new(fans: u8, full: FanOverride, window: W) -> Self {
        OpenCoreFans {
            window,
            fans: fans.min(FANS_MAX),
            full,
            ordered: Duty::FULL,
            driven: None,
            next_round: Instant::ZERO,
            next_look: Instant::ZERO,
        }
    }

    fn drive(&mut self, now: Instant) {
        let window = &mut self.window;
        let counts = self.full.drive(self.ordered, |duty| {
            window.write32(now, PWM, open_core_pwm(duty));
        });
        self.driven = Some(counts);
    }
}

impl<W: RegisterWindow> FanPort for OpenCoreFans<W> {
    fn set(&mut self, now: Instant, op: FanOp) {
        match op {
            FanOp::All(duty) | FanOp::Group { group: 0, duty } => self.ordered = duty,
            FanOp::Group { .. } => return,
        }
        self.drive(now);
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<FanEvent>) {
        if now >= self.next_look {
            self.next_look = now + LOOK;
            let wanted = match self.full.is_on() {
                true => Duty::FULL,
                false => self.ordered,
            };
            if self.driven != Some(wanted) {
                self.drive(now);
            }
        }
        if now >= self.next_round {
            self.next_round = now + ROUND;
            for fan in 0..self.fans {
                let value = self.window.read32(now, TACH + 4 * u32::from(fan));
                if let Some(errno) = self.window.take_fault() {
                    events.push(FanEvent::Failed { errno });
                    return;
                }
                let rpm = open_core_tach(value);
                events.push(FanEvent::Speed { fan, rpm, at: now });
            }
        }
    }

    fn next_event(&self) -> Option<Instant> {
        Some(self.next_round.min(self.next_look))
    }
}

#[cfg(test)]
mod tests {
    use units::Rpm;

    use super::*;

    #[derive(Default)]
    struct Core {
        pwm: Vec<u32>,
        turns: [u32; 4],
        fault: Option<i32>,
    }

    impl RegisterWindow for Core {
        fn read32(&mut self, _: Instant, offset: u32) -> u32 {
            self.turns[offset as usize / 4]
        }

        fn write32(&mut self, _: Instant, offset: u32, value: u32) {
            assert_eq!(offset, 0x10);
            self.pwm.push(value);
        }

        fn take_fault(&mut self) -> Option<i32> {
            self.fault.take()
        }
    }

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn fans(count: u8) -> (OpenCoreFans<Core>, FanOverride) {
        let full = FanOverride::default();
        (
            OpenCoreFans::new(count, full.clone(), Core::default()),
            full,
        )
    }

    #[test]
    fn fans_run_full_until_they_are_ordered_otherwise() {
        let (mut fans, full) = fans(2);
        fans.poll(at(0), &mut Vec::new());
        let half = Duty::new(50);
        fans.set(at(1), FanOp::All(half));
        fans.set(
            at(2),
            FanOp::Group {
                group: 1,
                duty: Duty::FULL,
            },
        );
        assert_eq!(fans.window.pwm, [100, 50]);
        full.set(true);
        fans.poll(at(200), &mut Vec::new());
        fans.set(at(201), FanOp::All(half));
        assert_eq!(fans.window.pwm, [100, 50, 100, 100]);
        full.set(false);
        fans.poll(at(400), &mut Vec::new());
        assert_eq!(fans.window.pwm, [100, 50, 100, 100, 50]);
    }

    #[test]
    fn turns_are_told_twice_a_second_for_as_many_fans_as_there_are() {
        let (mut fans, _) = fans(2);
        fans.window.turns = [70, 0, 99, 99];
        let mut events = Vec::new();
        for ms in [0, 100, 200, 500] {
            fans.poll(at(ms), &mut events);
        }
        let told = |fan, rpm, ms| FanEvent::Speed {
            fan,
            rpm: Rpm::new(rpm),
            at: at(ms),
        };
        let expected = [
            told(0, 4200, 0),
            told(1, 0, 0),
            told(0, 4200, 500),
            told(1, 0, 500),
        ];
        assert_eq!(events, expected);
    }

    #[test]
    fn a_window_that_refuses_is_told_and_fails_the_dead_man() {
        let (mut fans, _) = fans(2);
        fans.window.fault = Some(14);
        let mut events = Vec::new();
        fans.poll(at(0), &mut events);
        assert_eq!(events, [FanEvent::Failed { errno: 14 }]);
        fans.window.fault = Some(14);
        assert_eq!(open_core_fans_full(&mut fans.window, at(1)), Err(14));
        assert_eq!(open_core_fans_full(&mut fans.window, at(2)), Ok(()));
    }
}
