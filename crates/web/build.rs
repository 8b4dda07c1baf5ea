//! Looks whether `scripts/page` has built the page. Runs nothing: a build needs no Node.

use std::path::Path;

fn main() {
    // The folder is always there, so that nothing is built anew while it does not change.
    println!("cargo::rerun-if-changed=dist");
    println!("cargo::rustc-check-cfg=cfg(page_is_built)");
    let files = ["index.html", "page.js.gz", "page.css.gz"];
    if files
        .iter()
        .all(|name| Path::new("dist").join(name).exists())
    {
        println!("cargo::rustc-cfg=page_is_built");
    }
}
