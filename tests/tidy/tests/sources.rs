//! What source files may not contain.

use tidy::{File, files, none};

/// Folders of crates that do no I/O, start no threads, read no clock and have one order.
const PURE: &[&str] = &[
    "crates/units/src/",
    "crates/sha256d/src/",
    "crates/work/src/",
    "crates/protocol/src/",
    "crates/telemetry/src/",
    "board-support/src/",
    "crates/stratum/src/",
    "crates/scheduler/src/",
    "crates/drivers/src/",
    "crates/control/src/",
    "crates/engine/src/",
    "crates/twin/src/",
    "hal/src/",
];

/// Names that bring in what such a crate must not have, and why it must not.
const IMPURE: &[(&str, &str)] = &[
    (
        "HashMap",
        "its order changes from run to run: use BTreeMap or Vec",
    ),
    (
        "HashSet",
        "its order changes from run to run: use BTreeSet or Vec",
    ),
    ("time::Instant", "time is an argument: use units::Instant"),
    ("SystemTime", "time is an argument"),
    ("std::thread", "threads live in the shells"),
    ("thread::", "threads live in the shells"),
    (
        "std::net",
        "sockets live in the shells; plain addresses are in core::net",
    ),
    ("std::fs", "files live in the shells"),
    ("std::env", "the environment is read in the shells"),
    ("std::process", "processes live in the shells"),
    ("std::io", "bytes come and go as inputs and effects"),
    ("tokio", "the event loop lives in the shells"),
    ("println!", "say it with a note"),
    ("print!(", "say it with a note"),
    ("thread_rng", "chance is seeded: use units::Rng"),
];

/// Folders that may hold unsafe code.
const UNSAFE: &[&str] = &["crates/sha256d/", "hal/linux/"];

/// A file longer than this has more than one subject.
const LINES_MAX: usize = 700;

/// A folder outside the repository, which nothing here may lean on. In two parts, so that
/// this file is no exception.
const OUTSIDE: &[&str] = &[concat!("sha", "red/"), concat!("/wo", "rk/")];

/// Lines of code without comments; test modules at the end of a file and test files are
/// left out.
fn code(file: &File) -> Vec<(usize, String)> {
    let is_test = |part: &str| part == "tests" || part.contains("test") && part.ends_with(".rs");
    if file.path.split('/').any(is_test) {
        return Vec::new();
    }
    let lines = file
        .lines()
        .take_while(|(_, line)| line.trim() != "mod tests {");
    let code = lines.map(|(n, line)| (n, line.split("//").next().unwrap_or_default().to_owned()));
    code.collect()
}

#[test]
fn pure_crates_contain_nothing_impure() {
    let mut found = Vec::new();
    let sources = files(".rs");
    for folder in PURE {
        for file in sources.iter().filter(|f| f.path.starts_with(folder)) {
            for (number, line) in code(file) {
                for (name, why) in IMPURE.iter().filter(|(name, _)| has_word(&line, name)) {
                    found.push(format!("{}:{number}: {name}: {why}", file.path));
                }
            }
        }
    }
    none("impure code below the shells", &found);
}

/// `thread::` in `std::thread::sleep` but not in `my_thread::x`.
fn has_word(line: &str, name: &str) -> bool {
    let mut from = 0;
    while let Some(at) = line[from..].find(name).map(|at| at + from) {
        let before = line[..at].chars().next_back();
        if !before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return true;
        }
        from = at + name.len();
    }
    false
}

#[test]
fn unsafe_code_stands_only_where_it_may() {
    let mut found = Vec::new();
    // This file names what it looks for.
    for file in files(".rs")
        .iter()
        .filter(|f| !f.path.starts_with("tests/tidy/"))
    {
        if UNSAFE.iter().any(|folder| file.path.starts_with(folder)) {
            continue;
        }
        for (number, line) in file.lines() {
            let code = line.split("//").next().unwrap_or_default();
            let words = [
                "unsafe {",
                "unsafe fn",
                "unsafe impl",
                "unsafe extern",
                "allow(unsafe_code)",
            ];
            if words.iter().any(|w| code.contains(w)) {
                found.push(format!("{}:{number}", file.path));
            }
        }
    }
    none("unsafe code", &found);
}

#[test]
fn files_have_one_subject() {
    let mut found = Vec::new();
    for ending in [".rs", ".js", ".css", ".html", ".toml"] {
        for file in files(ending) {
            let lines = file.text.lines().count();
            if lines > LINES_MAX {
                found.push(format!("{}: {lines} lines", file.path));
            }
        }
    }
    none("files that are too long", &found);
}

#[test]
fn nothing_is_left_to_do_in_the_code() {
    let mut found = Vec::new();
    for file in files(".rs")
        .iter()
        .filter(|f| !f.path.starts_with("tests/tidy/"))
    {
        for (number, line) in file.lines() {
            let left = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"];
            if left.iter().any(|w| line.contains(w)) {
                found.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none("things left to do", &found);
}

#[test]
fn no_test_is_ignored_and_none_sleeps_in_a_pure_crate() {
    let mut found = Vec::new();
    for file in files(".rs")
        .iter()
        .filter(|f| !f.path.starts_with("tests/tidy/"))
    {
        let pure = PURE.iter().any(|folder| file.path.starts_with(folder));
        for (number, line) in file.lines() {
            if line.trim() == "#[ignore]" || (pure && line.contains("sleep(")) {
                found.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none("tests that are skipped or wait", &found);
}

#[test]
fn the_repository_stands_alone() {
    let mut found = Vec::new();
    // The empty ending is every file that is text.
    for file in files("") {
        for (number, line) in file.lines() {
            if OUTSIDE.iter().any(|w| has_word(line, w)) {
                found.push(format!("{}:{number}", file.path));
            }
        }
    }
    none("mentions of places outside the repository", &found);
}
