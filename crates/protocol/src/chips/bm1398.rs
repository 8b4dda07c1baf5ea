//! BM1398 (Antminer S19, S19 Pro). The least captured chip here: what is known, and what
//! is doubted, stands in `docs/chips/bm1398.md`.

use units::Megahertz;

use crate::fields::{self, BitField, bit, bits, family, register};
use crate::pll::{PllEncoding, PllProfile, Posts};
use crate::profile::Source::{Assumed, Captured, Published};
use crate::profile::{
    Baud, ChipField, Confirm, CoreRegisterInfo, Counters, HashRateCounter, LowBits, NonceLayout,
    PACE_COMMON, PllWrites, Profile, RegisterInfo, Sweep, View, WireIds,
};
use crate::register::{self as reg, CoreRegister, core_write};
use crate::step::{Action, Step};
use crate::temperature::{I2cMaster, TemperatureSource};
use crate::{Dialect, JobLayout, ResponseLength};

/// BM1398.
pub(super) const BM1398: Profile = Profile {
    name: "bm1398",
    // Captured: id reply 0x13981800.
    id: 0x1398,
    // Captured: cores 0 to 155 all return nonces, and 623 small cores fit the logged
    // hashrate.
    cores: 156,
    small_cores_per_core: 4,
    small_cores_used: 623,
    dialect: Dialect::Bm139x,
    // Assumed: BM1397's frame. Behind an FPGA, which packs it, nobody has seen it.
    job: JobLayout::Midstates,
    response: ResponseLength::Nine,
    map: reg::MAP_BM139X,
    registers: REGISTERS,
    core_registers: CORE_REGISTERS,
    pll: PllProfile {
        // In doubt. The reset value 0xC0200144 gives 50 MHz read directly, and public
        // notes on the vendor's test program subtract one. Direct is the safe side: read
        // the other way it runs the chips slower, while the reverse mistake runs them up
        // to four times too fast. The ramp holds low until nonces confirm it.
        encoding: PllEncoding::Direct,
        // Assumed: BM1397's published bounds.
        fbdiv: (60, 200),
        // Assumed: BM1370's. The reset value has a VCO of 800 MHz, below it.
        vco_mhz: (1600.0, 3200.0),
        // 1 first: both known values (reset, PLL3) have it.
        refdivs: &[1, 2],
        vco_mhz_refdiv1: None,
        posts: Posts::Descending,
        // Unknown; BM1397 does not use the bit.
        vco_high_mhz: None,
    },
    pll_writes: PllWrites::ONCE,
    baud: Baud::Misc {
        // Captured: register 0x18 as stage 1 leaves it. A baud change keeps its other
        // bits, above all the inverted clock output.
        misc: 0xf000_ba05,
        // Published (notes on the vendor's test program): PLL3 at 2.8 GHz, divided by 7.
        pll3: &[(reg::PLL3, 0xc070_0111), (reg::FAST_UART, 0x0600_8f00)],
        pll3_hz: 400_000_000,
    },
    // Assumed: BM1397's. The stock log's work ids are the FPGA's.
    wire_ids: WireIds {
        step: 4,
        count: 32,
        mask: 0x7c,
        shift: 0,
        low_mask: 0x03,
        low: LowBits::MidstateIndex,
    },
    // Captured: holds for 3494 of 3494 nonces.
    nonce: NonceLayout {
        view: View::BigEndian,
        core_shift: 24,
        core_mask: 0xff,
        // Unknown.
        small_core: None,
        chip: ChipField::Address {
            shift: 16,
            mask: 0xfe,
        },
    },
    version_bits: 0,
    // Captured: 17 counter bits below the address, at interval 2. Hash counting 12480 at 525 MHz is two
    // such windows, the sweep of eight versions by four small cores.
    sweep: Sweep::Window {
        log2_per_address: 16,
        windows_counted: 2,
        permille: 1000,
    },
    // Published: after reset (0xC0200144 read directly).
    start: Megahertz::new(50.0),
    ramp: PACE_COMMON,
    // Our policy. Below 125 MHz a PLL misread by four still runs at or below 500 MHz,
    // which the board is made for; 32 expected nonces show a rate four times too high in
    // 999 cases of 1000 (the guard's own bound keeps chance from tripping it), and take
    // about five seconds on a whole board.
    confirm: Some(Confirm {
        below: Megahertz::new(125.0),
        expected_nonces: 32.0,
    }),
    // Assumed: BM1397's master. Its pins are led out by the captured misc control word
    // only if the bits mean what they mean there; nothing is switched for it.
    temperature: TemperatureSource::I2c(I2cMaster {
        register: reg::I2C_CONTROL,
        enable: 0,
    }),
    // Assumed: BM1397's.
    counters: Counters {
        hash_rate: Some(HashRateCounter::Rate(crate::Register(0x04))),
        nonce_errors: Some(reg::NONCE_ERRORS),
        error_flag: Some(reg::ERROR_FLAG),
    },
    bring_up: BRING_UP,
    after_first_work: &[],
};

const CLOCK_DELAY: CoreRegister = CoreRegister(0);
const PULSE_MODE: CoreRegister = CoreRegister(7);

/// Reset and stage 1 as captured; stage 2 in the order of public notes, with our values
/// where the notes give none.
const BRING_UP: &[Step] = &[
    // The FPGA trace releases, holds and releases the reset for 500 ms each. That power
    // comes first, and a second before, is assumed.
    Step::new(Action::Reset { asserted: true }, Captured).settle(10),
    Step::new(Action::RailOn, Assumed).settle(1000),
    Step::new(Action::Reset { asserted: false }, Captured).settle(500),
    Step::new(Action::Reset { asserted: true }, Captured).settle(500),
    Step::new(Action::Reset { asserted: false }, Captured).settle(500),
    // Stage 1: word for word from the capture.
    Step::write(reg::MISC_CONTROL, 0x0000_ba01, Captured).settle(10),
    Step::write(reg::REG_34, 0x0000_00f0, Captured).settle(10),
    Step::write(reg::MISC_CONTROL, 0x0040_ba01, Captured).settle(10),
    Step::write(reg::MISC_CONTROL, 0xf000_ba01, Captured).settle(10),
    Step::write(reg::MISC_CONTROL, 0xf000_ba05, Captured).settle(10),
    Step::write(reg::REG_34, 0x0000_00f8, Captured).settle(10),
    // No nonces before the chain is ready. The capture waits 51 ms here.
    Step::write(reg::TICKET_MASK, 0xffff_ffff, Captured).settle(50),
    // 114 answers of 9 bytes take 89 ms at 115200 baud.
    Step::new(Action::ExpectChips { within_ms: 500 }, Captured),
    // Stage 2.
    Step::write(reg::ANALOG_MUX, 0x0000_0003, Captured).settle(10),
    Step::new(Action::Inactive, Published).settle(30),
    Step::new(Action::SetAddresses, Assumed).settle(10),
    // Pulse mode 1 is captured as a setting; the word 0x80008710 is published.
    Step::write(reg::CORE_CONTROL, core_write(PULSE_MODE, 0x10), Published).settle(10),
    // Delay 1 and pulse width 1 are captured as settings; the word is built by BM1397's
    // layout, with the bit that lets jobs carry several midstates.
    Step::write(reg::CORE_CONTROL, core_write(CLOCK_DELAY, 0x54), Assumed).settle(10),
    Step::write(reg::PLL0_DIVIDER, 0x0000_0000, Published).settle(10),
    Step::new(Action::StartFrequency, Assumed).settle(100),
    Step::new(Action::Baud, Published).settle(60),
    Step::new(Action::TicketMask, Captured).settle(10),
    Step::new(Action::HashCounting, Captured).settle(10),
];

/// BM1397's, with what the captured words add: bit 2 runs the clock, and 31:28 are set when
/// the reset is released.
const MISC: &[BitField] = &[
    bits("reset released", 31, 28),
    bits("baud divider high", 27, 24),
    bit("core soft reset", 22),
    bit("baud clock from pll3", 16),
    bit("return error nonces", 15),
    bit("rfs", 14),
    bit("invert clock out", 13),
    bits("baud divider low", 12, 8),
    bit("return work errors", 7),
    bits("tfs", 6, 4),
    bit("clock enabled", 2),
    bits("hashrate window", 1, 0),
];

/// Cached defaults of a vendor binary, which agree with the capture. The chip has the
/// family's other registers; their resets are unknown.
const REGISTERS: &[RegisterInfo] = &[
    family(0x00),
    family(0x04),
    family(0x08),
    register(0x0c, "chip nonce offset", fields::NONCE_OFFSET_BM1397),
    family(0x10),
    family(0x14),
    RegisterInfo {
        reset: Some(0x0000_ba05),
        source: Captured,
        ..register(0x18, "misc control", MISC)
    },
    family(0x1c),
    family(0x20),
    register(0x28, "fast UART", fields::FAST_UART_BM1397),
    family(0x2c),
    RegisterInfo {
        reset: Some(0x0000_00f8),
        source: Captured,
        ..register(0x34, "reset control", &[bit("cores released", 3)])
    },
    register(0x3c, "core register control", fields::CORE_CONTROL_BM1397),
    family(0x40),
    family(0x48),
    family(0x4c),
    family(0x50),
    family(0x54),
    family(0x58),
    family(0x60),
    family(0x64),
    family(0x68),
    family(0x70),
];

const CORE_REGISTERS: &[CoreRegisterInfo] = &[
    fields::core(0, "clock delay control", None, fields::CLOCK_DELAY_BM1397),
    fields::core(7, "pulse mode", None, &[bits("pulse mode", 7, 4)]),
];
