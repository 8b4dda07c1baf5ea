//! A machine on its own control board: every port over a device of the kernel.
//!
//! What is opened is what the control board's file says. A device that is missing or refused
//! ends the start with its path, the errno and a remedy: a machine that cannot read its sensors
//! or switch its supply must not hash.
//!
//! Lines first: the dead man holds everything on its safe side before anything else is opened,
//! so that whatever fails afterwards leaves a machine that is off.

mod chains;
mod found;
mod panel;
mod parts;

use std::fmt;
use std::path::Path;

use board_support::{LinkKind, Machine, Window as Place, WindowNode};
use hal::{HashPower, MachinePorts};
use hal_linux::{CleanStop, DeviceError, Root, Window};
use telemetry::Code;
use units::Instant;

pub(crate) use found::{is_real_board, refuse_other_board};
pub(crate) use panel::Panel;

/// The ports of a machine, open.
pub(crate) struct Opened {
    /// All of them.
    pub(crate) ports: MachinePorts,
    /// To be marked once everything is off on purpose.
    pub(crate) clean: CleanStop,
    /// Lights and buttons.
    pub(crate) panel: Panel,
}

/// Open every port of `machine` under `root`.
pub(crate) fn open(
    machine: &Machine,
    root: &Root,
    now: Instant,
    power: HashPower,
) -> Result<Opened, Refusal> {
    match machine.control_board.link {
        LinkKind::FpgaFifo | LinkKind::FpgaFifoS9 => parts::in_a_window(machine, root, now, power),
        LinkKind::Uart => parts::of_the_processor(machine, root, now, power),
        link => Err(Refusal::Link(link)),
    }
}

/// The links alone; the rest of the machine is reached otherwise.
pub(crate) fn open_links(
    machine: &Machine,
    root: &Root,
) -> Result<Vec<Box<dyn hal::LinkPort + Send>>, Refusal> {
    match machine.control_board.link {
        LinkKind::Uart => chains::links(machine, root),
        link => Err(Refusal::Link(link)),
    }
}

/// Why a machine cannot be driven from this computer.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// This computer is another, or no control board.
    OtherBoard {
        /// What it should be.
        wanted: String,
        /// What its device tree says.
        found: Option<String>,
    },
    /// The control board's file does not say where this is.
    Unnamed { board: String, what: &'static str },
    /// No port of this build speaks it.
    Link(LinkKind),
    /// The kernel refused.
    Device {
        /// What the device is for.
        what: String,
        error: DeviceError,
    },
}

impl Refusal {
    fn unnamed(machine: &Machine, what: &'static str) -> Refusal {
        let board = machine.control_board.id.clone();
        Refusal::Unnamed { board, what }
    }

    fn device(what: impl Into<String>) -> impl FnOnce(DeviceError) -> Refusal {
        let what = what.into();
        move |error| Refusal::Device { what, error }
    }

    fn code(&self) -> Code {
        match self {
            Refusal::OtherBoard { .. } => Code::BoardOther,
            Refusal::Unnamed { .. } | Refusal::Link(_) => Code::BackendAbsent,
            Refusal::Device { .. } => Code::DeviceRefused,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.code().text())?;
        match self {
            Refusal::OtherBoard { wanted, found } => {
                match found {
                    Some(found) => write!(f, "this computer is `{found}`, and no {wanted}")?,
                    None => write!(f, "this computer has no device tree: it is no {wanted}")?,
                }
                write!(f, "\nhint: {}", self.code().remedy())
            }
            Refusal::Unnamed { board, what } => write!(
                f,
                "control board `{board}`: its file does not say where {what} is\n\
                 hint: add it to a copy of the file, and name that in `control_board`"
            ),
            Refusal::Link(link) => write!(
                f,
                "no port of this build drives chains behind `{}`\n\
                 hint: `stannary machines` shows what this version runs",
                link.name()
            ),
            Refusal::Device { what, error } => {
                let (path, step) = (error.path.display(), error.step);
                let (why, remedy) = (&error.error, error.remedy());
                write!(f, "{what}: {path}: cannot {step}: {why}\nhint: {remedy}")
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// Map a window of the board's.
fn window(root: &Root, place: &Place, what: &'static str) -> Result<Window, Refusal> {
    let open = |path: &Path, offset| Window::open(path, offset, place.bytes);
    let opened = match &place.node {
        WindowNode::Uio => Window::uio_node(root, place.address).and_then(|path| open(&path, 0)),
        WindowNode::Memory => open(&root.at("/dev/mem"), place.address),
        WindowNode::Own(node) => open(&root.at(node), 0),
    };
    opened.map_err(Refusal::device(what))
}

#[cfg(test)]
mod tests;
