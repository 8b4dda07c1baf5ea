//! BM1362 (Antminer S19j Pro).

use super::families::{FAST_UART, FULL_HEADER, PLL0, UART_RELAY};
use crate::machine::chip::{ChipModel, CoreIds, Live};

/// 65 cores of 8, 514 small cores used. The places in a nonce and the job byte's low bits
/// are captured. Of its resets only the id is read from a chip; PLL0, the baud divider and
/// the relay register are those of its relatives (published for the family), the others
/// are unknown.
pub(crate) static BM1362: ChipModel = ChipModel {
    name: "bm1362",
    id: 0x1362_0300,
    cores: CoreIds::from_zero(65),
    small_cores_used: 514,
    live: &[(0x04, Live::HashRate)],
    resets: &[
        (PLL0, 0xC054_0165),
        (FAST_UART, 0x0130_1A00),
        (UART_RELAY, 0x000F_0000),
    ],
    ..FULL_HEADER
};
