//! One list of bus operations as it runs, step by step.

use units::{Duration, Instant};

use crate::{BusDone, BusError, BusId, BusJob, BusOp, I2cTransfer};

/// Least pause between two tries of [`BusOp::Until`]: a byte takes twice as long on the wire,
/// and a list that asks without pause would spin.
pub const BUS_RETRY_MIN: Duration = Duration::from_micros(100);
/// A master that gives fewer or more bytes than asked for is broken: EIO.
const BAD_LENGTH: BusError = BusError::Device(5);

/// A list between its first step and its end.
pub(crate) struct Running {
    id: u32,
    ops: Vec<BusOp>,
    pub(crate) deadline: Instant,
    /// The step.
    at: usize,
    pub(crate) phase: Phase,
    /// Only in a step that tries again and again.
    tries: Option<Tries>,
    reads: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The step, or its next try, is to be started.
    Due,
    /// Its transaction is in flight.
    Flight,
    /// Time passes.
    Rest(Instant),
}

struct Tries {
    end: Instant,
    last: Option<u8>,
}

impl Running {
    pub(crate) fn new(job: BusJob, deadline: Instant) -> Self {
        Running {
            id: job.id,
            ops: job.ops,
            deadline,
            at: 0,
            phase: Phase::Due,
            tries: None,
            reads: Vec::new(),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.at == self.ops.len()
    }

    /// Let the step's pause begin, if it is one.
    pub(crate) fn pause(&mut self, now: Instant) {
        if self.phase == Phase::Due
            && let BusOp::Delay(time) = &self.ops[self.at]
        {
            self.phase = Phase::Rest(now + *time);
        }
    }

    /// The step's next transaction, from now in flight; `None` for a pause.
    pub(crate) fn set_off(&mut self, now: Instant, bus: BusId) -> Option<I2cTransfer<'_>> {
        let op = &self.ops[self.at];
        let transfer = transfer(bus, op)?;
        self.phase = Phase::Flight;
        if let BusOp::Until { within, .. } = op {
            self.tries.get_or_insert(Tries {
                end: now + *within,
                last: None,
            });
        }
        Some(transfer)
    }

    /// The transaction in flight ended. `Some` if that ended the list.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        result: Result<Vec<u8>, BusError>,
    ) -> Option<Result<(), BusError>> {
        match &self.ops[self.at] {
            BusOp::Until {
                mask, not, every, ..
            } => {
                let byte = match result {
                    Ok(bytes) => bytes.first().copied(),
                    Err(BusError::Nack) => None,
                    Err(error) => return Some(Err(error)),
                };
                let tries = self.tries.as_mut()?;
                tries.last = byte.or(tries.last);
                if byte.is_some_and(|byte| byte & mask != *not) || now >= tries.end {
                    return match tries.last {
                        Some(last) => self.step_done(vec![last]),
                        None => Some(Err(BusError::Nack)),
                    };
                }
                // The last try is made when the time is up.
                let again = (now + (*every).max(BUS_RETRY_MIN)).min(tries.end);
                self.phase = Phase::Rest(again);
                None
            }
            BusOp::Transfer { read, .. } => match result {
                Ok(bytes) if bytes.len() != usize::from(*read) => Some(Err(BAD_LENGTH)),
                Ok(bytes) => self.step_done(bytes),
                Err(error) => Some(Err(error)),
            },
            BusOp::Delay(_) => None,
        }
    }

    /// A pause is over: a step of its own, or one between two tries.
    pub(crate) fn rested(&mut self) -> Option<Result<(), BusError>> {
        if self.tries.is_some() {
            self.phase = Phase::Due;
            return None;
        }
        self.step_done(Vec::new())
    }

    fn step_done(&mut self, read: Vec<u8>) -> Option<Result<(), BusError>> {
        self.reads.push(read);
        self.tries = None;
        self.phase = Phase::Due;
        self.at += 1;
        self.is_over().then_some(Ok(()))
    }

    pub(crate) fn end(self, bus: BusId, result: Result<(), BusError>) -> BusDone {
        BusDone {
            id: self.id,
            bus,
            reads: self.reads,
            error: result.err(),
        }
    }
}

/// The transaction of a step; `None` for a pause.
pub(crate) fn transfer(bus: BusId, op: &BusOp) -> Option<I2cTransfer<'_>> {
    let (address, write, read) = match op {
        BusOp::Transfer {
            address,
            write,
            read,
        } => (*address, write, *read),
        BusOp::Until { address, write, .. } => (*address, write, 1),
        BusOp::Delay(_) => return None,
    };
    Some(I2cTransfer {
        bus,
        address,
        write,
        read,
    })
}
