//! Files that a person wrote: read within a bound, and replaced in one step.

use std::fs::{self, File};
use std::io::{Error, Read};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use board_support::strict::{Kind, Problem};
use telemetry::Code;

use crate::private_file;
use crate::replace::replace_with;

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

/// Replace a file that is there in one step, with its own owner and permissions: it may hold passwords. What
/// goes wrong leaves it as it was.
pub(crate) fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    // A link stays one.
    let path = fs::canonicalize(path)?;
    let kept = fs::metadata(&path)?;
    replace_with(&path, private_file::MODE, content, |new| {
        let made = new.metadata()?;
        if (made.uid(), made.gid()) != (kept.uid(), kept.gid()) {
            fchown(new, Some(kept.uid()), Some(kept.gid()))?;
        }
        new.set_permissions(kept.permissions())
    })
}
