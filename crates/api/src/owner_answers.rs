//! What the paths of access answer, as types: the description of the interface is made of them.

use serde::Serialize;

use crate::access::{Change, Kept, Scope, Token};

/// Whose the machine is, and who asks.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Session {
    /// Whether somebody has set its password.
    pub(crate) machine: Ownership,
    /// What its owner calls it.
    pub(crate) name: Option<String>,
    /// A session and its number, a token and its name, the local socket, nobody.
    pub(crate) who: String,
    /// The most that whoever asks may.
    pub(crate) scope: Option<Scope>,
    /// Of a session: to be sent as `X-CSRF-Token` with every change.
    pub(crate) csrf: Option<String>,
    /// Whether whoever asks may see the status.
    pub(crate) reads: bool,
}

/// Whether somebody has set the password.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Ownership {
    /// Nobody has.
    Unclaimed,
    /// Its owner has.
    Claimed,
    /// What is kept of it cannot be read, and nothing is taken over the network.
    Unreadable,
}

/// All tokens.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Tokens {
    pub(crate) tokens: Vec<ShownToken>,
}

/// A token without its text.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Token"))]
pub(crate) struct ShownToken {
    /// Its name.
    name: String,
    /// What it may; each scope holds those before it.
    scope: Scope,
    /// Unix time, seconds; null where the machine had no clock.
    created_s: Option<u64>,
    /// Unix time, seconds; kept over a restart only if a change to access followed.
    last_used_s: Option<u64>,
}

impl From<&Token> for ShownToken {
    fn from(token: &Token) -> Self {
        ShownToken {
            name: token.name.clone(),
            scope: token.scope,
            created_s: token.created_s,
            last_used_s: token.last_used_s,
        }
    }
}

/// A token that was added.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct MadeToken {
    #[serde(flatten)]
    pub(crate) made: ShownToken,
    /// Its text, for `Authorization: Bearer`; not to be had again.
    pub(crate) token: String,
}

/// A token is no more.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Revoked {
    /// Its name.
    pub(crate) revoked: String,
}

/// Settings of access.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AccessSettings {
    /// What the owner calls the machine.
    name: Option<String>,
    /// `status` and `metrics` need no login.
    status_open: bool,
    /// Further names under which it answers; 16 at most.
    hosts: Vec<String>,
}

impl From<&Kept> for AccessSettings {
    fn from(kept: &Kept) -> Self {
        AccessSettings {
            name: kept.name.clone(),
            status_open: kept.status_open,
            hosts: kept.hosts.clone(),
        }
    }
}

impl AccessSettings {
    /// For the list of changes.
    pub(crate) fn words(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Who changed what.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Audit {
    /// Serial number of the newest change; give it as `after` next time.
    pub(crate) last: u64,
    /// Oldest first; the last 256 since the daemon started.
    pub(crate) changes: Vec<Change>,
}
