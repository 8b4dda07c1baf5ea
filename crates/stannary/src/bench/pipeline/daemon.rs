//! The daemon of this benchmark: the real one, from its sockets to its ports, watched while
//! it runs through the phases of the plan.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use anyhow::{Context, Result};
use api::Published;
use board_support::Machine;
use engine::{EngineConfig, PoolConfig};
use serde_json::Value;
use stratum::Address;
use telemetry::{ChainState, Note, Severity, Shares, Snapshot};
use units::{DifficultyOne, Duration};

use super::peer::Peer;
use super::plan::{
    CHAINS, Course, DIFFICULTY_ONE_BITS, DRAIN, LOADED, MODEL, POLLED, Phase, QUIET, REPLAY,
    Speech, TICKET, ToPeer,
};
use super::port::{self, Traffic};
use super::stamp::{self, Resident};
use crate::runtime::{Clock, Miner, Observer};
use crate::show::Publisher;
use crate::{FIRMWARE, LOG_NOTES, access_file};

/// Settle times in percent of what is prescribed: the bring-up is not what is measured.
const SETTLE_PERCENT: u8 = 5;

/// What was measured on both sides.
pub(super) struct Run {
    /// What the peer saw.
    pub(super) peer: Value,
    /// The daemon's own account.
    pub(super) shares: Shares,
    /// Counters at the begin of each phase, in order.
    marks: Vec<Mark>,
    /// Memory at the end of the last phase with nonces.
    pub(super) resident: Resident,
    /// Errors that the daemon told.
    pub(super) errors: Vec<String>,
}

/// Counters at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    phase: Phase,
    at: u64,
    cpu: u64,
    works: u64,
    nonces: u64,
    anonymous_mib: f64,
}

/// What passed between two marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) seconds: f64,
    pub(super) cpu_s: f64,
    pub(super) works: f64,
    pub(super) nonces: f64,
    /// By how much memory grew that no file backs.
    pub(super) grown_mib: f64,
}

impl Run {
    /// What passed in a phase, if it was run to its end.
    pub(super) fn span(&self, phase: Phase) -> Option<Span> {
        let begin = self.marks.iter().position(|mark| mark.phase == phase)?;
        let (from, to) = (self.marks.get(begin)?, self.marks.get(begin + 1)?);
        Some(Span {
            seconds: (to.at - from.at) as f64 / 1e9,
            cpu_s: (to.cpu - from.cpu) as f64 / 1e9,
            works: (to.works - from.works) as f64,
            nonces: (to.nonces - from.nonces) as f64,
            grown_mib: to.anonymous_mib - from.anonymous_mib,
        })
    }
}

/// Run daemon and peer through all phases.
pub(super) fn run(course: Course) -> Result<Run> {
    let (daemon_end, peer_end) = UnixStream::pair()?;
    let peer = Peer::start(peer_end, course.speech())?;
    let traffic = Arc::new(Traffic::default());
    let ports = port::ports(daemon_end.try_clone()?, Arc::clone(&traffic));

    let mut machine = board_support::machine("antminer-s19-pro")?;
    machine.hashboard.ticket_difficulty = TICKET;
    anyhow::ensure!(
        usize::from(machine.slots) == CHAINS,
        "the plan is for {CHAINS} chains"
    );
    let config = config(
        machine,
        DIFFICULTY_ONE_BITS,
        SETTLE_PERCENT,
        peer.pool.clone(),
    )?;
    let clock = Clock::start();
    let mut miner = Miner::new(config, ports, clock)?;
    let (inbox, carried, nonces) = (miner.inbox(), Arc::clone(&traffic), daemon_end.try_clone()?);
    thread::Builder::new()
        .name("nonces".into())
        .stack_size(128 * 1024)
        .spawn(move || port::carry_nonces(nonces, &carried, &inbox))?;
    let shelf = Published::new(miner.first_snapshot(), LOG_NOTES);
    let commands = miner.commands();
    let listen = api::Listen {
        http: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
        ..api::Listen::default()
    };
    let gate = access_file::open(None, miner.wall(), &shelf, clock)?;
    let page = api::start(
        listen,
        shelf.clone(),
        gate,
        Arc::new(move |c| commands.give(c).is_ok()),
    )?;

    let mut asked = daemon_end.try_clone()?;
    let mut watch = Watch::new(Publisher::new(shelf), daemon_end, traffic);
    watch.course = course;
    if let (Course::Load, Some(address)) = (course, page.addresses().first()) {
        asked.write_all(&ToPeer::Asked(*address).encode())?;
    }
    let last = miner.run(&mut watch);
    watch.enter(Phase::End);
    Ok(Run {
        peer: peer.report().context("the other process told nothing")?,
        shares: last.shares,
        marks: watch.marks,
        resident: watch.resident,
        errors: watch.errors,
    })
}

/// A daemon of chains alone that mines at this pool; settle times of the bring-up are shortened.
pub(in crate::bench) fn config(
    machine: Machine,
    difficulty_one_bits: u8,
    settle_percent: u8,
    address: Address,
) -> Result<EngineConfig> {
    let difficulty_one = DifficultyOne::from_zero_bits(difficulty_one_bits).context("bits")?;
    Ok(EngineConfig {
        machine,
        backend: "bench".into(),
        difficulty_one,
        pools: vec![PoolConfig {
            difficulty_one,
            ..PoolConfig::new(address, "bench.worker", "x")
        }],
        pool_groups: Vec::new(),
        settle_percent,
        thinning: 1,
        seed: 1,
        firmware: FIRMWARE.into(),
        hardware: None,
    })
}

/// Moves the run from phase to phase and reads the counters in between.
struct Watch {
    publisher: Publisher,
    peer: UnixStream,
    course: Course,
    traffic: Arc<Traffic>,
    marks: Vec<Mark>,
    resident: Resident,
    errors: Vec<String>,
}

impl Watch {
    fn new(publisher: Publisher, peer: UnixStream, traffic: Arc<Traffic>) -> Self {
        let (marks, errors) = (Vec::with_capacity(8), Vec::new());
        let resident = Resident::default();
        let mut watch = Watch {
            publisher,
            peer,
            course: Course::Way(Speech::V1),
            traffic,
            marks,
            resident,
            errors,
        };
        watch.enter(Phase::Ramp);
        watch
    }

    fn enter(&mut self, phase: Phase) {
        self.traffic
            .polled
            .store(phase == Phase::Polled, Ordering::Relaxed);
        self.marks.push(Mark {
            phase,
            at: stamp::now(),
            cpu: stamp::cpu(),
            works: self.traffic.works.load(Ordering::Relaxed),
            nonces: self.traffic.nonces.load(Ordering::Relaxed),
            anonymous_mib: Resident::now().anonymous_mib,
        });
        // A peer that is gone reports nothing, and that is told.
        let _ = self.peer.write_all(&ToPeer::Phase(phase).encode());
    }

    /// The phase that follows the present one, once its time has come.
    fn next(&self, snapshot: &Snapshot) -> Option<Phase> {
        let mark = self.marks.last()?;
        let passed = Duration::from_nanos(stamp::now() - mark.at);
        let after = |time, next| (passed >= time).then_some(next);
        match mark.phase {
            Phase::Ramp => {
                let up = snapshot
                    .chains
                    .iter()
                    .all(|c| c.state == ChainState::Hashing);
                up.then_some(Phase::Model)
            }
            // Of V2 only the way of a block to the chips is measured.
            Phase::Model => match self.course {
                Course::Way(Speech::V1) => after(MODEL, Phase::Replay),
                Course::Way(Speech::V2) => after(MODEL, Phase::Drain),
                Course::Load => after(MODEL, Phase::Quiet),
            },
            Phase::Replay => after(REPLAY, Phase::Polled),
            Phase::Polled => after(POLLED, Phase::Drain),
            Phase::Quiet => after(QUIET, Phase::Loaded),
            Phase::Loaded => after(LOADED, Phase::QuietAgain),
            Phase::QuietAgain => after(QUIET, Phase::Drain),
            Phase::Drain | Phase::End => None,
        }
    }
}

impl Observer for Watch {
    fn snapshot(&mut self, snapshot: &Arc<Snapshot>) {
        self.publisher.snapshot(snapshot);
        if let Some(phase) = self.next(snapshot) {
            if phase == Phase::Drain {
                self.resident = Resident::now();
            }
            self.enter(phase);
        }
    }

    fn note(&mut self, note: &Note) {
        self.publisher.note(note);
        if note.severity() == Severity::Error && self.errors.len() < 8 {
            self.errors.push(format!(
                "{}: {}: {}",
                note.code.text(),
                note.place,
                note.detail
            ));
        }
    }

    fn should_stop(&mut self, _snapshot: &Snapshot) -> bool {
        let (Some(first), Some(last)) = (self.marks.first(), self.marks.last()) else {
            return true;
        };
        let since = |mark: &Mark| Duration::from_nanos(stamp::now() - mark.at);
        (last.phase == Phase::Drain && since(last) >= DRAIN) || since(first) >= self.course.limit()
    }
}
