//! Those who ask a daemon for its status all the time: fleet software that means well.
//!
//! Each keeps one connection and asks at even times, so that a slow answer delays its own next
//! question alone. They begin to count when told to, and ask nothing before.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::super::percentiles;
use super::plan::{ASKERS, REQUESTS_PER_S};
use super::stamp;

/// Longest answer that is taken: a status with all chips has some 100 kB.
const ANSWER_MAX: usize = 1 << 20;
/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// Before somebody who was refused asks again.
const PAUSE: Duration = Duration::from_millis(100);

/// All of them.
#[derive(Clone, Default)]
pub(super) struct Askers(Arc<Shared>);

#[derive(Default)]
struct Shared {
    asking: Mutex<bool>,
    changed: Condvar,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    answers_us: Vec<f64>,
    bytes: u64,
    failed: u64,
    why: Option<String>,
}

impl Askers {
    /// Let them come; they wait for their order.
    pub(super) fn start(&self, daemon: SocketAddr) -> Result<()> {
        for i in 0..ASKERS {
            let shared = Arc::clone(&self.0);
            let asker = move || ask_for_ever(daemon, i, &shared);
            let thread = thread::Builder::new().name(format!("asker-{i}"));
            thread.spawn(asker).context("no thread for a client")?;
        }
        Ok(())
    }

    /// Ask from now on, or no more.
    pub(super) fn ask(&self, asking: bool) {
        *self.0.asking() = asking;
        self.0.changed.notify_all();
    }

    /// What became of it.
    pub(super) fn report(&self) -> Value {
        let seen = self.0.seen();
        let answered = seen.answers_us.len();
        json!({
            "answered": answered,
            "failed": seen.failed,
            "why": seen.why,
            "bytes_each": seen.bytes.checked_div(answered as u64),
            "answer_us": percentiles(seen.answers_us.clone()),
        })
    }
}

impl Shared {
    fn asking(&self) -> MutexGuard<'_, bool> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until they shall ask.
    fn wait(&self) {
        let waited = self.changed.wait_while(self.asking(), |asking| !*asking);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

fn ask_for_ever(daemon: SocketAddr, i: u64, shared: &Shared) {
    let every = 1_000_000_000 * ASKERS / REQUESTS_PER_S;
    let mut connection = None;
    let mut due = 0;
    loop {
        if !*shared.asking() {
            shared.wait();
            due = stamp::now() + every * i / ASKERS;
        }
        due += every;
        let now = stamp::now();
        if due > now {
            thread::sleep(Duration::from_nanos(due - now));
        }
        let at = stamp::now();
        let asked = ask(daemon, &mut connection);
        let took = stamp::now() - at;
        let mut seen = shared.seen();
        match asked {
            Ok(bytes) => {
                seen.answers_us.push(took as f64 / 1e3);
                seen.bytes += bytes as u64;
            }
            Err(error) => {
                connection = None;
                seen.failed += 1;
                seen.why.get_or_insert_with(|| format!("{error:#}"));
                drop(seen);
                thread::sleep(PAUSE);
            }
        }
    }
}

/// One question and its answer; how many bytes that had.
fn ask(daemon: SocketAddr, connection: &mut Option<TcpStream>) -> Result<usize> {
    let stream = match connection {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(daemon)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            connection.insert(stream)
        }
    };
    let request = format!("GET /api/v1/status HTTP/1.1\r\nHost: {daemon}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::with_capacity(16 * 1024);
    let mut whole = None;
    let mut piece = [0; 16 * 1024];
    while whole.is_none_or(|whole| answer.len() < whole) {
        let n = stream.read(&mut piece)?;
        if n == 0 || answer.len() > ANSWER_MAX {
            bail!("the answer was not whole");
        }
        answer.extend_from_slice(&piece[..n]);
        whole = whole.or_else(|| length(&answer));
    }
    if !answer.starts_with(b"HTTP/1.1 200") {
        let first = answer.split(|byte| *byte == b'\r').next();
        bail!("{}", String::from_utf8_lossy(first.unwrap_or_default()));
    }
    Ok(answer.len())
}

/// Of head and body, once the head is whole.
fn length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(": "));
    let (_, body) = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    Some(head + body.parse::<usize>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(length(answer), Some(answer.len()));
        assert_eq!(length(&answer[..30]), None);
        assert_eq!(length(b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }
}
