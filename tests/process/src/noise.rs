//! The pool's side of Noise, as simple as it can be: whole frames in, whole frames out.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use noise_sv2::{NoiseDecryptor, NoiseEncryptor, Responder};

/// An authority: a secret key, its public key, and how that stands in an address.
#[derive(Clone, Copy, Debug)]
pub struct Authority {
    secret: u8,
    public: [u8; 32],
    /// For the pool's address.
    pub text: &'static str,
}

/// Secret key 3 [the first vector of BIP340].
pub const AUTHORITY: Authority = Authority {
    secret: 3,
    public: [
        0xf9, 0x30, 0x8a, 0x01, 0x92, 0x58, 0xc3, 0x10, 0x49, 0x34, 0x4f, 0x85, 0xf8, 0x9d, 0x52,
        0x29, 0xb5, 0x31, 0xc8, 0x45, 0x83, 0x6f, 0x99, 0xb0, 0x86, 0x01, 0xf1, 0x13, 0xbc, 0xe0,
        0x36, 0xf9,
    ],
    text: "9cXKNmuV9HaH3L6bvFC5KXMVZgbUUgXrETfkiw58DFXw45JDDvr",
};

/// The public key of secret key 1, the curve's generator, for an address that is not our pool's.
pub const OTHER_AUTHORITY: &str = "9bZBweHhn6px2Quf1hADVUTrWxX65vtRBweWHP66kfkKGFTQRHs";

/// Both halves of a connection that stands.
pub(crate) fn accept(
    stream: &mut TcpStream,
    authority: &Authority,
) -> io::Result<(Sealer, Opener)> {
    let mut first = [0; 64];
    stream.read_exact(&mut first)?;
    let mut secret = [0; 32];
    secret[31] = authority.secret;
    let validity = Duration::from_secs(3600);
    let mut responder = Responder::from_authority_kp(&authority.public, &secret, validity)
        .map_err(|error| io::Error::other(format!("{error:?}")))?;
    let (answer, engine) = responder
        .step_1(first)
        .map_err(|error| io::Error::other(error.to_string()))?;
    stream.write_all(&answer)?;
    let (sealer, opener) = engine.into_split();
    Ok((Sealer(sealer, Vec::new()), Opener(opener)))
}

/// Seals frames.
pub(crate) struct Sealer(NoiseEncryptor, Vec<u8>);

impl Sealer {
    /// What carries the frames that these bytes complete.
    pub(crate) fn seal(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.1.extend_from_slice(bytes);
        let mut wire = Vec::new();
        while let Some(length) = frame_length(&self.1) {
            let frame: Vec<u8> = self.1.drain(..length).collect();
            let (header, payload) = frame.split_at(6);
            for part in std::iter::once(header).chain(payload.chunks(65_519)) {
                let mut part = part.to_vec();
                self.0.encrypt(&mut part).expect("it seals");
                wire.extend_from_slice(&part);
            }
        }
        wire
    }
}

/// Opens frames.
pub(crate) struct Opener(NoiseDecryptor);

impl Opener {
    /// The next frame. Miners send none that needs a second chunk.
    pub(crate) fn read(&mut self, stream: &mut TcpStream) -> io::Result<Vec<u8>> {
        let mut frame = self.part(stream, 6)?;
        let length = usize::from(frame[3]) | usize::from(frame[4]) << 8;
        if length > 0 {
            frame.extend(self.part(stream, length)?);
        }
        Ok(frame)
    }

    fn part(&mut self, stream: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
        let mut part = vec![0; length + 16];
        stream.read_exact(&mut part)?;
        let opened = self.0.decrypt(&mut part);
        opened.map_err(|error| io::Error::other(error.to_string()))?;
        Ok(part)
    }
}

/// Of the first frame, with its header, if it is whole.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..6)?;
    let payload = u32::from_le_bytes([header[3], header[4], header[5], 0]) as usize;
    (bytes.len() >= 6 + payload).then_some(6 + payload)
}
