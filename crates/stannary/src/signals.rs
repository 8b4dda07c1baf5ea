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
            let (mut asked, mut given) = (0, false);
            loop {
                asked += match asked > 0 && !given {
                    // A full inbox empties within microseconds, unless the engine hangs: then
                    // a second signal must be heard all the same.
                    true => {
                        thread::sleep(std::time::Duration::from_millis(5));
                        signals.pending().count()
                    }
                    false => signals.wait().count(),
                };
                if asked > 1 {
                    // The owner does not want to wait.
                    cutter.cut();
                    std::process::exit(130);
                }
                given |= asked > 0 && commands.give(Command::Shutdown) != Err(NotTaken::Busy);
            }
        })
        .context("no thread for signals")?;
    Ok(())
}
