//! The login of old clients: generated, of its own, and nobody's who logs in at the page.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Credential, Permission};
use crate::access::as_hex;

/// The only user that these clients know.
pub(crate) const LOGIN_USER: &str = "root";
/// Random bytes that a password is made of, and its characters.
pub const LOGIN_CHANCE: usize = 20;
/// No two that look alike, five bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A password that these clients can send, of 100 bits.
pub fn login_password(chance: [u8; LOGIN_CHANCE]) -> String {
    let letters = chance.iter().map(|byte| ALPHABET[usize::from(byte % 32)]);
    letters.map(char::from).collect()
}

/// What is kept of one that the owner allowed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LegacyLogin {
    write: bool,
    #[serde(with = "as_hex")]
    digest: [u8; 16],
}

impl LegacyLogin {
    /// With this password, of which the digest alone is kept.
    pub(crate) fn new(password: &str, write: bool) -> Self {
        let digest = Credential::new(LOGIN_USER, password).secret();
        LegacyLogin { write, digest }
    }

    /// The same password with another permission.
    pub(crate) fn with(&self, write: bool) -> Self {
        LegacyLogin {
            write,
            ..self.clone()
        }
    }

    pub(crate) fn permission(&self) -> Permission {
        match self.write {
            true => Permission::Write,
            false => Permission::Read,
        }
    }

    pub(crate) fn credential(&self) -> Credential {
        Credential::of_secret(LOGIN_USER, self.digest)
    }
}

impl fmt::Debug for LegacyLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegacyLogin(…)")
    }
}
