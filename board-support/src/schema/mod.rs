//! What each kind of file says, and what it may say.

mod control_board;
mod hashboard;
mod machine;
mod psu;

use crate::strict::Section;
use crate::{Fitted, VoltageCode, bounds};

pub(crate) use control_board::read_control_board;
pub(crate) use hashboard::read_hashboard;
pub(crate) use machine::{Head, read_machine};
pub(crate) use psu::read_psu;

pub(crate) const NAME_MAX: usize = 80;
/// Control boards that a machine names, and type words of a supply: as many as there are.
const LIST_MAX: usize = 16;

/// A voltage that may be unknown: absent is `Some(None)`, faulty is `None`.
fn voltage(s: &mut Section<'_>, key: &'static str) -> Option<Option<u32>> {
    optional(s, key, |s| {
        u32::try_from(s.integer(key, bounds::VOLTAGE_MV)?).ok()
    })
}

/// A time that may be unknown, in whole seconds.
fn seconds(s: &mut Section<'_>, key: &'static str) -> Option<Option<u32>> {
    optional(s, key, |s| {
        u32::try_from(s.integer(key, bounds::SECONDS)?).ok()
    })
}

fn i2c_address(s: &mut Section<'_>) -> Option<u8> {
    u8::try_from(s.integer("i2c_address", bounds::I2C_ADDRESS)?).ok()
}

/// A value that may be absent: absent is `Some(None)`, faulty is `None`.
fn optional<T>(
    s: &mut Section<'_>,
    key: &'static str,
    read: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Option<Option<T>> {
    match s.has(key) {
        true => read(s).map(Some),
        false => Some(None),
    }
}

/// A voltage code: both of its constants or none.
fn voltage_code(s: &mut Section<'_>) -> Option<Option<VoltageCode>> {
    if !s.has("code_offset") && !s.has("code_per_v") {
        return Some(None);
    }
    let offset = s.number("code_offset", bounds::VOLTAGE_CODE_OFFSET);
    let per_volt = s.number("code_per_v", bounds::VOLTAGE_CODE_PER_V);
    let code = VoltageCode {
        offset: offset?,
        per_volt: per_volt?,
    };
    let (low, high) = (*code.range_mv().start(), *code.range_mv().end());
    // Codes may reach a little under the lowest rail that may be ordered, never above the
    // highest.
    if u64::from(high) > *bounds::VOLTAGE_MV.end() || u64::from(low) < 5_000 {
        s.refuse(
            "code_offset",
            &format!("its codes mean {low} to {high} mV, which no such part gives"),
            "correct the two constants: N = code_offset - code_per_v * V, N from 0 to 255",
        );
        return None;
    }
    Some(Some(code))
}

/// A part in a table of its own whose `kind` may be `none`. No table: unknown.
fn fitted<K: Copy, T>(
    s: &mut Section<'_>,
    key: &'static str,
    kinds: &[(&str, K)],
    read: impl FnOnce(K, &mut Section<'_>) -> Option<T>,
) -> Option<Fitted<T>> {
    if !s.has(key) {
        return Some(Fitted::Unknown);
    }
    let mut part = s.section(key)?;
    let mut choices: Vec<(&str, Option<K>)> = vec![("none", None)];
    choices.extend(kinds.iter().map(|(name, kind)| (*name, Some(*kind))));
    match part.choice("kind", &choices)? {
        None => Some(Fitted::Absent),
        Some(kind) => read(kind, &mut part).map(Fitted::Present),
    }
}

/// A line that may be absent: no key is unknown, `none` is none.
fn fitted_line<K: Copy>(
    s: &mut Section<'_>,
    key: &'static str,
    kinds: &[(&str, K)],
) -> Option<Fitted<K>> {
    if !s.has(key) {
        return Some(Fitted::Unknown);
    }
    let mut choices = vec![("none", Fitted::Absent)];
    choices.extend(
        kinds
            .iter()
            .map(|(name, kind)| (*name, Fitted::Present(*kind))),
    );
    s.choice(key, &choices)
}
