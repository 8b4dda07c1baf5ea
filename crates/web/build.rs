//! Looks whether `scripts/page` has built the page. Runs nothing: a build needs no Node.

use std::fs;
use std::path::Path;

fn main() {
    // The folders are always there, so that nothing is built anew while they do not change.
    println!("cargo::rerun-if-changed=dist");
    println!("cargo::rerun-if-changed=app/miner-words");
    println!("cargo::rustc-check-cfg=cfg(page_is_built)");
    let mut files = vec![
        "index.html".to_owned(),
        "page.js.gz".to_owned(),
        "page.css.gz".to_owned(),
    ];
    for entry in fs::read_dir("app/miner-words").into_iter().flatten() {
        let name = entry.map(|entry| entry.file_name());
        let name = name.unwrap_or_default();
        files.push(format!("miner-words.{}.gz", name.to_string_lossy()));
    }
    if files
        .iter()
        .all(|name| Path::new("dist").join(name).exists())
    {
        println!("cargo::rustc-cfg=page_is_built");
    }
}
