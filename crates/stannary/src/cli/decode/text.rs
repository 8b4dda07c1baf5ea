//! A record for people.

use std::fmt::Write;

use protocol::explain::{Fields, Value};

use super::super::table::{Colour, Tone};
use super::frames::Record;

/// Head line, then a field a line.
pub(super) fn render(record: &Record, colour: Colour) -> String {
    let (verdict, tone) = match (record.kind, record.crc_ok) {
        ("garbage", _) => ("no frame", Tone::Warn),
        (_, true) => ("crc ok", Tone::Good),
        (_, false) => ("crc wrong", Tone::Bad),
    };
    let from = record.sender().map_or("", |s| match s {
        "host" => "from host, ",
        _ => "from chip, ",
    });
    let mut out = format!(
        "{}: {from}{}\n",
        colour.paint(record.kind, Tone::Plain),
        colour.paint(verdict, tone)
    );
    fields(&record.fields, 1, colour, &mut out);
    out
}

fn fields(all: &Fields, depth: usize, colour: Colour, out: &mut String) {
    let width = all.iter().map(|f| f.0.chars().count()).max().unwrap_or(0);
    for (name, value) in all {
        let indent = "  ".repeat(depth);
        let gap = " ".repeat(width - name.chars().count());
        let name = colour.paint(name, Tone::Head);
        match value {
            Value::Fields(inner) => {
                // Writing to a string cannot fail.
                let _ = writeln!(out, "{indent}{name}");
                fields(inner, depth + 1, colour, out);
            }
            Value::List(list) => {
                let _ = writeln!(out, "{indent}{name}");
                for value in list {
                    let _ = writeln!(out, "{indent}  {}", plain(value));
                }
            }
            _ => {
                let _ = writeln!(out, "{indent}{name}{gap}  {}", plain(value));
            }
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Flag(true) => "yes".to_owned(),
        Value::Flag(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Real(real) if real.abs() >= 1000.0 => format!("{real:.0}"),
        Value::Real(real) => real.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(_) | Value::Fields(_) => "…".to_owned(),
    }
}
