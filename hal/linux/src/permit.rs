//! Which files each port opens, and how they are given to a group: what root does once, so that whoever
//! drives the machine afterwards needs none of root's rights.
//!
//! Nothing is driven here. A line or an output that the kernel shows only once it was asked for is
//! asked for, since the file to ask by stays root's; its level stays as it is.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::lines::{LineSpec, Place, find};
use crate::{DeviceError, Root, pwm, sysfs_line};

/// Clients of a bus that are looked through: a bus has 112 addresses.
const CLIENTS_MAX: usize = 128;

/// Behind a line: its chip's node, or its own files.
pub fn line_files(root: &Root, spec: &LineSpec) -> Result<Vec<PathBuf>, DeviceError> {
    Ok(match find(root, spec)? {
        Place::Device(line) => vec![line.chip().path().to_owned()],
        Place::Number(number) => {
            let folder = sysfs_line::export(root, number)?;
            in_folder(&folder, &["direction", "value"])
        }
    })
}

/// Behind an output, by the `N` of `pwmchipN` and its channel.
pub fn output_files(root: &Root, chip: u32, channel: u32) -> Result<Vec<PathBuf>, DeviceError> {
    let folder = pwm::export(root, chip, channel)?;
    Ok(in_folder(&folder, &["period", "duty_cycle", "enable"]))
}

/// Behind an input that measures.
pub fn capture_files(root: &Root, chip: u32, channel: u32) -> Result<Vec<PathBuf>, DeviceError> {
    Ok(in_folder(&pwm::export(root, chip, channel)?, &["capture"]))
}

/// Behind a bus, `/dev/i2c-N`: its node, and memories on it that a driver of the kernel holds.
pub fn bus_files(root: &Root, node: &str) -> Vec<PathBuf> {
    let number = node.trim_start_matches("/dev/i2c-");
    let clients = fs::read_dir(root.at("/sys/bus/i2c/devices"));
    let clients = clients.into_iter().flatten().flatten().take(CLIENTS_MAX);
    let of_this = clients.filter(|client| {
        let name = client.file_name();
        let bus = name.to_str().and_then(|name| name.split_once('-'));
        bus.is_some_and(|(bus, _)| bus == number)
    });
    let memories = of_this.map(|client| client.path().join("eeprom"));
    let mut memories: Vec<_> = memories.filter(|path| path.exists()).collect();
    memories.sort();
    let mut files = vec![root.at(node)];
    files.append(&mut memories);
    files
}

/// Give a file to a group, which may then do what its owner may; whether that changed anything.
pub fn give(path: &Path, group: u32) -> Result<bool, DeviceError> {
    let refused = |step| move |error| DeviceError::new(path, step, error);
    let is = fs::metadata(path).map_err(refused("find it"))?;
    let mode = is.mode() & 0o7777;
    let wanted = mode | (mode >> 3) & 0o060;
    if is.gid() == group && mode == wanted {
        return Ok(false);
    }
    chown(path, None, Some(group)).map_err(refused("give it to the group"))?;
    let permissions = fs::Permissions::from_mode(wanted);
    fs::set_permissions(path, permissions).map_err(refused("let the group use it"))?;
    Ok(true)
}

fn in_folder(folder: &Path, names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, each of mode 0600.
    fn root(name: &str, files: &[&str]) -> (Root, PathBuf) {
        let folder = std::env::temp_dir().join(format!("stannary-permit-{name}"));
        let _ = fs::remove_dir_all(&folder);
        for file in files {
            let path = folder.join(file.trim_start_matches('/'));
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, "").expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        }
        (Root::new(&folder), folder)
    }

    #[test]
    fn the_group_may_do_what_the_owner_may_and_others_nothing_more() {
        let (_, folder) = root("give", &["/dev/rw", "/sys/read"]);
        // The one group that every user may give to.
        let own = fs::metadata(&folder).expect("there").gid();
        for (file, before, after) in [
            ("dev/rw", 0o600, 0o660),
            ("sys/read", 0o400, 0o440),
            ("sys/read", 0o644, 0o664),
        ] {
            let path = folder.join(file);
            fs::set_permissions(&path, fs::Permissions::from_mode(before)).expect("set");
            assert!(give(&path, own).expect("given"), "{file}");
            let mode = fs::metadata(&path).expect("there").mode() & 0o7777;
            assert_eq!(mode, after, "{file}: {mode:o}");
            assert!(!give(&path, own).expect("given"), "{file}: a second time");
        }
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_is_not_there_is_refused_with_its_path() {
        let (_, folder) = root("none", &["/dev/rw"]);
        let error = give(&folder.join("dev/gone"), 0).expect_err("nothing there");
        assert!(error.to_string().contains("dev/gone"), "{error}");
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn a_line_of_an_old_kernel_is_asked_for_and_its_files_named() {
        let (root, folder) = root("line", &["/sys/class/gpio/export"]);
        let spec = LineSpec {
            sysfs: Some(907),
            ..LineSpec::default()
        };
        let files = line_files(&root, &spec).expect("exported");
        let asked = fs::read_to_string(folder.join("sys/class/gpio/export")).expect("read");
        assert_eq!(asked, "907");
        let line = folder.join("sys/class/gpio/gpio907");
        assert_eq!(files, [line.join("direction"), line.join("value")]);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn an_output_and_an_input_are_asked_for_once() {
        let (root, folder) = root("pwm", &["/sys/class/pwm/pwmchip2/export"]);
        let output = folder.join("sys/class/pwm/pwmchip2/pwm1");
        let expected = ["period", "duty_cycle", "enable"].map(|file| output.join(file));
        assert_eq!(output_files(&root, 2, 1).expect("exported"), expected);
        let export = folder.join("sys/class/pwm/pwmchip2/export");
        assert_eq!(fs::read_to_string(&export).expect("read"), "1");
        fs::create_dir_all(&output).expect("made");
        fs::write(&export, "").expect("emptied");
        let measured = capture_files(&root, 2, 1).expect("there");
        assert_eq!(measured, [output.join("capture")]);
        assert_eq!(fs::read_to_string(&export).expect("read"), "");
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn memories_that_a_driver_holds_belong_to_their_bus() {
        let devices = "/sys/bus/i2c/devices";
        let (root, folder) = root(
            "bus",
            &[
                "/dev/i2c-1",
                &format!("{devices}/1-0050/eeprom"),
                &format!("{devices}/1-0048/name"),
                &format!("{devices}/11-0050/eeprom"),
            ],
        );
        let memory = folder.join("sys/bus/i2c/devices/1-0050/eeprom");
        assert_eq!(
            bus_files(&root, "/dev/i2c-1"),
            [folder.join("dev/i2c-1"), memory]
        );
        fs::remove_dir_all(folder).expect("removed");
    }
}
