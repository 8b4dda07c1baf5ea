//! A hashboard file: the chain's facts, and the parts beside the chips.

use super::{NAME_MAX, fitted, i2c_address, optional, seconds, voltage, voltage_code};
use crate::strict::Section;
use crate::{
    Channel, Eeprom, EepromKind, EepromLayout, Fitted, Hashboard, Peripherals, Place, Sensor,
    SensorBus, SensorPart, VoltageController, VoltageControllerKind, bounds,
};

/// Readings of a board's sensors: more than any known board has.
const SENSORS_MAX: usize = 16;

const PARTS: &[(&str, SensorPart)] = &[
    ("lm75", SensorPart::Lm75),
    ("tmp75", SensorPart::Tmp75),
    ("tmp451", SensorPart::Tmp451),
    ("nct218", SensorPart::Nct218),
    ("die", SensorPart::Die),
];
const PLACES: &[(&str, Place)] = &[
    ("inlet", Place::Inlet),
    ("outlet", Place::Outlet),
    ("board", Place::Board),
    ("chip", Place::Chip),
];
const CONTROLLERS: &[(&str, VoltageControllerKind)] = &[
    ("pic16f1704-plain", VoltageControllerKind::Pic16f1704Plain),
    ("pic16f1704-framed", VoltageControllerKind::Pic16f1704Framed),
    ("dspic33-framed", VoltageControllerKind::Dspic33Framed),
];

/// A hashboard before it is known on which control board it sits.
pub(crate) struct HashboardFile {
    /// With the baud rate that it would like best.
    pub(crate) hashboard: Hashboard,
    /// For control boards that cannot reach it.
    pub(crate) baud_fallback: Option<u32>,
    pub(crate) peripherals: Peripherals,
}

pub(crate) fn read_hashboard(id: &str, s: &mut Section<'_>) -> Option<HashboardFile> {
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
    let slower = *bounds::BAUD.start()..=baud.unwrap_or(*bounds::BAUD.end());
    let baud_fallback = optional(s, "baud_fallback_per_s", |s| {
        u32::try_from(s.integer("baud_fallback_per_s", slower)?).ok()
    });
    let ticket = s.integer("ticket_difficulty", bounds::TICKET_DIFFICULTY);
    check_counts(s, chips, domains, interval, ticket);
    let peripherals = read_peripherals(s, chips);
    Some(HashboardFile {
        hashboard: Hashboard {
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
        },
        baud_fallback: baud_fallback?,
        peripherals: peripherals?,
    })
}

fn check_counts(
    s: &mut Section<'_>,
    chips: Option<u64>,
    domains: Option<u64>,
    interval: Option<u64>,
    ticket: Option<u64>,
) {
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
}

fn read_peripherals(s: &mut Section<'_>, chips: Option<u64>) -> Option<Peripherals> {
    let controller = fitted(s, "voltage_controller", CONTROLLERS, |kind, s| {
        let address = i2c_address(s);
        let code = voltage_code(s);
        let rail_off_after_s = seconds(s, "rail_off_after_s");
        Some(VoltageController {
            kind,
            address: address?,
            code: code?,
            rail_off_after_s: rail_off_after_s?,
        })
    });
    let eeprom = fitted(
        s,
        "eeprom",
        &[("at24c02", EepromKind::At24c02)],
        |kind, s| {
            let address = i2c_address(s);
            let layouts = [("x19-xxtea", EepromLayout::X19Xxtea)];
            let layout = optional(s, "layout", |s| s.choice("layout", &layouts));
            Some(Eeprom {
                kind,
                address: address?,
                layout: layout?,
            })
        },
    );
    // A faulty table is not an absent one: its own fault is enough.
    let relay = controller
        .as_ref()
        .is_none_or(|c| matches!(c, Fitted::Present(_)));
    let mut sensors = Vec::new();
    if s.has("sensor") {
        for mut sensor in s.sections("sensor", SENSORS_MAX)? {
            sensors.push(read_sensor(&mut sensor, chips, relay));
        }
    }
    let sensors: Option<Vec<_>> = sensors.into_iter().collect();
    Some(Peripherals {
        sensors: sensors?,
        voltage_controller: controller?,
        eeprom: eeprom?,
    })
}

fn read_sensor(s: &mut Section<'_>, chips: Option<u64>, relay: bool) -> Option<Sensor> {
    let part = s.choice("part", PARTS);
    // What is on a chip's die is on no bus.
    let address = match part {
        Some(SensorPart::Die) => Some(0),
        _ => i2c_address(s),
    };
    let place = s.choice("place", PLACES);
    let channels = [("local", Channel::Local), ("remote", Channel::Remote)];
    let channel = optional(s, "channel", |s| s.choice("channel", &channels));
    let two = matches!(part, Some(SensorPart::Tmp451 | SensorPart::Nct218) | None);
    if channel == Some(Some(Channel::Remote)) && !two {
        s.refuse(
            "channel",
            "this part has no remote diode",
            "remove the key, or name the part that is fitted",
        );
    }
    let bus = read_sensor_bus(s, chips, relay)?;
    if part == Some(SensorPart::Die) && !matches!(bus, SensorBus::Chip(_)) {
        s.refuse(
            "via",
            "a sensor on a die is reached through its chip",
            "set `via = \"chip\"`, or name the part that is fitted",
        );
        return None;
    }
    Some(Sensor {
        part: part?,
        bus,
        address: address?,
        channel: channel?.unwrap_or(Channel::Local),
        place: place?,
    })
}

fn read_sensor_bus(s: &mut Section<'_>, chips: Option<u64>, relay: bool) -> Option<SensorBus> {
    #[derive(Clone, Copy, PartialEq)]
    enum Via {
        ControlBoard,
        Controller,
        Chip,
    }
    let ways = [
        ("control-board", Via::ControlBoard),
        ("voltage-controller", Via::Controller),
        ("chip", Via::Chip),
    ];
    match s.choice("via", &ways)? {
        Via::ControlBoard => Some(SensorBus::ControlBoard),
        Via::Controller if relay => Some(SensorBus::VoltageController),
        Via::Controller => {
            s.refuse(
                "via",
                "this board is not known to have a voltage controller",
                "add `[voltage_controller]`, or say how the sensor is reached",
            );
            None
        }
        Via::Chip => {
            let last = chips.unwrap_or(*bounds::CHIPS.end()).saturating_sub(1);
            let chip = s.integer("chip", 0..=last)?;
            Some(SensorBus::Chip(u16::try_from(chip).ok()?))
        }
    }
}
