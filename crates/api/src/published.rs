//! What the miner has published: the latest snapshot, the latest notes, and what became of the
//! snapshots before.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use telemetry::{Fault, History, Note, NoteLog, Past, Snapshot};

use tokio::sync::Semaphore;

use crate::built_page::PageFile;
use crate::machine::MakeArchive;

/// A shelf that the engine's shell fills and interfaces read. Clones share it; neither
/// side ever waits for more than the exchange of a pointer or the copy of a few notes.
#[derive(Clone)]
pub struct Published(Arc<Inner>);

/// Snapshots that wait while somebody copies the past: 16 s of them, and no copy takes one.
const WAITING_MAX: usize = 64;

struct Inner {
    snapshot: Mutex<Arc<Snapshot>>,
    log: Mutex<NoteLog>,
    past: Mutex<History>,
    /// Not yet in the past.
    waiting: Mutex<Vec<Arc<Snapshot>>>,
    page: OnceLock<&'static [PageFile]>,
    beside: OnceLock<Faults>,
    /// What is wrong beside the engine, one thing at a place.
    faults: Mutex<Vec<Fault>>,
    support: OnceLock<(MakeArchive, Arc<Semaphore>)>,
}

/// Faults of what stands beside the miner. Called for each snapshot, so it must not wait.
type Faults = Box<dyn Fn() -> Vec<Fault> + Send + Sync>;

impl Published {
    /// A shelf with a first snapshot, so that there is always an answer, and a log of
    /// `log_capacity` notes.
    pub fn new(first: Snapshot, log_capacity: usize) -> Self {
        let mut past = History::new();
        past.push(&first);
        Published(Arc::new(Inner {
            snapshot: Mutex::new(Arc::new(first)),
            log: Mutex::new(NoteLog::new(log_capacity)),
            past: Mutex::new(past),
            waiting: Mutex::new(Vec::with_capacity(WAITING_MAX)),
            page: OnceLock::new(),
            beside: OnceLock::new(),
            faults: Mutex::default(),
            support: OnceLock::new(),
        }))
    }

    /// With a page in place of the plain one. The first that is given stays.
    pub fn with_page(self, files: &'static [PageFile]) -> Self {
        self.0.page.get_or_init(|| files);
        self
    }

    /// With somebody who makes archives for support requests. The first that is given stays.
    pub fn with_support(self, make: MakeArchive) -> Self {
        let one = || (make, Arc::new(Semaphore::new(1)));
        self.0.support.get_or_init(one);
        self
    }

    /// Who makes archives, and the place for the one that is in hand.
    pub(crate) fn support(&self) -> Option<(MakeArchive, Arc<Semaphore>)> {
        self.0.support.get().cloned()
    }

    /// Files of the page; none: the plain one is served.
    pub(crate) fn page(&self) -> &'static [PageFile] {
        self.0.page.get().copied().unwrap_or_default()
    }

    /// Faults of what stands beside the miner, which every snapshot lists after its own. The first
    /// that is given stays.
    pub fn list_faults(&self, faults: impl Fn() -> Vec<Fault> + Send + Sync + 'static) {
        self.0.beside.get_or_init(|| Box::new(faults));
    }

    /// Replace the snapshot. Chips may be filled in always: they are shown where asked for.
    pub fn publish(&self, mut snapshot: Arc<Snapshot>) {
        let mut beside = self.0.beside.get().map_or_else(Vec::new, |list| list());
        beside.extend(lock(&self.0.faults).iter().cloned());
        if !beside.is_empty() {
            Arc::make_mut(&mut snapshot).faults.extend(beside);
        }
        *lock(&self.0.snapshot) = Arc::clone(&snapshot);
        let mut waiting = lock(&self.0.waiting);
        // A reader copies hundreds of kilobytes meanwhile: whoever publishes does not wait.
        let mut past = match self.0.past.try_lock() {
            Ok(past) => past,
            Err(TryLockError::Poisoned(whole)) => whole.into_inner(),
            Err(TryLockError::WouldBlock) => {
                if waiting.len() < WAITING_MAX {
                    waiting.push(snapshot);
                }
                return;
            }
        };
        waiting.drain(..).for_each(|snapshot| past.push(&snapshot));
        past.push(&snapshot);
    }

    /// The last `range_s` seconds in rows of `step_s`, as far as they are kept; `None` where
    /// there is no such step.
    pub fn past(&self, step_s: u32, range_s: u32) -> Option<Past> {
        lock(&self.0.past).read(step_s, range_s)
    }

    /// Something of which the engine knows nothing is wrong at this place from the next snapshot on;
    /// `None`: nothing any more.
    pub fn beside(&self, place: &'static str, fault: Option<Fault>) {
        let mut faults = lock(&self.0.faults);
        faults.retain(|fault| fault.place != place);
        faults.extend(fault.map(|fault| Fault {
            place: place.to_owned(),
            ..fault
        }));
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

    /// The first of them, at most so many, and the serial number of the last that is among them.
    pub(crate) fn first_notes_after(&self, after: u64, at_most: usize) -> (Vec<Note>, u64) {
        let log = lock(&self.0.log);
        let newer = log.after(after).count();
        let left = newer.saturating_sub(at_most);
        let notes = log.after(after).take(at_most).cloned().collect();
        (notes, log.total() - left as u64)
    }
}

/// A writer that panicked left a whole value behind: both types are replaced or appended
/// to in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::fixture;

    #[test]
    fn whoever_publishes_never_waits_for_a_reader_of_the_past() {
        let published = Published::new(fixture::snapshot(), 1);
        let rows = || published.past(1, 600).map_or(0, |past| past.rows());
        let publish = |second: u32| {
            let mut next = fixture::snapshot();
            next.uptime_s += f64::from(second);
            published.publish(Arc::new(next));
        };
        publish(1);
        assert_eq!(rows(), 1);
        let reading = lock(&published.0.past);
        (2..1000).for_each(publish);
        assert_eq!(lock(&published.0.waiting).len(), WAITING_MAX);
        drop(reading);
        publish(1000);
        // What waited is in, and the rest of a copy that took minutes is a gap.
        assert_eq!(rows(), 600);
        let past = published.past(10, 3600).expect("a step");
        let known = past.column(telemetry::Series::Rate, 0);
        assert_eq!(known.iter().flatten().count(), 8);
        assert!(lock(&published.0.waiting).is_empty());
    }

    #[test]
    fn notes_are_taken_in_parts_and_none_twice() {
        let published = Published::new(fixture::snapshot(), 3);
        let note = || {
            fixture::notes()
                .into_iter()
                .for_each(|note| published.note(note))
        };
        note();
        let serials = |after, at_most| {
            let (notes, last) = published.first_notes_after(after, at_most);
            (notes.len(), last)
        };
        assert_eq!(serials(0, 2), (2, 4));
        assert_eq!(serials(4, 2), (1, 5));
        assert_eq!(serials(5, 2), (0, 5));
        assert_eq!(serials(99, 2), (0, 5));
    }
}
