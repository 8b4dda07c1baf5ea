//! The same pool in Stratum V2, behind Noise.
//!
//! The job of a block goes out well before the block: what is stamped is the short message that
//! brings the block.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use noise_sv2::{NoiseDecryptor, NoiseEncryptor, Responder};

use super::pool::{BlockJob, Events, NBITS, PoolEvent, VERSION, start_jobs, tell};
use super::stamp;

/// The public key of secret key 3 [the first vector of BIP 340], as it stands in an address.
pub(super) const AUTHORITY: &str = "9cXKNmuV9HaH3L6bvFC5KXMVZgbUUgXrETfkiw58DFXw45JDDvr";
const PUBLIC: [u8; 32] = [
    0xf9, 0x30, 0x8a, 0x01, 0x92, 0x58, 0xc3, 0x10, 0x49, 0x34, 0x4f, 0x85, 0xf8, 0x9d, 0x52, 0x29,
    0xb5, 0x31, 0xc8, 0x45, 0x83, 0x6f, 0x99, 0xb0, 0x86, 0x01, 0xf1, 0x13, 0xbc, 0xe0, 0x36, 0xf9,
];
const SECRET: u8 = 3;
const VALID: Duration = Duration::from_secs(3600);

const HEADER: usize = 6;
const MAC: usize = 16;
const CHANNEL: u32 = 1;
const GROUP: u32 = 2;
const PREFIX: [u8; 4] = *b"STAN";

/// Message types of the protocol.
mod kind {
    pub(super) const SETUP: u8 = 0x00;
    pub(super) const SETUP_SUCCESS: u8 = 0x01;
    pub(super) const OPEN_EXTENDED: u8 = 0x13;
    pub(super) const OPEN_EXTENDED_SUCCESS: u8 = 0x14;
    pub(super) const SUBMIT_EXTENDED: u8 = 0x1b;
    pub(super) const SUBMIT_SUCCESS: u8 = 0x1c;
    pub(super) const NEW_EXTENDED_JOB: u8 = 0x1f;
    pub(super) const NEW_PREV_HASH: u8 = 0x20;
}

/// Start a pool of this share target, a 256-bit number, lowest byte first.
pub(super) fn start(
    target: [u8; 32],
    events: impl FnMut(PoolEvent) + Send + 'static,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let events = Arc::new(Mutex::new(events));
    thread::Builder::new().name("pool".into()).spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            // A connection that breaks ends the run by its silence.
            let _ = serve(stream, target, &events);
        }
    })?;
    Ok(address)
}

fn serve<F>(mut stream: TcpStream, target: [u8; 32], events: &Events<F>) -> io::Result<()>
where
    F: FnMut(PoolEvent) + Send + 'static,
{
    stream.set_nodelay(true)?;
    let (out, mut opener) = shake_hands(&mut stream)?;
    // Jobs end with the connection.
    let mut _jobs: Option<Sender<()>> = None;
    loop {
        let frame = read(&mut stream, &mut opener)?;
        let at = stamp::now();
        let field = |place: usize| {
            let bytes = frame.get(HEADER + place..HEADER + place + 4);
            bytes.map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        };
        match frame[2] {
            kind::SETUP => {
                let answer = [&2_u16.to_le_bytes()[..], &0_u32.to_le_bytes()].concat();
                out.send(kind::SETUP_SUCCESS, &answer, || ())?;
            }
            kind::OPEN_EXTENDED => {
                let mut answer = Vec::new();
                answer.extend(field(0).to_le_bytes());
                answer.extend(CHANNEL.to_le_bytes());
                answer.extend(target);
                answer.extend(8_u16.to_le_bytes());
                answer.push(PREFIX.len() as u8);
                answer.extend(PREFIX);
                answer.extend(GROUP.to_le_bytes());
                out.send(kind::OPEN_EXTENDED_SUCCESS, &answer, || ())?;
                out.send(kind::NEW_EXTENDED_JOB, &future_job(0), || ())?;
                let out = Arc::clone(&out);
                _jobs = Some(start_jobs(events, move |number, stamp| {
                    out.send(kind::NEW_PREV_HASH, &block(number), stamp)?;
                    out.send(kind::NEW_EXTENDED_JOB, &future_job(number + 1), || ())
                })?);
            }
            kind::SUBMIT_EXTENDED => {
                let nonce = field(12);
                tell(events, PoolEvent::Submit { nonce, at });
                let mut answer = Vec::new();
                answer.extend(CHANNEL.to_le_bytes());
                answer.extend(field(4).to_le_bytes());
                answer.extend(1_u32.to_le_bytes());
                answer.extend(1_u64.to_le_bytes());
                out.send(kind::SUBMIT_SUCCESS, &answer, || ())?;
            }
            _ => {}
        }
    }
}

/// As V2 says a job that waits for its block.
fn future_job(number: u32) -> Vec<u8> {
    let job = BlockJob::new(number);
    let mut body = Vec::new();
    body.extend(CHANNEL.to_le_bytes());
    body.extend(number.to_le_bytes());
    // No time yet.
    body.push(0);
    body.extend(VERSION.to_le_bytes());
    // Version bits may be rolled.
    body.push(1);
    body.push(job.branches.len() as u8);
    body.extend(job.branches.concat());
    for part in [&job.before, &job.after] {
        body.extend((part.len() as u16).to_le_bytes());
        body.extend(part);
    }
    body
}

/// The block of job `number`.
fn block(number: u32) -> Vec<u8> {
    let job = BlockJob::new(number);
    let mut body = Vec::new();
    body.extend(CHANNEL.to_le_bytes());
    body.extend(number.to_le_bytes());
    body.extend(job.previous);
    body.extend(job.ntime.to_le_bytes());
    body.extend(NBITS.to_le_bytes());
    body
}

/// The way to the miner, for the answers and the jobs.
struct Out(Mutex<(NoiseEncryptor, TcpStream)>);

impl Out {
    /// Seals a message, calls `stamp`, and writes it.
    fn send(&self, kind: u8, body: &[u8], stamp: impl FnOnce()) -> io::Result<()> {
        // One lock for both: sealed messages are written in the order in which they were sealed.
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wire = seal(&mut both.0, kind, body)?;
        stamp();
        both.1.write_all(&wire)
    }
}

/// A frame that fits one chunk, as all here do.
fn seal(sealer: &mut NoiseEncryptor, kind: u8, body: &[u8]) -> io::Result<Vec<u8>> {
    let of_channel = matches!(
        kind,
        kind::NEW_EXTENDED_JOB | kind::NEW_PREV_HASH | kind::SUBMIT_SUCCESS
    );
    let length = (body.len() as u32).to_le_bytes();
    let channel = if of_channel { 0x80 } else { 0 };
    let mut wire = vec![0, channel, kind, length[0], length[1], length[2]];
    sealer.encrypt(&mut wire).map_err(broken)?;
    let mut body = body.to_vec();
    sealer.encrypt(&mut body).map_err(broken)?;
    wire.append(&mut body);
    Ok(wire)
}

fn shake_hands(stream: &mut TcpStream) -> io::Result<(Arc<Out>, NoiseDecryptor)> {
    let mut first = [0; 64];
    stream.read_exact(&mut first)?;
    let mut secret = [0; 32];
    secret[31] = SECRET;
    let mut responder = Responder::from_authority_kp(&PUBLIC, &secret, VALID).map_err(broken)?;
    let (answer, engine) = responder.step_1(first).map_err(broken)?;
    stream.write_all(&answer)?;
    let (sealer, opener) = engine.into_split();
    let out = Out(Mutex::new((sealer, stream.try_clone()?)));
    Ok((Arc::new(out), opener))
}

/// The next frame, with its header.
fn read(stream: &mut TcpStream, opener: &mut NoiseDecryptor) -> io::Result<Vec<u8>> {
    let mut part = |length: usize| -> io::Result<Vec<u8>> {
        let mut part = vec![0; length + MAC];
        stream.read_exact(&mut part)?;
        opener.decrypt(&mut part).map_err(broken)?;
        Ok(part)
    };
    let mut frame = part(HEADER)?;
    let length = usize::from(frame[3]) | usize::from(frame[4]) << 8;
    if length > 0 {
        frame.append(&mut part(length)?);
    }
    Ok(frame)
}

fn broken(error: impl std::fmt::Debug) -> io::Error {
    io::Error::other(format!("{error:?}"))
}
