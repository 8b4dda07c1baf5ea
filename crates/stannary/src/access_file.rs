//! Who may do what, over a file: what the API's gate is lent by this shell.
//!
//! The file is a private one. One that is there and cannot be understood is left as it is, and the
//! gate lets nobody in over the network; once access is reset it is put aside as `*.damaged`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use api::{Around, Change, Gate, Kept, Published};
use rustix::rand::{GetRandomFlags, getrandom};
use telemetry::{ClockQuality, Code, Note, Severity};

use crate::private_file;
use crate::runtime::{Clock, Wall};

/// A tenth of what a thread of usual priority gets. Policy: a login gives way to everything else,
/// and still comes to its end in seconds where the processor is full; with 19 it did not (measured: none
/// within 5 s beside thirteen busy threads on two cores).
const NICE: i32 = 10;

/// Who may do what on this machine, as the file at `path` says; without one, as is said while this
/// process lives.
pub(crate) fn open(
    path: Option<&Path>,
    wall: Wall,
    shelf: &Published,
    clock: Clock,
) -> Result<Gate> {
    let found = path.map_or_else(|| Ok(Kept::default()), read);
    if let (Err(why), Some(path)) = (&found, path) {
        let (code, detail) = (Code::AccessFile, format!("`{}`: {why}", path.display()));
        tracing::error!(code = code.text(), "{detail}: {}", code.meaning());
        shelf.note(Note {
            at: clock.now(),
            code,
            place: String::new(),
            detail,
        });
    }
    let file = path.map(|path| KeptFile {
        path: path.to_owned(),
        damaged: AtomicBool::new(found.is_err()),
    });
    let around = Around {
        host: host_name(),
        random: Box::new(random),
        unix_s: Box::new(move || unix_s(&wall)),
        keep: Box::new(move |kept| file.as_ref().map_or(Ok(()), |file| file.write(kept))),
        tell: Box::new(tell),
        quiet: give_way,
    };
    Gate::open(found, around).context("no thread for access")
}

/// The file, and whether what it holds must not be lost in silence.
struct KeptFile {
    path: PathBuf,
    damaged: AtomicBool,
}

impl KeptFile {
    fn write(&self, kept: &Kept) -> io::Result<()> {
        if self.damaged.load(Ordering::Relaxed) {
            private_file::put_aside(&self.path)?;
            self.damaged.store(false, Ordering::Relaxed);
        }
        private_file::write(&self.path, &kept.text())
    }
}

/// What is kept; the default where there is no file.
fn read(path: &Path) -> Result<Kept, String> {
    let text = private_file::read(path, Kept::BYTES_MAX).map_err(|error| error.to_string())?;
    text.map_or_else(|| Ok(Kept::default()), |text| Kept::parse(&text))
}

/// What this computer is called; nothing where nobody named it.
fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    (!matches!(name, "" | "(none)" | "localhost")).then(|| name.to_owned())
}

/// From the kernel, once it has gathered enough: an error before.
pub(crate) fn random(mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let drawn = getrandom(&mut *bytes, GetRandomFlags::NONBLOCK)?;
        bytes = &mut bytes[drawn..];
    }
    Ok(())
}

fn unix_s(wall: &Wall) -> Option<u64> {
    let time = wall.time();
    let known = time.clock.quality != ClockQuality::Unset;
    known.then_some(time.unix.as_secs())
}

fn tell(change: &Change) {
    let Change {
        code,
        who,
        from,
        what,
        before,
        after,
        ..
    } = change;
    let (code, before, after) = (code.text(), before.as_deref(), after.as_deref());
    match change.code.severity() {
        Severity::Info => tracing::info!(code, who, from, what, before, after),
        _ => tracing::warn!(code, who, from, what, before, after),
    }
}

/// For this thread alone. Where the kernel refuses that, a login slows others for as long as a hash
/// takes.
fn give_way() {
    let _ = rustix::process::nice(NICE);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::private_file::MODE;
    use crate::replace::beside;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("stannary-access-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = fs::remove_dir_all(&path);
            Folder(path)
        }

        fn file(&self, damaged: bool) -> KeptFile {
            KeptFile {
                path: self.0.join("deep/access.json"),
                damaged: AtomicBool::new(damaged),
            }
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &Path) -> u32 {
        let found = fs::metadata(path).expect("there");
        found.permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_read_back_by_its_owner_alone() {
        let folder = Folder::new("read");
        let file = folder.file(false);
        assert_eq!(read(&file.path), Ok(Kept::default()), "no file yet");
        file.write(&Kept::default()).expect("written");
        file.write(&Kept::default()).expect("written again");
        assert_eq!(mode(&file.path), MODE);
        assert_eq!(read(&file.path), Ok(Kept::default()));
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(&file.path, open).expect("set");
        assert!(read(&file.path).is_ok());
        assert_eq!(mode(&file.path), MODE);
        assert!(!beside(&file.path, "new").exists());
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_an_error_and_is_put_aside_by_the_next_write() {
        let folder = Folder::new("damaged");
        let file = folder.file(true);
        fs::create_dir_all(folder.0.join("deep")).expect("a folder");
        let half = &Kept::default().text()[..20];
        for damaged in ["", half, "[]"] {
            fs::write(&file.path, damaged).expect("written");
            assert!(read(&file.path).is_err(), "{damaged}");
        }
        fs::write(&file.path, [0xff; 40]).expect("written");
        assert!(read(&file.path).is_err());
        let huge = " ".repeat(Kept::BYTES_MAX as usize) + &Kept::default().text();
        fs::write(&file.path, huge).expect("written");
        assert!(read(&file.path).is_err());
        fs::write(&file.path, half).expect("written");
        file.write(&Kept::default()).expect("written");
        assert_eq!(read(&file.path), Ok(Kept::default()));
        let aside = beside(&file.path, "damaged");
        assert_eq!(fs::read_to_string(&aside).expect("kept"), half);
        // Once.
        file.write(&Kept::default()).expect("written");
        assert_eq!(fs::read_to_string(&aside).expect("kept"), half);
    }

    #[test]
    fn a_folder_in_its_place_is_no_permission() {
        let folder = Folder::new("folder");
        let file = folder.file(false);
        fs::create_dir_all(&file.path).expect("a folder");
        assert!(read(&file.path).is_err());
        assert!(file.write(&Kept::default()).is_err());
    }

    #[test]
    fn random_numbers_fill_all_and_differ() {
        let (mut one, mut two) = ([0; 300], [0; 300]);
        random(&mut one).expect("a kernel that has enough");
        random(&mut two).expect("a kernel that has enough");
        assert!(one != two && one[268..] != [0; 32]);
    }
}
