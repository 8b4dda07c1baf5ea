//! Baud arithmetic, and how much of its work a baud rate can carry.

use units::Duration;

/// Baud base without a PLL: the crystal.
pub const CRYSTAL_HZ: u32 = 25_000_000;
/// What chips speak after reset: 25 MHz / (8 * 27), nominally 115200.
pub const RESET_BITS_PER_S: u32 = 115_200;

/// Bits per second that a base clock and a divider field give.
pub fn bits_per_s(base_hz: u32, divider: u16) -> f64 {
    f64::from(base_hz) / (8.0 * (f64::from(divider) + 1.0))
}

/// The divider field that gives `wanted` within 2 %, which is what 8N1 tolerates with
/// room for both crystals. `None` if there is none.
pub fn divider(base_hz: u32, wanted: u32, max: u16) -> Option<u16> {
    if wanted == 0 {
        return None;
    }
    let ideal = f64::from(base_hz) / (8.0 * f64::from(wanted)) - 1.0;
    let field = ideal.round().clamp(0.0, f64::from(max)) as u16;
    let off = bits_per_s(base_hz, field) / f64::from(wanted) - 1.0;
    (off.abs() <= 0.02).then_some(field)
}

/// Share of its work, 0 to 1, that a line of `bits_per_s` can carry when every
/// `period` takes a frame of `frame_bytes`. A byte is ten bits (8N1).
pub fn carried(bits_per_s: u32, frame_bytes: usize, period: Duration) -> f64 {
    let needed = frame_bytes as f64 * 10.0 / f64::from(bits_per_s.max(1));
    (period.as_secs_f64() / needed).min(1.0)
}

/// Divider of BM1387 in register 0x1C, bits 12:8. There is no faster base.
pub mod low {
    /// `value` with another divider.
    pub const fn with_divider(value: u32, divider: u16) -> u32 {
        (value & !0x1f00) | (divider as u32 & 0x1f) << 8
    }

    /// The divider.
    pub const fn divider(value: u32) -> u16 {
        (value >> 8 & 0x1f) as u16
    }
}

/// Divider of BM1397 and BM1398 in register 0x18: low five bits at 12:8, high four at
/// 27:24; bit 16 selects PLL3 as base.
pub mod misc {
    /// `value` with another divider and base.
    pub const fn with_divider(value: u32, divider: u16, pll3: bool) -> u32 {
        let d = divider as u32;
        (value & !0x0f01_1f00) | (d & 0x1f) << 8 | (d >> 5 & 0xf) << 24 | (pll3 as u32) << 16
    }

    /// Divider and whether PLL3 is the base.
    pub const fn divider(value: u32) -> (u16, bool) {
        let d = (value >> 8 & 0x1f) | (value >> 24 & 0xf) << 5;
        (d as u16, value >> 16 & 1 == 1)
    }
}

/// Divider of BM1362 and later in register 0x28, bits 15:8. The base behind BCLK_SEL
/// (27:26) is unresolved, so only the crystal is used: at most 3.125 Mbaud.
pub mod fast_uart {
    /// `value` with another divider and the crystal as base.
    pub const fn with_divider(value: u32, divider: u16) -> u32 {
        (value & !0x0c00_ff00) | (divider as u32 & 0xff) << 8
    }

    /// The divider.
    pub const fn divider(value: u32) -> u16 {
        (value >> 8 & 0xff) as u16
    }
}
