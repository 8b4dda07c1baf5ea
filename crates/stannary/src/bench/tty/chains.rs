//! The other process: chains behind terminals, and a pool.
//!
//! Its first line says where the pool listens; the terminals are there by then. After a line of
//! input it gives no byte more, says how many it gave, and keeps the terminals until its input
//! ends.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use twin::machine::{TwinMachine, TwinOptions};

use super::{CHAINS, CHIP, CHIPS, DIFFICULTY_ONE_BITS};
use crate::bench::pipeline::pool;
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
    let stop = Arc::new(AtomicBool::new(false));
    let chains = (0..CHAINS).map(|slot| start(&path(folder, slot), slot, Arc::clone(&stop)));
    let chains: Vec<_> = chains.collect::<Result<_>>()?;
    let address = pool::start(SHARE_DIFFICULTY, |_| {})?;
    println!("{address}");
    std::io::stdout().flush()?;

    let mut lines = std::io::stdin().lock().lines();
    let asked = lines.next();
    stop.store(true, Ordering::Relaxed);
    let mut ended = Vec::new();
    for chain in chains {
        let chain = chain.join().ok().context("a chain's thread panicked")?;
        ended.push(chain?);
    }
    if asked.is_some() {
        let given: Vec<_> = ended.iter().map(|(_, bytes)| bytes.given).collect();
        let untaken: Vec<_> = ended.iter().map(|(_, bytes)| bytes.unread).collect();
        println!("{}", json!({ "given": given, "untaken": untaken }));
        std::io::stdout().flush()?;
    }
    // Terminals hang up with this process.
    let _ = lines.next();
    Ok(())
}

type Chain = JoinHandle<Result<(Port, Bytes)>>;

fn start(path: &Path, slot: u8, stop: Arc<AtomicBool>) -> Result<Chain> {
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
        while !stop.load(Ordering::Relaxed) {
            port.wait(line.patience(LOOK))?;
            line.turn(&mut port)?;
        }
        Ok((port, line.bytes()))
    })?)
}
