//! The chips: they find nonces for the work that they are shown, and return them by plan.
//!
//! A nonce is searched for before it is due, so that the search is in no figure. It waits
//! among the ready ones until its time comes or a new job makes it worthless.

use std::collections::VecDeque;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use units::ChainSlot;

use super::log::{Kind, Log};
use super::plan::{
    BURST_MS, BURST_PER_S, FromPeer, NONCE_BITS, NONCES_PER_S, NONCES_PER_WORK, NTIME, Phase,
    SHOWN, STOCK_MS, WORK,
};
use super::pool::PoolEvent;
use super::stamp;

/// Ready nonces outside of bursts: some 30 ms of them, so that none is old.
const READY: usize = 120;
/// Ready nonces at the begin of a burst.
const READY_FOR_BURST: usize =
    READY + (BURST_PER_S * (BURST_MS.end - BURST_MS.start) / 1000) as usize;
/// Nonces found for one work at most. Chips find far less in one, but only one in
/// [`SHOWN`] is shown.
const PER_WORK: usize = 16;
/// Hashes tried for one nonce at most: a hundred times what it takes on average.
const TRIES: u32 = 100 << NONCE_BITS;
/// In the phases that follow the model, nonces leave this often.
const MODEL_TICK: Duration = Duration::from_millis(2);
/// A nonce that is ready for longer than this is left out: chips return a nonce within
/// milliseconds, and a daemon need not remember work for long.
const AGE: u64 = 100_000_000;
/// A replay that is later than this leaves out what it missed.
const LATE: u64 = 20_000_000;

/// A nonce that is known and not sent.
#[derive(Clone, Copy)]
struct Ready {
    nonce: u32,
    record: FromPeer,
    /// When its work reached the chips.
    since: u64,
}

struct State {
    phase: Phase,
    /// The pool's newest job.
    job: u32,
    ready: VecDeque<Ready>,
    /// What the model owes.
    credit: f64,
    log: Log,
}

/// Shared by the threads of the peer.
#[derive(Clone)]
pub(super) struct Chips(Arc<Mutex<State>>);

impl Chips {
    pub(super) fn new() -> Self {
        Chips(Arc::new(Mutex::new(State {
            phase: Phase::Ramp,
            job: 0,
            ready: VecDeque::new(),
            credit: 0.0,
            log: Log::default(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool did something. A new job makes every nonce worthless that was not sent.
    pub(super) fn pool_event(&self, event: PoolEvent) {
        let mut state = self.state();
        if let PoolEvent::Notify { job, .. } = event {
            state.job = job;
            state.ready.clear();
        }
        state.log.pool(event);
    }

    /// Go on with the next phase.
    pub(super) fn enter(&self, phase: Phase) {
        let mut state = self.state();
        state.phase = phase;
        state.ready.clear();
        state.log.phase(phase, stamp::now());
    }

    /// Everything that happened.
    pub(super) fn take_log(&self) -> Log {
        std::mem::take(&mut self.state().log)
    }

    /// A work reached the chain in `slot`. `next` is the first nonce that was never tried:
    /// no nonce is returned twice, so that each names one submit.
    pub(super) fn work(
        &self,
        slot: ChainSlot,
        at: u64,
        counts: bool,
        frame: &[u8; WORK],
        next: &mut u32,
    ) {
        let work = Work::parse(frame);
        let wanted = {
            let mut state = self.state();
            state.log.work(slot, work.job, at);
            if work.job != state.job {
                return;
            }
            state.wanted(counts)
        };
        for i in 0..wanted {
            let Some((nonce, record)) = work.find(slot, i, next) else {
                continue;
            };
            let mut state = self.state();
            if state.job == work.job {
                state.ready.push_back(Ready {
                    nonce,
                    record,
                    since: at,
                });
            }
        }
    }

    /// Return nonces as the phase asks for until the last one.
    pub(super) fn replay(&self, mut out: UnixStream) {
        let mut due = stamp::now();
        loop {
            let phase = self.state().phase;
            match phase {
                Phase::Ramp | Phase::Model => {
                    while self.send(&mut out, Kind::Model) {}
                    thread::sleep(MODEL_TICK);
                    due = stamp::now();
                }
                Phase::Replay | Phase::Polled | Phase::Quiet | Phase::Loaded => {
                    let burst = phase == Phase::Replay && BURST_MS.contains(&millisecond());
                    let (rate, kind) = match (burst, phase) {
                        (true, _) => (BURST_PER_S, Kind::Burst),
                        (false, Phase::Polled) => (NONCES_PER_S, Kind::Polled),
                        (false, Phase::Quiet) => (NONCES_PER_S, Kind::Quiet),
                        (false, Phase::Loaded) => (NONCES_PER_S, Kind::Loaded),
                        (false, _) => (NONCES_PER_S, Kind::Steady),
                    };
                    due += 1_000_000_000 / rate;
                    let now = stamp::now();
                    if due > now {
                        thread::sleep(Duration::from_nanos(due - now));
                    } else if now - due > LATE {
                        due = now;
                    }
                    self.send(&mut out, kind);
                }
                Phase::Drain => thread::sleep(MODEL_TICK),
                Phase::End => return,
            }
        }
    }

    /// Send the oldest ready nonce. False if there is none. The stamp is taken before the
    /// write, so the write itself counts.
    fn send(&self, out: &mut UnixStream, kind: Kind) -> bool {
        let at = stamp::now();
        let ready = {
            let mut state = self.state();
            // They are in the order of their work.
            while state
                .ready
                .front()
                .is_some_and(|ready| at.saturating_sub(ready.since) > AGE)
            {
                state.ready.pop_front();
            }
            state.ready.pop_front()
        };
        let Some(ready) = ready else {
            return false;
        };
        let at = stamp::now();
        // A daemon that is gone ends this process through the other direction.
        let sent = out.write_all(&ready.record.encode()).is_ok();
        if sent {
            self.state().log.sent(kind, ready.nonce, at);
        }
        sent
    }
}

impl State {
    /// How many nonces to find for a work that was just shown.
    fn wanted(&mut self, counts: bool) -> usize {
        match self.phase {
            Phase::Ramp | Phase::Model if counts => {
                self.credit += NONCES_PER_WORK * SHOWN as f64;
                let whole = self.credit.floor();
                self.credit -= whole;
                whole as usize
            }
            Phase::Ramp | Phase::Model | Phase::Drain | Phase::End => 0,
            Phase::Replay | Phase::Polled | Phase::Quiet | Phase::Loaded => {
                let stock = BURST_MS.start - STOCK_MS..BURST_MS.end;
                let burst = self.phase == Phase::Replay && stock.contains(&millisecond());
                let target = if burst { READY_FOR_BURST } else { READY };
                target.saturating_sub(self.ready.len()).min(PER_WORK)
            }
        }
    }
}

/// Of the present second of the clock that both processes share.
fn millisecond() -> u64 {
    stamp::now() / 1_000_000 % 1000
}

/// A work record of the FPGA, taken apart.
struct Work {
    job: u32,
    wire: u32,
    tail: [u8; 12],
    midstates: [[u32; 8]; 4],
}

impl Work {
    fn parse(frame: &[u8; WORK]) -> Self {
        let word = |at: usize| {
            u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]])
        };
        let mut tail = [0; 12];
        tail.copy_from_slice(&frame[8..20]);
        // State word 7 comes first.
        let midstates =
            std::array::from_fn(|m| std::array::from_fn(|i| word(20 + 32 * m + 4 * (7 - i))));
        let ntime = word(12).swap_bytes();
        Work {
            job: ntime.wrapping_sub(NTIME),
            wire: word(4),
            tail,
            midstates,
        }
    }

    /// A nonce for the `i`-th midstate, and the record that says so.
    fn find(&self, slot: ChainSlot, i: usize, next: &mut u32) -> Option<(u32, FromPeer)> {
        let place = i % self.midstates.len();
        let target = sha256d::Target::zero_bits(NONCE_BITS);
        let scan = sha256d::Scan::new(&self.midstates[place], &self.tail, target);
        let found = scan.range(*next..next.saturating_add(TRIES));
        *next = found.unwrap_or(next.wrapping_add(TRIES)).wrapping_add(1);
        let nonce = found?;
        // Nonce, its indicator, work id with the midstate's place, chain.
        let job = self.wire & 0x7c | place as u32;
        let head = 0x8000_0080 | job << 16 | u32::from(slot.0);
        let data = u32::from_be_bytes(nonce.to_le_bytes());
        Some((nonce, FromPeer { slot, head, data }))
    }
}

#[cfg(test)]
mod tests {
    use protocol::{ChainResponse, fpga};
    use units::{Header, HostVersions, JobKey, Midstate, Rolling, WireJobId, WorkId, WorkItem};

    use super::*;

    #[test]
    fn a_nonce_is_right_for_the_work_that_the_daemon_sent() {
        let slot = ChainSlot(2);
        let versions = [0x2000_0000, 0x2000_2000, 0x2000_4000, 0x2000_6000];
        let midstates = [1, 2, 3, 4].map(|n| Midstate([n; 8]));
        let header = Header {
            ntime: NTIME + 77,
            ..Header::default()
        };
        let item = WorkItem {
            id: WorkId(1),
            job: JobKey::default(),
            extranonce2: 0,
            header,
            rolling: Rolling::Host(HostVersions::new(&versions, &midstates).expect("four")),
        };
        let record = fpga::encode_work(slot, WireJobId(0x54), &item, false).expect("host rolls");
        let mut frame = [0; WORK];
        frame.copy_from_slice(&record);

        let work = Work::parse(&frame);
        assert_eq!(work.job, 77);
        let mut next = 1;
        let mut last = 0;
        for (i, midstate) in midstates.iter().enumerate() {
            let (nonce, record) = work.find(slot, i, &mut next).expect("one in 256");
            assert!(nonce > last, "no nonce comes twice");
            last = nonce;
            let decoded = fpga::decode_record(record.head, record.data);
            let fpga::Record::Response { chain: 2, response } = decoded else {
                panic!("{decoded:?}");
            };
            let ChainResponse::Nonce(raw) = response else {
                panic!("{response:?}");
            };
            assert_eq!(usize::from(raw.job), 0x54 + i);
            let hash = sha256d::finish(&midstate.0, &header.tail(), raw.nonce.to_wire());
            assert!(sha256d::leading_zero_bits(&hash) >= NONCE_BITS);
        }
    }
}
