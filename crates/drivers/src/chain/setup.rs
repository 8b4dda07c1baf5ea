//! What a configuration must fulfil before a chain is made from it.

use protocol::{Profile, Shape};
use units::{Megahertz, TicketDifficulty, VERSION_SHIFT};

use super::api::{ChainConfig, ConfigError};

/// Header version bits that chips may roll until work says otherwise.
pub(super) const ALL_VERSION_BITS: u32 = 0xffff << VERSION_SHIFT;

/// No chip of the family hashes at this frequency; a definition that asks for more is
/// wrong whatever it says.
const FREQUENCY_BOUND_MHZ: f64 = 1000.0;

pub(super) fn check(config: &ChainConfig) -> Result<(&'static Profile, Shape), ConfigError> {
    let board = &config.hashboard;
    let profile = protocol::profile(&board.chip)
        .ok_or_else(|| ConfigError::UnknownChip(board.chip.clone()))?;
    let value = |what, ok: bool, allowed: &str| {
        let allowed = allowed.to_owned();
        ok.then_some(()).ok_or(ConfigError::Value { what, allowed })
    };
    value("settle_percent", config.settle_percent <= 100, "0 to 100")?;
    value("thinning", config.thinning >= 1, "1 or more")?;
    value("address_interval", board.address_interval >= 1, "1 or more")?;
    let room = 256 / u16::from(board.address_interval.max(1));
    let chips_fit = (1..=room).contains(&board.chips);
    value("chips", chips_fit, &format!("1 to {room} at this interval"))?;
    let domains_fit = board.domains >= 1 && board.chips.is_multiple_of(board.domains);
    value("domains", domains_fit, "a divisor of the number of chips")?;
    let top = board.frequency_max_mhz.min(FREQUENCY_BOUND_MHZ);
    let start = profile.start.mhz();
    let frequency_fits = (start..=top).contains(&board.frequency_mhz);
    let allowed = format!("{start} to {top} MHz");
    value("frequency_mhz", frequency_fits, &allowed)?;
    let target = Megahertz::new(board.frequency_mhz);
    let near = profile
        .pll
        .solve(target)
        .is_some_and(|s| (s.frequency.mhz() / target.mhz() - 1.0).abs() < 0.01);
    value("frequency_mhz", near, "a frequency that the PLL can give")?;
    let baud_fits = profile.baud_writes(board.baud).is_some();
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
    Ok((profile, shape))
}
