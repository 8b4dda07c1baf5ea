//! The ledger: what really happened on the wires, written by the side that knows.
//!
//! Terms: a *frame* here is an answer of a chip. It *arrives* if its bytes reach the
//! host unchanged and an ideal receiver picks it out of the stream. The ideal receiver
//! looks for AA 55, takes as many bytes as the chips' answers have, checks the CRC, and
//! on failure gives up one byte and looks again. Bytes that it gives up are *stray*; a
//! *damaged run* is a longest row of stray bytes between two good frames. A *phantom* is
//! a run of bytes that passes the check although no chip sent it so.

use units::{ChainSlot, ChipIndex, Instant, Nonce};

/// What a frame says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// Answer to a register read.
    Register {
        /// The register.
        register: u8,
        /// Its value.
        value: u32,
    },
    /// A nonce.
    Nonce {
        /// The nonce.
        nonce: Nonce,
        /// The job byte as returned (id and midstate index or small core).
        job_byte: u8,
        /// Version bits rolled by the chip, in header place; 0 for midstate chips.
        version_bits: u32,
        /// Double SHA-256 of the 80-byte header that was solved, as hashed.
        hash: [u8; 32],
        /// Of work that stands for no header: it has 32 zero bytes in a row. Hosts send
        /// such work to wake cores.
        made_up: bool,
        /// When the chips took the job that it solves.
        job_taken: Instant,
    },
}

/// What became of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It can be read by the host, undamaged.
    Arrived,
    /// It reached the host's side damaged, in part, or not at all.
    Damaged,
    /// It arrived undamaged at a full buffer or FIFO, and was lost there.
    Overflowed,
}

/// One answer of a chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameRecord {
    /// The chain.
    pub slot: ChainSlot,
    /// The chip that sent it.
    pub chip: ChipIndex,
    /// What it says.
    pub kind: FrameKind,
    /// When its last byte was due on the wire: from then on the host can read it.
    pub at: Instant,
    /// What became of it.
    pub fate: Fate,
}

/// A job that noise kept from the chips: the host sent it whole, and they went on with
/// the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LostJob {
    /// The chain.
    pub slot: ChainSlot,
    /// When the host's last byte of it was due at the chips.
    pub at: Instant,
}

/// Counts for one chain since the start. Never drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Jobs that the chips took.
    pub jobs: u64,
    /// Jobs that noise kept from them.
    pub lost_jobs: u64,
    /// Commands that the chips took.
    pub commands: u64,
    /// Nonce frames sent.
    pub nonces: u64,
    /// Register answers sent.
    pub answers: u64,
    /// Frames sent that did not arrive undamaged.
    pub damaged: u64,
    /// Frames that arrived undamaged and were lost in a full buffer.
    pub overflowed: u64,
    /// Frames still waiting in chips when these lost their power: never sent.
    pub cut_off: u64,
    /// Damaged runs (see the module's terms).
    pub damaged_runs: u64,
    /// Of these, runs that a host behind a core of the open FPGA design cannot tell from the one
    /// before: since then no look at the core's counter showed answers alone.
    pub runs_untold: u64,
    /// And runs that it may take for two: they went on after a look that showed their begin,
    /// and an answer beside it.
    pub runs_told_twice: u64,
    /// Stray bytes.
    pub stray_bytes: u64,
    /// Phantoms.
    pub phantoms: u64,
    /// Bytes given up by the chips' own receiver, looking for a frame.
    pub stray_bytes_at_chips: u64,
    /// Bytes flipped, dropped, doubled or delayed by noise, both directions.
    pub noise_hits: u64,
    /// Nonce events without a solution in the space of the chosen core.
    pub searched_in_vain: u64,
    /// Nonces that do not solve their job, of silicon that hashes wrongly: they are sent, or
    /// cut off, like others, and the hash of their record misses the ticket.
    pub wrong_hashes: u64,
}

impl Totals {
    /// Add the counts of a part.
    pub(crate) fn add(&mut self, part: &Totals) {
        let Totals {
            jobs,
            lost_jobs,
            commands,
            nonces,
            answers,
            damaged,
            overflowed,
            cut_off,
            damaged_runs,
            runs_untold,
            runs_told_twice,
            stray_bytes,
            phantoms,
            stray_bytes_at_chips,
            noise_hits,
            searched_in_vain,
            wrong_hashes,
        } = part;
        self.jobs += jobs;
        self.lost_jobs += lost_jobs;
        self.commands += commands;
        self.nonces += nonces;
        self.answers += answers;
        self.damaged += damaged;
        self.overflowed += overflowed;
        self.cut_off += cut_off;
        self.damaged_runs += damaged_runs;
        self.runs_untold += runs_untold;
        self.runs_told_twice += runs_told_twice;
        self.stray_bytes += stray_bytes;
        self.phantoms += phantoms;
        self.stray_bytes_at_chips += stray_bytes_at_chips;
        self.noise_hits += noise_hits;
        self.searched_in_vain += searched_in_vain;
        self.wrong_hashes += wrong_hashes;
    }
}

/// What happened, per frame and in numbers.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Frames whose fate is known, in the order of their bytes per chain. At most
    /// [`frames_max`](super::TwinOptions::ledger_frames_max) are kept between two
    /// [`take_ledger`](super::TwinMachine::take_ledger).
    pub frames: Vec<FrameRecord>,
    /// Frames not listed because the list was full.
    pub frames_left_out: u64,
    /// Jobs that noise kept from the chips, in order per chain; as many as frames at most.
    pub lost_jobs: Vec<LostJob>,
    /// Totals per slot.
    pub totals: Vec<(ChainSlot, Totals)>,
}

impl Ledger {
    /// Totals of one slot.
    pub fn totals(&self, slot: ChainSlot) -> Totals {
        self.totals
            .iter()
            .find(|(s, _)| *s == slot)
            .map(|(_, t)| *t)
            .unwrap_or_default()
    }
}
