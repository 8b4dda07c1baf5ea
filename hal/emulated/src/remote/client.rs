//! The host's end: calls over a connection, each bounded in time.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Instant as Clock;

use hal::{BusError, I2cTransfer};
use units::{ChainSlot, Duration, Instant};

use super::wire::{Left, READ_MAX, REPLY_MAX, REQUEST_MAX, Request, Status, frame, read_reply};
use super::{Identity, RemoteError};
use crate::pins::Pins;

/// A call that takes longer has failed: a lease is four times as long, and a cut that meets a
/// twin which stands still waits for one call only.
const CALL_WITHIN: Duration = Duration::from_millis(500);
/// A connection that broke is made again after this, then after twice as long each time: a
/// twin on a busy computer may be late once.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often at most: after some two hours it stays broken. Each try may leave an entry in the
/// queue of a twin that stands still, and a full queue would make a try wait.
const TRIES_MAX: u32 = 12;
/// A UART is looked at this often at least: what the twin said of its next event is as old as
/// the last call.
const LOOK_AFTER: Duration = Duration::from_millis(10);
/// What a UART takes at once.
const WRITE_MAX: usize = REQUEST_MAX - 16;

/// Errnos of a host that finds no twin, another one, or one that talks nonsense.
const ENODEV: i32 = 19;
const EPROTO: i32 = 71;
const ETIMEDOUT: i32 = 110;

/// The pins of a twin in another process.
pub(super) struct Connection {
    socket: PathBuf,
    run: u64,
    stream: Option<UnixStream>,
    broken: Broken,
    buffer: Vec<u8>,
    /// When the UART behind this connection may have something to read.
    next: Option<Instant>,
}

/// Why there is no stream, and when it is tried again.
#[derive(Clone, Copy)]
struct Broken {
    errno: i32,
    tries: u32,
    again_at: Option<Clock>,
}

const UNTRIED: Broken = Broken {
    errno: ENODEV,
    tries: 0,
    again_at: None,
};

impl Clone for Connection {
    /// Another one to the same twin.
    fn clone(&self) -> Self {
        Connection::new(self.socket.clone(), self.run)
    }
}

impl Connection {
    /// A connection, made at the first call, to the twin that said it is this run.
    pub(super) fn new(socket: PathBuf, run: u64) -> Self {
        Connection {
            socket,
            run,
            stream: None,
            broken: UNTRIED,
            buffer: Vec::new(),
            next: None,
        }
    }

    /// A call and its result.
    fn call(&mut self, request: &Request<'_>) -> Result<(Status, Left<'_>), i32> {
        self.post(request)?;
        let Some(stream) = &mut self.stream else {
            return Err(self.broken.errno);
        };
        if let Err(error) = receive(stream, &mut self.buffer) {
            return Err(self.lose(errno(&error)));
        }
        match frame(&self.buffer).and_then(|(body, _)| read_reply(body)) {
            Some((status, result)) => Ok((status, Left(result))),
            None => Err(EPROTO),
        }
    }

    /// A call that must succeed, and the number that it gives.
    fn ask<T>(
        &mut self,
        request: &Request<'_>,
        read: impl FnOnce(&mut Left<'_>) -> Option<T>,
    ) -> Result<T, i32> {
        let (status, mut result) = self.call(request)?;
        let read = read(&mut result).filter(|_| status == Status::Done);
        match read {
            Some(read) => Ok(read),
            None => Err(self.lose(EPROTO)),
        }
    }

    /// A call without a result.
    fn order(&mut self, request: &Request<'_>) -> Result<(), i32> {
        self.ask(request, |_| Some(()))
    }

    /// Send a request.
    fn post(&mut self, request: &Request<'_>) -> Result<(), i32> {
        self.reach()?;
        self.buffer.clear();
        request.encode(&mut self.buffer);
        let Some(stream) = &mut self.stream else {
            return Err(self.broken.errno);
        };
        match stream.write_all(&self.buffer) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.lose(errno(&error))),
        }
    }

    /// See to it that there is a stream.
    fn reach(&mut self) -> Result<(), i32> {
        if self.stream.is_some() {
            return Ok(());
        }
        let waits = self.broken.again_at.is_some_and(|at| Clock::now() < at);
        if waits || self.broken.tries >= TRIES_MAX {
            return Err(self.broken.errno);
        }
        match greet(&self.socket) {
            Ok((stream, identity)) if identity.run == self.run => {
                self.broken = UNTRIED;
                self.stream = Some(stream);
                Ok(())
            }
            // Its machine was switched off and on meanwhile: not the one that we know.
            Ok(_) => Err(self.lose(ENODEV)),
            Err(RemoteError::Foreign) => Err(self.lose(EPROTO)),
            Err(RemoteError::Away(error)) => Err(self.lose(errno(&error))),
        }
    }

    /// Give up the stream: what comes on it may be a reply that we no longer wait for.
    fn lose(&mut self, errno: i32) -> i32 {
        self.stream = None;
        self.next = None;
        let wait = AGAIN_AFTER * 2u32.pow(self.broken.tries.min(TRIES_MAX));
        self.broken = Broken {
            errno,
            tries: self.broken.tries + 1,
            again_at: Some(Clock::now() + wait),
        };
        errno
    }

    /// Keep when a UART may have news, as the twin said it.
    fn keep_next(&mut self, now: Instant, after_ns: u64) {
        let after = Duration::from_nanos(after_ns);
        self.next = Some(now + after.min(LOOK_AFTER));
    }
}

impl Pins for Connection {
    fn uart_write(&mut self, now: Instant, slot: ChainSlot, bytes: &[u8]) -> Result<usize, i32> {
        let bytes = &bytes[..bytes.len().min(WRITE_MAX)];
        let read = |left: &mut Left<'_>| Some((left.u64()?, left.u16()?));
        let (next, taken) = self.ask(&Request::UartWrite { slot, bytes }, read)?;
        self.keep_next(now, next);
        Ok(usize::from(taken))
    }

    fn uart_read(
        &mut self,
        now: Instant,
        slot: ChainSlot,
        buffer: &mut [u8],
    ) -> Result<usize, i32> {
        let most = u16::try_from(buffer.len()).map_or(READ_MAX, |len| len.min(READ_MAX));
        let request = Request::UartRead { slot, most };
        let (next, count) = self.ask(&request, |left| {
            let next = left.u64()?;
            let bytes = left.rest();
            buffer.get_mut(..bytes.len())?.copy_from_slice(bytes);
            Some((next, bytes.len()))
        })?;
        self.keep_next(now, next);
        Ok(count)
    }

    fn uart_set_baud(&mut self, _: Instant, slot: ChainSlot, bits_per_s: u32) -> Result<(), i32> {
        self.order(&Request::UartBaud { slot, bits_per_s })
    }

    fn uart_next_event(&self, _: ChainSlot) -> Option<Instant> {
        self.next
    }

    fn spi(
        &mut self,
        _: Instant,
        slot: ChainSlot,
        clock_hz: u32,
        bytes: &mut [u8],
    ) -> Result<(), i32> {
        let sent = bytes.to_vec();
        let request = Request::Spi {
            slot,
            clock_hz,
            bytes: &sent,
        };
        self.ask(&request, |left| {
            let read = left.rest();
            (read.len() == bytes.len()).then(|| bytes.copy_from_slice(read))
        })
    }

    fn register_read(&mut self, _: Instant, offset: u32) -> Result<u32, i32> {
        self.ask(&Request::RegisterRead { offset }, |left| left.u32())
    }

    fn register_write(&mut self, _: Instant, offset: u32, value: u32) -> Result<(), i32> {
        self.order(&Request::RegisterWrite { offset, value })
    }

    fn fifo_write(&mut self, _: Instant, offset: u32, words: &[u32]) -> Result<(), i32> {
        let words = words.to_vec();
        self.post(&Request::Fifo { offset, words })
    }

    fn i2c(&mut self, _: Instant, transfer: I2cTransfer<'_>) -> Result<Vec<u8>, BusError> {
        let request = Request::I2c {
            bus: transfer.bus,
            address: transfer.address,
            read: transfer.read,
            write: transfer.write,
        };
        let (status, mut read) = self.call(&request).map_err(BusError::Device)?;
        let read = read.rest().to_vec();
        match status {
            Status::Done if read.len() == usize::from(transfer.read) => Ok(read),
            Status::Done => Err(BusError::Device(self.lose(EPROTO))),
            Status::Nack => Err(BusError::Nack),
            Status::Stuck => Err(BusError::Stuck),
        }
    }

    fn set_fan_duty(&mut self, _: Instant, percent: u8) -> Result<(), i32> {
        self.order(&Request::FanDuty(percent))
    }

    fn fan_speeds(&mut self, _: Instant, count: u8) -> Result<Vec<u32>, i32> {
        self.ask(&Request::FanSpeeds(count), |left| left.words())
    }

    fn set_supply_enable(&mut self, _: Instant, on: bool) -> Result<(), i32> {
        self.order(&Request::Supply(on))
    }

    fn set_reset(&mut self, _: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32> {
        self.order(&Request::Reset { slot, asserted })
    }

    fn plugged(&mut self, _: Instant, slot: ChainSlot) -> Result<bool, i32> {
        let read = |left: &mut Left<'_>| left.u8().map(|plugged| plugged != 0);
        self.ask(&Request::Plug { slot }, read)
    }
}

/// A connection, and who is at its other end.
pub(super) fn greet(socket: &Path) -> Result<(UnixStream, Identity), RemoteError> {
    let mut stream = UnixStream::connect(socket).map_err(RemoteError::Away)?;
    let body = exchange(&mut stream, &Request::Hello)?;
    let identity = Identity::decode(&body).ok_or(RemoteError::Foreign)?;
    Ok((stream, identity))
}

/// The twin's own account of its machine.
pub(super) fn state(socket: &Path) -> Result<String, RemoteError> {
    let (mut stream, _) = greet(socket)?;
    let body = exchange(&mut stream, &Request::State)?;
    String::from_utf8(body).map_err(|_| RemoteError::Foreign)
}

fn exchange(stream: &mut UnixStream, request: &Request<'_>) -> Result<Vec<u8>, RemoteError> {
    let mut buffer = Vec::new();
    request.encode(&mut buffer);
    stream
        .set_read_timeout(Some(CALL_WITHIN))
        .and_then(|()| stream.set_write_timeout(Some(CALL_WITHIN)))
        .and_then(|()| stream.write_all(&buffer))
        .and_then(|()| receive(stream, &mut buffer))
        .map_err(RemoteError::Away)?;
    match frame(&buffer).and_then(|(body, _)| read_reply(body)) {
        Some((Status::Done, result)) => Ok(result.to_vec()),
        _ => Err(RemoteError::Foreign),
    }
}

/// Read one reply, all of it and nothing else, into `buffer`.
fn receive(stream: &mut UnixStream, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    buffer.clear();
    let end = Clock::now() + CALL_WITHIN;
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => buffer.extend(&chunk[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        match frame(buffer) {
            Some((_, len)) if len == buffer.len() => return Ok(()),
            Some(_) => return Err(ErrorKind::InvalidData.into()),
            None if buffer.len() > REPLY_MAX + 2 => return Err(ErrorKind::InvalidData.into()),
            None if Clock::now() >= end => return Err(ErrorKind::TimedOut.into()),
            None => {}
        }
    }
}

fn errno(error: &std::io::Error) -> i32 {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => ETIMEDOUT,
        ErrorKind::UnexpectedEof => ENODEV,
        ErrorKind::InvalidData => EPROTO,
        _ => error.raw_os_error().unwrap_or(ENODEV),
    }
}
