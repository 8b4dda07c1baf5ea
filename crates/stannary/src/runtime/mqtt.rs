//! The connection with the owner's MQTT broker: one thread, which connects, carries the bytes of a
//! [session](MqttSession), and comes back after a while where that ends.
//!
//! Invariants: nobody waits for this thread; what it holds is one look at the machine and one read; a broker
//! that does not take what is sent to it loses the connection, one that says more than orders is read
//! slowly; why there is no connection is a fault until there is one.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

use api::{Gate, MqttEnd, MqttOptions, MqttOrders, MqttSession, Published};
use stratum::{Endpoint, Route, Security, Trust};
use telemetry::{Code, Fault, Note, Severity};
use units::{Duration, Rng};

use super::clock::Clock;
use super::pools::{Established, Failed, Guard, READ_BYTES, Received, Timed, Wanted, establish};
use super::wall::Wall;

/// Cryptography at its deepest needs a quarter of it.
const STACK_BYTES: usize = 256 * 1024;
/// What is wrong with the broker is wrong here.
const PLACE: &str = "mqtt";
/// Between two looks at the machine; as often as there is a new snapshot.
const LOOK: Duration = Duration::from_millis(250);
/// For the broker to take what is sent to it.
const SEND: Duration = Duration::from_secs(20);
/// The first wait after a failure, and the longest. Policy: a broker that restarts is back at once, one
/// that is gone is asked twelve times an hour.
const WAIT: Duration = Duration::from_secs(2);
const WAIT_MAX: Duration = Duration::from_secs(300);
/// A connection that stood for so long was a good one: the next wait is the first again.
const STOOD: Duration = Duration::from_secs(60);
/// What a broker may say in a second: ten orders are a kilobyte.
const BYTES_PER_S: usize = 64 * 1024;
/// For the last words at the end of the daemon.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where the broker is, and who it has to be.
#[derive(Clone, Debug)]
pub(crate) struct Broker {
    /// Where it listens.
    pub(crate) endpoint: Endpoint,
    /// What protects the bytes.
    pub(crate) security: Security,
    /// Whom to trust.
    pub(crate) trust: Trust,
}

/// What the thread looks at and speaks to.
pub(crate) struct Around {
    /// What is told.
    pub(crate) published: Published,
    /// What the machine is called.
    pub(crate) gate: Gate,
    /// Where orders go.
    pub(crate) orders: MqttOrders,
    /// The time, for certificates.
    pub(crate) wall: Wall,
    /// The time of notes.
    pub(crate) clock: Clock,
}

/// A connection that is kept up. Dropping it says good-bye.
pub(crate) struct Mqtt {
    /// Its end is the sign to stop.
    stop: Option<Sender<()>>,
    /// Ends with the thread.
    ended: Receiver<()>,
}

/// Connect, now and again.
pub(crate) fn keep(
    broker: Broker,
    options: MqttOptions,
    around: Around,
    seed: u64,
) -> std::io::Result<Mqtt> {
    let (stop, stopped) = channel();
    let (end, ended) = channel();
    let keeper = Keeper {
        wanted: Wanted {
            endpoint: broker.endpoint,
            security: broker.security,
            route: Route {
                trust: broker.trust,
                proxy: None,
            },
        },
        options: Arc::new(options),
        around,
        stopped,
        rng: Rng::new(seed),
        wait: WAIT,
        said: None,
    };
    thread::Builder::new()
        .name("mqtt".into())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            keeper.run();
            drop(end);
        })?;
    Ok(Mqtt {
        stop: Some(stop),
        ended,
    })
}

impl Drop for Mqtt {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A broker that hangs does not keep the daemon: its will says the same.
        let _ = self.ended.recv_timeout(LAST_WORDS);
    }
}

struct Keeper {
    wanted: Wanted,
    options: Arc<MqttOptions>,
    around: Around,
    stopped: Receiver<()>,
    rng: Rng,
    wait: Duration,
    /// What was said last, so that it is said once.
    said: Option<MqttEnd>,
}

impl Keeper {
    fn run(mut self) {
        loop {
            let begun = Instant::now();
            let end = match establish(&self.wanted, &self.around.wall) {
                Ok(established) => self.carry(established),
                Err(failed) => Some(refused(failed)),
            };
            // `None`: the daemon ends.
            let Some(end) = end else { return };
            if begun.elapsed() >= STOOD {
                self.wait = WAIT;
            }
            self.raise(end);
            // Machines that lost their broker together do not come back together.
            let wait = self.wait.mul_f64(0.5 + self.rng.unit_f64());
            self.wait = (self.wait * 2).min(WAIT_MAX);
            if self.sleep(wait) {
                return;
            }
        }
    }

    /// True if the daemon ends.
    fn sleep(&self, time: Duration) -> bool {
        !matches!(
            self.stopped.recv_timeout(time),
            Err(RecvTimeoutError::Timeout)
        )
    }

    /// A session from its first byte to its last. `None` where the daemon ends.
    fn carry(&mut self, established: Established) -> Option<MqttEnd> {
        let Established { stream, mut guard } = established;
        let mut session = MqttSession::begin(Arc::clone(&self.options), self.now());
        let end = self.talk(&stream, guard.as_mut(), &mut session);
        if end.is_none() {
            session.close();
            let until = Instant::now() + LAST_WORDS;
            let _ = send(&stream, guard.as_mut(), &mut session, until);
        }
        // What TLS has to say at the end.
        let mut wire = Vec::new();
        guard.close(&mut wire);
        let _ = (&stream).write(&wire);
        let _ = stream.shutdown(std::net::Shutdown::Both);
        end
    }

    fn talk(
        &mut self,
        stream: &TcpStream,
        guard: &mut dyn Guard,
        session: &mut MqttSession,
    ) -> Option<MqttEnd> {
        let Ok(broker) = stream.peer_addr().map(|address| address.ip()) else {
            return Some(lost("the connection ended at once"));
        };
        let mut buffer = vec![0; READ_BYTES];
        let mut rate = Rate::new();
        // What came with the end of the handshake.
        let mut came = 0;
        let (mut was_accepted, mut was_deaf) = (false, false);
        loop {
            if !self.stopping_is_far() {
                return None;
            }
            if let Err(end) = hear(session, guard, &buffer[..came], stream, self.now()) {
                return Some(end);
            }
            while let Some(order) = session.next_order() {
                if let Err(why) = self.around.orders.give(order, broker) {
                    let detail = format!("`{}`: {} ({})", why.what, why.detail, why.code.text());
                    self.tell(Code::MqttMessage, &detail);
                    session.refuse(&why);
                }
            }
            if session.accepted() && !was_accepted {
                was_accepted = true;
                self.clear();
            }
            if session.deaf() && !was_deaf {
                was_deaf = true;
                let detail = "the broker does not let this machine hear orders";
                self.raise(MqttEnd {
                    code: Code::MqttLogin,
                    detail: detail.to_owned(),
                });
            }
            let now = self.now();
            if let Err(end) = session.wake(now) {
                return Some(end);
            }
            let until = Instant::now() + SEND;
            if let Err(why) = send(stream, guard, session, until) {
                return Some(lost(&format!("cannot send: {why}")));
            }
            let name = self.around.gate.called();
            let snapshot = self.around.published.snapshot();
            let name = name.unwrap_or_else(|| self.options.client_id.clone());
            session.look(now, &snapshot, &name);
            if let Err(why) = send(stream, guard, session, until) {
                return Some(lost(&format!("cannot send: {why}")));
            }
            let pause = rate.pause();
            if !pause.is_zero() && self.sleep(pause) {
                return None;
            }
            came = match read(stream, &mut buffer) {
                Ok(Some(0)) => return Some(lost("closed by the broker")),
                Ok(came) => came.unwrap_or(0),
                Err(error) => return Some(lost(&error.to_string())),
            };
            rate.took(came);
        }
    }

    fn stopping_is_far(&self) -> bool {
        !self.sleep(Duration::ZERO)
    }

    fn now(&self) -> units::Instant {
        self.around.clock.now()
    }

    /// The broker took us: nothing is wrong.
    fn clear(&mut self) {
        self.said = None;
        self.around.published.beside(PLACE, None);
        let detail = format!(
            "broker={} client_id={}",
            self.wanted.endpoint, self.options.client_id
        );
        self.tell(Code::MqttUp, &detail);
    }

    /// Something is wrong until the broker takes us. The log has it once.
    fn raise(&mut self, end: MqttEnd) {
        let detail = format!("{}: {}", self.wanted.endpoint, end.detail);
        self.around.published.beside(
            PLACE,
            Some(Fault {
                code: end.code,
                place: PLACE.to_owned(),
                detail: detail.clone(),
                action: "the machine goes on without it".to_owned(),
                meaning: end.code.meaning(),
                remedy: end.code.remedy(),
            }),
        );
        if self.said.as_ref() != Some(&end) {
            self.tell(end.code, &detail);
            self.said = Some(end);
        }
    }

    fn tell(&self, code: Code, detail: &str) {
        let (text, place) = (code.text(), PLACE);
        match code.severity() {
            Severity::Error => tracing::error!(code = text, place, "{detail}"),
            Severity::Warn => tracing::warn!(code = text, place, "{detail}"),
            Severity::Info => tracing::info!(code = text, place, "{detail}"),
        }
        self.around.published.note(Note {
            at: self.now(),
            code,
            place: PLACE.to_owned(),
            detail: detail.to_owned(),
        });
    }
}

fn lost(why: &str) -> MqttEnd {
    MqttEnd {
        code: Code::MqttClosed,
        detail: why.to_owned(),
    }
}

/// Why there is no connection, in the words of this part.
fn refused(failed: Failed) -> MqttEnd {
    let code = match failed.code {
        Code::PoolConnect | Code::PoolProxy => Code::MqttConnect,
        _ => Code::MqttTls,
    };
    let detail = failed.why;
    MqttEnd { code, detail }
}

/// Give bytes off the wire to the session.
fn hear(
    session: &mut MqttSession,
    guard: &mut dyn Guard,
    bytes: &[u8],
    stream: &TcpStream,
    now: units::Instant,
) -> Result<(), MqttEnd> {
    let (mut plain, mut wire) = (Vec::new(), Vec::new());
    let received = guard.receive(bytes, &mut plain, &mut wire);
    session.receive(now, &plain)?;
    let received = received.map_err(|why| lost(&why))?;
    if !wire.is_empty() {
        write(stream, &wire, Instant::now() + SEND)
            .map_err(|why| lost(&format!("cannot send: {why}")))?;
    }
    match received {
        Received::More => Ok(()),
        Received::Ended => Err(lost("closed by the broker")),
    }
}

/// Send what the session has to say.
fn send(
    stream: &TcpStream,
    guard: &mut dyn Guard,
    session: &mut MqttSession,
    until: Instant,
) -> Result<(), String> {
    let plain = session.take_out();
    if plain.is_empty() {
        return Ok(());
    }
    let mut wire = Vec::new();
    guard.send(&plain, &mut wire)?;
    write(stream, &wire, until).map_err(|error| error.to_string())
}

fn write(stream: &TcpStream, wire: &[u8], until: Instant) -> std::io::Result<()> {
    let mut timed = Timed { stream, until };
    timed.write_all(wire)
}

/// What came until the next look; `None` where nothing did.
fn read(mut stream: &TcpStream, buffer: &mut [u8]) -> std::io::Result<Option<usize>> {
    stream.set_read_timeout(Some(LOOK))?;
    match stream.read(buffer) {
        Ok(read) => Ok(Some(read)),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        },
    }
}

/// What came in this second.
struct Rate {
    since: Instant,
    bytes: usize,
}

impl Rate {
    fn new() -> Self {
        Rate {
            since: Instant::now(),
            bytes: 0,
        }
    }

    fn took(&mut self, bytes: usize) {
        if self.since.elapsed() >= Duration::from_secs(1) {
            *self = Rate::new();
        }
        self.bytes += bytes;
    }

    /// How long not to read: until the second is over, once it had its bytes.
    fn pause(&self) -> Duration {
        match self.bytes >= BYTES_PER_S {
            true => Duration::from_secs(1).saturating_sub(self.since.elapsed()),
            false => Duration::ZERO,
        }
    }
}

#[cfg(test)]
#[path = "mqtt_tests.rs"]
mod tests;
