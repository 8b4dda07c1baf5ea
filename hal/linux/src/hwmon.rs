//! Readings that a driver of the kernel makes: `/sys/class/hwmon`.

use std::path::{Path, PathBuf};

use crate::root::{numbered, read_number, read_text};
use crate::{DeviceError, Root};

/// One device of the kernel's hardware monitoring.
#[derive(Clone, Debug)]
pub struct Hwmon {
    folder: PathBuf,
    name: String,
}

impl Hwmon {
    /// All that there are.
    pub fn all(root: &Root) -> Vec<Hwmon> {
        let class = root.at("/sys/class/hwmon");
        let numbers = numbered(&class, "hwmon").into_iter();
        let folders = numbers.map(|number| class.join(format!("hwmon{number}")));
        folders
            .filter_map(|folder| Self::at(&folder).ok())
            .collect()
    }

    /// The first with this name.
    pub fn find(root: &Root, name: &str) -> Result<Hwmon, DeviceError> {
        let found = Self::all(root).into_iter().find(|h| h.name == name);
        found.ok_or_else(|| {
            let path = root.at("/sys/class/hwmon").join(name);
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            DeviceError::new(&path, "find it by its name", missing)
        })
    }

    /// The one in this folder.
    pub(crate) fn at(folder: &Path) -> Result<Hwmon, DeviceError> {
        let name = read_text(&folder.join("name"), "read its name")?;
        let folder = folder.to_owned();
        Ok(Hwmon { folder, name })
    }

    /// What its driver calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its temperature number `n`, counted from 1, in thousandths of a degree Celsius.
    pub fn temp_milli_c(&self, n: u32) -> Result<i32, DeviceError> {
        self.input("temp", n)
    }

    /// Its fan number `n`, counted from 1, in turns per minute.
    pub fn fan_rpm(&self, n: u32) -> Result<u32, DeviceError> {
        self.input("fan", n)
    }

    fn input<T: std::str::FromStr>(&self, kind: &str, n: u32) -> Result<T, DeviceError> {
        let path = self.folder.join(format!("{kind}{n}_input"));
        read_number(&path, "read it")
    }
}
