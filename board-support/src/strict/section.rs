//! One table that a reader takes keys from.

use core::cell::RefCell;
use core::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Kind, Problem, Problems, Source};

/// A table, or a table on top of the one that it extends.
///
/// Every getter marks its key as known; on a fault it notes a problem and returns `None`,
/// so a reader should ask for everything before it gives up. Getters want their key to be
/// there; ask [`has`](Section::has) first where it is optional. Keys that nobody asked for
/// are noted when the section is dropped.
pub struct Section<'a> {
    path: String,
    layers: Vec<Layer<'a>>,
    known: Vec<&'static str>,
    problems: &'a RefCell<Problems>,
}

#[derive(Clone, Copy)]
struct Layer<'a> {
    source: Source<'a>,
    /// Where the table begins, for keys that it lacks.
    line: usize,
    table: &'a DeTable<'a>,
}

/// A key and its value where they were found.
#[derive(Clone, Copy)]
struct Found<'a> {
    source: Source<'a>,
    line: usize,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Section<'a> {
    pub(super) fn root(
        layers: Vec<(Source<'a>, &'a DeTable<'a>)>,
        problems: &'a RefCell<Problems>,
    ) -> Self {
        let layer = |(source, table)| Layer {
            source,
            line: 1,
            table,
        };
        Section {
            path: String::new(),
            layers: layers.into_iter().map(layer).collect(),
            known: Vec::new(),
            problems,
        }
    }

    /// True if the key is there.
    pub fn has(&mut self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    /// A text of 1 to `max` bytes without control characters.
    pub fn text(&mut self, key: &'static str, max: usize) -> Option<String> {
        self.text_of(key, 1, max)
    }

    /// A text of at most `max` bytes without control characters; it may be empty.
    pub fn text_or_empty(&mut self, key: &'static str, max: usize) -> Option<String> {
        self.text_of(key, 0, max)
    }

    fn text_of(&mut self, key: &'static str, min: usize, max: usize) -> Option<String> {
        let what = format!("a text of {min} to {max} bytes in quotes");
        let found = self.required(key, &what)?;
        let Some(text) = found.value.get_ref().as_str() else {
            return self.wrong_type(key, found, &what);
        };
        if text.len() < min || text.len() > max || text.chars().any(char::is_control) {
            self.refuse(
                key,
                &format!("must be {min} to {max} bytes of printable text"),
                "",
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// A whole number inside `range`.
    pub fn integer(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let what = format!("a whole number from {} to {}", range.start(), range.end());
        let found = self.required(key, &what)?;
        let Some(written) = found.value.get_ref().as_integer() else {
            return self.wrong_type(key, found, &what);
        };
        let value = i128::from_str_radix(written.as_str(), written.radix()).ok();
        let value = value.and_then(|v| u64::try_from(v).ok());
        match value.filter(|v| range.contains(v)) {
            Some(value) => Some(value),
            None => self.out_of_range(key, written.as_str(), &what),
        }
    }

    /// A number, whole or not, inside `range`.
    pub fn number(&mut self, key: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        let what = format!("a number from {} to {}", range.start(), range.end());
        let found = self.required(key, &what)?;
        let written = match found.value.get_ref() {
            DeValue::Integer(i) if i.radix() == 10 => i.as_str(),
            DeValue::Float(f) => f.as_str(),
            _ => return self.wrong_type(key, found, &what),
        };
        let value = written.parse::<f64>().ok();
        match value.filter(|v| range.contains(v)) {
            Some(value) => Some(value),
            None => self.out_of_range(key, written, &what),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let what = "`true` or `false`";
        let found = self.required(key, what)?;
        match found.value.get_ref().as_bool() {
            Some(value) => Some(value),
            None => self.wrong_type(key, found, what),
        }
    }

    /// A text that names one of `choices`.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let names: Vec<_> = choices.iter().map(|(n, _)| format!("\"{n}\"")).collect();
        let what = format!("one of {}", names.join(", "));
        let found = self.required(key, &what)?;
        let Some(written) = found.value.get_ref().as_str() else {
            return self.wrong_type(key, found, &what);
        };
        match choices.iter().find(|(name, _)| *name == written) {
            Some((_, value)) => Some(*value),
            None => self.out_of_range(key, written, &what),
        }
    }

    /// A list of 1 to `max` texts of at most `text_max` bytes, no two the same.
    pub fn texts(&mut self, key: &'static str, max: usize, text_max: usize) -> Option<Vec<String>> {
        let what = format!("a list of 1 to {max} texts");
        self.list(key, max, &what, |value| {
            let text = value.as_str()?;
            let fits = (1..=text_max).contains(&text.len()) && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        })
    }

    /// A list of 1 to `max` whole numbers inside `range`, no two the same.
    pub fn integers(
        &mut self,
        key: &'static str,
        max: usize,
        range: RangeInclusive<u64>,
    ) -> Option<Vec<u64>> {
        let (low, high) = (range.start(), range.end());
        let what = format!("a list of 1 to {max} whole numbers from {low} to {high}");
        self.list(key, max, &what, |value| {
            let written = value.as_integer()?;
            let value = i128::from_str_radix(written.as_str(), written.radix()).ok()?;
            u64::try_from(value).ok().filter(|v| range.contains(v))
        })
    }

    /// A list of 1 to `max` values that `read` takes, no two the same.
    fn list<T: PartialEq>(
        &mut self,
        key: &'static str,
        max: usize,
        what: &str,
        read: impl Fn(&DeValue<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let found = self.required(key, what)?;
        let Some(items) = found.value.get_ref().as_array() else {
            return self.wrong_type(key, found, what);
        };
        let values: Option<Vec<T>> = items.iter().map(|item| read(item.get_ref())).collect();
        let Some(values) = values.filter(|v| (1..=max).contains(&v.len())) else {
            self.refuse(key, &format!("must be {what}"), "");
            return None;
        };
        let twice = (1..values.len()).any(|i| values[..i].contains(&values[i]));
        if twice {
            self.refuse(key, "names a value twice", "remove one of the two");
            return None;
        }
        Some(values)
    }

    /// A table, `[key]`.
    pub fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let what = format!("a table, `[{}]`", self.path_of(key));
        self.required(key, &what)?;
        let mut layers = Vec::new();
        for layer in &self.layers {
            let Some(found) = layer.find(key) else {
                continue;
            };
            let DeValue::Table(table) = found.value.get_ref() else {
                return self.wrong_type(key, found, &what);
            };
            layers.push(Layer {
                source: layer.source,
                line: found.line,
                table,
            });
        }
        Some(self.inner(self.path_of(key), layers))
    }

    /// A list of tables, `[[key]]`: at most `max`. A list replaces the list that it extends.
    pub fn sections(&mut self, key: &'static str, max: usize) -> Option<Vec<Section<'a>>> {
        let what = format!("a list of tables, `[[{}]]`", self.path_of(key));
        let found = self.required(key, &what)?;
        let Some(items) = found.value.get_ref().as_array() else {
            return self.wrong_type(key, found, &what);
        };
        if items.len() > max {
            self.refuse(
                key,
                &format!("has more than {max} entries"),
                "remove the last ones",
            );
            return None;
        }
        let mut sections = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let DeValue::Table(table) = item.get_ref() else {
                return self.wrong_type(key, found, &what);
            };
            let layer = Layer {
                source: found.source,
                line: found.source.line(item.span().start),
                table,
            };
            sections.push(self.inner(format!("{}[{i}]", self.path_of(key)), vec![layer]));
        }
        Some(sections)
    }

    /// Note that the value of `key` cannot be used although its type is right.
    pub fn refuse(&mut self, key: &'static str, message: &str, remedy: &str) {
        self.note(Kind::Value, key, message, remedy);
    }

    /// Note a problem at `key`, which may be absent.
    pub fn note(&mut self, kind: Kind, key: &'static str, message: &str, remedy: &str) {
        let place = self.find(key).map(|f| (f.source, f.line));
        let place = place.or_else(|| self.layers.first().map(|l| (l.source, l.line)));
        self.push(place, kind, key, message, remedy);
    }

    fn inner(&self, path: String, layers: Vec<Layer<'a>>) -> Section<'a> {
        Section {
            path,
            layers,
            known: Vec::new(),
            problems: self.problems,
        }
    }

    fn find(&mut self, key: &'static str) -> Option<Found<'a>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.layers.iter().find_map(|layer| layer.find(key))
    }

    fn required(&mut self, key: &'static str, what: &str) -> Option<Found<'a>> {
        let found = self.find(key);
        if found.is_none() {
            self.note(Kind::Key, key, "missing", &format!("add it: {what}"));
        }
        found
    }

    fn wrong_type<T>(&self, key: &str, found: Found<'a>, what: &str) -> Option<T> {
        let message = format!("must be {what}, not {}", found.value.get_ref().type_str());
        let place = Some((found.source, found.line));
        self.push(place, Kind::Value, key, &message, "");
        None
    }

    fn out_of_range<T>(&mut self, key: &'static str, written: &str, what: &str) -> Option<T> {
        self.refuse(
            key,
            &format!("must be {what}, not {}", shortened(written)),
            "",
        );
        None
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn push(
        &self,
        place: Option<(Source<'_>, usize)>,
        kind: Kind,
        key: &str,
        message: &str,
        remedy: &str,
    ) {
        let (file, line) = place.map_or(("", 0), |(s, line)| (s.file, line));
        let remedy = match remedy {
            "" => "correct the value",
            given => given,
        };
        self.problems.borrow_mut().push(Problem {
            kind,
            file: file.to_owned(),
            line,
            key: self.path_of(key),
            message: message.to_owned(),
            remedy: remedy.to_owned(),
        });
    }
}

impl Drop for Section<'_> {
    /// What was never asked for is unknown.
    fn drop(&mut self) {
        for layer in &self.layers {
            for (key, _) in layer.table.iter() {
                let name = key.get_ref().as_ref();
                if self.known.contains(&name) || self.problems.borrow().is_full() {
                    continue;
                }
                let remedy = match nearest(name, &self.known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if self.known.is_empty() => "remove it".to_owned(),
                    None => format!("remove it; this table takes `{}`", self.known.join("`, `")),
                };
                let line = layer.source.line(key.span().start);
                let place = Some((layer.source, line));
                self.push(place, Kind::Key, &shortened(name), "unknown key", &remedy);
            }
        }
    }
}

impl<'a> Layer<'a> {
    fn find(&self, key: &str) -> Option<Found<'a>> {
        let (name, value) = self.table.iter().find(|(k, _)| k.get_ref() == key)?;
        Some(Found {
            source: self.source,
            line: self.source.line(name.span().start),
            value,
        })
    }
}

/// Cut for a message: nobody reads a name of a thousand characters.
fn shortened(text: &str) -> String {
    const KEEP: usize = 60;
    if text.chars().count() <= KEEP {
        return text.to_owned();
    }
    text.chars().take(KEEP).chain(['…']).collect()
}

/// The known name that `name` is a slip of, if one is close.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    if name.len() > 60 {
        return None;
    }
    let ranked = known.iter().map(|k| (distance(name, k), *k));
    let (best, near) = ranked.min_by_key(|(d, _)| *d)?;
    (best <= 1 + name.len() / 5).then_some(near)
}

/// Edits that turn one text into the other (Levenshtein), byte by byte.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substitute = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
