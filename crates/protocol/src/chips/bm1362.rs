//! BM1362 (Antminer S19j Pro). Its bring-up is described by one capture; `docs/chips/bm1362.md`.

use units::Megahertz;

use crate::fields::{BitField, bit, core, family, known};
use crate::pll::{PllEncoding, PllProfile, Posts};
use crate::profile::Source::{Assumed, Captured, Published};
use crate::profile::{
    Baud, ChipField, CoreRegisterInfo, Counters, Division, HashRateCounter, LowBits, NonceLayout,
    PACE_COMMON, PllWrites, Profile, RegisterInfo, Sweep, View, WireIds,
};
use crate::register::{self as reg, CoreRegister, core_write};
use crate::step::{Action, Step};
use crate::temperature::TemperatureSource;
use crate::{Dialect, JobLayout, ResponseLength};

/// BM1362.
pub(super) const BM1362: Profile = Profile {
    name: "bm1362",
    // Captured: id reply 0x13620300.
    id: 0x1362,
    // Published by several sources. 514 of 520 small cores hash.
    cores: 65,
    small_cores_per_core: 8,
    small_cores_used: 514,
    dialect: Dialect::Bm139x,
    // Captured: what stock S19j Pro firmware sends.
    job: JobLayout::FullHeader { length_byte: 0x36 },
    // Captured: 9 bytes until 0xA4 is written, which is why the bring-up writes it first.
    response: ResponseLength::Eleven,
    map: reg::MAP_BM139X,
    registers: REGISTERS,
    core_registers: CORE_REGISTERS,
    pll: PllProfile {
        // Captured: 0x40A80230 is 525 MHz.
        encoding: PllEncoding::MinusOne,
        // Published (ESP-Miner's for BM1370). mujina allows 16 to 250; the narrower range
        // reaches every frequency.
        fbdiv: (160, 239),
        // Published (mujina).
        vco_mhz: (2000.0, 3200.0),
        vco_mhz_refdiv1: Some(3125.0),
        refdivs: &[2, 1],
        posts: Posts::Descending,
        // Captured on BM1370: 2400 MHz exactly has the bit.
        vco_high_mhz: Some(2400.0),
    },
    pll_writes: PllWrites::ONCE,
    // Captured on S19j Pro: 3.125 Mbaud.
    baud: Baud::FastUart { value: 0x1130_0000 },
    // Published (ESP-Miner). The field has five bits (bm13xx-rs uses ids above 15); sixteen
    // ids are enough and stay out of bit 7.
    wire_ids: WireIds {
        step: 8,
        count: 16,
        mask: 0xf8,
        shift: 0,
        low_mask: 0x07,
        low: LowBits::SmallCore,
    },
    // Captured. The address is where the core began: it holds as long as the sweep stays
    // inside the chip's window.
    nonce: NonceLayout {
        view: View::BigEndian,
        core_shift: 25,
        core_mask: 0x7f,
        // The job byte tells it.
        small_core: None,
        chip: ChipField::Address {
            shift: 17,
            mask: 0xfe,
        },
    },
    version_bits: 16,
    // Captured on S19j Pro: 0x1381, four fifths of a window at 525 MHz. Other boards get
    // the same share (assumed).
    sweep: Sweep::Counted {
        seen: &[(126, 2, 0x1381)],
        permille: 800,
        division: Division::Address,
    },
    // Assumed: BM1366's reset value. The capture's first step is 56.25 MHz.
    start: Megahertz::new(50.0),
    // Captured: 100 ms a step.
    ramp: PACE_COMMON,
    confirm: None,
    temperature: TemperatureSource::None,
    // Assumed: the family's. The counters at 0x88 are published for BM1366 and later.
    counters: Counters {
        hash_rate: Some(HashRateCounter::Rate(crate::Register(0x04))),
        nonce_errors: Some(reg::NONCE_ERRORS),
        error_flag: Some(reg::ERROR_FLAG),
    },
    bring_up: BRING_UP,
    after_first_work: &[],
};

const CLOCK_DELAY: CoreRegister = CoreRegister(0);
const CORE_2: CoreRegister = CoreRegister(2);
const HASH_CLOCK: CoreRegister = CoreRegister(5);

/// Stock S19j Pro order, values and delays, captured; the frequency ramp, which stock runs
/// before the per-chip pass, runs after everything else, while the chain mines. Stock
/// neither relays the UART nor strengthens the clock at its 42 domains.
const BRING_UP: &[Step] = &[
    // Power in reset, a second, release: assumed, no trace shows it.
    Step::new(Action::Reset { asserted: true }, Assumed).settle(10),
    Step::new(Action::RailOn, Assumed).settle(1000),
    Step::new(Action::Reset { asserted: false }, Assumed).settle(500),
    Step::new(Action::VersionRolling, Captured).settle(10),
    // 126 answers of 11 bytes take 120 ms at 115200 baud.
    Step::new(Action::ExpectChips { within_ms: 500 }, Captured),
    Step::new(Action::VersionRolling, Captured).settle(10),
    Step::new(Action::VersionRolling, Captured).settle(10),
    Step::write(reg::SOFT_RESET, 0x0000_0000, Captured).settle(10),
    Step::write(reg::MISC_CONTROL, 0xb000_c100, Captured).settle(30),
    Step::new(Action::Inactive, Captured).settle(30),
    Step::new(Action::SetAddresses, Captured).settle(10),
    Step::write(reg::CORE_CONTROL, core_write(HASH_CLOCK, 0x40), Captured).settle(10),
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x08), Captured).settle(10),
    Step::new(Action::TicketMask, Captured).settle(10),
    Step::write(reg::ANALOG_MUX, 0x0000_0003, Captured).settle(10),
    Step::write(reg::IO_DRIVER, 0x0001_1111, Captured).settle(10),
    Step::new(Action::Baud, Captured).settle(60),
    Step::new(
        Action::WriteEach(&[
            (reg::SOFT_RESET, 0x0000_0002),
            (reg::MISC_CONTROL, 0xb000_c100),
            (reg::CORE_CONTROL, core_write(HASH_CLOCK, 0x40)),
            (reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x08)),
            (reg::CORE_CONTROL, core_write(CORE_2, 0xaa)),
        ]),
        Captured,
    )
    .settle(10),
    Step::new(Action::HashCounting, Captured).settle(10),
    Step::new(Action::VersionRolling, Captured).settle(10),
];

/// The family's registers. Reset values are unknown but for the identity.
const REGISTERS: &[RegisterInfo] = &[
    known(0x00, 0x1362_0300, Captured),
    family(0x04),
    family(0x08),
    family(0x0c),
    family(0x10),
    family(0x14),
    family(0x18),
    family(0x1c),
    family(0x20),
    family(0x24),
    family(0x28),
    family(0x2c),
    family(0x30),
    family(0x34),
    family(0x38),
    family(0x3c),
    family(0x40),
    family(0x44),
    family(0x48),
    family(0x4c),
    family(0x50),
    family(0x54),
    family(0x58),
    family(0x5c),
    family(0x60),
    family(0x68),
    family(0x6c),
    family(0x70),
    family(0x74),
    family(0x80),
    family(0x84),
    family(0xa4),
    RegisterInfo {
        fields: SOFT_RESET,
        source: Published,
        ..family(0xa8)
    },
    family(0xb8),
    family(0xb9),
    family(0xba),
    family(0xbb),
    family(0xbd),
    family(0xc4),
];

/// Published.
const SOFT_RESET: &[BitField] = &[
    bit("chip", 4),
    bit("top control", 3),
    bit("version unit", 2),
    bit("core fast", 1),
    bit("core", 0),
];

const CORE_REGISTERS: &[CoreRegisterInfo] = &[
    core(0, "clock delay control", None, &[]),
    core(2, "core register 2", None, &[]),
    core(5, "hash clock control", None, &[]),
    core(6, "hash clock counter", None, &[]),
];
