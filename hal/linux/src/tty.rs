//! A chain's serial line: a tty of the kernel.
//!
//! Terms: a tty is *gone* once the kernel says so (its driver was unbound, its USB plug was
//! pulled, the other side of a pseudo-terminal ended); it is then looked for at its path again
//! each second, because a driver that is bound again makes a new node.
//!
//! Invariants: the line is raw, eight bits, no flow control; no call waits, but for a change of
//! baud rate, which waits for what was written to leave, 250 ms at most. One process holds a
//! tty: by `flock`, and on a real serial line by `TIOCEXCL` as well, which keeps out programs
//! that lock nothing.
//!
//! It knows nothing of frames.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use hal::{LineErrors, LinkError, SerialPort};
use rustix::event::{Timespec, poll};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, major, open};
use rustix::io::Errno;
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios,
    ioctl_tiocexcl, isatty, tcgetattr, tcsetattr,
};
use units::{Duration, Instant};

use crate::DeviceError;
use counters::Counters;

mod counters;
#[cfg(test)]
#[path = "tty_tests.rs"]
mod tests;

/// The chips' baud rate after reset.
const INITIAL_BAUD: u32 = 115_200;
/// What was written leaves within this before a change of baud rate, or the line is stuck: a
/// whole kernel buffer (4 KiB) at the lowest rate takes longer, but nothing is written in such
/// lengths before one.
const DRAIN_MAX: Duration = Duration::from_millis(250);
/// How often it is looked whether everything has left.
const DRAIN_POLL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 1_000_000,
};
/// A device that cannot make a rate takes the nearest. In a frame of ten bits the last is
/// sampled half a bit before its end: 5 % off reads the neighbour. Chips add their own error.
const RATE_OFF_MAX_PERCENT: u64 = 4;
/// How often the device's error counters are read: often enough to tell a bad cable from a bad
/// hour, seldom enough to cost nothing.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// How often a tty that is gone is looked for.
const REOPEN_EVERY: Duration = Duration::from_secs(1);
/// Device numbers of Unix 98 pseudo-terminals (kernel, `Documentation/admin-guide/devices.txt`).
const PTY_MAJORS: core::ops::RangeInclusive<u32> = 136..=143;

/// A serial line.
pub struct Tty {
    path: PathBuf,
    state: State,
    bits_per_s: u32,
}

/// Whether the device is there.
///
/// ```text
///        EIO, hang-up
///   Open ----------> Gone
///        <----------
///         opened again
/// ```
enum State {
    Open(Line),
    Gone {
        /// Why, as long as nobody can open it again.
        errno: i32,
        retry: Instant,
    },
}

struct Line {
    fd: OwnedFd,
    /// What the device had counted at the last look; `None` where it counts nothing.
    counted: Option<Counters>,
    count_next: Instant,
    /// Counted and not told yet.
    errors: LineErrors,
}

impl Tty {
    /// Open the tty at `path` at the chips' baud rate after reset. Refused where it is no tty,
    /// or another program has it.
    pub fn open(path: &Path) -> Result<Self, DeviceError> {
        Ok(Tty {
            path: path.to_owned(),
            state: State::Open(Line::open(path, INITIAL_BAUD)?),
            bits_per_s: INITIAL_BAUD,
        })
    }

    /// The node.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line, opened again where its device is back.
    fn line(&mut self, now: Instant) -> Result<&mut Line, LinkError> {
        if let State::Gone { errno, retry } = &mut self.state {
            if now < *retry {
                return Err(LinkError::Device(*errno));
            }
            match Line::open(&self.path, self.bits_per_s) {
                Ok(line) => self.state = State::Open(line),
                Err(error) => {
                    *errno = error.errno();
                    *retry = now + REOPEN_EVERY;
                    return Err(LinkError::Device(*errno));
                }
            }
        }
        match &mut self.state {
            State::Open(line) => Ok(line),
            State::Gone { errno, .. } => Err(LinkError::Device(*errno)),
        }
    }

    /// The device answers no more.
    fn gone(&mut self, now: Instant, errno: Errno) -> LinkError {
        let errno = errno.raw_os_error();
        let retry = now + REOPEN_EVERY;
        self.state = State::Gone { errno, retry };
        LinkError::Device(errno)
    }

    /// What a call that the kernel refused means: nothing to do now, or a device that is gone.
    fn refused(&mut self, now: Instant, errno: Errno) -> Result<usize, LinkError> {
        match errno {
            Errno::AGAIN | Errno::INTR => Ok(0),
            errno => Err(self.gone(now, errno)),
        }
    }
}

impl SerialPort for Tty {
    fn write(&mut self, now: Instant, bytes: &[u8]) -> Result<usize, LinkError> {
        let line = self.line(now)?;
        match rustix::io::write(&line.fd, bytes) {
            Ok(taken) => Ok(taken),
            Err(errno) => self.refused(now, errno),
        }
    }

    fn read(&mut self, now: Instant, buffer: &mut [u8]) -> Result<usize, LinkError> {
        let line = self.line(now)?;
        line.look_at_counters(now)?;
        match rustix::io::read(&line.fd, &mut *buffer) {
            // With one byte as the least to wait for, "nothing yet" is an error of its own.
            Ok(0) if !buffer.is_empty() => Err(self.gone(now, Errno::IO)),
            Ok(count) => Ok(count),
            Err(errno) => self.refused(now, errno),
        }
    }

    fn set_baud(&mut self, now: Instant, bits_per_s: u32) -> Result<(), LinkError> {
        let before = self.bits_per_s;
        let line = self.line(now)?;
        line.drain()?;
        let refused = LinkError::Baud { bits_per_s };
        match line.set_rate(bits_per_s) {
            Ok(real) if is_near(real, bits_per_s) => {
                // A device that goes and comes back has this rate again.
                self.bits_per_s = bits_per_s;
                Ok(())
            }
            Ok(_) => match line.set_rate(before) {
                Ok(_) => Err(refused),
                Err(errno) => Err(self.gone(now, errno)),
            },
            Err(Errno::INVAL) => Err(refused),
            Err(errno) => Err(self.gone(now, errno)),
        }
    }

    fn next_event(&self) -> Option<Instant> {
        match &self.state {
            State::Open(line) => line.counted.map(|_| line.count_next),
            State::Gone { retry, .. } => Some(*retry),
        }
    }

    fn wakes(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Open(line) => Some(line.fd.as_fd()),
            // What is gone is readable for ever.
            State::Gone { .. } => None,
        }
    }
}

impl Line {
    fn open(path: &Path, bits_per_s: u32) -> Result<Line, DeviceError> {
        let step = |step| move |errno: Errno| DeviceError::new(path, step, errno);
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = open(path, flags, Mode::empty()).map_err(step("open it"))?;
        if !isatty(&fd) {
            return Err(step("use it as a serial line")(Errno::NOTTY));
        }
        lock(&fd).map_err(step("lock it"))?;
        let mut settings = tcgetattr(&fd).map_err(step("read its settings"))?;
        make_line(&mut settings);
        let flush = OptionalActions::Flush;
        tcsetattr(&fd, flush, &settings).map_err(step("set it up"))?;
        counters::ask_for_low_latency(&fd);
        let line = Line {
            counted: Counters::of(&fd),
            fd,
            count_next: Instant::ZERO,
            errors: LineErrors::default(),
        };
        match line.set_rate(bits_per_s) {
            Ok(real) if is_near(real, bits_per_s) => Ok(line),
            Ok(_) => Err(step("set its baud rate")(Errno::INVAL)),
            Err(errno) => Err(step("set its baud rate")(errno)),
        }
    }

    /// Wait until the kernel holds nothing that was written. What the device itself still
    /// sends, [`set_rate`](Self::set_rate) waits for: drivers bound that wait themselves.
    fn drain(&self) -> Result<(), LinkError> {
        for _ in 0..DRAIN_MAX.as_millis() {
            match counters::unsent(&self.fd) {
                // Who cannot tell has nothing to wait for.
                Ok(0) | Err(_) => return Ok(()),
                Ok(_) => {
                    // Nothing to wait for but time.
                    let _ = poll(&mut [], Some(&DRAIN_POLL));
                }
            }
        }
        Err(LinkError::Stuck)
    }

    /// Set the baud rate; returns what the device made of it.
    fn set_rate(&self, bits_per_s: u32) -> rustix::io::Result<u32> {
        let mut settings = tcgetattr(&self.fd)?;
        settings.set_speed(bits_per_s)?;
        tcsetattr(&self.fd, OptionalActions::Drain, &settings)?;
        Ok(tcgetattr(&self.fd)?.output_speed())
    }

    /// Look at what the device counted, once a second, and tell what is new: lost bytes first,
    /// damaged ones at the next look.
    fn look_at_counters(&mut self, now: Instant) -> Result<(), LinkError> {
        if self.errors.framing > 0 || self.errors.parity > 0 {
            return Err(LinkError::Line(core::mem::take(&mut self.errors)));
        }
        let Some(before) = self.counted.filter(|_| now >= self.count_next) else {
            return Ok(());
        };
        self.count_next = now + COUNT_EVERY;
        let Some(counted) = Counters::of(&self.fd) else {
            return Ok(());
        };
        self.counted = Some(counted);
        let new = counted.since(before);
        self.errors.framing += new.framing;
        self.errors.parity += new.parity;
        // A board in reset holds its line low: breaks alone are told to nobody.
        self.errors.breaks += new.breaks;
        match new.overruns {
            0 => Ok(()),
            _ => Err(LinkError::Overrun),
        }
    }
}

/// Take a tty for this process alone.
fn lock(fd: &OwnedFd) -> rustix::io::Result<()> {
    flock(fd, FlockOperation::NonBlockingLockExclusive).map_err(|errno| match errno {
        Errno::WOULDBLOCK => Errno::BUSY,
        errno => errno,
    })?;
    // The flag of a pseudo-terminal outlives whoever set it for as long as the other side
    // holds it: the next daemon would be kept out by one that died.
    let device = fstat(fd)?.st_rdev;
    if !PTY_MAJORS.contains(&major(device)) {
        ioctl_tiocexcl(fd)?;
    }
    Ok(())
}

/// Eight bits, no parity, one stop bit, nothing translated, no flow control, and a read that
/// tells "nothing yet" from "hung up".
fn make_line(settings: &mut Termios) {
    settings.make_raw();
    // A break is no byte: a board in reset holds its line low.
    settings.input_modes = InputModes::IGNBRK;
    settings.output_modes = OutputModes::empty();
    settings.local_modes = LocalModes::empty();
    settings.control_modes.remove(
        ControlModes::CSIZE
            | ControlModes::CSTOPB
            | ControlModes::PARENB
            | ControlModes::CRTSCTS
            | ControlModes::HUPCL,
    );
    let on = ControlModes::CS8 | ControlModes::CREAD | ControlModes::CLOCAL;
    settings.control_modes.insert(on);
    settings.special_codes[SpecialCodeIndex::VMIN] = 1;
    settings.special_codes[SpecialCodeIndex::VTIME] = 0;
}

fn is_near(real: u32, asked: u32) -> bool {
    u64::from(real.abs_diff(asked)) * 100 <= u64::from(asked) * RATE_OFF_MAX_PERCENT
}
