//! Small files that are for this program alone: of mode 0600, and replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(crate) use crate::replace::put_aside;
use crate::replace::replace;

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
    replace(path, MODE, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replace::beside;

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
