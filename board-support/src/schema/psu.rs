//! A file of a power supply.

use super::{NAME_MAX, fitted_line, i2c_address, optional, seconds, voltage, voltage_code};
use crate::strict::Section;
use crate::{EnableLine, Psu, PsuProtocol, PsuType, bounds};

/// Types of one family.
const TYPES_MAX: usize = 16;

pub(crate) fn read_psu(id: &str, s: &mut Section<'_>) -> Option<Psu> {
    let name = s.text("name", NAME_MAX);
    let protocols = [
        ("none", PsuProtocol::None),
        ("apw-packets", PsuProtocol::ApwPackets),
    ];
    let protocol = s.choice("protocol", &protocols);
    let address = optional(s, "i2c_address", i2c_address);
    let fixed = voltage(s, "fixed_mv");
    let min = voltage(s, "voltage_min_mv");
    let max = voltage(s, "voltage_max_mv");
    let output_max_w = optional(s, "output_max_w", |s| {
        s.number("output_max_w", bounds::RATED_POWER_W)
    });
    let lines = [("active-low", EnableLine::ActiveLow)];
    let enable = fitted_line(s, "enable", &lines);
    let off_before_on_s = seconds(s, "off_before_on_s");
    let types = match s.has("type") {
        true => read_types(s),
        false => Some(Vec::new()),
    };
    if let (Some(Some(min)), Some(Some(max))) = (min, max)
        && min > max
    {
        s.refuse(
            "voltage_min_mv",
            "is above `voltage_max_mv`",
            "exchange the two",
        );
    }
    if protocol == Some(PsuProtocol::None) {
        for key in ["i2c_address", "voltage_min_mv", "voltage_max_mv", "type"] {
            if s.has(key) {
                s.refuse(
                    key,
                    "this supply takes no orders",
                    "remove it, or name the `protocol`",
                );
            }
        }
    } else if protocol.is_some() && s.has("fixed_mv") {
        s.refuse(
            "fixed_mv",
            "this supply can be set",
            "remove it, or set `protocol = \"none\"`",
        );
    }
    Some(Psu {
        id: id.to_owned(),
        name: name?,
        protocol: protocol?,
        address: address?,
        fixed_mv: fixed?,
        voltage_min_mv: min?,
        voltage_max_mv: max?,
        output_max_w: output_max_w?,
        enable: enable?,
        off_before_on_s: off_before_on_s?,
        types: types?,
    })
}

fn read_types(s: &mut Section<'_>) -> Option<Vec<PsuType>> {
    let types: Vec<_> = s
        .sections("type", TYPES_MAX)?
        .into_iter()
        .map(|mut t| {
            let word = t.integer("word", bounds::TYPE_WORD);
            let code = voltage_code(&mut t);
            Some(PsuType {
                word: u16::try_from(word?).ok()?,
                code: code?,
            })
        })
        .collect();
    let types: Vec<PsuType> = types.into_iter().collect::<Option<_>>()?;
    let twice = (1..types.len()).any(|i| types[..i].iter().any(|t| t.word == types[i].word));
    if twice {
        let message = "two types have the same `word`";
        s.refuse("type", message, "remove one of the two");
        return None;
    }
    Some(types)
}
