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
use crate::hex::hex;

/// Merkle branches of a block of some 4,000 transactions.
const BRANCHES: u32 = 12;
pub(super) const VERSION: u32 = 0x2000_0000;
pub(super) const NBITS: u32 = 0x1703_4219;

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

pub(super) type Events<F> = Arc<Mutex<F>>;

pub(super) fn tell<F: FnMut(PoolEvent)>(events: &Events<F>, event: PoolEvent) {
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
            let difficulty =
                json!({ "id": null, "method": "mining.set_difficulty", "params": [difficulty] });
            writeln!(out, "{difficulty}")?;
            let mut out = out.try_clone()?;
            jobs = Some(start_jobs(events, move |job, stamp| {
                let line = notify(job);
                stamp();
                out.write_all(line.as_bytes())
            })?);
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

/// A thread that gives jobs until the connection ends or the sender is dropped. `give` makes the
/// message that tells a job, calls what it is given, and writes the message.
pub(super) fn start_jobs<F>(
    events: &Events<F>,
    mut give: impl FnMut(u32, &mut dyn FnMut()) -> std::io::Result<()> + Send + 'static,
) -> std::io::Result<Sender<()>>
where
    F: FnMut(PoolEvent) + Send + 'static,
{
    let events = Arc::clone(events);
    let (alive, ended) = channel::<()>();
    thread::Builder::new()
        .name("pool-jobs".into())
        .spawn(move || {
            let mut job = 0;
            loop {
                let mut stamp = || {
                    let at = stamp::now();
                    tell(&events, PoolEvent::Notify { job, at });
                };
                if give(job, &mut stamp).is_err() {
                    return;
                }
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

/// A job. Every one has its own previous block, so nothing of the last one holds.
pub(super) struct BlockJob {
    pub(super) previous: [u8; 32],
    /// The coinbase before and after the extranonce, as pools make them: height and name in the
    /// script; an output to the pool, the witness commitment and two more.
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
    pub(super) branches: Vec<[u8; 32]>,
    pub(super) ntime: u32,
}

impl BlockJob {
    pub(super) fn new(number: u32) -> Self {
        let mut before = vec![1, 0, 0, 0, 1];
        before.extend([0; 32]);
        before.extend([0xff, 0xff, 0xff, 0xff, 0x54, 3, 0xa0, 0xbb, 0x0d]);
        before.extend([0x2f; 60]);
        let mut after = vec![0x2f; 8];
        after.extend([0xff, 0xff, 0xff, 0xff, 4]);
        for _ in 0..4 {
            after.extend([0; 8]);
            after.extend([0x22, 0, 0x20]);
            after.extend([0xab; 32]);
        }
        after.extend([0; 4]);
        let named = |rest: u8, place: u32| {
            let mut bytes = [rest; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            bytes[4..8].copy_from_slice(&place.to_be_bytes());
            bytes
        };
        BlockJob {
            previous: named(0x5a, 0x5a5a_5a5a),
            before,
            after,
            branches: (0..BRANCHES).map(|place| named(0xc3, place)).collect(),
            ntime: NTIME + number,
        }
    }
}

/// As V1 says it: clean.
fn notify(number: u32) -> String {
    let job = BlockJob::new(number);
    let branches: Vec<String> = job.branches.iter().map(|branch| hex(branch)).collect();
    let params = json!([
        format!("{number:x}"),
        hex(&job.previous),
        hex(&job.before),
        hex(&job.after),
        branches,
        format!("{VERSION:08x}"),
        format!("{NBITS:08x}"),
        format!("{:08x}", job.ntime),
        true
    ]);
    format!(
        "{}\n",
        json!({ "id": null, "method": "mining.notify", "params": params })
    )
}
