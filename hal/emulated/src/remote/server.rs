//! The twin's end: a thread per connection, each with one request at a time.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant as Clock;

use hal::{BusError, I2cTransfer};
use twin::machine::TwinMachine;
use units::{Duration, Instant};

use super::Identity;
use super::wire::{REQUEST_MAX, Request, Status, announced, frame, reply};
use crate::pins::Pins;

/// Connections at a time. A daemon has one per port, ten at most; one beyond these is closed.
pub const CONNECTIONS_MAX: usize = 64;
/// Whoever does not finish a request, or does not take a reply, within this is let go.
const PATIENCE: Duration = Duration::from_secs(2);
/// Replies that may wait to be written together.
const REPLIES_MAX: usize = 64 * 1024;

/// What hosts have called.
#[derive(Debug, Default)]
pub struct Calls {
    count: AtomicU64,
    /// When the last one was, in nanoseconds of the twin's clock.
    last_ns: AtomicU64,
    open: AtomicUsize,
}

impl Calls {
    /// Calls at pins so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// When the last one was.
    pub fn last(&self) -> Option<Instant> {
        let last = self.last_ns.load(Ordering::Relaxed);
        (self.count() > 0).then(|| Instant::from_nanos(last))
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn note(&self, now: Instant) {
        self.last_ns.store(now.as_nanos(), Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Serve the pins of `twin` to all who connect, on threads of their own, until the process ends.
/// `clock` is the twin's; `state` what people are told of its machine.
///
/// # Errors
///
/// There is no thread to be had.
pub fn serve(
    listener: UnixListener,
    twin: Arc<Mutex<TwinMachine>>,
    identity: &Identity,
    clock: impl Fn() -> Instant + Clone + Send + 'static,
    state: impl Fn() -> String + Clone + Send + 'static,
) -> std::io::Result<Arc<Calls>> {
    let calls = Arc::new(Calls::default());
    let (shared, hello) = (Arc::clone(&calls), identity.encode());
    let accept = move || {
        loop {
            let Ok((stream, _)) = listener.accept() else {
                // Too many files are open: some will be closed.
                thread::sleep(Duration::from_millis(50));
                continue;
            };
            let guest = Guest::new(&shared);
            if shared.open() > CONNECTIONS_MAX {
                continue;
            }
            let end = End {
                pins: Arc::clone(&twin),
                hello: hello.clone(),
                clock: clock.clone(),
                state: state.clone(),
                calls: guest,
            };
            // A system without threads left loses this guest and no other.
            let _ = thread::Builder::new()
                .name("host".into())
                .stack_size(128 * 1024)
                .spawn(move || end.attend(stream));
        }
    };
    thread::Builder::new()
        .name("hosts".into())
        .stack_size(128 * 1024)
        .spawn(accept)?;
    Ok(calls)
}

/// Counts one connection as long as it lives.
struct Guest(Arc<Calls>);

impl Guest {
    fn new(calls: &Arc<Calls>) -> Self {
        calls.open.fetch_add(1, Ordering::Relaxed);
        Guest(Arc::clone(calls))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One connection's end.
struct End<C, S> {
    pins: Arc<Mutex<TwinMachine>>,
    hello: Vec<u8>,
    clock: C,
    state: S,
    calls: Guest,
}

impl<C: Fn() -> Instant, S: Fn() -> String> End<C, S> {
    /// Until the guest leaves, or has to.
    fn attend(mut self, mut stream: UnixStream) {
        let limits = stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        if limits.is_err() {
            return;
        }
        let mut chunk = [0; 8192];
        let (mut got, mut replies) = (Vec::new(), Vec::new());
        let mut greeted = false;
        // Since when something is awaited that should come soon.
        let mut since = Some(Clock::now());
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => return,
                Ok(n) => got.extend(&chunk[..n]),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    // A host may be silent for as long as it likes, between two requests.
                    ErrorKind::WouldBlock | ErrorKind::TimedOut if since.is_none() => {}
                    _ => return,
                },
            }
            let mut used = 0;
            while let Some((body, len)) = frame(&got[used..]) {
                let Some(request) = known(body).filter(|r| greeted || *r == Request::Hello) else {
                    return;
                };
                greeted = true;
                self.answer(&request, &mut replies);
                if replies.len() > REPLIES_MAX && !flush(&mut stream, &mut replies) {
                    return;
                }
                used += len;
            }
            got.drain(..used);
            if announced(&got).is_some_and(|len| len > REQUEST_MAX)
                || !flush(&mut stream, &mut replies)
            {
                return;
            }
            since = match got.is_empty() && greeted {
                true => None,
                false => since.filter(|_| used == 0).or_else(|| Some(Clock::now())),
            };
            if since.is_some_and(|since| since.elapsed() >= PATIENCE) {
                return;
            }
        }
    }

    /// Do what a request asks and append its reply.
    fn answer(&mut self, request: &Request<'_>, out: &mut Vec<u8>) {
        let now = (self.clock)();
        if !matches!(request, Request::Hello | Request::State) {
            self.calls.0.note(now);
        }
        let result = match request {
            Request::Hello => Ok(self.hello.clone()),
            Request::State => Ok((self.state)().into_bytes()),
            _ => match self.at_pins(now, request) {
                Ok(Some(result)) => Ok(result),
                Ok(None) => return,
                Err(status) => Err(status),
            },
        };
        match result {
            Ok(result) => reply(out, Status::Done, &result),
            Err(status) => reply(out, status, &[]),
        }
    }

    /// What the machine answers; `None` where it does not.
    fn at_pins(&mut self, now: Instant, request: &Request<'_>) -> Result<Option<Vec<u8>>, Status> {
        let pins = &mut self.pins;
        let next = |pins: &Arc<Mutex<TwinMachine>>, slot| {
            let at = pins.uart_next_event(slot);
            at.map_or(u64::MAX, |at| at.since(now).as_nanos() as u64)
        };
        let done = match request {
            Request::Hello | Request::State => Ok(Vec::new()),
            Request::UartWrite { slot, bytes } => {
                pins.uart_write(now, *slot, bytes).map(|taken| {
                    let mut result = next(pins, *slot).to_le_bytes().to_vec();
                    result.extend((taken as u16).to_le_bytes()); // of a request's bytes
                    result
                })
            }
            Request::UartRead { slot, most } => {
                let mut result = vec![0; 8 + usize::from(*most)];
                pins.uart_read(now, *slot, &mut result[8..]).map(|count| {
                    result.truncate(8 + count);
                    result[..8].copy_from_slice(&next(pins, *slot).to_le_bytes());
                    result
                })
            }
            Request::UartBaud { slot, bits_per_s } => {
                pins.uart_set_baud(now, *slot, *bits_per_s).map(nothing)
            }
            Request::Spi {
                slot,
                clock_hz,
                bytes,
            } => {
                let mut bytes = bytes.to_vec();
                let done = pins.spi(now, *slot, *clock_hz, &mut bytes);
                done.map(|()| bytes)
            }
            Request::RegisterRead { offset } => {
                let value = pins.register_read(now, *offset);
                value.map(|value| value.to_le_bytes().to_vec())
            }
            Request::RegisterWrite { offset, value } => {
                pins.register_write(now, *offset, *value).map(nothing)
            }
            Request::Fifo { offset, words } => {
                // A twin in this process has no other answer.
                let _ = pins.fifo_write(now, *offset, words);
                return Ok(None);
            }
            Request::I2c {
                bus,
                address,
                read,
                write,
            } => {
                let (bus, address, read) = (*bus, *address, *read);
                let done = pins.i2c(
                    now,
                    I2cTransfer {
                        bus,
                        address,
                        write,
                        read,
                    },
                );
                return match done {
                    Ok(read) => Ok(Some(read)),
                    Err(BusError::Nack) => Err(Status::Nack),
                    Err(_) => Err(Status::Stuck),
                };
            }
            Request::FanDuty(percent) => pins.set_fan_duty(now, *percent).map(nothing),
            Request::FanSpeeds(count) => pins
                .fan_speeds(now, *count)
                .map(|rpm| rpm.into_iter().flat_map(u32::to_le_bytes).collect()),
            Request::Supply(on) => pins.set_supply_enable(now, *on).map(nothing),
            Request::Reset { slot, asserted } => pins.set_reset(now, *slot, *asserted).map(nothing),
            Request::Plug { slot } => pins.plugged(now, *slot).map(|there| vec![u8::from(there)]),
        };
        done.map(Some).map_err(|_| Status::Stuck)
    }
}

fn nothing((): ()) -> Vec<u8> {
    Vec::new()
}

fn known(body: &[u8]) -> Option<Request<'_>> {
    Request::decode(body).filter(|_| body.len() <= REQUEST_MAX)
}

/// Write what waits. False if nobody takes it.
fn flush(stream: &mut UnixStream, replies: &mut Vec<u8>) -> bool {
    let taken = replies.is_empty() || stream.write_all(replies).is_ok();
    replies.clear();
    taken
}
