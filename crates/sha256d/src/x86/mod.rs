//! What x86-64 processors offer, and how it is found out.

#![allow(unsafe_code)]

/// `Array`, so many words where a vector register may be loaded from in one piece, and `KS`, the
/// constants of the rounds, each in every lane.
macro_rules! lane_array {
    ($lanes:literal, align $align:literal) => {
        #[derive(Clone, Copy)]
        #[repr(C, align($align))]
        struct Array([u32; $lanes]);

        impl AsRef<[u32]> for Array {
            #[inline(always)]
            fn as_ref(&self) -> &[u32] {
                &self.0
            }
        }

        impl AsMut<[u32]> for Array {
            #[inline(always)]
            fn as_mut(&mut self) -> &mut [u32] {
                &mut self.0
            }
        }

        static KS: [Array; 64] = {
            let mut out = [Array([0; $lanes]); 64];
            let mut t = 0;
            while t < 64 {
                out[t] = Array([crate::constants::K[t]; $lanes]);
                t += 1;
            }
            out
        };
    };
}

pub(crate) mod avx2;
pub(crate) mod avx512;
pub(crate) mod sha_ni;

use core::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};

/// What the processor has and the operating system keeps for every process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Features {
    /// SHA extensions with AVX (three-operand forms).
    pub(crate) sha: bool,
    pub(crate) avx2: bool,
    /// AVX-512 foundation and byte operations.
    pub(crate) avx512: bool,
}

impl Features {
    /// As the processor says.
    #[allow(unused_unsafe)]
    pub(crate) fn detect() -> Features {
        // SAFETY: every x86-64 processor has `cpuid`; leaves beyond its last are not asked.
        let (highest, one) = unsafe { (__cpuid(0).eax, __cpuid(1)) };
        let bit = |word: u32, bit: u32| word >> bit & 1 == 1;
        if highest < 7 || !bit(one.ecx, 27) {
            return Features {
                sha: false,
                avx2: false,
                avx512: false,
            };
        }
        // SAFETY: leaf 7 exists; bit 27 says that the system has turned `xgetbv` on.
        let (seven, kept) = unsafe { (__cpuid_count(7, 0), kept_registers()) };
        // Registers that the system saves: bits 1 and 2 are XMM and YMM, 5 to 7 the rest of
        // AVX-512.
        let ymm = kept & 0b110 == 0b110 && bit(one.ecx, 28);
        let zmm = ymm && kept & 0b1110_0000 == 0b1110_0000;
        let ssse3_sse41 = bit(one.ecx, 9) && bit(one.ecx, 19);
        Features {
            sha: ymm && ssse3_sse41 && bit(seven.ebx, 29),
            avx2: ymm && bit(seven.ebx, 5),
            avx512: zmm && bit(seven.ebx, 5) && bit(seven.ebx, 16) && bit(seven.ebx, 30),
        }
    }
}

/// SAFETY: the system must have turned `xgetbv` on.
#[target_feature(enable = "xsave")]
unsafe fn kept_registers() -> u64 {
    // SAFETY: register 0 exists wherever the instruction does.
    unsafe { _xgetbv(0) }
}
