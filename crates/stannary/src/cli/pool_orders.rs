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
        /// Name of its group; it needs a `[[pool_group]]` of the configuration to have a quota
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
        for line in [
            "pools remove",
            "pools remove -1",
            "pools remove 256",
            "pools add p:1",
        ] {
            check(line, Some("refused"));
        }
    }
}
