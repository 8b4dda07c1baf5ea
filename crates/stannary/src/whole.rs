//! A whole machine whose hardware is a twin: parts and physics behind every port, in this
//! process or in one of its own.

use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Result, bail};
use board_support::Machine;
use hal::MachinePorts;
use hal_emulated::remote::Remote;
use telemetry::Code;
use twin::machine::{TwinMachine, TwinOptions};
use twin::physics;
use units::DifficultyOne;

use crate::runtime::{Clock, PortLock};

/// The twin and the ports to all of it.
pub(crate) struct Whole {
    /// The twin.
    pub(crate) twin: Arc<Mutex<TwinMachine>>,
    /// Chains, buses, fans and the dead man's lines.
    pub(crate) ports: MachinePorts,
}

/// The twin of a machine whose voltages are known or completed. Its clock begins with `clock`.
pub(crate) fn machine(machine: &Machine, options: TwinOptions, clock: Clock) -> Result<Whole> {
    let twin = Arc::new(Mutex::new(twin(machine, options)?));
    // A rest that was shortened is shortened in the machine.
    let power = engine::hash_power(machine, 100);
    let (shared, fans) = (Arc::clone(&twin), machine.fans.count);
    let ports = hal_emulated::machine_ports(shared, clock.now(), power, fans);
    Ok(Whole { twin, ports })
}

/// The twin alone, with parts and physics.
pub(crate) fn twin(machine: &Machine, options: TwinOptions) -> Result<TwinMachine> {
    let physics = physics::Options {
        seed: options.seed,
        ..physics::Options::default()
    };
    let options = TwinOptions {
        parts: true,
        physics: Some(physics),
        ..options
    };
    Ok(TwinMachine::new(machine, options)?)
}

/// The ports of the twin that serves under `folder`, which must be the machine that we think
/// it is. They are ours alone while the lock is held.
pub(crate) fn elsewhere(
    folder: &Path,
    machine: &Machine,
    difficulty_one: DifficultyOne,
    clock: Clock,
) -> Result<(MachinePorts, PortLock)> {
    let remote = match Remote::find(folder) {
        Ok(remote) => remote,
        Err(why) => bail!(told(
            Code::TwinAway,
            &format!("`{}`: {why}", folder.display())
        )),
    };
    let (there, bits) = (remote.identity(), difficulty_one.zero_bits());
    let (model, board) = (&machine.model, &machine.control_board.id);
    if (&there.model, &there.control_board, there.difficulty_bits) != (model, board, bits) {
        bail!(told(
            Code::TwinOther,
            &format!(
                "`{}` has `{}` on control board `{}` with {} difficulty bits, and is to be \
                 `{model}` on `{board}` with {bits}",
                folder.display(),
                there.model,
                there.control_board,
                there.difficulty_bits
            )
        ));
    }
    let lock = PortLock::take(&folder.join("host"))?;
    let power = engine::hash_power(machine, 100);
    let ports = remote.ports(clock.now(), power, machine.fans.count);
    Ok((ports, lock))
}

fn told(code: Code, what: &str) -> String {
    let (text, meaning, remedy) = (code.text(), code.meaning(), code.remedy());
    format!("{text}: {meaning} ({what})\nhint: {remedy}")
}
