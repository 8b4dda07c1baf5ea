//! From a host's name to its addresses, without the C library: its way to names loads libraries at
//! run time, which a static binary has not got.
//!
//! A stub resolver: it asks the servers that the system names, which do the work. It asks for both
//! kinds of address at once, over UDP, and again over TCP where the answer did not fit. IPv4 comes
//! first. Nothing is kept: a pool is connected to seldom, and its address may have changed.
//!
//! An answer counts if it comes from the server that was asked, to the port that the kernel drew
//! for this question, and carries the question and its random number. `docs/decisions/0020` has
//! what was turned down.

mod message;
mod system;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use message::{Answer, Kind};
use system::Servers;

const HOSTS: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Rounds over all servers.
const ROUNDS: usize = 2;
/// The most that one name may take: as long as two connections that nobody answers.
const TOTAL: Duration = Duration::from_secs(10);
/// Packets read while one answer is waited for: a flood of wrong ones ends the wait.
const PACKETS_MAX: usize = 64;
/// Longest answer: beyond it nobody has so many addresses.
const ANSWER_MAX: usize = 4096;

/// Why a name has no address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NameError {
    /// It is no name that can be asked for.
    Malformed,
    /// There is no such name.
    Unknown,
    /// There is, without an address.
    Empty,
    /// No server answered, of those that are named.
    Silent(Vec<SocketAddr>),
    /// The last server that answered failed: its code.
    Failed(SocketAddr, u8),
    /// No random number for the question can be had.
    NoChance,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Malformed => f.write_str("this is no host's name"),
            NameError::Unknown => f.write_str("there is no such name; check its spelling"),
            NameError::Empty => f.write_str("this name has no address"),
            NameError::Silent(servers) => {
                let shown: Vec<_> = servers.iter().map(|s| s.ip().to_string()).collect();
                let shown = shown.join(", ");
                write!(
                    f,
                    "no name server answers ({shown}); check the network and {RESOLV_CONF}"
                )
            }
            NameError::Failed(server, code) => {
                let ip = server.ip();
                write!(
                    f,
                    "name server {ip} failed with code {code}; try another one"
                )
            }
            NameError::NoChance => f.write_str("/dev/urandom cannot be read"),
        }
    }
}

impl std::error::Error for NameError {}

/// The addresses of a host, in the order in which they should be tried; at least one.
pub(crate) fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, NameError> {
    let text = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let found = match text.unwrap_or(host).parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => by_name(host)?,
    };
    Ok(found
        .into_iter()
        .map(|ip| SocketAddr::new(ip, port))
        .collect())
}

fn by_name(host: &str) -> Result<Vec<IpAddr>, NameError> {
    let name = message::name(host).ok_or(NameError::Malformed)?;
    let listed = system::hosts(Path::new(HOSTS), &name);
    if !listed.is_empty() {
        return Ok(listed);
    }
    // Never asked for outside (RFC 6761).
    if name == "localhost" || name.ends_with(".localhost") {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let servers = system::servers(Path::new(RESOLV_CONF));
    ask(&servers, &name, host.ends_with('.'), Instant::now() + TOTAL)
}

/// Try the name as it is and in the search domains.
fn ask(
    servers: &Servers,
    name: &str,
    absolute: bool,
    end: Instant,
) -> Result<Vec<IpAddr>, NameError> {
    let mut names = vec![name.to_owned()];
    if !absolute {
        let within = servers
            .search
            .iter()
            .map(|domain| format!("{name}.{domain}"));
        let within: Vec<_> = within.filter_map(|n| message::name(&n)).collect();
        let dots = name.bytes().filter(|b| *b == b'.').count();
        let first = if dots >= servers.ndots { 1 } else { 0 };
        names.splice(first..first, within);
    }
    let mut error = NameError::Unknown;
    for name in names {
        match ask_all(servers, &name, end) {
            Ok(found) => return Ok(found),
            Err(NameError::Unknown) => {}
            Err(NameError::Empty) => error = NameError::Empty,
            Err(other) => return Err(other),
        }
    }
    Err(error)
}

/// Ask one server after another, twice, until one knows.
fn ask_all(servers: &Servers, name: &str, end: Instant) -> Result<Vec<IpAddr>, NameError> {
    let mut error = NameError::Silent(servers.servers.clone());
    for _ in 0..ROUNDS {
        for server in &servers.servers {
            let until = end.min(Instant::now() + servers.timeout);
            match ask_one(*server, name, until)? {
                Said::Addresses(found) if found.is_empty() => return Err(NameError::Empty),
                Said::Addresses(found) => return Ok(found),
                Said::NoName => return Err(NameError::Unknown),
                Said::Failed(code) => error = NameError::Failed(*server, code),
                Said::Nothing => {}
            }
            if Instant::now() >= end {
                return Err(error);
            }
        }
    }
    Err(error)
}

/// What one server said of both kinds of address.
enum Said {
    Addresses(Vec<IpAddr>),
    NoName,
    Failed(u8),
    Nothing,
}

/// A question under way.
struct Question {
    id: u16,
    kind: Kind,
    answer: Option<Answer>,
}

fn ask_one(server: SocketAddr, name: &str, until: Instant) -> Result<Said, NameError> {
    let mut questions = Vec::new();
    for kind in [Kind::A, Kind::Aaaa] {
        let id = random_id().map_err(|_| NameError::NoChance)?;
        questions.push(Question {
            id,
            kind,
            answer: None,
        });
    }
    // A server that cannot even be sent to says nothing.
    let _ = over_udp(server, name, until, &mut questions);
    for question in &mut questions {
        if question.answer == Some(Answer::Truncated) {
            question.answer = over_tcp(server, name, until, question).ok().flatten();
        }
    }
    Ok(join(questions))
}

/// IPv4 first. One kind that was not answered does not spoil the other.
fn join(questions: Vec<Question>) -> Said {
    let answers = questions.into_iter().filter_map(|q| q.answer);
    let mut addresses = None;
    let (mut no_name, mut failed) = (false, None);
    for answer in answers {
        match answer {
            Answer::Addresses(more) => addresses.get_or_insert_with(Vec::new).extend(more),
            Answer::NoName => no_name = true,
            Answer::Failed(code) => failed = Some(code),
            Answer::Truncated => {}
        }
    }
    match (addresses, failed) {
        (Some(found), _) if !found.is_empty() => Said::Addresses(found),
        // Half an answer that is empty says nothing of the other half.
        (_, Some(code)) => Said::Failed(code),
        (Some(none), None) => Said::Addresses(none),
        (None, None) if no_name => Said::NoName,
        (None, None) => Said::Nothing,
    }
}

fn over_udp(
    server: SocketAddr,
    name: &str,
    until: Instant,
    questions: &mut [Question],
) -> io::Result<()> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // Port 0: the kernel draws one. Connected: others' packets do not come here.
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    for question in questions.iter() {
        socket.send(&message::encode(question.id, name, question.kind))?;
    }
    let mut buffer = [0; ANSWER_MAX];
    for _ in 0..PACKETS_MAX {
        if questions.iter().all(|q| q.answer.is_some()) {
            break;
        }
        socket.set_read_timeout(Some(left(until)?))?;
        let read = socket.recv(&mut buffer)?;
        for question in questions.iter_mut().filter(|q| q.answer.is_none()) {
            question.answer = message::decode(&buffer[..read], question.id, name, question.kind);
        }
    }
    Ok(())
}

fn over_tcp(
    server: SocketAddr,
    name: &str,
    until: Instant,
    question: &Question,
) -> io::Result<Option<Answer>> {
    let mut stream = TcpStream::connect_timeout(&server, left(until)?)?;
    let asked = message::encode(question.id, name, question.kind);
    let length = u16::try_from(asked.len()).map_err(io::Error::other)?;
    stream.set_write_timeout(Some(left(until)?))?;
    stream.write_all(&[&length.to_be_bytes(), asked.as_slice()].concat())?;
    let mut length = [0; 2];
    read_until(&mut stream, &mut length, until)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length)).min(ANSWER_MAX)];
    read_until(&mut stream, &mut answer, until)?;
    let answer = message::decode(&answer, question.id, name, question.kind);
    Ok(answer.filter(|answer| *answer != Answer::Truncated))
}

/// As `read_exact`, with a bound on the whole: a byte now and then does not prolong it.
fn read_until(stream: &mut TcpStream, buffer: &mut [u8], until: Instant) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(&mut buffer[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    Ok(())
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

fn random_id() -> io::Result<u16> {
    let mut bytes = [0; 2];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u16::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests;
