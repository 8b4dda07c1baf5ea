//! HTTPS of the page: whose certificate, where it is kept, and when it is renewed.
//!
//! Terms: the machine *makes* its certificate, or its owner *gives* one with its key. What is made
//! is kept in a private file and renewed, for the same key, when the machine is called, or is at,
//! something that it does not name. What is given is read again when its files change.
//!
//! All of it is done by a thread of its own, which waits for the kernel's random numbers: a machine
//! that just booted may have none for a while, and mines meanwhile.

mod certificate;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use api::{Gate, Identity, Published};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use sha2::{Digest, Sha256};
use telemetry::{Code, Note};
use units::Duration;

use crate::addresses;
use crate::cli::https::{Https, Own};
use crate::hex::hex;
use crate::private_file;
use crate::runtime::Clock;
use certificate::{Made, NAMES_MAX, Read};

/// The file beside that of access.
const FILE: &str = "https.pem";
/// Longest file, of ours or the owner's: a chain of a few certificates has some 10 KB.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Certificates in a chain.
const CHAIN_MAX: usize = 10;
/// How often names and files are looked at.
const LOOK: Duration = Duration::from_secs(60);
/// How often for the kernel's random numbers.
const CHANCE: Duration = Duration::from_millis(100);

/// Who the machine is, once it is known.
type Shelf = Arc<Mutex<Option<Arc<Identity>>>>;

/// Be somebody; `access` is the file beside which a certificate of our own is kept. Without it
/// each start makes another.
pub(crate) fn serve(
    config: &Https,
    access: Option<&Path>,
    gate: Gate,
    published: Published,
    clock: Clock,
) -> Result<api::Https> {
    let shelf = Shelf::default();
    let file = access
        .and_then(Path::parent)
        .map(|folder| folder.join(FILE));
    let keeper = Keeper {
        at: config.at.ip(),
        shelf: Arc::clone(&shelf),
        called: Box::new(move || gate.names()),
        tell: Box::new(move |code, detail| {
            tracing::warn!(code = code.text(), "{detail}: {}", code.meaning());
            published.note(Note {
                at: clock.now(),
                code,
                place: String::new(),
                detail,
            });
        }),
    };
    let own = config.own.clone();
    let work = move || match own {
        Some(own) => keeper.given(&own),
        None => keeper.made(file.as_deref()),
    };
    thread::Builder::new()
        .name("https".into())
        .stack_size(256 * 1024)
        .spawn(work)
        .context("no thread for HTTPS")?;
    Ok(api::Https {
        at: config.at,
        identity: Arc::new(move || lock(&shelf).clone()),
    })
}

/// The owner's pair as it is now: whether it can be used.
pub(crate) fn check(own: &Own) -> Result<(), String> {
    given(own).map(drop)
}

fn lock(shelf: &Shelf) -> std::sync::MutexGuard<'_, Option<Arc<Identity>>> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Keeper {
    /// Where it is listened.
    at: IpAddr,
    shelf: Shelf,
    /// What people call the machine.
    called: Box<dyn Fn() -> Vec<String> + Send>,
    /// Where news goes.
    tell: Box<dyn Fn(Code, String) + Send>,
}

impl Keeper {
    /// As the owner gave it, for as long as this process lives.
    fn given(&self, own: &Own) {
        let mut last: Option<Result<[u8; 32], String>> = None;
        loop {
            let found = given(own);
            let seen = found.as_ref().map(|identity| identity.certificate);
            let seen = seen.map_err(String::clone);
            if last.as_ref() != Some(&seen) {
                last = Some(seen);
                match found {
                    Ok(identity) => self.be(identity),
                    Err(why) => (self.tell)(Code::HttpsOwn, why),
                }
            }
            thread::sleep(LOOK);
        }
    }

    /// As it is in the file, else made; renewed where it lacks a name.
    fn made(&self, file: Option<&Path>) {
        while !has_chance() {
            thread::sleep(CHANCE);
        }
        let mut made = match self.first(file) {
            Ok(made) => made,
            // No key can be had at all: there is no HTTPS, and all else goes on.
            Err(error) => return (self.tell)(Code::HttpsWrite, format!("{error:#}")),
        };
        loop {
            match identity_of(&made) {
                Ok(identity) => self.be(identity),
                Err(error) => (self.tell)(Code::HttpsWrite, format!("{error:#}")),
            }
            made = loop {
                thread::sleep(LOOK);
                let wanted = self.names();
                if wanted.iter().all(|name| made.names.contains(name)) {
                    continue;
                }
                match Made::with_key(made.key, joined(wanted, &made.names)) {
                    Ok(again) => break again,
                    Err(error) => return (self.tell)(Code::HttpsWrite, format!("{error:#}")),
                }
            };
            self.keep(file, &made);
        }
    }

    fn first(&self, file: Option<&Path>) -> Result<Made> {
        let read = match file.map(|file| private_file::read(file, FILE_BYTES_MAX)) {
            None | Some(Ok(None)) => None,
            Some(Ok(Some(text))) => Some(Made::read(&text)),
            Some(Err(error)) => Some(Read::Nothing(error.to_string())),
        };
        let wanted = self.names();
        let made = match read {
            Some(Read::Whole(made)) => match identity_of(&made) {
                Ok(_) if wanted.iter().all(|name| made.names.contains(name)) => return Ok(made),
                Ok(_) => {
                    let names = joined(wanted, &made.names);
                    Made::with_key(made.key, names)?
                }
                Err(why) => {
                    self.damaged(file, &format!("{why:#}"));
                    Made::with_key(made.key, wanted)?
                }
            },
            Some(Read::Key(key, why)) => {
                self.damaged(file, &why);
                Made::with_key(key, wanted)?
            }
            Some(Read::Nothing(why)) => {
                self.damaged(file, &why);
                Made::new(wanted)?
            }
            None => Made::new(wanted)?,
        };
        self.keep(file, &made);
        Ok(made)
    }

    fn damaged(&self, file: Option<&Path>, why: &str) {
        let Some(file) = file else {
            return;
        };
        let detail = format!("`{}`: {why}", file.display());
        (self.tell)(Code::HttpsFile, detail);
        if let Err(error) = private_file::put_aside(file) {
            (self.tell)(Code::HttpsWrite, error.to_string());
        }
    }

    fn keep(&self, file: Option<&Path>, made: &Made) {
        let Some(file) = file else {
            return;
        };
        if let Err(error) = private_file::write(file, &made.text()) {
            let detail = format!("`{}`: {error}", file.display());
            (self.tell)(Code::HttpsWrite, detail);
        }
    }

    /// What the certificate should name: what people call the machine, and where it is.
    fn names(&self) -> Vec<String> {
        let mut names = (self.called)();
        match self.at.is_unspecified() {
            true => names.extend(addresses::lasting().iter().map(IpAddr::to_string)),
            false => names.push(self.at.to_string()),
        }
        if self.at.is_loopback() || names.is_empty() {
            names.push("localhost".to_owned());
        }
        joined(names, &[])
    }

    fn be(&self, identity: Identity) {
        let (key, certificate) = (hex(&identity.key), hex(&identity.certificate));
        tracing::info!("https: key sha256:{key}, certificate sha256:{certificate}");
        *lock(&self.shelf) = Some(Arc::new(identity));
    }
}

/// The first so many, each once: those that are wanted, then those that were before.
fn joined(wanted: Vec<String>, before: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in wanted.iter().chain(before) {
        if names.len() < NAMES_MAX && !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn identity_of(made: &Made) -> Result<Identity> {
    let key = PrivateKeyDer::Pkcs8(made.key.serialized_der().to_vec().into());
    let names = made.names.clone();
    identity(vec![made.certificate.clone()], key, names, false)
}

/// The owner's chain and key.
fn given(own: &Own) -> Result<Identity, String> {
    let read = |path: &PathBuf| {
        let text = crate::file_text::read_bounded(path, FILE_BYTES_MAX);
        text.map_err(|why| format!("{}: {why}", path.display()))
    };
    let (chain, key) = (read(&own.certificate)?, read(&own.key)?);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .take(CHAIN_MAX + 1)
        .collect();
    let chain = chain.map_err(|error| format!("{}: {error:?}", own.certificate.display()))?;
    if chain.is_empty() || chain.len() > CHAIN_MAX {
        let path = own.certificate.display();
        return Err(format!(
            "{path}: holds not 1 to {CHAIN_MAX} certificates in PEM form"
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| format!("{}: holds no private key in PEM form", own.key.display()))?;
    identity(chain, key, Vec::new(), true).map_err(|error| format!("{error:#}"))
}

fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    names: Vec<String>,
    own: bool,
) -> Result<Identity> {
    let first = chain.first().context("no certificate")?;
    let parsed = ParsedCertificate::try_from(first).context("the certificate is none")?;
    let (certificate, public) = (
        Sha256::digest(first).into(),
        Sha256::digest(parsed.subject_public_key_info()).into(),
    );
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("certificate and key do not fit")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity {
        config: Arc::new(config),
        certificate,
        key: public,
        names,
        own,
    })
}

/// Whether the kernel has random numbers.
fn has_chance() -> bool {
    crate::access_file::random(&mut [0]).is_ok()
}

#[cfg(test)]
mod tests;
