//! Replacing a file in one step: at any moment, through any loss of power, there is one whole file.
//!
//! What is new goes to a file beside, to the disk, and into its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What may be read by all, as far as the process's mask lets it.
pub(crate) const OPEN: u32 = 0o666;

/// Put `content` at `path`, in a file of this mode, and make its folder where there is none. What goes wrong
/// leaves what was there.
pub(crate) fn replace(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder(path))?;
    replace_with(path, mode, content, |_| Ok(()))
}

/// The same in a folder that is there, once `prepare` has changed who may do what with the new file.
pub(crate) fn replace_with(
    path: &Path,
    mode: u32,
    content: &[u8],
    prepare: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let new = beside(path, "new");
    // One that was left would keep its mode.
    let _ = fs::remove_file(&new);
    let written = write(&new, mode, content, prepare).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
        return written;
    }
    // The name itself must reach the disk too.
    File::open(folder(path))?.sync_all()
}

fn write(
    new: &Path,
    mode: u32,
    content: &[u8],
    prepare: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(new)?;
    prepare(&file)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A bare name is in the folder that we are in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) => Path::new("."),
        None => Path::new("/"),
    }
}

/// Move one that cannot be understood to `*.damaged`, where a person finds it.
pub(crate) fn put_aside(path: &Path) -> io::Result<()> {
    match fs::rename(path, beside(path, "damaged")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The file's name with something behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_goes_wrong_leaves_what_was_there() {
        let folder = format!("stannary-replace-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let path = folder.join("deep/file");
        replace(&path, OPEN, b"one").expect("written");
        let fails = replace_with(&path, OPEN, b"two", |_| Err(io::Error::other("no")));
        assert_eq!(fails.expect_err("told").to_string(), "no");
        // A folder is in its place.
        assert!(replace(&folder.join("deep"), OPEN, b"two").is_err());
        assert_eq!(fs::read(&path).expect("there"), b"one");
        for left in [beside(&path, "new"), beside(&folder.join("deep"), "new")] {
            assert!(!left.exists(), "{left:?}");
        }
        // One that a death left behind does not stay, nor what it allowed.
        fs::write(beside(&path, "new"), "half").expect("written");
        replace(&path, 0o600, b"three").expect("written");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(
            (mode & 0o777, fs::read(&path).expect("there")),
            (0o600, b"three".to_vec())
        );
        let _ = fs::remove_dir_all(&folder);
    }

    #[test]
    fn a_bare_name_is_in_the_folder_that_we_are_in() {
        for (path, expected) in [("a", "."), ("a/b", "a"), ("/a", "/"), ("/", "/")] {
            assert_eq!(folder(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
