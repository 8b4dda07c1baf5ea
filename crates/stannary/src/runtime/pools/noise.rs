//! Noise, as Stratum V2 uses it: the handshake with a pool that must show a certificate of its
//! authority, and the frames after it.
//!
//! Two messages make the handshake: our ephemeral key, and the pool's answer with its keys and its
//! certificate. Whoever fails it is sent nothing more. Afterwards each frame is its header of six
//! bytes, sealed, and its payload, sealed in chunks of at most [`CHUNK_BYTES`].

use std::fmt;
use std::io::{Read, Write};

use noise_sv2::{
    AEAD_MAC_LEN, Error, INITIATOR_EXPECTED_HANDSHAKE_MESSAGE_SIZE, Initiator, NoiseDecryptor,
    NoiseEncryptor,
};
use stratum::AuthorityKey;

use super::guard::{Guard, Received};

/// Plaintext of one sealed chunk: with its MAC it fills the 65,535 bytes of a Noise message.
const CHUNK_BYTES: usize = 65_519;
const HEADER_BYTES: usize = 6;
/// What the certificate check allows a clock to be off.
const LEEWAY_S: u32 = 10;

/// A connection that stands.
pub(super) struct Noise {
    sealer: NoiseEncryptor,
    opener: NoiseDecryptor,
    /// Plaintext that is no whole frame yet.
    unsent: Vec<u8>,
    /// Sealed bytes that are no whole header or chunk yet.
    sealed: Vec<u8>,
    /// Plaintext bytes of the present payload that are still to come.
    payload_left: usize,
}

/// Why there is no connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// It is not the pool whose key the address holds.
    Key(String),
    /// The certificate is not valid at this time, or the time is wrong.
    Clock(String),
    /// It speaks no such Noise, or does not speak at all.
    Handshake(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Key(why) | Fault::Clock(why) | Fault::Handshake(why) => f.write_str(why),
        }
    }
}

/// Shake hands over `wire` at the time `now_unix_s`.
pub(super) fn connect(
    wire: &mut (impl Read + Write),
    authority: &AuthorityKey,
    now_unix_s: u32,
) -> Result<Noise, Fault> {
    let mut initiator = Initiator::from_raw_k(authority.0).map_err(|_| {
        Fault::Key("the authority key in the pool's address is no point of the curve".to_owned())
    })?;
    let first = initiator
        .step_0()
        .map_err(|error| Fault::Handshake(format!("no key of our own: {error}")))?;
    let silent =
        |error: std::io::Error| Fault::Handshake(format!("no handshake of Stratum V2: {error}"));
    wire.write_all(&first).map_err(silent)?;
    let mut answer = [0; INITIATOR_EXPECTED_HANDSHAKE_MESSAGE_SIZE];
    wire.read_exact(&mut answer).map_err(silent)?;
    let engine = initiator
        .step_2_with_now(answer, now_unix_s)
        .map_err(|error| refusal(&error, now_unix_s))?;
    let (sealer, opener) = engine.into_split();
    Ok(Noise {
        sealer,
        opener,
        unsent: Vec::new(),
        sealed: Vec::new(),
        payload_left: 0,
    })
}

fn refusal(error: &Error, now: u32) -> Fault {
    let Error::InvalidCertificate(certificate) = error else {
        return Fault::Handshake("its answer is no handshake of Stratum V2".to_owned());
    };
    let (from, until) = (certificate.valid_from, certificate.not_valid_after);
    let valid = from.saturating_sub(LEEWAY_S)..=until.saturating_add(LEEWAY_S);
    match valid.contains(&now) {
        true => Fault::Key(
            "its certificate is not signed by the authority key in the address: it is not this \
             pool, or the pool has a new key"
                .to_owned(),
        ),
        false => Fault::Clock(format!(
            "its certificate is valid from {from} to {until} and this machine's clock says {now} \
             (seconds since 1970): the clock is wrong, or the pool's is"
        )),
    }
}

impl Noise {
    /// Open the next header or chunk in `sealed`, if it is whole. Returns how many sealed bytes
    /// it took.
    fn open_one(&mut self, at: usize, plain: &mut Vec<u8>) -> Result<usize, String> {
        let size = match self.payload_left {
            0 => HEADER_BYTES,
            left => left.min(CHUNK_BYTES),
        };
        let end = at + size + AEAD_MAC_LEN;
        let Some(part) = self.sealed.get(at..end) else {
            return Ok(0);
        };
        let mut part = part.to_vec();
        self.opener
            .decrypt(&mut part)
            .map_err(|_| "what the pool sent was changed on its way".to_owned())?;
        match self.payload_left {
            0 => self.payload_left = payload_length(&part),
            _ => self.payload_left -= part.len().min(self.payload_left),
        }
        plain.extend_from_slice(&part);
        Ok(end - at)
    }

    fn seal(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<(), String> {
        let mut part = plain.to_vec();
        self.sealer
            .encrypt(&mut part)
            .map_err(|_| "cannot encrypt".to_owned())?;
        wire.extend_from_slice(&part);
        Ok(())
    }
}

impl Guard for Noise {
    fn receive(
        &mut self,
        bytes: &[u8],
        plain: &mut Vec<u8>,
        _wire: &mut Vec<u8>,
    ) -> Result<Received, String> {
        self.sealed.extend_from_slice(bytes);
        let mut done = 0;
        loop {
            match self.open_one(done, plain)? {
                0 => break,
                taken => done += taken,
            }
        }
        self.sealed.drain(..done);
        Ok(Received::More)
    }

    fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<(), String> {
        self.unsent.extend_from_slice(plain);
        let unsent = std::mem::take(&mut self.unsent);
        let mut rest = &unsent[..];
        while let Some((header, after)) = rest.split_at_checked(HEADER_BYTES) {
            let Some((payload, after)) = after.split_at_checked(payload_length(header)) else {
                break;
            };
            self.seal(header, wire)?;
            for chunk in payload.chunks(CHUNK_BYTES) {
                self.seal(chunk, wire)?;
            }
            rest = after;
        }
        self.unsent = rest.to_vec();
        Ok(())
    }
}

/// What a frame's header says of its payload.
fn payload_length(header: &[u8]) -> usize {
    match header {
        &[_, _, _, l0, l1, l2] => u32::from_le_bytes([l0, l1, l2, 0]) as usize,
        _ => 0,
    }
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;
