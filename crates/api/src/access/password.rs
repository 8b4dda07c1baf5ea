//! The owner's password: what is one, and its hash.
//!
//! Nothing here knows on which thread it runs. A hash takes [`MEMORY_KIB`] for as long as it is
//! made, and up to a second of a small processor: whoever calls it makes one at a time.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};

use super::secret::{as_hex, same};

/// Memory of one hash. Policy: a twentieth of the smallest board's 256 MB, beside a kernel and a
/// miner. With [`PASSES`] and [`LANES`] one of the choices of equal strength in OWASP's
/// password storage cheat sheet (published).
const MEMORY_KIB: u32 = 12 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// A file that asks for more than this is not ours: one login must not use up the machine.
const MEMORY_KIB_MAX: u32 = 64 * 1024;
const PASSES_MAX: u32 = 10;

/// Shorter ones are guessed (NIST SP 800-63B).
const CHARACTERS_MIN: usize = 8;
/// Longer than any sentence that somebody remembers.
const BYTES_MAX: usize = 256;

/// Bytes of a salt.
pub(crate) const SALT_BYTES: usize = 16;

/// A password that may be set.
pub(crate) fn is_acceptable(password: &str) -> bool {
    let printable = !password.chars().any(char::is_control);
    printable && password.chars().count() >= CHARACTERS_MIN && password.len() <= BYTES_MAX
}

/// What is kept of a password: argon2id with its parameters, so that a later version can choose
/// others.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordHash {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    #[serde(with = "as_hex")]
    salt: [u8; SALT_BYTES],
    #[serde(with = "as_hex")]
    argon2id: [u8; 32],
}

/// There is no memory for a hash at this moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NoMemory;

impl PasswordHash {
    /// Slow. The salt is random and used once.
    pub(crate) fn of(password: &str, salt: [u8; SALT_BYTES]) -> Result<Self, NoMemory> {
        let mut made = PasswordHash {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt,
            argon2id: [0; 32],
        };
        made.argon2id = made.hash(password)?;
        Ok(made)
    }

    /// Whether this is the password. Slow.
    pub(crate) fn is_of(&self, password: &str) -> Result<bool, NoMemory> {
        Ok(same(&self.hash(password)?, &self.argon2id))
    }

    /// Whether its parameters are some that one login may cost.
    pub(crate) fn is_bounded(&self) -> bool {
        self.lanes == LANES
            && (8..=MEMORY_KIB_MAX).contains(&self.memory_kib)
            && (1..=PASSES_MAX).contains(&self.passes)
    }

    fn hash(&self, password: &str) -> Result<[u8; 32], NoMemory> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32));
        let params = params.map_err(|_| NoMemory)?;
        let mut blocks = Vec::new();
        // An allocation that is refused must not end the process.
        let reserved = blocks.try_reserve_exact(params.block_count());
        reserved.map_err(|_| NoMemory)?;
        blocks.resize(params.block_count(), Block::default());
        let mut out = [0; 32];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // Of the lengths that it refuses none comes here.
        argon2
            .hash_password_into_with_memory(password.as_bytes(), &self.salt, &mut out, &mut blocks)
            .map_err(|_| NoMemory)?;
        Ok(out)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::secret::hex;
    use super::*;

    #[test]
    fn a_password_is_told_from_others() {
        let hash = PasswordHash::of("correct horse", [7; SALT_BYTES]).expect("memory");
        assert_eq!(hash.is_of("correct horse"), Ok(true));
        assert_eq!(hash.is_of("correct horsf"), Ok(false));
        assert_eq!(hash.is_of(""), Ok(false));
        let other = PasswordHash::of("correct horse", [8; SALT_BYTES]).expect("memory");
        assert_ne!(hash.argon2id, other.argon2id, "the salt counts");
        assert!(hash.is_bounded());
        assert!(!format!("{hash:?}").contains(&hex(&hash.argon2id)));
    }

    /// Made by the reference implementation (Debian's package argon2, 0~20171227):
    /// `printf 'correct horse' | argon2 stannary-salt-16 -id -t 3 -k 12288 -p 1 -l 32 -r`
    #[test]
    fn a_hash_is_the_reference_implementations() {
        let hash = PasswordHash::of("correct horse", *b"stannary-salt-16").expect("memory");
        let known = "aa9f1b29f84b282676c5c1fe5b0094f483856d34b4c65c4b9478d004b0125fb0";
        assert_eq!(hex(&hash.argon2id), known);
    }

    #[test]
    fn what_would_cost_the_machine_is_not_bounded() {
        let hash = PasswordHash::of("correct horse", [7; SALT_BYTES]).expect("memory");
        let check = |memory_kib, passes, lanes| {
            let of = PasswordHash {
                memory_kib,
                passes,
                lanes,
                ..hash.clone()
            };
            assert!(!of.is_bounded(), "{memory_kib} {passes} {lanes}");
        };
        check(u32::MAX, 3, 1);
        check(12 * 1024, 1000, 1);
        check(12 * 1024, 3, 4);
        check(0, 3, 1);
        check(12 * 1024, 0, 1);
    }

    #[test]
    fn passwords_have_a_length_and_no_control_characters() {
        let check = |password: &str, expected| {
            assert_eq!(is_acceptable(password), expected, "{password:?}");
        };
        check("12345678", true);
        check("1234567", false);
        check("пароль12", true);
        check("äöüäöüä", false);
        check("", false);
        check(&"a".repeat(256), true);
        check(&"a".repeat(257), false);
        check("line\nfeed", false);
        check("nul\0nul0", false);
    }

    /// `cargo test --release -p api one_hash -- --nocapture` says how long it takes.
    #[test]
    fn one_hash_takes_a_time_that_somebody_waits() {
        let began = std::time::Instant::now();
        let hash = PasswordHash::of("correct horse", [7; SALT_BYTES]);
        let took = began.elapsed();
        println!("one hash: {took:?}");
        assert!(hash.is_ok() && took.as_millis() >= 1, "{took:?}");
    }
}
