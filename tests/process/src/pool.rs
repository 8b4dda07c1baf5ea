//! The twin's pool in the test's own process, so that its account can be read.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use twin::pool::{ConnId, Effect, Input, Ledger, Pool, PoolOptions};

/// A pool on a loopback port. Its threads live until its process ends, which for a test
/// is soon.
#[derive(Debug)]
pub struct PoolHost {
    address: SocketAddr,
    pool: Arc<Mutex<Pool>>,
    events: Sender<Event>,
}

#[derive(Debug)]
enum Event {
    Opened(ConnId, TcpStream),
    Pool(Input),
}

impl PoolHost {
    /// Starts it.
    pub fn start(options: PoolOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let pool = Arc::new(Mutex::new(Pool::new(options)));
        let (events, inbox) = channel();
        let (shared, sender) = (pool.clone(), events.clone());
        std::thread::spawn(move || serve(&shared, &inbox));
        std::thread::spawn(move || {
            for (stream, number) in listener.incoming().flatten().zip(1..) {
                accept(ConnId(number), stream, &sender);
            }
        });
        PoolHost {
            address,
            pool,
            events,
        }
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

    /// Looks into the account.
    pub fn ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(self.pool.lock().expect("its thread lives").ledger())
    }
}

fn accept(id: ConnId, stream: TcpStream, events: &Sender<Event>) {
    let _ = stream.set_nodelay(true);
    let Ok(mut reader) = stream.try_clone() else {
        return;
    };
    let events = events.clone();
    let _ = events.send(Event::Opened(id, stream));
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            let _ = events.send(Event::Pool(Input::Bytes(id, buffer[..n].to_vec())));
        }
        let _ = events.send(Event::Pool(Input::Closed(id)));
    });
}

fn serve(pool: &Mutex<Pool>, inbox: &Receiver<Event>) {
    let origin = std::time::Instant::now();
    let mut streams: BTreeMap<ConnId, TcpStream> = BTreeMap::new();
    loop {
        let input = match inbox.recv_timeout(Duration::from_millis(20)) {
            Ok(Event::Opened(id, stream)) => {
                streams.insert(id, stream);
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
                    if let Some(stream) = streams.get_mut(&id) {
                        // A broken connection reports itself through its reader.
                        let _ = stream.write_all(&bytes);
                    }
                }
                Effect::Close(id) => {
                    if let Some(stream) = streams.remove(&id) {
                        let _ = stream.shutdown(Shutdown::Both);
                    }
                }
                Effect::SubmitBlock { .. } => {}
            }
        }
    }
}
