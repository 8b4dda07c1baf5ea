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
    CHAINS, Course, DIFFICULTY_ONE_BITS, DRAIN, MODEL, POLLED, Phase, REPLAY, Speech, TICKET, TURN,
    TURNS, ToPeer,
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
    stolen: u64,
    anonymous_mib: f64,
}

/// What passed between two marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) seconds: f64,
    pub(super) cpu_s: f64,
    pub(super) works: f64,
    pub(super) nonces: f64,
    /// What the host took of this computer's processors for others.
    pub(super) stolen_s: f64,
}

impl Span {
    fn between(from: &Mark, to: &Mark) -> Span {
        Span {
            seconds: (to.at - from.at) as f64 / 1e9,
            cpu_s: (to.cpu - from.cpu) as f64 / 1e9,
            works: (to.works - from.works) as f64,
            nonces: (to.nonces - from.nonces) as f64,
            stolen_s: (to.stolen - from.stolen) as f64 / 1e9,
        }
    }
}

impl Run {
    /// What passed in a phase, all its turns together, if it was run to its end.
    pub(super) fn span(&self, phase: Phase) -> Option<Span> {
        let pairs = self.marks.windows(2).filter(|pair| pair[0].phase == phase);
        pairs
            .map(|pair| Span::between(&pair[0], &pair[1]))
            .reduce(|sum, turn| Span {
                seconds: sum.seconds + turn.seconds,
                cpu_s: sum.cpu_s + turn.cpu_s,
                works: sum.works + turn.works,
                nonces: sum.nonces + turn.nonces,
                stolen_s: sum.stolen_s + turn.stolen_s,
            })
    }

    /// By how many MiB the memory that no file backs grew from the first mark of one phase to that of another.
    pub(super) fn grown_mib(&self, from: Phase, to: Phase) -> Option<f64> {
        let first = |phase| self.marks.iter().find(|mark| mark.phase == phase);
        Some(first(to)?.anonymous_mib - first(from)?.anonymous_mib)
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
            stolen: stamp::stolen(),
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
            Phase::Quiet => {
                let turns = self.marks.iter().filter(|m| m.phase == Phase::Loaded);
                let over = turns.count() == TURNS;
                after(TURN, if over { Phase::Drain } else { Phase::Loaded })
            }
            Phase::Loaded => after(TURN, Phase::Quiet),
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
