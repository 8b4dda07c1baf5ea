//! Hexadecimal as pools write it: either case, with or without `0x`.

use std::fmt;

/// Why a text is not the bytes that were expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HexError {
    /// Half a byte is missing.
    Odd,
    /// Something else than a hex digit.
    Digit,
    /// Another number of bytes, or more than allowed.
    Length { bytes: usize, limit: usize },
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HexError::Odd => write!(f, "odd number of hex digits"),
            HexError::Digit => write!(f, "not hexadecimal"),
            HexError::Length { bytes, limit } => write!(f, "{bytes} bytes where {limit} fit"),
        }
    }
}

const BAD: u8 = 0xff;

/// Digit values by character.
const DIGITS: [u8; 256] = {
    let mut table = [BAD; 256];
    let mut i = 0;
    while i < 16 {
        table[b"0123456789abcdef"[i] as usize] = i as u8;
        table[b"0123456789ABCDEF"[i] as usize] = i as u8;
        i += 1;
    }
    table
};

fn digits(text: &str) -> &[u8] {
    let bytes = text.as_bytes();
    match bytes {
        [b'0', b'x' | b'X', rest @ ..] => rest,
        _ => bytes,
    }
}

fn pair(high: u8, low: u8) -> Result<u8, HexError> {
    let (high, low) = (DIGITS[usize::from(high)], DIGITS[usize::from(low)]);
    if (high | low) & 0xf0 != 0 {
        return Err(HexError::Digit);
    }
    Ok(high << 4 | low)
}

/// Any number of bytes up to `limit`.
pub(crate) fn bytes(text: &str, limit: usize) -> Result<Vec<u8>, HexError> {
    let mut out = Vec::new();
    append(&mut out, text, limit).map(|()| out)
}

/// Any number of bytes up to `limit`, behind those that are there.
pub(crate) fn append(out: &mut Vec<u8>, text: &str, limit: usize) -> Result<(), HexError> {
    let digits = digits(text);
    if digits.len() / 2 > limit {
        return Err(HexError::Length {
            bytes: digits.len() / 2,
            limit,
        });
    }
    if !digits.len().is_multiple_of(2) {
        return Err(HexError::Odd);
    }
    out.reserve(digits.len() / 2);
    for p in digits.chunks_exact(2) {
        out.push(pair(p[0], p[1])?);
    }
    Ok(())
}

/// Exactly `N` bytes.
pub(crate) fn array<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let digits = digits(text);
    if digits.len() != 2 * N {
        return Err(HexError::Length {
            bytes: digits.len().div_ceil(2),
            limit: N,
        });
    }
    let mut out = [0; N];
    for (byte, p) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair(p[0], p[1])?;
    }
    Ok(out)
}

/// A number of one to eight digits, most significant first.
pub(crate) fn number(text: &str) -> Result<u32, HexError> {
    let digits = digits(text);
    if digits.is_empty() || digits.len() > 8 {
        return Err(HexError::Length {
            bytes: digits.len().div_ceil(2),
            limit: 4,
        });
    }
    digits
        .iter()
        .try_fold(0u32, |value, &digit| match DIGITS[usize::from(digit)] {
            BAD => Err(HexError::Digit),
            digit => Ok(value << 4 | u32::from(digit)),
        })
}

const LOWER: &[u8; 16] = b"0123456789abcdef";

/// Append lower-case digits of `bytes`.
pub(crate) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.push(LOWER[usize::from(byte >> 4)]);
        out.push(LOWER[usize::from(byte & 15)]);
    }
}

/// Append eight lower-case digits, most significant first.
pub(crate) fn push_number(out: &mut Vec<u8>, value: u32) {
    push_bytes(out, &value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_either_case_and_with_a_prefix() {
        assert_eq!(bytes("00fFA5", 3), Ok(vec![0, 0xff, 0xa5]));
        assert_eq!(bytes("0x01", 1), Ok(vec![1]));
        assert_eq!(bytes("", 0), Ok(vec![]));
        assert_eq!(bytes("abc", 9), Err(HexError::Odd));
        assert_eq!(bytes("0g", 9), Err(HexError::Digit));
        assert_eq!(bytes("é", 9), Err(HexError::Digit));
        assert_eq!(
            bytes("0102", 1),
            Err(HexError::Length { bytes: 2, limit: 1 })
        );
    }

    #[test]
    fn arrays_take_exactly_their_length() {
        assert_eq!(array::<2>("0xBEEF"), Ok([0xbe, 0xef]));
        for bad in ["", "be", "bee", "beefbe"] {
            assert!(array::<2>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_big_endian_and_bounded() {
        assert_eq!(number("20000000"), Ok(0x2000_0000));
        assert_eq!(number("0x1FFFe000"), Ok(0x1fff_e000));
        assert_eq!(number("4"), Ok(4));
        for bad in ["", "0x", "123456789", "12 4", "-1", "+1"] {
            assert!(number(bad).is_err(), "{bad}");
        }
        let mut out = Vec::new();
        push_number(&mut out, 0x00ab_cdef);
        assert_eq!(out, b"00abcdef");
    }
}
