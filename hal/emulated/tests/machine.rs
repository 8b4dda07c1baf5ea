//! Ports over a twin: what a driver would see, without a driver.

use std::sync::{Arc, Mutex};

use hal::{BoardEvent, BoardOp, Frame, LinkEvent, LinkOp, MachinePorts, Order};
use hal_emulated::ports;
use twin::machine::{Fate, FrameKind, TwinMachine, TwinOptions};
use units::{ChainSlot, Duration, Instant};

const SLOTS: [ChainSlot; 3] = [ChainSlot(0), ChainSlot(1), ChainSlot(2)];

/// A machine, its ports, a clock, and what came.
struct Bench {
    machine: Arc<Mutex<TwinMachine>>,
    ports: MachinePorts,
    now: Instant,
    events: Vec<(ChainSlot, LinkEvent)>,
    preamble: bool,
}

impl Bench {
    fn new(model: &str) -> Self {
        let data = board_support::machine(model).expect("a known machine");
        let options = TwinOptions {
            difficulty_bits: 2,
            ..TwinOptions::default()
        };
        let machine = TwinMachine::new(&data, options).expect("a known chip");
        let machine = Arc::new(Mutex::new(machine));
        Bench {
            ports: ports(machine.clone()),
            machine,
            now: Instant::ZERO,
            events: Vec::new(),
            preamble: model.contains("s21"),
        }
    }

    fn board(&mut self, op: BoardOp) -> Vec<BoardEvent> {
        let mut events = Vec::new();
        self.ports.board.apply(self.now, op, &mut events);
        events
    }

    fn link(&mut self, slot: ChainSlot, op: LinkOp) {
        for link in &mut self.ports.links {
            if link.slots().contains(&slot) {
                link.submit(self.now, slot, op);
            }
        }
    }

    /// A command to one chain, with the CRC in `body`.
    fn command(&mut self, slot: ChainSlot, body: &[u8]) {
        let preamble: &[u8] = if self.preamble { &[0x55, 0xAA] } else { &[] };
        let frame = Frame::new(&[preamble, body].concat()).expect("short");
        self.link(slot, LinkOp::Command(frame));
        self.run(Duration::from_millis(2));
    }

    /// Poll every port when it asks, and hand the events of works to `feed`.
    fn run_with(&mut self, time: Duration, mut feed: impl FnMut(&mut Self)) {
        let until = self.now + time;
        loop {
            let ports = &mut self.ports.links;
            ports
                .iter_mut()
                .for_each(|link| link.poll(self.now, &mut self.events));
            feed(self);
            let ports = &self.ports.links;
            let next = ports.iter().filter_map(|link| link.next_deadline()).min();
            match next.map(|at| at.max(self.now)) {
                Some(at) if at <= until => self.now = at,
                _ => break,
            }
        }
        self.now = until;
    }

    fn run(&mut self, time: Duration) {
        self.run_with(time, |_| {});
    }

    fn power(&mut self) {
        for slot in SLOTS {
            assert_eq!(
                self.board(BoardOp::ReadPlug { slot }),
                [BoardEvent::Plug {
                    slot,
                    present: true
                }]
            );
            self.board(BoardOp::Rail { slot, on: true });
            self.board(BoardOp::Order(Order::Reset {
                slot,
                asserted: false,
            }));
        }
    }
}

#[test]
fn three_uarts_answer_a_broadcast_read() {
    let mut bench = Bench::new("antminer-s21-pro");
    assert_eq!(bench.ports.links.len(), 3);
    bench.power();
    for slot in SLOTS {
        bench.command(slot, &[0x52, 5, 0, 0, 0x0A]);
    }
    bench.run(Duration::from_millis(100));
    for slot in SLOTS {
        let bytes: Vec<u8> = bench
            .events
            .iter()
            .filter(|(s, _)| *s == slot)
            .flat_map(|(_, event)| match event {
                LinkEvent::Bytes(bytes) => bytes.clone(),
                LinkEvent::Silent => Vec::new(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(bytes.len(), 65 * 9);
        assert_eq!(bytes[..6], [0xAA, 0x55, 0x13, 0x70, 0, 0]);
    }
}

#[test]
fn silence_is_what_an_unpowered_machine_says() {
    for model in ["antminer-s19-pro", "antminer-s21-pro"] {
        let mut bench = Bench::new(model);
        for slot in SLOTS {
            bench.command(slot, &[0x52, 5, 0, 0, 0x0A]);
        }
        bench.run(Duration::from_millis(200));
        let is_answer = |(_, event): &(_, LinkEvent)| !matches!(event, LinkEvent::Commands { .. });
        assert!(!bench.events.iter().any(is_answer), "{:?}", bench.events);
    }
}

/// 148 bytes; different for each number.
fn record(slot: ChainSlot, number: u32) -> LinkOp {
    let mut bytes = [0x5A; 148];
    bytes[..4].copy_from_slice(&[0x01, 0x80 | slot.0, 0, 0]);
    bytes[4..8].copy_from_slice(&(4 * (number % 32)).to_be_bytes());
    bytes[8..12].copy_from_slice(&number.to_be_bytes());
    LinkOp::Work(Frame::new(&bytes).expect("148 bytes"))
}

/// Writes that bring a BM1398 chain to 525 MHz, ticket 256 and 12.5 Mbaud.
const START_1398: [&[u8]; 5] = [
    &[0x51, 9, 0, 0x14, 0, 0, 0, 0xFF, 0x08],
    &[0x51, 9, 0, 0x08, 0x40, 0x54, 0x01, 0x41, 0x07],
    &[0x51, 9, 0, 0x68, 0xC0, 0x70, 0x01, 0x11, 0x02],
    &[0x51, 9, 0, 0x28, 0x06, 0x00, 0x8F, 0x00, 0x18],
    &[0x51, 9, 0, 0x18, 0xF0, 0x01, 0x03, 0x05, 0x00],
];

/// The length of this run in virtual seconds: the test of the pace needs few; a person
/// who wants to know the speed may set more.
fn seconds() -> u64 {
    let set = std::env::var("STANNARY_PACE_SECONDS").ok();
    set.and_then(|s| s.parse().ok()).unwrap_or(2)
}

#[test]
fn the_fpga_is_fed_without_a_gap_and_nonces_come_back() {
    let mut bench = Bench::new("antminer-s19-pro");
    bench.power();
    for slot in SLOTS {
        for body in START_1398 {
            let mut body = body.to_vec();
            let last = body.len() - 1;
            body[last] = crc5(&body[..last]);
            bench.command(slot, &body);
        }
        bench.link(
            slot,
            LinkOp::SetBaud {
                bits_per_s: 12_500_000,
            },
        );
        bench.link(slot, LinkOp::SetWorkPeriod(Duration::from_micros(249)));
    }
    bench.run(Duration::from_millis(10));
    let mut queued = [0u16; 3];
    let mut made = [0u32; 3];
    let mut records = 0;
    let time = Duration::from_secs(seconds());
    bench.run_with(time, |bench| {
        for (slot, event) in bench.events.split_off(0) {
            match event {
                LinkEvent::Work { queued: now, .. } => queued[usize::from(slot.0)] = now,
                LinkEvent::Record { head, .. } => {
                    assert_eq!(head >> 31, 1);
                    records += 1;
                }
                LinkEvent::Commands { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        for slot in SLOTS {
            let i = usize::from(slot.0);
            while queued[i] < 40 {
                bench.link(slot, record(slot, made[i]));
                made[i] += 1;
                queued[i] += 1;
            }
        }
    });
    let ledger = bench.machine.lock().expect("one thread").take_ledger();
    let jobs: u64 = ledger.totals.iter().map(|(_, t)| t.jobs).sum();
    let due = 3 * time.as_micros() as u64 / 249;
    assert!((due - 9..=due + 3).contains(&jobs), "{jobs} of {due}");
    let arrived = ledger
        .frames
        .iter()
        .filter(|f| f.fate == Fate::Arrived && matches!(f.kind, FrameKind::Nonce { .. }));
    let arrived = arrived.count();
    assert!(
        records <= arrived && records + 2 >= arrived,
        "{records} of {arrived}"
    );
    // 112 TH/s at ticket 256: 102 per second.
    let expected = 101.9 * time.as_secs_f64();
    assert!(
        (arrived as f64 - expected).abs() < 4.0 * expected.sqrt(),
        "{arrived}"
    );
}

/// CRC5 of a command: polynomial 0x05, initial 0x1F, most significant bit first.
fn crc5(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0x1F, |crc, byte| {
        (0..8).fold(crc, |crc: u8, i| {
            let feedback = crc >> 4 & 1 ^ byte >> (7 - i) & 1;
            (crc << 1 & 0x1F) ^ (feedback * 5)
        })
    })
}
