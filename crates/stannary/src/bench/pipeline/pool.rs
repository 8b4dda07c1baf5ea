//! The least pool that a daemon can mine at, with a stamp on everything that counts.
//!
//! It serves one connection, gives a clean job of realistic size at fixed times, and
//! accepts every share.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::plan::{NOTIFY_EVERY_MS, NTIME};
use super::stamp;

/// Merkle branches of a block of some 4,000 transactions.
const BRANCHES: usize = 12;

/// What the pool tells of itself.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) enum PoolEvent {
    /// It is about to write the last byte of a clean job.
    Notify { job: u32, at: u64 },
    /// It has the last byte of a submit with this nonce.
    Submit { nonce: u32, at: u64 },
}

/// Start a pool of this share difficulty on a free loopback port. Events end when the connection
/// does.
pub(in crate::bench) fn start(
    difficulty: u64,
    events: impl FnMut(PoolEvent) + Send + 'static,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let events = Arc::new(Mutex::new(events));
    thread::Builder::new().name("pool".into()).spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            // A connection that breaks ends the run by its silence.
            let _ = serve(stream, difficulty, &events);
        }
    })?;
    Ok(address)
}

type Events<F> = Arc<Mutex<F>>;

fn tell<F: FnMut(PoolEvent)>(events: &Events<F>, event: PoolEvent) {
    let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
    events(event);
}

#[derive(Deserialize)]
struct Call<'a> {
    id: u64,
    method: &'a str,
    params: Vec<Value>,
}

/// Answer the client; jobs begin once it has logged in.
fn serve<F>(stream: TcpStream, difficulty: u64, events: &Events<F>) -> std::io::Result<()>
where
    F: FnMut(PoolEvent) + Send + 'static,
{
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    let mut jobs: Option<Sender<()>> = None;
    let mut line = Vec::new();
    let mut answers = Vec::new();
    loop {
        // Everything that was read in one go is answered in one go.
        if !reader.buffer().contains(&b'\n') && !answers.is_empty() {
            out.write_all(&answers)?;
            answers.clear();
        }
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let at = stamp::now();
        let call: Call<'_> = serde_json::from_slice(&line).map_err(std::io::Error::from)?;
        if call.method == "mining.submit" {
            let nonce = call
                .params
                .get(4)
                .and_then(Value::as_str)
                .unwrap_or_default();
            let nonce = u32::from_str_radix(nonce, 16).unwrap_or(0);
            tell(events, PoolEvent::Submit { nonce, at });
        }
        let answer = json!({ "id": call.id, "result": result(call.method), "error": null });
        writeln!(answers, "{answer}")?;
        if call.method == "mining.authorize" && jobs.is_none() {
            out.write_all(&answers)?;
            answers.clear();
            jobs = Some(start_jobs(out.try_clone()?, difficulty, events)?);
        }
    }
}

fn result(method: &str) -> Value {
    match method {
        "mining.configure" => {
            json!({ "version-rolling": true, "version-rolling.mask": "1fffe000" })
        }
        "mining.subscribe" => json!([[["mining.notify", "1"]], "5354414e", 8]),
        _ => json!(true),
    }
}

/// A thread that sends jobs until the connection ends or the sender is dropped.
fn start_jobs<F>(
    mut out: TcpStream,
    difficulty: u64,
    events: &Events<F>,
) -> std::io::Result<Sender<()>>
where
    F: FnMut(PoolEvent) + Send + 'static,
{
    let events = Arc::clone(events);
    let (alive, ended) = channel::<()>();
    thread::Builder::new()
        .name("pool-jobs".into())
        .spawn(move || {
            let difficulty =
                json!({ "id": null, "method": "mining.set_difficulty", "params": [difficulty] });
            let mut sent = writeln!(out, "{difficulty}");
            let mut job = 0;
            while sent.is_ok() {
                let line = notify(job);
                tell(
                    &events,
                    PoolEvent::Notify {
                        job,
                        at: stamp::now(),
                    },
                );
                sent = out.write_all(line.as_bytes());
                job += 1;
                // On the marks of the clock, so that bursts can be placed between jobs.
                let period = NOTIFY_EVERY_MS * 1_000_000;
                let wait = Duration::from_nanos(period - stamp::now() % period);
                if ended.recv_timeout(wait) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
    Ok(alive)
}

/// A clean job. Every one has its own previous block, so nothing of the last one holds.
fn notify(job: u32) -> String {
    let id = format!("{job:x}");
    let previous = format!("{job:08x}{}", "5a".repeat(28));
    // A coinbase as pools make them: height and name in the script; an output to the pool,
    // the witness commitment and two more.
    let first = format!(
        "01000000010{}{}{}",
        "0".repeat(63),
        "ffffffff",
        format_args!("5403a0bb0d{}", "2f".repeat(60))
    );
    let outputs = format!("{}220020{}", "0000000000000000", "ab".repeat(32)).repeat(4);
    let second = format!("{}ffffffff04{outputs}00000000", "2f".repeat(8));
    let branches: Vec<String> = (0..BRANCHES)
        .map(|i| format!("{job:08x}{i:08x}{}", "c3".repeat(24)))
        .collect();
    let ntime = format!("{:08x}", NTIME + job);
    let params = json!([
        id, previous, first, second, branches, "20000000", "17034219", ntime, true
    ]);
    format!(
        "{}\n",
        json!({ "id": null, "method": "mining.notify", "params": params })
    )
}
