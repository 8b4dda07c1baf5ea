//! Fuzz targets take modules of crates without the crates; what these lean on must come with them. Only a nightly
//! compiler builds the targets, so that a module that moved would be missed until then.

use std::collections::BTreeSet;

use tidy::{File, files, none};

const TARGETS: &str = "tests/fuzz/fuzz_targets/";
/// From there to the repository.
const UP: &str = "../../../";

/// Modules with the files that they are made of.
fn taken(target: &File) -> Vec<(&str, &str)> {
    let lines: Vec<&str> = target.text.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter_map(|pair| {
        let path = pair[0].strip_prefix("#[path = \"")?.strip_suffix("\"]")?;
        let name = pair[1].strip_prefix("mod ")?.strip_suffix(';')?;
        Some((name, path.strip_prefix(UP)?))
    });
    pairs.collect()
}

/// Whether `path` is this module's file or one of a module below it, and no test.
fn belongs(path: &str, module: &str) -> bool {
    let folder = module.strip_suffix("mod.rs");
    let folder = folder.map_or_else(|| module.replace(".rs", "/"), str::to_owned);
    let below = path.strip_prefix(&folder);
    let is_test = |p: &str| p.ends_with("tests.rs") || p.starts_with("tests/");
    path == module || below.is_some_and(|below| !is_test(below))
}

/// Names at the root of its crate that a text uses, tests at its end excluded.
fn leans_on(text: &str) -> BTreeSet<&str> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let uses = text.split("crate::").skip(1);
    uses.map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
    .collect()
}

#[test]
fn a_fuzz_target_takes_all_that_its_modules_lean_on() {
    let all = files(".rs");
    let targets: Vec<&File> = all.iter().filter(|f| f.path.starts_with(TARGETS)).collect();
    let mut missing = Vec::new();
    let mut seen = 0;
    for target in targets {
        let modules = taken(target);
        for (module, path) in &modules {
            for file in all.iter().filter(|file| belongs(&file.path, path)) {
                seen += 1;
                for name in leans_on(&file.text) {
                    if !modules.iter().any(|(taken, _)| *taken == name) {
                        missing.push(format!(
                            "{}: `{module}` is made of {}, which uses `crate::{name}`",
                            target.path, file.path
                        ));
                    }
                }
            }
        }
    }
    assert!(seen > 20, "{seen} files were looked at");
    none("take these modules into the targets too", &missing);
}

#[test]
fn names_at_the_root_are_found() {
    let text = "use crate::hex::hex;\nlet a = crate::b;\n#[cfg(test)]\nuse crate::c;";
    assert_eq!(leans_on(text), BTreeSet::from(["b", "hex"]));
    let check = |path: &str, module: &str, expected: bool| {
        assert_eq!(belongs(path, module), expected, "{path} {module}");
    };
    check("a/b/mod.rs", "a/b/mod.rs", true);
    check("a/b/c.rs", "a/b/mod.rs", true);
    check("a/b/c_tests.rs", "a/b/mod.rs", false);
    check("a/b.rs", "a/b.rs", true);
    check("a/b/c.rs", "a/b.rs", true);
    check("a/c.rs", "a/b.rs", false);
}
