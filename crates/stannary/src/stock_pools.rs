//! Pools of the firmware that was on a machine before: `bmminer.conf` and `cgminer.conf`, as the makers' programs
//! and people have left them.
//!
//! Such a file is JSON more or less: people leave commas at the ends of lists and repeat themselves. It is hostile
//! until it is understood: its size, its depth and the number of its pools are bounded, and each pool passes the
//! same check as one that an owner writes.

use std::path::{Path, PathBuf};

use serde_json::Value;
use telemetry::Code;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::cli::config;
use crate::cli::config_view::without_login;
use crate::file_text;

/// Real ones have one or two kilobytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Pools that are looked at; stock firmware has three.
const POOLS_MAX: usize = 16;
/// Characters of what is quoted.
const QUOTED: usize = 80;
/// Where stock firmware keeps its configuration, the newer generation first [folder `/config` published, the
/// names in it and `/etc` assumed].
const PLACES: [&str; 3] = [
    "/config/cgminer.conf",
    "/config/bmminer.conf",
    "/etc/bmminer.conf",
];

/// A pool of such a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StockPool {
    url: String,
    user: String,
    password: String,
}

/// What is in such a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// In order of preference.
    pub(crate) pools: Vec<StockPool>,
    /// What was passed over and why, without secrets.
    pub(crate) passed_over: Vec<String>,
}

/// Pools that a first start took, for the owner to hear of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// From which file.
    pub(crate) from: PathBuf,
    /// Addresses and logins, without passwords, and what was passed over.
    pub(crate) words: String,
}

/// If the configuration names no pool: take those of the firmware before into it, where its key `import_pools`
/// or, on a real machine, the usual places have some. Whatever goes wrong leaves the file as it is; its
/// reader then says that there is no pool.
pub(crate) fn at_first_start(path: &Path) -> Option<Taken> {
    let text = file_text::read(path, config::FILE_BYTES_MAX).ok()?;
    let mut document: DocumentMut = text.parse().ok()?;
    if document.contains_key("pool") {
        return None;
    }
    let from = places(&document).into_iter().find(|place| place.exists())?;
    let told = |why: &dyn std::fmt::Display| {
        let code = Code::PoolImportFailed;
        tracing::warn!(
            code = code.text(),
            "`{}`: {why}: {}",
            from.display(),
            code.meaning()
        );
    };
    let found = read(&from).map_err(|why| told(&why)).ok()?;
    let count = found.pools.len();
    let mut words: Vec<String> = found.pools.iter().map(StockPool::shown).collect();
    let mut passed_over = found.passed_over;
    passed_over.extend(add(&path.display().to_string(), &mut document, found.pools));
    if let Err(faults) = config::parse(&path.display().to_string(), &document.to_string()) {
        told(&format_args!("{count} pools: {faults}"));
        return None;
    }
    if let Err(why) = file_text::replace(path, document.to_string().as_bytes()) {
        told(&why);
        return None;
    }
    words.append(&mut passed_over);
    Some(Taken {
        from,
        words: words.join("; "),
    })
}

/// Where to look. A twin's computer is somebody's own: there only what is named is looked at.
fn places(document: &DocumentMut) -> Vec<PathBuf> {
    let machine = document.get("machine");
    let text = |key: &str| machine.and_then(|machine| machine.get(key)?.as_str());
    match (text("import_pools"), text("backend")) {
        (Some(place), _) => vec![PathBuf::from(place)],
        (None, Some("linux")) => PLACES.map(PathBuf::from).into(),
        _ => Vec::new(),
    }
}

impl StockPool {
    fn shown(&self) -> String {
        format!(
            "{} as {}",
            quoted(&without_login(&self.url)),
            quoted(&self.user)
        )
    }
}

/// The pools of a file.
pub(crate) fn read(file: &Path) -> Result<Found, String> {
    let text = file_text::read(file, FILE_BYTES_MAX).map_err(|problem| problem.message)?;
    parse(&text)
}

/// Append these to a configuration, those that its reader takes. Why others were not.
pub(crate) fn add(file: &str, document: &mut DocumentMut, pools: Vec<StockPool>) -> Vec<String> {
    let mut passed_over = Vec::new();
    for pool in pools {
        let shown = pool.shown();
        if is_there(document, &pool) {
            passed_over.push(format!("{shown}: is there already"));
            continue;
        }
        let mut tried = document.clone();
        let entry = tried
            .entry("pool")
            .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        let Some(tables) = entry.as_array_of_tables_mut() else {
            passed_over.push(format!("{shown}: `pool` is no list of tables"));
            continue;
        };
        let place = format!("pool[{}]", tables.len());
        tables.push(table(&pool));
        let read = config::parse(file, &tried.to_string());
        let faults = read.err();
        let mut of_it = faults.iter().flat_map(|faults| faults.faults());
        match of_it.find(|(_, problem)| problem.key == "pool" || problem.key.starts_with(&place)) {
            Some((_, problem)) => passed_over.push(format!("{shown}: {}", problem.message)),
            None => *document = tried,
        }
    }
    passed_over
}

fn is_there(document: &DocumentMut, pool: &StockPool) -> bool {
    let tables = document.get("pool").and_then(Item::as_array_of_tables);
    let says =
        |table: &Table, key: &str, text: &str| table.get(key).and_then(Item::as_str) == Some(text);
    tables.is_some_and(|tables| {
        let mut tables = tables.iter();
        tables.any(|table| says(table, "url", &pool.url) && says(table, "user", &pool.user))
    })
}

fn table(pool: &StockPool) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table.insert("url", value(&pool.url));
    table.insert("user", value(&pool.user));
    table.insert("password", value(&pool.password));
    table
}

fn parse(text: &str) -> Result<Found, String> {
    let text = without_stray_commas(text.trim_start_matches('\u{feff}'));
    let read: Value = serde_json::from_str(&text).map_err(|error| {
        format!(
            "is not the JSON that stock firmware writes: line {}, column {}",
            error.line(),
            error.column()
        )
    })?;
    let list = read["pools"].as_array().ok_or("has no list `pools`")?;
    let mut found = Found {
        pools: Vec::new(),
        passed_over: Vec::new(),
    };
    for (i, entry) in list.iter().enumerate() {
        if i == POOLS_MAX {
            found.passed_over.push(format!(
                "{} further pools: {POOLS_MAX} are looked at",
                list.len() - i
            ));
            break;
        }
        match pool(entry) {
            Ok(Some(pool)) if !found.pools.contains(&pool) => found.pools.push(pool),
            // Places that stock firmware's page left empty, and repetitions.
            Ok(_) => {}
            Err(why) => found.passed_over.push(format!("pool {i}: {why}")),
        }
    }
    match found.pools.is_empty() && found.passed_over.is_empty() {
        true => Err("names no pool".to_owned()),
        false => Ok(found),
    }
}

fn pool(entry: &Value) -> Result<Option<StockPool>, &'static str> {
    let text = |key: &str| match &entry[key] {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err("a value is no text"),
    };
    if !entry.is_object() {
        return Err("is no object");
    }
    let (url, user, password) = (text("url")?, text("user")?, text("pass")?);
    if url.is_empty() {
        return Ok(None);
    }
    if user.is_empty() {
        return Err("has no user");
    }
    Ok(Some(StockPool {
        url: address(&url),
        user,
        password,
    }))
}

/// An address as our configuration has it: with a scheme, without what only cgminer reads behind it.
fn address(url: &str) -> String {
    let url = url
        .split('#')
        .next()
        .unwrap_or_default()
        .trim_end_matches('/');
    match url.contains("://") {
        true => url.to_owned(),
        false => format!("stratum+tcp://{url}"),
    }
}

/// JSON without commas that have nothing before or behind them, as people leave them and stock firmware bears
/// them.
fn without_stray_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_text, mut escaped) = (false, false);
    // The last character outside of texts that was no blank, and a comma that waits for what it parts.
    let (mut last, mut comma) = ('[', false);
    for c in text.chars() {
        if in_text {
            (in_text, escaped) = match c {
                _ if escaped => (true, false),
                '\\' => (true, true),
                '"' => (false, false),
                _ => (true, false),
            };
            out.push(c);
            continue;
        }
        match c {
            ',' => comma |= !matches!(last, '[' | '{'),
            _ if c.is_whitespace() => out.push(c),
            _ => {
                if comma && !matches!(c, ']' | '}') {
                    out.push(',');
                }
                comma = false;
                last = c;
                in_text = c == '"';
                out.push(c);
            }
        }
    }
    out
}

fn quoted(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control()).take(QUOTED);
    format!("`{}`", shown.collect::<String>())
}

#[cfg(test)]
#[path = "stock_pools_tests.rs"]
mod tests;
