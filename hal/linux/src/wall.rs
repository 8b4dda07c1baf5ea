//! Whether the kernel's clock is right, by its own word.

/// Whether something (a time daemon, a clock card) keeps the kernel's clock to the world's.
/// False where the kernel does not say, and after sixteen hours without a correction.
pub fn clock_is_synchronised() -> bool {
    // Sound: every bit pattern of this structure of numbers is a value of it.
    #[allow(unsafe_code)]
    let mut asked: libc::timex = unsafe { std::mem::zeroed() };
    // `modes` is zero: nothing is set, which needs no privilege.
    // Sound: the call writes one structure, which lives until it is over.
    #[allow(unsafe_code)]
    let state = unsafe { libc::adjtimex(&mut asked) };
    state >= 0 && state != libc::TIME_ERROR && asked.status & libc::STA_UNSYNC == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_answers_the_same_twice() {
        // What it says depends on the machine; that it says something does not.
        assert_eq!(clock_is_synchronised(), clock_is_synchronised());
    }
}
