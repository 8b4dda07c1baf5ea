//! A thread per I2C master and one for the fans: what lies beside the chains.
//!
//! Each beats whenever it comes round, and comes round at least each [`IDLE_POLL`], idle or
//! not. One that hangs in a device, or before an engine that takes nothing, stops beating; the
//! dead man then grants no lease.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use engine::Event;
use hal::{Beat, Beats, BusId, BusJob, BusPort, FanOp, FanPort, I2cMaster, Loop};
use units::Duration;

use super::clock::Clock;
use super::{Inbox, Message};

/// A port with nothing due is still looked at this often. A lease is asked for each half
/// second.
pub(super) const IDLE_POLL: Duration = Duration::from_millis(200);

type Bus = BusPort<Box<dyn I2cMaster + Send>>;

/// The engine's side of buses and fans.
pub(crate) struct Beside {
    buses: Vec<(Vec<BusId>, Sender<BusJob>)>,
    fans: Option<Sender<FanOp>>,
}

impl Beside {
    /// Start the threads.
    pub(crate) fn start(
        buses: Vec<Bus>,
        fans: Option<Box<dyn FanPort + Send>>,
        beats: &Beats,
        clock: Clock,
        inbox: &Inbox,
    ) -> std::io::Result<Self> {
        let mut told = Vec::new();
        for (i, port) in buses.into_iter().enumerate() {
            let all = [BusId::Hashboards, BusId::Supply].into_iter();
            let served: Vec<_> = all.filter(|bus| port.serves(*bus)).collect();
            let loops = served.iter().map(|bus| Loop::Bus(*bus));
            let beats: Vec<_> = loops.filter_map(|who| beats.of(who)).collect();
            let (jobs, rx) = channel();
            told.push((served, jobs));
            let inbox = inbox.clone();
            thread::Builder::new()
                .name(format!("bus-{i}"))
                .stack_size(128 * 1024)
                .spawn(move || serve_bus(port, &rx, &beats, clock, &inbox))?;
        }
        let fans = match fans {
            None => None,
            Some(port) => {
                let (ops, rx) = channel();
                let (inbox, beat) = (inbox.clone(), beats.of(Loop::Fans));
                thread::Builder::new()
                    .name("fans".into())
                    .stack_size(128 * 1024)
                    .spawn(move || serve_fans(port, &rx, beat.as_ref(), clock, &inbox))?;
                Some(ops)
            }
        };
        Ok(Beside { buses: told, fans })
    }

    /// Give a list to its bus. A bus that does not exist, or whose thread has ended, loses it;
    /// whoever gave it finds out in time.
    pub(crate) fn bus(&self, job: BusJob) {
        let mut buses = self.buses.iter();
        if let Some((_, jobs)) = buses.find(|(served, _)| served.contains(&job.bus)) {
            let _ = jobs.send(job);
        }
    }

    /// Give an order to the fans, where there are any.
    pub(crate) fn fans(&self, op: FanOp) {
        if let Some(fans) = &self.fans {
            let _ = fans.send(op);
        }
    }
}

fn serve_bus(mut port: Bus, jobs: &Receiver<BusJob>, beats: &[Beat], clock: Clock, inbox: &Inbox) {
    let mut done = Vec::new();
    loop {
        beats.iter().for_each(Beat::beat);
        let due = port.next_event();
        let wait = due.map_or(IDLE_POLL, |at| clock.until(at).min(IDLE_POLL));
        match jobs.recv_timeout(wait) {
            Ok(job) => done.extend(port.give(clock.now(), job).err()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        port.service(clock.now(), &mut done);
        for done in done.drain(..) {
            if inbox.send(Message::Event(Event::Bus(done))).is_err() {
                return;
            }
        }
    }
}

fn serve_fans(
    mut port: Box<dyn FanPort + Send>,
    ops: &Receiver<FanOp>,
    beat: Option<&Beat>,
    clock: Clock,
    inbox: &Inbox,
) {
    let mut events = Vec::new();
    loop {
        beat.inspect(|beat| beat.beat());
        let due = port.next_event();
        let wait = due.map_or(IDLE_POLL, |at| clock.until(at).min(IDLE_POLL));
        match ops.recv_timeout(wait) {
            Ok(op) => port.set(clock.now(), op),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        port.poll(clock.now(), &mut events);
        for event in events.drain(..) {
            if inbox.send(Message::Event(Event::Fans(event))).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;
    use std::sync::{Arc, Mutex};

    use hal::{FanEvent, I2cTransfer};
    use units::{Duty, Instant};

    use super::*;

    /// A master on which nothing ever happens.
    struct Idle;

    impl I2cMaster for Idle {
        fn can(&self, _: I2cTransfer<'_>) -> bool {
            true
        }
        fn begin(&mut self, _: Instant, _: I2cTransfer<'_>) {}
        fn poll(&mut self, _: Instant) -> Option<Result<Vec<u8>, hal::BusError>> {
            None
        }
        fn abort(&mut self, _: Instant) {}
        fn next_event(&self) -> Option<Instant> {
            None
        }
    }

    /// Fans whose driver hangs while somebody holds this.
    struct Hanging(Arc<Mutex<()>>);

    impl FanPort for Hanging {
        fn set(&mut self, _: Instant, _: FanOp) {
            drop(self.0.lock());
        }
        fn poll(&mut self, _: Instant, _: &mut Vec<FanEvent>) {}
        fn next_event(&self) -> Option<Instant> {
            None
        }
    }

    const LOOPS: [Loop; 3] = [
        Loop::Bus(BusId::Hashboards),
        Loop::Bus(BusId::Supply),
        Loop::Fans,
    ];

    /// Who has moved since `before`.
    fn moved(beats: &Beats, before: &[u64]) -> Vec<bool> {
        let now = beats.read().map(|(_, count)| count);
        now.zip(before).map(|(now, before)| now > *before).collect()
    }

    /// What moves within the half second between two leases.
    fn moves(beats: &Beats) -> Vec<bool> {
        let before: Vec<_> = beats.read().map(|(_, count)| count).collect();
        let end = std::time::Instant::now() + Duration::from_millis(500);
        while std::time::Instant::now() < end && moved(beats, &before) != [true; 3] {
            thread::sleep(Duration::from_millis(5));
        }
        moved(beats, &before)
    }

    /// In one of several: a computer that lets nobody run for half a second says nothing of who would.
    fn check(beats: &Beats, expected: [bool; 3]) {
        let seen: Vec<_> = (0..20)
            .map(|_| moves(beats))
            .take_while(|m| *m != expected)
            .collect();
        assert!(seen.len() < 20, "{seen:?}, not {expected:?}");
    }

    #[test]
    fn idle_threads_beat_and_one_that_hangs_does_not() {
        let (beats, hang) = (Beats::new(&LOOPS), Arc::default());
        let (inbox, _messages) = sync_channel(4);
        let buses = [BusId::Hashboards, BusId::Supply];
        let buses = vec![BusPort::new(
            &buses,
            Box::new(Idle) as Box<dyn I2cMaster + Send>,
        )];
        let fans: Box<dyn FanPort + Send> = Box::new(Hanging(Arc::clone(&hang)));
        let beside = Beside::start(buses, Some(fans), &beats, Clock::start(), &inbox);
        let beside = beside.expect("threads");
        check(&beats, [true; 3]);
        let held = hang.lock().expect("free");
        beside.fans(FanOp::All(Duty::FULL));
        // It may be on its way round once more.
        thread::sleep(Duration::from_millis(100));
        check(&beats, [true, true, false]);
        drop(held);
        check(&beats, [true; 3]);
    }
}
