//! What waits for the link of one chain, and what its driver is to be told of it.
//!
//! Terms: *pending* are commands and changes of the rate, in order; *work* is what the link
//! paces. Both are bounded: a driver that gives more has lost count, and is told.

use std::collections::VecDeque;

use units::ChainSlot;

use crate::{COMMAND_FRAME_MAX, Frame, LinkError, LinkEvent, WORK_FRAME_MAX};

/// Works that may wait in a port. At the shortest real period (250 us) this is 64 ms,
/// more than a scheduling delay and far less than the credit a driver may hold.
pub const WORK_QUEUE_MAX: usize = 256;
/// Commands and changes of the rate that may wait: a bring-up of 128 chips with six writes
/// each fits. Beyond it the driver has lost count, and [`LinkError::Stuck`] says so.
pub(crate) const COMMAND_QUEUE_MAX: usize = 1024;

/// What waits for the line, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pending {
    Command(Frame<COMMAND_FRAME_MAX>),
    /// Baud rate, or clock.
    Rate(u32),
}

/// The queues of one chain, and the news of them.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) pending: VecDeque<Pending>,
    work: VecDeque<Frame<WORK_FRAME_MAX>>,
    pub(crate) sent: u64,
    /// The work changed since the driver was last told.
    report: bool,
    errors: Vec<LinkError>,
}

impl Outbox {
    pub(crate) fn push(&mut self, op: Pending) {
        if self.pending.len() < COMMAND_QUEUE_MAX {
            self.pending.push_back(op);
        } else {
            self.fail(LinkError::Stuck);
        }
    }

    pub(crate) fn push_work(&mut self, frame: Frame<WORK_FRAME_MAX>) {
        if self.work.len() < WORK_QUEUE_MAX {
            self.work.push_back(frame);
        } else {
            self.fail(LinkError::QueueFull);
        }
    }

    /// An error is told once per poll: a device that is gone must not fill the memory.
    pub(crate) fn fail(&mut self, error: LinkError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// Forget all work that waits.
    pub(crate) fn flush_work(&mut self) {
        self.report |= !self.work.is_empty();
        self.work.clear();
    }

    /// Forget everything that waits; nobody is told.
    pub(crate) fn clear(&mut self) {
        self.pending.clear();
        self.work.clear();
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.work.is_empty()
    }

    /// The next work, which stays.
    pub(crate) fn first_work(&self) -> Option<Frame<WORK_FRAME_MAX>> {
        self.work.front().copied()
    }

    /// The next work leaves.
    pub(crate) fn take_work(&mut self) -> Option<Frame<WORK_FRAME_MAX>> {
        let frame = self.work.pop_front()?;
        self.sent += 1;
        self.report = true;
        Some(frame)
    }

    /// The next work is none, and goes nowhere.
    pub(crate) fn drop_work(&mut self) {
        self.work.pop_front();
    }

    /// The driver has something to be told.
    pub(crate) fn has_news(&self) -> bool {
        self.report || !self.errors.is_empty()
    }

    /// Tell it.
    pub(crate) fn tell(&mut self, slot: ChainSlot, events: &mut Vec<(ChainSlot, LinkEvent)>) {
        if core::mem::take(&mut self.report) {
            let work = LinkEvent::Work {
                // The queue's bound is far below the type's.
                queued: self.work.len() as u16,
                sent: self.sent,
            };
            events.push((slot, work));
        }
        for error in self.errors.drain(..) {
            events.push((slot, LinkEvent::Error(error)));
        }
    }
}
