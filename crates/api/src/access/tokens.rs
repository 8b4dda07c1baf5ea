//! Tokens: what programs show instead of a password.

use serde::{Deserialize, Serialize};

use super::hosts::is_label;
use super::secret::{Fingerprint, SECRET_BYTES, hex, unhex};

/// Tokens at a time: a fleet's tools, a few people, and spares.
const TOKENS_MAX: usize = 32;
/// What a token begins with, so that one that was published is found by those who look for such.
const PREFIX: &str = "stn_";

/// What somebody may; each may all that those before it may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look: status, metrics, log.
    Read,
    /// Order what the machine does, and for which pools.
    Operate,
    /// Say who may.
    Admin,
}

impl Scope {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Operate => "operate",
            Scope::Admin => "admin",
        }
    }
}

/// One token, without its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) scope: Scope,
    sha256: Fingerprint,
    /// Unix seconds; unknown where the machine had no clock.
    pub(crate) created_s: Option<u64>,
    pub(crate) last_used_s: Option<u64>,
}

/// Why a token was not added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotAdded {
    Name,
    Taken,
    TooMany,
}

impl NotAdded {
    pub(crate) fn words(self) -> &'static str {
        match self {
            NotAdded::Name => "a token's name has 1 to 63 letters, digits and `-`",
            NotAdded::Taken => "there is a token of this name",
            NotAdded::TooMany => "there are 32 tokens: revoke one first",
        }
    }
}

/// Add a token with this secret. Its text is never to be had again.
pub(crate) fn add(
    tokens: &mut Vec<Token>,
    name: &str,
    scope: Scope,
    secret: [u8; SECRET_BYTES],
    unix_s: Option<u64>,
) -> Result<String, NotAdded> {
    if !is_label(name) {
        return Err(NotAdded::Name);
    }
    if tokens.iter().any(|token| token.name == name) {
        return Err(NotAdded::Taken);
    }
    if tokens.len() >= TOKENS_MAX {
        return Err(NotAdded::TooMany);
    }
    tokens.push(Token {
        name: name.to_owned(),
        scope,
        sha256: Fingerprint::of(&secret),
        created_s: unix_s,
        last_used_s: None,
    });
    Ok(format!("{PREFIX}{}", hex(&secret)))
}

/// The token with this text, which is used now.
pub(crate) fn find<'a>(
    tokens: &'a mut [Token],
    text: &str,
    unix_s: Option<u64>,
) -> Option<&'a Token> {
    let secret: [u8; SECRET_BYTES] = unhex(text.strip_prefix(PREFIX)?)?;
    let wanted = Fingerprint::of(&secret);
    let found = tokens.iter_mut().find(|token| token.sha256 == wanted)?;
    found.last_used_s = unix_s.or(found.last_used_s);
    Some(found)
}

/// Whether a list that was read is one that could have been made here.
pub(crate) fn are_sound(tokens: &[Token]) -> bool {
    let mut names: Vec<_> = tokens.iter().map(|token| &token.name).collect();
    names.sort();
    names.dedup();
    let named = tokens.iter().all(|token| is_label(&token.name));
    named && names.len() == tokens.len() && tokens.len() <= TOKENS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_text_alone_and_says_when() {
        let mut tokens = Vec::new();
        let text = add(&mut tokens, "hass", Scope::Read, [1; 32], Some(5)).expect("added");
        assert_eq!(text, format!("stn_{}", "01".repeat(32)));
        let kept = serde_json::to_string(&tokens).expect("JSON") + &format!("{tokens:?}");
        assert!(!kept.contains(&"01".repeat(32)), "{kept}");
        let found = find(&mut tokens, &text, Some(9)).expect("known").clone();
        assert_eq!((found.scope, found.last_used_s), (Scope::Read, Some(9)));
        // A clock that is lost does not make it unused.
        let found = find(&mut tokens, &text, None).expect("known");
        assert_eq!(found.last_used_s, Some(9));
        for other in [
            "",
            "stn_",
            &text[4..],
            &text[..67],
            &text.replace("01", "02"),
        ] {
            assert!(find(&mut tokens, other, None).is_none(), "{other}");
        }
    }

    #[test]
    fn names_are_words_and_used_once() {
        let mut tokens = Vec::new();
        let mut check = |name: &str, expected| {
            let added = add(&mut tokens, name, Scope::Admin, [2; 32], None);
            assert_eq!(added.err(), expected, "{name}");
        };
        check("a-1", None);
        check("a-1", Some(NotAdded::Taken));
        for bad in ["", "a b", "<i>", "ä", "a/b", "-a", &"a".repeat(64)] {
            check(bad, Some(NotAdded::Name));
        }
        for i in 1..TOKENS_MAX {
            check(&format!("t{i}"), None);
        }
        check("one-more", Some(NotAdded::TooMany));
        assert!(are_sound(&tokens));
        tokens[1].name = "a-1".into();
        assert!(!are_sound(&tokens));
    }

    #[test]
    fn a_scope_holds_those_before_it() {
        assert!(Scope::Read < Scope::Operate && Scope::Operate < Scope::Admin);
    }
}
