//! Small files that are for this program alone: of mode 0600, and replaced as a whole.
//!
//! A write goes to a file beside, to the disk, and into its place, so that at any moment there is
//! one whole file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Its owner alone.
pub(crate) const MODE: u32 = 0o600;

/// What is in the file, as far as so many bytes; `None` where there is none.
pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // One that came from a copy may be for others to read. Where that cannot be changed it still
    // says what it says.
    let _ = file.set_permissions(fs::Permissions::from_mode(MODE));
    let mut text = String::new();
    file.take(bytes_max).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Replace it, or make it and its folder.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let new = beside(path, "new");
    // One that was left would keep its mode.
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new();
    let mut file = file.write(true).create_new(true).mode(MODE).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The name itself must reach the disk too.
    File::open(folder)?.sync_all()
}

/// Move one that cannot be understood to `*.damaged`, where a person finds it.
pub(crate) fn put_aside(path: &Path) -> io::Result<()> {
    match fs::rename(path, beside(path, "damaged")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_is_its_owners_alone() {
        let folder = format!("stannary-private-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let path = folder.join("deep/file");
        assert_eq!(read(&path, 10).expect("no file"), None);
        assert!(put_aside(&path).is_ok());
        for text in ["one", "two"] {
            write(&path, text).expect("written");
            assert_eq!(read(&path, 10).expect("read").as_deref(), Some(text));
        }
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), MODE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
        assert_eq!(read(&path, 2).expect("read").as_deref(), Some("tw"));
        assert_eq!(mode(&path), MODE);
        assert!(!beside(&path, "new").exists());
        put_aside(&path).expect("moved");
        assert!(!path.exists() && beside(&path, "damaged").exists());
        fs::write(&path, [0xff]).expect("written");
        assert!(read(&path, 10).is_err(), "no text");
        let _ = fs::remove_dir_all(&folder);
    }
}
