//! `stannary probe`: walks a machine without powering it, and says what is there and which
//! machine definition fits.
//!
//! What is ever touched stands in one table, at the head of `touch`. Exit codes: 0 a control board
//! was found and looked at · 1 this is no control board that is known, or a daemon holds it · 2 wrong
//! command line.

mod fit;
mod identify;
mod linux;
mod on_twin;
mod touch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use board_support::{ControlBoard, Machine};
use clap::Args;
use hal::BusError;
use hal_linux::Root;
use serde_json::{Value, json};
use telemetry::Code;

use crate::boards;
use crate::cli::{EXIT_FAILED, EXIT_USAGE};
use crate::runtime::PortLock;
use fit::{Fit, Seen};
use identify::{Candidate, System};
use touch::{Buses, Memory, Presence};

/// What the x19's FPGA says it is (captured).
const X19_FPGA: u16 = 0xB031;

/// `probe`
#[derive(Args, Debug)]
pub(crate) struct ProbeArgs {
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
    /// The control board, by name or by the path of a file of one's own, where Linux does not
    /// tell which it is
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "twin")]
    control_board: Option<String>,
    /// Look at a twin of this machine in its place
    #[arg(long, value_name = "MACHINE")]
    twin: Option<String>,
}

/// Run the command.
pub(crate) fn run(args: &ProbeArgs) -> ExitCode {
    let probed = match &args.twin {
        Some(model) => probe_twin(model),
        None => {
            let named = args.control_board.as_deref();
            probe_here(&Root::default(), named, &crate::cli::default_socket())
        }
    };
    match probed {
        Ok(report) => {
            let text = match args.json {
                true => format!("{:#}\n", report.json()),
                false => report.text(),
            };
            print(&text);
            ExitCode::SUCCESS
        }
        Err(Refusal { exit, code, why }) => {
            let code_text = code.text();
            if args.json {
                let refused = json!({ "control_board": null, "faults": [fault(code, &why)] });
                print(&format!("{refused:#}\n"));
            }
            eprintln!("{code_text}: {why}\nhint: {}", code.remedy());
            ExitCode::from(exit)
        }
    }
}

/// To stdout. A reader that went away has seen enough.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

struct Refusal {
    exit: u8,
    code: Code,
    why: String,
}

/// All that is said in the end.
struct Report {
    board: ControlBoard,
    /// Others that it may be.
    or: Vec<String>,
    system: Option<System>,
    seen: Seen,
    fans: Vec<(u8, u32)>,
    fits: Vec<Fit>,
    faults: Vec<(Code, String)>,
}

fn probe_twin(model: &str) -> Result<Report, Refusal> {
    let usage = |why: String| Refusal {
        exit: EXIT_USAGE,
        code: Code::MachineUnknown,
        why,
    };
    let machine = board_support::machine(model).map_err(|error| usage(error.to_string()))?;
    let mut hands =
        on_twin::TwinHands::new(&machine).map_err(|error| usage(format!("{error:#}")))?;
    let board = machine.control_board;
    let mut faults = Vec::new();
    let plugged = (0..board.slots_max)
        .map(|slot| hands.plugged(slot))
        .collect();
    let fans = hands.fans();
    let seen = walk(&mut hands, &board, plugged, &fans, &mut faults);
    Ok(report(board, Vec::new(), None, seen, fans, faults))
}

/// Look at the board under `root`, unless a daemon with this socket holds it.
fn probe_here(root: &Root, named: Option<&str>, socket: &Path) -> Result<Report, Refusal> {
    let system = System::look(root);
    let (board, mut others, missing) = control_board(root, &system, named)?;
    let _lock = PortLock::take(socket).map_err(|error| Refusal {
        exit: EXIT_FAILED,
        code: error.code,
        why: error.to_string(),
    })?;
    let mut faults: Vec<(Code, String)> = Vec::new();
    for path in missing {
        let why = format!("{} is missing", path.display());
        faults.push((Code::ProbeDevice, why));
    }
    let Some(mut hardware) = linux::Hardware::open(root, &board) else {
        return Err(Refusal {
            exit: EXIT_FAILED,
            code: Code::ProbeNoBoard,
            why: format!("nothing says how Linux shows `{}`", board.id),
        });
    };
    match hardware.fpga_version() {
        // It says itself what Linux cannot tell.
        Some(X19_FPGA) => others.clear(),
        Some(version) => {
            let why = format!("the FPGA says it is {version:#06x}, not {X19_FPGA:#06x}");
            faults.push((Code::ProbeUnsure, why));
        }
        None => {}
    }
    if !others.is_empty() {
        let why = format!("this may also be: {}", others.join(", "));
        faults.push((Code::ProbeUnsure, why));
    }
    let slots = 0..board.slots_max;
    let plugged = slots.map(|slot| hardware.plugged(slot)).collect();
    let fans = hardware.fans();
    let seen = walk(&mut hardware, &board, plugged, &fans, &mut faults);
    let refused = std::mem::take(&mut hardware.faults);
    faults.extend(refused.into_iter().map(|why| (Code::ProbeDevice, why)));
    Ok(report(board, others, Some(system), seen, fans, faults))
}

/// The board by its name, its file, or what Linux shows: with others that it may be, and nodes
/// that are missing.
fn control_board(
    root: &Root,
    system: &System,
    named: Option<&str>,
) -> Result<(ControlBoard, Vec<String>, Vec<PathBuf>), Refusal> {
    if let Some(named) = named {
        let found = match named.starts_with('/') {
            true => boards::from_file(Path::new(named)),
            false => board_support::control_board(named),
        };
        let board = found.map_err(|problems| Refusal {
            exit: EXIT_USAGE,
            code: Code::MachineUnknown,
            why: problems.to_string(),
        })?;
        let missing = identify::missing(root, &board);
        return Ok((board, Vec::new(), missing));
    }
    let mut candidates = identify::candidates(root, system).into_iter();
    let Some(Candidate { board, missing }) = candidates.next() else {
        let shown = match system.compatible.as_slice() {
            [] => "Linux shows no device tree here".to_owned(),
            names => format!("the device tree names {}", names.join(", ")),
        };
        return Err(Refusal {
            exit: EXIT_FAILED,
            code: Code::ProbeNoBoard,
            why: format!("this is no control board that is known: {shown}"),
        });
    };
    let others = candidates.map(|c| c.board.id).collect();
    Ok((board, others, missing))
}

/// Look at the parts of every slot, and at the supply.
fn walk(
    buses: &mut dyn Buses,
    board: &ControlBoard,
    plugged: Vec<Option<bool>>,
    fans: &[(u8, u32)],
    faults: &mut Vec<(Code, String)>,
) -> Seen {
    let mut wrong: Vec<BusError> = Vec::new();
    let slots = 0..board.slots_max;
    let slots = slots
        .map(|slot| touch::slot(buses, slot, &mut wrong))
        .collect();
    let told = |bus: &str, wrong: &[BusError]| {
        let texts = wrong
            .iter()
            .map(|error| format!("the {bus} bus: {}", said(*error)));
        texts.map(|why| (Code::ProbeBus, why)).collect::<Vec<_>>()
    };
    faults.extend(told("hashboards'", &wrong));
    wrong.clear();
    let supply = touch::supply(buses, &mut wrong);
    faults.extend(told("supply's", &wrong));
    Seen {
        control_board: Some(board.id.clone()),
        plugged,
        slots,
        supply,
        turning: fans.iter().filter(|(_, rpm)| *rpm > 0).count(),
    }
}

fn said(error: BusError) -> String {
    match error {
        BusError::Stuck => "it is stuck: a line is held low".to_owned(),
        BusError::Deadline => "it did not end in time".to_owned(),
        BusError::Unsupported => "its master cannot do this".to_owned(),
        BusError::Device(16) => "a driver of the kernel holds a part on it".to_owned(),
        BusError::Device(errno) => format!("its device refuses, errno {errno}"),
        BusError::Nack | BusError::QueueFull => "it does not answer".to_owned(),
    }
}

fn report(
    board: ControlBoard,
    or: Vec<String>,
    system: Option<System>,
    seen: Seen,
    fans: Vec<(u8, u32)>,
    mut faults: Vec<(Code, String)>,
) -> Report {
    // A board of one's own is none of those that machines are known with.
    let known = board_support::control_boards().any(|id| id == board.id);
    let seen = match known {
        true => seen,
        false => Seen {
            control_board: None,
            ..seen
        },
    };
    let machines: Vec<Machine> = board_support::machines()
        .filter_map(|model| board_support::machine(model).ok())
        .collect();
    let fits = fit::fits(&machines, &seen);
    let best = fit::best(&fits);
    if best.len() != 1 {
        let why = match best.as_slice() {
            [] if fits.is_empty() => "no machine definition fits what was seen".to_owned(),
            [] => "nothing was seen that tells one machine from another".to_owned(),
            several => format!("these fit alike: {}", several.join(", ")),
        };
        faults.push((Code::ProbeUnsure, why));
    }
    Report {
        board,
        or,
        system,
        seen,
        fans,
        fits,
        faults,
    }
}

fn fault(code: Code, why: &str) -> Value {
    json!({ "code": code.text(), "what": why, "remedy": code.remedy() })
}

impl Presence {
    fn name(self) -> &'static str {
        match self {
            Presence::Answers => "answers",
            Presence::Absent => "absent",
            Presence::Unproven => "unproven",
            Presence::Unknown => "unknown",
        }
    }
}

impl Report {
    fn json(&self) -> Value {
        let slots: Vec<Value> = (0..self.seen.slots.len()).map(|i| self.slot(i)).collect();
        let machines = self
            .fits
            .iter()
            .map(|fit| json!({ "model": fit.model, "points": fit.points, "support": fit.support }));
        let fans = self.fans.iter();
        let faults = self.faults.iter().map(|(code, why)| fault(*code, why));
        let system = self.system.as_ref();
        json!({
            "control_board": { "id": self.board.id, "name": self.board.name, "or": self.or },
            "kernel": system.and_then(|s| s.kernel.clone()),
            "compatible": system.map(|s| s.compatible.clone()),
            "slots": slots,
            "supply": self.seen.supply.name(),
            "fans": fans.map(|(fan, rpm)| json!({ "fan": fan, "rpm": rpm })).collect::<Vec<_>>(),
            "machines": machines.collect::<Vec<_>>(),
            "best": fit::best(&self.fits),
            "faults": faults.collect::<Vec<_>>(),
        })
    }

    fn slot(&self, slot: usize) -> Value {
        let parts = &self.seen.slots[slot];
        let temperatures = parts.temperatures.iter();
        let temperatures = temperatures.map(|(at, c)| json!({ "i2c_address": at, "temp_c": c }));
        let memory = match &parts.memory {
            Memory::Read(m) => json!({
                "state": "read", "serial": m.serial, "marking": m.marking, "die": m.die,
                "pcb_version": m.pcb_version, "bom_version": m.bom_version,
                "voltage_mv": m.voltage_mv, "frequency_mhz": m.frequency_mhz,
            }),
            Memory::Closed(header) => {
                json!({ "state": "closed", "header": format!("{header:04x}") })
            }
            Memory::Unreadable(why) => json!({ "state": "unreadable", "why": why }),
            Memory::None(presence) => json!({ "state": presence.name() }),
        };
        json!({
            "slot": slot,
            "plugged": self.seen.plugged.get(slot).copied().flatten(),
            "memory": memory,
            "controller": parts.controller.name(),
            "plain_controller": parts.plain_controller.name(),
            "temperatures": temperatures.collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let mut out = format!("control board  {}: {}\n", self.board.id, self.board.name);
        if let Some(kernel) = self.system.as_ref().and_then(|s| s.kernel.as_ref()) {
            out += &format!("kernel         {kernel}\n");
        }
        for (i, parts) in self.seen.slots.iter().enumerate() {
            let plugged = match self.seen.plugged.get(i).copied().flatten() {
                Some(true) => "plugged in",
                Some(false) => "empty",
                None => "plug unknown",
            };
            let memory = match &parts.memory {
                Memory::Read(m) => format!(
                    "board {} of {} MHz at {} mV, chips {}",
                    m.serial, m.frequency_mhz, m.voltage_mv, m.marking
                ),
                Memory::Closed(header) => format!("memory {header:04x}, not public"),
                Memory::Unreadable(why) => format!("memory: {why}"),
                Memory::None(presence) => format!("memory {}", presence.name()),
            };
            let controller = match parts.plain_controller {
                Presence::Answers => Presence::Answers,
                _ => parts.controller,
            };
            let degrees = parts.temperatures.iter();
            let degrees: String = degrees.map(|(_, c)| format!(", {c:.1} °C")).collect();
            out += &format!(
                "slot {i}         {plugged}; {memory}; controller {}{degrees}\n",
                controller.name()
            );
        }
        out += &format!("supply         {}\n", self.seen.supply.name());
        let fans: Vec<_> = self.fans.iter().map(|(_, rpm)| rpm.to_string()).collect();
        let fans = match fans.is_empty() {
            true => "cannot be counted".to_owned(),
            false => format!("{} rpm", fans.join(", ")),
        };
        out += &format!("fans           {fans}\n");
        let best = fit::best(&self.fits);
        for fit in self
            .fits
            .iter()
            .filter(|f| best.contains(&f.model.as_str()))
        {
            out += &format!("machine        {}: {}\n", fit.model, fit.support.join("; "));
        }
        for (code, why) in &self.faults {
            out += &format!("{}: {why}\nhint: {}\n", code.text(), code.remedy());
        }
        out
    }
}

#[cfg(test)]
mod tests;
