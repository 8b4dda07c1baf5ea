//! SIGTERM and SIGINT: ramp down, power off, exit 0. A second one cuts the power and ends at
//! once.

use std::thread;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use telemetry::Command;

use crate::runtime::{Commands, Cutter, NotTaken};

/// From now on these signals shut the miner down in order.
pub(crate) fn shut_down_on_signal(commands: Commands, cutter: Cutter) -> Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT]).context("cannot take signals")?;
    thread::Builder::new()
        .name("signals".into())
        .stack_size(128 * 1024)
        .spawn(move || {
            let mut asked = false;
            for _ in signals.forever() {
                if std::mem::replace(&mut asked, true) {
                    // The owner does not want to wait.
                    cutter.cut();
                    std::process::exit(130);
                }
                // A full inbox empties within microseconds; the command must not be lost.
                while commands.give(Command::Shutdown) == Err(NotTaken::Busy) {
                    thread::sleep(std::time::Duration::from_millis(5));
                }
            }
        })
        .context("no thread for signals")?;
    Ok(())
}
