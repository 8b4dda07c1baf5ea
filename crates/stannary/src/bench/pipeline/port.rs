//! The daemon's ports in this benchmark: the real FPGA port over registers that another
//! process stands behind.
//!
//! The window answers the bring-up's questions by itself. Work is stamped where it enters
//! the port's write, before anything else is done with it; some of it is shown to the peer.
//! Nonces come back as entries of the result FIFO, either into the engine's inbox at once,
//! as from a port that wakes its thread, or into the FIFO that the port looks at.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hal::{
    Beats, BoardEvent, BoardOp, BoardPort, FpgaPort, LinkEvent, MachinePorts, RegisterWindow,
};
use units::{ChainSlot, Instant};

use super::plan::{CHAINS, FROM_PEER, FromPeer, SHOWN, ToPeer, WORK};
use super::stamp;
use crate::runtime::{Inbox, send_events};

// Registers of the x19 FPGA, as `hal` uses them.
const BUFFER_SPACE: u32 = 0x00C;
const RESULT_HEAD: u32 = 0x010;
const RESULT_DATA: u32 = 0x014;
const RESULT_COUNT: u32 = 0x018;
const WORK_IN: u32 = 0x040;
const COMMAND_GO: u32 = 0x0C0;
const COMMAND_BUFFER: u32 = 0x0C4;

/// `Read chip id of all chips`, first word (captured).
const READ_CHIP_IDS: u32 = 0x5205_0000;
/// The BM1398's answer (captured).
const CHIP_ID: u32 = 0x1398_1800;
/// Chips of a chain.
const CHIPS: usize = 114;

/// What the port's threads and the observer of the run share.
#[derive(Default)]
pub(super) struct Traffic {
    /// Works written.
    pub(super) works: AtomicU64,
    /// Nonces read from the peer.
    pub(super) nonces: AtomicU64,
    /// Nonces go into the FIFO and wait there for the port's next look.
    pub(super) polled: AtomicBool,
    fifo: Mutex<VecDeque<(u32, u32)>>,
}

impl Traffic {
    fn fifo(&self) -> MutexGuard<'_, VecDeque<(u32, u32)>> {
        self.fifo.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ports of a machine whose chips are the process at the other end of `peer`.
pub(super) fn ports(peer: UnixStream, traffic: Arc<Traffic>) -> MachinePorts {
    let slots: Vec<_> = (0..CHAINS as u8).map(ChainSlot).collect();
    let window = Window {
        peer,
        traffic,
        command: 0,
        counts: [0; CHAINS],
        jobs: [0; CHAINS],
    };
    MachinePorts {
        links: vec![Box::new(FpgaPort::new(&slots, window))],
        buses: Vec::new(),
        fans: None,
        board: Box::new(Board),
        beats: Beats::default(),
    }
}

struct Window {
    peer: UnixStream,
    traffic: Arc<Traffic>,
    command: u32,
    /// Works written per chain.
    counts: [u64; CHAINS],
    /// Header time of the last work per chain: another one is another job.
    jobs: [u32; CHAINS],
}

impl RegisterWindow for Window {
    fn read32(&mut self, _now: Instant, offset: u32) -> u32 {
        match offset {
            BUFFER_SPACE => u32::MAX,
            RESULT_COUNT => self.traffic.fifo().len().min(0x1FF) as u32,
            RESULT_HEAD => self.traffic.fifo().front().map_or(0, |entry| entry.0),
            RESULT_DATA => self.traffic.fifo().pop_front().map_or(0, |entry| entry.1),
            _ => 0,
        }
    }

    fn write32(&mut self, _now: Instant, offset: u32, value: u32) {
        match offset {
            COMMAND_BUFFER => self.command = value,
            COMMAND_GO if self.command == READ_CHIP_IDS => {
                let chain = value >> 16 & 0xF;
                self.traffic.fifo().extend([(chain, CHIP_ID); CHIPS]);
            }
            _ => {}
        }
    }

    fn write_fifo(&mut self, _now: Instant, offset: u32, words: &[u32]) {
        let at = stamp::now();
        // Word 0 names the chain, word 3 is the header's time.
        let (WORK_IN, Some(&first), Some(&ntime)) = (offset, words.first(), words.get(3)) else {
            return;
        };
        let slot = ChainSlot((first >> 16 & 0xF) as u8);
        let chain = usize::from(slot.0);
        let (Some(count), Some(job)) = (self.counts.get_mut(chain), self.jobs.get_mut(chain))
        else {
            return;
        };
        let new_job = *job != ntime;
        *job = ntime;
        *count += 1;
        let counts = count.is_multiple_of(SHOWN);
        self.traffic.works.fetch_add(1, Ordering::Relaxed);
        if new_job || counts {
            let mut frame = [0; WORK];
            for (bytes, word) in frame.chunks_exact_mut(4).zip(words) {
                bytes.copy_from_slice(&word.to_be_bytes());
            }
            // A peer that is gone ends the run by its silence.
            let _ = self.peer.write_all(
                &ToPeer::Work {
                    slot,
                    at,
                    counts,
                    frame,
                }
                .encode(),
            );
        }
    }
}

/// A board whose slots are all plugged in, and which switches nothing.
pub(in crate::bench) struct Board;

impl BoardPort for Board {
    fn apply(&mut self, _now: Instant, op: BoardOp, events: &mut Vec<BoardEvent>) {
        if let BoardOp::ReadPlug { slot } = op {
            events.push(BoardEvent::Plug {
                slot,
                present: true,
            });
        }
    }

    fn poll(&mut self, _: Instant, _: &mut Vec<BoardEvent>) {}

    fn next_event(&self) -> Option<Instant> {
        None
    }
}

/// Carry nonces from the peer to the engine until one of them has ended.
pub(super) fn carry_nonces(mut peer: UnixStream, traffic: &Traffic, inbox: &Inbox) {
    let mut buffer = [0; FROM_PEER * 64];
    let mut filled = 0;
    let mut events = Vec::new();
    while let Ok(read @ 1..) = peer.read(&mut buffer[filled..]) {
        filled += read;
        let (records, _) = buffer[..filled].as_chunks::<FROM_PEER>();
        let whole = records.len() * FROM_PEER;
        for record in records {
            let FromPeer { slot, head, data } = FromPeer::decode(record);
            traffic.nonces.fetch_add(1, Ordering::Relaxed);
            if traffic.polled.load(Ordering::Relaxed) {
                traffic.fifo().push_back((head, data));
                continue;
            }
            events.push((slot, LinkEvent::Record { head, data }));
        }
        if !send_events(&mut events, inbox) {
            return;
        }
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
    }
}
