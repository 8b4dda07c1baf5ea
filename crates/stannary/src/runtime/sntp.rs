//! The time from the owner's time servers: an SNTP client (RFC 4330, RFC 5905 section 14).
//!
//! It asks the servers that the configuration names and no others, in a thread of its own, and
//! tells [`Wall`]. The kernel's clock is read and never set: who keeps it is the image's affair.
//!
//! An answer counts if it comes from the address that was asked, carries the random number of
//! the question, and says of itself that it knows the time. That is no proof: whoever sits on the
//! wire can set this clock, and make a certificate that has run out look valid. He cannot make
//! a valid one for a name that is not his.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::Instant;

use stratum::Endpoint;
use telemetry::Code;
use units::Duration;

use super::wall::{self, Wall};
use crate::names;

/// Where time servers listen.
pub(crate) const PORT: u16 = 123;
/// Between two answers. A kernel's clock is off by a tenth of a second after it.
const AGAIN: Duration = Duration::from_secs(30 * 60);
/// After a round without an answer: doubles, up to the second. RFC 4330 asks for fifteen
/// seconds at least once a server is up; before it is, a network that has just come up is found
/// sooner.
const RETRY: Duration = Duration::from_secs(4);
const RETRY_MAX: Duration = Duration::from_secs(256);
/// How long one server is waited for.
const TIMEOUT: Duration = Duration::from_secs(3);
/// A name with more addresses is asked at the first ones.
const ADDRESSES_MAX: usize = 2;
/// Packets read while one answer is waited for: a flood of wrong ones ends the wait.
const PACKETS_MAX: usize = 16;
/// An answer that took longer says little about now; certificates need no better than this.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(2);

/// Ask these servers, for as long as the process lives.
pub(crate) fn keep(wall: Wall, servers: Vec<Endpoint>) -> io::Result<()> {
    if servers.is_empty() {
        return Ok(());
    }
    let builder = thread::Builder::new().name("time".into());
    builder.stack_size(128 * 1024).spawn(move || {
        let mut retry = RETRY;
        let mut silent = false;
        loop {
            match ask_all(&servers) {
                Ok((unix, source)) => {
                    wall.set(unix, &source);
                    (retry, silent) = (RETRY, false);
                    thread::sleep(AGAIN);
                }
                Err(why) => {
                    let code = Code::ClockSilent;
                    if !silent {
                        tracing::warn!(code = code.text(), why, hint = code.remedy());
                    }
                    silent = true;
                    thread::sleep(retry);
                    retry = (retry * 2).min(RETRY_MAX);
                }
            }
        }
    })?;
    Ok(())
}

/// The first answer, in the owner's order.
fn ask_all(servers: &[Endpoint]) -> Result<(Duration, String), String> {
    let mut whys = Vec::new();
    for server in servers {
        match ask(server) {
            Ok(unix) => return Ok((unix, server.host.clone())),
            Err(why) => whys.push(format!("{}: {why}", server.host)),
        }
    }
    Err(whys.join("; "))
}

/// The time now, by this server.
pub(crate) fn ask(server: &Endpoint) -> Result<Duration, String> {
    let addresses = names::resolve(&server.host, server.port).map_err(|error| error.to_string())?;
    let mut last = "no address".to_owned();
    for address in addresses.into_iter().take(ADDRESSES_MAX) {
        match ask_address(address) {
            Ok(unix) => return Ok(unix),
            Err(why) => last = why,
        }
    }
    Err(last)
}

fn ask_address(server: SocketAddr) -> Result<Duration, String> {
    let mut number = [0; 8];
    let mut chance = std::fs::File::open("/dev/urandom").map_err(|e| e.to_string())?;
    chance.read_exact(&mut number).map_err(|e| e.to_string())?;
    exchange(server, number).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "does not answer".to_owned(),
        _ => error.to_string(),
    })?
}

fn exchange(server: SocketAddr, number: [u8; 8]) -> io::Result<Result<Duration, String>> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // Port 0: the kernel draws one. Connected: others' packets do not come here.
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    let sent = Instant::now();
    socket.send(&question(number))?;
    let mut last = Err("does not answer".to_owned());
    for _ in 0..PACKETS_MAX {
        let left = TIMEOUT.saturating_sub(sent.elapsed());
        if left.is_zero() {
            break;
        }
        socket.set_read_timeout(Some(left))?;
        let mut packet = [0; 128];
        let read = socket.recv(&mut packet)?;
        let round_trip = sent.elapsed();
        match answer(&packet[..read], number) {
            // It was read by the server somewhere between; the middle is at most half of it off.
            Ok(unix) if round_trip <= ROUND_TRIP_MAX => return Ok(Ok(unix + round_trip / 2)),
            Ok(_) => last = Err("answers too slowly".to_owned()),
            Err(why) => last = Err(why),
        }
    }
    Ok(last)
}

const PACKET_BYTES: usize = 48;
const VERSION: u8 = 4;
const CLIENT: u8 = 3;
const SERVER: u8 = 4;
/// Seconds from 1900 to 1970.
const TO_UNIX: u64 = 2_208_988_800;
/// Seconds until the first 32 bits begin anew, in 2036.
const ERA: u64 = 1 << 32;

/// A client's packet says nothing but a number to recognise the answer by: where others put
/// their own time, which nobody needs to know.
fn question(number: [u8; 8]) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    packet[0] = VERSION << 3 | CLIENT;
    packet[40..].copy_from_slice(&number);
    packet
}

/// The server's time when it answered.
fn answer(packet: &[u8], number: [u8; 8]) -> Result<Duration, String> {
    let Some((packet, _)) = packet.split_first_chunk::<PACKET_BYTES>() else {
        return Err("answers too little".to_owned());
    };
    if packet[24..32] != number {
        return Err("answers a question that was not asked".to_owned());
    }
    let (leap, version, mode) = (packet[0] >> 6, packet[0] >> 3 & 7, packet[0] & 7);
    let stratum = packet[1];
    if mode != SERVER || !(3..=4).contains(&version) {
        return Err("does not answer as a time server".to_owned());
    }
    match stratum {
        // "Kiss of death": four letters that say why not.
        0 => {
            let word: String = packet[12..16]
                .iter()
                .filter(|byte| byte.is_ascii_alphanumeric())
                .map(|byte| char::from(*byte))
                .collect();
            return Err(format!("does not want to be asked ({word})"));
        }
        1..=15 if leap != 3 => {}
        _ => return Err("does not know the time itself".to_owned()),
    }
    let field = |at: usize| {
        let bytes = [packet[at], packet[at + 1], packet[at + 2], packet[at + 3]];
        u64::from(u32::from_be_bytes(bytes))
    };
    let (seconds, fraction) = (field(40), field(44));
    // Before 2036 a time of the present is above 2^31; after it, below.
    let seconds = match seconds >> 31 {
        0 => seconds + ERA,
        _ => seconds,
    };
    let unix = Duration::from_secs(seconds.saturating_sub(TO_UNIX))
        + Duration::from_nanos((fraction * 1_000_000_000) >> 32);
    match wall::is_plausible(unix) {
        true => Ok(unix),
        false => Err(format!("says that it is {}", wall::date(unix))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
    /// 2026-11-26 09:00:00 and a half, as NTP counts.
    const NOW: u64 = (1_795_683_600 + TO_UNIX) << 32 | 1 << 31;

    /// A good answer at `time`, with some bytes changed.
    fn packet(time: u64, changes: &[(usize, u8)]) -> Vec<u8> {
        let mut packet = vec![0; PACKET_BYTES];
        packet[0] = VERSION << 3 | SERVER;
        packet[1] = 2;
        packet[24..32].copy_from_slice(&NUMBER);
        packet[40..].copy_from_slice(&time.to_be_bytes());
        for (at, byte) in changes {
            packet[*at] = *byte;
        }
        packet
    }

    #[test]
    fn the_time_is_read_before_2036_and_after() {
        let check = |time: u64, shown: &str| {
            let unix = answer(&packet(time, &[]), NUMBER).expect("a good answer");
            assert_eq!(wall::date(unix), shown);
            unix
        };
        let unix = check(NOW, "2026-11-26 09:00 UTC");
        assert_eq!(unix.subsec_millis(), 500);
        check(u64::MAX, "2036-02-07 06:28 UTC");
        check(60 << 32, "2036-02-07 06:29 UTC");
    }

    #[test]
    fn what_is_no_answer_is_told() {
        let check = |packet: &[u8], words: &str| {
            let why = answer(packet, NUMBER).expect_err(words);
            assert!(why.contains(words), "{why}");
        };
        check(&[], "too little");
        check(&packet(NOW, &[])[..47], "too little");
        check(&packet(NOW, &[(24, 9)]), "not asked");
        check(
            &packet(NOW, &[(0, VERSION << 3 | CLIENT)]),
            "as a time server",
        );
        check(&packet(NOW, &[(0, 2 << 3 | SERVER)]), "as a time server");
        let kiss = [(1, 0), (12, b'R'), (13, b'A'), (14, b'T'), (15, b'E')];
        check(&packet(NOW, &kiss), "(RATE)");
        check(&packet(NOW, &[(1, 16)]), "not know the time");
        check(
            &packet(NOW, &[(0, 3 << 6 | VERSION << 3 | SERVER)]),
            "not know the time",
        );
        check(&packet(1 << 63, &[]), "1970-01-01");
    }

    #[test]
    fn a_server_is_asked_and_what_others_send_is_not_heard() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = server.local_addr().expect("bound").port();
        thread::spawn(move || {
            let mut asked = [0; 128];
            while let Ok((read, from)) = server.recv_from(&mut asked) {
                assert_eq!((read, asked[0]), (PACKET_BYTES, VERSION << 3 | CLIENT));
                let number = &asked[40..48];
                server.send_to(b"noise", from).expect("sent");
                server.send_to(&packet(NOW, &[]), from).expect("sent");
                let mut good = packet(NOW, &[]);
                good[24..32].copy_from_slice(number);
                server.send_to(&good, from).expect("sent");
            }
        });
        let endpoint = Endpoint {
            host: "127.0.0.1".into(),
            port,
        };
        // An answer is too old after two seconds, which a computer may let nobody run.
        let unix = (0..5).find_map(|_| ask(&endpoint).ok());
        assert_eq!(
            wall::date(unix.expect("it answers")),
            "2026-11-26 09:00 UTC"
        );
    }

    #[test]
    fn bytes_of_any_kind_are_only_read() {
        let mut rng = units::Rng::new(1);
        for _ in 0..10_000 {
            let length = rng.below(80) as usize;
            let mut bytes: Vec<u8> = (0..length).map(|_| rng.below(256) as u8).collect();
            if bytes.len() >= 32 {
                bytes[24..32].copy_from_slice(&NUMBER);
            }
            let _ = answer(&bytes, NUMBER);
        }
    }
}
