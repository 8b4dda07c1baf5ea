//! What the writing commands do. Whoever comes here has the owner's permission.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use telemetry::{Pool, Snapshot};

use super::super::{Restart, Shared, not_shown};
use super::reply::Reply;
use super::request::parts;
use crate::pools::PoolOrder;
use crate::shown::Expected;

/// Do it, and say what came of it.
pub(super) async fn carry_out(
    shared: &Shared,
    from: SocketAddr,
    command: &str,
    parameter: Option<&str>,
    s: &Snapshot,
) -> Reply {
    let at = Write { shared, from, s };
    match command {
        "privileged" => Reply::done(46, "Privileged access OK"),
        "restart" => at.restart(),
        "addpool" => at.add(parameter).await,
        "poolpriority" => at.rank(parameter).await,
        _ => match at.pool(parameter) {
            Ok(pool) => at.change(command, pool).await,
            Err(refusal) => refusal,
        },
    }
}

struct Write<'a> {
    shared: &'a Shared,
    from: SocketAddr,
    s: &'a Snapshot,
}

impl<'a> Write<'a> {
    fn told(&self, what: String) {
        self.shared.tell(Some(self.from.ip()), "socket", &what);
    }

    fn restart(&self) -> Reply {
        if !(self.shared.legacy.restart)(Restart::Miner) {
            return Reply::refused(45, "Access denied to 'restart' command");
        }
        self.told("restart".to_owned());
        Reply::Word("RESTART")
    }

    /// The pool that is meant.
    fn pool(&self, parameter: Option<&str>) -> Result<&'a Pool, Reply> {
        let Some(text) = parameter else {
            return Err(Reply::refused(25, "Missing pool id parameter"));
        };
        let pools = &self.s.pools;
        let id = text.trim().parse::<u8>().ok();
        let known = pools.iter().find(|pool| Some(pool.id) == id);
        known.ok_or_else(|| {
            let shown: String = text.chars().take(20).collect();
            let last = pools.iter().map(|pool| pool.id).max().unwrap_or(0);
            let said = format!("Invalid pool id {shown} - range is 0 - {last}");
            Reply::refused(26, said)
        })
    }

    async fn change(&self, command: &str, pool: &Pool) -> Reply {
        let id = pool.id;
        let shown = format!("{id}:'{}'", pool.url);
        let usable = self.s.pools.iter().filter(|pool| pool.enabled).count();
        let reply = match command {
            "switchpool" => Reply::done(27, format!("Switching to pool {shown}")),
            "enablepool" if pool.enabled => {
                return Reply::new('I', 49, format!("Pool {shown} already enabled"));
            }
            "enablepool" => Reply::done(47, format!("Enabling pool {shown}")),
            "disablepool" if !pool.enabled => {
                return Reply::new('I', 50, format!("Pool {shown} already disabled"));
            }
            "disablepool" if usable <= 1 => {
                return Reply::refused(51, format!("Cannot disable last active pool {shown}"));
            }
            "disablepool" => Reply::done(48, format!("Disabling pool {shown}")),
            _ if self.s.pools.len() <= 1 => {
                return Reply::refused(66, format!("Cannot remove last pool {shown}"));
            }
            _ if pool.active => {
                return Reply::refused(67, format!("Cannot remove active pool {shown}"));
            }
            _ => Reply::done(68, format!("Removed pool {shown}")),
        };
        let orders = match command {
            "switchpool" => {
                let first = PoolOrder::Move { pool: id, place: 0 };
                vec![PoolOrder::Enable { pool: id }, first]
            }
            "enablepool" => vec![PoolOrder::Enable { pool: id }],
            "disablepool" => vec![PoolOrder::Disable { pool: id }],
            _ => vec![PoolOrder::Remove { pool: id }],
        };
        self.give_and_see(orders, reply).await
    }

    /// The named pools first, in this order.
    async fn rank(&self, parameter: Option<&str>) -> Reply {
        let mut orders = Vec::new();
        let mut seen = BTreeSet::new();
        let named = parameter.map(parts).unwrap_or_default();
        if named.is_empty() {
            return Reply::refused(25, "Missing pool id parameter");
        }
        for (place, text) in (0u8..).zip(&named) {
            let pool = match self.pool(Some(text)) {
                Ok(pool) => pool.id,
                Err(refusal) => return refusal,
            };
            if !seen.insert(pool) {
                return Reply::refused(74, format!("Duplicate pool specified {pool}"));
            }
            orders.push(PoolOrder::Move { pool, place });
        }
        let reply = Reply::done(73, "Changed pool priorities");
        self.give_and_see(orders, reply).await
    }

    async fn add(&self, parameter: Option<&str>) -> Reply {
        let Some(parameter) = parameter else {
            return Reply::refused(52, "Missing addpool details");
        };
        let [url, user, password] = match <[String; 3]>::try_from(parts(parameter)) {
            Ok(three) => three,
            // What was meant may be a password.
            Err(_) => return Reply::refused(53, "Invalid addpool details: url,user,password"),
        };
        let order = PoolOrder::Add {
            url: url.clone(),
            user,
            password: Some(password).filter(|p| !p.is_empty()),
            group: None,
            place: None,
        };
        if let Err(why) = self.shared.check_pool(self.s, &order) {
            return Reply::refused(53, format!("Invalid addpool details: {why}"));
        }
        let shown = match self.give_all(vec![order]).await {
            Ok(shown) => shown,
            Err(refusal) => return refusal,
        };
        let is_new = |pool: &&Pool| !self.s.pools.iter().any(|known| known.id == pool.id);
        let new = shown.as_ref().and_then(|now| now.pools.iter().find(is_new));
        match new {
            Some(pool) => Reply::done(55, format!("Added pool {}: '{}'", pool.id, pool.url)),
            None => Reply::refused(54, "The pool was not added: see the miner's log"),
        }
    }

    /// This reply, once the orders show.
    async fn give_and_see(&self, orders: Vec<PoolOrder>, reply: Reply) -> Reply {
        match self.give_all(orders).await {
            Ok(Some(_)) => reply,
            Ok(None) => Reply::refused(45, not_shown()),
            Err(refusal) => refusal,
        }
    }

    /// The snapshot that shows them; `None`: none did in time.
    async fn give_all(&self, orders: Vec<PoolOrder>) -> Result<Option<Arc<Snapshot>>, Reply> {
        let expected = Expected::of_pools(self.s, &orders);
        for order in orders {
            let shown = order.shown().to_string();
            let given = self.shared.give_pools(self.s, order);
            given.map_err(|why| Reply::refused(45, why))?;
            self.told(shown);
        }
        Ok(expected.shown(&self.shared.published).await)
    }
}
