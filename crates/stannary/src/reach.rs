//! How the daemon reaches its machine: a twin, here or in a process of its own; the devices of
//! the control board that this computer is; or both, where a twin stands in for what a test's
//! board has no device for.

use anyhow::{Result, bail};
use board_support::Machine;
use hal::MachinePorts;
use hal_linux::{CleanStop, Root};
use telemetry::Code;
use twin::machine::TwinOptions;
use units::DifficultyOne;

use crate::cli::config::{Backend, Twin};
use crate::linux::{self, Panel};
use crate::runtime::{Clock, PortLock};
use crate::whole;

/// Rests of supplies are never shortened here.
const SETTLE_PERCENT: u8 = 100;

/// A machine that is ready to be driven.
pub(crate) struct Reached {
    /// All of its ports.
    pub(crate) ports: MachinePorts,
    /// What the status calls it.
    pub(crate) backend: &'static str,
    /// The scale of its chips' difficulty.
    pub(crate) difficulty_one: DifficultyOne,
    /// Keeps other daemons from a twin in another process.
    pub(crate) host: Option<PortLock>,
    /// To be marked once everything is off; of a real machine.
    pub(crate) clean: Option<CleanStop>,
    /// Lights and buttons; of a real machine.
    pub(crate) panel: Option<Panel>,
}

impl Reached {
    /// All of the hardware is a twin in a process of its own.
    pub(crate) fn twin_elsewhere(&self) -> bool {
        self.backend == "twin" && self.host.is_some()
    }
}

/// Open the machine.
pub(crate) fn open(machine: &Machine, backend: &Backend, clock: Clock) -> Result<Reached> {
    let root = Root::default();
    let twin = match backend {
        Backend::Twin(twin) => Some(twin),
        // Without a place the chips alone are a twin's: of a machine of tests, on its own board.
        Backend::Linux { stand_in } => stand_in.as_ref().filter(|twin| twin.at.is_some()),
    };
    if let (Some(_), Some(board)) = (twin, linux::is_real_board(&root)) {
        let code = Code::TwinOnBoard;
        let (text, what, remedy) = (code.text(), code.meaning(), code.remedy());
        bail!("{text}: {what}: this computer is a {board}\nhint: {remedy}");
    }
    match backend {
        Backend::Twin(twin) => of_twin(machine, twin, clock),
        Backend::Linux { stand_in } => {
            linux::refuse_other_board(machine, &root)?;
            match stand_in {
                Some(twin) if twin.at.is_some() => of_both(machine, twin, &root, clock),
                chips => of_board(machine, chips.as_ref(), &root, clock),
            }
        }
    }
}

fn of_twin(machine: &Machine, twin: &Twin, clock: Clock) -> Result<Reached> {
    let (ports, host) = match &twin.at {
        Some(folder) => {
            let (ports, lock) = whole::elsewhere(folder, machine, twin.difficulty_one, clock)?;
            (ports, Some(lock))
        }
        None => {
            let options = TwinOptions {
                seed: twin.seed,
                difficulty_bits: twin.difficulty_one.zero_bits(),
                // Nobody reads the ledger of a daemon's twin.
                ledger_frames_max: 0,
                ..TwinOptions::default()
            };
            (whole::machine(machine, options, clock)?.ports, None)
        }
    };
    Ok(Reached {
        ports,
        backend: "twin",
        difficulty_one: twin.difficulty_one,
        host,
        clean: None,
        panel: None,
    })
}

/// The devices alone; `chips` is of a machine of tests, whose chips have a scale of their own.
fn of_board(machine: &Machine, chips: Option<&Twin>, root: &Root, clock: Clock) -> Result<Reached> {
    let power = engine::hash_power(machine, SETTLE_PERCENT);
    let opened = linux::open(machine, root, clock.now(), power)?;
    Ok(Reached {
        ports: opened.ports,
        backend: "linux",
        difficulty_one: chips.map_or(DifficultyOne::BITCOIN, |chips| chips.difficulty_one),
        host: None,
        clean: Some(opened.clean),
        panel: Some(opened.panel),
    })
}

/// Chains over the kernel's devices, everything else from the twin that is behind them.
fn of_both(machine: &Machine, twin: &Twin, root: &Root, clock: Clock) -> Result<Reached> {
    let links = linux::open_links(machine, root)?;
    let of_twin = of_twin(machine, twin, clock)?;
    Ok(Reached {
        ports: MachinePorts {
            links,
            ..of_twin.ports
        },
        backend: "linux",
        ..of_twin
    })
}
