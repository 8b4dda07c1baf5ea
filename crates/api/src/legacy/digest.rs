//! HTTP digest access (RFC 7616, MD5, `qop=auth`): the login that old clients know.
//!
//! A challenge costs no memory: its nonce carries its number and time under a keyed hash. Only a
//! nonce that was answered rightly is remembered, with the counts that were used of it; when more
//! are remembered than there is room for, the oldest is forgotten and with it every one before, so
//! that nothing is taken twice.

use std::fmt;

use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::access::{hex, same};

/// What clients tell an Antminer by.
pub(super) const REALM: &str = "antMiner Configuration";
/// A nonce is good for this long; then the client is asked again, which it does not notice.
const LIFETIME_MS: u64 = 5 * 60 * 1000;
/// Answered nonces that are remembered: as many as clients that come within five minutes.
const REMEMBERED: usize = 64;
/// Longest header that is read.
const HEADER_MAX: usize = 2048;

/// A login for old clients: of their own, and not a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    user: String,
    secret: [u8; 16],
}

impl Credential {
    /// With these words. A quotation mark or a colon in the user cannot be sent by clients.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        let user = user.into();
        let secret = Md5::digest(format!("{user}:{REALM}:{}", password.into())).into();
        Credential { user, secret }
    }

    /// With what is kept of a password: this digest stands in for it at this machine alone.
    pub(crate) fn of_secret(user: &str, secret: [u8; 16]) -> Self {
        let user = user.to_owned();
        Credential { user, secret }
    }

    pub(crate) fn secret(&self) -> [u8; 16] {
        self.secret
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// Nonces that were given and used.
pub(super) struct Nonces {
    key: [u8; 32],
    next: u64,
    used: Vec<Used>,
    /// Nothing up to this number is taken unless it is remembered.
    forgotten: u64,
}

/// Which counts of a nonce were used.
struct Used {
    number: u64,
    highest: u32,
    /// Bit `n`: `highest - n` was used.
    window: u64,
}

/// What is asked for, and with what answer.
pub(super) struct Attempt<'a> {
    pub(super) method: &'a str,
    /// Path and query, as they were sent.
    pub(super) target: &'a str,
    /// The whole `Authorization` header.
    pub(super) header: &'a str,
}

impl Nonces {
    /// With a key that nobody else knows.
    pub(super) fn new(key: [u8; 32]) -> Self {
        Nonces {
            key,
            next: 1,
            used: Vec::new(),
            forgotten: 0,
        }
    }

    /// The value of `WWW-Authenticate`.
    pub(super) fn challenge(&mut self, now_ms: u64) -> String {
        let number = self.next;
        self.next += 1;
        let nonce = self.nonce(number, now_ms);
        format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", qop=\"auth\"")
    }

    /// True for the right answer to a challenge of ours that is not too old, once.
    pub(super) fn admits(&mut self, now_ms: u64, who: &Credential, attempt: &Attempt<'_>) -> bool {
        let Some(answer) = Answer::read(attempt.header) else {
            return false;
        };
        let Some(number) = self.number_of(&answer.nonce, now_ms) else {
            return false;
        };
        let right = answer.user == who.user
            && answer.realm == REALM
            && answer.uri == attempt.target
            && same_text(&answer.expected(who, attempt.method), &answer.response);
        right && self.use_up(number, answer.count)
    }

    fn nonce(&self, number: u64, issued_ms: u64) -> String {
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.extend(issued_ms.to_be_bytes());
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(&bytes);
        bytes.extend(&hash.finalize()[..16]);
        hex(&bytes)
    }

    /// The number of a nonce of ours that is young enough.
    fn number_of(&self, nonce: &str, now_ms: u64) -> Option<u64> {
        let number = u64::from_str_radix(nonce.get(..16)?, 16).ok()?;
        let issued = u64::from_str_radix(nonce.get(16..32)?, 16).ok()?;
        let ours = same_text(&self.nonce(number, issued), nonce);
        let young = now_ms
            .checked_sub(issued)
            .is_some_and(|age| age < LIFETIME_MS);
        (ours && young).then_some(number)
    }

    /// True if this count of this nonce was not used yet. Clients send several requests at once,
    /// which may overtake each other.
    fn use_up(&mut self, number: u64, count: u32) -> bool {
        if let Some(used) = self.used.iter_mut().find(|used| used.number == number) {
            return used.take(count);
        }
        if number <= self.forgotten {
            return false;
        }
        if self.used.len() >= REMEMBERED {
            let oldest = self.used.iter().map(|used| used.number).min();
            let oldest = oldest.unwrap_or(0);
            if number < oldest {
                return false;
            }
            self.forgotten = oldest;
            self.used.retain(|used| used.number > oldest);
        }
        self.used.push(Used {
            number,
            highest: count,
            window: 1,
        });
        true
    }
}

impl Used {
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.window = self.window.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let bit = 1_u64.checked_shl(self.highest - count).unwrap_or(0);
        let fresh = bit != 0 && self.window & bit == 0;
        self.window |= bit;
        fresh
    }
}

/// What an `Authorization` header says.
struct Answer {
    user: String,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    cnonce: String,
    /// As it was sent: it is part of what is hashed.
    count_text: String,
    count: u32,
}

impl Answer {
    fn read(header: &str) -> Option<Answer> {
        let (scheme, rest) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") || header.len() > HEADER_MAX {
            return None;
        }
        let fields = fields(rest)?;
        let text = |name: &str| {
            let mut known = fields.iter();
            known
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        };
        let plain =
            |name, expected: &str| text(name).is_none_or(|v| v.eq_ignore_ascii_case(expected));
        let count_text = text("nc").filter(|nc| nc.len() == 8)?;
        let count = u32::from_str_radix(&count_text, 16).ok()?;
        let auth = text("qop")?.eq_ignore_ascii_case("auth");
        (auth && plain("algorithm", "MD5")).then_some(())?;
        Some(Answer {
            user: text("username")?,
            realm: text("realm")?,
            nonce: text("nonce")?,
            uri: text("uri")?,
            response: text("response")?,
            cnonce: text("cnonce")?,
            count_text,
            count,
        })
    }

    fn expected(&self, who: &Credential, method: &str) -> String {
        let secret = hex(&who.secret);
        let asked = md5(&format!("{method}:{}", self.uri));
        let (nonce, count, cnonce) = (&self.nonce, &self.count_text, &self.cnonce);
        md5(&format!("{secret}:{nonce}:{count}:{cnonce}:auth:{asked}"))
    }
}

/// `name=value` and `name="value"`, between commas. Names become lower case.
fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        let after = after.trim_start();
        let value;
        (value, rest) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        found.push((name, value));
        rest = rest.trim_start();
        rest = match rest.is_empty() {
            true => rest,
            false => rest.strip_prefix(',')?.trim_start(),
        };
    }
    Some(found)
}

/// A text up to its quotation mark, and what follows.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

fn same_text(a: &str, b: &str) -> bool {
    same(a.as_bytes(), b.as_bytes())
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
