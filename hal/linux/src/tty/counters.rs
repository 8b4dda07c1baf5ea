//! What serial drivers tell beside bytes, by requests of the kernel that have no safe wrapper:
//! error counters, low latency, and what has not been sent yet.

#![allow(unsafe_code)]

use core::ffi::{c_char, c_int, c_uint, c_ulong, c_ushort, c_void};
use std::os::fd::OwnedFd;

use rustix::io::Result;
use rustix::ioctl::{Getter, Setter, ioctl};

/// Requests, as the kernel's `asm-generic/ioctls.h` numbers them; Arm and x86 use these.
const TIOCOUTQ: u32 = 0x5411;
const TIOCGSERIAL: u32 = 0x541E;
const TIOCSSERIAL: u32 = 0x541F;
const TIOCGICOUNT: u32 = 0x545D;
/// `ASYNC_LOW_LATENCY` of `linux/tty_flags.h`: give each byte to the reader at once.
const LOW_LATENCY: c_int = 1 << 13;

/// Errors that a serial driver has counted since it started.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Counters {
    pub(super) framing: u32,
    pub(super) parity: u32,
    pub(super) breaks: u32,
    /// Bytes lost in the device, or between it and the reader.
    pub(super) overruns: u32,
}

impl Counters {
    /// `None` where the driver counts nothing, as pseudo-terminals.
    pub(super) fn of(fd: &OwnedFd) -> Option<Counters> {
        // SAFETY: the request fills one `struct serial_icounter_struct`, which `Icounter` is,
        // and nothing else; drivers without it refuse.
        let raw: Icounter = unsafe { ioctl(fd, Getter::<TIOCGICOUNT, Icounter>::new()) }.ok()?;
        Some(Counters {
            framing: raw.frame as u32,
            parity: raw.parity as u32,
            breaks: raw.brk as u32,
            overruns: (raw.overrun as u32).wrapping_add(raw.buf_overrun as u32),
        })
    }

    /// What was counted since then. Counters wrap around.
    pub(super) fn since(self, before: Counters) -> Counters {
        Counters {
            framing: self.framing.wrapping_sub(before.framing),
            parity: self.parity.wrapping_sub(before.parity),
            breaks: self.breaks.wrapping_sub(before.breaks),
            overruns: self.overruns.wrapping_sub(before.overruns),
        }
    }
}

/// Ask the driver to hand bytes on at once. Drivers without such a flag refuse; they hand them
/// on with the next tick of their work queue, and nothing is lost.
pub(super) fn ask_for_low_latency(fd: &OwnedFd) {
    // SAFETY: both requests move one `struct serial_struct`, which `Serial` is. The pointer in
    // it is a number that the kernel gave and takes back unchanged.
    let _ = unsafe { ioctl(fd, Getter::<TIOCGSERIAL, Serial>::new()) }.and_then(|mut serial| {
        serial.flags |= LOW_LATENCY;
        unsafe { ioctl(fd, Setter::<TIOCSSERIAL, Serial>::new(serial)) }
    });
}

/// Bytes written and not sent by the kernel yet.
pub(super) fn unsent(fd: &OwnedFd) -> Result<u32> {
    // SAFETY: the request fills one `int`.
    let count: c_int = unsafe { ioctl(fd, Getter::<TIOCOUTQ, c_int>::new()) }?;
    Ok(u32::try_from(count).unwrap_or(0))
}

/// `struct serial_icounter_struct` of `linux/serial.h`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Icounter {
    modem: [c_int; 4],
    rx: c_int,
    tx: c_int,
    frame: c_int,
    overrun: c_int,
    parity: c_int,
    brk: c_int,
    buf_overrun: c_int,
    reserved: [c_int; 9],
}

/// `struct serial_struct` of `linux/serial.h`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Serial {
    kind: c_int,
    line: c_int,
    port: c_uint,
    irq: c_int,
    flags: c_int,
    xmit_fifo_size: c_int,
    custom_divisor: c_int,
    baud_base: c_int,
    close_delay: c_ushort,
    io_type: c_char,
    reserved_char: [c_char; 1],
    hub6: c_int,
    closing_wait: c_ushort,
    closing_wait2: c_ushort,
    iomem_base: *mut c_void,
    iomem_reg_shift: c_ushort,
    port_high: c_uint,
    iomap_base: c_ulong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_structures_have_their_size() {
        assert_eq!(size_of::<Icounter>(), 80);
        let expected = if size_of::<usize>() == 8 { 72 } else { 60 };
        assert_eq!(size_of::<Serial>(), expected);
    }

    #[test]
    fn counters_wrap_around() {
        let before = Counters {
            framing: u32::MAX,
            overruns: 7,
            ..Counters::default()
        };
        let after = Counters {
            framing: 2,
            overruns: 7,
            ..Counters::default()
        };
        let new = after.since(before);
        assert_eq!((new.framing, new.overruns), (3, 0));
    }
}
