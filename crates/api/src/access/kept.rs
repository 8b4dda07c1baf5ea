//! What of access outlives the process, as the text of a file.

use serde::{Deserialize, Serialize};

use super::hosts::{HOSTS_MAX, is_host_name, is_label};
use super::password::PasswordHash;
use super::tokens::{self, Token};
use crate::legacy::LegacyLogin;

/// The version of the format.
const VERSION: u32 = 1;

/// Everything that is kept. Its secrets are hashes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub(crate) version: u32,
    /// What the owner calls the machine.
    pub(crate) name: Option<String>,
    /// `None`: nobody has claimed it.
    pub(crate) password: Option<PasswordHash>,
    pub(crate) tokens: Vec<Token>,
    /// `status` and `metrics` need no token.
    pub(crate) status_open: bool,
    /// Further names under which it answers.
    pub(crate) hosts: Vec<String>,
    /// The login of old clients; `None`: they have none but the configuration's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) legacy: Option<LegacyLogin>,
}

impl Default for Kept {
    /// A machine that nobody has claimed.
    fn default() -> Self {
        Kept {
            version: VERSION,
            name: None,
            password: None,
            tokens: Vec::new(),
            status_open: false,
            hosts: Vec::new(),
            legacy: None,
        }
    }
}

impl Kept {
    /// Longest text of a file; one with everything in it has 15 kB.
    pub const BYTES_MAX: u64 = 64 * 1024;

    /// Read what [`text`](Kept::text) wrote. Whatever else stands there is refused as a whole: half
    /// of the rules would be others.
    pub fn parse(text: &str) -> Result<Self, String> {
        let kept: Kept = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let named = kept.name.as_deref().is_none_or(is_label);
        let hosts = kept.hosts.len() <= HOSTS_MAX && kept.hosts.iter().all(|h| is_host_name(h));
        let password = kept.password.as_ref().is_none_or(PasswordHash::is_bounded);
        match kept.version == VERSION {
            false => Err(format!("it is of version {}", kept.version)),
            true if !password => Err("its hash of the password asks for too much".to_owned()),
            true if !named || !hosts => Err("a name in it is none".to_owned()),
            true if !tokens::are_sound(&kept.tokens) => Err("its tokens are none".to_owned()),
            // Tokens come after the password, and go with it.
            true if kept.password.is_none() && !kept.tokens.is_empty() => {
                Err("it has tokens and no password".to_owned())
            }
            true if kept.password.is_none() && kept.legacy.is_some() => {
                Err("it has a login of old clients and no password".to_owned())
            }
            true => Ok(kept),
        }
    }

    /// As a file holds it.
    pub fn text(&self) -> String {
        // Nothing in it can fail to be written as JSON; were it so, the file would not be read.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::Scope;
    use super::*;

    fn full() -> Kept {
        let password = PasswordHash::of("correct horse", [7; 16]).expect("memory");
        let mut kept = Kept {
            name: Some("rig-7".into()),
            password: Some(password),
            status_open: true,
            hosts: vec!["rig.farm.example".into()],
            legacy: Some(LegacyLogin::new("abcdefghijkmnpqrstuv", true)),
            ..Kept::default()
        };
        let added = tokens::add(&mut kept.tokens, "hass", Scope::Read, [1; 32], Some(5));
        added.expect("added");
        kept
    }

    #[test]
    fn what_is_written_is_read_back() {
        for kept in [Kept::default(), full()] {
            assert_eq!(Kept::parse(&kept.text()), Ok(kept));
        }
    }

    #[test]
    fn anything_else_is_refused_as_a_whole() {
        let text = full().text();
        let check = |text: &str| assert!(Kept::parse(text).is_err(), "{text}");
        for end in 0..text.len() {
            check(&text[..end]);
        }
        check("");
        check("{}");
        check("null");
        check(&format!("{text}{text}"));
        let replaced = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        };
        check(&replaced("\"version\": 1", "\"version\": 2"));
        check(&replaced("\"status_open\"", "\"status_opened\""));
        check(&replaced("\"status_open\": true,", ""));
        check(&replaced(
            "\"memory_kib\": 12288",
            "\"memory_kib\": 4294967295",
        ));
        check(&replaced("\"passes\": 3", "\"passes\": 0"));
        check(&replaced("\"read\"", "\"root\""));
        check(&replaced("\"hass\"", "\"<script>\""));
        check(&replaced("\"rig-7\"", "\"rig 7\""));
        check(&replaced("\"sha256\": \"", "\"sha256\": \"0"));
        let mut kept = full();
        kept.password = None;
        check(&kept.text());
        kept.tokens.clear();
        check(&kept.text());
        let mut kept = full();
        kept.tokens.push(kept.tokens[0].clone());
        check(&kept.text());
    }

    #[test]
    fn the_largest_file_is_within_its_bound() {
        let mut kept = full();
        let mut i = 0;
        let more = |kept: &mut Kept, i: u8| {
            let name = format!("{i:0>63}");
            tokens::add(&mut kept.tokens, &name, Scope::Operate, [i; 32], Some(1))
        };
        while more(&mut kept, i).is_ok() {
            i += 1;
        }
        kept.hosts = vec![["a"; 127].join("."); HOSTS_MAX];
        assert!((kept.text().len() as u64) < Kept::BYTES_MAX / 2);
        assert_eq!(Kept::parse(&kept.text()), Ok(kept));
    }
}
