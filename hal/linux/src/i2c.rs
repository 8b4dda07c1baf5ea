//! An I2C bus of the kernel's: `/dev/i2c-N`.
//!
//! A transaction blocks its thread until it is over. The kernel's own limit for it is set to
//! [`LIMIT`]; it counts in steps of 10 ms and each driver obeys it in its own way, so a stuck
//! bus may take somewhat longer.

use std::os::fd::AsRawFd;
use std::path::Path;

use hal::{BusError, BusId, I2cMaster, I2cTransfer};
use i2cdev::core::{I2CMessage, I2CTransfer};
use i2cdev::linux::{I2CMessageFlags, LinuxI2CBus, LinuxI2CError, LinuxI2CMessage};
use units::{Duration, Instant};

use crate::kernel_client::{kernel_driver, serve};
use crate::{DeviceError, Root};

/// A whole memory at 100 kHz takes 24 ms, and a part may stretch the clock: 100 ms is four
/// times that and a twentieth of a lease.
const LIMIT: Duration = Duration::from_millis(100);

/// `I2C_TIMEOUT`: a limit in steps of 10 ms. `I2C_FUNCS`: what the adapter can do.
const I2C_TIMEOUT: u32 = 0x0702;
const I2C_FUNCS: u32 = 0x0705;
/// Plain transactions; a transaction without a byte.
const FUNC_I2C: libc::c_ulong = 1;
const FUNC_QUICK: libc::c_ulong = 0x0001_0000;

/// [`I2cMaster`] of one bus.
pub struct LinuxI2c {
    root: Root,
    bus: BusId,
    number: u32,
    device: LinuxI2CBus,
    quick: bool,
    done: Option<Result<Vec<u8>, BusError>>,
}

impl LinuxI2c {
    /// Open `/dev/i2c-N` as this bus.
    pub fn open(root: &Root, bus: BusId, node: &str) -> Result<Self, DeviceError> {
        let path = root.at(node);
        let number = node.rsplit('-').next().and_then(|n| n.parse().ok());
        let no_bus = || std::io::Error::from(std::io::ErrorKind::InvalidInput);
        let number = number.ok_or_else(|| DeviceError::new(&path, "tell its number", no_bus()))?;
        let device = LinuxI2CBus::new(&path)
            .map_err(|error| DeviceError::new(&path, "open it", io_error(error)))?;
        let can = functions(&device, &path)?;
        if can & FUNC_I2C == 0 {
            let no_i2c = std::io::Error::from_raw_os_error(libc::EOPNOTSUPP);
            return Err(DeviceError::new(&path, "do plain transactions", no_i2c));
        }
        set_limit(&device, &path)?;
        Ok(LinuxI2c {
            root: root.clone(),
            bus,
            number,
            device,
            quick: can & FUNC_QUICK != 0,
            done: None,
        })
    }

    fn run(&mut self, transfer: I2cTransfer<'_>) -> Result<Vec<u8>, BusError> {
        if let Some(driver) = kernel_driver(&self.root, self.number, transfer.address) {
            return serve(&self.root, self.number, &driver, transfer);
        }
        let address = u16::from(transfer.address);
        let mut bytes = vec![0; usize::from(transfer.read)];
        let mut messages = Vec::with_capacity(2);
        if !transfer.write.is_empty() || transfer.read == 0 {
            messages.push(LinuxI2CMessage::write(transfer.write).with_address(address));
        }
        if transfer.read > 0 {
            let read = LinuxI2CMessage::read(&mut bytes).with_address(address);
            messages.push(read.with_flags(I2CMessageFlags::READ));
        }
        match self.device.transfer(&mut messages) {
            Ok(_) => {
                drop(messages);
                Ok(bytes)
            }
            Err(error) => Err(bus_error(io_error(error).raw_os_error().unwrap_or(0))),
        }
    }
}

impl I2cMaster for LinuxI2c {
    fn can(&self, transfer: I2cTransfer<'_>) -> bool {
        let probe = transfer.write.is_empty() && transfer.read == 0;
        transfer.bus == self.bus && transfer.address <= 0x7F && (self.quick || !probe)
    }

    fn begin(&mut self, _now: Instant, transfer: I2cTransfer<'_>) {
        self.done = Some(match self.can(transfer) {
            true => self.run(transfer),
            false => Err(BusError::Unsupported),
        });
    }

    fn poll(&mut self, _now: Instant) -> Option<Result<Vec<u8>, BusError>> {
        self.done.take()
    }

    fn abort(&mut self, _now: Instant) {
        self.done = None;
    }

    fn next_event(&self) -> Option<Instant> {
        self.done.as_ref().map(|_| Instant::ZERO)
    }
}

/// What an errno of a transaction means.
///
/// Adapters differ: "nobody acknowledged" is ENXIO or EREMOTEIO by the kernel's own rule, and EIO
/// from the Xilinx AXI core, which gives it for lost arbitration too. A line that is held low
/// shows as a time limit, a busy bus, or an arbitration lost against nobody.
pub(crate) fn bus_error(errno: i32) -> BusError {
    match errno {
        libc::ENXIO | libc::EREMOTEIO | libc::EIO => BusError::Nack,
        libc::ETIMEDOUT | libc::EBUSY | libc::EAGAIN => BusError::Stuck,
        libc::EOPNOTSUPP | libc::EINVAL => BusError::Unsupported,
        errno => BusError::Device(errno),
    }
}

fn io_error(error: LinuxI2CError) -> std::io::Error {
    error.into()
}

fn functions(device: &LinuxI2CBus, path: &Path) -> Result<libc::c_ulong, DeviceError> {
    let mut functions: libc::c_ulong = 0;
    // Sound: the request writes one unsigned long, which lives until the call is over.
    #[allow(unsafe_code)]
    let done = unsafe { libc::ioctl(device.as_raw_fd(), I2C_FUNCS as _, &mut functions) };
    answered(done, path, "ask what it can do")?;
    Ok(functions)
}

fn set_limit(device: &LinuxI2CBus, path: &Path) -> Result<(), DeviceError> {
    let steps = libc::c_ulong::try_from(LIMIT.as_millis() / 10).unwrap_or(1);
    // Sound: the request takes a number, and no memory.
    #[allow(unsafe_code)]
    let done = unsafe { libc::ioctl(device.as_raw_fd(), I2C_TIMEOUT as _, steps) };
    answered(done, path, "set its time limit")
}

fn answered(done: libc::c_int, path: &Path, step: &'static str) -> Result<(), DeviceError> {
    match done {
        0.. => Ok(()),
        _ => Err(DeviceError::new(
            path,
            step,
            std::io::Error::last_os_error(),
        )),
    }
}

#[cfg(test)]
#[path = "i2c_tests.rs"]
mod tests;
