//! Questions to a person at a terminal: passwords, which the terminal does not show, and whether
//! something is really to be done.
//!
//! Whatever ends the process while a password is typed leaves the terminal as it was. A line of
//! another program is taken where there is no terminal.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::Secret;

/// Longest line that is read as a password; the daemon says what is too long.
const LINE_MAX: u64 = 1024;

/// A password from the terminal, asked for with these words, else the next line of stdin.
pub(super) fn password(question: &str) -> io::Result<Secret> {
    match io::stdin().is_terminal() {
        true => unseen(question),
        false => line(),
    }
}

/// One that is set: asked for twice at a terminal, where nobody sees what is typed.
pub(super) fn new_password(question: &str) -> io::Result<Secret> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let (first, second) = (unseen(question)?, unseen("once more: ")?);
    let same = first == second;
    let differ = || io::Error::other("the two differ");
    same.then_some(first).ok_or_else(differ)
}

/// Whether somebody at the terminal says yes; `None` where nobody can be asked.
pub(super) fn confirmed(question: &str) -> io::Result<Option<bool>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let answer = line()?;
    let answer = answer.expose().trim();
    Ok(Some(["y", "yes"].contains(&answer)))
}

/// One line without its end.
fn line() -> io::Result<Secret> {
    let mut text = String::new();
    let mut bounded = io::stdin().lock().take(LINE_MAX);
    bounded.read_line(&mut text)?;
    match text.strip_suffix('\n') {
        None if text.is_empty() => Err(io::Error::other("stdin ended")),
        None => Ok(Secret::new(text)),
        Some(line) => Ok(Secret::new(
            line.strip_suffix('\r').unwrap_or(line).to_owned(),
        )),
    }
}

/// What stdin's terminal was like before it was silenced, and what it is like meanwhile. `None`: it
/// is not silent.
static SILENCED: Mutex<Option<Silenced>> = Mutex::new(None);

struct Silenced {
    before: Termios,
    silent: Termios,
    question: String,
}

fn unseen(question: &str) -> io::Result<Secret> {
    restore_on_signals()?;
    let before = tcgetattr(io::stdin())?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    // Known before it is done, so that no signal comes in between.
    *silenced() = Some(Silenced {
        before,
        silent: silent.clone(),
        question: question.to_owned(),
    });
    eprint!("{question}");
    let typed = io::stderr()
        .flush()
        .and_then(|()| Ok(tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?))
        .and_then(|()| line());
    if let Some(was) = silenced().take() {
        tcsetattr(io::stdin(), OptionalActions::Now, &was.before)?;
    }
    eprintln!();
    typed
}

fn silenced() -> std::sync::MutexGuard<'static, Option<Silenced>> {
    SILENCED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on what a signal does, it does to a terminal that is as it was.
fn restore_on_signals() -> io::Result<()> {
    static ONCE: Once = Once::new();
    if ONCE.is_completed() {
        return Ok(());
    }
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP])?;
    let on_thread = move || {
        for signal in signals.forever() {
            give_in_to(signal);
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .stack_size(128 * 1024)
        .spawn(on_thread)?;
    ONCE.call_once(|| {});
    Ok(())
}

/// End or stop as a process does that does not know the signal. One that goes on after a stop asks
/// again.
fn give_in_to(signal: i32) {
    if let Some(was) = silenced().as_ref() {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &was.before);
        // The shell's words begin a line.
        eprintln!();
    }
    let _ = emulate_default_handler(signal);
    if let Some(was) = silenced().as_ref() {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &was.silent);
        eprint!("{}", was.question);
    }
}
