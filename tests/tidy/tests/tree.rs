//! The top of the repository.

use tidy::{none, root, top_level};

/// Exactly these names, or some of them: a new one is a decision.
const NAMES: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "board-support",
    "buildroot",
    "crates",
    "docs",
    "hal",
    "scripts",
    "tests",
];

#[test]
fn the_top_level_has_only_the_agreed_names() {
    let unknown: Vec<_> = top_level()
        .into_iter()
        .filter(|n| !NAMES.contains(&n.as_str()))
        .collect();
    none("names that the tree does not know", &unknown);
}

#[test]
fn the_license_is_the_whole_text() {
    let text = std::fs::read_to_string(root().join("LICENSE")).expect("LICENSE");
    for part in [
        "GNU GENERAL PUBLIC LICENSE",
        "Version 3, 29 June 2007",
        "END OF TERMS AND CONDITIONS",
    ] {
        assert!(text.contains(part), "{part}");
    }
}
