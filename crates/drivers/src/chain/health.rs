//! Signs that a hashing chain is sick, and how often it may be brought up again.

use std::collections::VecDeque;

use units::{Duration, Instant};

/// Expected nonces without a single one, after which a chain counts as silent: chance
/// does this once in 5 * 10^8 times.
const SILENT_AFTER: f64 = 20.0;
/// And in seconds' worth of what is expected: a chain at a low ticket is expected to say so much
/// within a millisecond, and its host may be late by more.
const SILENT_AFTER_S: f64 = 0.25;
/// Signs are looked at this often.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Damage is judged over this long.
const WINDOW: Duration = Duration::from_secs(60);
/// Damaged frames in a window below which noise is not worth a word.
const NOISY_FROM: u64 = 20;
/// Damaged frames in a window, if they outnumber the good ones, that end patience.
const DEAF_FROM: u64 = 64;
/// Failures within an hour after which a chain stays off.
const FAILURES_PER_HOUR: usize = 5;
const HOUR: Duration = Duration::from_secs(3600);
/// First wait before another bring-up: capacitors discharge, and a loose plug is not
/// hammered. It doubles with each failure of the hour, up to the longest.
const BACK_OFF: Duration = Duration::from_secs(5);
const BACK_OFF_LONGEST: Duration = Duration::from_secs(60);

/// What health asks for.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Sign {
    /// Nothing.
    Well,
    /// Worth telling.
    Noisy(String),
    /// Worth telling.
    HwErrors(String),
    /// Bring the chain up again.
    Silent(String),
    /// Bring the chain up again.
    Deaf(String),
}

/// Signs of one chain since it began to hash.
#[derive(Debug)]
pub(super) struct Health {
    look: Instant,
    /// Nonces expected since one was last received, and since the last look, a second ago.
    silence: f64,
    expected: f64,
    window: Window,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    damaged: u64,
    damaged_here: u64,
    good: u64,
    hw_errors: u64,
    nonces: u64,
}

/// Running totals of the chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    /// Seen on the link, other chains' on a shared link included.
    pub(super) damaged: u64,
    /// This chain's own: only these can end patience with it.
    pub(super) damaged_here: u64,
    pub(super) good: u64,
    pub(super) hw_errors: u64,
    pub(super) nonces: u64,
}

impl Health {
    pub(super) fn new(now: Instant, totals: Totals) -> Self {
        Health {
            look: now + LOOK_EVERY,
            silence: 0.0,
            expected: 0.0,
            window: Window::begin(now, totals),
        }
    }

    pub(super) fn expect(&mut self, nonces: f64) {
        self.silence += nonces;
        self.expected += nonces;
    }

    pub(super) fn heard(&mut self) {
        self.silence = 0.0;
    }

    pub(super) fn deadline(&self) -> Instant {
        self.look
    }

    pub(super) fn look(&mut self, now: Instant, totals: Totals) -> Sign {
        if now < self.look {
            return Sign::Well;
        }
        self.look = now + LOOK_EVERY;
        let per_s = core::mem::take(&mut self.expected);
        if self.silence >= SILENT_AFTER.max(per_s * SILENT_AFTER_S) {
            return Sign::Silent(format!("expected={:.0} seen=0", self.silence));
        }
        let damaged = totals.damaged - self.window.damaged;
        let here = totals.damaged_here - self.window.damaged_here;
        let good = totals.good - self.window.good;
        if here >= DEAF_FROM && here > good {
            return Sign::Deaf(format!("damaged={here} good={good}"));
        }
        if now.since(self.window.since) < WINDOW {
            return Sign::Well;
        }
        let hw_errors = totals.hw_errors - self.window.hw_errors;
        let nonces = totals.nonces - self.window.nonces;
        self.window = Window::begin(now, totals);
        if damaged >= NOISY_FROM && damaged * 20 > good {
            let whose = if here < damaged {
                " of_all_chains=true"
            } else {
                ""
            };
            return Sign::Noisy(format!("damaged={damaged} good={good} seconds=60{whose}"));
        }
        if hw_errors >= NOISY_FROM && hw_errors * 20 > nonces {
            return Sign::HwErrors(format!("hw_errors={hw_errors} nonces={nonces} seconds=60"));
        }
        Sign::Well
    }
}

impl Window {
    fn begin(now: Instant, totals: Totals) -> Self {
        Window {
            since: now,
            damaged: totals.damaged,
            damaged_here: totals.damaged_here,
            good: totals.good,
            hw_errors: totals.hw_errors,
            nonces: totals.nonces,
        }
    }
}

/// Failures of the last hour.
#[derive(Default, Debug)]
pub(super) struct Failures {
    times: VecDeque<Instant>,
}

impl Failures {
    /// One more failure: how long to wait before another bring-up; `None` if it was one
    /// too many.
    pub(super) fn add(&mut self, now: Instant) -> Option<Duration> {
        while self.times.front().is_some_and(|t| now.since(*t) > HOUR) {
            self.times.pop_front();
        }
        if self.times.len() >= FAILURES_PER_HOUR {
            return None;
        }
        let doublings = self.times.len() as u32;
        self.times.push_back(now);
        Some((BACK_OFF * 2u32.saturating_pow(doublings)).min(BACK_OFF_LONGEST))
    }

    /// The owner starts the chain anew: old failures do not count.
    pub(super) fn forget(&mut self) {
        self.times.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said after a second in which so many nonces were expected, and then none came for
    /// this part of it; and after another second of nothing.
    fn check(per_s: f64, silent_s: f64, first: bool, then: bool) {
        let totals = Totals {
            damaged: 0,
            damaged_here: 0,
            good: 0,
            hw_errors: 0,
            nonces: 0,
        };
        let mut now = Instant::ZERO;
        let mut health = Health::new(now, totals);
        health.expect(per_s * (1.0 - silent_s));
        health.heard();
        health.expect(per_s * silent_s);
        for expected in [first, then] {
            now += LOOK_EVERY;
            let silent = matches!(health.look(now, totals), Sign::Silent(_));
            assert_eq!(silent, expected, "{per_s} {silent_s}");
            health.expect(per_s);
        }
    }

    #[test]
    fn silence_is_more_than_chance_allows_and_longer_than_a_host_is_late() {
        // An S21 Pro's chain at a ticket of 256, and at one of 1.
        check(71.0, 0.1, false, true);
        check(71.0, 0.3, true, true);
        check(18_000.0, 0.005, false, true);
        check(18_000.0, 0.2, false, true);
        check(18_000.0, 0.3, true, true);
        check(0.0, 1.0, false, false);
        check(3.0, 1.0, false, false);
    }

    #[test]
    fn five_failures_an_hour_are_forgiven_with_growing_waits() {
        let mut failures = Failures::default();
        let mut now = Instant::ZERO;
        let waits: Vec<_> = (0..6)
            .map(|_| {
                now += Duration::from_secs(100);
                failures.add(now).map(|d| d.as_secs())
            })
            .collect();
        assert_eq!(
            waits,
            [Some(5), Some(10), Some(20), Some(40), Some(60), None]
        );
        now += HOUR;
        assert!(failures.add(now).is_some(), "an hour later they are old");
    }
}
