//! Rules of the repository, held by tests: what a person would have to look for in every
//! review is looked for here. This crate finds the files; the rules are in `tests/`.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One file of the repository.
#[derive(Clone, Debug)]
pub struct File {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl File {
    /// Numbered lines, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, line)| (i + 1, line))
    }
}

/// Names at the top of the repository that belong to it, hidden ones and build output
/// excluded.
pub fn top_level() -> Vec<String> {
    let mut names = names_in(&root());
    names.retain(|name| !is_output(name));
    names
}

/// Text files whose name ends in `ending`, hidden folders, build output and collected
/// inputs of fuzzers excluded. Sorted, so that failures are.
pub fn files(ending: &str) -> Vec<File> {
    let mut found = Vec::new();
    for name in top_level() {
        collect(&name, ending, &mut found);
    }
    found
}

/// Names that build tools make; `.gitignore` lists the same.
fn is_output(name: &str) -> bool {
    let folders = [
        "node_modules",
        "dist",
        "artifacts",
        "corpus",
        "corpus-work",
        "coverage",
    ];
    name.starts_with('.')
        || name == "target"
        || name.starts_with("target-")
        || folders.contains(&name)
}

fn collect(path: &str, ending: &str, found: &mut Vec<File>) {
    let full = root().join(path);
    if full.is_dir() {
        for name in names_in(&full) {
            if !is_output(&name) {
                collect(&format!("{path}/{name}"), ending, found);
            }
        }
    } else if path.ends_with(ending)
        && let Ok(text) = fs::read_to_string(&full)
    {
        let path = path.to_owned();
        found.push(File { path, text });
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Fail with all that was found, or pass: one look shows everything.
#[track_caller]
pub fn none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}
