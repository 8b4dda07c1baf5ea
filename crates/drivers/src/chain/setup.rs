//! What a configuration must fulfil before a chain is made from it.

use protocol::{Shape, spi};
use units::{Megahertz, TicketDifficulty, VERSION_SHIFT};

use super::api::{ChainConfig, ConfigError};
use super::kind::Kind;

/// Header version bits that chips may roll until work says otherwise.
pub(super) const ALL_VERSION_BITS: u32 = 0xffff << VERSION_SHIFT;

/// No serial chip hashes at this frequency: 800 is above every published rating (the highest
/// is the S19's 669) and below what a misread divider would give (1050 and more). A definition
/// that asks for more is wrong whatever it says. Chips on SPI have theirs in their tables.
const SERIAL_MAX_MHZ: f64 = 800.0;

pub(super) fn check(config: &ChainConfig) -> Result<(Kind, Shape), ConfigError> {
    let board = &config.hashboard;
    let serial = protocol::profile(&board.chip).map(Kind::Serial);
    let kind = serial.or_else(|| spi::profile(&board.chip).map(Kind::Words));
    let kind = kind.ok_or_else(|| ConfigError::UnknownChip(board.chip.clone()))?;
    let value = |what, ok: bool, allowed: &str| {
        let allowed = allowed.to_owned();
        ok.then_some(()).ok_or(ConfigError::Value { what, allowed })
    };
    value("settle_percent", config.settle_percent <= 100, "0 to 100")?;
    value("thinning", config.thinning >= 1, "1 or more")?;
    value("address_interval", board.address_interval >= 1, "1 or more")?;
    let room = match kind {
        Kind::Serial(_) => 256 / u16::from(board.address_interval.max(1)),
        Kind::Words(_) => spi::CHIPS_MAX,
    };
    let chips_fit = (1..=room).contains(&board.chips);
    value("chips", chips_fit, &format!("1 to {room} at this interval"))?;
    let domains_fit = board.domains >= 1 && board.chips.is_multiple_of(board.domains);
    value("domains", domains_fit, "a divisor of the number of chips")?;
    let bound = match kind {
        Kind::Serial(_) => SERIAL_MAX_MHZ,
        Kind::Words(profile) => profile.frequency_max.mhz(),
    };
    let top = board.frequency_max_mhz.min(bound);
    let start = kind.start().mhz();
    let frequency_fits = (start..=top).contains(&board.frequency_mhz);
    let allowed = format!("{start} to {top} MHz");
    value("frequency_mhz", frequency_fits, &allowed)?;
    let target = Megahertz::new(board.frequency_mhz);
    let near = kind
        .reached(target)
        .is_some_and(|f| (f.mhz() / target.mhz() - 1.0).abs() < 0.01);
    value("frequency_mhz", near, "a frequency that the PLL can give")?;
    let baud_fits = match kind {
        Kind::Serial(profile) => profile.baud_writes(board.baud).is_some(),
        Kind::Words(profile) => board.baud >= profile.clock_hz(profile.start),
    };
    value("baud", baud_fits, "a rate that the chip can give")?;
    let ticket = board.ticket_difficulty;
    let ticket_log2 = ticket.is_power_of_two().then(|| ticket.ilog2() as u8);
    let ticket = ticket_log2.and_then(TicketDifficulty::from_log2);
    value(
        "ticket_difficulty",
        ticket.is_some(),
        "a power of two up to 2^32",
    )?;
    let shape = Shape {
        chips: board.chips,
        domains: board.domains,
        address_interval: board.address_interval,
        ticket: ticket.unwrap_or(TicketDifficulty::from_difficulty_floor(
            units::Difficulty::ONE,
        )),
        target,
        baud: board.baud,
        version_mask: ALL_VERSION_BITS,
    };
    Ok((kind, shape))
}
