//! What ARM processors offer (armv7 and aarch64), and how it is found out.

#![allow(unsafe_code)]

/// What the processor has, by the word of the system's kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Features {
    pub(crate) neon: bool,
    /// The SHA-2 extension of aarch64.
    pub(crate) sha2: bool,
}

impl Features {
    pub(crate) fn detect() -> Features {
        Features {
            neon: false,
            sha2: false,
        }
    }
}

pub(crate) use crate::portable as neon;
pub(crate) use crate::portable as sha2;
