use std::net::{SocketAddr, TcpListener};
use std::sync::Mutex;

use api::{Around as GateAround, Kept};
use telemetry::{Command, Snapshot};

use super::*;
use crate::runtime::wall::Kernel;

const PATIENCE: Duration = Duration::from_secs(30);
const TAKEN: &[u8] = b"\x20\x02\x00\x00";

/// A machine of which nothing is known but its name, and what it was told to do.
struct Machine {
    published: Published,
    commands: Arc<Mutex<Vec<Command>>>,
    link: Mqtt,
}

fn snapshot() -> Snapshot {
    use telemetry::{Hashrate, MachineState, Psu, Shares};
    Snapshot {
        seq: 1,
        uptime_s: 1.0,
        state: MachineState::Hashing,
        locating: false,
        machine: telemetry::Machine {
            model: "antminer-s9".to_owned(),
            name: "Antminer S9".to_owned(),
            backend: "twin".to_owned(),
            emulated: true,
            difficulty_bits: 2,
            firmware: "0".to_owned(),
        },
        hashrate: Hashrate::default(),
        chains: Vec::new(),
        temperatures: Vec::new(),
        fans: Vec::new(),
        psu: Psu::default(),
        power_w: None,
        efficiency_j_per_th: None,
        settings: None,
        clock: telemetry::Clock::default(),
        pools: Vec::new(),
        pool_groups: Vec::new(),
        shares: Shares::default(),
        faults: Vec::new(),
        decisions: Vec::new(),
    }
}

impl Machine {
    fn at(broker: SocketAddr) -> Self {
        let published = Published::new(snapshot(), 100);
        let gate = Gate::open(
            Ok(Kept::default()),
            GateAround {
                host: Some("rig-7".to_owned()),
                random: Box::new(|_| Ok(())),
                unix_s: Box::new(|| None),
                keep: Box::new(|_| Ok(())),
                tell: Box::new(|_| {}),
                quiet: || {},
            },
        );
        let gate = gate.expect("a thread");
        let commands = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&commands);
        let take: api::Commands = Arc::new(move |command| {
            taken.lock().expect("not poisoned").push(command);
            true
        });
        let options = MqttOptions {
            client_id: "rig-7".to_owned(),
            user: None,
            password: None,
            topic: "t".to_owned(),
            discovery_prefix: None,
            commands: true,
            interval: Duration::from_secs(1),
        };
        let broker = Broker {
            endpoint: Endpoint {
                host: broker.ip().to_string(),
                port: broker.port(),
            },
            security: Security::Plain,
            trust: Trust::System,
        };
        let around = Around {
            published: published.clone(),
            gate: gate.clone(),
            orders: MqttOrders::new(published.clone(), gate, take),
            wall: Wall::with(|| Kernel {
                unix: Duration::ZERO,
                kept: false,
            }),
            clock: Clock::start(),
        };
        let link = keep(broker, options, around, 1).expect("a thread");
        Machine {
            published,
            commands,
            link,
        }
    }

    /// What is wrong with the broker in a snapshot that is published now.
    fn fault(&self) -> Option<Code> {
        self.published.publish(Arc::new(snapshot()));
        let now = self.published.snapshot();
        now.faults.first().map(|fault| fault.code)
    }

    fn wait_for(&self, code: Option<Code>) {
        let end = Instant::now() + PATIENCE;
        while self.fault() != code {
            assert!(Instant::now() < end, "{:?} and not {code:?}", self.fault());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A broker that does this with each connection.
fn broker(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Hear what is said until its end.
fn hear_all(mut stream: TcpStream, said: &Sender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let _ = said.send(buffer[..read].to_vec());
    }
}

#[test]
fn a_broker_that_is_away_is_a_fault_until_it_is_there() {
    // At an address of this process alone: nobody else takes the port meanwhile.
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let own = std::net::Ipv4Addr::new(127, 64 | high, middle, low.max(1));
    let free = TcpListener::bind((own, 0)).expect("a port");
    let address = free.local_addr().expect("bound");
    drop(free);
    let machine = Machine::at(address);
    machine.wait_for(Some(Code::MqttConnect));
    let listener = TcpListener::bind(address).expect("still free");
    let (tell, said) = channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("it comes again");
        let _ = stream.write_all(TAKEN);
        hear_all(stream, &tell);
    });
    machine.wait_for(None);
    let (notes, _) = machine.published.notes_after(0);
    let codes: Vec<_> = notes.iter().map(|note| note.code).collect();
    assert_eq!(
        codes,
        [Code::MqttConnect, Code::MqttUp],
        "each is said once"
    );
    drop(machine);
    let all: Vec<u8> = said.iter().flatten().collect();
    let text = String::from_utf8_lossy(&all);
    assert!(text.contains("t/availabilityonline"), "{text}");
    assert!(
        text.ends_with("t/availabilityoffline\u{fffd}\0"),
        "{text:?}"
    );
}

#[test]
fn what_is_no_broker_is_a_fault() {
    let check = |answer: &'static [u8], code| {
        let machine = Machine::at(broker(move |mut stream| {
            let _ = stream.write_all(answer);
            // Of one that says nothing the end comes at once.
            while !answer.is_empty() && matches!(stream.read(&mut [0; 4096]), Ok(1..)) {}
        }));
        machine.wait_for(Some(code));
        drop(machine);
    };
    check(b"HTTP/1.1 400 Bad Request\r\n\r\n", Code::MqttProtocol);
    check(b"\x20\x02\x00\x05", Code::MqttLogin);
    check(b"", Code::MqttClosed);
    check(b"\x20\x02\x00\x00\x90\x03\x00\x01\x80", Code::MqttLogin);
    check(
        b"\x20\x02\x00\x00\x30\xff\xff\xff\xff\xff",
        Code::MqttProtocol,
    );
}

#[test]
fn orders_reach_the_miner_and_those_that_make_no_sense_do_not() {
    let order = |what: &str, payload: &str| {
        let topic = format!("t/set/{what}");
        let length = (2 + topic.len() + payload.len()) as u8;
        let mut bytes = vec![0x30, length, 0, topic.len() as u8];
        bytes.extend(topic.bytes().chain(payload.bytes()));
        bytes
    };
    let (orders, tell) = (
        [
            order("hashing", "OFF"),
            order("hashing", "perhaps"),
            order("power_ceiling", "1e9"),
            order("locate", "PRESS"),
        ]
        .concat(),
        channel(),
    );
    let (tell, said) = tell;
    let machine = Machine::at(broker(move |mut stream| {
        let _ = stream.write_all(TAKEN);
        let _ = stream.write_all(b"\x90\x03\x00\x01\x00");
        let _ = stream.write_all(&orders);
        hear_all(stream, &tell);
    }));
    let mut heard = String::new();
    let end = Instant::now() + PATIENCE;
    while heard.matches("t/refused").count() < 2 {
        assert!(Instant::now() < end, "{heard}");
        if let Ok(bytes) = said.recv_timeout(LOOK) {
            heard.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    assert!(heard.contains("`hashing` takes `ON` or `OFF`"), "{heard}");
    assert!(heard.contains("E-API-RANGE"), "{heard}");
    let expected = [Command::Pause, Command::Locate { on: true }];
    let end = Instant::now() + PATIENCE;
    while machine.commands.lock().expect("not poisoned").len() < 2 {
        assert!(Instant::now() < end);
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(*machine.commands.lock().expect("not poisoned"), expected);
}

#[test]
fn a_broker_that_never_ends_is_read_slowly_and_one_that_takes_nothing_does_not_keep_the_daemon() {
    let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    // A message of 256 MB without an end.
    let machine = Machine::at(broker(move |mut stream| {
        let _ = stream.write_all(TAKEN);
        let _ = stream.write_all(b"\x30\xff\xff\xff\x7f");
        let piece = [b'x'; 4096];
        while stream.write_all(&piece).is_ok() {
            count.fetch_add(piece.len(), std::sync::atomic::Ordering::Relaxed);
        }
    }));
    machine.wait_for(None);
    let begun = Instant::now();
    let now = || sent.load(std::sync::atomic::Ordering::Relaxed);
    while begun.elapsed() < Duration::from_secs(2) || now() < BYTES_PER_S {
        assert!(begun.elapsed() < PATIENCE, "{}", now());
        thread::sleep(Duration::from_millis(100));
    }
    let most = now();
    // What the kernel holds for both sides comes on top.
    let bound = (begun.elapsed().as_secs() as usize + 3) * BYTES_PER_S + (8 << 20);
    assert!((BYTES_PER_S..bound).contains(&most), "{most}");
    let begun = Instant::now();
    drop(machine);
    // Last words get a second; whoever waits for this broker waits for ever.
    assert!(begun.elapsed() < PATIENCE / 2);
    let machine = Machine::at(broker(|stream| {
        thread::sleep(2 * PATIENCE);
        drop(stream);
    }));
    thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    drop(machine.link);
    assert!(begun.elapsed() < PATIENCE / 2);
}
