//! What fuzzing calls, and a bounded random test calls too: any bytes, as text and as
//! bytes of a wire; panics if a promise of the decoder does not hold.

use protocol::PROFILES;
use protocol::explain::{Direction, Value};

use super::frames::{Decoder, Manner, Record, Setting};
use crate::hex::hex;

/// The first byte chooses chip and direction.
pub(crate) fn decode(bytes: &[u8]) {
    let Some((&choice, rest)) = bytes.split_first() else {
        return;
    };
    let setting = Setting {
        profile: PROFILES[usize::from(choice) % PROFILES.len()],
        from: match choice >> 4 & 3 {
            0 => Some(Direction::FromHost),
            1 => Some(Direction::FromChip),
            _ => None,
        },
        board: None,
        job: None,
    };
    as_text(setting.clone(), choice, rest);
    as_wire(setting, rest);
}

fn as_text(setting: Setting, choice: u8, bytes: &[u8]) {
    let mut decoder = Decoder::new(setting);
    let manner = match choice >> 6 {
        0 => Manner::Argument,
        1 => Manner::Rest,
        _ => Manner::Line,
    };
    let mut out = Vec::new();
    for (number, line) in (1..).zip(String::from_utf8_lossy(bytes).lines()) {
        for fault in decoder.line(number, line, manner, &mut out) {
            assert!((1..=line.chars().count()).contains(&fault.column), "{line}");
        }
    }
    decoder.finish(&mut out);
    out.iter().for_each(honest);
}

/// However a wire's bytes are cut into lines, each is in one record, in order.
fn as_wire(setting: Setting, bytes: &[u8]) {
    let mut decoder = Decoder::new(setting);
    let mut out = Vec::new();
    let cut = 1 + bytes.first().map_or(0, |b| usize::from(*b) % 40);
    for (number, piece) in (1..).zip(bytes.chunks(cut)) {
        let faults = decoder.line(number, &hex(piece), Manner::Argument, &mut out);
        assert_eq!(faults, []);
    }
    decoder.finish(&mut out);
    out.iter().for_each(honest);
    let whole: String = out.iter().filter_map(bytes_of).collect();
    assert_eq!(whole, hex(bytes));
}

fn honest(record: &Record) {
    let garbage = record.kind == "garbage";
    let error = record.fields.iter().any(|f| f.0 == "error");
    assert!(record.crc_ok || garbage || error, "{record:?}");
    assert!(!garbage || !record.crc_ok);
    assert!(serde_json::to_string(record).is_ok());
}

/// What was on the wire, as a record has it.
pub(crate) fn bytes_of(record: &Record) -> Option<&str> {
    let name = match record.kind {
        "garbage" => "bytes",
        _ => "frame",
    };
    let field = record.fields.iter().find(|f| f.0 == name)?;
    match &field.1 {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
