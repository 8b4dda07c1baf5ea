//! Changes to a configuration's text: a key is set or removed where it stands, with every remark and the
//! order of the rest left as they are.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

/// Most numbers in a path: a list grows by one at a time.
const DEPTH_MAX: usize = 8;

/// What a word of the command line can mean, the likeliest first. `old` is what stands there.
pub(super) fn meanings(word: &str, old: Option<&Value>) -> Vec<Value> {
    let text = Value::from(word);
    let read = word.trim().parse::<Value>().ok();
    match read {
        None => vec![text],
        // Whoever writes the quotes means them.
        Some(read) if read.is_str() => vec![read, text],
        Some(read) if old.is_some_and(Value::is_str) => vec![text, read],
        Some(read) => vec![read, text],
    }
}

/// The value at a path such as `pool.0.url`.
pub(super) fn value_at<'a>(document: &'a DocumentMut, path: &str) -> Option<&'a Value> {
    let mut item = document.as_item();
    for word in path.split('.') {
        item = match item {
            Item::ArrayOfTables(tables) => {
                let table = tables.get(word.parse().ok()?)?;
                let (key, rest) = rest_of(path, word)?;
                // A table in a list is no item of its own.
                return value_in(table, key, rest);
            }
            _ => item.get(word)?,
        };
    }
    item.as_value()
}

/// The key after this number, and what follows.
fn rest_of<'a>(path: &'a str, number: &str) -> Option<(&'a str, Option<&'a str>)> {
    let after = path.split_once(&format!(".{number}."))?.1;
    Some(match after.split_once('.') {
        Some((key, rest)) => (key, Some(rest)),
        None => (after, None),
    })
}

fn value_in<'a>(table: &'a Table, key: &str, rest: Option<&str>) -> Option<&'a Value> {
    let item = table.get(key)?;
    match rest {
        None => item.as_value(),
        Some(rest) => rest
            .split('.')
            .try_fold(item, |item, key| item.get(key))?
            .as_value(),
    }
}

/// Put a value at a path; tables that are missing on the way are made, and a list of tables grows by one.
pub(super) fn set(document: &mut DocumentMut, path: &str, value: Value) -> Result<(), String> {
    let (table, key) = table_of(document, path, true)?;
    let mut value = value;
    match table.get_mut(key) {
        None => drop(table.insert(key, Item::Value(value))),
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(_) => return Err(format!("`{path}` is a table: name a key of it")),
    }
    Ok(())
}

/// Remove what stands at a path: a key, a table, or one of a list.
pub(super) fn unset(document: &mut DocumentMut, path: &str) -> Result<(), String> {
    let missing = || format!("`{path}` is not set");
    if let Some((list, number)) = path.rsplit_once('.')
        && let Ok(number) = number.parse::<usize>()
    {
        let tables = match list.contains('.') {
            true => None,
            false => document
                .get_mut(list)
                .and_then(Item::as_array_of_tables_mut),
        };
        let tables = tables
            .filter(|tables| number < tables.len())
            .ok_or_else(missing)?;
        tables.remove(number);
        return Ok(());
    }
    let (table, key) = table_of(document, path, false)?;
    table.remove(key).map(drop).ok_or_else(missing)
}

/// The table that a path's last key stands in.
fn table_of<'a, 'p>(
    document: &'a mut DocumentMut,
    path: &'p str,
    make: bool,
) -> Result<(&'a mut Table, &'p str), String> {
    let words: Vec<_> = path.split('.').collect();
    let plain = |word: &&str| {
        let plain = word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        plain && !word.is_empty()
    };
    if !words.iter().all(plain) || words.len() > DEPTH_MAX {
        return Err(format!(
            "`{path}` is no key: write names with dots between, as `machine.model` or `pool.0.url`"
        ));
    }
    let (last, way) = words.split_last().ok_or("there is no key")?;
    let mut table = document.as_table_mut();
    let mut rest = way;
    while let Some((word, after)) = rest.split_first() {
        let number = after
            .first()
            .and_then(|number| number.parse::<usize>().ok());
        if make && !table.contains_key(word) {
            let made = match number {
                Some(_) => Item::ArrayOfTables(ArrayOfTables::new()),
                None => Item::Table(made_table()),
            };
            table.insert(word, made);
        }
        let missing = || format!("`{path}`: there is no `{word}`");
        let item = table.get_mut(word).ok_or_else(missing)?;
        (table, rest) = match (item, number) {
            (Item::ArrayOfTables(tables), Some(number)) => {
                let length = tables.len();
                if make && number == length {
                    tables.push(made_table());
                }
                let table = tables.get_mut(number).ok_or_else(|| {
                    format!("`{path}`: `{word}` has {length} entries, counted from 0; the next is {length}")
                })?;
                (table, &after[1..])
            }
            (Item::ArrayOfTables(_), None) => {
                return Err(format!(
                    "`{path}`: `{word}` is a list: write `{word}.0` for its first entry"
                ));
            }
            (Item::Table(table), None) => (table, after),
            _ => return Err(format!("`{path}`: `{word}` is no table")),
        };
    }
    Ok((table, last))
}

/// With a blank line before it.
fn made_table() -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table
}

/// A path as the reader of configurations names it: `pool[0].url`.
pub(super) fn as_reader_names_it(path: &str) -> String {
    path.split('.')
        .enumerate()
        .fold(String::new(), |name, (i, word)| {
            match word.bytes().all(|b| b.is_ascii_digit()) {
                true => format!("{name}[{word}]"),
                false if i == 0 => word.to_owned(),
                false => format!("{name}.{word}"),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Mine.
config_version = 1

[machine]
model   = \"antminer-s9\"  # the old one
backend = \"twin\"

# The good one.
[[pool]]
url  = \"stratum+tcp://a:1\" # near
user = \"me\"

[api]
http = \"127.0.0.1:1\"
";

    fn document() -> DocumentMut {
        TEXT.parse().expect("TOML")
    }

    /// The text after a key was set.
    fn check(path: &str, value: &str, from: &str, to: &str) {
        let mut document = document();
        let value = value.parse().expect("a value");
        set(&mut document, path, value).expect(path);
        assert_eq!(document.to_string(), TEXT.replacen(from, to, 1), "{path}");
        assert!(value_at(&document, path).is_some(), "{path}");
    }

    #[test]
    fn a_key_is_set_where_it_stands_and_all_else_stays() {
        check("machine.model", "\"x\"", "\"antminer-s9\"", "\"x\"");
        check("pool.0.url", "\"b\"", "\"stratum+tcp://a:1\"", "\"b\"");
        check(
            "pool.0.enabled",
            "false",
            "user = \"me\"\n",
            "user = \"me\"\nenabled = false\n",
        );
        check(
            "pool.1.url",
            "\"b\"",
            "\"me\"\n",
            "\"me\"\n\n[[pool]]\nurl = \"b\"\n",
        );
        check(
            "time.ntp",
            "[\"a\"]",
            "\"127.0.0.1:1\"\n",
            "\"127.0.0.1:1\"\n\n[time]\nntp = [\"a\"]\n",
        );
        check(
            "pool_group.0.name",
            "\"a\"",
            "\"127.0.0.1:1\"\n",
            "\"127.0.0.1:1\"\n\n[[pool_group]]\nname = \"a\"\n",
        );
        check("config_version", "2", "= 1\n", "= 2\n");
    }

    #[test]
    fn paths_that_lead_nowhere_are_refused_with_the_way() {
        let check = |path: &str, part: &str| {
            let why = set(&mut document(), path, 1.into()).expect_err(path);
            assert!(why.contains(part), "{path}: {why}");
        };
        check("pool.url", "`pool.0`");
        check("pool.7.url", "the next is 1");
        check("pool", "is a table");
        check("machine", "is a table");
        check("machine.model.x", "no table");
        check("machine.0.x", "no table");
        for path in [
            "",
            ".",
            "a..b",
            "a b",
            "a=b",
            "a.\"b\"",
            "a.b.c.d.e.f.g.h.i",
        ] {
            check(path, "is no key");
        }
    }

    #[test]
    fn keys_tables_and_entries_are_removed() {
        let check = |path: &str, gone: &str| {
            let mut document = document();
            unset(&mut document, path).expect(path);
            assert_eq!(document.to_string(), TEXT.replacen(gone, "", 1), "{path}");
        };
        check("machine.backend", "backend = \"twin\"\n");
        check("api", "\n[api]\nhttp = \"127.0.0.1:1\"\n");
        check(
            "pool.0",
            "\n# The good one.\n[[pool]]\nurl  = \"stratum+tcp://a:1\" # near\nuser = \"me\"\n",
        );
        for path in ["machine.state", "pool.1", "nothing.x", "machine.0"] {
            assert!(unset(&mut document(), path).is_err(), "{path}");
        }
    }

    #[test]
    fn words_mean_what_stood_there_first() {
        let check = |word: &str, old: Option<&str>, first: &str| {
            let old = old.map(|old| old.parse::<Value>().expect("a value"));
            let meanings = meanings(word, old.as_ref());
            assert_eq!(meanings[0].to_string(), first, "{word}");
        };
        check("5", None, "5");
        check("5", Some("\"x\""), "\"5\"");
        check("true", None, "true");
        check("a.b", None, "\"a.b\"");
        check("\"5\"", Some("4"), "\"5\"");
        check("[\"a\"]", None, "[\"a\"]");
        check("it\"s", None, "'it\"s'");
        check("", None, "\"\"");
    }

    #[test]
    fn paths_are_named_as_faults_name_them() {
        let check = |path: &str, name: &str| assert_eq!(as_reader_names_it(path), name);
        check("pool.0.url", "pool[0].url");
        check("machine.model", "machine.model");
        check("config_version", "config_version");
    }
}
