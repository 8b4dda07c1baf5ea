//! One daemon per machine: a lock beside the local socket, held for the process's life.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use telemetry::Code;

/// Held as long as this process drives the ports. The kernel frees it when the process
/// ends, however it ends.
#[derive(Debug)]
pub(crate) struct PortLock {
    _file: File,
}

/// Why the ports could not be taken.
#[derive(Debug)]
pub(crate) struct LockError {
    /// Stable code.
    pub(crate) code: Code,
    path: PathBuf,
    error: Option<std::io::Error>,
}

impl PortLock {
    /// Take the lock that goes with the local socket at `socket`.
    pub(crate) fn take(socket: &Path) -> Result<Self, LockError> {
        let path = socket.with_extension("lock");
        let fail = |code, error| LockError {
            code,
            path: path.clone(),
            error,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| fail(Code::ListenFailed, Some(e)))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| fail(Code::ListenFailed, Some(e)))?;
        match file.try_lock() {
            Ok(()) => Ok(PortLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(fail(Code::PortTaken, None)),
            Err(TryLockError::Error(e)) => Err(fail(Code::ListenFailed, Some(e))),
        }
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} (`{}`",
            self.code.text(),
            self.code.meaning(),
            self.path.display()
        )?;
        if let Some(error) = &self.error {
            write!(f, ": {error}")?;
        }
        write!(f, ")\nhint: {}", self.code.remedy())
    }
}

impl std::error::Error for LockError {}
