//! `stannary pools`: what the pools do, and changes to their list.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Secret;
use super::client::{AskError, Daemon};
use super::operator::Output;

/// `pools`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct PoolsArgs {
    #[command(flatten)]
    pub(super) output: Output,
    #[command(subcommand)]
    pub(super) change: Option<PoolChange>,
}

/// A change to the list of pools: at once, and in the configuration file.
#[derive(Subcommand, Debug)]
pub(crate) enum PoolChange {
    /// Add a pool, as the last or at a place
    Add {
        /// As in the configuration: `stratum+tcp://host:port`, or `node+http://user:password@host:port`
        url: Secret,
        /// Login; for one's own node the address that blocks pay
        user: String,
        /// Password; pools read settings from it
        #[arg(long, default_value = "x")]
        password: Secret,
        /// Name of its group, which has a quota: `pools group set` gives it one
        #[arg(long)]
        group: Option<String>,
        /// Place in the order of preference, the best is 0
        #[arg(long)]
        place: Option<u8>,
    },
    /// Leave a pool and forget it
    Remove {
        /// Its number, as `stannary pools` shows it
        pool: u8,
    },
    /// Give a pool another place in the order of preference
    Move {
        /// Its number, as `stannary pools` shows it
        pool: u8,
        /// The best is 0
        place: u8,
    },
    /// Use a pool again
    Enable {
        /// Its number, as `stannary pools` shows it
        pool: u8,
    },
    /// Leave a pool alone and keep it in the list
    Disable {
        /// Its number, as `stannary pools` shows it
        pool: u8,
    },
    /// Groups of pools: who has how much of the hashrate
    Group {
        #[command(subcommand)]
        change: GroupOrder,
    },
}

/// A change to the groups of pools.
#[derive(Subcommand, Debug)]
pub(crate) enum GroupOrder {
    /// Give groups their quotas, all of these together; new ones are made
    Set {
        /// `NAME=PERCENT`, 0.01 to 100; what all groups leave of 100 is the group `default`'s
        #[arg(required = true, value_parser = quota, value_name = "NAME=PERCENT")]
        quotas: Vec<(String, f64)>,
    },
    /// Take a group that has no pool off the list
    Remove {
        /// Its name
        group: String,
    },
    /// Let a pool stand in for those of another group
    Move {
        /// Its number, as `stannary pools` shows it
        pool: u8,
        /// The group's name; `default` is that of pools that name none
        group: String,
    },
}

/// The last `=` parts them: a name may have one.
fn quota(text: &str) -> Result<(String, f64), String> {
    let (name, percent) = text.rsplit_once('=').ok_or("write it as `NAME=PERCENT`")?;
    let percent = percent.strip_suffix('%').unwrap_or(percent);
    let percent: f64 = percent
        .parse()
        .map_err(|_| format!("`{percent}` is no number of percent"))?;
    // JSON has no other numbers.
    if name.is_empty() || !percent.is_finite() {
        return Err("write it as `NAME=PERCENT`".to_owned());
    }
    Ok((name.to_owned(), percent))
}

impl GroupOrder {
    fn order(&self) -> Value {
        match self {
            GroupOrder::Set { quotas } => {
                let quota = |(name, percent): &(String, f64)| json!({ "group": name, "quota_percent": percent });
                let quotas: Vec<Value> = quotas.iter().map(quota).collect();
                json!({ "order": "set_quotas", "quotas": quotas })
            }
            GroupOrder::Remove { group } => json!({ "order": "remove_group", "group": group }),
            GroupOrder::Move { pool, group } => {
                json!({ "order": "move_to_group", "pool": pool, "group": group })
            }
        }
    }
}

impl PoolChange {
    /// The order as the daemon takes it. What was not said is left out.
    fn order(&self) -> Value {
        match self {
            PoolChange::Add {
                url,
                user,
                password,
                group,
                place,
            } => json!({
                "order": "add", "url": url.expose(), "user": user, "password": password.expose(),
                "group": group, "place": place,
            }),
            PoolChange::Remove { pool } => json!({ "order": "remove", "pool": pool }),
            PoolChange::Move { pool, place } => {
                json!({ "order": "move", "pool": pool, "place": place })
            }
            PoolChange::Enable { pool } => json!({ "order": "enable", "pool": pool }),
            PoolChange::Disable { pool } => json!({ "order": "disable", "pool": pool }),
            PoolChange::Group { change } => change.order(),
        }
    }

    /// Give it. What the daemon took.
    pub(super) fn give(&self, daemon: &Daemon) -> Result<Value, AskError> {
        daemon.post("/api/v1/pools", &self.order())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::operator::Operator;
    use super::super::{Cli, Command};

    /// The order that a command line becomes; `None` where it only looks or is refused.
    fn check(line: &str, expected: Option<&str>) {
        let words = std::iter::once("stannary").chain(line.split(' '));
        let order = match Cli::try_parse_from(words).map(|cli| cli.command) {
            Ok(Command::Operator(Operator::Pools(args))) => {
                args.change.map(|change| change.order().to_string())
            }
            _ => Some("refused".to_owned()),
        };
        assert_eq!(order.as_deref(), expected, "{line}");
    }

    #[test]
    fn command_lines_become_orders_about_pools() {
        check("pools", None);
        check("pools --json", None);
        check(
            "pools add p:1 me.rig",
            Some(
                r#"{"group":null,"order":"add","password":"x","place":null,"url":"p:1","user":"me.rig"}"#,
            ),
        );
        check(
            "pools add p:1 me --password d=5 --group mine --place 0",
            Some(
                r#"{"group":"mine","order":"add","password":"d=5","place":0,"url":"p:1","user":"me"}"#,
            ),
        );
        check("pools remove 3", Some(r#"{"order":"remove","pool":3}"#));
        check(
            "pools move 3 0",
            Some(r#"{"order":"move","place":0,"pool":3}"#),
        );
        check("pools enable 3", Some(r#"{"order":"enable","pool":3}"#));
        check("pools disable 3", Some(r#"{"order":"disable","pool":3}"#));
        check(
            "pools group set mine=70 a=b=12.5%",
            Some(
                r#"{"order":"set_quotas","quotas":[{"group":"mine","quota_percent":70.0},{"group":"a=b","quota_percent":12.5}]}"#,
            ),
        );
        check(
            "pools group remove mine",
            Some(r#"{"group":"mine","order":"remove_group"}"#),
        );
        check(
            "pools group move 3 default",
            Some(r#"{"group":"default","order":"move_to_group","pool":3}"#),
        );
        for line in [
            "pools group",
            "pools group set",
            "pools group set mine",
            "pools group set mine=x",
            "pools group set mine=inf",
            "pools group set =5",
            "pools group move mine",
            "pools remove",
            "pools remove -1",
            "pools remove 256",
            "pools add p:1",
        ] {
            check(line, Some("refused"));
        }
    }
}
