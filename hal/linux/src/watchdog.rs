//! The processor's watchdog: once opened it resets the processor unless it is kicked.
//!
//! It is disarmed by the *magic close* alone, the byte `V` before the node is closed, and that is
//! written after a clean stop only: everything off, on purpose. A process that ends in any other way,
//! or whose dead man grants no lease, leaves it running.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{DeviceError, Root};

/// `WDIOC_SETTIMEOUT`: takes seconds, gives what the hardware made of them.
const WDIOC_SETTIMEOUT: u32 = 0xC004_5706;

/// The mark of a clean stop, shared with whoever knows that it is one.
#[derive(Clone, Debug, Default)]
pub struct CleanStop(Arc<AtomicBool>);

impl CleanStop {
    /// Everything is off on purpose: the watchdog may be disarmed when it is closed.
    pub fn mark(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_marked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// An armed watchdog.
pub struct Watchdog {
    file: File,
    clean: CleanStop,
    timeout_s: u32,
}

impl Watchdog {
    /// Open and so arm it, with this time limit.
    pub fn open(
        root: &Root,
        node: &str,
        timeout_s: u32,
        clean: CleanStop,
    ) -> Result<Self, DeviceError> {
        let path = root.at(node);
        let file = OpenOptions::new().write(true).open(&path);
        let file = file.map_err(|error| DeviceError::new(&path, "open it", error))?;
        let timeout_s = set_timeout(&file, &path, timeout_s)?;
        Ok(Watchdog {
            file,
            clean,
            timeout_s,
        })
    }

    /// The limit that the hardware took, seconds.
    pub fn timeout_s(&self) -> u32 {
        self.timeout_s
    }

    /// Start its time anew; an error is the errno.
    pub fn kick(&mut self) -> Result<(), i32> {
        let kicked = self.file.write_all(b"\0");
        kicked.map_err(|error| error.raw_os_error().unwrap_or(0))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if self.clean.is_marked() {
            // One that does not take it resets a machine that is off already.
            let _ = self.file.write_all(b"V");
        }
    }
}

fn set_timeout(file: &File, path: &Path, seconds: u32) -> Result<u32, DeviceError> {
    let mut value = libc::c_int::try_from(seconds).unwrap_or(libc::c_int::MAX);
    // Sound: the request reads and writes one int, which lives until the call is over.
    #[allow(unsafe_code)]
    let done = unsafe { libc::ioctl(file.as_raw_fd(), WDIOC_SETTIMEOUT as _, &mut value) };
    if done < 0 {
        let error = std::io::Error::last_os_error();
        return Err(DeviceError::new(path, "set its time limit", error));
    }
    Ok(u32::try_from(value).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let name = format!("stannary-watchdog-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("dev")).expect("a folder");
        std::fs::write(folder.join("dev/watchdog"), "").expect("a file");
        folder
    }

    #[test]
    fn what_is_no_watchdog_is_refused_with_its_errno() {
        let folder = folder("file");
        let root = Root::new(&folder);
        let open = |node| Watchdog::open(&root, node, 10, CleanStop::default());
        let error = open("/dev/watchdog").err().expect("a plain file");
        assert!(crate::device::is_no_such_device(error.errno()), "{error}");
        assert_eq!(error.step, "set its time limit");
        let error = open("/dev/watchdog1").err().expect("nothing");
        assert_eq!(error.errno(), libc::ENOENT);
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn only_a_clean_stop_disarms() {
        for (marked, expected) in [(false, "\0\0"), (true, "\0\0V")] {
            let folder = folder(if marked { "clean" } else { "unclean" });
            let path = folder.join("dev/watchdog");
            let clean = CleanStop::default();
            let mut watchdog = Watchdog {
                file: File::create(&path).expect("a file"),
                clean: clean.clone(),
                timeout_s: 10,
            };
            assert_eq!(watchdog.kick(), Ok(()));
            assert_eq!(watchdog.kick(), Ok(()));
            if marked {
                clean.mark();
            }
            drop(watchdog);
            assert_eq!(std::fs::read_to_string(&path).expect("text"), expected);
            std::fs::remove_dir_all(folder).expect("removed");
        }
    }
}
