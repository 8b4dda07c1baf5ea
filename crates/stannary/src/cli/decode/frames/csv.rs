//! Exports of logic analysers as columns: Saleae Logic 1 and 2, DSView and others with a
//! head that names the column of the data.

use std::ops::Range;

use super::dump::Read;
use super::token::{Class, tokens};

/// Names of columns that hold bytes, by preference.
const DATA: &[&str] = &[
    "data", "value", "hex", "byte", "bytes", "payload", "frame", "rx data", "tx data", "rx", "tx",
    "mosi", "miso",
];
/// Names of columns that say where bytes were seen.
const CHANNEL: &[&str] = &["name", "channel", "analyzer", "line"];
/// Names of columns that hold neither.
const OTHER: &[&str] = &[
    "id",
    "time",
    "timestamp",
    "start",
    "start_time",
    "start time",
    "end",
    "end_time",
    "end time",
    "duration",
    "type",
    "packet id",
    "sample",
    "index",
    "error",
    "parity error",
    "framing error",
    "parity_error",
    "framing_error",
];

/// What the head of an export says.
pub(crate) struct Columns {
    separator: char,
    data: usize,
    channel: Option<usize>,
}

/// Where a row has its data.
pub(crate) struct Row {
    data: Range<usize>,
    channel: Option<String>,
}

impl Columns {
    /// Reads a head; `None` for a line that is none.
    pub(crate) fn of_head(line: &str) -> Option<Columns> {
        let count = |separator: &char| line.matches(*separator).count();
        let separator = [',', ';', '\t'].into_iter().max_by_key(count)?;
        let names: Vec<String> = fields(line, separator)
            .into_iter()
            .map(|range| name(&line[range]))
            .collect();
        let worded = |n: &String| n.contains(|c: char| c.is_alphabetic() && !c.is_ascii_hexdigit());
        let known = |n: &String| {
            [DATA, CHANNEL, OTHER]
                .iter()
                .any(|k| k.contains(&n.as_str()))
        };
        let head = names.len() >= 2
            && names.iter().all(|n| n.is_empty() || worded(n))
            && names.iter().any(known);
        if !head {
            return None;
        }
        let of = |list: &[&str]| {
            list.iter()
                .find_map(|wanted| names.iter().position(|n| n == wanted))
        };
        let last = || names.iter().rposition(|n| !n.is_empty() && !known(n));
        Some(Columns {
            separator,
            data: of(DATA).or_else(last)?,
            channel: of(CHANNEL),
        })
    }

    /// Where a line has its data; `None` for a line with too few columns.
    pub(crate) fn row(&self, text: &str) -> Option<Row> {
        let all = fields(text, self.separator);
        let channel = self.channel.and_then(|at| all.get(at).cloned());
        Some(Row {
            data: all.get(self.data)?.clone(),
            channel: channel.map(|range| text[range].to_owned()),
        })
    }
}

/// The bytes in a row's data: `0x55`, `55`, `U (0x55)`. Words alone are no bytes.
pub(crate) fn value(text: &str, row: &Row) -> Read {
    let all = tokens(text, row.data.clone());
    let mut read = Read {
        channel: row.channel.clone(),
        ..Read::default()
    };
    let prefixed = |class| matches!(class, Class::Hex { prefixed: true });
    let marked = all.iter().any(|t| prefixed(t.class));
    let words = all.iter().any(|t| matches!(t.class, Class::Word { .. }));
    for token in &all {
        let hex = matches!(token.class, Class::Hex { .. }) && !words && token.digits(text) > 1;
        if prefixed(token.class) || hex && !marked {
            token.bytes(text, &mut read);
        }
    }
    read
}

/// The fields of a line; a separator in quotes separates nothing.
fn fields(line: &str, separator: char) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut begin, mut quoted) = (0, false);
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                out.push(begin..at);
                begin = at + c.len_utf8();
            }
            _ => {}
        }
    }
    out.push(begin..line.len());
    out
}

/// A head's name without quotes, unit and case: `Time [s]` is `time`.
fn name(field: &str) -> String {
    let field = field.trim().trim_matches('"');
    let bare = field.split(['[', '(']).next().unwrap_or_default();
    bare.trim().to_lowercase()
}
