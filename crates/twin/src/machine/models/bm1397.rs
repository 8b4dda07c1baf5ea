//! BM1397 (Antminer S17, T17).

use super::families::{ERROR_FLAG, FAST_UART, MIDSTATES, MISC, PLL0, PLL1, PLL3, UART_RELAY};
use crate::machine::chip::{ChipModel, Condition, CoreIds, I2cMaster, Live};

const I2C: u8 = 0x1C;
const CLOCK_ENABLE: u8 = 0x20;

/// 168 cores of 4, 672 small cores. Resets read from a chip (GPTechinno/bm13xx-rs).
///
/// The places in a nonce (core in the first byte on the wire, small core in 23:22, address
/// in 21:14) follow two of the sources, which disagree. Published: core register 0 bit 2
/// is for several midstates; 0x18 bits 14 and 6:4 connect the I2C bus. Assumed: without
/// that bit a chip works on the first midstate; cores stand still with 0x20 at zero, as
/// the T17's start has it for a while; a sensor behind every chip, because no board's
/// places are published.
pub(crate) static BM1397: ChipModel = ChipModel {
    name: "bm1397",
    id: 0x1397_1800,
    cores: CoreIds::from_zero(168),
    small_cores_used: 672,
    runs_while: &[Condition::NotZero(CLOCK_ENABLE)],
    many_midstates_while: Some(Condition::CoreBits(0, 1 << 2, 1 << 2)),
    i2c: Some(I2cMaster {
        register: I2C,
        enabled_while: Some(Condition::Bits(MISC, 1 << 14 | 7 << 4, 1 << 14 | 3 << 4)),
        sensors: &[],
    }),
    live: &[(0x04, Live::HashRate)],
    resets: &[
        (0x04, 0x8000_0000),
        (PLL0, 0xC060_0161),
        (MISC, 0x0000_3A01),
        (I2C, 0x0100_0000),
        (CLOCK_ENABLE, 0x0000_FFFF),
        (FAST_UART, 0x0600_000F),
        (UART_RELAY, 0x000F_0000),
        (0x3C, 0x0000_4000),
        (0x44, 0x0000_0100),
        (ERROR_FLAG, 0xFF00_0000),
        (0x58, 0x0211_2111),
        (0x5C, 0x0000_FFFF),
        (PLL1, 0x0064_0111),
        (0x64, 0x0068_0111),
        (PLL3, 0x0070_0111),
        (0x70, 0x0304_0607),
        (0x74, 0x0304_0506),
        (0x78, 0x0304_0506),
        (0x7C, 0x0304_0506),
        (0x80, 0xD95C_8410),
        (0x84, 0xFB73_EA62),
        (0x90, 0x0000_0070),
        (0x94, 0x0037_6400),
        (0x98, 0x3030_3030),
        (0x9C, 0x0000_FFFF),
    ],
    ..MIDSTATES
};
