//! Random secrets and their fingerprints.
//!
//! A secret is 256 random bits: nobody guesses one, so that a fast hash keeps it. What is kept and
//! compared is the hash alone.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// Bytes of a random secret.
pub(crate) const SECRET_BYTES: usize = 32;

/// The SHA-256 of a secret.
#[derive(Clone, Copy)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(secret: &[u8]) -> Self {
        Fingerprint(Sha256::digest(secret).into())
    }
}

impl PartialEq for Fingerprint {
    /// Takes as long wherever the two differ.
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for Fingerprint {}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

/// Whether two values are the same, in a time that depends on their lengths alone.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    let differ = a.iter().zip(b).fold(0, |seen, (a, b)| seen | (a ^ b));
    // Told to the compiler as something that it cannot foresee, so that it does not leave early.
    a.len() == b.len() && std::hint::black_box(differ) == 0
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// Exactly so many bytes, from lower-case hex.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// For `serde(with)`: bytes as hex.
pub(crate) mod as_hex {
    use super::*;

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        d: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(d)?;
        unhex(&text).ok_or_else(|| de::Error::custom(format!("not {N} bytes of lower-case hex")))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        as_hex::serialize(&self.0, s)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        as_hex::deserialize(d).map(Fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_back_and_nothing_else_is() {
        assert_eq!(hex(&[0, 0x7f, 0xa0, 0xff]), "007fa0ff");
        let check = |text: &str, bytes: Option<[u8; 4]>| assert_eq!(unhex(text), bytes, "{text}");
        check("007fa0ff", Some([0, 0x7f, 0xa0, 0xff]));
        check("007FA0FF", None);
        check("007fa0f", None);
        check("007fa0ff0", None);
        check("007fa0fg", None);
        check("007fa0é", None);
        check("", None);
    }

    #[test]
    fn values_are_the_same_only_if_all_of_them_is() {
        assert!(same(b"abc", b"abc") && same(b"", b""));
        assert!(!same(b"abc", b"abd") && !same(b"abc", b"ab") && !same(b"", b"a"));
    }

    /// "abc", of FIPS 180-2.
    #[test]
    fn a_fingerprint_is_sha_256() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&Fingerprint::of(b"abc").0), known);
    }
}
