//! The other process: the pool and the chips, and the stamps on both sides of the daemon.
//!
//! Its standard input is the socket to the daemon's port. Its standard output says where
//! the pool listens and, at the end, what was measured. It ends with its input, so it
//! never outlives the benchmark.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use anyhow::{Context, Result};
use serde_json::Value;
use stratum::Address;

use super::chips::Chips;
use super::plan::{DIFFICULTY_ONE_BITS, PEER_VARIABLE, Phase, Speech, TO_PEER, ToPeer};
use super::requests::Askers;
use super::{pool, pool_v2};

/// By how much the search for nonces yields to everything else, so that it delays nothing
/// that is measured.
const SEARCH_NICE: i32 = 10;
/// Every nonce of the chips' ticket is a share.
const SHARE_DIFFICULTY: u64 = 1;

/// Be the peer until the benchmark ends.
pub(super) fn run(speech: Speech) -> Result<()> {
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let out = socket.try_clone()?;
    let chips = Chips::new();
    let events = chips.clone();
    let tell = move |event| events.pool_event(event);
    match speech {
        Speech::V1 => println!("{}", pool::start(SHARE_DIFFICULTY, tell)?),
        Speech::V2 => {
            let address = pool_v2::start(share_target(), tell)?;
            println!("{address}/{}", pool_v2::AUTHORITY);
        }
    }
    let replaying = chips.clone();
    thread::Builder::new()
        .name("replay".into())
        .spawn(move || replaying.replay(out))?;
    // Threads that run already keep their priority.
    let _ = rustix::process::nice(SEARCH_NICE);
    let askers = Askers::default();
    listen(socket, &chips, &askers)?;
    let mut report = chips.take_log().report();
    report["requests"] = askers.report();
    println!("{report}");
    std::io::stdout()
        .flush()
        .context("the benchmark does not listen")
}

/// The share difficulty as V2 says it: absolute, lowest byte first.
fn share_target() -> [u8; 32] {
    let mut target = [0xff; 32];
    target[31] >>= DIFFICULTY_ONE_BITS;
    target
}

/// Take work and orders until the last one, or until the daemon is gone.
fn listen(mut socket: UnixStream, chips: &Chips, askers: &Askers) -> Result<()> {
    let mut record = [0; TO_PEER];
    let mut next = 1;
    while socket.read_exact(&mut record).is_ok() {
        match ToPeer::decode(&record) {
            ToPeer::Work {
                slot,
                at,
                counts,
                frame,
            } => {
                chips.work(slot, at, counts, &frame, &mut next);
            }
            ToPeer::Phase(phase) => {
                askers.ask(phase == Phase::Loaded);
                chips.enter(phase);
                if phase == Phase::End {
                    break;
                }
            }
            ToPeer::Asked(address) => askers.start(address)?,
        }
    }
    Ok(())
}

/// The peer as its parent sees it. Dropping it ends it.
pub(super) struct Peer {
    child: Child,
    out: std::io::BufReader<ChildStdout>,
    /// The pool's address.
    pub(super) pool: Address,
}

impl Peer {
    /// Start this program once more; `socket` becomes its side of the port.
    pub(super) fn start(socket: UnixStream, speech: Speech) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "pipeline"])
            .env(PEER_VARIABLE, speech.name())
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(socket)))
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the other process")?;
        let out = child.stdout.take().map(std::io::BufReader::new);
        let mut out = out.context("the other process has no output")?;
        let scheme = match speech {
            Speech::V1 => "stratum+tcp",
            Speech::V2 => "stratum2+tcp",
        };
        let pool = Address::parse(&format!("{scheme}://{}", line(&mut out)?.trim()))?;
        Ok(Peer { child, out, pool })
    }

    /// What it measured. It must have been told to end.
    pub(super) fn report(mut self) -> Result<Value> {
        Ok(serde_json::from_str(&line(&mut self.out)?)?)
    }
}

fn line(out: &mut impl std::io::BufRead) -> Result<String> {
    let mut line = String::new();
    out.read_line(&mut line)?;
    Ok(line)
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
