//! What the kernel refused.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A device node that is missing, refused, or does not do what it was asked.
#[derive(Debug)]
pub struct DeviceError {
    /// The node, or the file in `/sys`.
    pub path: PathBuf,
    /// What was tried, as words that follow "cannot": `open it`, `set the baud rate`.
    pub step: &'static str,
    /// What the kernel said.
    pub error: io::Error,
}

impl DeviceError {
    /// A refusal of `path` in the middle of `step`.
    pub fn new(path: &Path, step: &'static str, error: impl Into<io::Error>) -> Self {
        DeviceError {
            path: path.to_owned(),
            step,
            error: error.into(),
        }
    }

    /// The errno; 0 where the kernel gave none.
    pub fn errno(&self) -> i32 {
        self.error.raw_os_error().unwrap_or(0)
    }

    /// What whoever sees it should do.
    pub fn remedy(&self) -> &'static str {
        use io::ErrorKind::{NotFound, PermissionDenied, ResourceBusy};
        match self.error.kind() {
            NotFound => {
                "there is no such device: is this the right control board, and is its driver loaded?"
            }
            PermissionDenied => {
                "this user may not open it: run `stannary permit` as root, before the daemon"
            }
            ResourceBusy => "another program or a kernel driver holds it: stop that one first",
            _ => "look at the kernel's log (dmesg) for this device",
        }
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: cannot {}: {}; {}",
            self.path.display(),
            self.step,
            self.error,
            self.remedy()
        )
    }
}

impl std::error::Error for DeviceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// What a node of the wrong kind says to a request: ENOTTY from a kernel, ENOSYS from an emulator of
/// programs, which does not pass on requests that it does not know.
#[cfg(test)]
pub(crate) fn is_no_such_device(errno: i32) -> bool {
    [libc::ENOTTY, libc::ENOSYS].contains(&errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_path_step_reason_and_remedy() {
        for (errno, expected) in [
            (
                2,
                "No such file or directory (os error 2); there is no such device",
            ),
            (
                13,
                "Permission denied (os error 13); this user may not open it",
            ),
            (
                16,
                "os error 16); another program or a kernel driver holds it",
            ),
            (5, "os error 5); look at the kernel's log"),
        ] {
            let error = io::Error::from_raw_os_error(errno);
            let error = DeviceError::new(Path::new("/dev/ttyS1"), "open it", error);
            assert_eq!(error.errno(), errno);
            let text = error.to_string();
            assert!(text.starts_with("/dev/ttyS1: cannot open it: "), "{text}");
            assert!(text.contains(expected), "{text}");
        }
    }
}
