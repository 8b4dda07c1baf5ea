//! What a processor could do at best, for benchmarks: a clock that counts its own cycles, and the
//! scan's instructions without their dependences.

#![allow(unsafe_code)]

/// Do `count` additions of which each waits for the one before: one cycle each on every
/// processor that this crate has assembly for. `None` elsewhere.
pub fn dependent_additions(count: u32) -> Option<()> {
    let rounds = count.div_ceil(64).max(1);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: registers alone are changed, and those are named.
    unsafe {
        core::arch::asm!(
            "2:", ".rept 64", "add {sum}, 1", ".endr", "dec {rounds:e}", "jnz 2b",
            sum = inout(reg) 0u64 => _,
            rounds = inout(reg) rounds => _,
            options(nomem, nostack),
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: registers alone are changed, and those are named.
    unsafe {
        core::arch::asm!(
            "2:", ".rept 64", "add {sum}, {sum}, #1", ".endr", "subs {rounds:w}, {rounds:w}, #1", "b.ne 2b",
            sum = inout(reg) 0u64 => _,
            rounds = inout(reg) rounds => _,
            options(nomem, nostack),
        );
    }
    #[cfg(target_arch = "arm")]
    // SAFETY: registers alone are changed, and those are named.
    unsafe {
        core::arch::asm!(
            "2:", ".rept 64", "add {sum}, {sum}, #1", ".endr", "subs {rounds}, {rounds}, #1", "bne 2b",
            sum = inout(reg) 0u32 => _,
            rounds = inout(reg) rounds => _,
            options(nomem, nostack),
        );
    }
    if cfg!(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "arm"
    )) {
        Some(())
    } else {
        let _ = rounds;
        None
    }
}

/// Issue the arithmetic that the SHA-NI scan needs for `count` nonces, with no instruction waiting
/// for another's result: what the ports of the processor allow. `None` without these
/// instructions.
///
/// Per nonce these are 60 `sha256rnds2`, 20 `sha256msg1`, 22 `sha256msg2`, 20 `palignr`, 30
/// shuffles and 53 additions and blends; loads and stores have ports of their own and are left
/// out.
pub fn sha_ni_ports(count: u32) -> Option<()> {
    crate::Hasher::forced(crate::Implementation::ShaNi)?;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the processor has the SHA extensions and AVX, since the hasher was made. Registers
    // alone are changed, and those are named.
    unsafe {
        core::arch::asm!(
            "2:",
            // Four steps with all of the schedule, and two with none of it: five times.
            ".rept 5",
            ".rept 4",
            "sha256msg1 xmm1, xmm15",
            "sha256rnds2 xmm2, xmm15",
            "vpalignr xmm3, xmm15, xmm15, 4",
            "vpaddd xmm4, xmm15, xmm15",
            "sha256msg2 xmm5, xmm15",
            "vpaddd xmm6, xmm15, xmm15",
            "sha256rnds2 xmm7, xmm15",
            "vpshufd xmm8, xmm15, 14",
            ".endr",
            "sha256rnds2 xmm9, xmm15",
            "vpaddd xmm10, xmm15, xmm15",
            "vpshufd xmm11, xmm15, 14",
            "sha256rnds2 xmm12, xmm15",
            "vpshufd xmm13, xmm15, 14",
            "sha256rnds2 xmm9, xmm15",
            "vpaddd xmm10, xmm15, xmm15",
            "sha256rnds2 xmm12, xmm15",
            ".endr",
            "sha256msg2 xmm1, xmm15",
            "sha256msg2 xmm5, xmm15",
            "vpblendw xmm3, xmm15, xmm15, 3",
            "vpblendw xmm8, xmm15, xmm15, 3",
            "vpblendw xmm13, xmm15, xmm15, 3",
            "dec {count:e}",
            "jnz 2b",
            count = inout(reg) count.max(1) => _,
            out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
            out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _,
            out("xmm11") _, out("xmm12") _, out("xmm13") _, out("xmm15") _,
            out("xmm0") _,
            options(nomem, nostack),
        );
    }
    let _ = count;
    Some(())
}
