//! What `docs/twin.md` says of the physics in figures is what the model gives: its plots and
//! its tables are made here, and compared with the committed ones.

mod bench;
mod plots;
mod svg;
mod tables;

use std::fs;
use std::path::PathBuf;

/// Set to anything, this rewrites the documents instead of comparing them.
const REFRESH: &str = "STANNARY_REFRESH";

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn refresh() -> bool {
    std::env::var_os(REFRESH).is_some()
}

#[test]
fn the_plots_are_what_the_model_gives() {
    for (name, drawn) in plots::all() {
        let path = docs().join("twin").join(name);
        if refresh() {
            fs::write(&path, &drawn).expect("written");
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == drawn,
            "docs/twin/{name} differs from the model; run \
             `{REFRESH}=1 cargo test -p twin --test physics_document` and look at what changed"
        );
    }
}

#[test]
fn the_tables_are_what_the_model_gives() {
    let path = docs().join("twin.md");
    let mut text = fs::read_to_string(&path).expect("docs/twin.md");
    let committed = text.clone();
    for (name, table) in tables::all() {
        text = with_block(&text, name, &table);
    }
    if refresh() {
        fs::write(&path, &text).expect("written");
        return;
    }
    assert!(
        committed == text,
        "tables of docs/twin.md differ from the model; run \
         `{REFRESH}=1 cargo test -p twin --test physics_document` and look at what changed"
    );
}

/// `text` with what stands between the marks of `name` replaced.
fn with_block(text: &str, name: &str, block: &str) -> String {
    let (begin, end) = (
        format!("<!-- made: {name} -->\n"),
        "<!-- made until here -->",
    );
    let after = |at: usize| at + begin.len();
    let from = text.find(&begin).map(after);
    let from = from.unwrap_or_else(|| panic!("docs/twin.md has no mark {begin}"));
    let length = text[from..].find(end);
    let length = length.unwrap_or_else(|| panic!("docs/twin.md: {name} does not end"));
    format!("{}{block}{}", &text[..from], &text[from + length..])
}
