//! The layer table, read from the manifests.

use std::collections::BTreeMap;

use tidy::{files, none};
use toml::Table;

/// Who may see whom. A crate sees crates of a lower layer, never its own; where a third
/// entry stands, only those of them. `docs/architecture.md` explains the table; a new edge
/// needs a record in `docs/decisions/`.
const LAYERS: &[(&str, u8, Option<&[&str]>)] = &[
    ("units", 0, None),
    ("sha256d", 0, None),
    // Types and traits of the ports: between vocabulary and codecs.
    ("hal", 1, Some(&["units"])),
    ("work", 2, None),
    ("protocol", 2, None),
    ("telemetry", 2, None),
    ("board-support", 2, None),
    ("stratum", 3, None),
    ("scheduler", 3, None),
    ("drivers", 3, None),
    ("control", 3, None),
    // The other side of every wire shares no codec and no core with us.
    ("twin", 3, Some(&["units", "board-support", "sha256d"])),
    ("engine", 4, None),
    ("hal-emulated", 4, Some(&["hal", "twin", "units"])),
    ("hal-linux", 4, Some(&["hal", "units"])),
    ("api", 5, Some(&["telemetry", "units", "board-support"])),
    ("web", 5, Some(&["telemetry", "units", "board-support"])),
    // The simulated world joins everything but the shells; `bench sim` runs it.
    ("sim", 5, None),
    ("stannary", 6, None),
    ("process", 6, None),
    ("tidy", 6, None),
    // The same binary and helpers, in a guest with a real kernel.
    ("kernel", 7, None),
    ("fuzz", 6, None),
];

/// Foreign crates that crates below the shells may use. They do no I/O by themselves, start
/// no threads and read no clock.
const PURE: &[&str] = &[
    "bitcoin",
    "sha2",
    "serde",
    "serde_json",
    // Behind a feature that tests alone turn on.
    "schemars",
    "toml",
    "binary_sv2",
    "common_messages_sv2",
    "mining_sv2",
];

/// The highest layer without I/O.
const PURE_UP_TO: u8 = 4;

struct Manifest {
    path: String,
    name: String,
    /// Normal dependencies.
    sees: Vec<String>,
}

fn manifests() -> Vec<Manifest> {
    let files = files("Cargo.toml");
    let parsed = files.into_iter().filter_map(|file| {
        let table: Table = file
            .text
            .parse()
            .unwrap_or_else(|e| panic!("{}: {e}", file.path));
        let name = table.get("package")?.get("name")?.as_str()?.to_owned();
        let sees = table.get("dependencies").and_then(|d| d.as_table());
        let sees = sees
            .map(|d| d.keys().cloned().collect())
            .unwrap_or_default();
        // Target tables would hide an edge from this test.
        assert!(
            !table.contains_key("target"),
            "{}: dependencies by target",
            file.path
        );
        Some(Manifest {
            path: file.path,
            name,
            sees,
        })
    });
    parsed.collect()
}

fn layers() -> BTreeMap<&'static str, (u8, Option<&'static [&'static str]>)> {
    LAYERS
        .iter()
        .map(|(name, layer, only)| (*name, (*layer, *only)))
        .collect()
}

#[test]
fn every_crate_stands_in_the_layer_table() {
    let layers = layers();
    let unknown: Vec<_> = manifests()
        .into_iter()
        .filter(|m| {
            !layers.contains_key(m.name.trim_end_matches("-fuzz"))
                && !m.path.starts_with("tests/fuzz")
        })
        .map(|m| format!("{} ({})", m.name, m.path))
        .collect();
    none("crates that are in no layer", &unknown);
}

#[test]
fn a_crate_sees_lower_layers_only() {
    let layers = layers();
    let mut wrong = Vec::new();
    for m in manifests() {
        let Some((own, only)) = layers.get(m.name.as_str()) else {
            continue;
        };
        for seen in &m.sees {
            let Some((layer, _)) = layers.get(seen.as_str()) else {
                continue;
            };
            let allowed = only.is_none_or(|only| only.contains(&seen.as_str()));
            if layer >= own || !allowed {
                wrong.push(format!("{} must not see {seen}", m.name));
            }
        }
    }
    none("edges against the layer table", &wrong);
}

#[test]
fn crates_below_the_shells_use_pure_foreign_crates_only() {
    let layers = layers();
    let mut wrong = Vec::new();
    for m in manifests() {
        let Some((own, _)) = layers.get(m.name.as_str()) else {
            continue;
        };
        if *own > PURE_UP_TO || m.name == "hal-linux" {
            continue;
        }
        let foreign = m.sees.iter().filter(|d| !layers.contains_key(d.as_str()));
        for name in foreign.filter(|d| !PURE.contains(&d.as_str())) {
            wrong.push(format!("{} must not use {name}", m.name));
        }
    }
    none("foreign crates that are not known to be pure", &wrong);
}

#[test]
fn foreign_crates_come_from_one_list_of_versions() {
    let mut wrong = Vec::new();
    for file in files("Cargo.toml") {
        if file.path == "Cargo.toml" || file.path.starts_with("tests/fuzz") {
            continue;
        }
        for (number, line) in file.lines() {
            if line.contains("path = \"..") || line.contains("git = ") {
                wrong.push(format!("{}:{number}: {line}", file.path));
            }
        }
    }
    none("dependencies that the workspace does not list", &wrong);
}
