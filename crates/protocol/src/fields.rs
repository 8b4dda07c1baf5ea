//! What the bits of registers mean: names for people, by chip family.
//!
//! A table names what is known; bits that no field names are shown by value alone. Field
//! positions are published (skot, bm13xx-rs, mujina, bosminer); resets stand in the chips'
//! own tables.

use crate::profile::{CoreRegisterInfo, RegisterInfo, Source};
use crate::{CoreRegister, Register};

/// A row of bits with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BitField {
    /// Name, in words.
    pub name: &'static str,
    /// Highest bit.
    pub high: u8,
    /// Lowest bit.
    pub low: u8,
}

impl BitField {
    /// The field's value in `value`.
    pub const fn of(&self, value: u32) -> u32 {
        let width = self.high - self.low + 1;
        let mask = if width >= 32 {
            u32::MAX
        } else {
            (1 << width) - 1
        };
        (value >> self.low) & mask
    }
}

/// Bits `high` to `low`.
pub const fn bits(name: &'static str, high: u8, low: u8) -> BitField {
    BitField { name, high, low }
}

/// One bit.
pub const fn bit(name: &'static str, at: u8) -> BitField {
    bits(name, at, at)
}

/// A register of BM1391 and later, whose reset value is known, under the family's name.
pub const fn known(address: u8, reset: u32, source: Source) -> RegisterInfo {
    RegisterInfo {
        reset: Some(reset),
        source,
        ..family(address)
    }
}

/// A register of BM1391 and later under the family's name; its reset value is unknown.
pub const fn family(address: u8) -> RegisterInfo {
    let mut i = 0;
    while i < FAMILY.len() {
        if FAMILY[i].0 == address {
            return register(address, FAMILY[i].1, FAMILY[i].2);
        }
        i += 1;
    }
    register(address, "unnamed", &[])
}

/// A register under a name of its own; its reset value is unknown.
pub const fn register(
    address: u8,
    name: &'static str,
    fields: &'static [BitField],
) -> RegisterInfo {
    RegisterInfo {
        reg: Register(address),
        name,
        reset: None,
        source: Source::Assumed,
        fields,
    }
}

/// A core register with its reset value, where known.
pub const fn core(
    id: u8,
    name: &'static str,
    reset: Option<u8>,
    fields: &'static [BitField],
) -> CoreRegisterInfo {
    CoreRegisterInfo {
        reg: CoreRegister(id),
        name,
        reset,
        fields,
    }
}

/// PLL0 to PLL3.
pub const PLL: &[BitField] = &[
    bit("locked", 31),
    bit("enabled", 30),
    bit("vco high", 28),
    bits("fbdiv", 27, 16),
    bits("refdiv", 13, 8),
    bits("postdiv1 field", 6, 4),
    bits("postdiv2 field", 2, 0),
];

/// Dividers behind PLL0 to PLL3, each less one.
pub const PLL_DIVIDER: &[BitField] = &[
    bits("divider 3 less one", 27, 24),
    bits("divider 2 less one", 19, 16),
    bits("divider 1 less one", 11, 8),
    bits("divider 0 less one", 3, 0),
];

/// Register 0x28 of BM1397 and BM1398.
pub const FAST_UART_BM1397: &[BitField] = &[
    bits("div4 odd set", 31, 30),
    bits("pll3 div4 less one", 27, 24),
    bits("usrc odd set", 23, 22),
    bits("usrc divider", 21, 16),
    bit("force core enable", 15),
    bit("clko select", 14),
    bits("clko odd set", 13, 12),
    bits("clko divider", 7, 0),
];

/// Register 0x18 of BM1397; BM1398 has bits of its own besides.
pub const MISC_BM1397: &[BitField] = &[
    bits("baud divider high", 27, 24),
    bit("core soft reset", 22),
    bit("spat nod", 21),
    bit("reverse k0", 20),
    bits("dsclk select", 19, 18),
    bit("top clock select", 17),
    bit("baud clock from pll3", 16),
    bit("return error nonces", 15),
    bit("rfs", 14),
    bit("invert clock out", 13),
    bits("baud divider low", 12, 8),
    bit("return work errors", 7),
    bits("tfs", 6, 4),
    bits("hashrate window", 1, 0),
];

/// Register 0x0C of BM1397.
pub const NONCE_OFFSET_BM1397: &[BitField] = &[bit("valid", 31), bits("offset", 2, 0)];

/// Register 0x3C of BM1397 and BM1398.
pub const CORE_CONTROL_BM1397: &[BitField] = &[
    bit("do command", 31),
    bits("core", 24, 16),
    bit("write", 15),
    bits("core register", 11, 8),
    bits("core value", 7, 0),
];

/// Core register 0 of BM1397.
pub const CLOCK_DELAY_BM1397: &[BitField] = &[
    bits("clock delay", 7, 6),
    bits("pulse width", 5, 4),
    bit("hash clock enabled", 3),
    bit("several midstates", 2),
    bit("swpf", 0),
];

/// Core register 3.
pub const CORE_ERROR: &[BitField] = &[bit("initial nonce error", 4), bits("command error", 3, 0)];

/// Core register 7.
pub const SWEEP_CLOCK: &[BitField] = &[bit("mode", 7), bits("select", 3, 0)];

/// The registers that BM1391 and later share. A chip whose register differs says so in
/// its own table.
const FAMILY: &[(u8, &str, &[BitField])] = &[
    (
        0x00,
        "chip id",
        &[
            bits("chip", 31, 16),
            bits("core count code", 15, 8),
            bits("address", 7, 0),
        ],
    ),
    (
        0x04,
        "hash rate",
        &[bit("not ready", 31), bits("hash rate", 30, 0)],
    ),
    (0x08, "PLL0", PLL),
    (
        0x0c,
        "chip nonce offset",
        &[bit("enabled", 31), bits("offset", 15, 0)],
    ),
    (0x10, "hash counting number", &[]),
    (0x14, "ticket mask", &[]),
    (0x18, "misc control", &[]),
    (0x1c, "I2C control", I2C),
    (0x20, "ordered clock enable", &[bits("clock groups", 15, 0)]),
    (0x24, "top process monitor", &[]),
    (
        0x28,
        "fast UART",
        &[
            bits("baud clock select", 27, 26),
            bits("pll1 div4 less one", 23, 20),
            bits("baud divider", 15, 8),
        ],
    ),
    (
        0x2c,
        "UART relay",
        &[
            bits("gap count", 31, 16),
            bit("relay answers", 1),
            bit("relay commands", 0),
        ],
    ),
    (0x30, "core number", &[]),
    (0x34, "register 34", &[]),
    (0x38, "ticket mask 2", &[]),
    (
        0x3c,
        "core register control",
        &[
            bit("all cores", 31),
            bits("core", 23, 16),
            bit("write", 15),
            bit("read", 14),
            bits("core register", 12, 8),
            bits("core value", 7, 0),
        ],
    ),
    (
        0x40,
        "core register value",
        &[
            bits("core", 24, 16),
            bits("found", 15, 8),
            bits("value", 7, 0),
        ],
    ),
    (
        0x44,
        "external temperature sensor",
        &[
            bits("local address", 31, 24),
            bits("local data", 23, 16),
            bits("external address", 15, 8),
            bits("external data", 7, 0),
        ],
    ),
    (
        0x48,
        "error flag",
        &[
            bits("command errors", 31, 24),
            bits("work errors", 23, 16),
            bits("core response errors", 7, 0),
        ],
    ),
    (0x4c, "nonce error counter", &[]),
    (0x50, "nonce overflow counter", &[]),
    (0x54, "analog mux", &[bits("diode or voltage select", 2, 0)]),
    (
        0x58,
        "IO driver strength",
        &[
            bits("rf", 27, 24),
            bits("d3 to d0 rs", 23, 20),
            bits("answer out", 19, 16),
            bits("clock out", 15, 12),
            bits("reset out", 11, 8),
            bits("busy out", 7, 4),
            bits("command out", 3, 0),
        ],
    ),
    (0x5c, "time out", &[]),
    (0x60, "PLL1", PLL),
    (0x64, "PLL2", PLL),
    (0x68, "PLL3", PLL),
    (0x6c, "ordered clock monitor", &[]),
    (0x70, "PLL0 divider", PLL_DIVIDER),
    (0x74, "PLL1 divider", PLL_DIVIDER),
    (0x78, "PLL2 divider", PLL_DIVIDER),
    (0x7c, "PLL3 divider", PLL_DIVIDER),
    (0x80, "clock order control 0", &[]),
    (0x84, "clock order control 1", &[]),
    (0x88, "hash counter, domain 0", &[]),
    (0x89, "hash counter, domain 1", &[]),
    (0x8a, "hash counter, domain 2", &[]),
    (0x8b, "hash counter, domain 3", &[]),
    (0x8c, "hash counter, total", &[]),
    (0x90, "frequency sweep control 1", &[]),
    (0x94, "golden nonce for sweep", &[]),
    (0x98, "group pattern status", &[]),
    (0x9c, "nonce returned time out", &[]),
    (0xa0, "single pattern status", &[]),
    (
        0xa4,
        "version rolling",
        &[
            bit("automatic", 31),
            bit("fixed", 30),
            bits("generator code", 29, 28),
            bits("mask", 15, 0),
        ],
    ),
    (0xa8, "soft reset", &[]),
    (0xac, "register AC", &[]),
    (0xb0, "temperature control", &[]),
    (
        0xb4,
        "temperature",
        &[bit("valid", 31), bits("code", 15, 0)],
    ),
    (0xb8, "ADC control 0", &[]),
    (0xb9, "ADC control 1", &[]),
    (0xba, "ADC control 2", &[]),
    (0xbb, "ADC control 3", &[]),
    (0xbc, "register BC", &[]),
    (0xbd, "ADC result", &[bit("valid", 31), bits("code", 15, 0)]),
    (0xc0, "register C0", &[]),
    (0xc4, "auto work configuration", &[]),
    (0xc8, "register C8", &[]),
    (0xcc, "register CC", &[]),
    (0xd0, "frequency sweep control", &[]),
    (0xd4, "register D4", &[]),
    (0xd8, "register D8", &[]),
    (0xdc, "sweep nonce return time out", &[]),
    (0xe0, "register E0", &[]),
    (0xe4, "register E4", &[]),
    (0xe8, "register E8", &[]),
    (0xec, "register EC", &[]),
    (0xf0, "register F0", &[]),
    (0xf4, "register F4", &[]),
    (0xf8, "register F8", &[]),
    (0xfc, "register FC", &[]),
];

/// The I2C master, on BM1387 under another number.
pub const I2C: &[BitField] = &[
    bit("busy", 31),
    bit("do command", 24),
    bits("device address, 7 bits", 23, 17),
    bit("write", 16),
    bits("device register", 15, 8),
    bits("data", 7, 0),
];
