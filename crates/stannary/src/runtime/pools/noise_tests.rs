//! The handshake, with the reference implementation's responder at the other end.

use std::io;
use std::time::Duration;

use noise_sv2::{NoiseEngine, Responder};

use super::*;

/// Secret keys 3 and 1, and their public keys [BIP340's first vector; the curve's generator].
const SECRET: [u8; 32] = last_byte(3);
const PUBLIC: &str = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9";
const OTHER: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const NOW: u32 = 1_800_000_000;
const VALID_S: u32 = 3600;

const fn last_byte(byte: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[31] = byte;
    bytes
}

fn key(hex: &str) -> AuthorityKey {
    let digit = |i: usize| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex");
    AuthorityKey(core::array::from_fn(digit))
}

/// A pool that answers the first message. Everything that it was sent is kept.
struct Server {
    at: u32,
    heard: Vec<u8>,
    says: Vec<u8>,
    engine: Option<NoiseEngine>,
}

impl Server {
    /// Its certificate begins at `at`.
    fn new(at: u32) -> Self {
        Server {
            at,
            heard: Vec::new(),
            says: Vec::new(),
            engine: None,
        }
    }
}

impl Write for Server {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.heard.extend_from_slice(bytes);
        if let (64, Ok(first)) = (self.heard.len(), self.heard[..].try_into()) {
            let validity = Duration::from_secs(u64::from(VALID_S));
            let mut responder = Responder::from_authority_kp(&key(PUBLIC).0, &SECRET, validity)
                .expect("a pair of keys");
            // The reference's own clock is not asked.
            let answer = responder.step_1_with_now_rng(first, self.at, &mut rand::thread_rng());
            let (answer, engine) = answer.expect("it answers any key");
            self.says.extend_from_slice(&answer);
            self.engine = Some(engine);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Server {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = buffer.len().min(self.says.len());
        buffer[..n].copy_from_slice(&self.says[..n]);
        self.says.drain(..n);
        Ok(n)
    }
}

fn connected() -> (Noise, NoiseEngine) {
    let mut server = Server::new(NOW);
    let noise = connect(&mut server, &key(PUBLIC), NOW).expect("a connection");
    (noise, server.engine.expect("it answered"))
}

fn frame(payload: usize) -> Vec<u8> {
    let length = (payload as u32).to_le_bytes();
    let mut bytes = vec![0, 0x80, 0x1f, length[0], length[1], length[2]];
    bytes.extend((0..payload).map(|i| i as u8));
    bytes
}

fn sealed(engine: &mut NoiseEngine, frame: &[u8]) -> Vec<u8> {
    let (header, payload) = frame.split_at(6);
    let mut wire = Vec::new();
    for part in std::iter::once(header).chain(payload.chunks(65_519)) {
        let mut part = part.to_vec();
        engine.encrypt(&mut part).expect("it seals");
        wire.extend_from_slice(&part);
    }
    wire
}

#[test]
fn the_right_key_connects_and_frames_go_both_ways() {
    let (mut noise, mut engine) = connected();
    let mut wire = Vec::new();
    // Two frames and the beginning of a third.
    let ours = [frame(3), frame(0), frame(9)].concat();
    noise.send(&ours[..20], &mut wire).expect("sealed");
    assert_eq!(wire.len(), 22 + 19 + 22);
    noise.send(&ours[20..], &mut wire).expect("sealed");
    let mut opened = Vec::new();
    let mut rest = &wire[..];
    for size in [22, 3 + 16, 22, 22, 9 + 16] {
        let (part, after) = rest.split_at(size);
        let mut part = part.to_vec();
        engine.decrypt(&mut part).expect("it opens");
        opened.extend_from_slice(&part);
        rest = after;
    }
    assert!(rest.is_empty());
    assert_eq!(opened, ours);

    let theirs = [frame(5), frame(0), frame(1)];
    let wire: Vec<u8> = theirs.iter().flat_map(|f| sealed(&mut engine, f)).collect();
    let (mut plain, mut answer) = (Vec::new(), Vec::new());
    for byte in wire {
        let received = noise.receive(&[byte], &mut plain, &mut answer);
        assert_eq!(received, Ok(Received::More));
    }
    assert_eq!(plain, theirs.concat());
    assert!(answer.is_empty());
}

#[test]
fn long_frames_go_in_chunks() {
    for length in [65_518, 65_519, 65_520, 131_038, 140_000] {
        let (mut noise, mut engine) = connected();
        let frame = frame(length);
        let wire = sealed(&mut engine, &frame);
        assert_eq!(wire.len(), 22 + length + 16 * length.div_ceil(65_519));
        let (mut plain, mut answer) = (Vec::new(), Vec::new());
        for piece in wire.chunks(16 * 1024) {
            let received = noise.receive(piece, &mut plain, &mut answer);
            assert_eq!(received, Ok(Received::More));
            assert!(noise.sealed.len() < 65_535, "{}", noise.sealed.len());
        }
        assert!(plain == frame, "{length}");
        // And ours.
        let mut ours = Vec::new();
        noise.send(&frame, &mut ours).expect("sealed");
        assert_eq!(ours.len(), wire.len());
    }
}

#[test]
fn a_changed_byte_ends_the_connection() {
    for at in [0, 21, 22, 25, 40] {
        let (mut noise, mut engine) = connected();
        let mut wire = sealed(&mut engine, &frame(4));
        wire[at] ^= 1;
        let (mut plain, mut answer) = (Vec::new(), Vec::new());
        let received = noise.receive(&wire, &mut plain, &mut answer);
        assert_eq!(
            received,
            Err("what the pool sent was changed on its way".to_owned())
        );
        assert!(plain.len() <= 6, "no byte of a changed part comes through");
    }
}

/// What came of a handshake that must fail; nothing is sent after it.
fn refused(authority: &str, certificate_at: u32, now: u32) -> Fault {
    let mut server = Server::new(certificate_at);
    let Err(fault) = connect(&mut server, &key(authority), now) else {
        panic!("it connected");
    };
    assert_eq!(server.heard.len(), 64, "our ephemeral key alone was sent");
    fault
}

#[test]
fn a_certificate_of_another_authority_is_the_wrong_key() {
    let fault = refused(OTHER, NOW, NOW);
    assert!(matches!(fault, Fault::Key(_)), "{fault:?}");
    assert!(fault.to_string().contains("authority key"));
}

#[test]
fn a_certificate_of_another_time_is_a_matter_of_the_clock() {
    let check = |certificate_at: u32, now: u32, valid: bool| {
        if valid {
            let mut server = Server::new(certificate_at);
            assert!(connect(&mut server, &key(PUBLIC), now).is_ok());
            return;
        }
        let fault = refused(PUBLIC, certificate_at, now);
        assert!(matches!(fault, Fault::Clock(_)), "{fault:?}");
        assert!(fault.to_string().contains("clock"));
    };
    check(NOW, NOW - 10, true);
    check(NOW, NOW - 11, false);
    check(NOW, NOW + VALID_S + 10, true);
    check(NOW, NOW + VALID_S + 11, false);
    // No clock at all.
    check(NOW, 0, false);
}

#[test]
fn a_key_that_is_no_key_is_not_even_tried() {
    let mut server = Server::new(NOW);
    // No point of the curve has this for its x.
    let fault = connect(&mut server, &AuthorityKey([0xff; 32]), NOW).err();
    assert!(matches!(fault, Some(Fault::Key(_))), "{fault:?}");
    assert!(server.heard.is_empty());
}

#[test]
fn whoever_speaks_no_noise_is_left() {
    struct Deaf(Vec<u8>);
    impl Read for Deaf {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = buffer.len().min(self.0.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }
    impl Write for Deaf {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for length in [0, 1, 64, 233, 234, 300] {
        let answer = (0..length).map(|i| (i * 7) as u8).collect();
        let fault = connect(&mut Deaf(answer), &key(PUBLIC), NOW).err();
        assert!(matches!(fault, Some(Fault::Handshake(_))), "{fault:?}");
    }
}
