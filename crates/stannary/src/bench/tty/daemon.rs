//! The daemon: chains over real terminals, its bytes and its processor time counted.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use hal::{
    Beats, BoardEvent, BoardOp, BoardPort, LinkError, LinkPort, MachinePorts, PacedUart, SerialPort,
};
use hal_linux::Tty;
use serde::Deserialize;
use serde_json::{Value, json};
use telemetry::{ChainState, Note, Severity, Snapshot};
use units::{ChainSlot, Duration, Instant};

use super::chains::path;
use super::{CHAINS, DIFFICULTY_ONE_BITS, MODEL, PEER_VARIABLE};
use crate::bench::pipeline::{config, port, stamp};
use crate::runtime::{Clock, Miner, Observer};

/// How long is measured, once every chain hashes.
const MEASURE: Duration = Duration::from_secs(10);
/// What is on its way arrives within this once nothing is given any more.
const SETTLE: Duration = Duration::from_millis(500);
/// The daemon is stopped after this time whatever has happened.
const LIMIT: Duration = Duration::from_secs(180);
/// Settle times in percent of what is prescribed. The chains answer in real time, from a process
/// that may have to wait for a processor: a tenth of a tenth of a second is too short for it.
const SETTLE_PERCENT: u8 = 50;

/// One run with this ticket difficulty.
pub(super) fn run(ticket: u64) -> Result<Value> {
    let folder = Folder::new(ticket)?;
    let peer = Peer::start(&folder.0)?;
    let received: Vec<_> = (0..CHAINS).map(|_| Arc::<Reads>::default()).collect();
    let links = (0..CHAINS).zip(&received).map(|(slot, received)| {
        let tty = Tty::open(&path(&folder.0, slot))?;
        let received = Arc::clone(received);
        let port = PacedUart::new(ChainSlot(slot), Counted { tty, received });
        Ok(Box::new(port) as Box<dyn LinkPort + Send>)
    });
    let ports = MachinePorts {
        links: links.collect::<Result<_>>()?,
        buses: Vec::new(),
        fans: None,
        board: Box::new(Board(peer.input.clone())),
        beats: Beats::default(),
    };
    let mut machine = board_support::machine(MODEL)?;
    machine.hashboard.ticket_difficulty = ticket;
    let baud = machine.hashboard.baud;
    let pool = stratum::Address::parse(&peer.pool.to_string())?;
    let config = config(machine, DIFFICULTY_ONE_BITS, SETTLE_PERCENT, pool)?;
    let miner = Miner::new(config, ports, Clock::start())?;
    let mut watch = Watch::new(peer, received);
    miner.run(&mut watch);
    watch.figures(baud)
}

/// A board whose slots are all plugged in, and whose resets the other process carries out.
struct Board(Arc<Mutex<ChildStdin>>);

impl BoardPort for Board {
    fn apply(&mut self, now: Instant, op: BoardOp, events: &mut Vec<BoardEvent>) {
        if let BoardOp::Rail { slot, on: true } = op {
            // A process that is gone ends the run by its silence.
            let _ = writeln!(held(&self.0), "reset {}", slot.0);
        }
        port::Board.apply(now, op, events);
    }

    fn poll(&mut self, _: Instant, _: &mut Vec<BoardEvent>) {}

    fn next_event(&self) -> Option<Instant> {
        None
    }
}

fn held(input: &Mutex<ChildStdin>) -> MutexGuard<'_, ChildStdin> {
    input.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A terminal whose received bytes are counted.
struct Counted {
    tty: Tty,
    received: Arc<Reads>,
}

/// What was read from a terminal.
#[derive(Default)]
struct Reads {
    bytes: AtomicU64,
    /// When it was last looked at, and the longest time between two looks since it was asked.
    last: AtomicU64,
    apart: AtomicU64,
}

impl Reads {
    fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let now = stamp::now();
        let last = self.last.swap(now, Ordering::Relaxed);
        if last > 0 {
            let apart = now.saturating_sub(last);
            self.apart.fetch_max(apart, Ordering::Relaxed);
        }
    }
}

impl SerialPort for Counted {
    fn write(&mut self, now: Instant, bytes: &[u8]) -> Result<usize, LinkError> {
        self.tty.write(now, bytes)
    }

    fn read(&mut self, now: Instant, buffer: &mut [u8]) -> Result<usize, LinkError> {
        let count = self.tty.read(now, buffer)?;
        self.received.count(count);
        Ok(count)
    }

    fn set_baud(&mut self, now: Instant, bits_per_s: u32) -> Result<(), LinkError> {
        self.tty.set_baud(now, bits_per_s)
    }

    fn next_event(&self) -> Option<Instant> {
        self.tty.next_event()
    }

    fn wakes(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.tty.wakes()
    }
}

/// Counters at one moment.
#[derive(Clone, Debug)]
struct Mark {
    at: u64,
    cpu: u64,
    link_threads: u64,
    received: Vec<u64>,
}

/// What the run is at.
enum Phase {
    /// Chains come up.
    Ramp,
    Measure(Mark),
    /// Nothing is given any more.
    Settle {
        from: Mark,
        to: Mark,
        peer: Counts,
    },
    /// All bytes are in; or it came to nothing.
    Done {
        from: Mark,
        to: Mark,
        end: Vec<u64>,
        peer: Counts,
    },
    Failed(anyhow::Error),
}

struct Watch {
    peer: Peer,
    received: Vec<Arc<Reads>>,
    phase: Phase,
    begin: u64,
    damaged: u64,
    hw_errors: u64,
    apart_ms: Vec<u64>,
    errors: Vec<String>,
}

impl Watch {
    fn new(peer: Peer, received: Vec<Arc<Reads>>) -> Self {
        Watch {
            peer,
            received,
            phase: Phase::Ramp,
            begin: stamp::now(),
            damaged: 0,
            hw_errors: 0,
            apart_ms: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn received(&self) -> Vec<u64> {
        let counts = self.received.iter();
        counts
            .map(|reads| reads.bytes.load(Ordering::Relaxed))
            .collect()
    }

    fn mark(&self) -> Mark {
        Mark {
            at: stamp::now(),
            cpu: stamp::cpu(),
            link_threads: stamp::threads_cpu("link-"),
            received: self.received(),
        }
    }

    fn next(&mut self, snapshot: &Snapshot) -> Phase {
        let hashing = |c: &telemetry::Chain| c.state == ChainState::Hashing;
        match std::mem::replace(&mut self.phase, Phase::Ramp) {
            Phase::Ramp if snapshot.chains.iter().all(hashing) => {
                for reads in &self.received {
                    reads.apart.store(0, Ordering::Relaxed);
                }
                Phase::Measure(self.mark())
            }
            Phase::Measure(from) if passed(from.at) >= MEASURE => {
                let to = self.mark();
                let apart = self.received.iter();
                self.apart_ms = apart
                    .map(|reads| reads.apart.load(Ordering::Relaxed) / 1_000_000)
                    .collect();
                match self.peer.stop() {
                    Ok(peer) => Phase::Settle { from, to, peer },
                    Err(error) => Phase::Failed(error),
                }
            }
            Phase::Settle { from, to, peer } if passed(to.at) >= SETTLE => Phase::Done {
                from,
                to,
                peer,
                end: self.received(),
            },
            phase => phase,
        }
    }

    fn figures(self, baud: u32) -> Result<Value> {
        let (from, to, end, peer) = match self.phase {
            Phase::Done {
                from,
                to,
                end,
                peer,
            } => (from, to, end, peer),
            Phase::Failed(error) => return Err(error),
            _ => anyhow::bail!("the chains did not come up: {:?}", self.errors),
        };
        let seconds = (to.at - from.at) as f64 / 1e9;
        let chains = f64::from(CHAINS);
        let share = |ns: u64| figure(ns as f64 / 1e9 / seconds / chains);
        let bytes: u64 = to.received.iter().sum::<u64>() - from.received.iter().sum::<u64>();
        let per_s = bytes as f64 / seconds / chains;
        let given: u64 = peer.given.iter().sum();
        let taken: u64 = end.iter().sum();
        Ok(json!({
            "chains": CHAINS,
            "seconds": figure(seconds),
            "bytes_per_s_and_chain": per_s.round(),
            "share_of_the_line": figure(per_s * 10.0 / f64::from(baud)),
            "bytes_given": given,
            "bytes_lost": {
                "measured": given as i64 - taken as i64,
                "without_room_in_the_terminal": peer.untaken.iter().sum::<u64>(),
                "must": 0,
            },
            "who_was_late": {
                "daemon_looks_apart_ms_max": self.apart_ms,
                "chains_turns_apart_ms_max": peer.late_ms,
                "answers_that_chains_were_too_late_to_give": peer.unsent.iter().sum::<u64>(),
                "processors": std::thread::available_parallelism().map_or(0, |n| n.get()),
                "other_process_seconds_of_cpu": figure(peer.cpu as f64 / 1e9),
            },
            "daemon_share_of_a_core_per_chain": share(to.cpu - from.cpu),
            "of_it_the_ports_thread": share(to.link_threads - from.link_threads),
            "damaged_frames": self.damaged,
            "hw_errors": self.hw_errors,
            "daemon_warnings": self.errors,
        }))
    }
}

impl Observer for Watch {
    fn snapshot(&mut self, snapshot: &Arc<Snapshot>) {
        if matches!(self.phase, Phase::Measure(_)) {
            self.damaged = snapshot.chains.iter().map(|c| c.damaged_frames).sum();
            self.hw_errors = snapshot.chains.iter().map(|c| c.hw_errors).sum();
        }
        self.phase = self.next(snapshot);
    }

    fn note(&mut self, note: &Note) {
        if note.severity() > Severity::Info && self.errors.len() < 16 {
            let (code, place) = (note.code.text(), &note.place);
            self.errors
                .push(format!("{code}: {place}: {}", note.detail));
        }
    }

    fn should_stop(&mut self, _: &Snapshot) -> bool {
        let over = matches!(self.phase, Phase::Done { .. } | Phase::Failed(_));
        over || passed(self.begin) >= LIMIT
    }
}

fn passed(since: u64) -> Duration {
    Duration::from_nanos(stamp::now().saturating_sub(since))
}

/// Four digits after the point: a chain costs thousandths of a core.
fn figure(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// What the other process gave.
#[derive(Deserialize, Debug)]
struct Counts {
    given: Vec<u64>,
    untaken: Vec<u64>,
    /// Answers that its chains lost before the terminal, because it ran too late.
    unsent: Vec<u64>,
    /// For how long its chains were not run, at most.
    late_ms: Vec<u64>,
    /// Its processor time, nanoseconds.
    cpu: u64,
}

/// The other process. Dropping it ends it.
struct Peer {
    child: Child,
    input: Arc<Mutex<ChildStdin>>,
    out: BufReader<ChildStdout>,
    /// Where its pool listens.
    pool: SocketAddr,
}

impl Peer {
    fn start(folder: &Path) -> Result<Peer> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "pipeline", "--tty"])
            .env(PEER_VARIABLE, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the other process")?;
        let input = child.stdin.take().context("it has no input")?;
        let out = child.stdout.take().context("it has no output")?;
        let mut peer = Peer {
            child,
            input: Arc::new(Mutex::new(input)),
            out: BufReader::new(out),
            pool: "0.0.0.0:0".parse()?,
        };
        peer.pool = peer.line()?.trim().parse()?;
        Ok(peer)
    }

    /// No byte more; what it gave until now.
    fn stop(&mut self) -> Result<Counts> {
        held(&self.input).write_all(b"stop\n")?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder for the terminals' links, removed with this.
struct Folder(PathBuf);

impl Folder {
    fn new(ticket: u64) -> Result<Folder> {
        let name = format!("stannary-bench-{}-{ticket}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
