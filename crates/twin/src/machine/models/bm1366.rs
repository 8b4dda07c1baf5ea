//! BM1366 (Antminer S19 XP, S19k Pro).

use super::families::{CORE_VALUE, FAST_UART, FULL_HEADER, MISC, PLL0, PLL1, UART_RELAY};
use crate::machine::chip::{ChipModel, CoreIds, Live};

/// 112 cores of 8, 894 small cores used. Resets read from a chip (GPTechinno/bm13xx-rs).
/// The hash counters are from a single source.
pub(crate) static BM1366: ChipModel = ChipModel {
    name: "bm1366",
    id: 0x1366_0000,
    cores: CoreIds::from_zero(112),
    small_cores_used: 894,
    live: &[
        (0x04, Live::HashRate),
        (0x88, Live::HashCount(4)),
        (0x89, Live::HashCount(4)),
        (0x8A, Live::HashCount(4)),
        (0x8B, Live::HashCount(4)),
        (0x8C, Live::HashCount(1)),
    ],
    resets: &[
        (0x04, 0x0001_2A89),
        (PLL0, 0xC054_0165),
        (MISC, 0x0000_C100),
        (0x20, 0x0000_0003),
        (0x24, 0x0010_0000),
        (FAST_UART, 0x0130_1A00),
        (UART_RELAY, 0x000F_0000),
        (0x30, 0x0000_0070),
        (CORE_VALUE, 0x1EAF_5FBE),
        (0x58, 0x0001_2111),
        (0x5C, 0x0000_FFFF),
        (PLL1, 0x2050_0174),
        (0x6C, 0x0001_0200),
        (0x9C, 0x00FD_0077),
        (0xA4, 0x0000_FFFF),
        (0xA8, 0x0007_0000),
        (0xBC, 0x0000_3313),
        (0xC0, 0x0000_2000),
        (0xD0, 0x0000_0070),
        (0xD4, 0x0037_6400),
        (0xD8, 0x3030_3030),
        (0xDC, 0x0000_FFFF),
        (0xEC, 0x0000_0008),
    ],
    core_resets: &[
        (0x00, 0x98),
        (0x02, 0x55),
        (0x05, 0x40),
        (0x06, 0x08),
        (0x07, 0x11),
    ],
    ..FULL_HEADER
};
