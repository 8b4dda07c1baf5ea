//! BM1370 (Antminer S21 Pro, S21 XP). Captured end to end; `docs/chips/bm1370.md`.

use units::Megahertz;

use crate::fields::{core, family, known};
use crate::pll::{PllEncoding, PllProfile, Posts};
use crate::profile::Source::{Assumed, Captured, Published};
use crate::profile::{
    Baud, ChipField, CoreRegisterInfo, Counters, Division, HashRateCounter, LowBits, NonceLayout,
    PACE_COMMON, PllWrites, Profile, RegisterInfo, Source, Sweep, View, WireIds,
};
use crate::register::{self as reg, CoreRegister, core_write};
use crate::step::{Action, Boards, Step};
use crate::temperature::TemperatureSource;
use crate::{Dialect, JobLayout, Register, ResponseLength};

/// BM1370.
pub(super) const BM1370: Profile = Profile {
    name: "bm1370",
    // Captured: id reply 0x13700000.
    id: 0x1370,
    // 128 x 16, of which 2040 hash: several sources, and 2040 x 600 MHz x 195 chips is
    // the machine's rating within 2 %.
    cores: 128,
    small_cores_per_core: 16,
    small_cores_used: 2040,
    dialect: Dialect::Bm139x,
    // The chip takes 0x36 and 0x56 (captured). 0x36 is what its own vendor's S21 Pro
    // firmware sends and so the form with the most hours behind it; 0x56 is the true
    // count and comes from single-chip boards.
    job: JobLayout::FullHeader { length_byte: 0x36 },
    // Captured: 9 bytes until 0xA4 is written, which is why the bring-up writes it first.
    response: ResponseLength::Eleven,
    map: reg::MAP_BM139X,
    registers: REGISTERS,
    core_registers: CORE_REGISTERS,
    pll: PllProfile {
        // Captured: 0x50C00230 is 600 MHz.
        encoding: PllEncoding::MinusOne,
        // Published (ESP-Miner).
        fbdiv: (160, 239),
        vco_mhz: (1600.0, 3200.0),
        vco_mhz_refdiv1: None,
        refdivs: &[2, 1],
        posts: Posts::Descending,
        // Captured: 2400 MHz exactly has the bit.
        vco_high_mhz: Some(2400.0),
    },
    pll_writes: PllWrites::ONCE,
    // Captured on S21 Pro: 3.125 Mbaud.
    baud: Baud::FastUart { value: 0x0130_0000 },
    // Captured: 0x68 sent, 0xD2 returned.
    wire_ids: WireIds {
        step: 8,
        count: 16,
        mask: 0xf0,
        shift: 1,
        low_mask: 0x0f,
        low: LowBits::SmallCore,
    },
    // Core captured. Chip published and unconfirmed on captured nonces: statistics only.
    nonce: NonceLayout {
        view: View::BigEndian,
        core_shift: 25,
        core_mask: 0x7f,
        // The job byte tells it.
        small_core: None,
        chip: ChipField::Offset { shift: 9 },
    },
    version_bits: 16,
    // Captured on S21 Pro (65 chips) and S21 XP (91): 73 and 71 % of a chip's window at
    // 600 and 485 MHz. Other boards get the larger share of theirs (assumed).
    sweep: Sweep::Counted {
        seen: &[(65, 2, 0x1eb5), (91, 2, 0x1a44)],
        permille: 732,
        division: Division::Offset,
    },
    // Published: what chips run at after reset (PLL0 0xC0540165).
    start: Megahertz::new(50.0),
    // Captured: 100 ms a step. One source takes 2.7 s a step above 550 MHz; the capture
    // outranks it.
    ramp: PACE_COMMON,
    confirm: None,
    temperature: TemperatureSource::None,
    // Published (ESP-Miner). Register 0x04 counts seconds on this chip.
    counters: Counters {
        hash_rate: Some(HashRateCounter::Hashes(reg::HASHES_TOTAL)),
        nonce_errors: Some(reg::NONCE_ERRORS),
        error_flag: Some(reg::ERROR_FLAG),
    },
    bring_up: BRING_UP,
    after_first_work: AFTER_FIRST_WORK,
};

const CLOCK_SELECT: CoreRegister = CoreRegister(11);
const CLOCK_DELAY: CoreRegister = CoreRegister(0);
const CORE_2: CoreRegister = CoreRegister(2);
const NONCE_OVERFLOW: CoreRegister = CoreRegister(13);

/// Stock S21 Pro order, values and delays, captured; S21 XP's own values where it has any.
/// Two differences. Power and
/// reset come first and are assumed: no trace shows them. And the frequency ramp, which
/// stock finishes before its first job, runs after everything else, while the chain
/// mines.
const BRING_UP: &[Step] = &[
    Step::new(Action::Reset { asserted: true }, Assumed).settle(10),
    Step::new(Action::RailOn, Assumed).settle(1000),
    Step::new(Action::Reset { asserted: false }, Assumed).settle(500),
    Step::new(Action::VersionRolling, Captured).settle(10),
    Step::new(Action::VersionRolling, Captured).settle(10),
    Step::new(Action::VersionRolling, Captured).settle(10),
    // 65 answers of 11 bytes take 62 ms at 115200 baud; 500 ms forgive a slow relay.
    Step::new(Action::ExpectChips { within_ms: 500 }, Captured),
    Step::write(reg::SOFT_RESET, 0x0007_0000, Captured).settle(10),
    Step::write(reg::MISC_CONTROL, 0xf000_c100, Captured).settle(30),
    Step::new(Action::Inactive, Captured).settle(30),
    Step::new(Action::SetAddresses, Captured).settle(10),
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_SELECT, 0), Captured).settle(10),
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x0c), Captured)
        .settle(10)
        .on(Boards::NotOf(S21_XP)),
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x10), Captured)
        .settle(10)
        .on(Boards::Of(S21_XP)),
    Step::new(Action::TicketMask, Captured).settle(10),
    Step::write(reg::IO_DRIVER, 0x0001_1111, Captured).settle(10),
    // Clock output at full strength where the signal crosses a domain boundary.
    Step::new(
        Action::WriteDomainLast(reg::IO_DRIVER, 0x0001_f111),
        Captured,
    )
    .settle(10)
    .on(Boards::NotOf(S21_XP)),
    Step::new(
        Action::WriteDomainLast(reg::IO_DRIVER, 0x0001_3111),
        Captured,
    )
    .settle(10)
    .on(Boards::Of(S21_XP)),
    Step::write(reg::PLL3, 0x5aa5_5aa5, Captured).settle(10),
    Step::new(Action::UartRelay, Captured).settle(10),
    Step::new(Action::Baud, Captured).settle(60),
    Step::new(Action::WriteEach(EACH), Captured)
        .settle(10)
        .on(Boards::NotOf(S21_XP)),
    Step::new(Action::WriteEach(EACH_XP), Captured)
        .settle(10)
        .on(Boards::Of(S21_XP)),
    Step::write(reg::ADC_CONTROL_1, 0x0000_4480, Captured).settle(10),
    Step::write(reg::ANALOG_MUX, 0x0000_0002, Captured).settle(10),
    Step::write(reg::ADC_CONTROL_1, 0x0000_4480, Captured).settle(10),
    Step::write(
        reg::CORE_CONTROL,
        core_write(NONCE_OVERFLOW, 0xee),
        Captured,
    )
    .settle(10),
];

/// Chips of the S21 XP's board, whose clock delay and drive strength are its own.
const S21_XP: u16 = 91;

const EACH: &[(Register, u32)] = &each(0x0c);
const EACH_XP: &[(Register, u32)] = &each(0x10);

/// What every chip is told by itself.
const fn each(clock_delay: u8) -> [(Register, u32); 5] {
    [
        (reg::SOFT_RESET, 0x0007_01f0),
        (reg::MISC_CONTROL, 0xf000_c100),
        (reg::CORE_CONTROL, core_write(CLOCK_SELECT, 0)),
        (reg::CORE_CONTROL, core_write(CLOCK_DELAY, clock_delay)),
        (reg::CORE_CONTROL, core_write(CORE_2, 0xaa)),
    ]
}

/// Captured in this place: stock writes these after its first job.
const AFTER_FIRST_WORK: &[Step] = &[
    Step::new(Action::NonceOffsets, Captured),
    Step::new(Action::HashCounting, Captured).settle(10),
    Step::new(Action::VersionRolling, Captured).settle(10),
];

/// Reset values: one public source (bm13xx-rs); 0x00 and 0x18 are also captured.
const PUBLISHED: Source = Published;

const REGISTERS: &[RegisterInfo] = &[
    known(0x00, 0x1370_0000, PUBLISHED),
    RegisterInfo {
        name: "one-second counter",
        ..known(0x04, 0x0000_0000, PUBLISHED)
    },
    known(0x08, 0xc054_0165, PUBLISHED),
    known(0x0c, 0x0000_0000, PUBLISHED),
    known(0x10, 0x0000_0000, PUBLISHED),
    known(0x14, 0x0000_0000, PUBLISHED),
    known(0x18, 0x0000_c100, PUBLISHED),
    known(0x1c, 0x0000_0000, PUBLISHED),
    known(0x20, 0x0000_0007, PUBLISHED),
    known(0x24, 0x0010_0000, PUBLISHED),
    known(0x28, 0x0130_1a00, PUBLISHED),
    known(0x2c, 0x000f_0000, PUBLISHED),
    known(0x30, 0x0000_0080, PUBLISHED),
    known(0x34, 0x0000_0000, PUBLISHED),
    known(0x38, 0x0000_0000, PUBLISHED),
    known(0x3c, 0x0000_0000, PUBLISHED),
    known(0x40, 0x0802_0100, PUBLISHED),
    known(0x44, 0x0000_0000, PUBLISHED),
    known(0x48, 0x0000_0000, PUBLISHED),
    known(0x4c, 0x0000_0000, PUBLISHED),
    known(0x50, 0x0000_0000, PUBLISHED),
    known(0x54, 0x0000_0000, PUBLISHED),
    known(0x58, 0x0001_2111, PUBLISHED),
    known(0x5c, 0x0000_ffff, PUBLISHED),
    known(0x60, 0x2050_0174, PUBLISHED),
    known(0x64, 0x2050_0174, PUBLISHED),
    known(0x68, 0x0000_0000, PUBLISHED),
    known(0x6c, 0x0001_0200, PUBLISHED),
    known(0x70, 0x0000_0000, PUBLISHED),
    known(0x74, 0x0000_0000, PUBLISHED),
    known(0x78, 0x0000_0000, PUBLISHED),
    known(0x7c, 0x0000_0000, PUBLISHED),
    known(0x80, 0x0000_0000, PUBLISHED),
    known(0x84, 0x0000_0000, PUBLISHED),
    known(0x8c, 0x0000_0000, PUBLISHED),
    RegisterInfo {
        name: "ticket nonce counter",
        ..known(0x90, 0x0000_0000, PUBLISHED)
    },
    known(0x94, 0x0000_0000, PUBLISHED),
    known(0x98, 0x0000_0000, PUBLISHED),
    known(0x9c, 0x00f7_0073, PUBLISHED),
    known(0xa0, 0x0000_0000, PUBLISHED),
    known(0xa4, 0x0000_ffff, PUBLISHED),
    known(0xa8, 0x0007_0000, PUBLISHED),
    known(0xac, 0x0000_0000, PUBLISHED),
    known(0xb0, 0x0000_0000, PUBLISHED),
    known(0xb4, 0x0000_0000, PUBLISHED),
    known(0xb8, 0x2000_0000, PUBLISHED),
    family(0xb9),
    known(0xbc, 0x0000_3313, PUBLISHED),
    known(0xc0, 0x0000_2000, PUBLISHED),
    known(0xc4, 0x0000_b850, PUBLISHED),
    known(0xc8, 0x0000_0000, PUBLISHED),
    known(0xcc, 0x0000_0000, PUBLISHED),
    known(0xd0, 0x0000_0000, PUBLISHED),
    known(0xd4, 0x0000_0000, PUBLISHED),
    known(0xd8, 0x0000_0000, PUBLISHED),
    known(0xdc, 0x0000_0000, PUBLISHED),
    known(0xe0, 0x0000_0000, PUBLISHED),
    known(0xe4, 0x0000_0000, PUBLISHED),
    known(0xe8, 0x0000_0000, PUBLISHED),
    known(0xec, 0x0000_0000, PUBLISHED),
    known(0xf0, 0x0000_0000, PUBLISHED),
    known(0xf4, 0x0000_0000, PUBLISHED),
    known(0xf8, 0x0000_0000, PUBLISHED),
    known(0xfc, 0x0000_0000, PUBLISHED),
];

/// Names and resets: published by one source; what is written is captured.
const CORE_REGISTERS: &[CoreRegisterInfo] = &[
    core(0, "clock delay control", Some(0x52), &[]),
    core(2, "core register 2", Some(0x55), &[]),
    core(5, "hash clock control", Some(0), &[]),
    core(6, "hash clock counter", Some(0x08), &[]),
    core(8, "core register 8", Some(0), &[]),
    core(11, "clock select", Some(0), &[]),
    core(13, "nonce bin overflow control", None, &[]),
    core(22, "core register 22", Some(0), &[]),
];
