//! Bring-up as data: a list of steps that a player runs.
//!
//! A step becomes one command or several ([`Step::command`]), each followed by its settle
//! time. What a step means beyond commands (power, reset, waiting for answers, the host's
//! own baud rate) is the player's.

use units::ChipAddress;

use crate::profile::{Profile, Shape, Source};
use crate::{Command, Register, To, register};

/// Boards of fewer domains neither relay the UART nor strengthen the clock between them
/// (published by one source, which holds for every captured board).
pub const RELAYED_FROM_DOMAINS: u16 = 10;

/// One step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What to do.
    pub action: Action,
    /// Milliseconds to wait after each command of it, once the command has left.
    pub settle_ms: u32,
    /// Where action, value and settle time come from.
    pub source: Source,
    /// Boards that it is for.
    pub boards: Boards,
}

/// Boards that a step is for. Machines with the same chip differ in a word or two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Boards {
    /// All.
    Any,
    /// Those with so many chips.
    Of(u16),
    /// All others.
    NotOf(u16),
}

impl Boards {
    const fn include(self, shape: &Shape) -> bool {
        match self {
            Boards::Any => true,
            Boards::Of(chips) => shape.chips == chips,
            Boards::NotOf(chips) => shape.chips != chips,
        }
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Hash power on.
    RailOn,
    /// Reset line asserted or released.
    Reset {
        /// Held in reset.
        asserted: bool,
    },
    /// Write to all chips.
    WriteAll(Register, u32),
    /// Write these to one chip after the other, all of them to a chip before the next,
    /// ascending.
    WriteEach(&'static [(Register, u32)]),
    /// Write to the last chip of each domain, far end first. Boards of few domains do
    /// without.
    WriteDomainLast(Register, u32),
    /// Set the relay on first and last chip of each domain, far end first. Boards of few
    /// domains ([`RELAYED_FROM_DOMAINS`]) do without.
    UartRelay,
    /// Enter addressing mode.
    Inactive,
    /// Give out every address that exists at the board's interval, as vendors do, also
    /// past the last chip.
    SetAddresses,
    /// Give out one address for each chip of the board.
    AddressChips,
    /// Do nothing: the settle time is the step.
    Pause,
    /// Clock this many empty jobs through the chips, each of which enables one core after
    /// the other (BM1387). The settle time counts from the last of them.
    OpenCores {
        /// How many.
        jobs: u8,
        /// Midstates in each.
        midstates: u8,
    },
    /// Set the ticket mask of the board.
    TicketMask,
    /// Set the start frequency.
    StartFrequency,
    /// Set how far cores sweep at the start frequency.
    HashCounting,
    /// Let the chips roll the version bits that the work at hand allows.
    VersionRolling,
    /// Divide the nonce space by register 0x0C.
    NonceOffsets,
    /// Change chips and host to the working baud rate. The settle time counts from the
    /// chips' last write; then the host changes.
    Baud,
    /// Read the chip id from all and count the answers.
    ExpectChips {
        /// Longest wait, milliseconds. Ends earlier when all have answered and the line
        /// is quiet.
        within_ms: u32,
    },
}

impl Step {
    /// A step that waits for nothing.
    pub const fn new(action: Action, source: Source) -> Step {
        Step {
            action,
            settle_ms: 0,
            source,
            boards: Boards::Any,
        }
    }

    /// Write to all chips.
    pub const fn write(reg: Register, value: u32, source: Source) -> Step {
        Step::new(Action::WriteAll(reg, value), source)
    }

    /// The same step, for these boards alone. For steps that send commands.
    pub const fn on(self, boards: Boards) -> Step {
        Step { boards, ..self }
    }

    /// The same step with a settle time after each command.
    pub const fn settle(self, ms: u32) -> Step {
        Step {
            settle_ms: ms,
            ..self
        }
    }

    /// The `i`-th command of this step on a board; `None` after its last.
    pub fn command(&self, profile: &Profile, shape: &Shape, i: usize) -> Option<Command> {
        if !self.boards.include(shape) {
            return None;
        }
        let write = |to, reg, value| Some(Command::WriteRegister { to, reg, value });
        match self.action {
            Action::RailOn | Action::Reset { .. } | Action::Pause | Action::OpenCores { .. } => {
                None
            }
            Action::WriteEach(writes) => {
                let (chip, n) = (i / writes.len().max(1), i % writes.len().max(1));
                let (reg, value) = *writes.get(n)?;
                write(one(shape, chip, shape.chips)?, reg, value)
            }
            Action::WriteDomainLast(reg, value) => {
                let domain = descending(i, shape)?;
                let per = usize::from(shape.chips_per_domain());
                write(one(shape, domain * per + per - 1, shape.chips)?, reg, value)
            }
            Action::UartRelay => {
                let domain = descending(i / 2, shape)?;
                let per = usize::from(shape.chips_per_domain());
                let chip = domain * per + if i.is_multiple_of(2) { 0 } else { per - 1 };
                let value =
                    register::uart_relay(shape.chips_per_domain(), shape.domains, domain as u16);
                write(one(shape, chip, shape.chips)?, register::UART_RELAY, value)
            }
            Action::NonceOffsets => {
                let value = register::nonce_offset(i as u16, shape.chips);
                write(one(shape, i, shape.chips)?, register::NONCE_OFFSET, value)
            }
            Action::SetAddresses => set_address(shape, i, shape.addresses()),
            Action::AddressChips => set_address(shape, i, shape.chips),
            Action::Baud => {
                let writes = profile.baud_writes(shape.baud)?;
                let before = writes.before.iter().copied();
                let (reg, value) = before.chain([writes.last]).nth(i)?;
                write(To::All, reg, value)
            }
            Action::StartFrequency => {
                let setting = profile.pll.solve(profile.start)?;
                let writes = profile.pll_writes;
                let (reg, value) = writes.nth(profile.map.pll, setting.value, i)?;
                write(To::All, reg, value)
            }
            _ if i > 0 => None,
            Action::WriteAll(reg, value) => write(To::All, reg, value),
            Action::Inactive => Some(Command::Inactive),
            Action::TicketMask => write(
                To::All,
                profile.map.ticket_mask,
                register::ticket_mask(shape.ticket),
            ),
            Action::VersionRolling => write(
                To::All,
                register::VERSION_ROLLING,
                register::version_rolling(shape.version_mask),
            ),
            Action::HashCounting => write(
                To::All,
                profile.map.hash_counting,
                profile.hash_counting(profile.start, shape),
            ),
            Action::ExpectChips { .. } => Some(Command::ReadRegister {
                to: To::All,
                reg: register::CHIP_ID,
            }),
        }
    }
}

fn set_address(shape: &Shape, index: usize, count: u16) -> Option<Command> {
    match one(shape, index, count)? {
        To::One(address) => Some(Command::SetAddress(address)),
        To::All => None,
    }
}

fn one(shape: &Shape, index: usize, count: u16) -> Option<To> {
    let index = u16::try_from(index).ok().filter(|i| *i < count)?;
    let ChipAddress(address) = shape.address(index);
    Some(To::One(ChipAddress(address)))
}

/// The `i`-th domain from the far end of a board that relays.
fn descending(i: usize, shape: &Shape) -> Option<usize> {
    if shape.domains < RELAYED_FROM_DOMAINS {
        return None;
    }
    usize::from(shape.domains).checked_sub(i + 1)
}
