//! A person's terminal: a program runs in it, keys are typed, the screen is read.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::{PATIENCE, wait_for};

/// A terminal with a program in it. The program is killed when this is dropped.
#[derive(Debug)]
pub struct Pty {
    child: Child,
    person: File,
    /// The program's end, which says what the terminal is like.
    program: OwnedFd,
    /// As it came: a read may end within a character.
    said: Arc<Mutex<Vec<u8>>>,
}

impl Pty {
    /// Runs a command in a new terminal of this size, with it as its controlling one, as a shell does.
    pub fn start(binary: &Path, words: &[&str], columns: u16, rows: u16) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&person).expect("granted");
        unlockpt(&person).expect("unlocked");
        let name = ptsname(&person, Vec::new()).expect("it has a name");
        let program =
            open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its other end");
        set_size(&person, columns, rows);
        let end = || Stdio::from(program.try_clone().expect("open"));
        // `setsid` takes its place: the child is the program.
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(binary)
            .args(words)
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("`setsid` is everywhere");
        let person = File::from(person);
        let said = Arc::<Mutex<Vec<u8>>>::default();
        let (mut from, into) = (person.try_clone().expect("open"), Arc::clone(&said));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut bytes) {
                let mut said = into.lock().expect("nobody panics");
                said.extend_from_slice(&bytes[..length]);
            }
        });
        Pty {
            child,
            person,
            program,
            said,
        }
    }

    /// All that was written to the terminal so far, but for a last character that is not whole yet.
    pub fn said(&self) -> String {
        whole_characters(&self.said.lock().expect("nobody panics"))
    }

    /// Until the program has written this, counted from so many bytes. What was written by then.
    pub fn waits_for(&self, part: &str, from: usize) -> String {
        wait_for(part, PATIENCE, || {
            let said = self.said();
            said.get(from..)?.contains(part).then_some(said)
        })
    }

    /// Types.
    pub fn types(&mut self, keys: &str) {
        self.person.write_all(keys.as_bytes()).expect("typed");
    }

    /// Another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        set_size(&self.person, columns, rows);
    }

    /// SIGTERM and others, by name.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.is_ok_and(|s| s.success()), "{kill}");
    }

    /// How it ended.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for("the end of the program", PATIENCE, || {
            self.child.try_wait().expect("it is our child")
        })
    }

    /// It shows what is typed, line by line, and Ctrl-C interrupts.
    pub fn is_usual(&self) -> bool {
        let modes = tcgetattr(&self.program).expect("a terminal").local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_size(terminal: impl std::os::fd::AsFd, columns: u16, rows: u16) {
    let size = Winsize {
        ws_col: columns,
        ws_row: rows,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).expect("a terminal has a size");
}

fn whole_characters(bytes: &[u8]) -> String {
    let whole = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    String::from_utf8_lossy(&bytes[..whole]).into_owned()
}

/// What a terminal of this size shows after these bytes, as far as `stannary top` uses one: positions,
/// clearing, colours.
pub fn screen(bytes: &str, columns: usize, rows: usize) -> Vec<String> {
    let mut cells = vec![vec![' '; columns]; rows];
    let (mut row, mut column) = (0, 0);
    let mut rest = bytes.chars();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            match cells.get_mut(row).and_then(|row| row.get_mut(column)) {
                Some(cell) => *cell = c,
                None => panic!("{c:?} stands outside of the screen: {row} {column}"),
            }
            column += 1;
            continue;
        }
        assert_eq!(rest.next(), Some('['), "only such sequences are used");
        let mut numbers = String::new();
        let last = loop {
            match rest.next() {
                Some(c @ ('0'..='9' | ';' | '?')) => numbers.push(c),
                Some(c) => break c,
                None => return lines(&cells),
            }
        };
        match (last, numbers.as_str()) {
            ('H', place) => {
                let (r, c) = place.split_once(';').unwrap_or(("1", "1"));
                (row, column) = (
                    r.parse::<usize>().expect("a row") - 1,
                    c.parse::<usize>().expect("a column") - 1,
                );
            }
            ('J', "2") => cells.iter_mut().flatten().for_each(|cell| *cell = ' '),
            ('K', "") => cells[row]
                .iter_mut()
                .skip(column)
                .for_each(|cell| *cell = ' '),
            ('m', _) | ('h' | 'l', "?25" | "?1049") => {}
            other => panic!("{other:?} is not used"),
        }
    }
    lines(&cells)
}

fn lines(cells: &[Vec<char>]) -> Vec<String> {
    let lines = cells.iter().map(|row| row.iter().collect::<String>());
    lines.map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_shows_once_it_is_whole() {
        let check = |bytes: &[u8], expected: &str| assert_eq!(whole_characters(bytes), expected);
        check(b"", "");
        check("a\u{2193}".as_bytes(), "a\u{2193}");
        check(&"a\u{2193}".as_bytes()[..3], "a");
        check(b"a\xffb", "a\u{fffd}b");
    }
}
