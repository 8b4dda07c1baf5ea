//! The key that vouches for a Stratum V2 pool, as it stands in the pool's address.

use std::fmt;

use bitcoin::base58;

/// What stands before the 32 bytes in the checked text [sv2-spec, 04].
const VERSION: [u8; 2] = [1, 0];

/// No text of these 34 bytes and their check is longer; reading base58 takes the square of
/// its length.
const TEXT_MAX: usize = 60;

/// An authority's x-only public key. It signs the certificate of a pool's server, and a pool
/// that cannot show one signed by it is somebody else. Whether the bytes are a point of the
/// curve is for who verifies with them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuthorityKey(pub [u8; 32]);

impl AuthorityKey {
    /// Read base58check of `01 00` and the 32 bytes. The error says what is wrong.
    pub fn parse(text: &str) -> Result<AuthorityKey, &'static str> {
        if text.len() > TEXT_MAX {
            return Err("it is too long");
        }
        let bytes = match base58::decode_check(text) {
            Ok(bytes) => bytes,
            Err(base58::Error::IncorrectChecksum(_)) => {
                return Err("its check does not fit: a character is wrong");
            }
            Err(base58::Error::Decode(_)) => return Err("a character of it is not base58"),
            Err(_) => return Err("it is too short"),
        };
        match bytes.split_first_chunk::<2>() {
            Some((version, key)) if *version == VERSION => key
                .try_into()
                .map(AuthorityKey)
                .map_err(|_| "it does not hold 32 bytes"),
            _ => Err("it is no authority key of Stratum V2"),
        }
    }
}

/// As in an address.
impl fmt::Display for AuthorityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = VERSION.to_vec();
        bytes.extend_from_slice(&self.0);
        f.write_str(&base58::encode_check(&bytes))
    }
}

impl fmt::Debug for AuthorityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorityKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification [sv2-spec, 04].
    const TEXT: &str = "9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh";

    #[test]
    fn the_specifications_example_is_read_and_written() {
        let key = AuthorityKey::parse(TEXT).expect("a key");
        assert_eq!(key.0[..6], [0x76, 0x63, 0x70, 0x00, 0x97, 0x9c]);
        assert_eq!(key.0[29..], [0x8a, 0x74, 0x55]);
        assert_eq!(key.to_string(), TEXT);
    }

    #[test]
    fn what_is_no_key_says_why() {
        let check = |text: &str, part: &str| {
            let why = AuthorityKey::parse(text).expect_err(text);
            assert!(why.contains(part), "{text}: {why}");
        };
        check("", "short");
        check("0OIl", "base58");
        check(&TEXT.replace('9', "8"), "check");
        check(&TEXT[1..], "check");
        check(&"1".repeat(100), "long");
        check(&base58::encode_check(&[1, 0, 7]), "32 bytes");
        check(&base58::encode_check(&[1; 34]), "Stratum V2");
        check(&base58::encode_check(&[]), "Stratum V2");
    }
}
