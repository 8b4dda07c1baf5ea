//! The description of the interface: its paths are written by a person, its schemas are made of the types
//! that are read and answered. `STANNARY_REFRESH=1 cargo test -p api --lib openapi` writes them.

use std::collections::BTreeSet;
use std::fs;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value};
use telemetry::{Command, Order, Snapshot};

use crate::answers::{Begun, FaultsChanged, HistoryAnswer, Log, SettingsAnswer};
use crate::machine::{NewRestart, Restarts};
use crate::network_route::Network;
use crate::owner::{Claim, Login, NewPassword, NewSettings, NewToken};
use crate::owner_answers::{AccessSettings, Audit, MadeToken, Revoked, Session, Tokens};
use crate::owner_legacy::{LegacyState, NewLegacy};
use crate::pool_test::{NewPoolTest, PoolTest};
use crate::pools::PoolOrder;
use crate::refusal::Problem;
use crate::secure_route::HttpsState;

const PLACE: &str = "#/components/schemas/";

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = PLACE.trim_start_matches('#').trim_end_matches('/').into();
        settings.meta_schema = None;
    })
}

/// All schemas, by name.
fn schemas() -> Map<String, Value> {
    let mut answers: SchemaGenerator = settings().for_serialize().into_generator();
    answers.subschema_for::<AccessSettings>();
    answers.subschema_for::<Begun<'_>>();
    answers.subschema_for::<Audit>();
    answers.subschema_for::<Command>();
    answers.subschema_for::<FaultsChanged<'_>>();
    answers.subschema_for::<HistoryAnswer>();
    answers.subschema_for::<HttpsState>();
    answers.subschema_for::<LegacyState>();
    answers.subschema_for::<Log>();
    answers.subschema_for::<MadeToken>();
    answers.subschema_for::<Network>();
    answers.subschema_for::<PoolTest>();
    answers.subschema_for::<Problem<'_>>();
    answers.subschema_for::<Restarts>();
    answers.subschema_for::<Revoked>();
    answers.subschema_for::<Session>();
    answers.subschema_for::<SettingsAnswer>();
    answers.subschema_for::<Snapshot>();
    answers.subschema_for::<Tokens>();
    let mut requests: SchemaGenerator = settings().for_deserialize().into_generator();
    requests.subschema_for::<Claim>();
    requests.subschema_for::<Login>();
    requests.subschema_for::<NewLegacy>();
    requests.subschema_for::<NewPassword>();
    requests.subschema_for::<NewPoolTest>();
    requests.subschema_for::<NewRestart>();
    requests.subschema_for::<NewSettings>();
    requests.subschema_for::<NewToken>();
    requests.subschema_for::<Order>();
    requests.subschema_for::<PoolOrder>();
    let mut all = answers.take_definitions(true);
    for (name, mut schema) in requests.take_definitions(true) {
        plain(&mut schema);
        // What is both, as the settings show orders, is as it is read: it may lack what has a default.
        all.insert(name, schema);
    }
    // Not even `null` is the same as nothing there, which no type of Rust says.
    for kind in all["Order"]["oneOf"].as_array_mut().expect("orders") {
        for field in ["power_w", "temp_c"] {
            if kind["properties"].get(field).is_some() {
                let required = kind["required"].as_array_mut().expect("a list");
                required.push(field.into());
            }
        }
    }
    all.values_mut().for_each(plain);
    all
}

/// Without what says nothing more to whoever reads JSON.
fn plain(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            // `format` of numbers names Rust's own types, beside their range.
            if fields
                .get("type")
                .is_some_and(|kind| kind.is_string() || kind.is_array())
            {
                fields.remove("format");
            }
            if fields.get("default").is_some_and(Value::is_null) {
                fields.remove("default");
            }
            // Lines of a comment are no lines of a sentence.
            if let Some(Value::String(text)) = fields.get_mut("description") {
                let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
                *text = without_links(&line).replace("`None`", "null");
            }
            fields.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

/// `[`Word`](path)` of the types' own documentation as the word alone.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[`") {
        let link = after.split_once("`]");
        let Some((word, behind)) = link else { break };
        out.push_str(&format!("{before}`{word}`"));
        rest = match behind
            .strip_prefix('(')
            .and_then(|path| path.split_once(')'))
        {
            Some((_, behind)) => behind,
            None => behind,
        };
    }
    out + rest
}

/// JSON as a person reads it: what fits into a line is one.
fn written(value: &Value, indent: usize, out: &mut String) {
    let line = value.to_string();
    let (open, close, items) = match value {
        Value::Object(fields) if indent + line.len() > 110 => {
            let items = fields.iter().map(|(key, value)| (Some(key), value));
            ('{', '}', items.collect::<Vec<_>>())
        }
        Value::Array(items) if indent + line.len() > 110 => {
            ('[', ']', items.iter().map(|value| (None, value)).collect())
        }
        _ => return out.push_str(&line),
    };
    out.push(open);
    for (i, (key, value)) in items.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        out.push_str(&" ".repeat(indent + 1));
        if let Some(key) = key {
            out.push_str(&format!("{}: ", Value::from(key.as_str())));
        }
        written(value, indent + 1, out);
    }
    out.push('\n');
    out.push_str(&" ".repeat(indent));
    out.push(close);
}

/// All schemas that are named in this.
fn named(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str);
            names.extend(
                name.and_then(|name| name.strip_prefix(PLACE))
                    .map(str::to_owned),
            );
            fields.values().for_each(|value| named(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| named(value, names)),
        _ => {}
    }
}

#[test]
fn the_description_is_made_of_the_types() {
    let committed = include_str!("openapi.json");
    let mut document: Value = serde_json::from_str(committed).expect("JSON");
    document["components"]["schemas"] = schemas().into();
    let mut text = String::new();
    written(&document, 0, &mut text);
    text.push('\n');
    if std::env::var_os("STANNARY_REFRESH").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/openapi.json");
        fs::write(path, text).expect("written");
        return;
    }
    assert!(
        committed == text,
        "types and description differ; `STANNARY_REFRESH=1 cargo test -p api --lib openapi` writes it"
    );
}

#[test]
fn each_schema_that_is_named_is_there_and_each_that_is_there_is_named() {
    let document: Value = serde_json::from_str(include_str!("openapi.json")).expect("JSON");
    let mut names = BTreeSet::new();
    named(&document, &mut names);
    // Of the events of the stream, which its summary names.
    names.extend(["StreamBegin", "StreamFaults"].map(str::to_owned));
    let there = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    assert_eq!(names, there.keys().cloned().collect());
}
