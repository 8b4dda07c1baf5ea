//! The end of a run: hashing again when the cause is gone, and never in between for long.

use units::{Duration, Instant};

use super::mutant::mutate;

/// Hashing again this long after the cause is gone, for a board that was stopped three times at
/// most: the longest wait is 240 s, to which come the ramp of a minute, the bring-up, a supply's
/// rest and the time until its heat is gone.
pub const BACK_WITHIN: Duration = Duration::from_secs(240 + 60 + 120);
/// Every board has hashed for so long: longer than any sensor may be silent, or lie unseen.
pub const STEADY: Duration = Duration::from_secs(20);
/// Neither hashing nor off for this long is "in between".
pub const BETWEEN: Duration = Duration::from_secs(150);

/// Waits for all boards to hash again.
pub(crate) struct Return {
    /// The cause went then.
    gone: Instant,
    since: Option<Instant>,
}

/// What a look at it shows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Back {
    NotYet,
    /// Since so many seconds after the cause went.
    Hashes(f64),
    Late,
}

impl Return {
    pub(crate) fn new(gone: Instant) -> Self {
        Return { gone, since: None }
    }

    /// `hashes`: every board does.
    pub(crate) fn look(&mut self, now: Instant, hashes: bool) -> Back {
        self.since = hashes.then(|| self.since.unwrap_or(now));
        let within = mutate!(ReturnDoubled, BACK_WITHIN, BACK_WITHIN * 2);
        let steady = mutate!(SteadyForgotten, STEADY, Duration::ZERO);
        match self.since {
            Some(since) if now.since(since) >= steady => {
                Back::Hashes(since.since(self.gone).as_secs_f64())
            }
            Some(_) => Back::NotYet,
            None if mutate!(ReturnIgnored, now >= self.gone + within, false) => Back::Late,
            None => Back::NotYet,
        }
    }
}

/// Gives what is on its way time to arrive.
pub(crate) struct Settling {
    end: Instant,
}

impl Settling {
    pub(crate) fn new(now: Instant) -> Self {
        let within = mutate!(BetweenDoubled, BETWEEN, BETWEEN * 2);
        Settling { end: now + within }
    }

    /// By board: it has hash power, and its chain hashes. `hashing`: the miner says so of the
    /// machine. `Some(true)` is settled, `Some(false)` stays in between.
    pub(crate) fn look(
        &self,
        now: Instant,
        boards: &[(bool, bool)],
        hashing: bool,
    ) -> Option<bool> {
        let agree = |(on, up): &(bool, bool)| on == up;
        let all = mutate!(
            OneBoardIsEnough,
            boards.iter().all(agree),
            boards.iter().any(agree)
        );
        let any = boards.iter().any(|(on, _)| *on);
        if all && any == hashing {
            return Some(true);
        }
        mutate!(BetweenIgnored, now >= self.end, false).then_some(false)
    }
}
