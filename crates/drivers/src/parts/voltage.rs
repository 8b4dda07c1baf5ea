//! Voltages as parts take them: one byte, `N = offset - per_volt * V`.
//!
//! A larger code is a lower voltage, so that cutting a fraction off the code errs to the
//! *higher* voltage, by up to a step (13 mV on an APW12, 28 mV on an APW9, 6 mV on the S9's
//! controller). Each family's published rule is kept, so that an order is the byte that its
//! maker's host would send; where that byte means more than the machine's limit, the next
//! code is taken, which means less.

use core::ops::RangeInclusive;

use board_support::VoltageCode;

use super::OrderError;

/// How a family makes a whole code of a fraction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    /// The fraction is cut off. Captured: 15.00 V on an APW12 of type 0x71 is 9, not 9.80.
    Truncate,
    /// To the nearest. Published: 21.00 V on an APW9 is 13, not 12.91; every source of the
    /// S9's controller.
    Nearest,
}

/// A code that never stands for more than the limit it was made with, and for less than the
/// least voltage by under two steps. There is no other way to come by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodedVoltage {
    code: u8,
    mv: u32,
}

impl CodedVoltage {
    /// The code for `mv` millivolts, which must lie inside `limits` (of the machine,
    /// millivolts) and inside what the part can express.
    pub fn new(
        formula: &VoltageCode,
        rounding: Rounding,
        limits: &RangeInclusive<u32>,
        mv: u32,
    ) -> Result<CodedVoltage, OrderError> {
        let range = formula.range_mv();
        let (min_mv, max_mv) = (
            *limits.start().max(range.start()),
            *limits.end().min(range.end()),
        );
        let refused = OrderError::OutOfRange { mv, min_mv, max_mv };
        if !(min_mv..=max_mv).contains(&mv) {
            return Err(refused);
        }
        let exact = formula.offset - formula.per_volt * f64::from(mv) / 1000.0;
        // Clamped: at the ends of the range a code may be a hair outside.
        let code = match rounding {
            Rounding::Truncate => exact.clamp(0.0, 255.0) as u8,
            Rounding::Nearest => exact.round().clamp(0.0, 255.0) as u8,
        };
        let codes = [Some(code), code.checked_add(1)];
        let allowed = codes.into_iter().flatten().find_map(|code| {
            let mv = millivolts_ceil(formula, code);
            (mv <= *limits.end()).then_some(CodedVoltage { code, mv })
        });
        allowed.ok_or(refused)
    }

    /// The byte on the wire.
    pub const fn code(self) -> u8 {
        self.code
    }

    /// What it stands for, millivolts, rounded up.
    pub const fn mv_ceil(self) -> u32 {
        self.mv
    }
}

/// What a code stands for, millivolts, rounded up; 0 for a formula that stands for nothing.
pub fn millivolts_ceil(formula: &VoltageCode, code: u8) -> u32 {
    // Saturating: a quotient that is negative or no number becomes 0.
    ((formula.offset - f64::from(code)) / formula.per_volt * 1000.0).ceil() as u32
}
