//! `POST /api/v1/pools`: changes to the list of pools.
//!
//! What an address means is not known here: whoever started the server reads it, and says what
//! is wrong with it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use telemetry::{Code, Snapshot};

/// What somebody wants of the list of pools. Unknown fields are refused: a misspelt one must
/// not become a default.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    tag = "order",
    deny_unknown_fields,
    expecting = "an object with an `order`"
)]
pub enum PoolOrder {
    /// Add a pool.
    Add {
        /// As in the configuration.
        url: String,
        /// Login.
        user: String,
        /// Password; `x` if it is not there.
        #[serde(default)]
        password: Option<String>,
        /// Name of its group; the default one if it is not there.
        #[serde(default)]
        group: Option<String>,
        /// Place in the order of preference, counted from 0; the last if it is not there.
        #[serde(default)]
        place: Option<u8>,
    },
    /// Leave a pool and forget it.
    Remove {
        /// Its number.
        pool: u8,
    },
    /// Give a pool another place in the order of preference.
    Move {
        /// Its number.
        pool: u8,
        /// Counted from 0; one behind the last is the last.
        place: u8,
    },
    /// Use a pool again.
    Enable {
        /// Its number.
        pool: u8,
    },
    /// Leave a pool alone and keep it in the list.
    Disable {
        /// Its number.
        pool: u8,
    },
}

/// Why an order about pools was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolRefused {
    /// The stable code.
    pub code: Code,
    /// What is wrong.
    pub detail: String,
}

/// Where orders about pools go. Called on the server's thread, so it must not wait.
pub type PoolOrders = Arc<dyn Fn(PoolOrder) -> Result<(), PoolRefused> + Send + Sync>;

/// Longest login, password or name of a group.
const TEXT_MAX: usize = 512;

impl PoolOrder {
    /// Whether it makes sense for the pools of this snapshot.
    pub(crate) fn check(&self, now: &Snapshot) -> Result<(), PoolRefused> {
        let refused = |code, detail: String| Err(PoolRefused { code, detail });
        match self {
            PoolOrder::Add {
                user,
                password,
                group,
                ..
            } => {
                let texts = [Some(user), password.as_ref(), group.as_ref()];
                let long = texts.iter().flatten().any(|text| text.len() > TEXT_MAX);
                if user.is_empty() || long {
                    let detail = format!("texts have 1 to {TEXT_MAX} bytes");
                    return refused(Code::ApiRequest, detail);
                }
                Ok(())
            }
            PoolOrder::Remove { pool }
            | PoolOrder::Move { pool, .. }
            | PoolOrder::Enable { pool }
            | PoolOrder::Disable { pool } => {
                if now.pools.iter().any(|known| known.id == *pool) {
                    return Ok(());
                }
                refused(Code::PoolOrder, format!("there is no pool {pool}"))
            }
        }
    }

    /// The pool that it is about, as it is now.
    pub(crate) fn about(&self, now: &Snapshot) -> Option<String> {
        let id = match self {
            PoolOrder::Add { .. } => return None,
            PoolOrder::Remove { pool }
            | PoolOrder::Move { pool, .. }
            | PoolOrder::Enable { pool }
            | PoolOrder::Disable { pool } => *pool,
        };
        let place = now.pools.iter().position(|pool| pool.id == id)?;
        let pool = &now.pools[place];
        let url = without_login(&pool.url);
        let shown = json!({ "pool": id, "place": place, "state": pool.state, "url": url });
        Some(shown.to_string())
    }

    /// What was taken, without passwords.
    pub(crate) fn shown(&self) -> Value {
        match self {
            PoolOrder::Add {
                url,
                user,
                group,
                place,
                ..
            } => {
                let url = without_login(url);
                json!({ "order": "add", "url": url, "user": user, "group": group, "place": place })
            }
            PoolOrder::Remove { pool } => json!({ "order": "remove", "pool": pool }),
            PoolOrder::Move { pool, place } => {
                json!({ "order": "move", "pool": pool, "place": place })
            }
            PoolOrder::Enable { pool } => json!({ "order": "enable", "pool": pool }),
            PoolOrder::Disable { pool } => json!({ "order": "disable", "pool": pool }),
        }
    }
}

/// An address without what stands before an `@`: one's own node has its login there.
pub(crate) fn without_login(url: &str) -> String {
    let Some((before, place)) = url.rsplit_once('@') else {
        return url.to_owned();
    };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://{place}"),
        None => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_an_address_is_not_repeated() {
        let check = |url: &str, shown: &str| assert_eq!(without_login(url), shown);
        check("stratum+tcp://h:1", "stratum+tcp://h:1");
        check("node+http://u:p@h:1", "node+http://h:1");
        check("node+http://u:p@ss://x@h:1", "node+http://h:1");
        check("u:p@h:1", "h:1");
    }
}
