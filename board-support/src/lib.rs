//! What machines are made of, as data: one TOML file per machine, control board,
//! hashboard and PSU, with the unit in every key and unknown keys refused.
//!
//! The files are compiled in, so that one binary knows every machine. Limits stand in
//! these files *and* as absolute bounds in code ([`bounds`]); a file may only narrow
//! them.

pub mod bounds;
mod library;
#[cfg(test)]
mod library_tests;
mod schema;
pub mod strict;

pub use library::{machine, machines};

/// A machine with everything it refers to resolved.
#[derive(Clone, PartialEq, Debug)]
pub struct Machine {
    /// Name of the file in `machines/`, e.g. `antminer-s19-pro`.
    pub model: String,
    /// Name for people, e.g. `Antminer S19 Pro`.
    pub name: String,
    /// Published hashrate in TH/s.
    pub rated_ths: f64,
    /// Published wall power in watts.
    pub rated_power_w: f64,
    /// Slots that should carry a hashboard, counted from 0.
    pub slots: u8,
    /// The control board.
    pub control_board: ControlBoard,
    /// The hashboard in every slot.
    pub hashboard: Hashboard,
    /// The power supply.
    pub psu: Psu,
}

/// A control board.
#[derive(Clone, PartialEq, Debug)]
pub struct ControlBoard {
    /// Name of the file in `control-boards/`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How chains are reached.
    pub link: LinkKind,
    /// Fastest baud rate of its links, bits per second.
    pub baud_max: u32,
}

/// How a control board reaches its chains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkKind {
    /// A byte stream per chain.
    Uart,
    /// The x19 FPGA: commands as frames, work and results as records.
    FpgaFifo,
}

/// A hashboard.
#[derive(Clone, PartialEq, Debug)]
pub struct Hashboard {
    /// Name of the file in `hashboards/`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// The chip, lower case: `bm1398`.
    pub chip: String,
    /// Chips on the board.
    pub chips: u16,
    /// Voltage domains in series.
    pub domains: u16,
    /// Difference between the wire addresses of neighbours.
    pub address_interval: u8,
    /// Working frequency.
    pub frequency_mhz: f64,
    /// Highest frequency that may be ordered.
    pub frequency_max_mhz: f64,
    /// Voltage at which the board starts, where it is known.
    pub voltage_start_mv: Option<u32>,
    /// Working voltage, where it is known.
    pub voltage_mv: Option<u32>,
    /// Baud rate of the chain while hashing, bits per second.
    pub baud: u32,
    /// Ticket difficulty: a power of two.
    pub ticket_difficulty: u64,
}

/// A power supply.
#[derive(Clone, PartialEq, Debug)]
pub struct Psu {
    /// Name of the file in `psus/`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Lowest voltage that may be ordered; unknown supplies take no orders.
    pub voltage_min_mv: Option<u32>,
    /// Highest voltage that may be ordered.
    pub voltage_max_mv: Option<u32>,
}

impl Machine {
    /// Chips per voltage domain.
    pub fn chips_per_domain(&self) -> u16 {
        self.hashboard.chips / self.hashboard.domains.max(1)
    }
}
