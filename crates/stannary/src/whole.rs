//! A whole machine whose hardware is a twin: parts and physics behind every port.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use board_support::Machine;
use hal::MachinePorts;
use twin::machine::{TwinMachine, TwinOptions};
use twin::physics;

use crate::runtime::Clock;

/// The twin and the ports to all of it.
pub(crate) struct Whole {
    /// The twin.
    pub(crate) twin: Arc<Mutex<TwinMachine>>,
    /// Chains, buses, fans and the dead man's lines.
    pub(crate) ports: MachinePorts,
}

/// The twin of a machine whose voltages are known or completed. Its clock begins with `clock`.
pub(crate) fn machine(machine: &Machine, options: TwinOptions, clock: Clock) -> Result<Whole> {
    let physics = physics::Options {
        seed: options.seed,
        ..physics::Options::default()
    };
    let options = TwinOptions {
        parts: true,
        physics: Some(physics),
        ..options
    };
    let twin = Arc::new(Mutex::new(TwinMachine::new(machine, options)?));
    // A rest that was shortened is shortened in the machine.
    let power = engine::hash_power(machine, 100);
    let (shared, fans) = (Arc::clone(&twin), machine.fans.count);
    let ports = hal_emulated::machine_ports(shared, clock.now(), power, fans);
    Ok(Whole { twin, ports })
}
