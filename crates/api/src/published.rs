//! What the miner has published: the latest snapshot and the latest notes.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use telemetry::{Note, NoteLog, Snapshot};

use crate::built_page::PageFile;

/// A shelf that the engine's shell fills and interfaces read. Clones share it; neither
/// side ever waits for more than the exchange of a pointer or the copy of a few notes.
#[derive(Clone)]
pub struct Published(Arc<Inner>);

struct Inner {
    snapshot: Mutex<Arc<Snapshot>>,
    log: Mutex<NoteLog>,
    page: OnceLock<&'static [PageFile]>,
}

impl Published {
    /// A shelf with a first snapshot, so that there is always an answer, and a log of
    /// `log_capacity` notes.
    pub fn new(first: Snapshot, log_capacity: usize) -> Self {
        Published(Arc::new(Inner {
            snapshot: Mutex::new(Arc::new(first)),
            log: Mutex::new(NoteLog::new(log_capacity)),
            page: OnceLock::new(),
        }))
    }

    /// With a page in place of the plain one. The first that is given stays.
    pub fn with_page(self, files: &'static [PageFile]) -> Self {
        self.0.page.get_or_init(|| files);
        self
    }

    /// Files of the page; none: the plain one is served.
    pub(crate) fn page(&self) -> &'static [PageFile] {
        self.0.page.get().copied().unwrap_or_default()
    }

    /// Replace the snapshot. Chips may be filled in always: they are shown where asked for.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        *lock(&self.0.snapshot) = snapshot;
    }

    /// Append to the log.
    pub fn note(&self, note: Note) {
        lock(&self.0.log).push(note);
    }

    /// The latest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&lock(&self.0.snapshot))
    }

    /// Notes newer than the serial number `after`, oldest first, and the serial number of
    /// the newest.
    pub fn notes_after(&self, after: u64) -> (Vec<Note>, u64) {
        let log = lock(&self.0.log);
        (log.after(after).cloned().collect(), log.total())
    }
}

/// A writer that panicked left a whole value behind: both types are replaced or appended
/// to in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
