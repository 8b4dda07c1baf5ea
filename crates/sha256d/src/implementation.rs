//! Which implementations there are, which of them this processor can run, and the choice.

use core::sync::atomic::{AtomicU8, Ordering};

/// A way to compute the hashes. All give the same results.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Implementation {
    /// Plain Rust, one hash at a time: every processor.
    Portable,
    /// x86-64 with AVX2: eight hashes side by side.
    Avx2,
    /// x86-64 with AVX-512 (F and BW): sixteen hashes side by side.
    Avx512,
    /// x86-64 with the SHA extensions: several hashes, interleaved.
    ShaNi,
    /// ARM with NEON (armv7 or aarch64): four hashes side by side.
    Neon,
    /// aarch64 with the SHA-2 extension: several hashes, interleaved.
    ArmSha2,
}

impl Implementation {
    /// All of them, whatever the processor; the one to prefer comes last.
    pub const ALL: [Implementation; 6] = [
        Implementation::Portable,
        Implementation::Avx2,
        Implementation::Avx512,
        Implementation::ShaNi,
        Implementation::Neon,
        Implementation::ArmSha2,
    ];

    /// Its name, in lower case: `portable`, `avx2`, `avx512`, `sha-ni`, `neon`, `arm-sha2`.
    pub const fn name(self) -> &'static str {
        match self {
            Implementation::Portable => "portable",
            Implementation::Avx2 => "avx2",
            Implementation::Avx512 => "avx512",
            Implementation::ShaNi => "sha-ni",
            Implementation::Neon => "neon",
            Implementation::ArmSha2 => "arm-sha2",
        }
    }

    /// The implementation of this name.
    pub fn named(name: &str) -> Option<Implementation> {
        Self::ALL.into_iter().find(|all| all.name() == name)
    }

    /// Whether this processor, under this operating system, can run it.
    pub fn is_available(self) -> bool {
        available() & self.bit() != 0
    }

    /// The fastest that this processor can run.
    pub fn best() -> Implementation {
        Self::ALL
            .into_iter()
            .rfind(|all| all.is_available())
            .unwrap_or(Implementation::Portable)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The available ones, a bit each: asked of the processor once and kept. Threads that come at
/// the same time find out the same.
fn available() -> u8 {
    static FOUND: AtomicU8 = AtomicU8::new(0);
    match FOUND.load(Ordering::Relaxed) {
        0 => {
            let found = detect();
            FOUND.store(found, Ordering::Relaxed);
            found
        }
        found => found,
    }
}

fn detect() -> u8 {
    let found = |implementation: Implementation, there: bool| {
        if there { implementation.bit() } else { 0 }
    };
    let portable = found(Implementation::Portable, true);
    #[cfg(target_arch = "x86_64")]
    {
        let features = crate::x86::Features::detect();
        portable
            | found(Implementation::Avx2, features.avx2)
            | found(Implementation::Avx512, features.avx512)
            | found(Implementation::ShaNi, features.sha)
    }
    #[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
    {
        let features = crate::arm::Features::detect();
        portable
            | found(Implementation::Neon, features.neon)
            | found(Implementation::ArmSha2, features.sha2)
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "arm")))]
    portable
}
