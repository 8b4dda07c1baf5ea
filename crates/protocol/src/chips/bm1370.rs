//! BM1370 (Antminer S21 Pro, S21 XP). Captured end to end; `docs/chips/bm1370.md`.

use units::Megahertz;

use crate::pll::{PllProfile, PostDivider};
use crate::profile::Source::{Assumed, Captured, Published};
use crate::profile::{
    Baud, ChipField, LowBits, NonceLayout, Profile, RegisterInfo, Source, Sweep, WireIds,
};
use crate::register::{self as reg, CoreRegister, core_write};
use crate::step::{Action, Step};
use crate::{JobLayout, Register, ResponseLength};

/// BM1370.
pub const BM1370: Profile = Profile {
    name: "bm1370",
    // Captured: id reply 0x13700000.
    id: 0x1370,
    // 128 x 16, of which 2040 hash: several sources, and 2040 x 600 MHz x 195 chips is
    // the machine's rating within 2 %.
    cores: 128,
    small_cores_per_core: 16,
    small_cores_used: 2040,
    // The chip takes 0x36 and 0x56 (captured). 0x36 is what its own vendor's S21 Pro
    // firmware sends and so the form with the most hours behind it; 0x56 is the true
    // count and comes from single-chip boards.
    job: JobLayout::FullHeader { length_byte: 0x36 },
    // Captured: 9 bytes until 0xA4 is written, which is why the bring-up writes it first.
    response: ResponseLength::Eleven,
    registers: REGISTERS,
    pll: PllProfile {
        // Captured: 0x50C00230 is 600 MHz.
        encoding: PostDivider::MinusOne,
        // Published (ESP-Miner).
        fbdiv: (160, 239),
        vco_mhz: (1600.0, 3200.0),
        refdivs: &[2, 1],
        // Captured: 2400 MHz exactly has the bit.
        vco_high_mhz: Some(2400.0),
    },
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
        core_shift: 25,
        chip: ChipField::Offset { shift: 9 },
    },
    version_bits: 16,
    // Captured on S21 Pro with 65 chips: 0x1EB5, which is 73 % of a chip's window at
    // 600 MHz. Boards with more chips get the same share of their smaller window
    // (assumed; S21 XP's captured 0x1A44 is 71 %).
    sweep: Sweep::Counted {
        ticks: 0x1eb5,
        chips: 65,
        window_permille: 731,
    },
    // Published: what chips run at after reset (PLL0 0xC0540165).
    start: Megahertz::new(50.0),
    confirm: None,
    bring_up: BRING_UP,
    after_first_work: AFTER_FIRST_WORK,
};

const CLOCK_SELECT: CoreRegister = CoreRegister(11);
const CLOCK_DELAY: CoreRegister = CoreRegister(0);
const CORE_2: CoreRegister = CoreRegister(2);
const NONCE_OVERFLOW: CoreRegister = CoreRegister(13);

/// Stock S21 Pro order, values and delays, captured, with two differences. Power and
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
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x0c), Captured).settle(10),
    Step::new(Action::TicketMask, Captured).settle(10),
    Step::write(reg::IO_DRIVER, 0x0001_1111, Captured).settle(10),
    // Clock output at full strength where the signal crosses a domain boundary.
    Step::new(
        Action::WriteDomainLast(reg::IO_DRIVER, 0x0001_f111),
        Captured,
    )
    .settle(10),
    Step::write(reg::PLL3, 0x5aa5_5aa5, Captured).settle(10),
    Step::new(Action::UartRelay, Captured).settle(10),
    Step::new(Action::Baud, Captured).settle(60),
    Step::new(
        Action::WriteEach(&[
            (reg::SOFT_RESET, 0x0007_01f0),
            (reg::MISC_CONTROL, 0xf000_c100),
            (reg::CORE_CONTROL, core_write(CLOCK_SELECT, 0)),
            (reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x0c)),
            (reg::CORE_CONTROL, core_write(CORE_2, 0xaa)),
        ]),
        Captured,
    )
    .settle(10),
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

/// Captured in this place: stock writes these after its first job.
const AFTER_FIRST_WORK: &[Step] = &[
    Step::new(Action::NonceOffsets, Captured),
    Step::new(Action::HashCounting, Captured).settle(10),
    Step::new(Action::VersionRolling, Captured).settle(10),
];

const fn known(address: u8, name: &'static str, reset: u32) -> RegisterInfo {
    RegisterInfo {
        reg: Register(address),
        name,
        reset: Some(reset),
        source: PUBLISHED,
    }
}

/// Reset values: one public source (bm13xx-rs); 0x00 and 0x18 are also captured.
const PUBLISHED: Source = Published;

const REGISTERS: &[RegisterInfo] = &[
    known(0x00, "chip id", 0x1370_0000),
    known(0x04, "hash rate, one second", 0),
    known(0x08, "PLL0", 0xc054_0165),
    known(0x0c, "chip nonce offset", 0),
    known(0x10, "hash counting number", 0),
    known(0x14, "ticket mask", 0),
    known(0x18, "misc control", 0x0000_c100),
    known(0x1c, "I2C control", 0),
    known(0x20, "ordered clock enable", 0x0000_0007),
    known(0x24, "top process monitor", 0x0010_0000),
    known(0x28, "fast UART", 0x0130_1a00),
    known(0x2c, "UART relay", 0x000f_0000),
    known(0x30, "core number", 0x0000_0080),
    known(0x34, "register 34", 0),
    known(0x38, "ticket mask 2", 0),
    known(0x3c, "core register control", 0),
    known(0x40, "core register value", 0x0802_0100),
    known(0x44, "external temperature sensor", 0),
    known(0x48, "error flag", 0),
    known(0x4c, "nonce error counter", 0),
    known(0x50, "nonce overflow counter", 0),
    known(0x54, "analog mux", 0),
    known(0x58, "IO driver strength", 0x0001_2111),
    known(0x5c, "time out", 0x0000_ffff),
    known(0x60, "PLL1", 0x2050_0174),
    known(0x64, "PLL2", 0x2050_0174),
    known(0x68, "PLL3", 0),
    known(0x6c, "ordered clock monitor", 0x0001_0200),
    known(0x70, "PLL0 divider", 0),
    known(0x74, "PLL1 divider", 0),
    known(0x78, "PLL2 divider", 0),
    known(0x7c, "PLL3 divider", 0),
    known(0x80, "clock order control 0", 0),
    known(0x84, "clock order control 1", 0),
    known(0x8c, "clock order status", 0),
    known(0x90, "ticket nonce counter", 0),
    known(0x94, "golden nonce for sweep", 0),
    known(0x98, "group pattern status", 0),
    known(0x9c, "nonce returned time out", 0x00f7_0073),
    known(0xa0, "single pattern status", 0),
    known(0xa4, "version rolling", 0x0000_ffff),
    known(0xa8, "soft reset", 0x0007_0000),
    known(0xac, "register AC", 0),
    known(0xb0, "register B0", 0),
    known(0xb4, "register B4", 0),
    known(0xb8, "register B8", 0x2000_0000),
    known(0xbc, "register BC", 0x0000_3313),
    known(0xc0, "register C0", 0x0000_2000),
    known(0xc4, "register C4", 0x0000_b850),
    known(0xc8, "register C8", 0),
    known(0xcc, "register CC", 0),
    known(0xd0, "frequency sweep control", 0),
    known(0xd4, "register D4", 0),
    known(0xd8, "register D8", 0),
    known(0xdc, "sweep nonce return time out", 0),
    known(0xe0, "register E0", 0),
    known(0xe4, "register E4", 0),
    known(0xe8, "register E8", 0),
    known(0xec, "register EC", 0),
    known(0xf0, "register F0", 0),
    known(0xf4, "register F4", 0),
    known(0xf8, "register F8", 0),
    known(0xfc, "register FC", 0),
];
