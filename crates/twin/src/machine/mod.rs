//! The emulated machine: chains of chips, their serial lines, the board's FPGA.
//!
//! Everything happens in [`TwinMachine::advance`] and in the calls that stand for a
//! host's access (writing bytes, reading registers, switching rails). Time only moves
//! when it is passed in; the same seed and the same calls give the same bytes.

mod faults;
mod ledger;

pub use board_support::LinkKind as Link;
use board_support::{LinkKind, Machine};
use units::{ChainSlot, HashRate, Instant};

pub use faults::{BoardFault, DeadChip, Direction, FaultPlan, Noise, Outage};
pub use ledger::{Fate, FrameKind, FrameRecord, Ledger, Totals};

/// How a twin is made.
#[derive(Clone, PartialEq, Debug)]
pub struct TwinOptions {
    /// Determines every draw of chance.
    pub seed: u64,
    /// Leading zero bits that a hash of difficulty one has on this machine: 32 is real.
    pub difficulty_bits: u8,
    /// 1 is exact; k makes every job last k times as long.
    pub thinning: u32,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// Whole headers with known nonces: a job for one of them is answered with it.
    pub known_headers: Vec<[u8; 80]>,
    /// Frames that the ledger lists between two takes; totals go on counting.
    pub ledger_frames_max: usize,
}

impl Default for TwinOptions {
    fn default() -> Self {
        TwinOptions {
            seed: 1,
            difficulty_bits: 8,
            thinning: 1,
            faults: FaultPlan::default(),
            known_headers: Vec::new(),
            ledger_frames_max: 1_000_000,
        }
    }
}

/// Why a twin cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TwinError {
    /// No model of this chip.
    UnknownChip(String),
    /// `difficulty_bits` above 32.
    DifficultyBits(u8),
}

impl core::fmt::Display for TwinError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            TwinError::UnknownChip(chip) => write!(f, "the twin has no model of chip `{chip}`"),
            TwinError::DifficultyBits(bits) => {
                write!(f, "difficulty_bits is {bits}; it must be 0 to 32")
            }
        }
    }
}

impl std::error::Error for TwinError {}

/// A machine seen from its control board's pins.
pub struct TwinMachine {
    slots: Vec<ChainSlot>,
    link: LinkKind,
    ledger: Ledger,
}

impl TwinMachine {
    /// The machine that `machine` describes, everything switched off.
    pub fn new(machine: &Machine, _options: TwinOptions) -> Result<Self, TwinError> {
        Ok(TwinMachine {
            slots: (0..machine.slots).map(ChainSlot).collect(),
            link: machine.control_board.link,
            ledger: Ledger::default(),
        })
    }

    /// One chain of `chips` chips named `chip` on a UART in slot 0, powered and out of reset.
    pub fn single_chain(
        _chip: &str,
        _chips: u16,
        _options: TwinOptions,
    ) -> Result<Self, TwinError> {
        Ok(TwinMachine {
            slots: vec![ChainSlot(0)],
            link: LinkKind::Uart,
            ledger: Ledger::default(),
        })
    }

    /// The slots, whether something is plugged in or not.
    pub fn slots(&self) -> &[ChainSlot] {
        &self.slots
    }

    /// How the chains are reached.
    pub fn link(&self) -> LinkKind {
        self.link
    }

    /// Let time pass until `now`. Earlier instants than the last are taken for the last.
    pub fn advance(&mut self, _now: Instant) {}

    /// When something that a host can see may happen next.
    pub fn next_event(&self) -> Option<Instant> {
        None
    }

    /// Write to a chain's UART; returns how many bytes it took.
    pub fn uart_write(&mut self, _now: Instant, _slot: ChainSlot, bytes: &[u8]) -> usize {
        bytes.len()
    }

    /// Read from a chain's UART; returns how many bytes there were.
    pub fn uart_read(&mut self, _now: Instant, _slot: ChainSlot, _buffer: &mut [u8]) -> usize {
        0
    }

    /// Set the host's baud rate on a chain's UART, at once.
    pub fn uart_set_baud(&mut self, _now: Instant, _slot: ChainSlot, _bits_per_s: u32) {}

    /// When a chain's UART may have something to read.
    pub fn uart_next_event(&self, _slot: ChainSlot) -> Option<Instant> {
        None
    }

    /// Read a register of the FPGA. 0 where there is none.
    pub fn fpga_read32(&mut self, _now: Instant, _offset: u32) -> u32 {
        0
    }

    /// Write a register of the FPGA.
    pub fn fpga_write32(&mut self, _now: Instant, _offset: u32, _value: u32) {}

    /// Write words one after another to the same register of the FPGA.
    pub fn fpga_write_fifo(&mut self, _now: Instant, _offset: u32, _words: &[u32]) {}

    /// Switch the supply of a slot.
    pub fn set_rail(&mut self, _now: Instant, _slot: ChainSlot, _on: bool) {}

    /// Drive the reset line of a slot.
    pub fn set_reset(&mut self, _now: Instant, _slot: ChainSlot, _asserted: bool) {}

    /// A hashboard is plugged into the slot.
    pub fn plugged(&self, _slot: ChainSlot) -> bool {
        true
    }

    /// Hashes per second that the chips with work model now: real figures, not scaled.
    pub fn hashes_per_second_modelled(&self) -> HashRate {
        HashRate::from_hs(0.0)
    }

    /// The ledger since the last [`TwinMachine::take_ledger`].
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Take the ledger: frames are drained, totals go on.
    pub fn take_ledger(&mut self) -> Ledger {
        Ledger {
            frames: core::mem::take(&mut self.ledger.frames),
            frames_left_out: core::mem::take(&mut self.ledger.frames_left_out),
            totals: self.ledger.totals.clone(),
        }
    }
}
