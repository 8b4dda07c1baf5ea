//! Who may do what, as one value without I/O, clock or chance: the time comes with each call,
//! and every secret is drawn by whoever calls.
//!
//! Terms: a machine is *unclaimed* until its owner sets a password; a *session* is a browser's, a
//! *token* a program's; a *need* is what a path asks for ([`rules::Need`]), and [`rules::decide`] alone
//! says whether it is met.
//!
//! Invariants: no secret is kept, only hashes; every table is bounded; what cannot be read is
//! never taken for permission.

mod audit;
mod backoff;
mod hosts;
mod kept;
mod password;
pub(crate) mod rules;
mod secret;
mod sessions;
mod tokens;

use std::net::IpAddr;

use units::{Duration, Instant};

use crate::legacy::LegacyLogin;
use audit::Audit;
use backoff::Backoff;
use hosts::{HOSTS_MAX, is_host_name, is_label, is_ours};
use rules::{Standing, Who};
use sessions::Sessions;

pub use audit::Change;
pub use kept::Kept;
pub(crate) use password::{NoMemory, PasswordHash, SALT_BYTES, is_acceptable};
pub(crate) use secret::{SECRET_BYTES, as_hex, hex, same};
pub(crate) use sessions::{Begun, LIFE};
pub use tokens::Scope;
pub(crate) use tokens::{NotAdded, Token};

/// What a request shows of who it is of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown<'a> {
    /// The text of a token.
    pub(crate) bearer: Option<&'a str>,
    /// The id in a session's cookie.
    pub(crate) cookie: Option<&'a str>,
}

/// A token was shown that is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct UnknownToken;

/// Everything that decides who may do what.
#[derive(Debug, Default)]
pub(crate) struct Access {
    kept: Kept,
    /// Why what is kept could not be read.
    broken: Option<String>,
    /// What the computer is called, with and without `.local`.
    own_names: Vec<String>,
    /// What it is announced as, the same two.
    announced: Vec<String>,
    sessions: Sessions,
    backoff: Backoff,
    audit: Audit,
}

impl Access {
    /// With what was kept, or why that cannot be read; `host` is what the computer is called.
    pub(crate) fn new(found: Result<Kept, String>, host: Option<&str>) -> Self {
        let (kept, broken) = match found {
            Ok(kept) => (kept, None),
            Err(why) => (Kept::default(), Some(why)),
        };
        let named = host.filter(|name| is_host_name(name));
        Access {
            kept,
            broken,
            own_names: named.map(with_local).into_iter().flatten().collect(),
            ..Access::default()
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        match (&self.broken, &self.kept.password) {
            (Some(_), _) => Standing::Broken,
            (None, None) => Standing::Unclaimed,
            (None, Some(_)) => Standing::Claimed {
                status_open: self.kept.status_open,
            },
        }
    }

    /// Why what is kept cannot be read.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// What is kept.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Something else is kept from now on; it was written before. Uses of tokens meanwhile stay.
    pub(crate) fn keep(&mut self, kept: Kept) {
        let used: Vec<_> = std::mem::replace(&mut self.kept, kept).tokens;
        for token in &mut self.kept.tokens {
            let before = used.iter().find(|before| before.name == token.name);
            token.last_used_s = token.last_used_s.max(before.and_then(|b| b.last_used_s));
        }
        self.broken = None;
    }

    /// What the machine is called.
    pub(crate) fn called(&self) -> Option<&str> {
        let own = self.own_names.first();
        self.kept.name.as_deref().or(own.map(String::as_str))
    }

    /// The machine is announced as this; nothing where that is no name.
    pub(crate) fn announced(&mut self, name: &str) {
        let named = Some(name).filter(|name| is_host_name(name));
        self.announced = named.map(with_local).into_iter().flatten().collect();
    }

    /// Whether a Host header names this machine.
    pub(crate) fn is_our_name(&self, host: &str) -> bool {
        let names = self.names();
        let all = names.iter().chain(&self.announced);
        is_ours(host, all.map(String::as_str))
    }

    /// The names under which it answers beside addresses: what its owner calls it first.
    pub(crate) fn names(&self) -> Vec<String> {
        let named = self.kept.name.as_deref().map(with_local);
        let own = self.own_names.iter().chain(&self.kept.hosts);
        named.into_iter().flatten().chain(own.cloned()).collect()
    }

    /// Whose a request is. A token outranks a cookie: a program that sends one means it.
    pub(crate) fn who(
        &mut self,
        now: Instant,
        unix_s: Option<u64>,
        shown: Shown<'_>,
    ) -> Result<Who, UnknownToken> {
        if let Some(text) = shown.bearer {
            let found = tokens::find(&mut self.kept.tokens, text, unix_s).ok_or(UnknownToken)?;
            return Ok(Who::Token(found.name.clone(), found.scope));
        }
        let found = shown.cookie.and_then(|id| self.sessions.find(now, id));
        Ok(found.map_or(Who::Nobody, Who::Session))
    }

    /// Whether this is the session's token.
    pub(crate) fn is_csrf(&self, session: u64, csrf: &str) -> bool {
        self.sessions.is_csrf(session, csrf)
    }

    /// The session's token, for its own page.
    pub(crate) fn csrf(&self, session: u64) -> Option<String> {
        self.sessions.csrf(session)
    }

    /// A login begins, or has to wait so long.
    pub(crate) fn begin_login(&mut self, now: Instant, from: IpAddr) -> Result<(), Duration> {
        self.backoff.begin(now, from)
    }

    /// The login from there succeeded.
    pub(crate) fn forgive(&mut self, from: IpAddr) {
        self.backoff.forgive(from);
    }

    /// Begin a session with these random secrets.
    pub(crate) fn begin_session(
        &mut self,
        now: Instant,
        id: [u8; SECRET_BYTES],
        csrf: [u8; SECRET_BYTES],
    ) -> Begun {
        self.sessions.begin(now, id, csrf)
    }

    /// End one session.
    pub(crate) fn end_session(&mut self, number: u64) {
        self.sessions.end(number);
    }

    /// End all sessions but this one.
    pub(crate) fn end_other_sessions(&mut self, number: Option<u64>) {
        self.sessions.end_others(number);
    }

    /// Tell a change.
    pub(crate) fn tell(&mut self, change: Change) -> Change {
        self.audit.push(change)
    }

    /// Changes newer than this serial number, and the newest number.
    pub(crate) fn changes_after(&self, serial: u64) -> (Vec<Change>, u64) {
        self.audit.after(serial)
    }
}

/// Changes to what is kept. Each is made to a copy, which is written before it holds.
impl Kept {
    /// Call the machine so.
    pub(crate) fn set_name(&mut self, name: &str) -> Result<(), String> {
        if !is_label(name) {
            return Err("a machine's name has 1 to 63 letters, digits and `-`".to_owned());
        }
        self.name = Some(name.to_owned());
        Ok(())
    }

    /// The login of old clients.
    pub(crate) fn legacy(&self) -> Option<&LegacyLogin> {
        self.legacy.as_ref()
    }

    /// Answer under these names as well.
    pub(crate) fn set_hosts(&mut self, hosts: Vec<String>) -> Result<(), String> {
        if hosts.len() > HOSTS_MAX {
            return Err(format!("at most {HOSTS_MAX} names can be listed"));
        }
        if let Some(bad) = hosts.iter().find(|host| !is_host_name(host)) {
            let shown: String = bad.chars().take(80).collect();
            return Err(format!("`{shown}` is no host name"));
        }
        self.hosts = hosts;
        Ok(())
    }

    /// Add a token; its text.
    pub(crate) fn add_token(
        &mut self,
        name: &str,
        scope: Scope,
        secret: [u8; SECRET_BYTES],
        unix_s: Option<u64>,
    ) -> Result<String, NotAdded> {
        tokens::add(&mut self.tokens, name, scope, secret, unix_s)
    }

    /// Take a token away; false if there is none of this name.
    pub(crate) fn revoke_token(&mut self, name: &str) -> bool {
        let before = self.tokens.len();
        self.tokens.retain(|token| token.name != name);
        self.tokens.len() < before
    }
}

fn with_local(name: &str) -> [String; 2] {
    [name.to_owned(), format!("{name}.local")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed() -> Access {
        let password = PasswordHash::of("correct horse", [7; 16]).expect("memory");
        let kept = Kept {
            password: Some(password),
            ..Kept::default()
        };
        Access::new(Ok(kept), Some("ctrl-1"))
    }

    #[test]
    fn a_machine_is_unclaimed_claimed_or_broken() {
        let open = false;
        assert_eq!(
            Access::new(Ok(Kept::default()), None).standing(),
            Standing::Unclaimed
        );
        assert_eq!(
            claimed().standing(),
            Standing::Claimed { status_open: open }
        );
        let mut broken = Access::new(Err("half a file".into()), None);
        assert_eq!(broken.standing(), Standing::Broken);
        assert_eq!(broken.broken(), Some("half a file"));
        broken.keep(Kept::default());
        assert_eq!(broken.standing(), Standing::Unclaimed);
    }

    #[test]
    fn a_request_is_of_its_token_its_session_or_nobody() {
        let mut access = claimed();
        let mut kept = access.kept().clone();
        let text = kept.add_token("hass", Scope::Read, [1; 32], None);
        let text = text.expect("added");
        access.keep(kept);
        let begun = access.begin_session(Instant::ZERO, [2; 32], [3; 32]);
        let mut who = |bearer, cookie| {
            let shown = Shown { bearer, cookie };
            access.who(Instant::ZERO, Some(77), shown)
        };
        let token = Who::Token("hass".into(), Scope::Read);
        assert_eq!(who(None, None), Ok(Who::Nobody));
        assert_eq!(who(None, Some(&begun.id)), Ok(Who::Session(1)));
        assert_eq!(who(None, Some("nonsense")), Ok(Who::Nobody));
        assert_eq!(who(Some(&text), Some(&begun.id)), Ok(token));
        assert_eq!(who(Some("stn_"), Some(&begun.id)), Err(UnknownToken));
        // A change that was prepared before does not forget the use.
        let mut kept = access.kept().clone();
        kept.tokens[0].last_used_s = None;
        access.keep(kept.clone());
        assert_eq!(access.kept().tokens[0].last_used_s, Some(77));
        assert!(kept.revoke_token("hass") && !kept.revoke_token("hass"));
        access.keep(kept);
        let shown = Shown {
            bearer: Some(&text),
            cookie: None,
        };
        assert_eq!(access.who(Instant::ZERO, None, shown), Err(UnknownToken));
    }

    #[test]
    fn it_answers_under_the_computers_name_its_own_and_those_listed() {
        let mut access = claimed();
        let check = |access: &Access, host: &str, expected| {
            assert_eq!(access.is_our_name(host), expected, "{host}");
        };
        check(&access, "ctrl-1", true);
        check(&access, "ctrl-1.local:80", true);
        check(&access, "rig-7.local", false);
        access.announced("ctrl-1-2");
        check(&access, "ctrl-1-2.local", true);
        access.announced("*");
        check(&access, "ctrl-1-2.local", false);
        let mut kept = access.kept().clone();
        assert_eq!(kept.set_name("rig-7"), Ok(()));
        assert_eq!(kept.set_hosts(vec!["m.farm.example".into()]), Ok(()));
        assert!(kept.set_name("rig 7").is_err() && kept.set_name("a.b").is_err());
        assert!(kept.set_hosts(vec!["*".into()]).is_err());
        assert!(kept.set_hosts(vec!["a".into(); 17]).is_err());
        access.keep(kept);
        check(&access, "rig-7.local", true);
        check(&access, "m.farm.example", true);
        check(&access, "m.farm.example.local", false);
        check(&access, "evil.example", false);
    }
}
