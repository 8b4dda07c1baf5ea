//! Signs of life: a counter for each loop of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Loop;

/// The counters of all loops. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Beats(Arc<Vec<(Loop, AtomicU64)>>);

/// The counter of one loop.
#[derive(Clone, Debug)]
pub struct Beat {
    all: Beats,
    index: usize,
}

impl Beats {
    /// Counters for these loops, all at zero.
    pub fn new(loops: &[Loop]) -> Self {
        let counters = loops.iter().map(|who| (*who, AtomicU64::new(0)));
        Beats(Arc::new(counters.collect()))
    }

    /// The counter of a loop; `None` if it is not among them.
    pub fn of(&self, who: Loop) -> Option<Beat> {
        let index = self.0.iter().position(|(known, _)| *known == who)?;
        let all = self.clone();
        Some(Beat { all, index })
    }

    /// The loops.
    pub fn loops(&self) -> Vec<Loop> {
        self.0.iter().map(|(who, _)| *who).collect()
    }

    /// Every loop with its counter.
    pub fn read(&self) -> impl Iterator<Item = (Loop, u64)> {
        let counters = self.0.iter();
        counters.map(|(who, count)| (*who, count.load(Ordering::Relaxed)))
    }

    /// One turn of every loop: for a world in which one loop is all of them.
    pub fn all(&self) {
        for (_, count) in self.0.iter() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Beat {
    /// One turn.
    pub fn beat(&self) {
        if let Some((_, count)) = self.all.0.get(self.index) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}
