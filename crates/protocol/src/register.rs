//! Register numbers and the values that every chip of the family writes the same way.

/// A chip register's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Register(pub u8);

/// A core's register number, reached through [`CORE_CONTROL`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CoreRegister(pub u8);

/// Chip identity and address. On every chip of the family.
pub const CHIP_ID: Register = Register(0x00);
/// PLL that clocks the hash cores.
pub const PLL0: Register = Register(0x08);
/// Where a chip's nonce space starts (BM1362 and later).
pub const NONCE_OFFSET: Register = Register(0x0c);
/// How far each core sweeps before it takes the next version.
pub const HASH_COUNTING: Register = Register(0x10);
/// Difficulty above which a nonce is reported.
pub const TICKET_MASK: Register = Register(0x14);
/// Clocks, baud, resets.
pub const MISC_CONTROL: Register = Register(0x18);
/// I2C master.
pub const I2C_CONTROL: Register = Register(0x1c);
/// Clocks of core groups, in order (BM1397).
pub const ORDERED_CLOCK_ENABLE: Register = Register(0x20);
/// Baud divider on BM1362 and later; PLL3 divider on BM1397 and BM1398.
pub const FAST_UART: Register = Register(0x28);
/// Relay of the UART between voltage domains.
pub const UART_RELAY: Register = Register(0x2c);
/// Unnamed; bit 3 releases the cores' reset on BM1398.
pub const REG_34: Register = Register(0x34);
/// Window to the cores' registers.
pub const CORE_CONTROL: Register = Register(0x3c);
/// Errors that the chip counted: commands, works, core responses.
pub const ERROR_FLAG: Register = Register(0x48);
/// Nonces that failed the chip's own check.
pub const NONCE_ERRORS: Register = Register(0x4c);
/// Selects what the analog pins show.
pub const ANALOG_MUX: Register = Register(0x54);
/// Strength of the output pins.
pub const IO_DRIVER: Register = Register(0x58);
/// PLL3: fast UART base on BM1397 and BM1398, ring-oscillator pads on BM1368 and BM1370.
pub const PLL3: Register = Register(0x68);
/// User dividers behind PLL0.
pub const PLL0_DIVIDER: Register = Register(0x70);
/// Order in which core groups are clocked, first half (BM1397).
pub const CLOCK_ORDER_0: Register = Register(0x80);
/// Order in which core groups are clocked, second half (BM1397).
pub const CLOCK_ORDER_1: Register = Register(0x84);
/// Hashes done by the whole chip (BM1366 and later).
pub const HASHES_TOTAL: Register = Register(0x8c);
/// Version rolling (BM1362 and later).
pub const VERSION_ROLLING: Register = Register(0xa4);
/// Soft resets (BM1362 and later).
pub const SOFT_RESET: Register = Register(0xa8);
/// Control of the on-die temperature sensor (BM1368).
pub const TEMPERATURE_CONTROL: Register = Register(0xb0);
/// Result of the on-die temperature sensor (BM1368).
pub const TEMPERATURE: Register = Register(0xb4);
/// Control of the on-die ADC.
pub const ADC_CONTROL_1: Register = Register(0xb9);

/// Where a chip keeps the registers that every chip has, under numbers of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegisterMap {
    /// PLL that clocks the hash cores.
    pub pll: Register,
    /// Hash counting number.
    pub hash_counting: Register,
    /// Ticket mask.
    pub ticket_mask: Register,
    /// Misc control.
    pub misc_control: Register,
    /// I2C master.
    pub i2c: Register,
}

/// BM1391 and later.
pub const MAP_BM139X: RegisterMap = RegisterMap {
    pll: PLL0,
    hash_counting: HASH_COUNTING,
    ticket_mask: TICKET_MASK,
    misc_control: MISC_CONTROL,
    i2c: I2C_CONTROL,
};

/// BM1387 (published by several sources).
pub const MAP_BM1387: RegisterMap = RegisterMap {
    pll: Register(0x0c),
    hash_counting: Register(0x14),
    ticket_mask: Register(0x18),
    misc_control: Register(0x1c),
    i2c: Register(0x20),
};

/// Value for [`CORE_CONTROL`] that writes `value` to a register of every core.
/// Captured: 0x8000_8540 is hash clock control = 0x40.
pub const fn core_write(reg: CoreRegister, value: u8) -> u32 {
    0x8000_8000 | ((reg.0 as u32) << 8) | value as u32
}

/// Value for [`VERSION_ROLLING`] that lets chips roll the header version bits of `mask`.
/// Captured: all sixteen bits are 0x9000_FFFF.
pub const fn version_rolling(mask: u32) -> u32 {
    0x9000_0000 | ((mask >> units::VERSION_SHIFT) & 0xffff)
}

/// Value for [`UART_RELAY`] on the first and last chip of voltage domain `domain`,
/// counted from the host. Captured on three boards: S19 XP, S21 Pro, S21 XP.
pub const fn uart_relay(chips_per_domain: u16, domains: u16, domain: u16) -> u32 {
    let gap = chips_per_domain as u32 * domains.saturating_sub(domain) as u32 + 14;
    ((gap & 0xffff) << 16) | 3
}

/// Value for [`NONCE_OFFSET`] that gives chip `index` of `chips` its share of the nonce
/// space. Captured on S21 Pro.
pub const fn nonce_offset(index: u16, chips: u16) -> u32 {
    let chips = if chips == 0 { 1 } else { chips as u32 };
    let offset = 65536 * index as u32 / chips + (index > 0) as u32;
    0x8000_0000 | (offset & 0xffff)
}

/// Value for [`TICKET_MASK`]: difficulty minus one, bits of each byte reversed.
pub const fn ticket_mask(ticket: units::TicketDifficulty) -> u32 {
    let mask = (ticket.value() - 1) as u32; // 2^32 - 1 fits
    mask.swap_bytes().reverse_bits()
}

/// The difficulty that a ticket mask value stands for; `None` for one that is not made of
/// whole leading bits, as [`ticket_mask`] makes them.
pub const fn ticket_difficulty(value: u32) -> Option<u64> {
    let mask = value.reverse_bits().swap_bytes() as u64;
    let difficulty = mask + 1;
    if difficulty.is_power_of_two() {
        Some(difficulty)
    } else {
        None
    }
}
