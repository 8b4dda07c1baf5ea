//! `stannary config`: what the configuration file says, and changes to it.
//!
//! Invariants: nothing is written that `check-config` would refuse; what is written replaces the file in
//! one step, with its owner, mode, remarks and order; secrets are neither printed nor taken from arguments
//! where a terminal or a pipe can give them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use telemetry::Code;
use toml_edit::DocumentMut;

use super::config_edit::{as_reader_names_it, meanings, set, unset, value_at};
use super::config_view::{Entry, entries};
use super::operator::Output;
use super::table::{Colour, Tone};
use super::text::plain;
use super::{EXIT_FAILED, EXIT_USAGE, config, prompt};
use crate::{file_text, stock_pools};

/// In place of a value: it is asked for, or read as a line from stdin.
const ASK: &str = "-";
/// Most keys of one change.
const PAIRS_MAX: usize = 64;

/// `config`
#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", default_value = config::DEFAULT_PATH)]
    config: PathBuf,
    #[command(subcommand)]
    what: What,
}

/// What about it.
#[derive(Subcommand, Debug)]
pub(crate) enum What {
    /// What is set: all of it, a table, or the value of one key; secrets are hidden
    Get {
        #[command(flatten)]
        output: Output,
        /// As `machine.model`, `pool.0` or `pool.0.url`
        #[arg(value_name = "KEY")]
        key: Option<String>,
    },
    /// Set keys, all of them or none; `pool.N` with the next N adds a pool
    Set {
        #[command(flatten)]
        change: Change,
        /// A key and its value, and so on. `-` as a value asks for it, or reads it as a line from stdin
        #[arg(value_name = "KEY VALUE", required = true, num_args = 2.., allow_negative_numbers = true)]
        pairs: Vec<String>,
    },
    /// Remove keys, tables, or entries of a list, so that defaults hold
    Unset {
        #[command(flatten)]
        change: Change,
        /// As `machine.state` or `pool.1`
        #[arg(value_name = "KEY", required = true)]
        keys: Vec<String>,
    },
    /// Take the pools of another firmware's configuration (`bmminer.conf`, `cgminer.conf`)
    Import {
        #[command(flatten)]
        change: Change,
        /// In place of the pools that are there, instead of behind them
        #[arg(long)]
        replace: bool,
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// How a change is made.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Change {
    #[command(flatten)]
    output: Output,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Why not.
enum Refused {
    /// What was asked for makes no sense: the file is as it was.
    Usage(String),
    /// It cannot be read or written, or is not there.
    Failed(String),
}

/// Do it.
pub(crate) fn run(args: &ConfigArgs) -> ExitCode {
    let done = match &args.what {
        What::Get { output, key } => get(&args.config, key.as_deref(), *output),
        What::Set { change, pairs } => read(&args.config).and_then(|before| {
            let after = with_pairs(&args.config, &before, &asked_for(pairs)?)?;
            finish(&args.config, &before, after, *change, &[])
        }),
        What::Unset { change, keys } => read(&args.config).and_then(|before| {
            let mut after = before.clone();
            for key in keys {
                unset(&mut after, key).map_err(Refused::Usage)?;
            }
            finish(&args.config, &before, after, *change, &[])
        }),
        What::Import {
            change,
            replace,
            file,
        } => read(&args.config)
            .and_then(|before| import(&args.config, &before, file, *replace, *change)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refused::Usage(words)) => {
            eprintln!("error: {words}\nhint: nothing was written");
            ExitCode::from(EXIT_USAGE)
        }
        Err(Refused::Failed(words)) => {
            eprintln!("error: {words}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn read(file: &Path) -> Result<DocumentMut, Refused> {
    let text = file_text::read(file, config::FILE_BYTES_MAX);
    let text = text.map_err(|problem| {
        let words = format!(
            "{}: {problem}\nhint: `--config` names another file",
            Code::ConfigRead.text()
        );
        Refused::Failed(words)
    })?;
    text.parse().map_err(|_| {
        // The reader's words name the line without what stands in it.
        let why = config::parse(&file.display().to_string(), &text);
        Refused::Usage(why.map_or_else(
            |faults| faults.to_string(),
            |_| "it cannot be read as TOML".to_owned(),
        ))
    })
}

fn get(file: &Path, key: Option<&str>, output: Output) -> Result<(), Refused> {
    let all = entries(&read(file)?);
    let Some(key) = key else {
        return show(&all, output);
    };
    if let Some(one) = all.iter().find(|entry| entry.key == key) {
        match output.json() {
            true => println!("{:#}", one.json()),
            false => println!("{}", plain(&one.bare())),
        }
        return Ok(());
    }
    let within = format!("{key}.");
    let within: Vec<_> = all
        .into_iter()
        .filter(|entry| entry.key.starts_with(&within))
        .collect();
    match within.is_empty() {
        true => Err(Refused::Failed(format!(
            "`{}` is not set\nhint: `stannary config get` lists what is; docs/example.toml says the defaults",
            plain(key)
        ))),
        false => show(&within, output),
    }
}

fn show(all: &[Entry], output: Output) -> Result<(), Refused> {
    if output.json() {
        let all: serde_json::Map<_, _> = all
            .iter()
            .map(|entry| (entry.key.clone(), entry.json()))
            .collect();
        println!("{:#}", Value::Object(all));
        return Ok(());
    }
    for entry in all {
        println!("{} = {}", entry.key, plain(&entry.shown()));
    }
    Ok(())
}

/// Keys with their values, those asked for that are not given.
fn asked_for(words: &[String]) -> Result<Vec<(String, String)>, Refused> {
    if words.len() % 2 == 1 || words.len() > 2 * PAIRS_MAX {
        return Err(Refused::Usage(format!(
            "write a key and its value, and so on, {PAIRS_MAX} pairs at most; texts with blanks need quotes"
        )));
    }
    let pairs = words.chunks_exact(2).map(|pair| {
        let [key, value] = pair else {
            return Err(Refused::Usage("write a key and its value".to_owned()));
        };
        if value != ASK {
            return Ok((key.clone(), value.clone()));
        }
        let typed = prompt::password(&format!("{}: ", plain(key)));
        let typed =
            typed.map_err(|error| Refused::Failed(format!("no value for `{key}`: {error}")))?;
        Ok((key.clone(), typed.expose().to_owned()))
    });
    pairs.collect()
}

/// With all of them set. A word that can be read in two ways has the meaning that the key takes.
fn with_pairs(
    file: &Path,
    before: &DocumentMut,
    pairs: &[(String, String)],
) -> Result<DocumentMut, Refused> {
    let mut after = before.clone();
    for (key, word) in pairs {
        let mut meanings = meanings(word, value_at(before, key)).into_iter();
        let likeliest = meanings.next().unwrap_or_else(|| word.as_str().into());
        let mut tried = after.clone();
        set(&mut tried, key, likeliest).map_err(Refused::Usage)?;
        let other = meanings.next().filter(|_| is_refused(file, &tried, key));
        if let Some(other) = other {
            let mut second = after.clone();
            set(&mut second, key, other).map_err(Refused::Usage)?;
            if !is_refused(file, &second, key) {
                tried = second;
            }
        }
        after = tried;
    }
    Ok(after)
}

fn is_refused(file: &Path, document: &DocumentMut, key: &str) -> bool {
    let name = as_reader_names_it(key);
    let read = config::parse(&file.display().to_string(), &document.to_string());
    read.is_err_and(|faults| faults.faults().any(|(_, problem)| problem.key == name))
}

fn import(
    config: &Path,
    before: &DocumentMut,
    file: &Path,
    replace: bool,
    change: Change,
) -> Result<(), Refused> {
    let found = stock_pools::read(file)
        .map_err(|why| Refused::Failed(format!("`{}`: {why}", file.display())))?;
    let mut after = before.clone();
    if replace {
        after.remove("pool");
    }
    let mut said = found.passed_over;
    said.extend(stock_pools::add(
        &config.display().to_string(),
        &mut after,
        found.pools,
    ));
    finish(config, before, after, change, &said)
}

/// Check, show what changes, and write.
fn finish(
    file: &Path,
    before: &DocumentMut,
    after: DocumentMut,
    change: Change,
    said: &[String],
) -> Result<(), Refused> {
    let text = after.to_string();
    let checked = config::parse(&file.display().to_string(), &text);
    let notices = checked
        .map_err(|faults| Refused::Usage(faults.to_string()))?
        .notices;
    let differences = differences(&entries(before), &entries(&after));
    let write = !change.dry_run && !differences.is_empty();
    if write {
        file_text::replace(file, text.as_bytes()).map_err(|error| {
            Refused::Failed(format!(
                "`{}` cannot be written: {error}\nhint: it is as it was",
                file.display()
            ))
        })?;
    }
    if change.output.json() {
        let changed: Vec<_> = differences.iter().map(Difference::json).collect();
        let answer = json!({
            "file": file, "changed": changed, "written": write, "takes_effect": "restart", "notes": said,
        });
        println!("{answer:#}");
    } else {
        print!("{}", rendered(&differences, Colour::for_stdout()));
        said.iter()
            .chain(&notices)
            .for_each(|note| eprintln!("note: {}", plain(note)));
        eprintln!("note: {}", what_now(&differences, write));
    }
    Ok(())
}

fn what_now(differences: &[Difference], written: bool) -> &'static str {
    let of_pools = differences.iter().any(|d| d.key.starts_with("pool."));
    match (differences.is_empty(), written, of_pools) {
        (true, ..) => "nothing changes",
        (_, false, _) => "a dry run: nothing was written",
        (_, _, false) => "written; takes effect when the daemon starts again: `stannary restart`",
        (_, _, true) => {
            "written; takes effect when the daemon starts again: `stannary restart`. Until then a running daemon \
             has its own list of pools and writes that at the next `stannary pools` order"
        }
    }
}

/// A key that does not say the same any more.
struct Difference {
    key: String,
    before: Option<Entry>,
    after: Option<Entry>,
}

impl Difference {
    fn json(&self) -> Value {
        let shown = |entry: &Option<Entry>| entry.as_ref().map(Entry::json);
        json!({ "key": self.key, "before": shown(&self.before), "after": shown(&self.after) })
    }
}

fn differences(before: &[Entry], after: &[Entry]) -> Vec<Difference> {
    let find = |list: &[Entry], key: &str| list.iter().find(|entry| entry.key == key).cloned();
    let gone = before
        .iter()
        .filter(|entry| find(after, &entry.key).is_none());
    let gone = gone.map(|entry| Difference {
        key: entry.key.clone(),
        before: Some(entry.clone()),
        after: None,
    });
    let other = after.iter().filter_map(|entry| {
        let old = find(before, &entry.key);
        let same = old.as_ref().is_some_and(|old| old.is_as(entry));
        (!same).then(|| Difference {
            key: entry.key.clone(),
            before: old,
            after: Some(entry.clone()),
        })
    });
    gone.chain(other).collect()
}

fn rendered(differences: &[Difference], colour: Colour) -> String {
    let mut out = String::new();
    for difference in differences {
        let sides = [
            ("-", &difference.before, Tone::Bad),
            ("+", &difference.after, Tone::Good),
        ];
        for (sign, entry, tone) in sides {
            if let Some(entry) = entry {
                let line = format!("{sign} {} = {}", plain(&entry.key), plain(&entry.shown()));
                // Writing to a string cannot fail.
                let _ = writeln!(out, "{}", colour.paint(&line, tone));
            }
        }
    }
    out
}

#[cfg(test)]
#[path = "config_command_tests.rs"]
mod tests;
