//! BM1398 (Antminer S19, S19 Pro).

use super::families::{MIDSTATES, MISC, PLL0};
use crate::machine::chip::{
    ChipModel, Condition, CoreControl, CoreIds, I2cMaster, NonceLayout, Window,
};

const REG_34: u8 = 0x34;

/// 156 cores of 4, 623 small cores counted; core ids 0 to 155 are captured, and so is the
/// layout of nonces: core 31:24, address 23:17 without its lowest bit, counter 16:0.
///
/// Only 0x18 and 0x34 have known resets (vendor defaults that agree with a capture); PLL0
/// is the reset value in HashSource's notes, 50 MHz, single source. Job and answer frames,
/// PLL, baud and I2C are the BM1397's (not captured; the post dividers are doubtful). That
/// the captured start-up words switch the cores on as read here (clock enable 0x18 bit 2,
/// core reset bit 22, 0x34 bit 3) is assumed. Sensors: captured on a stock S19 Pro.
pub(crate) static BM1398: ChipModel = ChipModel {
    name: "bm1398",
    id: 0x1398_1800,
    cores: CoreIds::from_zero(156),
    small_cores_used: 623,
    nonces: NonceLayout {
        address_drop: 1,
        address_shift: 17,
        counter: 0x0001_FFFF,
        window: Window::Whole,
        ..MIDSTATES.nonces
    },
    // Its core registers are unknown: they read what was written.
    core_control: match MIDSTATES.core_control {
        Some(control) => Some(CoreControl {
            clock_counter: None,
            ..control
        }),
        None => None,
    },
    runs_while: &[
        Condition::Bits(MISC, 1 << 22 | 1 << 2, 1 << 2),
        Condition::Bits(REG_34, 1 << 3, 1 << 3),
    ],
    i2c: Some(I2cMaster {
        register: 0x1C,
        enabled_while: None,
        sensors: &[25, 57, 58, 90],
    }),
    resets: &[
        (PLL0, 0xC020_0144),
        (MISC, 0x0000_BA05),
        (REG_34, 0x0000_00F8),
    ],
    ..MIDSTATES
};
