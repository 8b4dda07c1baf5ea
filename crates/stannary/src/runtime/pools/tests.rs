//! Connections on loopback, with the engine's side played by the test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::*;

pub(super) const POOL: PoolIndex = PoolIndex(1);
/// Far beyond what anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The engine's side.
pub(super) struct Engine {
    pub(super) sockets: PoolSockets,
    inbox: Receiver<Message>,
}

impl Engine {
    fn new() -> Self {
        Engine::with(Wall::new())
    }

    pub(super) fn with(wall: Wall) -> Self {
        let (sender, inbox) = sync_channel(256);
        Engine {
            sockets: PoolSockets::new(2, sender, wall),
            inbox,
        }
    }

    /// Connect to the pool that listens there.
    fn connected(&mut self, listener: &TcpListener) -> TcpStream {
        let port = listener.local_addr().expect("bound").port();
        let endpoint = Endpoint {
            host: "127.0.0.1".into(),
            port,
        };
        let route = Route::default();
        self.sockets.connect(POOL, endpoint, Security::Plain, route);
        let (stream, _) = listener.accept().expect("it comes");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let event = self.event();
        assert!(matches!(event, PoolEvent::Connected), "{event:?}");
        stream
    }

    pub(super) fn event(&mut self) -> PoolEvent {
        self.event_within(PATIENCE).expect("something happens")
    }

    fn event_within(&mut self, limit: Duration) -> Option<PoolEvent> {
        let end = Instant::now() + limit;
        loop {
            match self
                .inbox
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(Message::Pool(news)) => {
                    if let Some(Event::Pool { event, .. }) = self.sockets.take(news) {
                        return Some(event);
                    }
                }
                Ok(Message::Event(_) | Message::Node(_)) => {}
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => panic!("the sockets hold a sender"),
            }
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Option<String> {
        match self.sockets.send(POOL, bytes)? {
            Event::Pool {
                event: PoolEvent::Closed(why),
                ..
            } => Some(why),
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("loopback has a free port")
}

#[test]
fn bytes_go_both_ways_and_the_end_is_told_once() {
    let (listener, mut engine) = (listener(), Engine::new());
    let mut pool = engine.connected(&listener);
    assert_eq!(engine.send(b"hello\n"), None);
    let mut heard = [0; 6];
    pool.read_exact(&mut heard).expect("it is sent");
    assert_eq!(&heard, b"hello\n");
    pool.write_all(b"welcome\n").expect("it is read");
    let PoolEvent::Bytes(bytes) = engine.event() else {
        panic!("no bytes");
    };
    assert_eq!(bytes, b"welcome\n");
    drop(pool);
    let event = engine.event();
    assert!(matches!(event, PoolEvent::Closed(_)), "{event:?}");
    assert_eq!(engine.send(b"nobody hears"), None);
}

#[test]
fn nothing_is_heard_of_a_connection_that_was_given_up() {
    let (listener, mut engine) = (listener(), Engine::new());
    let mut pool = engine.connected(&listener);
    engine.send(b"last words\n");
    engine.sockets.disconnect(POOL);
    let mut all = String::new();
    pool.read_to_string(&mut all).expect("it is closed");
    assert_eq!(all, "last words\n");
    assert!(engine.event_within(Duration::from_millis(50)).is_none());
}

#[test]
fn a_pool_that_reads_nothing_loses_its_connection_and_nobody_waits() {
    // In one of several: a computer that lets nobody run makes none of them wait.
    assert!((0..3).any(|_| nobody_waits_for_a_full_connection()));
}

fn nobody_waits_for_a_full_connection() -> bool {
    let (listener, mut engine) = (listener(), Engine::new());
    let _pool = engine.connected(&listener);
    let share = [b'x'; 200];
    let mut longest = Duration::ZERO;
    // The kernel holds some megabytes on loopback.
    let why = (0..1_000_000).find_map(|_| {
        let began = Instant::now();
        let why = engine.send(&share);
        longest = longest.max(began.elapsed());
        why
    });
    let why = why.expect("it ends");
    assert!(why.contains("does not read"), "{why}");
    longest < Duration::from_secs(1)
}

#[test]
fn a_pool_that_floods_waits_for_the_engine() {
    let (listener, mut engine) = (listener(), Engine::new());
    let mut pool = engine.connected(&listener);
    let flood = std::thread::spawn(move || {
        pool.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let line = [b'\n'; 64 * 1024];
        while pool.write_all(&line).is_ok() {}
    });
    // The engine is busy elsewhere: so many wait for it, and no more.
    let within = |limit| move |inbox: &Receiver<Message>| inbox.recv_timeout(limit).ok();
    let (all, none) = (within(PATIENCE), within(Duration::from_millis(300)));
    let waiting: Vec<_> = (0..mail::PIECES_UNREAD)
        .map_while(|_| all(&engine.inbox))
        .collect();
    assert_eq!(waiting.len(), mail::PIECES_UNREAD as usize);
    assert!(none(&engine.inbox).is_none());
    for message in waiting {
        let Message::Pool(news) = message else {
            panic!("only the pool speaks");
        };
        let PoolEvent::Bytes(bytes) = &news.event else {
            panic!("{:?}", news.event);
        };
        assert!(bytes.len() <= guard::READ_BYTES);
        engine.sockets.take(news);
    }
    // It goes on where it is read, and a share still gets out.
    assert!(matches!(engine.event(), PoolEvent::Bytes(_)));
    assert_eq!(engine.send(b"share\n"), None);
    engine.sockets.disconnect(POOL);
    flood.join().expect("no panic");
}

#[test]
fn a_flood_is_read_at_its_rate() {
    let (listener, mut engine) = (listener(), Engine::new());
    let mut pool = engine.connected(&listener);
    let flood = std::thread::spawn(move || {
        pool.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        while pool.write_all(&[b'\n'; 64 * 1024]).is_ok() {}
    });
    let (began, mut read) = (Instant::now(), 0);
    let burst = carry::BURST_BYTES as usize;
    while began.elapsed() < Duration::from_secs(2) || (read < burst && began.elapsed() < PATIENCE) {
        if let Some(PoolEvent::Bytes(bytes)) = engine.event_within(Duration::from_millis(500)) {
            read += bytes.len();
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let most = carry::BURST_BYTES as f64 + carry::BYTES_PER_S as f64 * seconds;
    assert!(read as f64 <= most + 64e3, "{read} of {most}");
    // As much as a line of the greatest length takes, at once.
    assert!(read >= carry::BURST_BYTES as usize, "{read}");
    engine.sockets.disconnect(POOL);
    flood.join().expect("no panic");
}

#[test]
fn all_addresses_of_a_name_are_tried() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        eprintln!("skipped: no IPv6 on this computer's loopback");
        return;
    };
    let port = listener.local_addr().expect("bound").port();
    let mut engine = Engine::new();
    // IPv4 comes first, and nobody listens there.
    let endpoint = Endpoint {
        host: "pool.localhost".into(),
        port,
    };
    let route = Route::default();
    engine
        .sockets
        .connect(POOL, endpoint, Security::Plain, route);
    let event = engine.event();
    assert!(matches!(event, PoolEvent::Connected), "{event:?}");
}

#[test]
fn a_byte_now_and_then_does_not_prolong_a_handshake() {
    let listener = listener();
    let address = listener.local_addr().expect("bound");
    let drips = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("it comes");
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let stream = dial::dial(address, Instant::now() + PATIENCE).expect("it listens");
    let began = Instant::now();
    let mut wire = dial::Timed {
        stream: &stream,
        until: began + Duration::from_millis(200),
    };
    let error = wire.read_exact(&mut [0; 100_000]).expect_err("in time");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(began.elapsed() < PATIENCE, "of half an hour's drips");
    drop(stream);
    drips.join().expect("no panic");
}
