//! BM1368 (Antminer S21, T21). No long chain of it was traced; what is known, and how well,
//! stands in `docs/chips/bm1368.md`.

use units::Megahertz;

use crate::fields::{core, family, known};
use crate::pll::{PllEncoding, PllProfile, Posts};
use crate::profile::Source::{Assumed, Captured, Published};
use crate::profile::{
    Baud, ChipField, CoreRegisterInfo, Counters, Division, HashRateCounter, LowBits, NonceLayout,
    PACE_SLOW, PllWrites, Profile, RegisterInfo, Sweep, View, WireIds,
};
use crate::register::{self as reg, CoreRegister, core_write};
use crate::step::{Action, Step};
use crate::temperature::{OnDie, TemperatureSource};
use crate::{Dialect, JobLayout, ResponseLength};

/// BM1368.
pub(super) const BM1368: Profile = Profile {
    name: "bm1368",
    // Captured: id reply 0x13680000.
    id: 0x1368,
    // Published by several sources. 1276 of 1280 small cores hash.
    cores: 80,
    small_cores_per_core: 16,
    small_cores_used: 1276,
    dialect: Dialect::Bm139x,
    // Published (ESP-Miner): the true count. BM1370 takes 0x36 as well.
    job: JobLayout::FullHeader { length_byte: 0x56 },
    // Published by several sources: 9 bytes until 0xA4 is written, which is why the
    // bring-up writes it first.
    response: ResponseLength::Eleven,
    map: reg::MAP_BM139X,
    registers: REGISTERS,
    core_registers: CORE_REGISTERS,
    pll: PllProfile {
        // Published for this chip, captured on BM1362 and BM1370.
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
    // Published (ESP-Miner) at 1.04 Mbaud. Nothing beyond the crystal's 3.125 Mbaud is used:
    // the faster base is unresolved.
    baud: Baud::FastUart { value: 0x1130_0000 },
    // Published (ESP-Miner); captured on BM1370. ESP-Miner steps by 24 through the same ids.
    wire_ids: WireIds {
        step: 8,
        count: 16,
        mask: 0xf0,
        shift: 1,
        low_mask: 0x0f,
        low: LowBits::SmallCore,
    },
    // The core is published. Where the chip stands is unverified and disputed: bits 24:17
    // (ESP-Miner, taken here) or 23:18. For statistics only.
    nonce: NonceLayout {
        view: View::BigEndian,
        core_shift: 25,
        core_mask: 0x7f,
        // The job byte tells it.
        small_core: None,
        chip: ChipField::Address {
            shift: 17,
            mask: 0xff,
        },
    },
    version_bits: 16,
    // Captured on S21 (108 chips): 83 % of a window at 490 MHz. Other boards get the same
    // share of theirs (assumed).
    sweep: Sweep::Counted {
        seen: &[(108, 2, 0x15a4)],
        permille: 829,
        division: Division::Address,
    },
    // Assumed: BM1366's reset value.
    start: Megahertz::new(50.0),
    // Published for one chip: 100 ms a step. For a long chain nobody says; BM1366's pace is
    // the safe side (assumed).
    ramp: PACE_SLOW,
    confirm: None,
    // Published by two sources, one result captured: 0x8000080C is 53.45 degrees. One source
    // begins with a fourth word, 0x80000000; the form of three is used.
    temperature: TemperatureSource::OnDie(OnDie {
        control: reg::TEMPERATURE_CONTROL,
        start: &[0x0002_0000, 0x0102_0000, 0x1002_0000],
        start_ms: 10,
        result: reg::TEMPERATURE,
        per_step_c: 0.171_342,
        zero_c: -299.5144,
    }),
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
const CLOCK_SELECT: CoreRegister = CoreRegister(11);

/// Order and words of ESP-Miner for one chip, with the pauses that stock firmware keeps on
/// long chains of BM1366 and BM1370, and from there, too, what a single chip does not need:
/// strength and relay at domain boundaries, and the baud rate before the per-chip pass. The
/// frequency ramp runs after everything else, while the chain mines.
const BRING_UP: &[Step] = &[
    // Power in reset, a second, release: assumed, no trace shows it.
    Step::new(Action::Reset { asserted: true }, Assumed).settle(10),
    Step::new(Action::RailOn, Assumed).settle(1000),
    Step::new(Action::Reset { asserted: false }, Assumed).settle(500),
    Step::new(Action::VersionRolling, Published).settle(10),
    Step::new(Action::VersionRolling, Published).settle(10),
    Step::new(Action::VersionRolling, Published).settle(10),
    Step::new(Action::VersionRolling, Published).settle(10),
    // 108 answers of 11 bytes take 103 ms at 115200 baud.
    Step::new(Action::ExpectChips { within_ms: 500 }, Published),
    Step::new(Action::Inactive, Published).settle(30),
    Step::write(reg::SOFT_RESET, 0x0007_0000, Published).settle(10),
    Step::write(reg::MISC_CONTROL, 0xff0f_c100, Published).settle(30),
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_SELECT, 0), Published).settle(10),
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x18), Published).settle(10),
    Step::new(Action::TicketMask, Published).settle(10),
    Step::write(reg::ANALOG_MUX, 0x0000_0003, Published).settle(10),
    Step::write(reg::IO_DRIVER, 0x0211_1111, Published).settle(10),
    Step::new(Action::SetAddresses, Published).settle(10),
    // BM1366's word, whose strength elsewhere this chip shares.
    Step::new(
        Action::WriteDomainLast(reg::IO_DRIVER, 0x0211_f111),
        Assumed,
    )
    .settle(10),
    // The formula is captured on three boards; that S21 relays is assumed.
    Step::new(Action::UartRelay, Assumed).settle(10),
    Step::new(Action::Baud, Published).settle(60),
    Step::new(
        Action::WriteEach(&[
            (reg::SOFT_RESET, 0x0007_01f0),
            (reg::MISC_CONTROL, 0xf000_c100),
            (reg::CORE_CONTROL, core_write(CLOCK_SELECT, 0)),
            (reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x18)),
            (reg::CORE_CONTROL, core_write(CORE_2, 0xaa)),
        ]),
        Published,
    )
    .settle(10),
    // The source rests half a second after each chip, of which it has one.
    Step::new(Action::Pause, Published).settle(500),
    Step::new(Action::TicketMask, Published).settle(10),
    Step::new(Action::HashCounting, Published).settle(10),
    Step::new(Action::VersionRolling, Published).settle(10),
];

/// The family's registers. Reset values are unknown but for the identity.
const REGISTERS: &[RegisterInfo] = &[
    known(0x00, 0x1368_0000, Captured),
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
    family(0x64),
    family(0x68),
    family(0x6c),
    family(0x70),
    family(0x74),
    family(0x80),
    family(0x84),
    family(0x88),
    family(0x89),
    family(0x8a),
    family(0x8b),
    family(0x8c),
    family(0xa4),
    family(0xa8),
    family(0xb0),
    family(0xb4),
    family(0xb8),
    family(0xb9),
    family(0xba),
    family(0xbb),
    family(0xbd),
    family(0xc4),
];

/// Published; BM1370's names.
const CORE_REGISTERS: &[CoreRegisterInfo] = &[
    core(0, "clock delay control", None, &[]),
    core(2, "core register 2", None, &[]),
    core(5, "hash clock control", None, &[]),
    core(6, "hash clock counter", None, &[]),
    core(8, "core register 8", None, &[]),
    core(11, "clock select", None, &[]),
    core(22, "core register 22", None, &[]),
];
