//! Parts on a bus that a driver of the kernel holds.
//!
//! Such a part is not spoken to behind the driver's back: a driver may be in the middle of
//! something. Two kinds are served from what their driver shows instead, so that whoever asks
//! for registers gets them either way: memories (`at24`), and thermometers whose register 0 is
//! a temperature (`lm75`, which is the driver of TMP75 and CT75 too). Everything else, writes
//! above all, is refused as busy.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use hal::{BusError, I2cTransfer};

use crate::root::numbered;
use crate::{DeviceError, Hwmon, Root};

/// The kernel's number for "busy".
const EBUSY: i32 = 16;

/// The driver that holds the part at this address of `/dev/i2c-<bus>`, if one does.
pub fn kernel_driver(root: &Root, bus: u32, address: u8) -> Option<String> {
    let link = folder(root, bus, address).join("driver");
    let target = std::fs::read_link(link).ok()?;
    Some(target.file_name()?.to_str()?.to_owned())
}

/// Do a transaction with a part that `driver` holds.
pub(crate) fn serve(
    root: &Root,
    bus: u32,
    driver: &str,
    transfer: I2cTransfer<'_>,
) -> Result<Vec<u8>, BusError> {
    let folder = folder(root, bus, transfer.address);
    let read = usize::from(transfer.read);
    match (driver, transfer.write) {
        ("at24", [offset]) => memory(&folder.join("eeprom"), *offset, read),
        ("lm75", [0]) if read == 2 => thermometer(&folder),
        _ => Err(BusError::Device(EBUSY)),
    }
}

fn memory(path: &Path, offset: u8, read: usize) -> Result<Vec<u8>, BusError> {
    let mut bytes = vec![0; read];
    let done = File::open(path).and_then(|f| f.read_exact_at(&mut bytes, u64::from(offset)));
    match done {
        Ok(()) => Ok(bytes),
        Err(error) => Err(BusError::Device(error.raw_os_error().unwrap_or(0))),
    }
}

/// Register 0: a signed number of 256ths of a degree, high byte first.
fn thermometer(folder: &Path) -> Result<Vec<u8>, BusError> {
    let refused = |error: DeviceError| BusError::Device(error.errno());
    let class = folder.join("hwmon");
    let number = numbered(&class, "hwmon").first().copied();
    let number = number.ok_or(BusError::Device(EBUSY))?;
    let hwmon = Hwmon::at(&class.join(format!("hwmon{number}"))).map_err(refused)?;
    let milli = hwmon.temp_milli_c(1).map_err(refused)?;
    // No part of this kind measures outside -128 to 127.
    let register = i64::from(milli) * 256 / 1000;
    let register = register.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16;
    Ok(register.to_be_bytes().to_vec())
}

fn folder(root: &Root, bus: u32, address: u8) -> PathBuf {
    root.at(&format!("/sys/bus/i2c/devices/{bus}-{address:04x}"))
}
