//! Lists that are out on a bus: each asker has one at a time, and each ends.

use hal::{BusDone, BusError, BusId, BusJob, BusOp};
use units::{Duration, Instant};

use crate::parts::longest;

/// A list may wait this long for others of its bus, beyond its own time: four boards with a
/// list each, the longest of which switches a controller and takes 1.5 s.
const QUEUE: Duration = Duration::from_secs(8);
/// A result that a shell never brings counts as late after this much more.
const LOST: Duration = Duration::from_secs(2);

/// The list that one asker has out, with what it was for.
#[derive(Debug)]
pub(super) struct Desk<For> {
    bus: BusId,
    open: Option<Open<For>>,
}

#[derive(Debug)]
struct Open<For> {
    id: u32,
    until: Instant,
    what: For,
}

impl<For> Desk<For> {
    pub(super) fn new(bus: BusId) -> Self {
        Desk { bus, open: None }
    }

    /// Nothing is out.
    pub(super) fn is_free(&self) -> bool {
        self.open.is_none()
    }

    /// When the list that is out counts as lost.
    pub(super) fn deadline(&self) -> Instant {
        self.open.as_ref().map_or(Instant::NEVER, |open| open.until)
    }

    /// The list for `what`. What was out before is forgotten: its result is ignored.
    pub(super) fn give(&mut self, now: Instant, id: u32, what: For, ops: Vec<BusOp>) -> BusJob {
        let within = longest(&ops) + QUEUE;
        self.open = Some(Open {
            id,
            until: now + within + LOST,
            what,
        });
        BusJob {
            id,
            bus: self.bus,
            ops,
            within,
        }
    }

    /// What a list that has ended was for, if it is the one that is out.
    pub(super) fn take(&mut self, done: &BusDone) -> Option<For> {
        let ours = |open: &mut Open<For>| open.id == done.id && done.bus == self.bus;
        self.open.take_if(ours).map(|open| open.what)
    }

    /// What the list was for that will not come back any more.
    pub(super) fn take_lost(&mut self, now: Instant) -> Option<For> {
        let lost = self.open.take_if(|open| open.until <= now);
        lost.map(|open| open.what)
    }

    /// Forget what is out.
    pub(super) fn forget(&mut self) {
        self.open = None;
    }
}

/// The result of a list that is lost.
pub(super) fn lost(bus: BusId) -> BusDone {
    BusDone {
        id: 0,
        bus,
        reads: Vec::new(),
        error: Some(BusError::Deadline),
    }
}
