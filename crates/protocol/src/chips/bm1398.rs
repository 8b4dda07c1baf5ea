//! BM1398 (Antminer S19, S19 Pro). The least captured chip here: what is known, and what
//! is doubted, stands in `docs/chips/bm1398.md`.

use units::Megahertz;

use crate::pll::{PllProfile, PostDivider};
use crate::profile::Source::{Assumed, Captured, Published};
use crate::profile::{
    Baud, ChipField, Confirm, LowBits, NonceLayout, Profile, RegisterInfo, Sweep, WireIds,
};
use crate::register::{self as reg, CoreRegister, core_write};
use crate::step::{Action, Step};
use crate::{JobLayout, ResponseLength};

/// BM1398.
pub const BM1398: Profile = Profile {
    name: "bm1398",
    // Captured: id reply 0x13981800.
    id: 0x1398,
    // Captured: cores 0 to 155 all return nonces, and 623 small cores fit the logged
    // hashrate.
    cores: 156,
    small_cores_per_core: 4,
    small_cores_used: 623,
    // Assumed: BM1397's frame. Behind an FPGA, which packs it, nobody has seen it.
    job: JobLayout::Midstates,
    response: ResponseLength::Nine,
    registers: REGISTERS,
    pll: PllProfile {
        // In doubt. The reset value 0xC0200144 gives 50 MHz read directly, and public
        // notes on the vendor's test program subtract one. Direct is the safe side: read
        // the other way it runs the chips slower, while the reverse mistake runs them up
        // to four times too fast. The ramp holds low until nonces confirm it.
        encoding: PostDivider::Direct,
        // Assumed: BM1397's published bounds.
        fbdiv: (60, 200),
        // Assumed: BM1370's. The reset value has a VCO of 800 MHz, below it.
        vco_mhz: (1600.0, 3200.0),
        // 1 first: both known values (reset, PLL3) have it.
        refdivs: &[1, 2],
        // Unknown; BM1397 does not use the bit.
        vco_high_mhz: None,
    },
    baud: Baud::Misc {
        // Captured: register 0x18 as stage 1 leaves it. A baud change keeps its other
        // bits, above all the inverted clock output.
        misc: 0xf000_ba05,
        // Published (notes on the vendor's test program): PLL3 at 2.8 GHz, divided by 7.
        pll3: [(reg::PLL3, 0xc070_0111), (reg::FAST_UART, 0x0600_8f00)],
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
        core_shift: 24,
        chip: ChipField::Address {
            shift: 16,
            mask: 0xfe,
        },
    },
    version_bits: 0,
    // Captured: 17 counter bits below the address. Hash counting 12480 at 525 MHz is two
    // such windows, the sweep of eight versions by four small cores.
    sweep: Sweep::Window {
        window_log2: 17,
        windows_counted: 2,
    },
    // Published: after reset (0xC0200144 read directly).
    start: Megahertz::new(50.0),
    // Our policy. Below 125 MHz a PLL misread by four still runs at or below 500 MHz,
    // which the board is made for; 32 expected nonces show a rate four times too high in
    // 999 cases of 1000 (the guard's own bound keeps chance from tripping it), and take
    // about five seconds on a whole board.
    confirm: Some(Confirm {
        below: Megahertz::new(125.0),
        expected_nonces: 32.0,
    }),
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

/// Cached defaults of a vendor binary, which agree with the capture. The chip has the
/// family's other registers; their resets are unknown.
const REGISTERS: &[RegisterInfo] = &[
    unknown(reg::CHIP_ID, "chip id"),
    unknown(reg::PLL0, "PLL0"),
    unknown(reg::HASH_COUNTING, "hash counting number"),
    unknown(reg::TICKET_MASK, "ticket mask"),
    RegisterInfo {
        reg: reg::MISC_CONTROL,
        name: "misc control",
        reset: Some(0x0000_ba05),
        source: Captured,
    },
    unknown(reg::FAST_UART, "fast UART"),
    RegisterInfo {
        reg: reg::REG_34,
        name: "reset control",
        reset: Some(0x0000_00f8),
        source: Captured,
    },
    unknown(reg::CORE_CONTROL, "core register control"),
    unknown(reg::ANALOG_MUX, "analog mux"),
    unknown(reg::PLL3, "PLL3"),
    unknown(reg::PLL0_DIVIDER, "PLL0 divider"),
];

const fn unknown(register: crate::Register, name: &'static str) -> RegisterInfo {
    RegisterInfo {
        reg: register,
        name,
        reset: None,
        source: Assumed,
    }
}
