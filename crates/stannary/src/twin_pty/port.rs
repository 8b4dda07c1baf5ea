//! A pseudo-terminal, and the link by which drivers find it.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use telemetry::Code;

use super::place;

/// What common serial libraries set when their user names no speed.
const LIBRARY_SPEED: u32 = 9600;

/// The master's side. The link goes with it.
pub(crate) struct Port {
    master: OwnedFd,
    terminal: PathBuf,
    link: PathBuf,
    /// What the terminal is set to while nobody has it open.
    fresh: Termios,
    open: bool,
}

/// What the terminal's other side did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    Opened,
    Closed,
}

/// A place for the link: nothing stands there, or the link of a twin that is gone.
pub(super) fn is_free(path: &Path) -> Result<(), String> {
    place::is_free(path, |found| {
        if !found.is_symlink() {
            let what = "exists and is no link: it is left as it is";
            Err((what, "choose another path"))
        } else if path.exists() {
            let hint = "another twin may serve there: stop it, or remove the link";
            Err(("is a link to something that exists", hint))
        } else {
            Ok(())
        }
    })
}

impl Port {
    pub(crate) fn open(link: &Path) -> Result<Port> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).context("no pseudo-terminal")?;
        grantpt(&master).context("no pseudo-terminal")?;
        unlockpt(&master).context("no pseudo-terminal")?;
        fcntl_setfl(&master, OFlags::NONBLOCK).context("no pseudo-terminal")?;
        let name = ptsname(&master, Vec::new()).context("no pseudo-terminal")?;
        let terminal = PathBuf::from(name.to_string_lossy().into_owned());

        // A serial port does not echo or translate, even before a driver says so. Its
        // speed stays the system's default.
        let mut fresh = tcgetattr(&master).context("no pseudo-terminal")?;
        fresh.make_raw();
        // Once opened and closed, the terminal tells whether somebody has it open.
        tcsetattr(&master, OptionalActions::Now, &fresh).context("no pseudo-terminal")?;
        drop(fs::File::open(&terminal).context("no pseudo-terminal")?);

        if link.is_symlink() {
            fs::remove_file(link).with_context(|| format!("cannot replace {}", link.display()))?;
        }
        symlink(&terminal, link)
            .with_context(|| format!("{}: no link at {}", Code::TwinPath.text(), link.display()))?;
        Ok(Port {
            master,
            terminal,
            link: link.to_owned(),
            fresh,
            open: false,
        })
    }

    pub(super) fn terminal(&self) -> std::path::Display<'_> {
        self.terminal.display()
    }

    /// Somebody has the terminal open, as far as it is known.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Wait until there is something to read, or as long as this.
    pub(crate) fn wait(&self, limit: Duration) -> Result<()> {
        if !self.open {
            // A closed terminal is always ready: that tells nothing.
            std::thread::sleep(limit);
            return Ok(());
        }
        let limit = Timespec {
            tv_sec: limit.as_secs().try_into().unwrap_or(1),
            tv_nsec: i64::from(limit.subsec_nanos()),
        };
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        match poll(&mut fds, Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// Whether the terminal was opened or closed since the last call.
    pub(super) fn change(&mut self) -> Result<Option<Change>> {
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        match poll(&mut fds, Some(&Timespec::default())) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
        let events = fds[0].revents();
        // What was written before it was closed is read first.
        let open = !events.contains(PollFlags::HUP) || events.contains(PollFlags::IN);
        if open == self.open {
            return Ok(None);
        }
        self.open = open;
        if open {
            return Ok(Some(Change::Opened));
        }
        tcsetattr(&self.master, OptionalActions::Now, &self.fresh)?;
        Ok(Some(Change::Closed))
    }

    /// The speed that the driver chose; `None` while it has what nobody chose.
    pub(super) fn speed(&self) -> Result<Option<u32>> {
        let speed = tcgetattr(&self.master)?.output_speed();
        let chosen = speed > 0 && speed != self.fresh.output_speed() && speed != LIBRARY_SPEED;
        Ok(chosen.then_some(speed))
    }

    /// What the driver wrote.
    pub(super) fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        match rustix::io::read(&self.master, buffer) {
            Ok(count) => Ok(count),
            // Nothing there, or nobody.
            Err(Errno::AGAIN | Errno::INTR | Errno::IO) => Ok(0),
            Err(why) => bail!("the pseudo-terminal cannot be read: {why}"),
        }
    }

    /// Give bytes to the driver; returns how many were taken.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<usize> {
        match rustix::io::write(&self.master, bytes) {
            Ok(count) => Ok(count),
            Err(Errno::AGAIN | Errno::INTR | Errno::IO) => Ok(0),
            Err(why) => bail!("the pseudo-terminal cannot be written: {why}"),
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // Only our own link: somebody may have put another one there.
        if fs::read_link(&self.link).is_ok_and(|to| to == self.terminal) {
            let _ = fs::remove_file(&self.link);
        }
    }
}
