//! `stannary bench pipeline --tty`: serial lines under the load of an S21 Pro.
//!
//! This process is the daemon, with three chains behind terminals of the kernel. Another process
//! has their other ends, where three twins of a chain answer as fast as their wires carry it,
//! and a pool. Bytes are counted where they enter the terminals and where the daemon takes them
//! out; the difference is lost.
//!
//! A pseudo-terminal has the buffers of a serial line's terminal (4 KiB that a reader sees and
//! 64 KiB behind them), and no interrupts of a device: what those cost is not in the figures.

mod chains;
mod daemon;

use anyhow::Result;
use serde_json::{Map, Value};

/// Names this process as the other side.
const PEER_VARIABLE: &str = "STANNARY_BENCH_TTY_PEER";
/// Chains, chip and number of chips: an S21 Pro.
const MODEL: &str = "antminer-s21-pro";
const CHAINS: u8 = 3;
const CHIP: &str = "bm1370";
const CHIPS: u16 = 65;
/// Zero bits of difficulty one. A nonce costs four hashes and the ticket.
const DIFFICULTY_ONE_BITS: u8 = 2;
/// Ticket difficulties: what is usual, and every nonce of difficulty one, which fills two
/// thirds of the line.
const TICKETS: [u64; 2] = [256, 1];

/// True if this process was started to be the other side, which it then was.
pub(super) fn was_peer() -> Result<bool> {
    let Some(folder) = std::env::var_os(PEER_VARIABLE) else {
        return Ok(false);
    };
    chains::serve(folder.as_ref())?;
    Ok(true)
}

/// A run for each ticket.
pub(super) fn measure() -> Result<Value> {
    let mut figures = Map::new();
    for ticket in TICKETS {
        figures.insert(format!("ticket_{ticket}"), daemon::run(ticket)?);
    }
    Ok(Value::Object(figures))
}
