//! The list of pools as people change it while the daemon runs: orders from the interfaces
//! become the engine's, and what comes of them is written into the configuration file.
//!
//! Only `[[pool]]` and `[[pool_group]]` tables are touched. A pool or group that is there already keeps
//! its table with all comments; the file is replaced in one step, so that it is whole whenever power
//! goes.

use std::io;
use std::path::Path;
use std::time::Duration;

use api::{PoolOrder, PoolRefused, Tried};
use engine::{GroupConfig, Listed, PoolConfig};
use stratum::node::{Login, Payout};
use stratum::{Address, node};
use telemetry::{Code, GroupChange, PoolGroup};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};
use units::PoolIndex;

use crate::cli::config::parse;
use crate::file_writer::{self, FileWriter};
use crate::runtime::{self, Wall};
use crate::{FIRMWARE, file_text};

/// What pools are sent where no password is given.
const NO_PASSWORD: &str = "x";
/// As for the configuration itself.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// The last write gets so long when the process ends: its order was answered as done. Within the five
/// seconds of an end.
const LAST_WRITE: Duration = Duration::from_secs(3);

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
        PoolOrder::MoveToGroup { pool, group } => engine::PoolOrder::MoveToGroup {
            pool: PoolIndex(pool),
            group,
        },
        PoolOrder::SetQuotas { quotas } => {
            let quotas = quotas.into_iter().map(PoolGroup::from).collect();
            engine::PoolOrder::Groups(GroupChange::SetQuotas(quotas))
        }
        PoolOrder::RemoveGroup { group } => engine::PoolOrder::Groups(GroupChange::Remove(group)),
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
pub(crate) type PoolList = FileWriter<Listed>;

/// Of this file.
pub(crate) fn keep(path: &Path) -> io::Result<PoolList> {
    FileWriter::start("pool-list", path, LAST_WRITE, |path, latest| {
        while let Some(listed) = file_writer::next(latest) {
            if let Err(why) = rewrite(path, &listed) {
                file_writer::tell(path, &why);
            }
        }
    })
}

fn rewrite(path: &Path, listed: &Listed) -> Result<(), String> {
    let text = file_text::read(path, FILE_BYTES_MAX).map_err(|problem| problem.to_string())?;
    let new = with_list(&text, listed)?;
    // The miner starts from it next time. Whoever broke the file by hand keeps what he wrote.
    let file = path.display().to_string();
    if let Err(wrong) = parse(&file, &new)
        && parse(&file, &text).is_ok()
    {
        return Err(wrong.to_string());
    }
    file_text::replace(path, new.as_bytes()).map_err(|error| error.to_string())
}

/// The text of a configuration with this list of pools and groups instead of its own.
fn with_list(text: &str, listed: &Listed) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| error.to_string())?;
    let pools = listed.pools.as_slice();
    let set_pool = |table: &mut Table, pool: &PoolConfig| {
        set_group(table, pool);
        set_state(table, pool);
    };
    let is_pools: [fn(&Table, &PoolConfig) -> bool; 2] = [is_of, is_alike];
    replace(&mut document, "pool", pools, &is_pools, made, set_pool);
    let groups = listed.groups.as_slice();
    let is_groups: [fn(&Table, &GroupConfig) -> bool; 1] = [is_group];
    let key = "pool_group";
    replace(
        &mut document,
        key,
        groups,
        &is_groups,
        made_group,
        set_quota,
    );
    Ok(document.to_string())
}

/// One table of this name for each of the items, in their order. Who has a table already keeps it: the
/// first of these tests that finds one counts, for all items before the next test has its turn.
fn replace<T>(
    document: &mut DocumentMut,
    key: &str,
    items: &[T],
    tests: &[fn(&Table, &T) -> bool],
    made: fn(&T) -> Table,
    set: impl Fn(&mut Table, &T),
) {
    let old = match document.get(key).and_then(Item::as_array_of_tables) {
        Some(tables) => tables.iter().cloned().collect(),
        None => Vec::new(),
    };
    let mut old: Vec<Option<Table>> = old.into_iter().map(Some).collect();
    // Tables are printed by their positions: those of the old ones, in the new order.
    let places: Vec<Option<isize>> = old.iter().flatten().map(Table::position).collect();
    let mut found: Vec<Option<Table>> = items.iter().map(|_| None).collect();
    for test in tests {
        for (item, found) in items.iter().zip(&mut found) {
            let mut tables = old.iter_mut();
            let same = |table: &&mut Option<Table>| table.as_ref().is_some_and(|t| test(t, item));
            if found.is_none() {
                *found = tables.find(same).and_then(Option::take);
            }
        }
    }
    let mut tables = ArrayOfTables::new();
    for (i, (item, found)) in items.iter().zip(found).enumerate() {
        let mut table = found.unwrap_or_else(|| made(item));
        set(&mut table, item);
        // A new one without a place of its own follows the one before it.
        if let Some(place) = places.get(i).copied().flatten() {
            table.set_position(place);
        }
        tables.push(table);
    }
    match tables.is_empty() {
        true => drop(document.remove(key)),
        false => drop(document.insert(key, Item::ArrayOfTables(tables))),
    }
}

fn text_of<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Item::as_str)
}

/// The table is this pool's. Whoever has two alike at one address may find their tables
/// exchanged, which changes nothing.
fn is_of(table: &Table, pool: &PoolConfig) -> bool {
    is_alike(table, pool) && group_of(table) == pool.group
}

/// The same, and the pool has moved to another group.
fn is_alike(table: &Table, pool: &PoolConfig) -> bool {
    address_of(table).as_ref() == Some(&pool.address)
        && text_of(table, "user") == Some(&pool.user)
        && text_of(table, "password").unwrap_or(NO_PASSWORD) == pool.password
}

fn group_of(table: &Table) -> &str {
    text_of(table, "group").unwrap_or(PoolConfig::DEFAULT_GROUP)
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
    table
}

fn set_group(table: &mut Table, pool: &PoolConfig) {
    if group_of(table) == pool.group {
        return;
    }
    match pool.group.as_str() {
        PoolConfig::DEFAULT_GROUP => drop(table.remove("group")),
        name => drop(table.insert("group", value(name))),
    }
}

fn is_group(table: &Table, group: &GroupConfig) -> bool {
    text_of(table, "name") == Some(&group.name)
}

fn made_group(group: &GroupConfig) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table.insert("name", value(&group.name));
    table
}

fn set_quota(table: &mut Table, group: &GroupConfig) {
    const KEY: &str = "quota_percent";
    let whole = |item: &Item| item.as_integer().map(|number| number as f64);
    let said = table
        .get(KEY)
        .and_then(|i| i.as_float().or_else(|| whole(i)));
    if said == Some(group.quota_percent) {
        return;
    }
    let percent = group.quota_percent;
    let mut new = match percent.fract() == 0.0 {
        // As people write it; quotas are at most a hundred.
        true => toml_edit::Value::from(percent as i64),
        false => toml_edit::Value::from(percent),
    };
    // A remark behind the number stays.
    if let Some(old) = table.get(KEY).and_then(Item::as_value) {
        new.decor_mut().clone_from(old.decor());
    }
    table.insert(KEY, Item::Value(new));
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
