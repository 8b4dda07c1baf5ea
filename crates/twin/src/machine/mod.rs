//! The emulated machine: chains of chips, their serial lines, the board's FPGA.
//!
//! Everything happens in [`TwinMachine::advance`] and in the calls that stand for a
//! host's access (writing bytes, reading registers, switching rails). Time only moves
//! when it is passed in; the same seed and the same calls give the same bytes.

mod chain;
mod chip;
mod chips;
mod cores;
pub(crate) mod crc;
mod engine;
mod faults;
pub(super) mod fitted;
mod fpga;
mod hash;
mod i2c;
mod job;
mod joined;
mod known;
mod ledger;
mod models;
mod noise;
mod open_core;
mod ports;
mod receiver;
mod registers;
mod search;
mod space;
mod uart;
mod uplink;
mod wire;
mod words;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use board_support::Machine;

use crate::physics::{self, Physics, PhysicsError};
use units::{ChainSlot, HashRate, Instant, Rng};

use chain::{Build, Chain, Family};
use fitted::FittedParts;
use fpga::{Design, Fpga};
use joined::Joined;
use known::Known;
use noise::Gate;
use open_core::OpenCores;
use space::Params;
use uart::Uart;
use uplink::Uplink;
use words::Line;

pub use board_support::LinkKind as Link;

pub use faults::{BoardFault, DeadChip, Direction, FaultPlan, Noise, Outage};
pub use ledger::{Fate, FrameKind, FrameRecord, Ledger, LostJob, Totals};
pub use open_core::CoreMap;

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
    /// Frames, and lost jobs, that the ledger lists between two takes; totals go on
    /// counting.
    pub ledger_frames_max: usize,
    /// Power and heat of a whole machine. Without them rails are switched as told and chips
    /// make no errors.
    pub physics: Option<physics::Options>,
    /// Supply, controllers, sensors and fans are there and make the rails: a slot has power
    /// while the supply and its controller give it, and [`TwinMachine::set_rail`] does nothing.
    pub parts: bool,
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
            physics: None,
            parts: false,
        }
    }
}

/// Why a twin cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TwinError {
    /// No physics of this machine.
    Physics(PhysicsError),
    /// No model of this chip.
    UnknownChip(String),
    /// This chip is not reached over this link.
    WrongLink(String, Link),
    /// `difficulty_bits` above 32.
    DifficultyBits(u8),
}

impl core::fmt::Display for TwinError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            TwinError::Physics(error) => error.fmt(f),
            TwinError::UnknownChip(chip) => write!(f, "the twin has no model of chip `{chip}`"),
            TwinError::WrongLink(chip, link) => {
                write!(f, "chip `{chip}` is not reached over `{}`", link.name())
            }
            TwinError::DifficultyBits(bits) => {
                write!(f, "difficulty_bits is {bits}; it must be 0 to 32")
            }
        }
    }
}

impl std::error::Error for TwinError {}

/// Small cores that a chip uses, by the chip's name.
pub(crate) fn small_cores(chip: &str) -> Option<u16> {
    match family(chip)? {
        Family::Serial(model) => Some(model.small_cores_used),
        Family::Words(model) => Some(model.per_cycle()),
    }
}

fn family(chip: &str) -> Option<Family> {
    let serial = models::model(chip).map(Family::Serial);
    serial.or_else(|| words::model(chip).map(Family::Words))
}

/// A machine seen from its control board's pins.
pub struct TwinMachine {
    slots: Vec<ChainSlot>,
    chains: Vec<Chain>,
    host: Host,
    joined: Option<Box<Joined>>,
    now: Instant,
    ledger: Ledger,
    frames_max: usize,
    /// What is beside the chips, if it is there.
    fitted: Option<Box<FittedParts>>,
}

/// The control board's side of the lines.
enum Host {
    Uarts(Vec<Uart>),
    Fpga(Box<Fpga>),
    Cores(Box<OpenCores>),
    Spi,
}

/// How a control board reaches its chains.
enum Reach {
    Link(Link),
    Cores(CoreMap),
}

impl TwinMachine {
    /// The machine that `machine` describes, everything switched off.
    pub fn new(machine: &Machine, options: TwinOptions) -> Result<Self, TwinError> {
        let board = &machine.hashboard;
        let slots = (0..machine.slots).map(ChainSlot).collect();
        let physics = options.physics.clone();
        let fitted = options
            .parts
            .then(|| Box::new(FittedParts::new(machine, &options.faults)));
        let reach = match (machine.control_board.link, CoreMap::of(machine)) {
            (Link::Uart, Some(map)) => Reach::Cores(map),
            (link, _) => Reach::Link(link),
        };
        let mut twin = Self::build(slots, reach, &board.chip, board.chips, options)?;
        if let Some(options) = physics {
            let small_cores = small_cores(&board.chip).unwrap_or(1);
            let joined = Joined::new(machine, options, small_cores);
            twin.joined = Some(Box::new(joined.map_err(TwinError::Physics)?));
        }
        twin.fitted = fitted;
        twin.settle_parts(Instant::ZERO);
        Ok(twin)
    }

    /// One chain of `chips` chips named `chip` on a UART in slot 0, powered and out of
    /// reset. Such a chain has no physics.
    pub fn single_chain(chip: &str, chips: u16, options: TwinOptions) -> Result<Self, TwinError> {
        Self::one_chain(Link::Uart, chip, chips, options)
    }

    /// The same on SPI, for chips that are reached so.
    pub fn single_spi_chain(
        chip: &str,
        chips: u16,
        options: TwinOptions,
    ) -> Result<Self, TwinError> {
        Self::one_chain(Link::SpiWords, chip, chips, options)
    }

    fn one_chain(
        link: Link,
        chip: &str,
        chips: u16,
        options: TwinOptions,
    ) -> Result<Self, TwinError> {
        let slot = ChainSlot(0);
        let mut machine = Self::build(vec![slot], Reach::Link(link), chip, chips, options)?;
        machine.set_rail(Instant::ZERO, slot, true);
        Ok(machine)
    }

    /// The chips on a serial line that there are models of, as boards name them.
    pub fn chip_names() -> impl Iterator<Item = &'static str> {
        models::MODELS.iter().map(|model| model.name)
    }

    fn build(
        slots: Vec<ChainSlot>,
        reach: Reach,
        chip: &str,
        chips: u16,
        options: TwinOptions,
    ) -> Result<Self, TwinError> {
        let Some(family) = family(chip) else {
            return Err(TwinError::UnknownChip(chip.to_owned()));
        };
        let wrong = |link| Err(TwinError::WrongLink(chip.to_owned(), link));
        let preamble: &[u8] = match (family, &reach) {
            (Family::Serial(model), Reach::Link(Link::Uart | Link::FpgaFifo)) => {
                model.preambles().1
            }
            // Its cores know one length of answers.
            (Family::Serial(model), Reach::Cores(_)) => match model.has_long_answers() {
                true => return wrong(Link::Uart),
                false => model.preambles().1,
            },
            (Family::Words(_), Reach::Link(Link::SpiWords)) => &[],
            // An S9's sends frames without preamble, and its relatives' are not known.
            (Family::Serial(model), Reach::Link(Link::FpgaFifoS9))
                if model.preambles().0.is_empty() =>
            {
                model.preambles().1
            }
            (_, Reach::Link(link)) => return wrong(*link),
            (_, Reach::Cores(_)) => return wrong(Link::Uart),
        };
        if options.difficulty_bits > 32 {
            return Err(TwinError::DifficultyBits(options.difficulty_bits));
        }
        let params = Arc::new(Params {
            difficulty_bits: options.difficulty_bits,
            thinning: options.thinning.max(1),
            known: options.known_headers.iter().map(Known::new).collect(),
        });
        let mut rng = Rng::new(options.seed);
        let gate = |slot, way, rng: &mut Rng| Gate::new(&options.faults.noise, slot, way, rng);
        let chain = |slot, rng: &mut Rng| {
            let to_host = gate(slot, Direction::ToHost, rng);
            let line = match family {
                Family::Serial(_) => None,
                Family::Words(_) => Some(Line::new(slot, |way| gate(slot, way, rng))),
            };
            let uplink = Uplink::new(slot, preamble, to_host, rng.fork(1));
            let build = Build {
                slot,
                family,
                chips,
                faults: &options.faults,
                params: params.clone(),
            };
            Chain::new(build, uplink, line, rng.fork(2))
        };
        let chains: Vec<Chain> = slots.iter().map(|slot| chain(*slot, &mut rng)).collect();
        let to_chips = slots
            .iter()
            .map(|slot| gate(*slot, Direction::ToChips, &mut rng));
        let fpga = |design, gates| Host::Fpga(Box::new(Fpga::new(design, gates)));
        let host = match reach {
            Reach::Link(Link::Uart) => Host::Uarts(to_chips.map(Uart::new).collect()),
            Reach::Link(Link::FpgaFifo) => fpga(Design::X19, to_chips.collect()),
            Reach::Link(Link::FpgaFifoS9) => fpga(Design::S9, to_chips.collect()),
            Reach::Cores(map) => Host::Cores(Box::new(OpenCores::new(map, to_chips.collect()))),
            Reach::Link(Link::SpiWords) => Host::Spi,
        };
        Ok(TwinMachine {
            ledger: Ledger {
                totals: slots
                    .iter()
                    .map(|slot| (*slot, Totals::default()))
                    .collect(),
                ..Ledger::default()
            },
            slots,
            chains,
            host,
            joined: None,
            now: Instant::ZERO,
            frames_max: options.ledger_frames_max,
            fitted: None,
        })
    }

    /// The slots, whether something is plugged in or not.
    pub fn slots(&self) -> &[ChainSlot] {
        &self.slots
    }

    /// How the chains are reached. Cores of the open design count as serial lines: whole
    /// frames of the chips go in and come out.
    pub fn link(&self) -> Link {
        match &self.host {
            Host::Uarts(_) | Host::Cores(_) => Link::Uart,
            Host::Fpga(fpga) => fpga.link(),
            Host::Spi => Link::SpiWords,
        }
    }

    /// Where the cores of the open FPGA design are, if the chains are behind such.
    pub fn core_map(&self) -> Option<&CoreMap> {
        match &self.host {
            Host::Cores(cores) => Some(&cores.map),
            _ => None,
        }
    }

    /// Let time pass until `now`. Earlier instants than the last are taken for the last.
    pub fn advance(&mut self, now: Instant) {
        if now <= self.now {
            return;
        }
        // Step by step, so that nothing depends on how often time is told.
        while let Some(at) = self.next_step().filter(|at| *at <= now) {
            self.advance_parts(at);
            self.advance_lines(at);
            self.step_physics(at);
        }
        self.advance_parts(now);
        self.advance_lines(now);
        self.write_ledger();
    }

    fn advance_lines(&mut self, now: Instant) {
        self.now = self.now.max(now);
        match &mut self.host {
            Host::Uarts(uarts) => {
                for (uart, chain) in uarts.iter_mut().zip(&mut self.chains) {
                    uart.advance(now, chain);
                }
            }
            Host::Fpga(fpga) => fpga.advance(now, &mut self.chains),
            Host::Cores(cores) => cores.advance(now, &mut self.chains),
            Host::Spi => self.chains.iter_mut().for_each(|chain| chain.run(now)),
        }
    }

    fn write_ledger(&mut self) {
        for (chain, (_, totals)) in self.chains.iter_mut().zip(&mut self.ledger.totals) {
            *totals = chain.totals;
            for record in chain.take_decided() {
                if self.ledger.frames.len() < self.frames_max {
                    self.ledger.frames.push(record);
                } else {
                    self.ledger.frames_left_out += 1;
                }
            }
            for job in chain.take_lost_jobs() {
                if self.ledger.lost_jobs.len() < self.frames_max {
                    self.ledger.lost_jobs.push(job);
                }
            }
        }
    }

    /// When something that a host can see may happen next.
    pub fn next_event(&self) -> Option<Instant> {
        let lines = match &self.host {
            Host::Uarts(uarts) => uarts
                .iter()
                .zip(&self.chains)
                .filter_map(|(uart, chain)| uart.next_event(chain))
                .min(),
            Host::Fpga(fpga) => fpga.next_event(&self.chains),
            Host::Cores(cores) => cores.next_event(&self.chains),
            // Nothing is seen that was not asked for.
            Host::Spi => None,
        };
        lines.into_iter().chain(self.parts_event()).min()
    }

    /// Write to a chain's UART; returns how many bytes it took. Without such a UART the
    /// bytes are lost.
    pub fn uart_write(&mut self, now: Instant, slot: ChainSlot, bytes: &[u8]) -> usize {
        self.advance(now);
        let now = self.now;
        let Some(i) = self.index(slot) else {
            return bytes.len();
        };
        match &mut self.host {
            Host::Uarts(uarts) => uarts
                .get_mut(i)
                .map_or(bytes.len(), |uart| uart.write(now, bytes, &self.chains[i])),
            Host::Fpga(_) | Host::Cores(_) | Host::Spi => bytes.len(),
        }
    }

    /// Bytes written to a chain's UART that have not left yet.
    pub fn uart_waiting(&self, slot: ChainSlot) -> usize {
        match (&self.host, self.index(slot)) {
            (Host::Uarts(uarts), Some(i)) => uarts.get(i).map_or(0, Uart::waiting),
            _ => 0,
        }
    }

    /// Read from a chain's UART; returns how many bytes there were.
    pub fn uart_read(&mut self, now: Instant, slot: ChainSlot, buffer: &mut [u8]) -> usize {
        self.advance(now);
        let now = self.now;
        self.uart(slot).map_or(0, |uart| uart.read(now, buffer))
    }

    /// As [`uart_read`](Self::uart_read), but of a frame all or nothing: for whoever hands bytes
    /// on in real time and may stand still between two looks, which no wire does in a frame.
    pub fn uart_read_whole(&mut self, now: Instant, slot: ChainSlot, buffer: &mut [u8]) -> usize {
        self.advance(now);
        let now = self.now;
        self.uart(slot)
            .map_or(0, |uart| uart.read_whole(now, buffer))
    }

    /// Set the host's baud rate on a chain's UART, at once: bytes that have not left yet
    /// leave at the new rate.
    pub fn uart_set_baud(&mut self, now: Instant, slot: ChainSlot, bits_per_s: u32) {
        self.advance(now);
        if let Some(uart) = self.uart(slot) {
            uart.set_baud(Some(bits_per_s));
        }
    }

    /// From now on the host's baud rate on a chain's UART is that of the chips, whatever
    /// they are set to: for hosts that say nothing about theirs.
    pub fn uart_follow_chips(&mut self, now: Instant, slot: ChainSlot) {
        self.advance(now);
        if let Some(uart) = self.uart(slot) {
            uart.set_baud(None);
        }
    }

    /// The baud rate that a chain's chips listen and talk at; `None` without power.
    pub fn chips_baud(&self, slot: ChainSlot) -> Option<f64> {
        self.chains[self.index(slot)?].bits_per_s()
    }

    /// When a chain's UART may have something to read.
    pub fn uart_next_event(&self, slot: ChainSlot) -> Option<Instant> {
        let i = self.index(slot)?;
        match &self.host {
            Host::Uarts(uarts) => uarts.get(i)?.next_event(&self.chains[i]),
            Host::Fpga(_) | Host::Cores(_) | Host::Spi => None,
        }
    }

    /// One transfer with a chain's chip select on SPI: what is sent is replaced by what comes in
    /// meanwhile. Zeros, where there is no such chain.
    pub fn spi_transfer(&mut self, now: Instant, slot: ChainSlot, clock_hz: u32, bytes: &mut [u8]) {
        self.advance(now);
        let now = self.now;
        match (&self.host, self.index(slot)) {
            (Host::Spi, Some(i)) => self.chains[i].transfer(now, clock_hz, bytes),
            _ => bytes.fill(0),
        }
        self.write_ledger();
    }

    /// Read a register of the FPGA at a byte offset; of the open design, at a physical address.
    /// 0 where there is none.
    pub fn fpga_read32(&mut self, now: Instant, offset: u32) -> u32 {
        self.advance(now);
        if let Some(value) = self.part_register_read(offset) {
            return value;
        }
        match &mut self.host {
            Host::Uarts(_) | Host::Spi => 0,
            Host::Fpga(fpga) => fpga.read(self.now, offset, &self.chains),
            Host::Cores(cores) => cores.read(offset),
        }
    }

    /// Write a register of the FPGA at a byte offset; of the open design, at a physical address.
    pub fn fpga_write32(&mut self, now: Instant, offset: u32, value: u32) {
        self.fpga_write_fifo(now, offset, &[value]);
    }

    /// Write words one after another to the same register of the FPGA.
    pub fn fpga_write_fifo(&mut self, now: Instant, offset: u32, words: &[u32]) {
        self.advance(now);
        if self.part_register_write(offset, words) {
            return;
        }
        match &mut self.host {
            Host::Uarts(_) | Host::Spi => {}
            Host::Fpga(fpga) => fpga.write_fifo(self.now, offset, words, &mut self.chains),
            Host::Cores(cores) => cores.write(self.now, offset, words, &mut self.chains),
        }
    }

    /// Power and heat, if the machine has them, at `now`: where the parts on its buses read
    /// and order.
    pub fn physics(&mut self, now: Instant) -> Option<&mut Physics> {
        self.advance(now);
        self.joined.as_mut().map(|joined| &mut joined.physics)
    }

    /// Switch the supply of a slot; with physics, what lets the rail through, and chips live
    /// while there is a voltage. Without effect where parts make the rails.
    pub fn set_rail(&mut self, now: Instant, slot: ChainSlot, on: bool) {
        self.advance(now);
        if self.fitted.is_some() {
            return;
        }
        let now = self.now;
        if let Some(joined) = &mut self.joined {
            joined.physics.set_rail(slot, on, None);
        } else if let Some(i) = self.index(slot) {
            self.chains[i].set_rail(now, on);
            self.write_ledger();
        }
    }

    /// Drive the reset line of a slot (on an FPGA board the same line as register 0x034).
    pub fn set_reset(&mut self, now: Instant, slot: ChainSlot, asserted: bool) {
        self.advance(now);
        let now = self.now;
        if let Some(i) = self.index(slot) {
            self.chains[i].set_reset(now, asserted);
            self.write_ledger();
        }
    }

    /// A hashboard is plugged into the slot.
    pub fn plugged(&self, slot: ChainSlot) -> bool {
        self.index(slot).is_some_and(|i| self.chains[i].present())
    }

    /// Hashes per second that the chips with work model now: real figures, not scaled.
    pub fn hashes_per_second_modelled(&self) -> HashRate {
        self.chains.iter().map(Chain::hash_rate).sum()
    }

    /// The ledger since the last [`TwinMachine::take_ledger`].
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Take the ledger: its lists are drained, totals go on.
    pub fn take_ledger(&mut self) -> Ledger {
        Ledger {
            frames: core::mem::take(&mut self.ledger.frames),
            frames_left_out: core::mem::take(&mut self.ledger.frames_left_out),
            lost_jobs: core::mem::take(&mut self.ledger.lost_jobs),
            totals: self.ledger.totals.clone(),
        }
    }

    fn index(&self, slot: ChainSlot) -> Option<usize> {
        self.slots.iter().position(|s| *s == slot)
    }

    fn uart(&mut self, slot: ChainSlot) -> Option<&mut Uart> {
        let i = self.index(slot)?;
        match &mut self.host {
            Host::Uarts(uarts) => uarts.get_mut(i),
            Host::Fpga(_) | Host::Cores(_) | Host::Spi => None,
        }
    }
}
