//! One question and its answer by HTTP/1.1, as a node's interface speaks it: plain, one
//! connection each, every wait and every size with a bound.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{SockRef, TcpKeepalive};
use stratum::Endpoint;

use super::bell::Ear;
use crate::names;

/// A node is near, or behind a tunnel that is up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For as much as the kernel does not take at once of a block.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// For what is said to be there already.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// A name with more addresses than this is tried at the first ones.
const ADDRESSES_MAX: usize = 4;
/// Bytes of status line and headers: a node sends some two hundred.
const HEAD_MAX: u64 = 16 * 1024;
/// What is read at once: few system calls for ten megabytes, and little to hold.
const BUFFER: usize = 64 * 1024;
/// Digits of a chunk's length.
const CHUNK_DIGITS: usize = 8;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum HttpError {
    /// No connection, or it broke; the text says how.
    Unreachable(String),
    /// What came is not HTTP, or too much.
    Broken(String),
    /// The engine wants no answer any more.
    Closed,
}

impl HttpError {
    /// What an error while reading means.
    pub(super) fn from_io(error: &io::Error) -> HttpError {
        match error.kind() {
            io::ErrorKind::ConnectionAborted => HttpError::Closed,
            io::ErrorKind::InvalidData => HttpError::Broken(error.to_string()),
            io::ErrorKind::UnexpectedEof => {
                HttpError::Unreachable("the node closed the connection".into())
            }
            _ => HttpError::Unreachable(error.to_string()),
        }
    }
}

/// A question on its way.
pub(super) struct Question {
    stream: TcpStream,
}

/// The beginning of an answer, and the way to the rest of it.
pub(super) struct Reply<'a> {
    pub(super) status: u16,
    pub(super) body: Body<'a>,
}

/// Where a request goes, and the login for it, if there is one.
pub(super) struct Target<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) authorization: Option<&'a str>,
}

impl Question {
    /// Connect and send a body that stands in pieces.
    pub(super) fn ask(target: &Target<'_>, body: &[&[u8]]) -> Result<Question, HttpError> {
        let mut stream = connect(target.endpoint)?;
        let length: usize = body.iter().map(|piece| piece.len()).sum();
        let login = match target.authorization {
            Some(login) => format!("Authorization: {login}\r\n"),
            None => String::new(),
        };
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             {login}Content-Length: {length}\r\n\r\n",
            target.endpoint
        );
        let pieces = std::iter::once(head.as_bytes()).chain(body.iter().copied());
        for piece in pieces {
            let sent = stream.write_all(piece);
            sent.map_err(|error| HttpError::Unreachable(format!("cannot send: {error}")))?;
        }
        Ok(Question { stream })
    }

    /// Becomes readable with the answer.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// The answer: at most `limit` bytes, all of it within `patience`.
    pub(super) fn answer<'a>(
        self,
        ear: &'a Ear,
        limit: u64,
        patience: Duration,
    ) -> Result<Reply<'a>, HttpError> {
        let wire = Wire {
            stream: self.stream,
            ear,
            end: Instant::now() + patience,
            left: limit + HEAD_MAX,
        };
        let mut reader = BufReader::with_capacity(BUFFER, wire);
        let head = Head::read(&mut reader)?;
        Ok(Reply {
            status: head.status,
            body: Body {
                reader,
                rest: head.rest,
            },
        })
    }
}

fn connect(endpoint: &Endpoint) -> Result<TcpStream, HttpError> {
    let addresses = names::resolve(&endpoint.host, endpoint.port);
    let addresses = addresses.map_err(|error| {
        HttpError::Unreachable(format!("cannot resolve `{}`: {error}", endpoint.host))
    })?;
    let mut last = format!("`{}` has no address", endpoint.host);
    for address in addresses.into_iter().take(ADDRESSES_MAX) {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => {
                // Best effort: a connection without these options still works.
                let _ = stream.set_nodelay(true);
                let _ = stream.set_write_timeout(Some(WRITE_TIMEOUT));
                let _ = stream.set_read_timeout(Some(READ_TIMEOUT));
                let keepalive = TcpKeepalive::new()
                    .with_time(Duration::from_secs(30))
                    .with_interval(Duration::from_secs(10))
                    .with_retries(3);
                let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
                return Ok(stream);
            }
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(HttpError::Unreachable(last))
}

/// Reads what comes, until time, room or interest is over.
struct Wire<'a> {
    stream: TcpStream,
    ear: &'a Ear,
    end: Instant,
    left: u64,
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let text = "the answer is longer than any that is known";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        let room = room.min(buffer.len());
        loop {
            let left = self.end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = "the node does not answer in time";
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            wait(&self.stream, self.ear, left)?;
            if self.ear.is_deserted() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            match self.stream.read(&mut buffer[..room]) {
                Ok(n) => {
                    self.left -= n as u64;
                    return Ok(n);
                }
                // Woken by a signal, or for nothing.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Sleep until the stream has something to say, nobody listens any more, or time is over.
fn wait(stream: &TcpStream, ear: &Ear, limit: Duration) -> io::Result<()> {
    let mut fds = [
        PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN),
        // No flag: only that the other side is gone.
        PollFd::from_borrowed_fd(ear.as_fd(), PollFlags::empty()),
    ];
    let limit = Timespec::try_from(limit).ok();
    match poll(&mut fds, limit.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Status line and headers, as far as they matter.
struct Head {
    status: u16,
    rest: Rest,
}

impl Head {
    fn read(reader: &mut impl BufRead) -> Result<Head, HttpError> {
        let mut reader = reader.take(HEAD_MAX);
        let broken = |what: &str| HttpError::Broken(format!("this is no answer by HTTP: {what}"));
        let first = line(&mut reader)?;
        let mut words = first.split(' ');
        let version = words.next().unwrap_or_default();
        let status = words.next().and_then(|word| word.parse().ok());
        let (true, Some(status)) = (version.starts_with("HTTP/1."), status) else {
            return Err(broken("its first line"));
        };
        let mut rest = Rest::UntilEnd;
        loop {
            let line = line(&mut reader)?;
            if line.is_empty() {
                return Ok(Head { status, rest });
            }
            let Some((name, value)) = line.split_once(':') else {
                return Err(broken("a header"));
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => {
                    let length = value.parse().map_err(|_| broken("its length"))?;
                    rest = Rest::Bytes(length);
                }
                "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => {
                    rest = Rest::Chunk(0);
                }
                "transfer-encoding" => return Err(broken("its encoding")),
                _ => {}
            }
        }
    }
}

/// One line without its end.
fn line(reader: &mut impl BufRead) -> Result<String, HttpError> {
    let mut bytes = Vec::new();
    let read = reader.read_until(b'\n', &mut bytes);
    read.map_err(|error| HttpError::from_io(&error))?;
    if bytes.pop() != Some(b'\n') {
        return Err(match bytes.is_empty() {
            true => HttpError::Unreachable("the node closed the connection".into()),
            false => HttpError::Broken("this is no answer by HTTP: a line without end".into()),
        });
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_end_matches('\r').to_owned())
}

/// How much of a body is to come.
enum Rest {
    /// So many bytes.
    Bytes(u64),
    /// So many of this chunk, and then others.
    Chunk(u64),
    /// The last chunk has come.
    Nothing,
    /// All until the connection closes.
    UntilEnd,
}

/// The body of an answer.
pub(super) struct Body<'a> {
    reader: BufReader<Wire<'a>>,
    rest: Rest,
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Rest::Chunk(0) = self.rest {
            self.rest = match self.next_chunk()? {
                0 => Rest::Nothing,
                bytes => Rest::Chunk(bytes),
            };
        }
        let left = match self.rest {
            Rest::Bytes(left) | Rest::Chunk(left) => left,
            Rest::Nothing => 0,
            Rest::UntilEnd => u64::MAX,
        };
        let room = usize::try_from(left).unwrap_or(usize::MAX);
        let room = room.min(buffer.len());
        let n = self.reader.read(&mut buffer[..room])?;
        if n == 0 && room > 0 && !matches!(self.rest, Rest::UntilEnd) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Rest::Bytes(left) | Rest::Chunk(left) = &mut self.rest {
            *left -= n as u64;
            if let Rest::Chunk(0) = self.rest {
                self.chunk_end()?;
            }
        }
        Ok(n)
    }
}

impl Body<'_> {
    fn next_chunk(&mut self) -> io::Result<u64> {
        let mut digits = Vec::new();
        let mut line = self.reader.by_ref().take(HEAD_MAX);
        line.read_until(b'\n', &mut digits)?;
        let text = String::from_utf8_lossy(&digits);
        // What follows a semicolon is somebody's extension.
        let number = text.split(';').next().unwrap_or_default().trim();
        match u64::from_str_radix(number, 16) {
            Ok(bytes) if number.len() <= CHUNK_DIGITS => Ok(bytes),
            _ => Err(broken_chunk()),
        }
    }

    fn chunk_end(&mut self) -> io::Result<()> {
        let mut end = [0; 2];
        self.reader.read_exact(&mut end)?;
        match &end {
            b"\r\n" => Ok(()),
            _ => Err(broken_chunk()),
        }
    }
}

fn broken_chunk() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a piece of the answer is damaged",
    )
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Unreachable(why) | HttpError::Broken(why) => f.write_str(why),
            HttpError::Closed => f.write_str("the miner is stopping"),
        }
    }
}
