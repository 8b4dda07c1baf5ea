//! Ports over the device nodes of a Linux control board.
//!
//! One file per kind of device. Each opens its node exclusively, does bounded work per call,
//! and turns what the kernel refuses into a [`DeviceError`] that names path, step and errno.

mod device;

pub use device::DeviceError;
