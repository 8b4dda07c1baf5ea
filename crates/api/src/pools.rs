//! `POST /api/v1/pools`: changes to the list of pools.
//!
//! What an address means is not known here: whoever started the server reads it, and says what
//! is wrong with it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use telemetry::{
    Code, DEFAULT_GROUP, GroupChange, GroupsWrong, POOL_TEXT_MAX, POOLS_MAX, PoolGroup, Snapshot,
    check_pools,
};

/// What somebody wants of the list of pools. Unknown fields are refused: a misspelt one must
/// not become a default.
#[derive(Clone, PartialEq, Deserialize)]
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
    /// Give groups their quotas, all of these together. Groups that are not there are made, others stay as
    /// they are; what all of them leave of a hundred percent is the default group's.
    SetQuotas {
        /// At least one.
        quotas: Vec<Quota>,
    },
    /// Take a group off the list. No pool may be in it any more, except in the default group, which has
    /// what is left again.
    RemoveGroup {
        /// Its name.
        group: String,
    },
    /// Let a pool stand in for those of another group from now on.
    MoveToGroup {
        /// Its number.
        pool: u8,
        /// The group's name: `default`, or one that has a quota.
        group: String,
    },
}

/// The quota of a group.
#[derive(Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// The group's name, 1 to 64 bytes of printable text.
    pub group: String,
    /// Its share of the hashrate, 0.01 to 100; those of all groups add up to 100 at most.
    pub quota_percent: f64,
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

/// Whether a list of so many pools has room for all that is added: what the engine would refuse later is refused before
/// anything is done.
pub(crate) fn check_room(orders: &[PoolOrder], listed: usize) -> Result<(), PoolRefused> {
    let is_new = |order: &&PoolOrder| matches!(order, PoolOrder::Add { .. });
    let added = orders.iter().filter(is_new).count();
    if added > 0 && listed + added > POOLS_MAX {
        let detail = format!("a list holds {POOLS_MAX} pools: remove one first");
        return refused(Code::PoolOrder, detail);
    }
    Ok(())
}

impl PoolOrder {
    /// Whether it makes sense for the pools and groups of this snapshot.
    pub(crate) fn check(&self, now: &Snapshot) -> Result<(), PoolRefused> {
        self.check_texts()?;
        check_room(std::slice::from_ref(self), now.pools.len())?;
        if let Some(pool) = self.pool()
            && !now.pools.iter().any(|known| known.id == pool)
        {
            return refused(Code::PoolOrder, format!("there is no pool {pool}"));
        }
        let fits = match self {
            PoolOrder::Add { group, .. } => {
                let name = group.as_deref().unwrap_or(DEFAULT_GROUP);
                check_pools(&now.pool_groups, [name])
            }
            PoolOrder::MoveToGroup { group, .. } => check_pools(&now.pool_groups, [group.as_str()]),
            _ => match self.groups() {
                Some(change) => {
                    let pools: Vec<&str> = now.pools.iter().map(|p| p.group.as_str()).collect();
                    change.applied(&now.pool_groups, &pools).map(drop)
                }
                None => Ok(()),
            },
        };
        fits.or_else(|wrong: GroupsWrong| {
            refused(Code::PoolGroup, format!("{wrong}: {}", wrong.remedy()))
        })
    }

    /// Whether the texts of a pool that is to be added can be taken.
    pub(crate) fn check_texts(&self) -> Result<(), PoolRefused> {
        let PoolOrder::Add {
            url,
            user,
            password,
            group,
            ..
        } = self
        else {
            return Ok(());
        };
        let texts = [Some(url), Some(user), password.as_ref(), group.as_ref()];
        let printable =
            |text: &&String| text.len() <= POOL_TEXT_MAX && !text.chars().any(char::is_control);
        if user.is_empty() || !texts.iter().flatten().all(printable) {
            let detail = format!("texts have 1 to {POOL_TEXT_MAX} bytes of printable text");
            return refused(Code::ApiRequest, detail);
        }
        Ok(())
    }

    /// The change to groups that it is, if it is one.
    pub fn groups(&self) -> Option<GroupChange> {
        match self {
            PoolOrder::SetQuotas { quotas } => {
                let quotas = quotas.iter().cloned().map(PoolGroup::from);
                Some(GroupChange::SetQuotas(quotas.collect()))
            }
            PoolOrder::RemoveGroup { group } => Some(GroupChange::Remove(group.clone())),
            _ => None,
        }
    }

    /// Whether a snapshot shows what it was to do to groups; of other orders nothing is known here.
    pub(crate) fn is_shown(&self, now: &Snapshot) -> bool {
        match self {
            PoolOrder::SetQuotas { quotas } => quotas.iter().all(|quota| {
                let is_so = |group: &PoolGroup| {
                    group.name == quota.group && group.quota_percent == quota.quota_percent
                };
                now.pool_groups.iter().any(is_so)
            }),
            PoolOrder::RemoveGroup { group } => {
                now.pool_groups.iter().all(|known| known.name != *group)
            }
            PoolOrder::MoveToGroup { pool, group } => {
                let mut pools = now.pools.iter();
                pools.any(|known| known.id == *pool && known.group == *group)
            }
            _ => true,
        }
    }

    /// The pool that it names.
    fn pool(&self) -> Option<u8> {
        match self {
            PoolOrder::Add { .. } | PoolOrder::SetQuotas { .. } | PoolOrder::RemoveGroup { .. } => {
                None
            }
            PoolOrder::Remove { pool }
            | PoolOrder::Move { pool, .. }
            | PoolOrder::Enable { pool }
            | PoolOrder::Disable { pool }
            | PoolOrder::MoveToGroup { pool, .. } => Some(*pool),
        }
    }

    /// What it is about, as it is now: a pool, or the groups.
    pub(crate) fn about(&self, now: &Snapshot) -> Option<String> {
        if self.groups().is_some() {
            return Some(json!({ "groups": now.pool_groups }).to_string());
        }
        let id = self.pool()?;
        let place = now.pools.iter().position(|pool| pool.id == id)?;
        let pool = &now.pools[place];
        let url = without_login(&pool.url);
        let mut shown = json!({ "pool": id, "place": place, "state": pool.state, "url": url });
        if matches!(self, PoolOrder::MoveToGroup { .. }) {
            shown["group"] = pool.group.as_str().into();
        }
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
            PoolOrder::SetQuotas { quotas } => {
                let quotas = quotas.iter().map(
                    |quota| json!({ "group": quota.group, "quota_percent": quota.quota_percent }),
                );
                json!({ "order": "set_quotas", "quotas": quotas.collect::<Vec<_>>() })
            }
            PoolOrder::RemoveGroup { group } => json!({ "order": "remove_group", "group": group }),
            PoolOrder::MoveToGroup { pool, group } => {
                json!({ "order": "move_to_group", "pool": pool, "group": group })
            }
        }
    }
}

impl From<Quota> for PoolGroup {
    fn from(quota: Quota) -> Self {
        PoolGroup {
            name: quota.group,
            quota_percent: quota.quota_percent,
        }
    }
}

fn refused(code: Code, detail: String) -> Result<(), PoolRefused> {
    Err(PoolRefused { code, detail })
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

    #[test]
    fn a_list_has_room_for_all_that_is_added_or_for_none() {
        let add = PoolOrder::Add {
            url: "p:1".to_owned(),
            user: "u".to_owned(),
            password: None,
            group: None,
            place: None,
        };
        let check = |pools: usize, orders: &[PoolOrder], fits: bool| {
            assert_eq!(check_room(orders, pools).is_ok(), fits, "{pools}");
        };
        let two = [add.clone(), add.clone()];
        check(POOLS_MAX - 2, &two, true);
        check(POOLS_MAX - 1, &two, false);
        check(POOLS_MAX - 1, &two[..1], true);
        check(POOLS_MAX, &two[..1], false);
        // Those who are too many already may go, or change places.
        check(POOLS_MAX + 1, &[PoolOrder::Remove { pool: 0 }], true);
    }
}
