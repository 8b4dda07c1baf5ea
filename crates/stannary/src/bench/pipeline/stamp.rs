//! Clocks that two processes of one computer share, and what the kernel says about this
//! one.

use rustix::time::{ClockId, clock_gettime};

/// In which the kernel counts what it tells programs, on all architectures that we build for.
const TICKS_PER_S: u64 = 100;

/// Nanoseconds of the system's monotonic clock, which is the same in every process.
pub(in crate::bench) fn now() -> u64 {
    nanos(ClockId::Monotonic)
}

/// Nanoseconds of processor time that this process has used, all threads together.
pub(in crate::bench) fn cpu() -> u64 {
    nanos(ClockId::ProcessCPUTime)
}

/// Nanoseconds of processor time that this process's threads whose names begin so have used.
/// Zero where the kernel does not say.
pub(in crate::bench) fn threads_cpu(name: &str) -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let of_thread = |thread: std::io::Result<std::fs::DirEntry>| {
        let read = |file| std::fs::read_to_string(thread.as_ref().ok()?.path().join(file)).ok();
        if !read("comm")?.starts_with(name) {
            return None;
        }
        read("schedstat")?.split(' ').next()?.parse::<u64>().ok()
    };
    threads.filter_map(of_thread).sum()
}

/// Nanoseconds that the host took of this computer's processors for others, since it was started. Zero on a computer
/// that has no host, or where the kernel does not say.
pub(super) fn stolen() -> u64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let all = stat.lines().next().unwrap_or_default();
    let ticks = all.split_whitespace().nth(8);
    let ticks: u64 = ticks.and_then(|t| t.parse().ok()).unwrap_or(0);
    ticks * (1_000_000_000 / TICKS_PER_S)
}

fn nanos(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Resident memory in MiB: all of it, and the part that no file on disk backs.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Resident {
    pub(super) all_mib: f64,
    pub(super) anonymous_mib: f64,
}

impl Resident {
    /// Of this process, now. Zero where the kernel does not say.
    pub(in crate::bench) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mib = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
            kib.unwrap_or(0.0) / 1024.0
        };
        Resident {
            all_mib: mib("VmRSS:"),
            anonymous_mib: mib("RssAnon:"),
        }
    }
}
