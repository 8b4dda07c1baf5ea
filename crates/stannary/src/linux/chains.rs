//! Chains that have a device each: a serial line, a chip select, or a core of an open FPGA.

use board_support::{ChainDevice, Machine};
use hal::{LinkPort, OPEN_CORE_BYTES, OpenCorePort, PacedSpi, PacedUart};
use hal_linux::{LinuxSpi, Root, Tty};
use units::ChainSlot;

use super::{Refusal, window};

/// A port for each slot of the machine.
pub(super) fn links(
    machine: &Machine,
    root: &Root,
) -> Result<Vec<Box<dyn LinkPort + Send>>, Refusal> {
    let devices = machine.control_board.devices.as_ref();
    let chains = devices.map_or(&[][..], |devices| &devices.chains);
    let slots = (0..machine.slots).map(|slot| {
        let device = chains.get(usize::from(slot));
        let device = device.ok_or_else(|| Refusal::unnamed(machine, "a chain"))?;
        link(ChainSlot(slot), device, root)
    });
    slots.collect()
}

fn link(
    slot: ChainSlot,
    device: &ChainDevice,
    root: &Root,
) -> Result<Box<dyn LinkPort + Send>, Refusal> {
    match device {
        ChainDevice::Tty(path) => {
            let what = format!("serial line of chain {}", slot.0);
            let tty = Tty::open(&root.at(path)).map_err(Refusal::device(what))?;
            Ok(Box::new(PacedUart::new(slot, tty)))
        }
        ChainDevice::Spi(node) => {
            let what = format!("chip select of chain {}", slot.0);
            let device = LinuxSpi::open(root, node).map_err(Refusal::device(what))?;
            Ok(Box::new(PacedSpi::new(slot, device)))
        }
        ChainDevice::Core(place) => {
            let window = window(root, place, "core of a chain")?;
            if window.bytes() < OPEN_CORE_BYTES {
                let short = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
                let error =
                    hal_linux::DeviceError::new(window.path(), "reach all registers", short);
                return Err(Refusal::device("core of a chain")(error));
            }
            Ok(Box::new(OpenCorePort::new(slot, window)))
        }
    }
}
