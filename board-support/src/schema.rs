//! What each kind of file says, and what it may say.

use crate::strict::Section;
use crate::{ControlBoard, Hashboard, LinkKind, Machine, Psu, bounds};

pub(crate) const NAME_MAX: usize = 80;

/// A machine file before its parts are looked up.
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) slots: u8,
    pub(crate) rated_ths: f64,
    pub(crate) rated_power_w: f64,
    pub(crate) control_board: String,
    pub(crate) hashboard: String,
    pub(crate) psu: String,
}

pub(crate) fn read_machine(s: &mut Section<'_>) -> Option<Head> {
    let name = s.text("name", NAME_MAX);
    let slots = s.integer("slots", bounds::SLOTS);
    let rated_ths = s.number("rated_ths", bounds::RATED_THS);
    let rated_power_w = s.number("rated_power_w", bounds::RATED_POWER_W);
    let control_board = s.text("control_board", NAME_MAX);
    let hashboard = s.text("hashboard", NAME_MAX);
    let psu = s.text("psu", NAME_MAX);
    Some(Head {
        name: name?,
        slots: u8::try_from(slots?).ok()?,
        rated_ths: rated_ths?,
        rated_power_w: rated_power_w?,
        control_board: control_board?,
        hashboard: hashboard?,
        psu: psu?,
    })
}

pub(crate) fn read_control_board(id: &str, s: &mut Section<'_>) -> Option<ControlBoard> {
    let name = s.text("name", NAME_MAX);
    let links = [("uart", LinkKind::Uart), ("fpga-fifo", LinkKind::FpgaFifo)];
    let link = s.choice("link", &links);
    let baud_max = s.integer("baud_max_per_s", bounds::BAUD);
    Some(ControlBoard {
        id: id.to_owned(),
        name: name?,
        link: link?,
        baud_max: u32::try_from(baud_max?).ok()?,
    })
}

pub(crate) fn read_hashboard(id: &str, s: &mut Section<'_>) -> Option<Hashboard> {
    let name = s.text("name", NAME_MAX);
    let chip = s.text("chip", NAME_MAX);
    let chips = s.integer("chips", bounds::CHIPS);
    let domains = s.integer("domains", bounds::DOMAINS);
    let interval = s.integer("address_interval", bounds::ADDRESS_INTERVAL);
    let frequency_max = s.number("frequency_max_mhz", bounds::FREQUENCY_MHZ);
    let below = *bounds::FREQUENCY_MHZ.start()..=frequency_max.unwrap_or(f64::MAX);
    let frequency = s.number("frequency_mhz", below);
    let voltage_start = voltage(s, "voltage_start_mv");
    let voltage = voltage(s, "voltage_mv");
    let baud = s.integer("baud_per_s", bounds::BAUD);
    let ticket = s.integer("ticket_difficulty", bounds::TICKET_DIFFICULTY);
    if let (Some(chips), Some(domains)) = (chips, domains)
        && chips % domains != 0
    {
        s.refuse(
            "domains",
            &format!("{chips} chips do not divide into {domains} domains"),
            "domains in series must carry the same number of chips",
        );
    }
    if let (Some(chips), Some(interval)) = (chips, interval)
        && chips * interval > 256
    {
        s.refuse(
            "address_interval",
            &format!("{chips} chips {interval} apart need more than 256 addresses"),
            "an address is one byte: use a smaller interval",
        );
    }
    if ticket.is_some_and(|t| !t.is_power_of_two()) {
        s.refuse(
            "ticket_difficulty",
            "must be a power of two",
            "chips mask whole bits: use 64, 128, 256 …",
        );
    }
    Some(Hashboard {
        id: id.to_owned(),
        name: name?,
        chip: chip?,
        chips: u16::try_from(chips?).ok()?,
        domains: u16::try_from(domains?).ok()?,
        address_interval: u8::try_from(interval?).ok()?,
        frequency_mhz: frequency?,
        frequency_max_mhz: frequency_max?,
        voltage_start_mv: voltage_start?,
        voltage_mv: voltage?,
        baud: u32::try_from(baud?).ok()?,
        ticket_difficulty: ticket?,
    })
}

pub(crate) fn read_psu(id: &str, s: &mut Section<'_>) -> Option<Psu> {
    let name = s.text("name", NAME_MAX);
    let min = voltage(s, "voltage_min_mv");
    let max = voltage(s, "voltage_max_mv");
    if let (Some(Some(min)), Some(Some(max))) = (min, max)
        && min > max
    {
        s.refuse(
            "voltage_min_mv",
            "is above `voltage_max_mv`",
            "exchange the two",
        );
    }
    Some(Psu {
        id: id.to_owned(),
        name: name?,
        voltage_min_mv: min?,
        voltage_max_mv: max?,
    })
}

/// A voltage that may be unknown: absent is `Some(None)`, faulty is `None`.
fn voltage(s: &mut Section<'_>, key: &'static str) -> Option<Option<u32>> {
    if !s.has(key) {
        return Some(None);
    }
    let mv = s.integer(key, bounds::VOLTAGE_MV)?;
    Some(u32::try_from(mv).ok())
}

/// What no single file can be blamed for: the machine's key that joined the parts, what is
/// wrong, and what to do.
pub(crate) fn fits_together(machine: &Machine) -> Result<(), (&'static str, String, &'static str)> {
    let (board, control, psu) = (&machine.hashboard, &machine.control_board, &machine.psu);
    if board.baud > control.baud_max {
        let message = format!(
            "`{}` reaches {} baud and `{}` wants {}",
            control.id, control.baud_max, board.id, board.baud
        );
        let remedy = "lower the hashboard's `baud_per_s`, or name the right control board";
        return Err(("control_board", message, remedy));
    }
    let min = psu.voltage_min_mv.unwrap_or(0);
    let max = psu.voltage_max_mv.unwrap_or(u32::MAX);
    let wanted = [board.voltage_start_mv, board.voltage_mv];
    match wanted
        .into_iter()
        .flatten()
        .find(|mv| !(min..=max).contains(mv))
    {
        None => Ok(()),
        Some(mv) => {
            let message = format!(
                "`{}` gives {min} to {max} mV and `{}` wants {mv}",
                psu.id, board.id
            );
            let remedy = "name the right supply, or correct the hashboard's voltages";
            Err(("psu", message, remedy))
        }
    }
}
