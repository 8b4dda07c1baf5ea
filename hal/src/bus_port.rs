//! Runs lists over an I2C master: the one runner for every kind of bus.
//!
//! Terms: a *master* does single transactions and may serve several buses, one transaction
//! at a time; a *lane* is one bus's queue with the list that runs on it.
//!
//! Invariants: a list is alone on its bus from its first step to its last. Every list that was
//! taken ends in exactly one [`BusDone`], at its deadline at the latest; one that is refused is
//! given back as one.
//!
//! Lists of two buses behind one master share its time evenly, transaction by transaction.
//! Behind the x19 FPGA a supply's byte takes 90 to 120 ms and a hashboard's 1.4 (captured): a
//! heartbeat waits for one such byte and not for a supply's list of two seconds.
//!
//! [`BusPort::service`] never starts a transaction and asks for its result in the same call:
//! a master that blocks (a Linux bus) has then used up time that `now` does not know of.

use std::collections::VecDeque;

use units::{Duration, Instant};

use crate::bus_list::{Phase, Running, transfer};
use crate::{
    BUS_OPS_MAX, BUS_READ_MAX, BUS_WRITE_MAX, BusDone, BusError, BusId, BusJob, BusOp, I2cMaster,
};

/// Lists that may wait for one bus: heartbeats, sensors and setpoints of four hashboards,
/// twice. Beyond it whoever makes them has lost count.
pub const BUS_QUEUE_MAX: usize = 32;
/// Longest time that a list may ask for: a supply that starts is asked for a minute. It also
/// bounds how long a bus can be held.
pub const BUS_WITHIN_MAX: Duration = Duration::from_secs(60);

/// The buses behind one master, and the lists that wait for them.
pub struct BusPort<M> {
    master: M,
    lanes: Vec<Lane>,
    /// The lane whose transaction is in flight, and since when.
    holder: Option<(usize, Instant)>,
    /// What the lane that was served last had used before.
    served: Duration,
}

impl<M: I2cMaster> BusPort<M> {
    /// A port for `buses`, all of them behind `master`.
    pub fn new(buses: &[BusId], master: M) -> Self {
        BusPort {
            master,
            lanes: buses.iter().copied().map(Lane::new).collect(),
            holder: None,
            served: Duration::ZERO,
        }
    }

    /// It serves this bus.
    pub fn serves(&self, bus: BusId) -> bool {
        self.lanes.iter().any(|lane| lane.bus == bus)
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
        for lane in &mut self.lanes {
            let Some(list) = &mut lane.running else {
                continue;
            };
            // A result that comes too late is none: its reading would pass for a fresh one.
            if now > list.deadline {
                continue;
            }
            let ended = match list.phase {
                Phase::Flight => match self.master.poll(now) {
                    Some(result) => {
                        if let Some((_, since)) = self.holder.take() {
                            lane.used += now.since(since);
                        }
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
                if let Some((_, since)) = self.holder.take_if(|(holder, _)| *holder == i) {
                    self.master.abort(now);
                    lane.used += now.since(since);
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
        for i in 0..self.lanes.len() {
            self.start_list(i, done);
            if let Some(list) = &mut self.lanes[i].running {
                list.pause(now);
            }
        }
        if self.holder.is_some() {
            return;
        }
        let due = |(_, lane): &(usize, &mut Lane)| lane.is_due();
        let lanes = self.lanes.iter_mut().enumerate().filter(due);
        let Some((i, lane)) = lanes.min_by_key(|(_, lane)| lane.used) else {
            return;
        };
        if let Some(list) = &mut lane.running
            && let Some(transfer) = list.set_off(now, lane.bus)
        {
            self.holder = Some((i, now));
            self.served = lane.used;
            self.master.begin(now, transfer);
        }
    }

    /// Take the next list of an idle bus, and end at once what has no steps.
    fn start_list(&mut self, i: usize, done: &mut Vec<BusDone>) {
        let lane = &mut self.lanes[i];
        while lane.running.is_none()
            && let Some(next) = lane.waiting.pop_front()
        {
            let list = Running::new(next.job, next.deadline);
            if list.is_over() {
                done.push(list.end(lane.bus, Ok(())));
            } else {
                // Time that a bus did not use is not saved up.
                lane.used = lane.used.max(self.served);
                lane.running = Some(list);
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
    /// The master's time that this bus has had.
    used: Duration,
}

impl Lane {
    fn new(bus: BusId) -> Self {
        Lane {
            bus,
            waiting: VecDeque::new(),
            running: None,
            used: Duration::ZERO,
        }
    }

    fn is_due(&self) -> bool {
        let list = self.running.as_ref();
        list.is_some_and(|list| list.phase == Phase::Due)
    }
}

struct Waiting {
    job: BusJob,
    deadline: Instant,
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
