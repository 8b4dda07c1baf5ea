//! A window of registers: a physical range of the control board, mapped.
//!
//! Terms: the *node* is what the range is mapped through: `/dev/mem`, a UIO node (`/dev/uioN`),
//! or the node of a stock FPGA driver. A *handle* is one port's use of a window; several ports
//! share one (chains, fans, I2C and lines of one FPGA), each with registers of its own.
//!
//! Invariants: every access is 32 bits wide, aligned and inside the window; one that is not
//! never reaches the bus. It reads as all ones, as where nothing answers, and the port tells
//! `EFAULT`. A range is held by one window at a time, in this process and in others, whichever
//! part of a node it is.

#![allow(unsafe_code)]

use core::ptr::NonNull;
use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hal::RegisterWindow;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use units::Instant;

use crate::root::{numbered, read_text};
use crate::{DeviceError, Root};

/// Longest window: an FPGA's registers are 4 kB to 64 kB.
pub const WINDOW_BYTES_MAX: u32 = 1 << 20;
/// What is read where no register is.
const NOTHING: u32 = u32::MAX;

/// A handle to a window of registers.
#[derive(Clone)]
pub struct Window {
    mapping: Arc<Mapping>,
    /// This handle was asked for a register that does not exist.
    strayed: bool,
}

impl Window {
    /// Map `bytes` from `offset` of the node at `path`. For `/dev/mem` the offset is the
    /// physical address; for a UIO node it is the number of the range times the page size; stock
    /// drivers have their window at 0.
    pub fn open(path: &Path, offset: u64, bytes: u32) -> Result<Window, DeviceError> {
        let mapping = Mapping::new(path, offset, bytes)?;
        Ok(Window {
            mapping: Arc::new(mapping),
            strayed: false,
        })
    }

    /// The UIO node whose first range begins at this physical address.
    pub fn uio_node(root: &Root, address: u64) -> Result<PathBuf, DeviceError> {
        for number in numbered(&root.at("/dev"), "uio") {
            let range = root.at(&format!("/sys/class/uio/uio{number}/maps/map0/addr"));
            // A node that does not say where it is is another one's.
            let Ok(text) = read_text(&range, "read its address") else {
                continue;
            };
            let digits = text.trim_start_matches("0x");
            if u64::from_str_radix(digits, 16) == Ok(address) {
                return Ok(root.at(&format!("/dev/uio{number}")));
            }
        }
        let path = root.at(&format!("/dev/uio[0x{address:08x}]"));
        Err(DeviceError::new(&path, "find it", Errno::NOENT))
    }

    /// The node.
    pub fn path(&self) -> &Path {
        &self.mapping.path
    }

    /// Length in bytes.
    pub fn bytes(&self) -> u32 {
        self.mapping.bytes
    }
}

impl RegisterWindow for Window {
    fn read32(&mut self, _now: Instant, offset: u32) -> u32 {
        match self.mapping.register(offset) {
            // SAFETY: `register` gives aligned addresses inside the mapping, which lives as long
            // as the handle. Registers change by themselves, hence volatile; each has one port
            // that uses it, so no two threads meet at one.
            Some(register) => unsafe { register.read_volatile() },
            None => {
                self.strayed = true;
                NOTHING
            }
        }
    }

    fn write32(&mut self, _now: Instant, offset: u32, value: u32) {
        match self.mapping.register(offset) {
            // SAFETY: as for reading; the mapping is writable.
            Some(register) => unsafe { register.write_volatile(value) },
            None => self.strayed = true,
        }
    }

    fn take_fault(&mut self) -> Option<i32> {
        core::mem::take(&mut self.strayed).then_some(Errno::FAULT.raw_os_error())
    }
}

struct Mapping {
    path: PathBuf,
    base: NonNull<u32>,
    bytes: u32,
    /// Holds the lock.
    _node: File,
}

// SAFETY: the mapping is process-wide memory that no thread owns; only volatile accesses of one
// aligned word are made to it, from whichever thread has a handle.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(path: &Path, offset: u64, bytes: u32) -> Result<Mapping, DeviceError> {
        let step = |step| move |errno: Errno| DeviceError::new(path, step, errno);
        if bytes == 0 || bytes > WINDOW_BYTES_MAX || !bytes.is_multiple_of(4) {
            return Err(step("map a window of this length")(Errno::INVAL));
        }
        let node = OpenOptions::new()
            .read(true)
            .write(true)
            // A range of registers must not be cached.
            .custom_flags(libc::O_SYNC)
            .open(path)
            .map_err(|error| DeviceError::new(path, "open it", error))?;
        let kind = node
            .metadata()
            .map_err(|error| DeviceError::new(path, "look at it", error))?;
        // Past the end of a file an access is a signal and not an error.
        let end = offset.saturating_add(u64::from(bytes));
        if !kind.file_type().is_char_device() && kind.len() < end {
            return Err(step("map more than there is")(Errno::NXIO));
        }
        lock(&node, offset, bytes).map_err(|error| DeviceError::new(path, "lock it", error))?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address that the kernel chooses aliases nothing of this
        // program. It refuses an offset that is not a page's.
        let base = unsafe {
            let (length, shared) = (bytes as usize, MapFlags::SHARED);
            mmap(
                core::ptr::null_mut(),
                length,
                protection,
                shared,
                &node,
                offset,
            )
        };
        let base = base.map_err(step("map it"))?;
        let base = NonNull::new(base.cast()).ok_or_else(|| step("map it")(Errno::FAULT))?;
        Ok(Mapping {
            path: path.to_owned(),
            base,
            bytes,
            _node: node,
        })
    }

    /// The register at a byte offset, if the window has one there.
    fn register(&self, offset: u32) -> Option<NonNull<u32>> {
        let inside = offset.is_multiple_of(4) && offset < self.bytes;
        // SAFETY: the mapping begins on a page and its length is a multiple of four, so an
        // aligned offset below its length is a whole word inside it.
        inside.then(|| unsafe { self.base.byte_add(offset as usize) })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped; every handle is gone, and with them every pointer.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.bytes as usize) };
    }
}

/// Hold this part of the node for as long as it is open. The lock belongs to the open file, so
/// two windows of this process are kept apart as well; parts that do not touch are no matter.
fn lock(node: &File, offset: u64, bytes: u32) -> std::io::Result<()> {
    // SAFETY: a plain record of numbers, for which zeros are valid.
    let mut part: libc::flock = unsafe { core::mem::zeroed() };
    part.l_type = libc::F_WRLCK as _;
    part.l_whence = libc::SEEK_SET as _;
    part.l_start = offset.try_into().map_err(|_| Errno::OVERFLOW)?;
    part.l_len = u64::from(bytes).try_into().map_err(|_| Errno::OVERFLOW)?;
    // SAFETY: the call reads one `flock` record, of an open file.
    if unsafe { libc::fcntl(node.as_raw_fd(), libc::F_OFD_SETLK, &part) } == 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    Err(match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Errno::BUSY.into(),
        _ => error,
    })
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
