//! Which PMBus codes a TPS546D24A has, how wide they are, and what they are after power-up.
//!
//! Codes are published (data sheet, two firmwares). Values after power-up: VOUT_MODE is the data
//! sheet's; limits are those that open firmware programs, so that a part that was not set up
//! protects itself the same way. Assumed.

/// What can be done with a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Width {
    /// No data.
    Send,
    Byte,
    Word,
    /// As many bytes as it says first.
    Block,
}

/// Code, width, value after power-up.
pub(super) const REGISTERS: &[(u8, Width, u16)] = &[
    (0x01, Width::Byte, 0x00),
    (0x02, Width::Byte, 0x1F),
    (0x03, Width::Send, 0),
    (0x04, Width::Byte, 0xFF),
    (0x10, Width::Byte, 0x00),
    (0x15, Width::Send, 0),
    (0x16, Width::Send, 0),
    (0x20, Width::Byte, 0x97),
    (0x21, Width::Word, 0x0266),
    (0x24, Width::Word, 0x0400),
    (0x25, Width::Word, 0x0233),
    (0x26, Width::Word, 0x01CC),
    (0x29, Width::Word, 0xC840),
    (0x2B, Width::Word, 0x0100),
    (0x33, Width::Word, 0x028A),
    (0x35, Width::Word, 0xF00B),
    (0x36, Width::Word, 0xF00A),
    (0x37, Width::Word, 0x0020),
    (0x40, Width::Word, 0x0280),
    (0x41, Width::Byte, 0xBD),
    (0x42, Width::Word, 0x0251),
    (0x43, Width::Word, 0x01CC),
    (0x44, Width::Word, 0x0180),
    (0x45, Width::Byte, 0xBE),
    (0x46, Width::Word, 0x001E),
    (0x47, Width::Byte, 0xC0),
    (0x4A, Width::Word, 0x0019),
    (0x4F, Width::Word, 0x0091),
    (0x50, Width::Byte, 0xFF),
    (0x51, Width::Word, 0x0069),
    (0x55, Width::Word, 0x0010),
    (0x56, Width::Byte, 0xB7),
    (0x58, Width::Word, 0x0000),
    (0x60, Width::Word, 0x0000),
    (0x61, Width::Word, 0x0003),
    (0x62, Width::Word, 0x0000),
    (0x63, Width::Byte, 0x3B),
    (0x64, Width::Word, 0x0000),
    (0x65, Width::Word, 0x0000),
    (0x78, Width::Byte, 0),
    (0x79, Width::Word, 0),
    (0x7A, Width::Byte, 0),
    (0x7B, Width::Byte, 0),
    (0x7C, Width::Byte, 0),
    (0x7D, Width::Byte, 0),
    (0x7E, Width::Byte, 0),
    (0x7F, Width::Byte, 0),
    (0x80, Width::Byte, 0),
    (0x88, Width::Word, 0),
    (0x8B, Width::Word, 0),
    (0x8C, Width::Word, 0),
    (0x8D, Width::Word, 0),
    (0x98, Width::Byte, 0x33),
    (0xAD, Width::Block, 0),
    (0xE4, Width::Word, 0x0010),
    (0xEC, Width::Word, 0x0000),
    (0xED, Width::Word, 0x0000),
    (0xEE, Width::Word, 0xFFFF),
];

/// Place of a code in [`REGISTERS`].
pub(super) fn place(code: u8) -> Option<usize> {
    REGISTERS.iter().position(|(c, _, _)| *c == code)
}

/// A number as LINEAR11, with the finest exponent that holds it.
pub(super) fn linear11(value: f64) -> u16 {
    for exponent in -16..16i32 {
        let mantissa = (value / 2f64.powi(exponent)).round();
        if (-1024.0..=1023.0).contains(&mantissa) {
            let mantissa = mantissa as i16 as u16 & 0x07FF;
            return (exponent as u16) << 11 | mantissa;
        }
    }
    // Beyond what it can hold: the largest or smallest.
    if value > 0.0 { 0x7BFF } else { 0x7C00 }
}

/// The number that a LINEAR11 word stands for.
pub(super) fn from_linear11(word: u16) -> f64 {
    let exponent = i32::from(word as i16 >> 11);
    let mantissa = (word << 5) as i16 >> 5;
    f64::from(mantissa) * 2f64.powi(exponent)
}
