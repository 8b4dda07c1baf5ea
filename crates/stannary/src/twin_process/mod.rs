//! `stannary twin --machine`: a whole machine as a process of its own, in real time.
//!
//! A daemon drives it through a socket in a folder, with `[twin] at = "DIR"`. The machine goes on
//! by its own clock whatever its host does: pins keep their level when a host dies, controllers
//! miss its heartbeat, boards get warm. [`ask()`] shows what the machine really does.

mod ask;
mod state;
mod watch;

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use board_support::Machine;
use hal_emulated::remote::{Calls, Identity, serve, socket};
use telemetry::Code;
use twin::machine::{Link, TwinOptions};
use units::ChainSlot;

use crate::boards;
use crate::cli::TwinArgs;
use crate::runnable::refusal;
use crate::runtime::{Clock, PortLock};
use crate::twin_pty::{Refusal, serve_chains, stop_on_signal};
use crate::twin_scale::{self, EASY_HASHES_PER_S, MOST_HASHES_PER_S, USUAL_BITS_MAX};
use crate::voltages::{self, Word};
use crate::whole;
pub(crate) use ask::ask;
use watch::Watch;

/// How often time is told where no host does it, and the machine is looked at: a fifth of a
/// step of its physics.
const LOOK: Duration = Duration::from_millis(50);
/// Between two lines about what the machine does.
const REPORT: Duration = Duration::from_secs(10);
/// The kernel's limit for a socket's path is 107 bytes.
const PATH_MAX: usize = 107;

/// Serve a machine until SIGTERM, SIGINT or SIGHUP.
pub(crate) fn run(args: &TwinArgs, name: &str, folder: &Path) -> Result<(), Refusal> {
    let machine = machine(name, args.control_board.as_deref()).map_err(Refusal::Usage)?;
    let listens_at = socket(folder);
    if listens_at.as_os_str().len() > PATH_MAX {
        let (code, path) = (Code::TwinPath.text(), folder.display());
        let hint = "hint: choose a shorter path: a socket's name ends at 107 bytes";
        return Err(Refusal::Usage(format!(
            "{code}: {path} is too long\n{hint}"
        )));
    }
    let bits = difficulty_bits(args, machine.rated_ths);
    let stop = stop_on_signal().map_err(Refusal::Failed)?;
    let _lock = PortLock::take(&listens_at).map_err(|why| Refusal::Failed(why.into()))?;
    serve_machine(args, &machine, bits, &listens_at, &stop).map_err(Refusal::Failed)
}

/// The machine, its unknown voltages made up.
fn machine(name: &str, control_board: Option<&str>) -> Result<Machine, String> {
    let found = match control_board {
        Some(board) => boards::machine_on(name, board),
        None => board_support::machine(name),
    };
    let mut machine = found.map_err(|why| why.to_string())?;
    let cannot = |why: &str| {
        let code = Code::TwinWhole;
        let (text, meaning, remedy) = (code.text(), code.meaning(), code.remedy());
        format!("{text}: {meaning} (`{name}`: {why})\nhint: {remedy}")
    };
    if let Some(why) = refusal(&machine) {
        return Err(cannot(&why));
    }
    let said = voltages::take_twins(&mut machine, Word::default());
    for said in said.map_err(|why| cannot(&why.to_string()))? {
        eprintln!("twin: note: {said}");
    }
    Ok(machine)
}

/// What was asked for, else what a configuration without a number takes; never more than this
/// computer can hash.
fn difficulty_bits(args: &TwinArgs, rated_ths: f64) -> u8 {
    let Some(asked) = args.difficulty_bits else {
        return twin_scale::bits_within(rated_ths, USUAL_BITS_MAX, EASY_HASHES_PER_S);
    };
    let bits = twin_scale::bits_within(rated_ths, asked, MOST_HASHES_PER_S);
    if bits < asked {
        let code = Code::ConfigUnserved.text();
        eprintln!("twin: note: {code}: cannot hash at {asked} bits in real time; {bits} are used");
    }
    bits
}

fn serve_machine(
    args: &TwinArgs,
    machine: &Machine,
    difficulty_bits: u8,
    listens_at: &Path,
    stop: &Arc<AtomicBool>,
) -> Result<()> {
    let options = TwinOptions {
        seed: args.seed,
        difficulty_bits,
        // Nobody reads the frames; totals are kept.
        ledger_frames_max: 0,
        ..TwinOptions::default()
    };
    let twin = whole::twin(machine, options)?;
    let identity = Identity {
        run: crate::run::random_seed().context("no random numbers")?,
        model: machine.model.clone(),
        control_board: machine.control_board.id.clone(),
        seed: args.seed,
        difficulty_bits,
        slots: machine.slots,
        link: twin.link(),
        cores: twin.core_map().cloned(),
    };
    let twin = Arc::new(Mutex::new(twin));
    let clock = Clock::start();
    let watch = Arc::new(Mutex::new(Watch::new(machine, &identity)));
    let folder = listens_at.parent().unwrap_or(Path::new("/"));
    let chains = match identity.link {
        Link::Uart if identity.cores.is_none() => {
            let slots: Vec<_> = (0..machine.slots).map(ChainSlot).collect();
            serve_chains(&twin, &slots, folder, clock, stop)?
        }
        // Behind an FPGA there are no lines.
        _ => Vec::new(),
    };
    // The socket of a twin that was killed: we have its lock.
    let _ = std::fs::remove_file(listens_at);
    let listener = UnixListener::bind(listens_at)
        .with_context(|| format!("no socket at {}", listens_at.display()))?;
    let calls: Arc<OnceLock<Arc<Calls>>> = Arc::default();
    let look = {
        let (twin, calls) = (Arc::clone(&twin), Arc::clone(&calls));
        move || {
            let now = clock.now();
            let mut watch = watch.lock().unwrap_or_else(|broken| broken.into_inner());
            let mut twin = twin.lock().unwrap_or_else(|broken| broken.into_inner());
            watch.look(now, &mut twin, calls.get().map(|calls| &**calls))
        }
    };
    let state = {
        let look = look.clone();
        move || look().to_json()
    };
    let served = serve(
        listener,
        Arc::clone(&twin),
        &identity,
        move || clock.now(),
        state,
    );
    let _ = calls.set(served.context("no thread for hosts")?);
    let (model, board) = (&identity.model, &identity.control_board);
    let at = listens_at.display();
    eprintln!("twin: {model} on {board} at {at}, seed {}", identity.seed);
    eprintln!("twin: {difficulty_bits} zero bits stand for the 32 of difficulty one");

    let mut report_at = REPORT;
    let start = std::time::Instant::now();
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
        let state = look();
        if start.elapsed() >= report_at {
            report_at = start.elapsed() + REPORT;
            eprintln!("twin: {}", state.line());
        }
    }
    eprintln!("twin: {}", look().line());
    let _ = std::fs::remove_file(listens_at);
    for chain in chains {
        // One that panicked has said so.
        let _ = chain.join();
    }
    eprintln!("twin: stopped");
    Ok(())
}
