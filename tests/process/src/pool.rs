//! The twin's pool in the test's own process, so that its account can be read.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use twin::pool::{ConnId, Effect, Input, Ledger, Order, Pool, PoolOptions};

use crate::noise::{self, Authority, Sealer};

/// A pool on a loopback port. Its threads live until its process ends, which for a test
/// is soon.
#[derive(Debug)]
pub struct PoolHost {
    address: SocketAddr,
    pool: Arc<Mutex<Pool>>,
    events: Sender<Event>,
    heard: Arc<Heard>,
}

/// What its door knows: counts of a pool behind Noise, and whether it is shut.
#[derive(Debug, Default)]
struct Heard {
    away: AtomicBool,
    handshakes: AtomicUsize,
    messages: AtomicUsize,
}

#[derive(Debug)]
enum Event {
    Opened(ConnId, Line),
    Pool(Input),
}

/// What the pool writes to.
struct Line {
    stream: TcpStream,
    /// Of a pool behind Noise.
    sealer: Option<Sealer>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.stream.fmt(f)
    }
}

impl PoolHost {
    /// Starts it, in plaintext.
    pub fn start(options: PoolOptions) -> Self {
        PoolHost::listen(options, None)
    }

    /// Starts it behind Noise, with certificates of this authority.
    pub fn behind_noise(options: PoolOptions, authority: Authority) -> Self {
        PoolHost::listen(options, Some(authority))
    }

    fn listen(options: PoolOptions, authority: Option<Authority>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let pool = Arc::new(Mutex::new(Pool::new(options)));
        let (events, inbox) = channel();
        let (shared, sender) = (pool.clone(), events.clone());
        let heard = Arc::new(Heard::default());
        let counted = heard.clone();
        std::thread::spawn(move || serve(&shared, &inbox));
        std::thread::spawn(move || {
            for (stream, number) in listener.incoming().flatten().zip(1..) {
                if counted.away.load(Ordering::Relaxed) {
                    continue;
                }
                let (sender, heard) = (sender.clone(), counted.clone());
                // Whoever is slow to shake hands holds up nobody.
                std::thread::spawn(move || {
                    accept(ConnId(number), stream, authority.as_ref(), &sender, &heard);
                });
            }
        });
        PoolHost {
            address,
            pool,
            events,
            heard,
        }
    }

    /// Handshakes of Noise that this side finished.
    pub fn handshakes(&self) -> usize {
        self.heard.handshakes.load(Ordering::Relaxed)
    }

    /// Messages that came after a handshake, of all connections; what cannot be decrypted
    /// counts as one.
    pub fn heard_after_handshake(&self) -> usize {
        self.heard.messages.load(Ordering::Relaxed)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives an input to the pool, such as an order.
    pub fn input(&self, input: Input) {
        self.events
            .send(Event::Pool(input))
            .expect("its thread lives");
    }

    /// It is away: all connections are closed, new ones at once; or it is back.
    pub fn set_away(&self, away: bool) {
        self.heard.away.store(away, Ordering::Relaxed);
        if away {
            self.input(Input::Order(None, Order::Close));
        }
    }

    /// Looks into the account.
    pub fn ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(self.pool.lock().expect("its thread lives").ledger())
    }
}

fn accept(
    id: ConnId,
    mut stream: TcpStream,
    authority: Option<&Authority>,
    events: &Sender<Event>,
    heard: &Heard,
) {
    let _ = stream.set_nodelay(true);
    let Ok(mut reader) = stream.try_clone() else {
        return;
    };
    match authority {
        None => {
            let line = Line {
                stream,
                sealer: None,
            };
            let _ = events.send(Event::Opened(id, line));
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let _ = events.send(Event::Pool(Input::Bytes(id, buffer[..n].to_vec())));
            }
        }
        Some(authority) => {
            let Ok((sealer, mut opener)) = noise::accept(&mut stream, authority) else {
                return;
            };
            heard.handshakes.fetch_add(1, Ordering::Relaxed);
            let line = Line {
                stream,
                sealer: Some(sealer),
            };
            let _ = events.send(Event::Opened(id, line));
            loop {
                let frame = opener.read(&mut reader);
                let ended = matches!(&frame, Err(e) if e.kind() == ErrorKind::UnexpectedEof
                    || e.kind() == ErrorKind::ConnectionReset);
                if !ended {
                    heard.messages.fetch_add(1, Ordering::Relaxed);
                }
                match frame {
                    Ok(frame) => drop(events.send(Event::Pool(Input::Bytes(id, frame)))),
                    Err(_) => break,
                }
            }
        }
    }
    let _ = events.send(Event::Pool(Input::Closed(id)));
}

fn serve(pool: &Mutex<Pool>, inbox: &Receiver<Event>) {
    let origin = std::time::Instant::now();
    let mut lines: BTreeMap<ConnId, Line> = BTreeMap::new();
    loop {
        let input = match inbox.recv_timeout(Duration::from_millis(20)) {
            Ok(Event::Opened(id, line)) => {
                lines.insert(id, line);
                Input::Opened(id)
            }
            Ok(Event::Pool(input)) => input,
            Err(RecvTimeoutError::Timeout) => Input::Wake,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut pool = pool.lock().expect("readers of the account do not panic");
        pool.handle(units::Instant::ZERO + origin.elapsed(), input);
        while let Some(effect) = pool.next_effect() {
            match effect {
                Effect::Send(id, bytes) => {
                    if let Some(line) = lines.get_mut(&id) {
                        let wire = match &mut line.sealer {
                            Some(sealer) => sealer.seal(&bytes),
                            None => bytes,
                        };
                        // A broken connection reports itself through its reader.
                        let _ = line.stream.write_all(&wire);
                    }
                }
                Effect::Close(id) => {
                    if let Some(line) = lines.remove(&id) {
                        let _ = line.stream.shutdown(Shutdown::Both);
                    }
                }
                Effect::SubmitBlock { .. } => {}
            }
        }
    }
}
