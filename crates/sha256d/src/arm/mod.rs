//! What ARM processors offer (armv7 and aarch64), and how it is found out.

#![allow(unsafe_code)]

#[cfg(target_arch = "aarch64")]
pub(crate) mod neon_aarch64;
#[cfg(target_arch = "arm")]
pub(crate) mod neon_armv7;
#[cfg(target_arch = "aarch64")]
pub(crate) mod sha2;
#[cfg(target_arch = "aarch64")]
mod sha2_scan;

#[cfg(target_arch = "aarch64")]
pub(crate) use neon_aarch64 as neon;
#[cfg(target_arch = "arm")]
pub(crate) use neon_armv7 as neon;

/// What the processor has, by the word of the system's kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Features {
    pub(crate) neon: bool,
    /// The SHA-2 extension of aarch64.
    pub(crate) sha2: bool,
}

impl Features {
    /// What the program was compiled for is there; of the rest, what the kernel says.
    pub(crate) fn detect() -> Features {
        let [neon, sha2] = kernel_says();
        Features {
            neon: cfg!(target_feature = "neon") || neon,
            sha2: cfg!(target_feature = "sha2") || sha2,
        }
    }
}

/// NEON and the SHA-2 extension, by the bits of AT_HWCAP (Linux, `asm/hwcap.h`).
#[cfg(target_os = "linux")]
fn kernel_says() -> [bool; 2] {
    use core::ffi::c_ulong;

    unsafe extern "C" {
        safe fn getauxval(kind: c_ulong) -> c_ulong;
    }
    const AT_HWCAP: c_ulong = 16;
    let found = getauxval(AT_HWCAP);
    #[cfg(target_arch = "aarch64")]
    let bits = [found >> 1, found >> 6];
    #[cfg(target_arch = "arm")]
    let bits = [found >> 12, 0];
    bits.map(|bit| bit & 1 == 1)
}

/// Other systems are not asked.
#[cfg(not(target_os = "linux"))]
fn kernel_says() -> [bool; 2] {
    [false; 2]
}
