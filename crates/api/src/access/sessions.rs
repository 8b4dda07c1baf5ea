//! Sessions of browsers: a random id in a cookie, and a token against requests of other pages.
//!
//! They live in memory alone, so that a login costs no flash, and end with the process.

use units::{Duration, Instant};

use super::secret::{Fingerprint, SECRET_BYTES, hex, same, unhex};

/// Sessions at a time. At the limit the one that was unused for longest ends.
const SESSIONS_MAX: usize = 16;
/// An open page asks each second: who is away for so long has left.
pub(crate) const IDLE: Duration = Duration::from_secs(30 * 60);
/// A stolen cookie is worth nothing after a day.
pub(crate) const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: Vec<Session>,
    /// Numbers are given out once, for the log.
    begun: u64,
}

#[derive(Debug)]
struct Session {
    number: u64,
    id: Fingerprint,
    csrf: [u8; SECRET_BYTES],
    began: Instant,
    used: Instant,
}

/// What a new session's owner is given.
pub(crate) struct Begun {
    pub(crate) number: u64,
    /// For the cookie.
    pub(crate) id: String,
}

impl Sessions {
    /// Begin one with these random secrets.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        id: [u8; SECRET_BYTES],
        csrf: [u8; SECRET_BYTES],
    ) -> Begun {
        self.end_old(now);
        if self.all.len() >= SESSIONS_MAX {
            let oldest = self.all.iter().map(|session| session.used).min();
            let at = self.all.iter().position(|s| Some(s.used) == oldest);
            self.all.remove(at.unwrap_or(0));
        }
        self.begun += 1;
        self.all.push(Session {
            number: self.begun,
            id: Fingerprint::of(&id),
            csrf,
            began: now,
            used: now,
        });
        Begun {
            number: self.begun,
            id: hex(&id),
        }
    }

    /// The number of the session with this id, which is used now.
    pub(crate) fn find(&mut self, now: Instant, id: &str) -> Option<u64> {
        let wanted = Fingerprint::of(&unhex::<SECRET_BYTES>(id)?);
        self.end_old(now);
        let found = self.all.iter_mut().find(|session| session.id == wanted)?;
        found.used = now;
        Some(found.number)
    }

    /// Whether `csrf` is this session's.
    pub(crate) fn is_csrf(&self, number: u64, csrf: &str) -> bool {
        let own = self.csrf(number);
        own.is_some_and(|own| same(own.as_bytes(), csrf.as_bytes()))
    }

    /// The token that its changes must carry.
    pub(crate) fn csrf(&self, number: u64) -> Option<String> {
        let found = self.all.iter().find(|session| session.number == number);
        found.map(|session| hex(&session.csrf))
    }

    /// End one.
    pub(crate) fn end(&mut self, number: u64) {
        self.all.retain(|session| session.number != number);
    }

    /// End all but one.
    pub(crate) fn end_others(&mut self, number: Option<u64>) {
        self.all.retain(|session| Some(session.number) == number);
    }

    fn end_old(&mut self, now: Instant) {
        self.all
            .retain(|s| now.since(s.used) < IDLE && now.since(s.began) < LIFE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(s)
    }

    #[test]
    fn a_session_is_known_by_its_id_until_it_is_left_unused() {
        let mut sessions = Sessions::default();
        let begun = sessions.begin(at(0), [1; 32], [2; 32]);
        for s in [0, 1799, 3598] {
            assert_eq!(sessions.find(at(s), &begun.id), Some(1), "{s}");
        }
        assert_eq!(sessions.find(at(3599), &"02".repeat(32)), None);
        assert_eq!(sessions.find(at(3599), ""), None);
        assert_eq!(sessions.find(at(3598 + 1800), &begun.id), None);
    }

    #[test]
    fn no_use_makes_a_session_last_longer_than_a_day() {
        let mut sessions = Sessions::default();
        let begun = sessions.begin(at(0), [1; 32], [2; 32]);
        for s in (0..86_400).step_by(1000) {
            assert_eq!(sessions.find(at(s), &begun.id), Some(1), "{s}");
        }
        assert_eq!(sessions.find(at(86_400), &begun.id), None);
    }

    #[test]
    fn each_session_has_its_own_token() {
        let mut sessions = Sessions::default();
        let one = sessions.begin(at(0), [1; 32], [2; 32]);
        let two = sessions.begin(at(0), [3; 32], [4; 32]);
        let csrf = |sessions: &Sessions, of: &Begun| sessions.csrf(of.number).unwrap_or_default();
        let (first, second) = (csrf(&sessions, &one), csrf(&sessions, &two));
        assert!(sessions.is_csrf(one.number, &first));
        assert!(!sessions.is_csrf(one.number, &second));
        assert!(!sessions.is_csrf(one.number, ""));
        assert!(!sessions.is_csrf(9, &first));
        sessions.end(one.number);
        assert!(!sessions.is_csrf(one.number, &first) && !sessions.is_csrf(one.number, ""));
        assert!(sessions.is_csrf(two.number, &second));
    }

    #[test]
    fn at_the_limit_the_one_unused_for_longest_ends() {
        let mut sessions = Sessions::default();
        let mut ids = Vec::new();
        for i in 0..16u8 {
            ids.push(sessions.begin(at(u64::from(i)), [i; 32], [i; 32]).id);
        }
        assert_eq!(sessions.find(at(20), &ids[0]), Some(1));
        let last = sessions.begin(at(21), [99; 32], [99; 32]);
        assert_eq!(sessions.all.len(), 16);
        assert_eq!(sessions.find(at(22), &ids[0]), Some(1));
        assert_eq!(sessions.find(at(22), &ids[1]), None);
        sessions.end_others(Some(last.number));
        assert_eq!(sessions.find(at(22), &ids[0]), None);
        assert_eq!(sessions.find(at(22), &last.id), Some(17));
        sessions.end_others(None);
        assert_eq!(sessions.find(at(22), &last.id), None);
    }
}
