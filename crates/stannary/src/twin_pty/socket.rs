//! A local socket with bytes on it, where an emulator connects a serial port of its guest.
//!
//! A socket has no speed: the chips are always understood, whatever either side set. Who
//! tests speeds uses a pseudo-terminal.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use telemetry::Code;

use super::place;
use super::port::Change;
use super::wire::Wire;

/// The listening side, and whoever is connected. The socket's file goes with it.
pub(super) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    driver: Option<UnixStream>,
    /// What the last call of [`Wire::change`] told.
    told_open: bool,
}

/// A place for the socket: nothing stands there, or the socket of a twin that is gone.
pub(super) fn is_free(path: &Path) -> Result<(), String> {
    place::is_free(path, |found| {
        if !found.file_type().is_socket() {
            let what = "exists and is no socket: it is left as it is";
            return Err((what, "choose another path"));
        }
        match UnixStream::connect(path) {
            Err(why) if why.kind() == ErrorKind::ConnectionRefused => Ok(()),
            _ => {
                let hint = "another twin may serve there: stop it, or choose another path";
                Err(("is a socket that somebody serves", hint))
            }
        }
    })
}

impl Socket {
    pub(super) fn open(path: &Path) -> Result<Socket> {
        if fs::symlink_metadata(path).is_ok() {
            fs::remove_file(path).with_context(|| format!("cannot replace {}", path.display()))?;
        }
        let listener = UnixListener::bind(path).with_context(|| {
            format!("{}: no socket at {}", Code::TwinPath.text(), path.display())
        })?;
        listener.set_nonblocking(true).context("no socket")?;
        Ok(Socket {
            listener,
            path: path.to_owned(),
            driver: None,
            told_open: false,
        })
    }

    /// Takes a driver if there is none; a second one is turned away, since a serial port has one.
    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if self.driver.is_none() && stream.set_nonblocking(true).is_ok() {
                self.driver = Some(stream);
            }
        }
    }
}

impl Wire for Socket {
    fn is_open(&self) -> bool {
        self.driver.is_some()
    }

    fn wait(&self, limit: Duration) -> Result<()> {
        let limit = Timespec {
            tv_sec: limit.as_secs().try_into().unwrap_or(1),
            tv_nsec: i64::from(limit.subsec_nanos()),
        };
        let mut fds = [match &self.driver {
            Some(driver) => PollFd::new(driver, PollFlags::IN),
            None => PollFd::new(&self.listener, PollFlags::IN),
        }];
        match poll(&mut fds, Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    fn change(&mut self) -> Result<Option<Change>> {
        // A driver that left is told before the next one is let in.
        if self.told_open == self.is_open() {
            self.accept();
        }
        if self.told_open == self.is_open() {
            return Ok(None);
        }
        self.told_open = self.is_open();
        Ok(Some(match self.told_open {
            true => Change::Opened,
            false => Change::Closed,
        }))
    }

    fn speed(&self) -> Result<Option<u32>> {
        Ok(None)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let Some(driver) = self.driver.as_mut().filter(|_| !buffer.is_empty()) else {
            return Ok(0);
        };
        match driver.read(buffer) {
            Ok(count @ 1..) => Ok(count),
            Err(why) if patient(&why) => Ok(0),
            // The end, or a connection that broke: for a serial port it is the same.
            Ok(_) | Err(_) => {
                self.driver = None;
                Ok(0)
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let Some(driver) = &mut self.driver else {
            return Ok(0);
        };
        match driver.write(bytes) {
            Ok(count) => Ok(count),
            Err(why) if patient(&why) => Ok(0),
            Err(_) => {
                self.driver = None;
                Ok(0)
            }
        }
    }
}

fn patient(why: &std::io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
