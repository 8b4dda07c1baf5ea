//! Which pool of a group gives work, and which are spoken to: a pure decision.

use units::{Duration, Instant};

/// Without a working session for so long, the next pool is started. Longer than a usual
/// reconnection takes (1 s), and short enough that work is back before power begins to fall
/// (10 s, `docs/decisions/0018-without-a-pool.md`).
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A better pool must have worked for so long without a break before work returns to it; twice
/// and four times as long after failures in use. With the longest back-off of a client (30 s)
/// even the longest keeps the return below five minutes.
const HYSTERESIS: Duration = Duration::from_secs(60);
const HYSTERESIS_DOUBLINGS: u32 = 2;

/// One pool of a group, as far as the decision sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    /// It was told to connect.
    pub(super) started: bool,
    /// Since when it has had a session with a job.
    pub(super) works_since: Option<Instant>,
    /// Its session has lost its connection and may be taken up again: better than nothing.
    pub(super) held: bool,
    /// How often it failed while in use.
    pub(super) falls: u32,
}

/// What is to be done with a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Choice {
    /// The place of the pool that gives work.
    pub(super) current: Option<usize>,
    /// Pools before this place are spoken to; those from here on are not needed.
    pub(super) needed: usize,
    /// When to look again though nothing happens.
    pub(super) again: Option<Instant>,
}

/// Decide for one group. `pools` are its enabled pools in order of preference, `current` is the
/// place of the one that gave work until now, if it is still one of them, and `waiting_since`
/// is when the group lost its last working session or started its last pool.
pub(super) fn choose(
    now: Instant,
    pools: &[Seen],
    current: Option<usize>,
    waiting_since: Instant,
) -> Choice {
    let works = |place: usize| pools.get(place).and_then(|pool| pool.works_since);
    if let Some(current) = current.filter(|place| works(*place).is_some()) {
        let proven = |place: &usize| works(*place).map(|since| since + proof(&pools[*place]));
        if let Some(better) = (0..current).find(|place| proven(place).is_some_and(|at| at <= now)) {
            return Choice {
                current: Some(better),
                needed: better + 1,
                again: (0..better).filter_map(|place| proven(&place)).min(),
            };
        }
        return Choice {
            current: Some(current),
            needed: current + 1,
            again: (0..current).filter_map(|place| proven(&place)).min(),
        };
    }
    if let Some(standing) = (0..pools.len()).find(|place| works(*place).is_some()) {
        return Choice {
            current: Some(standing),
            needed: standing + 1,
            again: None,
        };
    }
    let started = pools.iter().take_while(|pool| pool.started).count();
    let due = waiting_since + PATIENCE;
    let next = usize::from(started == 0 || due <= now);
    let needed = (started + next).min(pools.len());
    Choice {
        current: current.filter(|place| pools.get(*place).is_some_and(|pool| pool.held)),
        needed,
        again: match needed {
            _ if started == pools.len() => None,
            _ if next == 1 => Some(now + PATIENCE),
            _ => Some(due),
        },
    }
}

/// How long a pool must have worked before work returns to it.
pub(super) fn proof(pool: &Seen) -> Duration {
    let doublings = pool.falls.saturating_sub(1).min(HYSTERESIS_DOUBLINGS);
    HYSTERESIS.saturating_mul(1 << doublings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    const OFF: Seen = Seen {
        started: false,
        works_since: None,
        held: false,
        falls: 0,
    };
    const ASKED: Seen = Seen {
        started: true,
        ..OFF
    };

    fn works(since: u64) -> Seen {
        Seen {
            works_since: Some(s(since)),
            ..ASKED
        }
    }

    /// At second 1000; the answer as current, needed, and seconds until the next look.
    fn check(
        pools: &[Seen],
        current: Option<usize>,
        waiting_since: u64,
        expected: (Option<usize>, usize, Option<u64>),
    ) {
        let now = s(1000);
        let choice = choose(now, pools, current, s(waiting_since));
        let again = choice.again.map(|at| at.since(now).as_secs());
        assert_eq!(
            (choice.current, choice.needed, again),
            expected,
            "{pools:?}"
        );
    }

    #[test]
    fn pools_are_started_one_after_the_other() {
        check(&[], None, 0, (None, 0, None));
        check(&[OFF, OFF, OFF], None, 1000, (None, 1, Some(5)));
        check(&[ASKED, OFF, OFF], None, 997, (None, 1, Some(2)));
        check(&[ASKED, OFF, OFF], None, 995, (None, 2, Some(5)));
        check(&[ASKED, ASKED, OFF], None, 0, (None, 3, Some(5)));
        check(&[ASKED, ASKED, ASKED], None, 0, (None, 3, None));
    }

    #[test]
    fn the_best_session_that_stands_takes_over_at_once() {
        check(
            &[ASKED, ASKED, works(999)],
            Some(0),
            1000,
            (Some(2), 3, None),
        );
        check(
            &[ASKED, works(990), works(0)],
            Some(0),
            1000,
            (Some(1), 2, None),
        );
        check(&[works(1000), ASKED], None, 0, (Some(0), 1, None));
    }

    #[test]
    fn a_session_that_is_held_gives_work_until_another_stands() {
        let held = Seen {
            held: true,
            ..ASKED
        };
        check(&[held, OFF], Some(0), 998, (Some(0), 1, Some(3)));
        check(&[held, OFF], Some(0), 995, (Some(0), 2, Some(5)));
        check(&[held, works(999)], Some(0), 990, (Some(1), 2, None));
        // Nobody goes back to it before it has a connection again.
        check(&[held, ASKED], Some(1), 1000, (None, 2, None));
    }

    #[test]
    fn work_returns_once_the_better_pool_has_proved_itself() {
        check(&[works(941), works(0)], Some(1), 0, (Some(1), 2, Some(1)));
        check(&[works(940), works(0)], Some(1), 0, (Some(0), 1, None));
        // To a better one that is not the best, while the best is on probation.
        let three = [works(990), works(500), works(0)];
        check(&three, Some(2), 0, (Some(1), 2, Some(50)));
        // What is below stays below.
        check(&[works(999), works(0)], Some(0), 0, (Some(0), 1, None));
        // A pool that is asked again and again is no reason to look.
        check(&[ASKED, works(0)], Some(1), 0, (Some(1), 2, None));
    }

    #[test]
    fn a_pool_that_fails_in_use_must_prove_itself_longer_and_never_too_long() {
        let check = |falls: u32, seconds: u64| {
            let pool = Seen { falls, ..works(0) };
            assert_eq!(proof(&pool).as_secs(), seconds, "{falls}");
        };
        check(0, 60);
        check(1, 60);
        check(2, 120);
        check(3, 240);
        check(u32::MAX, 240);
        let longest = proof(&Seen {
            falls: u32::MAX,
            ..ASKED
        });
        let back = longest + crate::limits::BACKOFF_MAX + Duration::from_secs(15);
        assert!(back <= Duration::from_secs(300), "{back:?}");
    }
}
