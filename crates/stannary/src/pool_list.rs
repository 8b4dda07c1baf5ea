//! The list of pools as people change it while the daemon runs: orders from the interfaces
//! become the engine's, and what comes of them is written into the configuration file.
//!
//! Only `[[pool]]` tables are touched. A pool that is there already keeps its table with all
//! comments; the file is replaced in one step, so that it is whole whenever power goes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use api::{PoolOrder, PoolRefused, Tried};
use engine::PoolConfig;
use stratum::node::{Login, Payout};
use stratum::{Address, node};
use telemetry::Code;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};
use units::PoolIndex;

use crate::runtime::{self, Wall};
use crate::{FIRMWARE, file_text};

/// What pools are sent where no password is given.
const NO_PASSWORD: &str = "x";
/// As for the configuration itself.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// At the end a write that hangs is not waited for any longer.
const LAST_WRITE: Duration = Duration::from_secs(1);

/// The engine's order that an interface's order stands for.
pub(crate) fn to_engine(order: PoolOrder) -> Result<engine::PoolOrder, PoolRefused> {
    Ok(match order {
        PoolOrder::Add {
            url,
            user,
            password,
            group,
            place,
        } => {
            let address = Address::parse(&url).map_err(|error| PoolRefused {
                code: error.code(),
                detail: error.to_string(),
            })?;
            let password = password.unwrap_or_else(|| NO_PASSWORD.into());
            if matches!(address, Address::Node(_)) {
                check_node(&user, &password)?;
            }
            let pool = PoolConfig::new(address, user, password);
            let group = group.unwrap_or_else(|| PoolConfig::DEFAULT_GROUP.into());
            engine::PoolOrder::Add {
                pool: Box::new(PoolConfig { group, ..pool }),
                place: place.map(usize::from),
            }
        }
        PoolOrder::Remove { pool } => engine::PoolOrder::Remove(PoolIndex(pool)),
        PoolOrder::Move { pool, place } => engine::PoolOrder::Move {
            pool: PoolIndex(pool),
            place: usize::from(place),
        },
        PoolOrder::Enable { pool } => enable(pool, true),
        PoolOrder::Disable { pool } => enable(pool, false),
    })
}

/// Makes the connection that a pool in this order would have, and says how far it comes.
pub(crate) fn try_pool(order: PoolOrder, wall: &Wall) -> Result<Tried, PoolRefused> {
    match to_engine(order)? {
        engine::PoolOrder::Add { pool, .. } => Ok(runtime::try_pool(
            *pool,
            &format!("stannary/{FIRMWARE}"),
            wall,
        )),
        // Nothing else names a pool that is not known.
        _ => Err(PoolRefused {
            code: Code::ApiRequest,
            detail: "this order adds no pool".to_owned(),
        }),
    }
}

/// What an interface says of one's own node, beyond its address. Its cookie is named in the
/// file alone: whoever may give orders must not have a file of his choice sent to a host of his
/// choice.
fn check_node(user: &str, password: &str) -> Result<(), PoolRefused> {
    if password != NO_PASSWORD {
        let detail = "a node's password stands in its address".to_owned();
        let code = Code::PoolAddress;
        return Err(PoolRefused { code, detail });
    }
    Payout::parse(user).map(drop).map_err(|error| PoolRefused {
        code: Code::NodePayout,
        detail: error.to_string(),
    })
}

fn enable(pool: u8, enabled: bool) -> engine::PoolOrder {
    let pool = PoolIndex(pool);
    engine::PoolOrder::Enable { pool, enabled }
}

/// Writes the list into a configuration file, on a thread of its own.
pub(crate) struct PoolList {
    /// `None` once it ends.
    latest: Option<Sender<Vec<PoolConfig>>>,
    writer: Option<JoinHandle<()>>,
}

impl PoolList {
    /// Of this file.
    pub(crate) fn of(path: PathBuf) -> io::Result<PoolList> {
        let (latest, rx) = channel();
        let writer = thread::Builder::new()
            .name("pool-list".into())
            .spawn(move || write_all(&path, &rx))?;
        Ok(PoolList {
            latest: Some(latest),
            writer: Some(writer),
        })
    }

    /// Write this down soon. Does not wait.
    pub(crate) fn remember(&self, pools: Vec<PoolConfig>) {
        if let Some(latest) = &self.latest {
            let _ = latest.send(pools);
        }
    }
}

impl Drop for PoolList {
    fn drop(&mut self) {
        self.latest = None;
        let end = Instant::now() + LAST_WRITE;
        let busy = |writer: &JoinHandle<()>| !writer.is_finished();
        while self.writer.as_ref().is_some_and(busy) && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn write_all(path: &Path, latest: &Receiver<Vec<PoolConfig>>) {
    while let Ok(next) = latest.recv() {
        let pools = latest.try_iter().last().unwrap_or(next);
        if let Err(why) = rewrite(path, &pools) {
            let code = Code::StateWrite;
            tracing::warn!(
                code = code.text(),
                "`{}`: {why}: {}; {}",
                path.display(),
                code.meaning(),
                code.remedy()
            );
        }
    }
}

fn rewrite(path: &Path, pools: &[PoolConfig]) -> Result<(), String> {
    let text = file_text::read(path, FILE_BYTES_MAX).map_err(|problem| problem.to_string())?;
    let text = with_pools(&text, pools)?;
    file_text::replace(path, text.as_bytes()).map_err(|error| error.to_string())
}

/// The text of a configuration with this list of pools instead of its own.
fn with_pools(text: &str, pools: &[PoolConfig]) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| error.to_string())?;
    let old = match document.get("pool").and_then(Item::as_array_of_tables) {
        Some(tables) => tables.iter().cloned().collect(),
        None => Vec::new(),
    };
    let mut old: Vec<Option<Table>> = old.into_iter().map(Some).collect();
    // Tables are printed by their positions: those of the old ones, in the new order.
    let places: Vec<Option<isize>> = old.iter().flatten().map(Table::position).collect();
    let mut tables = ArrayOfTables::new();
    for (i, pool) in pools.iter().enumerate() {
        let known = old
            .iter()
            .position(|table| table.as_ref().is_some_and(|table| is_of(table, pool)));
        let mut table = known
            .and_then(|place| old[place].take())
            .unwrap_or_else(|| made(pool));
        set_state(&mut table, pool);
        // A new one without a place of its own follows the one before it.
        if let Some(place) = places.get(i).copied().flatten() {
            table.set_position(place);
        }
        tables.push(table);
    }
    document.insert("pool", Item::ArrayOfTables(tables));
    Ok(document.to_string())
}

fn text_of<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Item::as_str)
}

/// The table is this pool's. Whoever has two alike at one address may find their tables
/// exchanged, which changes nothing.
fn is_of(table: &Table, pool: &PoolConfig) -> bool {
    address_of(table).as_ref() == Some(&pool.address)
        && text_of(table, "user") == Some(&pool.user)
        && text_of(table, "password").unwrap_or(NO_PASSWORD) == pool.password
        && text_of(table, "group").unwrap_or(PoolConfig::DEFAULT_GROUP) == pool.group
}

/// With the cookie that a node may have beside its address.
fn address_of(table: &Table) -> Option<Address> {
    let address = Address::parse(text_of(table, "url")?).ok()?;
    Some(match (address, text_of(table, "cookie")) {
        (Address::Node(access), Some(path)) => Address::Node(node::Access {
            login: Login::Cookie(path.to_owned()),
            ..access
        }),
        (address, _) => address,
    })
}

fn made(pool: &PoolConfig) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    match &pool.address {
        Address::Node(access) => {
            table.insert("url", value(access.with_login()));
            table.insert("user", value(&pool.user));
            if let Login::Cookie(path) = &access.login {
                table.insert("cookie", value(path));
            }
        }
        address => {
            table.insert("url", value(address.to_string()));
            table.insert("user", value(&pool.user));
            table.insert("password", value(&pool.password));
        }
    }
    if pool.group != PoolConfig::DEFAULT_GROUP {
        table.insert("group", value(&pool.group));
    }
    table
}

fn set_state(table: &mut Table, pool: &PoolConfig) {
    let said = table.get("enabled").and_then(Item::as_bool);
    if said.unwrap_or(true) != pool.enabled {
        match pool.enabled {
            true => drop(table.remove("enabled")),
            false => drop(table.insert("enabled", value(false))),
        }
    }
}

#[cfg(test)]
#[path = "pool_list_tests.rs"]
mod tests;
