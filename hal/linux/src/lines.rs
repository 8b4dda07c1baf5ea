//! Lines: finding them by chip, name or number, driving them, and the two ports that are made
//! of them.
//!
//! A line is *on* when it does what it is for: the supply is on, a board is in reset, an LED is
//! lit. Which level that is is inverted here, once, for both ways to a line.
//!
//! A number under `/sys/class/gpio` means another pin with another kernel. So where the kernel
//! has devices for its chips, a line whose chip is named is looked for there and nowhere else.

use std::path::{Path, PathBuf};

use gpio_cdev::{Chip, Line as ChipLine, LineHandle, LineRequestFlags};
use hal::{FanOverride, Lines, Plugs};
use units::{ChainSlot, Instant};

use crate::root::numbered;
use crate::sysfs_line::SysfsLine;
use crate::{DeviceError, Root, Watchdog};

/// Who holds a line, as `gpioinfo` shows it.
pub(crate) const CONSUMER: &str = "stannary";
/// No such device or address.
const ENXIO: i32 = 6;

/// Where a line is. The first way that is given is taken.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LineSpec {
    /// The label of its chip and its offset there.
    pub chip: Option<(String, u32)>,
    /// What the device tree calls it.
    pub line: Option<String>,
    /// Its number under `/sys/class/gpio`.
    pub sysfs: Option<u32>,
    /// On means low.
    pub active_low: bool,
}

/// A line that was found.
pub(crate) enum Place {
    /// On a chip with a device.
    Device(ChipLine),
    /// By its number.
    Number(u32),
}

/// Find a line.
pub(crate) fn find(root: &Root, spec: &LineSpec) -> Result<Place, DeviceError> {
    let chips = numbered(&root.at("/dev"), "gpiochip");
    let by_device = spec.chip.is_some() || spec.line.is_some();
    if let Some(number) = spec.sysfs
        && (!by_device || chips.is_empty())
    {
        return Ok(Place::Number(number));
    }
    let mut refused = None;
    for number in chips {
        let path = root.at(&format!("/dev/gpiochip{number}"));
        match on_chip(&path, spec) {
            Ok(Some(line)) => return Ok(Place::Device(line)),
            Ok(None) => {}
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
    let path = root.at(&match (&spec.chip, &spec.line) {
        (Some((label, offset)), _) => format!("/dev/gpiochip[{label}]:{offset}"),
        (None, Some(name)) => format!("/dev/gpiochip[{name}]"),
        (None, None) => "/dev/gpiochip".to_owned(),
    });
    Err(refused.unwrap_or_else(|| DeviceError::new(&path, "find the line", missing)))
}

/// The line, if this chip has it.
fn on_chip(path: &Path, spec: &LineSpec) -> Result<Option<ChipLine>, DeviceError> {
    let refused = |step| move |error| DeviceError::new(path, step, io_error(&error));
    let mut chip = Chip::new(path).map_err(refused("ask the chip for its label"))?;
    if let Some((label, offset)) = &spec.chip {
        if chip.label() != label || *offset >= chip.num_lines() {
            return Ok(None);
        }
        let line = chip.get_line(*offset).map_err(refused("find the line"))?;
        return Ok(Some(line));
    }
    let named = |line: &ChipLine| {
        let info = line.info().ok();
        let name = info.as_ref().and_then(|info| info.name());
        name.is_some() && name == spec.line.as_deref()
    };
    Ok(chip.lines().find(named))
}

/// A line that is held.
pub struct Pin {
    active_low: bool,
    how: How,
}

enum How {
    Device(LineHandle),
    Number(SysfsLine),
}

impl Pin {
    /// Take a line as an output that is `on` or off from the first moment.
    pub fn output(root: &Root, spec: &LineSpec, on: bool) -> Result<Self, DeviceError> {
        let level = on != spec.active_low;
        let how = match find(root, spec)? {
            Place::Number(number) => How::Number(SysfsLine::output(root, number, level)?),
            Place::Device(line) => {
                How::Device(request(&line, LineRequestFlags::OUTPUT, u8::from(level))?)
            }
        };
        Ok(Pin {
            active_low: spec.active_low,
            how,
        })
    }

    /// Take a line as an input.
    pub fn input(root: &Root, spec: &LineSpec) -> Result<Self, DeviceError> {
        let how = match find(root, spec)? {
            Place::Number(number) => How::Number(SysfsLine::input(root, number)?),
            Place::Device(line) => How::Device(request(&line, LineRequestFlags::INPUT, 0)?),
        };
        Ok(Pin {
            active_low: spec.active_low,
            how,
        })
    }

    /// Drive it; an error is the errno.
    pub fn set(&mut self, on: bool) -> Result<(), i32> {
        let level = on != self.active_low;
        match &mut self.how {
            How::Device(handle) => handle.set_value(u8::from(level)).map_err(|e| errno(&e)),
            How::Number(line) => line.set(level),
        }
    }

    /// Read it; an error is the errno.
    pub fn get(&mut self) -> Result<bool, i32> {
        let level = match &mut self.how {
            How::Device(handle) => handle.get_value().map_err(|e| errno(&e))? != 0,
            How::Number(line) => line.get()?,
        };
        Ok(level != self.active_low)
    }
}

fn request(line: &ChipLine, flags: LineRequestFlags, level: u8) -> Result<LineHandle, DeviceError> {
    line.request(flags, level, CONSUMER)
        .map_err(|error| DeviceError::new(&path_of(line), "take the line", io_error(&error)))
}

/// `/dev/gpiochip0:17`, for messages.
pub(crate) fn path_of(line: &ChipLine) -> PathBuf {
    let mut path = line.chip().path().as_os_str().to_owned();
    path.push(format!(":{}", line.offset()));
    PathBuf::from(path)
}

/// What the kernel said: the crate keeps it as the cause.
pub(crate) fn io_error(error: &gpio_cdev::Error) -> std::io::Error {
    use std::error::Error;
    let cause = error.source();
    if let Some(errno) = cause.and_then(|c| c.downcast_ref::<nix::errno::Errno>()) {
        return std::io::Error::from_raw_os_error(*errno as i32);
    }
    match cause.and_then(|c| c.downcast_ref::<std::io::Error>()) {
        Some(io) => match io.raw_os_error() {
            Some(errno) => std::io::Error::from_raw_os_error(errno),
            None => std::io::Error::new(io.kind(), io.to_string()),
        },
        None => std::io::Error::other(error.to_string()),
    }
}

fn errno(error: &gpio_cdev::Error) -> i32 {
    io_error(error).raw_os_error().unwrap_or(0)
}

/// [`Lines`] of a board whose enable line and resets are the processor's.
pub struct LinuxLines {
    /// The supply's enable line, where there is one.
    pub supply: Option<Pin>,
    /// Resets by slot.
    pub resets: Vec<(ChainSlot, Pin)>,
    /// The switch whose other end the fans' port has.
    pub full: FanOverride,
    /// Drives every fan full by a way of its own.
    pub drive_full: Box<dyn FnMut(Instant) -> Result<(), i32> + Send>,
    /// The processor's watchdog, where there is one.
    pub watchdog: Option<Watchdog>,
}

impl Lines for LinuxLines {
    fn supply(&mut self, _now: Instant, on: bool) -> Result<(), i32> {
        self.supply.as_mut().ok_or(ENXIO)?.set(on)
    }

    fn reset(&mut self, _now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32> {
        let mut resets = self.resets.iter_mut();
        let pin = resets.find(|(known, _)| *known == slot);
        pin.ok_or(ENXIO)?.1.set(asserted)
    }

    fn fans_full(&mut self, now: Instant, full: bool) -> Result<(), i32> {
        self.full.set(full);
        if full { (self.drive_full)(now) } else { Ok(()) }
    }

    fn kick_watchdog(&mut self, _now: Instant) -> Result<(), i32> {
        self.watchdog.as_mut().map_or(Ok(()), Watchdog::kick)
    }
}

/// [`Plugs`] of a board whose plug lines are the processor's. A slot without a line is taken
/// for plugged in: whether its chips answer shows the rest.
pub struct LinuxPlugs {
    /// Plug lines by slot.
    pub pins: Vec<(ChainSlot, Pin)>,
}

impl Plugs for LinuxPlugs {
    fn present(&mut self, _now: Instant, slot: ChainSlot) -> Result<bool, i32> {
        let mut pins = self.pins.iter_mut();
        match pins.find(|(known, _)| *known == slot) {
            Some((_, pin)) => pin.get(),
            None => Ok(true),
        }
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
