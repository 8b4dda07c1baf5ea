//! BM1387 (Antminer S9).

use super::families::MIDSTATES;
use crate::machine::chip::{
    AnswerForm, BaudForm, Byte4, ChipModel, CommandForm, Condition, CoreIds, I2cMaster, Live,
    NonceLayout, PllForm, Registers, Window,
};

const HASH_RATE: u8 = 0x08;
const PLL: u8 = 0x0C;
const TICKET: u8 = 0x18;
const MISC: u8 = 0x1C;
const I2C: u8 = 0x20;

/// 114 cores without small cores. Frames without preamble, PLL, baud, ticket and the places
/// in a nonce (core in bits 30:24 of the little-endian number, address in 7:2, counter in
/// the rest): published by several sources and unit tests. Open cores: with the gate-block
/// bit set, each job opens one core, or leaves it closed where bit 0 of nbits is zero
/// (published); an open core hashes the jobs that open others (captured answers).
///
/// Published too: the sensor behind chip 61, which is reached while 0x1C bit 14 and both
/// bits 6:5 are set; that bit 7 is for several midstates. Assumed: without it a chip works
/// on the first; cores are 0 to 56 and 64 to 120 ("two groups" is published, not which);
/// bit 30, "not set baud", blocks nothing; what follows a nonce counts the job's solutions;
/// 0x1C after reset, whose divider makes the published 115200 baud. Other resets are
/// unknown.
pub(crate) static BM1387: ChipModel = ChipModel {
    name: "bm1387",
    id: 0x1387_9000,
    cores: CoreIds {
        count: 114,
        gap: Some((57, 64)),
    },
    small_cores: 1,
    small_cores_used: 114,
    commands: CommandForm::Bare,
    answers: AnswerForm::Seven,
    byte4: Byte4::Solution,
    nonces: NonceLayout {
        msb_first: false,
        core_shift: 24,
        address_drop: 2,
        address_shift: 2,
        counter: 0x80FF_FF03,
        window: Window::Whole,
    },
    registers: Registers {
        pll: PLL,
        pll_divider: None,
        ticket: TICKET,
        hash_counting: None,
        nonce_offset: None,
        rolling: None,
        error_flag: None,
        nonce_overflow: None,
    },
    core_control: None,
    pll: PllForm {
        widths: [8, 4, 4, 4],
        post_add: 0,
        enable: None,
    },
    baud: BaudForm {
        register: MISC,
        divider: &[(8, 5)],
        fast: None,
    },
    many_midstates_while: Some(Condition::Bits(MISC, 1 << 7, 1 << 7)),
    cores_open_while: Some(Condition::Bits(MISC, 1 << 15, 1 << 15)),
    i2c: Some(I2cMaster {
        register: I2C,
        enabled_while: Some(Condition::Bits(MISC, 1 << 14 | 3 << 5, 1 << 14 | 3 << 5)),
        sensors: &[61],
    }),
    live: &[(HASH_RATE, Live::HashRate)],
    resets: &[(MISC, 0x0000_1A00)],
    ..MIDSTATES
};
