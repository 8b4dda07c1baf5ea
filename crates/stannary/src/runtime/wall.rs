//! What time it is in the world, and how well that is known.
//!
//! A miner has no clock at power-on. Certificates are worth nothing without one, so whoever
//! judges them asks here. The cores do not: they count from the start of the process.
//!
//! Terms: the time is *unset* where nothing but the kernel knows it and what it says lies before
//! this program was written; from a *battery* where it does not, and nobody vouches for it; from
//! the *network* where one of the owner's time servers said it, or the kernel says that its own
//! clock is kept.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use telemetry::{Clock, ClockQuality};
use units::Duration;

/// 2026-01-01: this program is younger, so no earlier time is right. Policy: a date of the
/// source and not of the build, so that the same source gives the same bytes.
const NOT_BEFORE: Duration = Duration::from_secs(1_767_225_600);
/// How often somebody who waits looks at the kernel's clock again.
const LOOK: Duration = Duration::from_millis(500);

/// The world's clock. Copies share what is known.
#[derive(Clone)]
pub(crate) struct Wall {
    known: Arc<Known>,
    kernel: fn() -> Kernel,
}

#[derive(Default)]
struct Known {
    fix: Mutex<Option<Fix>>,
    changed: Condvar,
}

/// What a time server said, and when.
struct Fix {
    unix: Duration,
    at: Instant,
    source: String,
}

/// What the kernel says.
pub(crate) struct Kernel {
    pub(crate) unix: Duration,
    pub(crate) kept: bool,
}

/// The time, as well as it is known.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Time {
    /// Since 1970. Without meaning where the quality is unset.
    pub(crate) unix: Duration,
    /// How well, and from whom.
    pub(crate) clock: Clock,
}

impl Wall {
    /// By the kernel's clock, until a time server says more.
    pub(crate) fn new() -> Self {
        Wall {
            known: Arc::default(),
            kernel: ask_kernel,
        }
    }

    /// With another kernel, for tests.
    #[cfg(test)]
    pub(crate) fn with(kernel: fn() -> Kernel) -> Self {
        Wall {
            known: Arc::default(),
            kernel,
        }
    }

    /// The time.
    pub(crate) fn time(&self) -> Time {
        let of = |unix, quality, source: &str| Time {
            unix,
            clock: Clock {
                quality,
                source: Some(source.to_owned()).filter(|source| !source.is_empty()),
            },
        };
        if let Some(fix) = &*self.lock() {
            let unix = fix.unix + fix.at.elapsed();
            return of(unix, ClockQuality::Network, &fix.source);
        }
        let kernel = (self.kernel)();
        match (kernel.unix >= NOT_BEFORE, kernel.kept) {
            (true, true) => of(kernel.unix, ClockQuality::Network, "kernel"),
            (true, false) => of(kernel.unix, ClockQuality::Battery, "kernel"),
            (false, _) => of(kernel.unix, ClockQuality::Unset, ""),
        }
    }

    /// The time once it is known at all; `None` if it is not until then.
    pub(crate) fn known_until(&self, until: Instant) -> Option<Time> {
        loop {
            let time = self.time();
            if time.clock.quality != ClockQuality::Unset {
                return Some(time);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let fix = self.lock();
            if fix.is_none() {
                // What happened is seen in the next round.
                let _ = self.known.changed.wait_timeout(fix, left.min(LOOK));
            }
        }
    }

    /// A time server said that it is `unix` at this moment.
    pub(crate) fn set(&self, unix: Duration, source: &str) {
        *self.lock() = Some(Fix {
            unix,
            at: Instant::now(),
            source: source.to_owned(),
        });
        self.known.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Fix>> {
        self.known
            .fix
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wall({:?})", self.time())
    }
}

/// No time before this program was written is right.
pub(crate) fn is_plausible(unix: Duration) -> bool {
    unix >= NOT_BEFORE
}

fn ask_kernel() -> Kernel {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH);
    Kernel {
        unix: unix.unwrap_or_default(),
        kept: hal_linux::clock_is_synchronised(),
    }
}

/// As a person reads it: `2026-11-26 09:12 UTC`.
pub(crate) fn date(unix: Duration) -> String {
    let minutes = unix.as_secs() / 60;
    let (days, minute) = (minutes / 1440, minutes % 1440);
    // Days since 0000-03-01, in cycles of four centuries: the leap day is the last of its year.
    let days = days + 719_468;
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = match month {
        0..=9 => (month + 3, 0),
        _ => (month - 9, 1),
    };
    format!(
        "{:04}-{month:02}-{day:02} {:02}:{:02} UTC",
        cycle * 400 + year + carry,
        minute / 60,
        minute % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(30);

    fn check(kernel: fn() -> Kernel, quality: ClockQuality, source: Option<&str>) {
        let clock = Wall::with(kernel).time().clock;
        assert_eq!((clock.quality, clock.source.as_deref()), (quality, source));
    }

    fn unset() -> Kernel {
        Kernel {
            unix: Duration::from_secs(60),
            kept: false,
        }
    }

    #[test]
    fn the_kernel_is_believed_as_far_as_it_can_be() {
        check(unset, ClockQuality::Unset, None);
        // Whatever keeps it, it does not keep it well.
        let wrong = || Kernel {
            kept: true,
            ..unset()
        };
        check(wrong, ClockQuality::Unset, None);
        let plausible = || Kernel {
            unix: NOT_BEFORE,
            kept: false,
        };
        check(plausible, ClockQuality::Battery, Some("kernel"));
        let kept = || Kernel {
            unix: NOT_BEFORE,
            kept: true,
        };
        check(kept, ClockQuality::Network, Some("kernel"));
    }

    #[test]
    fn who_waits_is_woken_by_a_time_server_and_else_gives_up() {
        let wall = Wall::with(unset);
        assert_eq!(wall.known_until(Instant::now() + SOON), None);
        let other = wall.clone();
        let long = Instant::now() + Duration::from_secs(60);
        let waits = std::thread::spawn(move || other.known_until(long));
        std::thread::sleep(SOON);
        wall.set(NOT_BEFORE, "time.example");
        let time = waits.join().expect("no panic").expect("known");
        assert_eq!(time.clock.quality, ClockQuality::Network);
        assert_eq!(time.clock.source.as_deref(), Some("time.example"));
        assert!(time.unix >= NOT_BEFORE && time.unix < NOT_BEFORE + Duration::from_secs(60));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let check = |unix, shown| assert_eq!(date(Duration::from_secs(unix)), shown);
        check(0, "1970-01-01 00:00 UTC");
        check(951_782_399, "2000-02-28 23:59 UTC");
        check(951_782_400, "2000-02-29 00:00 UTC");
        check(951_868_800, "2000-03-01 00:00 UTC");
        check(1_767_225_600, "2026-01-01 00:00 UTC");
        check(4_107_542_399, "2100-02-28 23:59 UTC");
        check(4_107_542_400, "2100-03-01 00:00 UTC");
    }
}
