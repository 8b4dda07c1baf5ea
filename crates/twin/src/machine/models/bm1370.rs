//! BM1370 (Antminer S21 Pro, S21 XP).

use super::families::{CORE_VALUE, FAST_UART, FULL_HEADER, MISC, PLL0, PLL1, UART_RELAY};
use crate::machine::chip::{ChipModel, CoreIds, JobBytes, Live};

/// 128 cores of 16, 2040 small cores used. Resets read from a chip (GPTechinno/bm13xx-rs).
/// Captured: the low four bits of the returned job byte are the version counter modulo 16.
pub(crate) static BM1370: ChipModel = ChipModel {
    name: "bm1370",
    id: 0x1370_0000,
    cores: CoreIds::from_zero(128),
    small_cores: 16,
    small_cores_used: 2040,
    job_bytes: JobBytes::HighFourShifted,
    live: &[
        (0x04, Live::Seconds),
        (0x88, Live::HashCount(4)),
        (0x89, Live::HashCount(4)),
        (0x8A, Live::HashCount(4)),
        (0x8B, Live::HashCount(4)),
        (0x8C, Live::HashCount(1)),
    ],
    resets: &[
        (PLL0, 0xC054_0165),
        (MISC, 0x0000_C100),
        (0x20, 0x0000_0007),
        (0x24, 0x0010_0000),
        (FAST_UART, 0x0130_1A00),
        (UART_RELAY, 0x000F_0000),
        (0x30, 0x0000_0080),
        (CORE_VALUE, 0x0802_0100),
        (0x58, 0x0001_2111),
        (0x5C, 0x0000_FFFF),
        (PLL1, 0x2050_0174),
        (0x64, 0x2050_0174),
        (0x6C, 0x0001_0200),
        (0x9C, 0x00F7_0073),
        (0xA4, 0x0000_FFFF),
        (0xA8, 0x0007_0000),
        (0xB8, 0x2000_0000),
        (0xBC, 0x0000_3313),
        (0xC0, 0x0000_2000),
        (0xC4, 0x0000_B850),
    ],
    core_resets: &[(0x00, 0x52), (0x02, 0x55), (0x06, 0x08)],
    ..FULL_HEADER
};
