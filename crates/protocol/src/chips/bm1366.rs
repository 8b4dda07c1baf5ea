//! BM1366 (Antminer S19 XP, S19k Pro). What is known, and how well: `docs/chips/bm1366.md`.

use units::Megahertz;

use crate::fields::{self, core, family, known};
use crate::pll::{PllEncoding, PllProfile, Posts};
use crate::profile::Source::{Assumed, Captured, Published};
use crate::profile::{
    Baud, ChipField, CoreRegisterInfo, Counters, Division, HashRateCounter, LowBits, NonceLayout,
    PACE_SLOW, PllWrites, Profile, RegisterInfo, Source, Sweep, View, WireIds,
};
use crate::register::{self as reg, CoreRegister, core_write};
use crate::step::{Action, Step};
use crate::temperature::TemperatureSource;
use crate::{Dialect, JobLayout, ResponseLength};

/// BM1366.
pub(super) const BM1366: Profile = Profile {
    name: "bm1366",
    // Published by several sources: id reply 0x13660000.
    id: 0x1366,
    // Published by several sources. 894 of 896 small cores hash.
    cores: 112,
    small_cores_per_core: 8,
    small_cores_used: 894,
    dialect: Dialect::Bm139x,
    // Captured: the chip answered jobs with the true count. Vendor firmware sends 0x36.
    job: JobLayout::FullHeader { length_byte: 0x56 },
    // Captured: 9 bytes until 0xA4 is written.
    response: ResponseLength::Eleven,
    map: reg::MAP_BM139X,
    registers: REGISTERS,
    core_registers: CORE_REGISTERS,
    pll: PllProfile {
        // Published: the reset value 0xC0540165 is 50 MHz; captured on BM1362 and BM1370.
        encoding: PllEncoding::MinusOne,
        // Published (ESP-Miner).
        fbdiv: (144, 235),
        // Assumed: BM1370's.
        vco_mhz: (1600.0, 3200.0),
        vco_mhz_refdiv1: None,
        refdivs: &[2, 1],
        posts: Posts::Descending,
        // Captured on BM1370: 2400 MHz exactly has the bit.
        vco_high_mhz: Some(2400.0),
    },
    pll_writes: PllWrites::ONCE,
    // Captured on S19 XP at 1.04 Mbaud. Faster bases are unresolved: two sources read PLL1
    // four times apart, so nothing beyond the crystal's 3.125 Mbaud is used.
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
    // Captured on S19 XP (110 chips) and S19k Pro (77): four fifths of a window at 485 and
    // 590 MHz. Other boards get the same share of theirs (assumed).
    sweep: Sweep::Counted {
        seen: &[(110, 2, 0x151c), (77, 2, 0x115a)],
        permille: 800,
        division: Division::Address,
    },
    // Published: what chips run at after reset (PLL0 0xC0540165).
    start: Megahertz::new(50.0),
    // Sources disagree: 100 ms a step (ESP-Miner, one chip), or this one (bm13xx-rs, S19 XP),
    // which is the safe side.
    ramp: PACE_SLOW,
    confirm: None,
    temperature: TemperatureSource::None,
    // Published (ESP-Miner).
    counters: Counters {
        hash_rate: Some(HashRateCounter::Hashes(reg::HASHES_TOTAL)),
        nonce_errors: Some(reg::NONCE_ERRORS),
        error_flag: Some(reg::ERROR_FLAG),
    },
    bring_up: BRING_UP,
    after_first_work: &[],
};

const CLOCK_DELAY: CoreRegister = CoreRegister(0);
const CORE_2: CoreRegister = CoreRegister(2);
const HASH_CLOCK: CoreRegister = CoreRegister(5);

/// Order, words and pauses of an S19 XP (bm13xx-rs, whose values captures confirm); the
/// frequency ramp, which the source runs before the last two writes, runs after everything
/// else, while the chain mines. Chips answer with nine bytes up to the last write.
/// ESP-Miner's order for one chip enables version rolling first.
const BRING_UP: &[Step] = &[
    // Power in reset, a second, release: assumed, no trace shows it.
    Step::new(Action::Reset { asserted: true }, Assumed).settle(10),
    Step::new(Action::RailOn, Assumed).settle(1000),
    Step::new(Action::Reset { asserted: false }, Assumed).settle(500),
    // 110 answers of 9 bytes take 86 ms at 115200 baud.
    Step::new(Action::ExpectChips { within_ms: 500 }, Published),
    Step::write(reg::SOFT_RESET, 0x0007_000f, Published).settle(10),
    Step::write(reg::MISC_CONTROL, 0x0000_c100, Published).settle(10),
    Step::write(reg::SOFT_RESET, 0x0007_0100, Published).settle(10),
    Step::write(reg::MISC_CONTROL, 0xff0f_c100, Captured).settle(10),
    Step::write(reg::CORE_CONTROL, core_write(HASH_CLOCK, 0x40), Captured).settle(10),
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x20), Captured).settle(10),
    Step::new(Action::Inactive, Captured).settle(30),
    Step::new(Action::AddressChips, Published).settle(10),
    Step::write(reg::CORE_CONTROL, core_write(HASH_CLOCK, 0x40), Captured).settle(10),
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x20), Captured).settle(10),
    Step::new(Action::TicketMask, Captured).settle(10),
    Step::write(reg::ANALOG_MUX, 0x0000_0003, Captured).settle(100),
    Step::write(reg::IO_DRIVER, 0x0211_1111, Captured),
    // Clock output at full strength where the signal crosses a domain boundary.
    Step::new(
        Action::WriteDomainLast(reg::IO_DRIVER, 0x0211_f111),
        Captured,
    ),
    Step::new(Action::UartRelay, Captured),
    Step::new(Action::Pause, Published).settle(130),
    Step::new(Action::Baud, Captured).settle(200),
    Step::new(Action::Pause, Published).settle(50),
    Step::new(
        Action::WriteEach(&[
            (reg::SOFT_RESET, 0x0007_01f0),
            (reg::MISC_CONTROL, 0xf000_c100),
            (reg::CORE_CONTROL, core_write(HASH_CLOCK, 0x40)),
            (reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x20)),
            (reg::CORE_CONTROL, core_write(CORE_2, 0xaa)),
        ]),
        Captured,
    )
    .settle(10),
    Step::new(Action::Pause, Published).settle(100),
    Step::write(reg::PLL0_DIVIDER, 0x0000_0000, Published).settle(2),
    Step::new(Action::HashCounting, Captured).settle(1),
    Step::new(Action::VersionRolling, Captured).settle(1),
];

/// Reset values: one public source (bm13xx-rs).
const PUBLISHED: Source = Published;

const REGISTERS: &[RegisterInfo] = &[
    known(0x00, 0x1366_0000, PUBLISHED),
    known(0x04, 0x0001_2a89, PUBLISHED),
    known(0x08, 0xc054_0165, PUBLISHED),
    known(0x0c, 0x0000_0000, PUBLISHED),
    known(0x10, 0x0000_0000, PUBLISHED),
    known(0x14, 0x0000_0000, PUBLISHED),
    known(0x18, 0x0000_c100, PUBLISHED),
    known(0x1c, 0x0000_0000, PUBLISHED),
    known(0x20, 0x0000_0003, PUBLISHED),
    known(0x24, 0x0010_0000, PUBLISHED),
    known(0x28, 0x0130_1a00, PUBLISHED),
    known(0x2c, 0x000f_0000, PUBLISHED),
    known(0x30, 0x0000_0070, PUBLISHED),
    known(0x34, 0x0000_0000, PUBLISHED),
    known(0x38, 0x0000_0000, PUBLISHED),
    known(0x3c, 0x0000_0000, PUBLISHED),
    known(0x40, 0x1eaf_5fbe, PUBLISHED),
    known(0x44, 0x0000_0000, PUBLISHED),
    known(0x48, 0x0000_0000, PUBLISHED),
    known(0x4c, 0x0000_0000, PUBLISHED),
    known(0x50, 0x0000_0000, PUBLISHED),
    known(0x54, 0x0000_0000, PUBLISHED),
    known(0x58, 0x0001_2111, PUBLISHED),
    known(0x5c, 0x0000_ffff, PUBLISHED),
    known(0x60, 0x2050_0174, PUBLISHED),
    known(0x6c, 0x0001_0200, PUBLISHED),
    known(0x70, 0x0000_0000, PUBLISHED),
    known(0x74, 0x0000_0000, PUBLISHED),
    known(0x80, 0x0000_0000, PUBLISHED),
    known(0x84, 0x0000_0000, PUBLISHED),
    family(0x88),
    family(0x89),
    family(0x8a),
    family(0x8b),
    known(0x8c, 0x0000_0000, PUBLISHED),
    known(0x90, 0x0000_0000, PUBLISHED),
    known(0x94, 0x0000_0000, PUBLISHED),
    known(0x98, 0x0000_0000, PUBLISHED),
    known(0x9c, 0x00fd_0077, PUBLISHED),
    known(0xa0, 0x0000_0000, PUBLISHED),
    known(0xa4, 0x0000_ffff, PUBLISHED),
    known(0xa8, 0x0007_0000, PUBLISHED),
    known(0xac, 0x0000_0000, PUBLISHED),
    known(0xb0, 0x0000_0000, PUBLISHED),
    known(0xb4, 0x0000_0000, PUBLISHED),
    known(0xb8, 0x0000_0000, PUBLISHED),
    family(0xb9),
    known(0xbc, 0x0000_3313, PUBLISHED),
    known(0xc0, 0x0000_2000, PUBLISHED),
    known(0xc4, 0x0000_0000, PUBLISHED),
    known(0xc8, 0x0000_0000, PUBLISHED),
    known(0xcc, 0x0000_0000, PUBLISHED),
    known(0xd0, 0x0000_0070, PUBLISHED),
    known(0xd4, 0x0037_6400, PUBLISHED),
    known(0xd8, 0x3030_3030, PUBLISHED),
    known(0xdc, 0x0000_ffff, PUBLISHED),
    known(0xe0, 0x0000_0000, PUBLISHED),
    known(0xe4, 0x0000_0000, PUBLISHED),
    known(0xe8, 0x0000_0000, PUBLISHED),
    known(0xec, 0x0000_0008, PUBLISHED),
    known(0xf0, 0x0000_0000, PUBLISHED),
    known(0xf4, 0x0000_0000, PUBLISHED),
    known(0xf8, 0x0000_0000, PUBLISHED),
    known(0xfc, 0x0000_0000, PUBLISHED),
];

/// Names and resets: published by one source; 0, 2 and 5 are written in captures.
const CORE_REGISTERS: &[CoreRegisterInfo] = &[
    core(0, "clock delay control", Some(0x98), &[]),
    core(2, "core register 2", Some(0x55), &[]),
    core(3, "core error", Some(0), fields::CORE_ERROR),
    core(4, "core enable", Some(0), &[]),
    core(5, "hash clock control", Some(0x40), &[]),
    core(6, "hash clock counter", Some(0x08), &[]),
    core(7, "sweep clock control", Some(0x11), fields::SWEEP_CLOCK),
    core(8, "core register 8", Some(0), &[]),
    core(15, "core register 15", Some(0), &[]),
    core(16, "core register 16", Some(0), &[]),
    core(22, "core register 22", Some(0), &[]),
];
