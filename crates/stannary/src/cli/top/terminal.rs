//! The terminal while `top` has it: the other screen, keys as they are typed, and the way back.
//!
//! Whatever ends `top` (a key, a signal, a panic, an error) puts the terminal back first. What it was
//! like is kept where each of them finds it, and put back once.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::{flag, low_level};

/// The other screen, and no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";
/// Plain colours, the cursor, and the screen that was.
const LEAVE: &str = "\x1b[0m\x1b[?25h\x1b[?1049l";
/// Where a terminal does not say how large it is, as over a serial line.
const USUAL: Size = Size {
    columns: 80,
    rows: 24,
};
/// Beyond any screen: whatever a terminal claims, no more is drawn.
const COLUMNS_MAX: u16 = 500;
const ROWS_MAX: u16 = 200;

/// Characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// What somebody typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    Char(char),
    Left,
    Right,
    Up,
    Down,
    PageUp,
    PageDown,
    Escape,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
}

/// The terminal, ours until this is dropped.
pub(super) struct Terminal {
    /// Keys come from here, and lines go there.
    tty: OwnedFd,
    /// Written to by signals and by whoever has news.
    wake: (UnixStream, UnixStream),
    /// The last signal that ends or stops.
    signal: Arc<AtomicUsize>,
    /// Lines that are on the screen.
    shown: Vec<String>,
    size: Size,
}

/// The terminal and what it was like; `None`: nobody has it.
static TAKEN: Mutex<Option<(OwnedFd, Termios)>> = Mutex::new(None);

impl Terminal {
    /// Take a terminal.
    pub(super) fn take(tty: OwnedFd) -> io::Result<Terminal> {
        let wake = UnixStream::pair()?;
        wake.0.set_nonblocking(true)?;
        wake.1.set_nonblocking(true)?;
        let signal = Arc::new(AtomicUsize::new(0));
        for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP] {
            flag::register_usize(number, Arc::clone(&signal), number.unsigned_abs() as usize)?;
            low_level::pipe::register(number, wake.1.try_clone()?)?;
        }
        low_level::pipe::register(SIGWINCH, wake.1.try_clone()?)?;
        give_back_on_panic();
        let mut terminal = Terminal {
            tty,
            wake,
            signal,
            shown: Vec::new(),
            size: USUAL,
        };
        terminal.enter()?;
        Ok(terminal)
    }

    /// Whoever writes a byte to it makes [`wait`](Self::wait) return.
    pub(super) fn waker(&self) -> io::Result<UnixStream> {
        self.wake.1.try_clone()
    }

    fn enter(&mut self) -> io::Result<()> {
        let before = tcgetattr(&self.tty)?;
        let mut raw = before.clone();
        raw.make_raw();
        *taken() = Some((self.tty.try_clone()?, before));
        tcsetattr(&self.tty, OptionalActions::Flush, &raw)?;
        self.shown.clear();
        self.write(ENTER)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        write_all(&self.tty, text)
    }

    /// How large it is now.
    pub(super) fn size(&mut self) -> Size {
        let said = tcgetwinsize(&self.tty).ok();
        let said = said.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        let size = said.map_or(USUAL, |size| Size {
            columns: size.ws_col.min(COLUMNS_MAX).into(),
            rows: size.ws_row.min(ROWS_MAX).into(),
        });
        if size != self.size {
            self.size = size;
            // Terminals differ in what a new size leaves of the old screen.
            self.shown.clear();
        }
        size
    }

    /// Show these lines, each no wider than the screen; only those that changed go over the wire.
    pub(super) fn draw(&mut self, lines: Vec<String>) -> io::Result<()> {
        let mut out = String::new();
        if self.shown.is_empty() {
            out.push_str("\x1b[0m\x1b[2J");
        }
        for (row, line) in lines.iter().take(self.size.rows).enumerate() {
            if self.shown.get(row) != Some(line) {
                out.push_str(&format!("\x1b[{};1H{line}\x1b[0m\x1b[K", row + 1));
            }
        }
        for row in lines.len()..self.shown.len().min(self.size.rows) {
            out.push_str(&format!("\x1b[{};1H\x1b[K", row + 1));
        }
        self.shown = lines;
        match out.is_empty() {
            true => Ok(()),
            false => self.write(&out),
        }
    }

    /// Until somebody types, a signal or news come, or this time is over. What was typed; an error
    /// where the terminal is gone.
    pub(super) fn wait(&mut self, limit: Duration) -> io::Result<Vec<Key>> {
        let limit = Timespec {
            tv_sec: limit.as_secs() as i64,
            tv_nsec: limit.subsec_nanos().into(),
        };
        let mut both = [
            PollFd::new(&self.tty, PollFlags::IN),
            PollFd::new(&self.wake.0, PollFlags::IN),
        ];
        match poll(&mut both, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let typed = !both[0].revents().is_empty();
        let mut bytes = [0; 64];
        while let Ok(1..) = (&self.wake.0).read(&mut bytes) {}
        if !typed {
            return Ok(Vec::new());
        }
        match rustix::io::read(&self.tty, &mut bytes) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => Ok(keys(&bytes[..length])),
            Err(rustix::io::Errno::INTR) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The signal that came, which is to end the process; one that is to stop it has done so.
    pub(super) fn signal(&mut self) -> io::Result<Option<i32>> {
        match self.signal.swap(0, Ordering::Relaxed) as i32 {
            0 => Ok(None),
            SIGTSTP => self.suspend().map(|()| None),
            signal => Ok(Some(signal)),
        }
    }

    /// Give the terminal back, stop, and take it again once somebody goes on with us.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        kill_process(getpid(), Signal::STOP)?;
        self.enter()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn taken() -> MutexGuard<'static, Option<(OwnedFd, Termios)>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn give_back() {
    if let Some((tty, before)) = taken().take() {
        // One that is gone needs nothing any more.
        let _ = write_all(&tty, LEAVE);
        let _ = tcsetattr(&tty, OptionalActions::Now, &before);
    }
}

/// The words of a panic belong on the screen that stays.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
    });
}

fn write_all(tty: impl AsFd, text: &str) -> io::Result<()> {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match rustix::io::write(&tty, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => rest = &rest[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Wakes whoever waits at the other end. One that is full wakes it anyway.
pub(super) fn wake(mut waker: &UnixStream) {
    let _ = waker.write(b"!");
}

/// What these bytes were typed as. Sequences that are not known are passed over whole.
fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        keys.extend(match (first, after) {
            (0x1b, [b'[' | b'O', sequence @ ..]) => {
                let end = sequence.iter().position(|b| (0x40..=0x7e).contains(b));
                let (sequence, after) =
                    sequence.split_at(end.map_or(sequence.len(), |end| end + 1));
                rest = after;
                arrow(sequence)
            }
            (0x1b, _) => Some(Key::Escape),
            (0x03, _) => Some(Key::Interrupt),
            (0x1a, _) => Some(Key::Suspend),
            (b'\t', _) => Some(Key::Right),
            (b' '..=b'~', _) => Some(Key::Char(char::from(*first))),
            _ => None,
        });
    }
    keys
}

fn arrow(sequence: &[u8]) -> Option<Key> {
    Some(match sequence {
        b"A" => Key::Up,
        b"B" => Key::Down,
        b"C" => Key::Right,
        b"D" | b"Z" => Key::Left,
        b"5~" => Key::PageUp,
        b"6~" => Key::PageDown,
        _ => return None,
    })
}

#[cfg(test)]
#[path = "terminal_tests.rs"]
mod tests;
