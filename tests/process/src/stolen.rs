//! Time for which this computer let nobody run. What a program promises in seconds it promises where it may run: a host that
//! takes processors away, and neighbours that keep them, are no fault of its.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Between two looks of a watcher.
const TICK: Duration = Duration::from_millis(10);
/// So late a sleeper may wake on a computer of which nobody takes anything.
const USUAL: Duration = Duration::from_millis(20);

/// A stretch of time, and what was stolen of it.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    begun: Instant,
    stolen: Duration,
}

impl Stretch {
    /// One that begins now.
    pub fn begin() -> Self {
        Stretch {
            stolen: stolen(),
            begun: Instant::now(),
        }
    }

    /// What was stolen since.
    pub fn stolen(&self) -> Duration {
        stolen() - self.stolen
    }

    /// `what` took at most `limit` of a computer that runs.
    #[track_caller]
    pub fn was_within(&self, limit: Duration, what: &str) {
        let (took, stolen) = (self.begun.elapsed(), self.stolen());
        assert!(
            took <= limit + stolen,
            "{what} took {took:?} and not {limit:?}, with {stolen:?} stolen"
        );
    }
}

/// Since the first call, of the processor that had the least.
fn stolen() -> Duration {
    static WATCHERS: OnceLock<Vec<Arc<AtomicU64>>> = OnceLock::new();
    let all = WATCHERS.get_or_init(|| {
        let ours = sched_getaffinity(None).expect("Linux tells it");
        let ours = (0..CpuSet::MAX_CPU).filter(|cpu| ours.is_set(*cpu));
        ours.map(watch).collect()
    });
    let most = all.iter().map(|us| us.load(Ordering::Relaxed)).max();
    Duration::from_micros(most.unwrap_or(0))
}

/// Sleeps on one processor, and counts in microseconds how much later than it should it woke.
fn watch(cpu: usize) -> Arc<AtomicU64> {
    let counted = Arc::<AtomicU64>::default();
    let count = Arc::clone(&counted);
    std::thread::spawn(move || {
        let mut only = CpuSet::new();
        only.set(cpu);
        // Where that is not allowed it watches wherever it is put.
        let _ = sched_setaffinity(None, &only);
        let mut before = Instant::now();
        loop {
            std::thread::sleep(TICK);
            let now = Instant::now();
            let late = now.duration_since(before).saturating_sub(TICK);
            before = now;
            if late > USUAL {
                count.fetch_add(late.as_micros() as u64, Ordering::Relaxed);
            }
        }
    });
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_that_was_slept_was_not_stolen() {
        let stretch = Stretch::begin();
        std::thread::sleep(Duration::from_millis(500));
        let late = std::panic::catch_unwind(|| stretch.was_within(Duration::ZERO, "a sleep"));
        assert!(late.is_err() || stretch.stolen() >= Duration::from_millis(500));
        stretch.was_within(Duration::from_secs(60), "a sleep");
    }
}
