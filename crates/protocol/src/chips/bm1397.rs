//! BM1397 (Antminer S17, T17). No long chain of it was traced while it mined; what is known,
//! and how well, stands in `docs/chips/bm1397.md`.

use units::Megahertz;

use crate::fields::{self, BitField, bit, bits, core, known, register};
use crate::pll::{PllEncoding, PllProfile, Posts};
use crate::profile::Source::{Assumed, Published};
use crate::profile::{
    Baud, ChipField, CoreRegisterInfo, Counters, HashRateCounter, LowBits, NonceBits, NonceLayout,
    PACE_COMMON, PllWrites, Profile, RegisterInfo, Source, Sweep, View, WireIds,
};
use crate::register::{self as reg, CoreRegister, core_write};
use crate::step::{Action, Step};
use crate::temperature::{I2cMaster, TemperatureSource};
use crate::{Dialect, JobLayout, ResponseLength};

/// BM1397.
pub(super) const BM1397: Profile = Profile {
    name: "bm1397",
    // Published by several sources: id reply 0x13971800.
    id: 0x1397,
    // Published by several sources.
    cores: 168,
    small_cores_per_core: 4,
    small_cores_used: 672,
    dialect: Dialect::Bm139x,
    // Captured from a host.
    job: JobLayout::Midstates,
    // Published by several sources: nine bytes always.
    response: ResponseLength::Nine,
    map: reg::MAP_BM139X,
    registers: REGISTERS,
    core_registers: CORE_REGISTERS,
    pll: PllProfile {
        // Published: the reset value 0xC0600161 read so is 400 MHz, and 50 MHz behind its
        // divider. One source subtracts one, which would make it 21.4 MHz. Direct is also
        // the safe side: read the other way it runs the chips slower.
        encoding: PllEncoding::Direct,
        // Published (ESP-Miner).
        fbdiv: (60, 200),
        // The lower end follows from the divider; the upper is BM1370's (assumed), which
        // ESP-Miner passes above 640 MHz with a reference divider of 1.
        vco_mhz: (750.0, 3200.0),
        vco_mhz_refdiv1: None,
        refdivs: &[2, 1],
        posts: Posts::Descending,
        // ESP-Miner leaves the bit alone.
        vco_high_mhz: None,
    },
    // Published (ESP-Miner, kano): the user divider is set to 1 with every change, and
    // everything twice.
    pll_writes: PllWrites {
        before: &[
            (reg::PLL0_DIVIDER, DIVIDE_BY_1),
            (reg::PLL0_DIVIDER, DIVIDE_BY_1),
        ],
        times: 2,
        apart_ms: 10,
    },
    // Published by several sources. Its bits lead the I2C pins out (tfs 3, rfs 1). PLL3 is
    // started by the bring-up, whatever the rate, as T17 does.
    baud: Baud::Misc {
        misc: 0x0000_7a31,
        pll3: &[],
        pll3_hz: 400_000_000,
    },
    // Published (ESP-Miner).
    wire_ids: WireIds {
        step: 4,
        count: 32,
        mask: 0x7c,
        shift: 0,
        low_mask: 0x03,
        low: LowBits::MidstateIndex,
    },
    // The core is published by several sources. Where the chip stands is disputed: this is
    // the reading that leaves room for core, small core, address and counter (assumed).
    nonce: NonceLayout {
        view: View::BigEndian,
        core_shift: 24,
        core_mask: 0xff,
        small_core: Some(NonceBits {
            shift: 22,
            mask: 0x03,
        }),
        chip: ChipField::Address {
            shift: 14,
            mask: 0xff,
        },
    },
    version_bits: 0,
    // 14 counter bits below the address for each of four small cores (assumed from the
    // nonce; BM1398's captured window is the same). The register is not set: the chip
    // hashes with 0, and the host ends a job before its window does (published; nine
    // tenths are BM1387's).
    sweep: Sweep::Window {
        log2_per_address: 16,
        windows_counted: 0,
        permille: 900,
    },
    // Published: PLL0 0xC0600161 behind the reset divider of 8.
    start: Megahertz::new(50.0),
    ramp: PACE_COMMON,
    confirm: None,
    temperature: TemperatureSource::I2c(I2cMaster {
        register: reg::I2C_CONTROL,
        enable: 0,
    }),
    // Published (skot).
    counters: Counters {
        hash_rate: Some(HashRateCounter::Rate(crate::Register(0x04))),
        nonce_errors: Some(reg::NONCE_ERRORS),
        error_flag: Some(reg::ERROR_FLAG),
    },
    bring_up: BRING_UP,
    after_first_work: &[],
};

/// PLLDIV0 = 0 selects divider 1; the other three are not used.
const DIVIDE_BY_1: u32 = 0x0f0f_0f00;
const CLOCK_DELAY: CoreRegister = CoreRegister(0);

/// Order and words of a T17 (one source), with the pauses of that source and, from PLL3 on,
/// of kano's six-chip stick. ESP-Miner and kano use 0x00000001 and 0x00000100 for the
/// ordered clock, and clock delay 0x74: other boards; which bit does what is unknown.
///
/// One write is ours. The chip comes out of reset with its PLL at 400 MHz behind a divider
/// of 8, and every source sets the divider to 1 first: for ten milliseconds the whole board
/// would run at eight times its speed. So the PLL is set low before the divider is.
const BRING_UP: &[Step] = &[
    // Power in reset, a second, release: assumed, no trace shows it.
    Step::new(Action::Reset { asserted: true }, Assumed).settle(10),
    Step::new(Action::RailOn, Assumed).settle(1000),
    Step::new(Action::Reset { asserted: false }, Assumed).settle(500),
    // 48 answers of 9 bytes take 38 ms at 115200 baud.
    Step::new(Action::ExpectChips { within_ms: 500 }, Published),
    Step::write(reg::CLOCK_ORDER_0, 0, Published).settle(10),
    Step::write(reg::CLOCK_ORDER_1, 0, Published).settle(100),
    Step::write(reg::ORDERED_CLOCK_ENABLE, 0, Published).settle(100),
    Step::write(reg::ORDERED_CLOCK_ENABLE, 0x0000_00ff, Published).settle(10),
    // Clock delay 2, pulse width 3, and the bit that lets jobs carry several midstates.
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0xb4), Published).settle(100),
    Step::new(Action::TicketMask, Published).settle(20),
    // T17 waits 2 ms between them and 30 after; kano 100.
    Step::new(Action::Inactive, Published).settle(100),
    Step::new(Action::Inactive, Published).settle(100),
    Step::new(Action::Inactive, Published).settle(100),
    Step::new(Action::SetAddresses, Published).settle(10),
    Step::write(reg::PLL3, 0xc070_0111, Published).settle(50),
    Step::write(reg::PLL3, 0xc070_0111, Published).settle(50),
    Step::write(reg::FAST_UART, 0x0600_000f, Published).settle(100),
    Step::new(Action::Baud, Published).settle(60),
    // 50 MHz, for the moment an eighth of it.
    Step::write(reg::PLL0, 0x403c_0253, Assumed).settle(10),
    Step::new(Action::StartFrequency, Published).settle(100),
];

/// Reset values: two sources that agree (skot, bm13xx-rs).
const PUBLISHED: Source = Published;

const fn own(
    address: u8,
    name: &'static str,
    reset: u32,
    fields: &'static [BitField],
) -> RegisterInfo {
    RegisterInfo {
        reset: Some(reset),
        source: PUBLISHED,
        ..register(address, name, fields)
    }
}

const REGISTERS: &[RegisterInfo] = &[
    known(0x00, 0x1397_1800, PUBLISHED),
    known(0x04, 0x8000_0000, PUBLISHED),
    known(0x08, 0xc060_0161, PUBLISHED),
    own(
        0x0c,
        "chip nonce offset",
        0x0000_0000,
        fields::NONCE_OFFSET_BM1397,
    ),
    known(0x10, 0x0000_0000, PUBLISHED),
    known(0x14, 0x0000_0000, PUBLISHED),
    own(0x18, "misc control", 0x0000_3a01, fields::MISC_BM1397),
    known(0x1c, 0x0100_0000, PUBLISHED),
    known(0x20, 0x0000_ffff, PUBLISHED),
    own(0x28, "fast UART", 0x0600_000f, fields::FAST_UART_BM1397),
    known(0x2c, 0x000f_0000, PUBLISHED),
    known(0x38, 0x0000_0000, PUBLISHED),
    own(
        0x3c,
        "core register control",
        0x0000_4000,
        fields::CORE_CONTROL_BM1397,
    ),
    known(0x40, 0x0000_0000, PUBLISHED),
    known(0x44, 0x0000_0100, PUBLISHED),
    known(0x48, 0xff00_0000, PUBLISHED),
    known(0x4c, 0x0000_0000, PUBLISHED),
    known(0x50, 0x0000_0000, PUBLISHED),
    known(0x54, 0x0000_0000, PUBLISHED),
    known(0x58, 0x0211_2111, PUBLISHED),
    known(0x5c, 0x0000_ffff, PUBLISHED),
    known(0x60, 0x0064_0111, PUBLISHED),
    known(0x64, 0x0068_0111, PUBLISHED),
    known(0x68, 0x0070_0111, PUBLISHED),
    known(0x6c, 0x0000_0000, PUBLISHED),
    known(0x70, 0x0304_0607, PUBLISHED),
    known(0x74, 0x0304_0506, PUBLISHED),
    known(0x78, 0x0304_0506, PUBLISHED),
    known(0x7c, 0x0304_0506, PUBLISHED),
    known(0x80, 0xd95c_8410, PUBLISHED),
    known(0x84, 0xfb73_ea62, PUBLISHED),
    own(0x8c, "clock order status", 0x0000_0000, &[]),
    known(0x90, 0x0000_0070, PUBLISHED),
    known(0x94, 0x0037_6400, PUBLISHED),
    known(0x98, 0x3030_3030, PUBLISHED),
    known(0x9c, 0x0000_ffff, PUBLISHED),
    known(0xa0, 0x0000_0000, PUBLISHED),
];

const CORE_REGISTERS: &[CoreRegisterInfo] = &[
    core(0, "clock delay control", None, fields::CLOCK_DELAY_BM1397),
    core(
        1,
        "process monitor control",
        None,
        &[bit("start", 2), bits("select", 1, 0)],
    ),
    core(2, "process monitor data", None, &[]),
    core(3, "core error", None, fields::CORE_ERROR),
    core(4, "core enable", None, &[bits("small cores", 7, 0)]),
    core(5, "hash clock control", None, &[]),
    core(6, "hash clock counter", None, &[]),
    core(7, "sweep clock control", None, fields::SWEEP_CLOCK),
];
