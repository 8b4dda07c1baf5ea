use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;

#[test]
fn what_is_no_bus_is_refused_with_its_errno() {
    let folder = std::env::temp_dir().join(format!("stannary-i2c-{}", std::process::id()));
    fs::create_dir_all(folder.join("dev")).expect("a folder");
    fs::write(folder.join("dev/i2c-0"), "").expect("a file");
    let root = Root::new(&folder);
    let open = |node| LinuxI2c::open(&root, BusId::Supply, node).err();
    let error = open("/dev/i2c-0").expect("a plain file");
    assert!(crate::device::is_no_such_device(error.errno()), "{error}");
    assert_eq!(error.step, "ask what it can do");
    let error = open("/dev/i2c-1").expect("nothing");
    assert_eq!(error.errno(), libc::ENOENT, "{error}");
    assert!(open("/dev/i2c").is_some());
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn errnos_of_adapters_become_what_happened_on_the_bus() {
    for (errno, expected) in [
        (libc::ENXIO, BusError::Nack),
        (libc::EREMOTEIO, BusError::Nack),
        (libc::EIO, BusError::Nack),
        (libc::ETIMEDOUT, BusError::Stuck),
        (libc::EAGAIN, BusError::Stuck),
        (libc::EBUSY, BusError::Stuck),
        (libc::EOPNOTSUPP, BusError::Unsupported),
        (libc::ENODEV, BusError::Device(libc::ENODEV)),
        (0, BusError::Device(0)),
    ] {
        assert_eq!(bus_error(errno), expected, "{errno}");
    }
}

/// A folder in which `driver` holds the part at `address` of bus 0.
fn held(name: &str, driver: &str, address: u8) -> (PathBuf, PathBuf, Root) {
    let name = format!("stannary-held-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    let drivers = folder.join("sys/bus/i2c/drivers").join(driver);
    fs::create_dir_all(&drivers).expect("a folder");
    let part = folder.join(format!("sys/bus/i2c/devices/0-{address:04x}"));
    fs::create_dir_all(&part).expect("a folder");
    symlink(&drivers, part.join("driver")).expect("a link");
    let root = Root::new(&folder);
    (folder, part, root)
}

fn transfer(address: u8, write: &[u8], read: u16) -> I2cTransfer<'_> {
    I2cTransfer {
        bus: BusId::Hashboards,
        address,
        write,
        read,
    }
}

#[test]
fn a_part_that_the_kernel_holds_is_read_through_its_driver_and_never_written() {
    const BUSY: Result<Vec<u8>, BusError> = Err(BusError::Device(libc::EBUSY));
    let (folder, part, root) = held("memory", "at24", 0x50);
    assert_eq!(kernel_driver(&root, 0, 0x50).as_deref(), Some("at24"));
    assert_eq!(kernel_driver(&root, 0, 0x51), None);
    assert_eq!(kernel_driver(&root, 1, 0x50), None);
    let bytes: Vec<u8> = (0..=255).collect();
    fs::write(part.join("eeprom"), &bytes).expect("a file");
    let ask = |write: &[u8], read| serve(&root, 0, "at24", transfer(0x50, write, read));
    assert_eq!(ask(&[0], 256), Ok(bytes.clone()));
    assert_eq!(ask(&[0xFF], 1), Ok(vec![0xFF]));
    assert!(ask(&[0xFF], 2).is_err(), "beyond its end");
    assert_eq!(ask(&[0, 1], 0), BUSY);
    assert_eq!(ask(&[], 1), BUSY);
    fs::remove_dir_all(folder).expect("removed");

    let (folder, part, root) = held("sensor", "lm75", 0x48);
    let hwmon = part.join("hwmon/hwmon3");
    fs::create_dir_all(&hwmon).expect("a folder");
    fs::write(hwmon.join("name"), "lm75\n").expect("a file");
    let ask = |write: &[u8], read| serve(&root, 0, "lm75", transfer(0x48, write, read));
    for (milli_c, register) in [
        ("23000", [0x17, 0x00]),
        ("26125", [0x1A, 0x20]),
        ("-500", [0xFF, 0x80]),
        ("999999", [0x7F, 0xFF]),
    ] {
        fs::write(hwmon.join("temp1_input"), milli_c).expect("a file");
        assert_eq!(ask(&[0], 2), Ok(register.to_vec()), "{milli_c}");
    }
    assert_eq!(ask(&[1, 0], 0), BUSY);
    assert_eq!(ask(&[0], 1), BUSY);
    fs::write(hwmon.join("temp1_input"), "hot").expect("a file");
    assert!(ask(&[0], 2).is_err());
    fs::remove_dir_all(&hwmon).expect("removed");
    assert_eq!(ask(&[0], 2), BUSY);
    fs::remove_dir_all(folder).expect("removed");

    let (folder, _, root) = held("other", "pmbus", 0x52);
    let ask = |write: &[u8], read| serve(&root, 0, "pmbus", transfer(0x52, write, read));
    assert_eq!(ask(&[0], 1), BUSY);
    fs::remove_dir_all(folder).expect("removed");
}
