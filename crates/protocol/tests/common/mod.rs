//! Reading of the vector files, shared by the tests of this crate.
#![allow(dead_code, reason = "each test binary uses a part")]

use protocol::{PROFILES, Profile};
use serde_json::Value;

/// One folder per chip.
pub(crate) const PROFILES_FOLDER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/chips");

pub(crate) fn vectors(file: &str) -> Vec<Value> {
    let path = format!(
        "{}/../../tests/vectors/bm13xx/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).expect("vector file is in the tree");
    let value: Value = serde_json::from_str(&text).expect("vector file is JSON");
    let list = value["vectors"]
        .as_array()
        .expect("has a list `vectors`")
        .clone();
    assert!(!list.is_empty(), "{file}");
    list
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A number given as `0x…` or plainly.
pub(crate) fn number(value: &Value) -> u64 {
    match value {
        Value::String(s) => {
            u64::from_str_radix(s.strip_prefix("0x").expect("0x number"), 16).expect("hex")
        }
        other => other.as_u64().expect("number"),
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("string")
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    unhex(text(value))
}

/// The profiles of the chips that a vector names: a new chip's vectors need no new test.
pub(crate) fn profiles_of(vector: &Value) -> Vec<&'static Profile> {
    let known = PROFILES.iter().copied();
    known
        .filter(|p| concerns(vector, &[&p.name.to_uppercase()]))
        .collect()
}

/// A chip that a test is about.
pub(crate) fn chip(name: &str) -> &'static Profile {
    protocol::profile(name).unwrap_or_else(|| panic!("no profile {name}"))
}

/// A board for arithmetic; its numbers beyond these do not matter.
pub(crate) fn shape(chips: u16, domains: u16, address_interval: u8) -> protocol::Shape {
    protocol::Shape {
        chips,
        domains,
        address_interval,
        ticket: units::TicketDifficulty::from_log2(8).expect("in range"),
        target: units::Megahertz::new(500.0),
        baud: 3_125_000,
        version_mask: 0x1fff_e000,
    }
}

pub(crate) fn concerns(vector: &Value, chips: &[&str]) -> bool {
    let named = |v: &Value| v.as_str().is_some_and(|s| chips.contains(&s));
    match &vector["chips"] {
        Value::Array(list) => list.iter().any(named),
        other => named(other) || named(&vector["chip"]),
    }
}
