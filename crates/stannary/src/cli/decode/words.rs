//! Exchanges of chips on SPI: each argument, or each line, is one.

use std::io::{self, BufRead, Write};

use protocol::explain::{Direction, Value};
use protocol::spi::{Profile, explain};

use super::Print;
use super::frames::{Fault, Record, bytes_of};
use super::lines::Lines;

/// What is known before the first line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) profile: &'static Profile,
    /// Which way all frames go, if it is known.
    pub(super) from: Option<Direction>,
}

/// Explains arguments.
pub(super) fn from_arguments(
    setting: Setting,
    all: &[String],
    mut print: Print<impl Write>,
) -> io::Result<u64> {
    for (number, argument) in (1..).zip(all) {
        one(setting, number, argument, "argument", &mut print)?;
    }
    print.end()
}

/// Explains an input line by line, in bounded memory.
pub(super) fn stream(
    setting: Setting,
    input: impl BufRead,
    mut print: Print<impl Write>,
) -> io::Result<u64> {
    let mut lines = Lines::new(input);
    while let Some(piece) = lines.next()? {
        one(setting, piece.number, &piece.text, "line", &mut print)?;
    }
    print.end()
}

fn one(
    setting: Setting,
    number: u64,
    text: &str,
    place: &str,
    print: &mut Print<impl Write>,
) -> io::Result<()> {
    let bytes = match bytes_of(text) {
        Ok(bytes) if bytes.is_empty() => return Ok(()),
        Ok(bytes) => bytes,
        Err(Fault { column, what }) => {
            print.faults(
                &format!("{place} {number}"),
                0,
                vec![Fault { column, what }],
            );
            return Ok(());
        }
    };
    print.records(&mut vec![record(setting, number, &bytes)])
}

/// Many frames look alike both ways; where nothing tells, the host's reading comes first.
fn record(setting: Setting, number: u64, bytes: &[u8]) -> Record {
    let read = |direction| (direction, explain(setting.profile, direction, bytes));
    let (direction, said) = match setting.from {
        Some(direction) => read(direction),
        None => {
            let host = read(Direction::FromHost);
            let chip = read(Direction::FromChip);
            if host.1.error.is_some() && chip.1.error.is_none() {
                chip
            } else {
                host
            }
        }
    };
    let frame: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let mut fields = vec![
        ("line", Value::Number(number)),
        ("frame", Value::Text(frame)),
    ];
    if let Some(error) = said.error {
        fields.push(("error", Value::Text(error.to_string())));
    }
    fields.extend(said.fields);
    Record {
        chip: setting.profile.name,
        direction: (said.kind != "unknown").then_some(direction),
        kind: said.kind,
        crc_ok: said.crc_ok,
        fields,
    }
}
