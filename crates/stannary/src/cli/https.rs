//! What `[api]` says of the page over HTTPS.

use std::net::SocketAddr;
use std::path::PathBuf;

use board_support::strict::Section;

use super::config::{address, read_file};
use super::paths;
use crate::https;

/// Where the page listens over HTTPS, and with whose certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Https {
    /// Page and REST.
    pub(crate) at: SocketAddr,
    /// The owner's own; without it the machine makes one.
    pub(crate) own: Option<Own>,
}

/// A chain and its key, each in PEM form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Own {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

const CERTIFICATE: &str = "https_certificate";
const KEY: &str = "https_key";

/// Of this table: nothing where it is off; `None` after a fault.
pub(super) fn read(a: &mut Section<'_>) -> Option<Option<Https>> {
    let at = match a.has("https") {
        true => address(a, "https", paths::address).map(Some),
        false => Some(None),
    };
    let own = read_own(a);
    match (at?, own?) {
        (Some(at), own) => Some(Some(Https { at, own })),
        (None, None) => Some(None),
        (None, Some(_)) => {
            let message = "means nothing without `https`";
            a.refuse(CERTIFICATE, message, "add `https = \"0.0.0.0:8443\"`");
            None
        }
    }
}

fn read_own(a: &mut Section<'_>) -> Option<Option<Own>> {
    let (has_certificate, has_key) = (a.has(CERTIFICATE), a.has(KEY));
    if !has_certificate && !has_key {
        return Some(None);
    }
    let certificate = has_certificate.then(|| read_file(a, CERTIFICATE));
    let key = has_key.then(|| read_file(a, KEY));
    let (Some(certificate), Some(key)) = (certificate, key) else {
        let (there, missing) = match has_certificate {
            true => (CERTIFICATE, KEY),
            false => (KEY, CERTIFICATE),
        };
        let message = format!("needs `{missing}` beside it");
        a.refuse(there, &message, "give both, or none");
        return None;
    };
    let own = Own {
        certificate: certificate?,
        key: key?,
    };
    if let Err(why) = https::check(&own) {
        let message = format!("cannot be used: {why}");
        let remedy = "give a certificate, with those that it was issued by behind it, and its key, each in \
                      PEM form";
        a.refuse(CERTIFICATE, &message, remedy);
        return None;
    }
    Some(Some(own))
}

#[cfg(test)]
mod tests {
    use super::super::config;

    const FILE: &str = r#"config_version = 1
[machine]
model = "antminer-s9"
backend = "twin"
[[pool]]
url = "stratum+tcp://pool.example:3333"
user = "a"
"#;

    /// What a file with this in its `[api]` says, or the first fault: `CODE key`.
    fn check(api: &str, expected: Result<(Option<&str>, Option<&str>), &str>) {
        let found = config::parse("c.toml", &format!("{FILE}[api]\n{api}"));
        let found = match &found {
            Ok(config) => {
                let http = config.api.http.map(|at| at.to_string());
                let https = config.api.https.as_ref().map(|https| https.at.to_string());
                Ok((http, https))
            }
            Err(error) => {
                let fault = error.faults().next().expect("one");
                Err(format!("{} {}", fault.0.text(), fault.1.key))
            }
        };
        let found = found.as_ref().map(|(a, b)| (a.as_deref(), b.as_deref()));
        assert_eq!(found.map_err(String::as_str), expected, "{api}");
    }

    #[test]
    fn either_both_or_the_usual_page_is_served() {
        let (http, https) = ("127.0.0.1:8080", "0.0.0.0:8443");
        check("", Ok((Some(http), None)));
        check("https = \"0.0.0.0:8443\"", Ok((None, Some(https))));
        let both = "https = \"0.0.0.0:8443\"\nhttp = \"127.0.0.1:8080\"";
        check(both, Ok((Some(http), Some(https))));
        check("https = \"rig:8443\"", Err("E-CONF-VALUE api.https"));
    }

    #[test]
    fn a_pair_of_the_owners_is_whole_or_refused() {
        let https = "https = \"0.0.0.0:8443\"\n";
        let certificate = "https_certificate = \"/nowhere/c.pem\"\n";
        let key = "https_key = \"/nowhere/k.pem\"\n";
        let refused = Err("E-CONF-VALUE api.https_certificate");
        check(&format!("{https}{certificate}"), refused);
        check(&format!("{https}{key}"), Err("E-CONF-VALUE api.https_key"));
        check(&format!("{https}{certificate}{key}"), refused);
        check(&format!("{certificate}{key}"), refused);
        let relative = "https_certificate = \"c.pem\"\n";
        check(&format!("{https}{relative}{key}"), refused);
    }
}
