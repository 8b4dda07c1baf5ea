//! Documents: links, headings, examples and the table of codes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use telemetry::CODES;
use tidy::{File, files, none, root};

/// Set to anything, this rewrites generated documents instead of comparing them.
const REFRESH: &str = "STANNARY_REFRESH";

/// Lines outside fenced blocks.
fn prose(file: &File) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let outside = file.lines().filter(|(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    outside.collect()
}

/// Fenced blocks of one language, with the line on which each begins.
fn blocks(file: &File, language: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String, bool)> = None;
    for (number, line) in file.lines() {
        let trimmed = line.trim_start();
        match (&mut open, trimmed.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some((
                    number,
                    String::new(),
                    info.split(',').next() == Some(language),
                ));
            }
            (Some(_), Some(_)) => {
                let (start, text, wanted) = open.take().unwrap_or_default();
                blocks.extend(wanted.then_some((start, text)));
            }
            (Some((_, text, _)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Targets of `[text](target)`, inline code left out.
fn links(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for (i, part) in line.split('`').enumerate() {
        if i % 2 == 1 {
            continue;
        }
        let mut rest = part;
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            targets.push(&rest[..end]);
            rest = &rest[end..];
        }
    }
    targets
}

/// A heading's anchor: lower case, spaces to dashes, other marks dropped.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

fn anchors(file: &File) -> BTreeSet<String> {
    let headings = prose(file)
        .into_iter()
        .filter(|(_, line)| line.starts_with('#'));
    headings
        .map(|(_, line)| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

#[test]
fn links_and_headings_resolve() {
    let documents = files(".md");
    let mut broken = Vec::new();
    for file in &documents {
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        for (number, line) in prose(file) {
            for target in links(line).into_iter().filter(|t| !t.contains("://")) {
                let (path, heading) = target.split_once('#').unwrap_or((target, ""));
                let path = if path.is_empty() {
                    file.path.clone()
                } else {
                    normal(&folder.join(path))
                };
                let heading_known = |d: &File| heading.is_empty() || anchors(d).contains(heading);
                let found = match documents.iter().find(|d| d.path == path) {
                    Some(document) => heading_known(document),
                    None => heading.is_empty() && root().join(&path).exists(),
                };
                if !found {
                    broken.push(format!("{}:{number}: {target}", file.path));
                }
            }
        }
    }
    none("links that lead nowhere", &broken);
}

fn normal(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path
        .components()
        .map(|c| c.as_os_str().to_string_lossy().into_owned())
    {
        match part.as_str() {
            ".." => drop(parts.pop()),
            "." => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn toml_in_documents_and_beside_them_parses() {
    let mut broken = Vec::new();
    for file in files(".md") {
        for (number, text) in blocks(&file, "toml") {
            if let Err(error) = text.parse::<toml::Table>() {
                broken.push(format!("{}:{number}: {}", file.path, error.message()));
            }
        }
    }
    for file in files(".toml") {
        if let Err(error) = file.text.parse::<toml::Table>() {
            broken.push(format!("{}: {}", file.path, error.message()));
        }
    }
    none("TOML that does not parse", &broken);
}

#[test]
fn commands_in_documents_exist() {
    let mut missing = Vec::new();
    for file in files(".md") {
        for (number, text) in blocks(&file, "sh") {
            let words = text.split_whitespace();
            for script in words.filter(|w| w.starts_with("scripts/")) {
                if !root().join(script).exists() {
                    missing.push(format!("{}:{number}: {script}", file.path));
                }
            }
        }
    }
    none("scripts that do not exist", &missing);
}

#[test]
fn every_machine_has_a_page() {
    let mut missing = Vec::new();
    for file in files(".toml") {
        let name = file.path.strip_prefix("board-support/machines/");
        // Machines of tests are explained where their test is.
        let name = name.and_then(|n| n.strip_suffix(".toml"));
        if let Some(name) = name.filter(|name| !name.starts_with("test-")) {
            let page = format!("docs/boards/{name}.md");
            if !root().join(&page).exists() {
                missing.push(page);
            }
        }
    }
    none("pages that are missing", &missing);
}

#[test]
fn the_table_of_codes_is_the_codes() {
    let path = root().join("docs/codes.md");
    let expected = codes_document();
    if std::env::var_os(REFRESH).is_some() {
        fs::write(&path, &expected).expect("written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/codes.md differs from the table in crates/telemetry; run \
         `{REFRESH}=1 cargo test -p tidy` and look at what changed"
    );
}

/// The groups of codes in the order in which a start meets them.
const GROUPS: &[(&str, &str)] = &[
    ("E-CONF-", "Configuration"),
    ("E-PROC-", "Process"),
    ("E-DEV-", "Devices of the control board"),
    ("E-CHAIN-", "Chains"),
    ("E-BOARD-", "Boards"),
    ("E-PROBE-", "Probe"),
    ("E-PSU-", "Supply"),
    ("E-CLOCK-", "The time"),
    ("E-POOL-", "Pools"),
    ("E-NODE-", "One's own node"),
    ("E-API-", "Interfaces"),
    ("E-ACCESS-", "Access"),
    ("E-HTTPS-", "HTTPS"),
    ("E-MQTT-", "The MQTT broker"),
    ("E-MDNS-", "Being found"),
    ("E-TWIN-", "Twin"),
    ("E-DEMO-", "Demo"),
    ("E-HEAT-", "Heat"),
    ("E-SENSOR-", "Sensors"),
    ("E-FAN-", "Fans"),
    ("E-POWER-", "Power"),
];

fn codes_document() -> String {
    let mut out = String::from(
        "# Codes\n\n\
         Every fault, refusal and decision has a stable code. It never changes its meaning and is\n\
         never used again for another. *error* needs a person, *warn* was recovered from, *info* is\n\
         an outcome.\n\n\
         This file is made from the table in `crates/telemetry/src/codes.rs`;\n\
         `STANNARY_REFRESH=1 cargo test -p tidy` writes it anew.\n",
    );
    let mut listed = 0;
    for (prefix, title) in GROUPS {
        let codes: Vec<_> = CODES
            .iter()
            .filter(|c| c.text().starts_with(prefix))
            .collect();
        if codes.is_empty() {
            continue;
        }
        out.push_str(&format!(
            "\n## {title}\n\n| code | | what it means | what to do |\n|---|---|---|---|\n"
        ));
        for code in codes {
            listed += 1;
            let severity = format!("{:?}", code.severity()).to_lowercase();
            let remedy = if code.remedy().is_empty() {
                "nothing"
            } else {
                code.remedy()
            };
            out.push_str(&format!(
                "| `{}` | {severity} | {} | {remedy} |\n",
                code.text(),
                code.meaning()
            ));
        }
    }
    assert_eq!(listed, CODES.len(), "a code belongs to no group");
    out
}

#[test]
fn links_are_found_and_headings_become_anchors() {
    assert_eq!(
        links("[a](b.md), [c](d#e) and `[no](link)`"),
        ["b.md", "d#e"]
    );
    assert_eq!(
        anchor("What a nonce goes through"),
        "what-a-nonce-goes-through"
    );
    assert_eq!(anchor("0001: GPL, with `x`"), "0001-gpl-with-x");
    assert_eq!(
        normal(Path::new("docs/boards/../../README.md")),
        "README.md"
    );
}
