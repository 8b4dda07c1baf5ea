//! What chips have in common.

use crate::machine::chip::{
    AnswerForm, BaudForm, Byte4, ChipModel, CommandForm, Condition, CoreControl, CoreIds,
    FastClock, JobBytes, JobForm, NonceLayout, PllForm, Registers, Window,
};

pub(crate) const PLL0: u8 = 0x08;
pub(crate) const MISC: u8 = 0x18;
pub(crate) const FAST_UART: u8 = 0x28;
pub(crate) const UART_RELAY: u8 = 0x2C;
pub(crate) const CORE_VALUE: u8 = 0x40;
pub(crate) const ERROR_FLAG: u8 = 0x48;
pub(crate) const PLL1: u8 = 0x60;
pub(crate) const PLL3: u8 = 0x68;
const HASH_COUNTING: u8 = 0x10;

/// Registers from the BM1397 on. Names and fields: published by several sources.
const REGISTERS: Registers = Registers {
    pll: PLL0,
    pll_divider: Some(0x70),
    ticket: 0x14,
    hash_counting: Some(HASH_COUNTING),
    nonce_offset: None,
    rolling: None,
    error_flag: Some(ERROR_FLAG),
    nonce_overflow: Some(0x50),
};

/// PLL from the BM1397 on: 27:16, 13:8, 6:4, 2:0, enabled by bit 30.
const PLL: PllForm = PllForm {
    widths: [12, 6, 3, 3],
    post_add: 0,
    enable: Some(30),
};

/// Chips that take midstates, in the BM1397's way: 55 AA before commands, 9-byte answers,
/// post dividers as they are, the baud divider in 0x18 bits 12:8 and 27:24, bit 16 for
/// PLL3 through 0x28 bits 27:24.
pub(crate) const MIDSTATES: ChipModel = ChipModel {
    name: "",
    id: 0,
    cores: CoreIds::from_zero(0),
    small_cores: 4,
    small_cores_used: 0,
    commands: CommandForm::Preamble,
    answers: AnswerForm::Nine,
    jobs: JobForm::Midstates,
    job_bytes: JobBytes::PlusMidstate,
    byte4: Byte4::Excess,
    nonces: NonceLayout {
        msb_first: true,
        core_shift: 24,
        address_drop: 0,
        address_shift: 14,
        counter: 0x003F_FFFF,
        window: Window::Share {
            small_core_shift: 22,
        },
    },
    registers: REGISTERS,
    // Bit 15 clear reads; the register's number is in 11:8.
    core_control: Some(CoreControl {
        register: 0x3C,
        answer: CORE_VALUE,
        read_mask: 1 << 15,
        read_value: 0,
        number_mask: 0x0F,
        clock_counter: Some(6),
    }),
    pll: PLL,
    baud: BaudForm {
        register: MISC,
        divider: &[(8, 5), (24, 4)],
        fast: Some(FastClock {
            select: 1 << 16,
            pll: PLL3,
            divider: (FAST_UART, 24),
        }),
    },
    runs_while: &[],
    many_midstates_while: None,
    cores_open_while: None,
    i2c: None,
    live: &[],
    resets: &[],
    core_resets: &[],
};

/// Chips that take whole headers and roll versions (BM1362 and later): 9-byte answers
/// until 0xA4 bit 31 was written, 11 bytes then; post dividers minus one; the baud divider
/// in 0x28 bits 15:8, bits 27:26 for PLL1 through bits 23:20 (the factor of this fast
/// clock is unresolved in public sources; no machine here uses it).
pub(crate) const FULL_HEADER: ChipModel = ChipModel {
    answers: AnswerForm::NineThenEleven,
    jobs: JobForm::FullHeader,
    job_bytes: JobBytes::HighFive,
    small_cores: 8,
    nonces: NonceLayout {
        msb_first: true,
        core_shift: 25,
        address_drop: 0,
        address_shift: 17,
        counter: 0x01FF_FFFF,
        window: Window::HashCounting,
    },
    registers: Registers {
        nonce_offset: Some(0x0C),
        rolling: Some(0xA4),
        ..REGISTERS
    },
    // Bit 14 reads; the register's number is in 12:8.
    core_control: Some(CoreControl {
        register: 0x3C,
        answer: CORE_VALUE,
        read_mask: 1 << 14,
        read_value: 1 << 14,
        number_mask: 0x1F,
        clock_counter: Some(6),
    }),
    pll: PllForm { post_add: 1, ..PLL },
    baud: BaudForm {
        register: FAST_UART,
        divider: &[(8, 8)],
        fast: Some(FastClock {
            select: 3 << 26,
            pll: PLL1,
            divider: (FAST_UART, 20),
        }),
    },
    // A hash counting number of zero stops hashing (published, single source).
    runs_while: &[Condition::NotZero(HASH_COUNTING)],
    ..MIDSTATES
};
