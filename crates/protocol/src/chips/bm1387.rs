//! BM1387 (Antminer S9). Frames, registers and opening of cores differ from every later
//! chip; `docs/chips/bm1387.md`.

use units::Megahertz;

use crate::fields::{self, BitField, bit, bits, register};
use crate::pll::{PllEncoding, PllProfile, Posts};
use crate::profile::Source::Published;
use crate::profile::{
    Baud, ChipField, Counters, HashRateCounter, LowBits, NonceLayout, PACE_COMMON, PllWrites,
    Profile, RegisterInfo, Sweep, View, WireIds,
};
use crate::register as reg;
use crate::step::{Action, Step};
use crate::temperature::{I2cMaster, TemperatureSource};
use crate::{Dialect, JobLayout, Register, ResponseLength};

/// BM1387. What is not marked is published by several sources (bosminer, bmminer, kano).
pub(super) const BM1387: Profile = Profile {
    name: "bm1387",
    // Register 0 reads 13 87 90 and the address.
    id: 0x1387,
    // Core ids go up to 127 and leave gaps.
    cores: 114,
    small_cores_per_core: 1,
    small_cores_used: 114,
    dialect: Dialect::Bm1387,
    // Captured, checksum and a solved share included.
    job: JobLayout::Midstates,
    // Captured.
    response: ResponseLength::Seven,
    map: reg::MAP_BM1387,
    registers: REGISTERS,
    core_registers: &[],
    pll: PllProfile {
        encoding: PllEncoding::Bm1387,
        // The vendor's table of frequencies uses 32 to 128, reference divider 2 and these
        // post dividers, of which it prefers the powers of two: this rule gives all of it.
        fbdiv: (32, 128),
        vco_mhz: (400.0, 1600.0),
        vco_mhz_refdiv1: None,
        refdivs: &[2],
        posts: Posts::Listed(&[(4, 1), (2, 1), (3, 1), (1, 1)]),
        vco_high_mhz: None,
    },
    pll_writes: PllWrites::ONCE,
    // Inverted clock output, gate block, several midstates. Notes write bit 30 as well (not
    // set baud); whether it blocks the divider is open, so the sequence's form without it
    // is sent.
    baud: Baud::Low { misc: 0x0020_8080 },
    // The chip adds the midstate's place to the id. Ids that are multiples of four leave it
    // the low bits.
    wire_ids: WireIds {
        step: 4,
        count: 32,
        mask: 0x7c,
        shift: 0,
        low_mask: 0x03,
        low: LowBits::MidstateIndex,
    },
    nonce: NonceLayout {
        view: View::LittleEndian,
        core_shift: 24,
        core_mask: 0x7f,
        small_core: None,
        chip: ChipField::Address {
            shift: 0,
            mask: 0xfc,
        },
    },
    version_bits: 0,
    // 19 counter bits beside core and address at interval 4. The register is not set: the
    // chip hashes with 0, and bosminer ends a job after nine tenths.
    sweep: Sweep::Window {
        log2_per_address: 17,
        windows_counted: 0,
        permille: 900,
    },
    // The lowest of the vendor's table. bosminer orders the working frequency at once; a
    // ramp spares the supply, as on every later chip.
    start: Megahertz::new(100.0),
    ramp: PACE_COMMON,
    confirm: None,
    // Bits 14 and 6:5 lead the pins to the master; the register's other bits stay, above
    // all the one for several midstates, which vendor firmware clears by mistake here.
    temperature: TemperatureSource::I2c(I2cMaster {
        register: Register(0x20),
        enable: 0x0000_4060,
    }),
    counters: Counters {
        hash_rate: Some(HashRateCounter::Rate(Register(0x08))),
        nonce_errors: None,
        error_flag: None,
    },
    bring_up: BRING_UP,
    after_first_work: &[],
};

/// Bosminer's order, with the longer of its and bmminer's pauses. Cores open at the board's
/// start voltage, which whoever drives the supply sets before and lowers afterwards.
const BRING_UP: &[Step] = &[
    Step::new(Action::Reset { asserted: true }, Published).settle(1000),
    Step::new(Action::RailOn, Published).settle(2000),
    Step::new(Action::Reset { asserted: false }, Published).settle(1000),
    // 63 answers of 7 bytes take 38 ms at 115200 baud.
    Step::new(Action::ExpectChips { within_ms: 500 }, Published),
    Step::new(Action::Inactive, Published).settle(100),
    Step::new(Action::Inactive, Published).settle(100),
    Step::new(Action::Inactive, Published).settle(100),
    Step::new(Action::AddressChips, Published).settle(30),
    Step::new(Action::StartFrequency, Published).settle(10),
    Step::new(Action::Baud, Published).settle(50),
    Step::new(Action::TicketMask, Published).settle(10),
    Step::new(
        Action::OpenCores {
            jobs: 114,
            midstates: 4,
        },
        Published,
    )
    .settle(100),
];

/// Published; the chip has others.
const REGISTERS: &[RegisterInfo] = &[
    RegisterInfo {
        reset: Some(0x1387_9000),
        source: Published,
        ..register(0x00, "chip id", CHIP_ID)
    },
    register(0x08, "hash rate", &[]),
    register(0x0c, "PLL", PLL),
    register(0x10, "start nonce offset", &[]),
    register(0x14, "hash counting number", &[]),
    register(0x18, "ticket mask", &[]),
    register(0x1c, "misc control", MISC),
    register(0x20, "I2C command", fields::I2C),
];

const CHIP_ID: &[BitField] = &[
    bits("chip", 31, 16),
    bits("core count code", 15, 8),
    bits("address", 7, 0),
];

const PLL: &[BitField] = &[
    bit("locked", 31),
    bits("fbdiv", 23, 16),
    bits("refdiv", 11, 8),
    bits("postdiv1", 7, 4),
    bits("postdiv2", 3, 0),
];

const MISC: &[BitField] = &[
    bit("not set baud", 30),
    bit("invert clock out", 21),
    bit("I2C bus, middle", 16),
    bit("gate block", 15),
    bit("rfs", 14),
    bits("baud divider", 12, 8),
    bit("several midstates", 7),
    bits("tfs", 6, 5),
];
