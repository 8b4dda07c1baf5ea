//! BM1368 (Antminer S21, T21).

use super::families::{FAST_UART, FULL_HEADER, PLL0, UART_RELAY};
use crate::machine::chip::{ChipModel, CoreIds, JobBytes, Live};

/// 80 cores of 16, 1276 small cores used; the job byte as on the BM1370. The chip's place
/// in a nonce is its relatives' (unverified on this chip). Of its resets only the id is
/// read from a chip; PLL0, the baud divider and the relay register are those of its
/// relatives (published for the family), the others are unknown. Its own temperature: two
/// sources; the hash counters: one.
pub(crate) static BM1368: ChipModel = ChipModel {
    name: "bm1368",
    id: 0x1368_0000,
    cores: CoreIds::from_zero(80),
    small_cores: 16,
    small_cores_used: 1276,
    job_bytes: JobBytes::HighFourShifted,
    live: &[
        (0x04, Live::HashRate),
        (0x88, Live::HashCount(4)),
        (0x89, Live::HashCount(4)),
        (0x8A, Live::HashCount(4)),
        (0x8B, Live::HashCount(4)),
        (0x8C, Live::HashCount(1)),
        (0xB4, Live::DieTemperature { control: 0xB0 }),
    ],
    resets: &[
        (PLL0, 0xC054_0165),
        (FAST_UART, 0x0130_1A00),
        (UART_RELAY, 0x000F_0000),
    ],
    ..FULL_HEADER
};
