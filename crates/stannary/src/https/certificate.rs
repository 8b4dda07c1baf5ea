//! A certificate that the machine makes for itself.
//!
//! Nobody vouches for it: whoever compares its fingerprint knows the machine, as with SSH. So it
//! says as little as browsers need. It is no authority (whoever trusts it trusts one machine, and
//! not what somebody signs with a stolen key), and its time has no end that a machine without a
//! clock could miss.

use std::net::IpAddr;

use anyhow::{Context, Result, bail};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::base64::base64;

/// Names in a certificate: those that a machine has, and some that it had.
pub(super) const NAMES_MAX: usize = 16;
/// What stands before the list of them in the file.
const NAMES: &str = "names:";

/// Certificate and key.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) key: KeyPair,
    pub(super) certificate: CertificateDer<'static>,
    /// What it names.
    pub(super) names: Vec<String>,
}

/// What could be had of a file.
pub(super) enum Read {
    /// All of it.
    Whole(Made),
    /// The key alone, and what is wrong with the rest.
    Key(KeyPair, String),
    /// Nothing, and why.
    Nothing(String),
}

impl Made {
    /// With a new key. The kernel must have random numbers, or this waits for them.
    pub(super) fn new(names: Vec<String>) -> Result<Made> {
        // P-256: every browser takes it, and a signature costs a small processor little.
        Made::with_key(KeyPair::generate().context("no key")?, names)
    }

    /// Another certificate for the same key.
    pub(super) fn with_key(key: KeyPair, names: Vec<String>) -> Result<Made> {
        let certificate = sign(&key, &names).context("no certificate")?;
        Ok(Made {
            key,
            certificate,
            names,
        })
    }

    /// As a file holds it.
    pub(super) fn text(&self) -> String {
        format!(
            "Key and certificate of this machine's page. Whoever has the key can stand in for it.\n\
             {NAMES} {}\n{}{}",
            self.names.join(" "),
            pem("PRIVATE KEY", self.key.serialized_der()),
            pem("CERTIFICATE", &self.certificate),
        )
    }

    /// Read what [`text`](Made::text) wrote.
    pub(super) fn read(text: &str) -> Read {
        let key = match PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()) {
            Ok(key) => KeyPair::try_from(&key).map_err(|error| error.to_string()),
            Err(_) => Err("it has no key".to_owned()),
        };
        let key = match key {
            Ok(key) => key,
            Err(why) => return Read::Nothing(why),
        };
        let Ok(certificate) = CertificateDer::from_pem_slice(text.as_bytes()) else {
            return Read::Key(key, "it has no certificate".to_owned());
        };
        let names = text.lines().find_map(|line| line.strip_prefix(NAMES));
        let names: Vec<String> = names
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let sound = (1..=NAMES_MAX).contains(&names.len());
        match sound && names.iter().all(|name| as_san(name).is_ok()) {
            true => Read::Whole(Made {
                key,
                certificate,
                names,
            }),
            false => Read::Key(key, "its names are none".to_owned()),
        }
    }
}

fn sign(key: &KeyPair, names: &[String]) -> Result<CertificateDer<'static>> {
    let mut params = CertificateParams::default();
    // What the source knows to be past; the clients' clocks matter, and ours may not run yet.
    params.not_before = date_time_ymd(2026, 1, 1);
    // RFC 5280, 4.1.2.5: no well-defined end.
    params.not_after = date_time_ymd(9999, 12, 31);
    // Browsers keep two certificates of one issuer and one number for a forgery.
    params.serial_number = Some(random_serial()?);
    params.distinguished_name = DistinguishedName::new();
    let called = names.first().map_or("stannary", String::as_str);
    params
        .distinguished_name
        .push(DnType::CommonName, format!("Stannary miner {called}"));
    params.subject_alt_names = names
        .iter()
        .map(|name| as_san(name))
        .collect::<Result<_>>()?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params.self_signed(key)?.der().clone())
}

/// A positive number of 16 bytes.
fn random_serial() -> Result<SerialNumber> {
    let mut bytes = [0; 16];
    crate::access_file::random(&mut bytes)?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn as_san(name: &str) -> Result<SanType> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    if name.is_empty() || name.len() > 253 || !name.bytes().all(plain) {
        bail!("`{name}` is no name of a host");
    }
    Ok(SanType::DnsName(name.try_into()?))
}

/// RFC 7468.
fn pem(label: &str, bytes: &[u8]) -> String {
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in base64(bytes).as_bytes().chunks(64) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out + &format!("-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn kind(text: &str) -> &'static str {
        match Made::read(text) {
            Read::Whole(_) => "whole",
            Read::Key(..) => "key",
            Read::Nothing(_) => "nothing",
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let made = Made::new(names("rig rig.local 192.0.2.7 2001:db8::7")).expect("made");
        let Read::Whole(read) = Made::read(&made.text()) else {
            panic!("{}", made.text());
        };
        assert_eq!(read.names, made.names);
        assert_eq!(read.certificate, made.certificate);
        assert_eq!(read.key.serialized_der(), made.key.serialized_der());
    }

    #[test]
    fn a_renewed_certificate_is_another_one_for_the_same_key() {
        let made = Made::new(names("rig")).expect("made");
        let key = made.key.serialized_der().to_vec();
        let before = made.certificate.clone();
        let again = Made::with_key(made.key, names("rig other")).expect("made");
        assert_ne!(again.certificate, before);
        assert_eq!(again.key.serialized_der(), key);
    }

    #[test]
    fn of_a_damaged_file_the_key_is_kept_where_it_can_be() {
        let text = Made::new(names("rig 10.0.0.1")).expect("made").text();
        assert_eq!(kind(&text), "whole");
        for end in 0..text.len() - 1 {
            assert_ne!(kind(&text[..end]), "whole", "{end}");
        }
        let end_of_key = text.find("-----BEGIN CERT").expect("there");
        assert_eq!(kind(&text[..end_of_key]), "key");
        assert_eq!(kind(&text[..end_of_key - 40]), "nothing");
        assert_eq!(kind(&text[end_of_key..]), "nothing");
        let replaced = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        };
        assert_eq!(kind(&replaced("names: rig 10.0.0.1", "names: ")), "key");
        assert_eq!(kind(&replaced("names: rig", "names: <b>")), "key");
        assert_eq!(kind(""), "nothing");
    }

    #[test]
    fn names_are_hosts() {
        let check = |name: &str, good: bool| assert_eq!(as_san(name).is_ok(), good, "{name}");
        check("rig-7.local", true);
        check("::1", true);
        check("", false);
        check("a b", false);
        check("*.farm", false);
        check("rig_7", false);
        check("ä", false);
    }
}
