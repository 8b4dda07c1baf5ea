//! What a register's value means: its bits by name, and what they come to.

use super::{Fields, Value, hex};
use crate::fields::BitField;
use crate::pll;
use crate::{Profile, Register, register};

/// The bits that a table names.
pub(super) fn bits(fields: &[BitField], value: u32) -> Fields {
    fields
        .iter()
        .map(|field| {
            let part = field.of(value);
            let shown = if field.high == field.low {
                Value::Flag(part == 1)
            } else {
                Value::Number(u64::from(part))
            };
            (field.name, shown)
        })
        .collect()
}

/// What a register's value comes to, in units that people use.
pub(super) fn register(profile: &Profile, reg: Register, value: u32) -> Fields {
    let mut out = Fields::new();
    if let Some(info) = profile.register(reg) {
        out.push(("register_name", Value::Text(info.name.to_owned())));
        let named = bits(info.fields, value);
        if !named.is_empty() {
            out.push(("bits", Value::Fields(named)));
        }
    }
    if reg == register::CORE_CONTROL && !profile.core_registers.is_empty() {
        out.push(("core_register", Value::Fields(core_window(profile, value))));
    }
    if reg == profile.map.pll
        && let Some(frequency) = pll::frequency(value, profile.pll.encoding, 0)
    {
        let d = pll::dividers(value, profile.pll.encoding);
        let vco = pll::CRYSTAL_MHZ * f64::from(d.fbdiv) / f64::from(d.refdiv);
        out.push(("postdiv1", Value::Number(u64::from(d.p1))));
        out.push(("postdiv2", Value::Number(u64::from(d.p2))));
        out.push(("vco_mhz", Value::Real(vco)));
        out.push(("frequency_mhz", Value::Real(frequency.mhz())));
    }
    if reg == profile.map.ticket_mask
        && let Some(difficulty) = register::ticket_difficulty(value)
    {
        out.push(("difficulty", Value::Number(difficulty)));
    }
    if let Some(baud) = profile.baud_of(reg, value) {
        out.push(("baud", Value::Real(baud)));
    }
    if reg == register::VERSION_ROLLING && profile.version_bits > 0 {
        let mask = (value & 0xffff) << units::VERSION_SHIFT;
        out.push(("version_mask", hex(mask, 8)));
    }
    if let Some(celsius) = profile.temperature.celsius_of(reg, value) {
        out.push(("temp_c", Value::Real(celsius)));
    }
    out
}

/// The core register behind a write to, or a read through, register 0x3C.
fn core_window(profile: &Profile, value: u32) -> Fields {
    let info = profile.register(register::CORE_CONTROL);
    let part = |name| {
        let fields = info.map_or(&[] as &[BitField], |i| i.fields);
        fields
            .iter()
            .find(|f| f.name == name)
            .map_or(0, |f| f.of(value))
    };
    let number = part("core register") as u8;
    let content = part("core value");
    let write = part("write") == 1;
    let mut out: Fields = vec![
        ("all_or_do", Value::Flag(value >> 31 == 1)),
        ("core", Value::Number(u64::from(part("core")))),
        ("write", Value::Flag(write)),
        ("number", Value::Number(u64::from(number))),
    ];
    let known = profile.core_register(crate::CoreRegister(number));
    if let Some(known) = known {
        out.push(("name", Value::Text(known.name.to_owned())));
    }
    out.push(("value", hex(content, 2)));
    if let Some(known) = known.filter(|k| write && !k.fields.is_empty()) {
        out.push(("bits", Value::Fields(bits(known.fields, content))));
    }
    out
}
