//! Lists the data files, so that adding a machine touches no code.

use std::{env, error::Error, fmt::Write, fs, path::Path};

const FOLDERS: [&str; 4] = ["machines", "control-boards", "hashboards", "psus"];

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let mut out = String::from("/// (folder, name, text) of every data file.\n");
    writeln!(out, "pub(crate) const FILES: &[(&str, &str, &str)] = &[")?;
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        let mut names = Vec::new();
        for entry in fs::read_dir(Path::new(&root).join(folder))? {
            let name = entry?.file_name().into_string().map_err(|_| "not UTF-8")?;
            names.extend(name.strip_suffix(".toml").map(str::to_owned));
        }
        names.sort();
        for name in names {
            let path = format!("{root}/{folder}/{name}.toml");
            println!("cargo::rerun-if-changed={path}");
            writeln!(out, "    ({folder:?}, {name:?}, include_str!({path:?})),")?;
        }
    }
    out.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("files.rs"), out)?;
    Ok(())
}
