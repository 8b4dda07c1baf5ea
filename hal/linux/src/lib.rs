//! Ports over the device nodes of a Linux control board.
//!
//! One file per kind of device. Each opens its node exclusively, does bounded work per call,
//! and turns what the kernel refuses into a [`DeviceError`] that names path, step and errno.

mod buttons;
mod device;
mod hwmon;
mod i2c;
mod kernel_client;
mod leds;
mod lines;
pub mod permit;
mod pwm;
mod root;
mod spi;
mod sysfs_line;
mod tach;
mod tty;
mod wall;
mod watchdog;
mod window;

pub use buttons::{Button, LONG_PRESS, Press};
pub use device::DeviceError;
pub use hwmon::Hwmon;
pub use i2c::LinuxI2c;
pub use kernel_client::kernel_driver;
pub use leds::Leds;
pub use lines::{LineSpec, LinuxLines, LinuxPlugs, Pin};
pub use pwm::{PwmFans, PwmOutputs};
pub use root::{Root, read_number, read_text};
pub use spi::LinuxSpi;
pub use tach::{CaptureTach, EdgeTach, HwmonTach, Tach};
pub use tty::Tty;
pub use wall::clock_is_synchronised;
pub use watchdog::{CleanStop, Watchdog};
pub use window::{WINDOW_BYTES_MAX, Window};
