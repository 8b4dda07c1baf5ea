//! A twin behind a socket, its guests well-behaved and not.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant as Clock;

use hal::{
    BoardEvent, BoardOp, BusError, BusId, BusJob, BusOp, FanEvent, FanOp, HashPower, LinkError,
    LinkEvent, MachinePorts, Order, Told,
};
use twin::machine::{TwinMachine, TwinOptions};
use twin::physics;
use units::{ChainSlot, Duration, Duty, Instant};

use super::client::{Connection, greet};
use super::wire::{REQUEST_MAX, Request, Status, frame, reply};
use super::{CONNECTIONS_MAX, Calls, Identity, Remote, RemoteError, serve, socket};
use crate::pins::Pins;

const SLOT: ChainSlot = ChainSlot(1);
/// Far beyond what anything here takes: what hangs does it for ever.
const SOON: Duration = Duration::from_secs(60);

/// A folder with a twin in it.
struct Bench {
    folder: PathBuf,
    twin: Arc<Mutex<TwinMachine>>,
    calls: Arc<Calls>,
    start: Clock,
}

impl Bench {
    fn new(model: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("stannary-remote-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let machine = board_support::machine(model).expect("a known machine");
        let machine = physics::as_rated(machine);
        let options = TwinOptions {
            difficulty_bits: 2,
            parts: true,
            physics: Some(physics::Options::default()),
            ..TwinOptions::default()
        };
        let twin = TwinMachine::new(&machine, options).expect("a twin");
        let identity = Identity {
            run: 7,
            model: model.into(),
            control_board: machine.control_board.id.clone(),
            seed: 1,
            difficulty_bits: 2,
            slots: machine.slots,
            link: twin.link(),
            cores: twin.core_map().cloned(),
        };
        let twin = Arc::new(Mutex::new(twin));
        let listener = UnixListener::bind(socket(&folder)).expect("a socket");
        let start = Clock::now();
        let clock = move || Instant::ZERO + start.elapsed();
        let state = || "{}".repeat(1000);
        let calls = serve(listener, Arc::clone(&twin), &identity, clock, state).expect("threads");
        Bench {
            folder,
            twin,
            calls,
            start,
        }
    }

    fn now(&self) -> Instant {
        Instant::ZERO + self.start.elapsed()
    }

    fn find(&self) -> Remote {
        Remote::find(&self.folder).expect("a twin")
    }

    fn ports(&self) -> MachinePorts {
        let power = HashPower::EnableLine {
            off_before_on: Duration::ZERO,
        };
        self.find().ports(self.now(), power, 4)
    }

    fn raw(&self) -> UnixStream {
        let stream = UnixStream::connect(socket(&self.folder)).expect("it listens");
        stream.set_read_timeout(Some(SOON)).expect("a limit");
        stream
    }

    /// The twin still does what it is asked, and at once.
    fn still_answers(&self) {
        let before = Clock::now();
        let mut ports = self.ports();
        let plug = BoardOp::ReadPlug { slot: SLOT };
        let there = BoardEvent::Plug {
            slot: SLOT,
            present: true,
        };
        assert_eq!(board(&mut ports, self.now(), plug), [there]);
        assert!(before.elapsed() < SOON);
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn board(ports: &mut MachinePorts, now: Instant, op: BoardOp) -> Vec<BoardEvent> {
    let mut events = Vec::new();
    ports.board.apply(now, op, &mut events);
    events.retain(|event| !matches!(event, BoardEvent::Told(Told::Cut(_))));
    events
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Clock::now() + SOON;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Clock::now() < end, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The part of a machine that no sensor of a host shows.
fn enabled_and_duty(bench: &Bench) -> (bool, u8) {
    let now = bench.now();
    let twin = bench.twin.lock().expect("lives");
    let parts = twin.parts().expect("fitted");
    (parts.supply_v(now) > 0.0, parts.fans.duty_percent())
}

/// One transaction through a bus's port.
fn transfer(bench: &Bench, ports: &mut MachinePorts, address: u8) -> Result<Vec<u8>, BusError> {
    let mut buses = ports.buses.iter_mut();
    let bus = buses.find(|bus| bus.serves(BusId::Supply)).expect("a bus");
    let ops = vec![BusOp::Transfer {
        address,
        write: vec![0x00],
        read: 1,
    }];
    let job = BusJob {
        id: 1,
        bus: BusId::Supply,
        ops,
        within: Duration::from_secs(5),
    };
    assert_eq!(bus.give(bench.now(), job), Ok(()));
    let mut done = Vec::new();
    let mut done = wait_for("a list's end", || {
        bus.service(bench.now(), &mut done);
        done.pop()
    });
    done.error.map_or_else(|| Ok(done.reads.remove(0)), Err)
}

/// Fans, buses and the dead man's lines, each through its port.
fn check_ports(model: &str) {
    let bench = Bench::new(model);
    let mut ports = bench.ports();
    // A new dead man's first act.
    assert_eq!(enabled_and_duty(&bench), (false, 100));
    let lease = Duration::from_secs(2);
    ports.beats.all();
    let arm = Order::Arm { lease };
    for order in [
        arm,
        Order::Supply { on: true },
        Order::Reset {
            slot: SLOT,
            asserted: false,
        },
    ] {
        let events = board(&mut ports, bench.now(), BoardOp::Order(order));
        assert_eq!(events, [BoardEvent::Done(order)], "{model}");
    }
    let fans = ports.fans.as_mut().expect("fans");
    fans.set(bench.now(), FanOp::All(Duty::new(40)));
    let mut events = Vec::new();
    wait_for("a fan that turns", || {
        fans.poll(bench.now(), &mut events);
        let turns = |e: &FanEvent| matches!(e, FanEvent::Speed { rpm, .. } if rpm.rpm() > 500);
        events.iter().any(turns).then_some(())
    });
    assert_eq!(enabled_and_duty(&bench), (true, 40), "{model}");
    let probed = transfer(&bench, &mut ports, 0x10);
    assert_eq!(probed.map(|read| read.len()), Ok(1), "{model}");
    // Nobody renews the lease.
    wait_for("the dead man's cut", || {
        ports.board.poll(bench.now(), &mut Vec::new());
        (enabled_and_duty(&bench) == (false, 100)).then_some(())
    });
}

#[test]
fn a_machine_behind_a_socket_obeys_every_port() {
    check_ports("antminer-s21");
    check_ports("antminer-s19-pro");
}

/// Chips answer a question for their addresses through either kind of link. A computer that stands still for longer than a
/// lease has cut their supply, so it may be tried again.
fn check_chips(model: &str, question: &[u8]) {
    let answered = (0..3).any(|_| chips_answer(model, question));
    assert!(answered, "{model}: silence");
}

fn chips_answer(model: &str, question: &[u8]) -> bool {
    let bench = Bench::new(model);
    let mut ports = bench.ports();
    ports.beats.all();
    let lease = Duration::from_secs(2);
    for order in [Order::Arm { lease }, Order::Supply { on: true }] {
        board(&mut ports, bench.now(), BoardOp::Order(order));
    }
    // These boards have no controllers: chips live from the supply alone.
    let mut events = Vec::new();
    let mut asked = None::<Clock>;
    let end = Clock::now() + Duration::from_secs(10);
    while events.is_empty() {
        if Clock::now() >= end {
            return false;
        }
        ports.beats.all();
        let now = bench.now();
        for order in [
            Order::Lease { lease },
            Order::Reset {
                slot: SLOT,
                asserted: false,
            },
        ] {
            board(&mut ports, now, BoardOp::Order(order));
        }
        let mut links = ports.links.iter_mut();
        let link = links
            .find(|link| link.slots().contains(&SLOT))
            .expect("one");
        if asked.is_none_or(|at| at.elapsed() > Duration::from_millis(500)) {
            asked = Some(Clock::now());
            let frame = hal::Frame::new(question).expect("short");
            link.submit(now, SLOT, hal::LinkOp::Command(frame));
        }
        link.poll(now, &mut events);
        events.retain(|(_, event)| matches!(event, LinkEvent::Bytes(_) | LinkEvent::Record { .. }));
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(events[0].0, SLOT, "{model}");
    true
}

#[test]
fn chips_answer_through_a_uart_behind_a_socket() {
    // BM1368: read register 0x00 of every chip.
    check_chips("antminer-s21", &[0x55, 0xAA, 0x52, 0x05, 0x00, 0x00, 0x0A]);
}

#[test]
fn a_state_longer_than_a_packet_arrives_whole() {
    let bench = Bench::new("antminer-s9");
    let remote = bench.find();
    assert_eq!(remote.identity().model, "antminer-s9");
    assert_eq!(remote.state().expect("it lives"), "{}".repeat(1000));
    assert_eq!(bench.calls.count(), 0, "nobody touched a pin");
    bench.still_answers();
    assert!(bench.calls.count() > 0 && bench.calls.last().is_some());
}

#[test]
fn whoever_talks_nonsense_is_let_go_and_the_twin_goes_on() {
    let bench = Bench::new("antminer-s21");
    let mut hello = Vec::new();
    Request::Hello.encode(&mut hello);
    let oversize = [&hello[..], &[0xFF, 0xFF], &[0; 3000]].concat();
    let unknown = [&hello[..], &[1, 0, 0xEE]].concat();
    let mut rude = Vec::new();
    Request::Supply(true).encode(&mut rude);
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 64],
        &[0xFF; 100_000],
        &oversize,
        &unknown,
        &rude,
    ] {
        let mut guest = bench.raw();
        // It may be let go before it has said everything.
        let _ = guest.write_all(bytes);
        let mut rest = Vec::new();
        let ended = guest.read_to_end(&mut rest);
        let timed_out = ended.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!timed_out, "{:02x?}", &bytes[..8]);
    }
    assert!(
        !enabled_and_duty(&bench).0,
        "who says no hello orders nothing"
    );
    bench.still_answers();
}

#[test]
fn who_is_slow_is_let_go_and_who_is_silent_may_stay() {
    let bench = Bench::new("antminer-s9");
    let (mut silent, _) = greet(&socket(&bench.folder)).expect("a twin");
    let mut slow = bench.raw();
    slow.write_all(&[10, 0, 1]).expect("it listens");
    let mut mute = bench.raw();
    let before = Clock::now();
    for guest in [&mut slow, &mut mute] {
        assert_eq!(guest.read(&mut [0; 8]).ok(), Some(0), "let go");
    }
    assert!(before.elapsed() < SOON);
    let mut plug = Vec::new();
    Request::Plug { slot: SLOT }.encode(&mut plug);
    silent.write_all(&plug).expect("it listens");
    let mut answer = [0; 4];
    silent.read_exact(&mut answer).expect("an answer");
    assert_eq!(answer, [2, 0, Status::Done as u8, 1]);
}

#[test]
fn a_crowd_keeps_nobody_out_for_longer_than_it_stays() {
    let bench = Bench::new("antminer-s9");
    let crowd: Vec<_> = (0..CONNECTIONS_MAX + 20).map(|_| bench.raw()).collect();
    wait_for("a full house", || {
        (bench.calls.open() >= CONNECTIONS_MAX).then_some(())
    });
    assert!(bench.calls.open() <= CONNECTIONS_MAX + 1);
    // They say nothing, and are let go for it.
    wait_for("room", || Remote::find(&bench.folder).ok());
    bench.still_answers();
    drop(crowd);
    wait_for("an empty house", || (bench.calls.open() == 0).then_some(()));
}

/// A twin of which the test is the process: it says hello as run `run` and then `then`.
fn stand_in(folder: &std::path::Path, run: u64, then: impl Fn(UnixStream) + Send + 'static) {
    let _ = std::fs::remove_file(socket(folder));
    let listener = UnixListener::bind(socket(folder)).expect("a socket");
    let identity = Identity {
        run,
        model: "antminer-s21".into(),
        control_board: "amlogic-a113d".into(),
        seed: 1,
        difficulty_bits: 2,
        slots: 3,
        link: twin::machine::Link::Uart,
        cores: None,
    };
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut hello = Vec::new();
            Request::Hello.encode(&mut hello);
            if stream.read_exact(&mut hello).is_ok() {
                let mut answer = Vec::new();
                reply(&mut answer, Status::Done, &identity.encode());
                let _ = stream.write_all(&answer);
                then(stream);
            }
        }
    });
}

/// What the ports of a machine say, one turn each.
fn turn(bench: &Bench, ports: &mut MachinePorts) -> (Vec<LinkError>, bool, bool) {
    let mut links = Vec::new();
    ports.links[0].poll(bench.now(), &mut links);
    let errors = links.into_iter().filter_map(|(_, event)| match event {
        LinkEvent::Error(error) => Some(error),
        _ => None,
    });
    let mut fans = Vec::new();
    let port = ports.fans.as_mut().expect("fans");
    port.set(bench.now(), FanOp::All(Duty::FULL));
    let due = port.next_event().expect("they are looked at");
    port.poll(due.max(bench.now()), &mut fans);
    let fans = fans.iter().any(|e| matches!(e, FanEvent::Failed { .. }));
    let bus = matches!(transfer(bench, ports, 0x10), Err(BusError::Device(_)));
    (errors.collect(), fans, bus)
}

#[test]
fn a_twin_that_died_is_an_error_of_every_device_and_no_call_hangs() {
    let bench = Bench::new("antminer-s21");
    for (name, then) in [
        ("gone", (|stream| drop(stream)) as fn(UnixStream)),
        ("stopped", |stream| std::mem::forget(stream)),
        ("babbling", |mut stream| {
            // At the first call: what came with the greeting would be no twin at all.
            let _ = stream.read(&mut [0]);
            let _ = stream.write_all(&[3, 0, 99, 1, 2, 3, 4, 5]);
            std::mem::forget(stream);
        }),
    ] {
        stand_in(&bench.folder, 7, then);
        let mut ports = bench.ports();
        let before = Clock::now();
        let mut told = Vec::new();
        ports.board.poll(bench.now(), &mut told);
        let lines = told.iter().filter(|event| {
            matches!(event, BoardEvent::Told(Told::LineFailed { errno, .. }) if *errno != 0)
        });
        assert!(
            lines.count() >= 4,
            "{name}: the supply, three resets: {told:?}"
        );
        for _ in 0..3 {
            let (links, fans, bus) = turn(&bench, &mut ports);
            assert!(
                matches!(links[..], [LinkError::Device(errno)] if errno != 0),
                "{name}: {links:?}"
            );
            assert!(fans && bus, "{name}");
        }
        assert!(before.elapsed() < SOON, "{name}");
    }
}

#[test]
fn a_twin_that_is_late_once_is_found_again() {
    let bench = Bench::new("antminer-s9");
    let mut pins = Connection::new(socket(&bench.folder), 7);
    assert_eq!(pins.plugged(Instant::ZERO, SLOT), Ok(true));
    let held = bench.twin.lock().expect("lives");
    let before = Clock::now();
    assert_eq!(pins.plugged(Instant::ZERO, SLOT), Err(110), "bounded");
    let bounded = before.elapsed();
    assert!(bounded >= Duration::from_millis(400) && bounded < SOON);
    // One that this computer kept from running says nothing of that.
    let at_once = (0..5).any(|_| {
        let before = Clock::now();
        assert_eq!(pins.plugged(Instant::ZERO, SLOT), Err(110), "at once");
        before.elapsed() < Duration::from_millis(400)
    });
    assert!(at_once);
    drop(held);
    wait_for("it to be there again", || {
        pins.plugged(Instant::ZERO, SLOT).ok()
    });
    // No reply of before is taken for one of now.
    assert_eq!(pins.plugged(Instant::ZERO, ChainSlot(77)), Ok(false));
    assert_eq!(pins.plugged(Instant::ZERO, SLOT), Ok(true));
}

#[test]
fn a_twin_that_was_started_anew_is_another_machine() {
    let bench = Bench::new("antminer-s21");
    let known = bench.find();
    stand_in(&bench.folder, 8, std::mem::forget);
    let mut ports = known.ports(
        bench.now(),
        HashPower::EnableLine {
            off_before_on: SOON,
        },
        4,
    );
    let (links, fans, bus) = turn(&bench, &mut ports);
    assert_eq!(links, [LinkError::Device(19)]);
    assert!(fans && bus);
}

#[test]
fn where_no_twin_is_it_says_so() {
    let bench = Bench::new("antminer-s9");
    let nowhere = bench.folder.join("nowhere");
    assert!(matches!(Remote::find(&nowhere), Err(RemoteError::Away(_))));
    std::fs::create_dir_all(&nowhere).expect("a folder");
    let foreign = UnixListener::bind(socket(&nowhere)).expect("a socket");
    thread::spawn(move || {
        for mut stream in foreign.incoming().flatten() {
            let _ = stream.write_all(&[2, 0, 0, 0]);
            std::mem::forget(stream);
        }
    });
    assert!(matches!(Remote::find(&nowhere), Err(RemoteError::Foreign)));
}

#[test]
fn a_request_is_never_longer_than_a_twin_takes() {
    let mut bytes = Vec::new();
    let request = Request::UartWrite {
        slot: SLOT,
        bytes: &[0; REQUEST_MAX - 16],
    };
    request.encode(&mut bytes);
    assert!(frame(&bytes).is_some_and(|(body, _)| body.len() <= REQUEST_MAX));
}
