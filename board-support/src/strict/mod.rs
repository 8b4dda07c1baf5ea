//! Reading TOML strictly: every fault is found in one pass, and each names its file, line,
//! key and remedy.
//!
//! Terms: a *source* is one file's text; a [`Section`] is one table of it, perhaps on top
//! of the table that it extends; a [`Problem`] is one fault. A reader asks a section for
//! the keys that it knows; what it did not ask for when the section goes out of scope is
//! unknown and therefore a fault.
//!
//! Values are quoted in a problem only where the reader names the choices or a range: a
//! configuration holds passwords, and these are free text.

mod problem;
mod section;
#[cfg(test)]
mod tests;

use core::cell::RefCell;

use toml::de::DeTable;

pub use problem::{Kind, Problem, Problems};
pub use section::Section;

/// One file: its name, for messages, and its text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name that problems show.
    pub file: &'a str,
    /// TOML.
    pub text: &'a str,
}

/// Read one file: `reader` takes what it wants from the root section, and says `None`
/// only after a problem was noted.
pub fn read<'a, T>(
    source: Source<'a>,
    reader: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Result<T, Problems> {
    read_layered(&[source], reader)
}

/// Read a file on top of those that it extends: `sources` begins with the file itself, and
/// a key is taken from the first source that has it, tables key by key.
pub fn read_layered<T>(
    sources: &[Source<'_>],
    reader: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Result<T, Problems> {
    let mut syntax = Problems::default();
    let roots: Vec<_> = sources.iter().map(|s| parse(s, &mut syntax)).collect();
    // A damaged file misses keys that its author wrote: further faults would mislead.
    if !syntax.is_empty() {
        return Err(syntax.sorted(sources));
    }
    let problems = RefCell::new(Problems::default());
    let layers = sources.iter().zip(&roots);
    let mut root = Section::root(layers.map(|(s, t)| (*s, t)).collect(), &problems);
    let value = reader(&mut root);
    drop(root);
    let problems = problems.into_inner().sorted(sources);
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        _ => Err(problems),
    }
}

/// The text at `key` in the root table, if it is one. For a key that says how to read the
/// rest; every other key belongs to a reader.
pub(crate) fn root_text(text: &str, key: &str) -> Option<String> {
    let (table, _) = DeTable::parse_recoverable(text);
    let (_, value) = table.get_ref().iter().find(|(k, _)| k.get_ref() == key)?;
    value.get_ref().as_str().map(str::to_owned)
}

fn parse<'a>(source: &Source<'a>, problems: &mut Problems) -> DeTable<'a> {
    let (table, errors) = DeTable::parse_recoverable(source.text);
    for error in errors {
        let offset = error.span().map_or(0, |s| s.start);
        problems.push(Problem {
            kind: Kind::Syntax,
            file: source.file.to_owned(),
            line: source.line(offset),
            key: String::new(),
            message: error.message().trim().replace('\n', ", "),
            remedy: "correct this line: text needs quotes, a table its [name]".to_owned(),
        });
    }
    table.into_inner()
}

impl Source<'_> {
    /// The line, counted from 1, that holds the byte at `offset`.
    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset.min(self.text.len()));
        let newlines = before.unwrap_or_default().iter().filter(|b| **b == b'\n');
        newlines.count() + 1
    }
}
