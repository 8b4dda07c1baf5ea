//! Files that a person wrote, read within a bound.

use std::fs::File;
use std::io::{Error, Read};
use std::path::Path;

use board_support::strict::{Kind, Problem};
use telemetry::Code;

/// The whole text of a file of at most so many bytes.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<String, Problem> {
    read_bounded(path, bytes_max).map_err(|error| Problem {
        kind: Kind::File,
        file: path.display().to_string(),
        line: 0,
        key: String::new(),
        message: format!("cannot be read: {error}"),
        remedy: Code::ConfigRead.remedy().to_owned(),
    })
}

/// The same with the error of the system.
pub(crate) fn read_bounded(path: &Path, bytes_max: u64) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(bytes_max + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > bytes_max {
        return Err(Error::other(format!("it is longer than {bytes_max} bytes")));
    }
    Ok(text)
}
