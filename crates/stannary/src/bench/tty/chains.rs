//! The other process: chains behind terminals, and a pool.
//!
//! Its first line says where the pool listens; the terminals are there by then. It takes lines:
//! `reset N` resets the chips of a chain; after `stop` it gives no byte more, says how many it
//! gave, and keeps the terminals until its input ends.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use twin::machine::{TwinMachine, TwinOptions};

use super::{CHAINS, CHIP, CHIPS, DIFFICULTY_ONE_BITS};
use crate::bench::pipeline::{pool, stamp};
use crate::runtime::Clock;
use crate::twin_pty::{Bytes, Line, Port};

/// Share difficulty: some shares a second, because their way is not what is measured.
const SHARE_DIFFICULTY: u64 = 16_384;
/// Look at a terminal's speed this often.
const LOOK: Duration = Duration::from_millis(2);

/// Where a chain's terminal is.
pub(super) fn path(folder: &Path, slot: u8) -> PathBuf {
    folder.join(format!("chain-{slot}"))
}

/// Be the other side until the input ends.
pub(super) fn serve(folder: &Path) -> Result<()> {
    let switches: Vec<_> = (0..CHAINS).map(|_| Arc::<Switches>::default()).collect();
    let chains = (0..CHAINS).zip(&switches);
    let chains = chains.map(|(slot, switches)| start(&path(folder, slot), slot, switches));
    let chains: Vec<_> = chains.collect::<Result<_>>()?;
    let address = pool::start(SHARE_DIFFICULTY, |_| {})?;
    println!("{address}");
    std::io::stdout().flush()?;

    let mut lines = std::io::stdin().lock().lines();
    let mut asked = false;
    for line in lines.by_ref().map_while(Result::ok) {
        if line == "stop" {
            asked = true;
            break;
        }
        let slot = line
            .strip_prefix("reset ")
            .and_then(|n| n.parse::<usize>().ok());
        if let Some(switches) = slot.and_then(|slot| switches.get(slot)) {
            switches.reset.store(true, Ordering::Relaxed);
        }
    }
    for switches in &switches {
        switches.stop.store(true, Ordering::Relaxed);
    }
    let mut ended = Vec::new();
    for chain in chains {
        let chain = chain.join().ok().context("a chain's thread panicked")?;
        ended.push(chain?);
    }
    if asked {
        let of = |figure: fn(&Ended) -> u64| -> Vec<u64> { ended.iter().map(figure).collect() };
        let told = json!({
            "given": of(|chain| chain.bytes.given),
            "untaken": of(|chain| chain.bytes.unread),
            "unsent": of(|chain| chain.unsent),
            "late_ms": of(|chain| chain.late.as_millis() as u64),
            "cpu": stamp::cpu(),
        });
        println!("{told}");
        std::io::stdout().flush()?;
    }
    // Terminals hang up with this process.
    let _ = lines.next();
    Ok(())
}

type Chain = JoinHandle<Result<Ended>>;

/// A chain that gives nothing any more.
struct Ended {
    /// Its terminal, which hangs up with this.
    _port: Port,
    bytes: Bytes,
    /// Answers that never reached the terminal because this process was too late.
    unsent: u64,
    /// The longest time between two of its turns.
    late: Duration,
}

/// What the chain's thread is told.
#[derive(Default)]
struct Switches {
    reset: AtomicBool,
    stop: AtomicBool,
}

fn start(path: &Path, slot: u8, switches: &Arc<Switches>) -> Result<Chain> {
    let switches = Arc::clone(switches);
    let options = TwinOptions {
        seed: u64::from(slot) + 1,
        difficulty_bits: DIFFICULTY_ONE_BITS,
        ledger_frames_max: 0,
        ..TwinOptions::default()
    };
    let twin = TwinMachine::single_chain(CHIP, CHIPS, options)?;
    let (mut line, mut port) = (Line::alone(twin, Clock::start()), Port::open(path)?);
    let thread = thread::Builder::new().name(format!("chain-{slot}"));
    Ok(thread.spawn(move || {
        let mut late = Duration::ZERO;
        let mut turned = Instant::now();
        while !switches.stop.load(Ordering::Relaxed) {
            if switches.reset.swap(false, Ordering::Relaxed) {
                line.reset();
            }
            port.wait(line.patience(LOOK))?;
            late = late.max(turned.elapsed());
            turned = Instant::now();
            line.turn(&mut port)?;
        }
        Ok(Ended {
            _port: port,
            bytes: line.bytes(),
            unsent: line.overflowed(),
            late,
        })
    })?)
}
