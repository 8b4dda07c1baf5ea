//! A chip select on a SPI bus: `/dev/spidevN.M`.
//!
//! The mode is set once. The clock is asked for with each transfer, as chains change it; the
//! kernel takes the next rate that its controller has at or below it.

use std::path::PathBuf;

use hal::{LinkError, SPI_BITS_PER_WORD, SPI_MODE, SpiDevice, SpiTransfer};
use spidev::{SpiModeFlags, Spidev, SpidevOptions, SpidevTransfer};
use units::Instant;

use crate::{DeviceError, Root};

/// [`SpiDevice`] over a node of the kernel's.
pub struct LinuxSpi {
    device: Spidev,
    path: PathBuf,
}

impl LinuxSpi {
    /// Open `/dev/spidevN.M` in the chains' mode.
    pub fn open(root: &Root, node: &str) -> Result<Self, DeviceError> {
        let path = root.at(node);
        let refused = |step| {
            let path = path.clone();
            move |error| DeviceError::new(&path, step, error)
        };
        let mut device = Spidev::open(&path).map_err(refused("open it"))?;
        let mode = SpiModeFlags::from_bits_truncate(SPI_MODE.into());
        let options = SpidevOptions::new()
            .mode(mode)
            .bits_per_word(SPI_BITS_PER_WORD)
            .lsb_first(false)
            .build();
        let configured = device.configure(&options);
        configured.map_err(refused("set its mode"))?;
        Ok(LinuxSpi { device, path })
    }

    /// The node.
    pub fn path(&self) -> &PathBuf {
        &self.path
    }
}

impl SpiDevice for LinuxSpi {
    fn transfer(&mut self, _now: Instant, transfer: SpiTransfer<'_>) -> Result<(), LinkError> {
        let mut exchange = SpidevTransfer::read_write_in_place(transfer.bytes);
        exchange.speed_hz = transfer.clock_hz;
        exchange.bits_per_word = transfer.bits_per_word;
        let done = self.device.transfer(&mut exchange);
        done.map_err(|error| LinkError::Device(error.raw_os_error().unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_chip_select_is_refused_with_its_errno() {
        let folder = std::env::temp_dir().join(format!("stannary-spi-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("dev")).expect("a folder");
        std::fs::write(folder.join("dev/spidev0.0"), "").expect("a file");
        let root = Root::new(&folder);
        let error = LinuxSpi::open(&root, "/dev/spidev0.0").err();
        let error = error.expect("a plain file");
        assert!(crate::device::is_no_such_device(error.errno()), "{error}");
        assert_eq!(error.step, "set its mode");
        let error = LinuxSpi::open(&root, "/dev/spidev0.1").err();
        assert_eq!(error.expect("nothing").errno(), libc::ENOENT);
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
