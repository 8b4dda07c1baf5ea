//! A line by its number under `/sys/class/gpio`: for kernels before 4.8, whose chips have no
//! devices, and for lines of which nothing but the number is known.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use crate::root::write_text;
use crate::{DeviceError, Root};

/// One line. It stays exported when this goes: the pin keeps its level.
pub(crate) struct SysfsLine {
    value: File,
}

impl SysfsLine {
    /// Take it as an output at this level: the kernel sets both in one step.
    pub(crate) fn output(root: &Root, number: u32, high: bool) -> Result<Self, DeviceError> {
        let folder = export(root, number)?;
        let text = if high { "high" } else { "low" };
        write_text(&folder.join("direction"), "make it an output", text)?;
        open(folder, true)
    }

    /// Take it as an input.
    pub(crate) fn input(root: &Root, number: u32) -> Result<Self, DeviceError> {
        let folder = export(root, number)?;
        write_text(&folder.join("direction"), "make it an input", "in")?;
        open(folder, false)
    }

    /// Drive it; an error is the errno.
    pub(crate) fn set(&mut self, high: bool) -> Result<(), i32> {
        let text: &[u8] = if high { b"1" } else { b"0" };
        self.value.write_all_at(text, 0).map_err(errno)
    }

    /// Read it; an error is the errno.
    pub(crate) fn get(&mut self) -> Result<bool, i32> {
        let mut byte = [0];
        self.value.read_exact_at(&mut byte, 0).map_err(errno)?;
        Ok(byte[0] != b'0')
    }
}

/// Ask the kernel for the line's folder, unless it is there.
pub(crate) fn export(root: &Root, number: u32) -> Result<PathBuf, DeviceError> {
    let folder = root.at(&format!("/sys/class/gpio/gpio{number}"));
    if !folder.exists() {
        let export = root.at("/sys/class/gpio/export");
        write_text(&export, "ask for the line", &number.to_string())?;
    }
    Ok(folder)
}

fn open(folder: PathBuf, write: bool) -> Result<SysfsLine, DeviceError> {
    let path = folder.join("value");
    let file = OpenOptions::new().read(true).write(write).open(&path);
    match file {
        Ok(value) => Ok(SysfsLine { value }),
        Err(error) => Err(DeviceError::new(&path, "open it", error)),
    }
}

fn errno(error: std::io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}
