//! Where the file system of the control board begins, and small files of the kernel's.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::DeviceError;

/// Longest text of a kernel's file that is read: an attribute is a page at most.
const TEXT_MAX: u64 = 4096;

/// Where `/dev`, `/sys` and `/proc` are: `/` on a control board, another folder in a test.
#[derive(Clone, Debug)]
pub struct Root(PathBuf);

impl Default for Root {
    fn default() -> Self {
        Root(PathBuf::from("/"))
    }
}

impl Root {
    /// Another folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Root(folder.into())
    }

    /// The place of an absolute path under this root.
    pub fn at(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }
}

/// The text of a small file, without the space around it.
pub fn read_text(path: &Path, step: &'static str) -> Result<String, DeviceError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(TEXT_MAX).read_to_end(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| Error::from(ErrorKind::InvalidData))
    };
    let text = read().map_err(|error| DeviceError::new(path, step, error))?;
    Ok(text.trim().to_owned())
}

/// The number that a small file holds.
pub fn read_number<T: FromStr>(path: &Path, step: &'static str) -> Result<T, DeviceError> {
    let text = read_text(path, step)?;
    let no_number = || DeviceError::new(path, step, Error::from(ErrorKind::InvalidData));
    text.parse().map_err(|_| no_number())
}

/// Give a file that is there a new text, in one write.
pub(crate) fn write_text(path: &Path, step: &'static str, text: &str) -> Result<(), DeviceError> {
    let write = || {
        // In `/sys` truncation means nothing; in a test's folder it leaves no old end.
        let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|error| DeviceError::new(path, step, error))
}

/// What the names in a folder that begin with `prefix` end with, as numbers, in order.
pub(crate) fn numbered(folder: &Path, prefix: &str) -> Vec<u32> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let number = |entry: std::fs::DirEntry| {
        let name = entry.file_name();
        name.to_str()?.strip_prefix(prefix)?.parse().ok()
    };
    let mut numbers: Vec<u32> = entries.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}
