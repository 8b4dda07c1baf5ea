//! `stannary twin --chip`: an emulated chain for any driver, behind a pseudo-terminal (`--pty`) or a
//! local socket (`--socket`).
//!
//! The chain runs in real time. What stands at the path is a link to the terminal, which a
//! driver opens like a serial port: it sets its speed with `tcsetattr` and talks to chips.
//!
//! * **Speed.** A driver that sets one is held to it: unless it is within 4.5 % of the
//!   chips', both sides hear noise, as on a wire. One that leaves the terminal's own 38400,
//!   or the 9600 of serial libraries, chose none and is taken to follow the chips. A change of speed
//!   counts for what is written after it: what was written before leaves first. A socket carries
//!   no speed: who is connected to one is always understood.
//! * **Power.** Nothing on a pseudo-terminal resets chips. A port that stayed closed for
//!   two seconds is a chain that was switched off: who opens it then finds chips as after
//!   power-up.
//! * **Difficulty.** Nonces are found by search at a scaled difficulty one, except for jobs
//!   of a few historic blocks, which are answered with their real nonce.

mod blocks;
mod line;
mod place;
mod port;
mod socket;
mod wire;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use telemetry::Code;
use twin::machine::{TwinMachine, TwinOptions};
use units::ChainSlot;

use crate::cli::TwinArgs;
use crate::runtime::Clock;
use line::Shared;
pub(crate) use line::{Bytes, Line};
pub(crate) use port::Port;
use socket::Socket;
use wire::Wire;

/// Zero bits that stand for the 32 of difficulty one, unless asked for otherwise: with the
/// usual ticket of 256 a nonce costs 65,536 hashes, and the largest board 6 MH/s.
const DIFFICULTY_BITS: u8 = 8;
/// Without an event, look at the terminal's speed this often.
const LOOK: Duration = Duration::from_millis(5);
/// Between two lines about what the chain did.
const REPORT: Duration = Duration::from_secs(10);

/// Why it does not start: the command line's fault, or the system's.
pub(crate) enum Refusal {
    Usage(String),
    Failed(anyhow::Error),
}

/// Serve a chain until SIGTERM, SIGINT or SIGHUP.
pub(crate) fn run(args: &TwinArgs) -> Result<(), Refusal> {
    let bits = args.difficulty_bits.unwrap_or(DIFFICULTY_BITS);
    let (machine, chip) = chain(args, bits).map_err(Refusal::Usage)?;
    let stop = stop_on_signal().map_err(Refusal::Failed)?;
    let (mut port, place) = open(args)?;
    eprintln!(
        "twin: {} × {chip} behind {place}, seed {}",
        args.chips.unwrap_or(1),
        args.seed
    );
    eprintln!("twin: {}", what_nonces_are(bits));
    serve(machine, &mut *port, &stop).map_err(Refusal::Failed)
}

/// What drivers open, and how it is called.
fn open(args: &TwinArgs) -> Result<(Box<dyn Wire>, String), Refusal> {
    if let Some(path) = &args.socket {
        socket::is_free(path).map_err(Refusal::Usage)?;
        let socket = Socket::open(path).map_err(Refusal::Failed)?;
        return Ok((Box::new(socket), path.display().to_string()));
    }
    let path = args.pty.as_deref().unwrap_or_else(|| "".as_ref());
    port::is_free(path).map_err(Refusal::Usage)?;
    let port = Port::open(path).map_err(Refusal::Failed)?;
    let place = format!("{} -> {}", path.display(), port.terminal());
    Ok((Box::new(port), place))
}

fn chain(args: &TwinArgs, difficulty_bits: u8) -> Result<(TwinMachine, &str), String> {
    let (Some(chip), Some(chips)) = (&args.chip, args.chips) else {
        return Err("a chain needs `--chip` and `--chips`".to_owned());
    };
    let options = TwinOptions {
        seed: args.seed,
        difficulty_bits,
        known_headers: blocks::headers(),
        // Nobody reads the frames; totals are kept.
        ledger_frames_max: 0,
        ..TwinOptions::default()
    };
    let name = chip.to_lowercase();
    let machine = TwinMachine::single_chain(&name, chips, options).map_err(|why| {
        let known: Vec<&str> = TwinMachine::chip_names().collect();
        format!(
            "{}: {why}\nhint: chips are {}",
            Code::TwinChip.text(),
            known.join(", ")
        )
    })?;
    Ok((machine, chip))
}

fn what_nonces_are(bits: u8) -> String {
    match bits {
        32 => "difficulty one is real: only jobs of known blocks are answered, \
               because no computer searches that far"
            .into(),
        _ => format!(
            "{bits} zero bits stand for the 32 of difficulty one: a nonce is real, but its \
             hash has {bits} zero bits and those of the ticket. A driver that insists on 32 \
             counts it as an error; only jobs of known blocks have nonces that it accepts"
        ),
    }
}

/// Set by the first signal; a second one ends the process at once.
pub(crate) fn stop_on_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, stop.clone())
            .and_then(|_| signal_hook::flag::register(signal, stop.clone()))
            .context("cannot take signals")?;
    }
    Ok(stop)
}

/// The terminals of a machine's chains under `folder`: `chain-0` and on. Each has a thread, until
/// `stop`; the links go with it.
pub(crate) fn serve_chains(
    machine: &Shared,
    slots: &[ChainSlot],
    folder: &Path,
    clock: Clock,
    stop: &Arc<AtomicBool>,
) -> Result<Vec<JoinHandle<()>>> {
    let start = |slot: &ChainSlot| {
        let name = format!("chain-{}", slot.0);
        let mut line = Line::of_machine(Arc::clone(machine), *slot, clock);
        let mut port = Port::open(&folder.join(&name))?;
        let stop = Arc::clone(stop);
        let thread = thread::Builder::new().name(name.clone());
        Ok(thread.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let turned = port
                    .wait(line.patience(LOOK))
                    .and_then(|()| line.turn(&mut port));
                match turned {
                    Ok(notes) => notes
                        .iter()
                        .for_each(|note| eprintln!("twin: {name}: {note}")),
                    Err(why) => {
                        eprintln!("twin: {name}: ended: {why:#}");
                        return;
                    }
                }
            }
        })?)
    };
    slots.iter().map(start).collect()
}

fn serve(machine: TwinMachine, port: &mut dyn Wire, stop: &AtomicBool) -> Result<()> {
    let mut line = Line::alone(machine, Clock::start());
    let mut report_at = REPORT;
    while !stop.load(Ordering::Relaxed) {
        port.wait(line.patience(LOOK))
            .context("the port does not work")?;
        for note in line.turn(port)? {
            eprintln!("twin: {note}");
        }
        if line.elapsed() >= report_at {
            report_at = line.elapsed() + REPORT;
            if let Some(news) = line.news() {
                eprintln!("twin: {news}");
            }
        }
    }
    if let Some(news) = line.news() {
        eprintln!("twin: {news}");
    }
    eprintln!("twin: stopped");
    Ok(())
}
