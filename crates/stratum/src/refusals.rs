//! Why shares are refused, in classes that point at a cause.

/// A class of refusals, stale ones aside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Other,
    Duplicate,
    LowDifficulty,
    User,
    NotSubscribed,
    Version,
    Time,
}

impl Kind {
    /// In the order of their numbers.
    pub(crate) const ALL: [Kind; 7] = [
        Kind::Other,
        Kind::Duplicate,
        Kind::LowDifficulty,
        Kind::User,
        Kind::NotSubscribed,
        Kind::Version,
        Kind::Time,
    ];

    /// The class of a refusal. Stratum V1 has no codes for a wrong version or time: pools say
    /// these in words, beside 20 or 23. Otherwise a code with a meaning of its own wins. V2
    /// has words alone (`difficulty-too-low`, `duplicate-share`).
    pub(crate) fn of(code: i64, reason: &str) -> Kind {
        let words = reason.to_ascii_lowercase();
        let says = |list: &[&str]| list.iter().any(|word| words.contains(word));
        if says(&["version"]) {
            return Kind::Version;
        }
        if says(&["ntime", "time-too", "time too", "timestamp"]) {
            return Kind::Time;
        }
        match code {
            22 => Kind::Duplicate,
            23 => Kind::LowDifficulty,
            24 => Kind::User,
            25 => Kind::NotSubscribed,
            _ if says(&["duplicate"]) => Kind::Duplicate,
            _ if says(&["difficulty", "above target", "high-hash", "h-not-zero"]) => {
                Kind::LowDifficulty
            }
            _ if says(&["worker", "user", "unauthorized", "unauthorised"]) => Kind::User,
            _ if says(&["not subscribed", "not-subscribed"]) => Kind::NotSubscribed,
            _ => Kind::Other,
        }
    }

    /// What a run of them most likely means, for a person.
    pub(crate) const fn likely_cause(self) -> &'static str {
        match self {
            Kind::Other => "only the pool's words tell",
            Kind::Duplicate => {
                "the pool had these shares before: a proxy gave two machines the same extranonce"
            }
            Kind::LowDifficulty => {
                "the pool computes another hash than we do, or checks another difficulty than it \
                 set: it may not mine SHA-256d, or a proxy changes its jobs; at a twin's own pool \
                 look at `difficulty_one`"
            }
            Kind::User => "the pool does not know this user: check the pool's `user`",
            Kind::NotSubscribed => "the pool forgot our session: it may spread connections badly",
            Kind::Version => {
                "wrong version bits: the pool, or a proxy before it, does not grant the mask that \
                 it said"
            }
            Kind::Time => {
                "wrong time in the header: the clock of the pool or its node is off, since ours \
                 is not used"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_classed_as_they_were_seen() {
        let check = |code: i64, reason: &str, expected: Kind| {
            assert_eq!(Kind::of(code, reason), expected, "{code} {reason}");
        };
        check(23, "Difficulty too low", Kind::LowDifficulty);
        check(23, "Above target", Kind::LowDifficulty);
        check(23, "H-not-zero", Kind::LowDifficulty);
        check(23, "bad-version", Kind::Version);
        check(20, "Invalid version mask", Kind::Version);
        check(20, "Ntime out of range", Kind::Time);
        check(20, "Worker mismatch", Kind::User);
        check(22, "Duplicate share", Kind::Duplicate);
        check(0, "Duplicate", Kind::Duplicate);
        check(24, "Unauthorized worker", Kind::User);
        check(25, "Not subscribed", Kind::NotSubscribed);
        check(20, "Other/Unknown", Kind::Other);
        check(0, "no reason given", Kind::Other);
        // V2's words.
        check(0, "difficulty-too-low", Kind::LowDifficulty);
        check(0, "duplicate-share", Kind::Duplicate);
    }

    #[test]
    fn numbers_follow_the_list() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert!(!kind.likely_cause().is_empty());
        }
    }
}
