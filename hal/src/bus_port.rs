//! Runs lists over an I2C master: the one runner for every kind of bus.
//!
//! Terms: a *master* does single transactions and may serve several buses, one transaction
//! at a time; a *lane* is one bus's queue with the list that runs on it.
//!
//! Invariants: a list is alone on its bus from its first step to its last. Lists of two
//! buses behind one master take turns transaction by transaction, so that a slow supply does
//! not keep the hashboards waiting for a whole list. Every list that was taken ends in exactly
//! one [`BusDone`], at its deadline at the latest; one that is refused is given back as one.
//!
//! [`BusPort::service`] never starts a transaction and asks for its result in the same call:
//! a master that blocks (a Linux bus) has then used up time that `now` does not know of.

use std::collections::VecDeque;

use units::{Duration, Instant};

use crate::{
    BUS_OPS_MAX, BUS_READ_MAX, BUS_WRITE_MAX, BusDone, BusError, BusId, BusJob, BusOp, I2cMaster,
    I2cTransfer,
};

/// Lists that may wait for one bus: heartbeats, sensors and setpoints of four hashboards,
/// twice. Beyond it whoever makes them has lost count.
pub const BUS_QUEUE_MAX: usize = 32;
/// Longest time that a list may ask for: a supply that starts is asked for a minute. It also
/// bounds how long a bus can be held.
pub const BUS_WITHIN_MAX: Duration = Duration::from_secs(60);
/// Least pause between two tries of [`BusOp::Until`]: a byte takes twice as long on the wire,
/// and a list that asks without pause would spin.
pub const BUS_RETRY_MIN: Duration = Duration::from_micros(100);
/// A master that gives fewer or more bytes than asked for is broken: EIO.
const BAD_LENGTH: BusError = BusError::Device(5);

/// The buses behind one master, and the lists that wait for them.
pub struct BusPort<M> {
    master: M,
    lanes: Vec<Lane>,
    /// The lane whose transaction is in flight.
    holder: Option<usize>,
    /// The lane that may start the next one first.
    turn: usize,
}

impl<M: I2cMaster> BusPort<M> {
    /// A port for `buses`, all of them behind `master`.
    pub fn new(buses: &[BusId], master: M) -> Self {
        BusPort {
            master,
            lanes: buses.iter().copied().map(Lane::new).collect(),
            holder: None,
            turn: 0,
        }
    }

    /// The master behind the port.
    pub fn master(&mut self) -> &mut M {
        &mut self.master
    }

    /// Take a list. Its deadline counts from now. One that can never run here, or for which
    /// the queue has no room, is given back at once.
    pub fn give(&mut self, now: Instant, job: BusJob) -> Result<(), BusDone> {
        let refuse = |job: &BusJob, error| {
            Err(BusDone {
                id: job.id,
                bus: job.bus,
                reads: Vec::new(),
                error: Some(error),
            })
        };
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.bus == job.bus) else {
            return refuse(&job, BusError::Unsupported);
        };
        if !fits(&job, &self.master) {
            return refuse(&job, BusError::Unsupported);
        }
        if lane.waiting.len() >= BUS_QUEUE_MAX {
            return refuse(&job, BusError::QueueFull);
        }
        let deadline = now + job.within;
        lane.waiting.push_back(Waiting { job, deadline });
        Ok(())
    }

    /// Do what is due and append the lists that ended. Called after [`give`](Self::give) and
    /// at [`next_event`](Self::next_event).
    pub fn service(&mut self, now: Instant, done: &mut Vec<BusDone>) {
        self.settle(now, done);
        self.expire(now, done);
        self.start(now, done);
    }

    /// When [`service`](Self::service) must be called next; the past means at once. `None`
    /// while nothing is to do.
    pub fn next_event(&self) -> Option<Instant> {
        self.lanes
            .iter()
            .filter_map(|lane| self.next_of(lane))
            .min()
    }

    /// Take the result of what is in flight, and end pauses that are over.
    fn settle(&mut self, now: Instant, done: &mut Vec<BusDone>) {
        for (i, lane) in self.lanes.iter_mut().enumerate() {
            let Some(list) = &mut lane.running else {
                continue;
            };
            // A result that comes too late is none: its reading would pass for a fresh one.
            if now > list.deadline {
                continue;
            }
            let ended = match list.phase {
                Phase::Flight if self.holder == Some(i) => match self.master.poll(now) {
                    Some(result) => {
                        self.holder = None;
                        list.answered(now, result)
                    }
                    None => None,
                },
                Phase::Rest(until) if now >= until => list.rested(),
                _ => None,
            };
            if let Some(end) = ended {
                done.extend(lane.running.take().map(|list| list.end(lane.bus, end)));
            }
        }
    }

    /// End lists whose deadline is here, running or not.
    fn expire(&mut self, now: Instant, done: &mut Vec<BusDone>) {
        for (i, lane) in self.lanes.iter_mut().enumerate() {
            if let Some(list) = lane.running.take_if(|list| now >= list.deadline) {
                if self.holder == Some(i) {
                    self.master.abort(now);
                    self.holder = None;
                }
                done.push(list.end(lane.bus, Err(BusError::Deadline)));
            }
            let bus = lane.bus;
            lane.waiting.retain(|waiting| {
                let late = now >= waiting.deadline;
                if late {
                    done.push(BusDone {
                        id: waiting.job.id,
                        bus,
                        reads: Vec::new(),
                        error: Some(BusError::Deadline),
                    });
                }
                !late
            });
        }
    }

    /// Give idle buses their next list, and the idle master its next transaction.
    fn start(&mut self, now: Instant, done: &mut Vec<BusDone>) {
        let count = self.lanes.len();
        for i in (self.turn..count).chain(0..self.turn) {
            let lane = &mut self.lanes[i];
            while lane.running.is_none()
                && let Some(next) = lane.waiting.pop_front()
            {
                let list = Running::new(next);
                if list.ops.is_empty() {
                    done.push(list.end(lane.bus, Ok(())));
                } else {
                    lane.running = Some(list);
                }
            }
            let Some(list) = &mut lane.running else {
                continue;
            };
            if list.phase != Phase::Due {
                continue;
            }
            match &list.ops[list.at] {
                BusOp::Delay(time) => list.phase = Phase::Rest(now + *time),
                BusOp::Transfer { .. } | BusOp::Until { .. } if self.holder.is_some() => {}
                op => {
                    list.phase = Phase::Flight;
                    if let BusOp::Until { within, .. } = op {
                        list.tries.get_or_insert(Tries {
                            end: now + *within,
                            last: None,
                        });
                    }
                    self.holder = Some(i);
                    self.turn = (i + 1) % count;
                    if let Some(transfer) = transfer(lane.bus, &list.ops[list.at]) {
                        self.master.begin(now, transfer);
                    }
                }
            }
        }
    }

    fn next_of(&self, lane: &Lane) -> Option<Instant> {
        let waiting = lane.waiting.iter().map(|waiting| waiting.deadline).min();
        let Some(list) = &lane.running else {
            return waiting.map(|_| Instant::ZERO);
        };
        let step = match list.phase {
            Phase::Due if self.holder.is_none() => Some(Instant::ZERO),
            Phase::Due => None,
            Phase::Flight => self.master.next_event(),
            Phase::Rest(until) => Some(until),
        };
        [step, Some(list.deadline), waiting]
            .into_iter()
            .flatten()
            .min()
    }
}

/// One bus: at most one list runs on it.
struct Lane {
    bus: BusId,
    waiting: VecDeque<Waiting>,
    running: Option<Running>,
}

impl Lane {
    fn new(bus: BusId) -> Self {
        Lane {
            bus,
            waiting: VecDeque::new(),
            running: None,
        }
    }
}

struct Waiting {
    job: BusJob,
    deadline: Instant,
}

/// A list between its first step and its end.
struct Running {
    id: u32,
    ops: Vec<BusOp>,
    deadline: Instant,
    /// The step.
    at: usize,
    phase: Phase,
    /// Only in a step that tries again and again.
    tries: Option<Tries>,
    reads: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
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
    fn new(waiting: Waiting) -> Self {
        Running {
            id: waiting.job.id,
            ops: waiting.job.ops,
            deadline: waiting.deadline,
            at: 0,
            phase: Phase::Due,
            tries: None,
            reads: Vec::new(),
        }
    }

    /// The transaction in flight ended. `Some` if that ended the list.
    fn answered(
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
    fn rested(&mut self) -> Option<Result<(), BusError>> {
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
        (self.at == self.ops.len()).then_some(Ok(()))
    }

    fn end(self, bus: BusId, result: Result<(), BusError>) -> BusDone {
        BusDone {
            id: self.id,
            bus,
            reads: self.reads,
            error: result.err(),
        }
    }
}

/// The transaction of a step; `None` for a pause.
fn transfer(bus: BusId, op: &BusOp) -> Option<I2cTransfer<'_>> {
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

/// A list that no step of which is out of bounds or of the master's repertoire: half a list
/// would leave a part in the middle of something.
fn fits(job: &BusJob, master: &impl I2cMaster) -> bool {
    let step = |op: &BusOp| {
        transfer(job.bus, op).is_none_or(|t| {
            t.address <= 0x7F
                && t.write.len() <= BUS_WRITE_MAX
                && usize::from(t.read) <= BUS_READ_MAX
                && master.can(t)
        })
    };
    job.ops.len() <= BUS_OPS_MAX && job.within <= BUS_WITHIN_MAX && job.ops.iter().all(step)
}

#[cfg(test)]
#[path = "bus_port_tests.rs"]
mod tests;
