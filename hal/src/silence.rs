//! When a line that spoke has fallen silent, so that nothing of a frame is still to come.
//!
//! Invariants: silence lies between two looks that both found nothing. A thread that stood still
//! meanwhile makes it longer and never up: what a device received in that time is found by the
//! second look at the latest. It is told once after what was heard.

use units::{Duration, Instant};

/// A line silent for this long holds no half frame: a frame takes 1 ms at the slowest rate, and
/// a serial driver hands bytes on within a few more.
const SILENCE: Duration = Duration::from_millis(20);

/// One line's silence.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) enum Silence {
    /// Nothing was heard since it was told.
    #[default]
    Told,
    /// Bytes came; the next look is due by then.
    Heard { look: Instant },
    /// A look found nothing then.
    Since(Instant),
}

impl Silence {
    /// A look found this much at `now`. True if the line has fallen silent.
    pub(crate) fn looked(&mut self, now: Instant, anything: bool) -> bool {
        if anything {
            let look = now + SILENCE;
            *self = Silence::Heard { look };
            return false;
        }
        match *self {
            Silence::Heard { .. } => *self = Silence::Since(now),
            Silence::Since(since) if now >= since + SILENCE => {
                *self = Silence::Told;
                return true;
            }
            Silence::Since(_) | Silence::Told => {}
        }
        false
    }

    /// When to look next for its sake.
    pub(crate) fn due(self) -> Option<Instant> {
        match self {
            Silence::Told => None,
            Silence::Heard { look } => Some(look),
            Silence::Since(since) => Some(since + SILENCE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn silence_is_told_once_and_only_after_something_was_heard() {
        let mut silence = Silence::default();
        assert_eq!(silence.due(), None);
        assert!(!silence.looked(ms(100), false));
        assert!(!silence.looked(ms(200), true));
        assert_eq!(silence.due(), Some(ms(220)));
        assert!(!silence.looked(ms(205), false));
        assert_eq!(silence.due(), Some(ms(225)));
        assert!(!silence.looked(ms(224), false));
        assert!(silence.looked(ms(225), false));
        assert_eq!(silence.due(), None);
        assert!(!silence.looked(ms(999), false));
    }

    /// Nobody looked for long: what came in that time may be found by the next look only.
    #[test]
    fn one_look_after_a_standstill_makes_no_silence() {
        let mut silence = Silence::default();
        silence.looked(ms(0), true);
        assert!(!silence.looked(ms(500), false));
        assert_eq!(silence.due(), Some(ms(520)));
        assert!(!silence.looked(ms(510), true));
        assert!(!silence.looked(ms(531), false));
        assert!(silence.looked(ms(551), false));
    }
}
