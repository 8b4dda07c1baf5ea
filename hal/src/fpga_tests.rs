//! [`FpgaPort`] over a scripted window.

use std::collections::BTreeMap;

use super::*;

/// Remembers writes; reads what the script says.
#[derive(Default)]
struct Script {
    writes: Vec<(u64, u32, u32)>,
    values: BTreeMap<u32, u32>,
    results: VecDeque<(u32, u32)>,
    /// Bit 31 of 0x0C0 clears this long after a command.
    command_time: Duration,
    command_at: Instant,
    fifo: Vec<(u64, Vec<u32>)>,
    full: bool,
    /// Entries that 0x018 announces without there being any.
    announced: u32,
}

impl RegisterWindow for Script {
    fn read32(&mut self, now: Instant, offset: u32) -> u32 {
        match offset {
            0x00C => u32::from(!self.full) * 0xF,
            0x010 => self.results.front().map_or(0x400D, |r| r.0),
            0x014 => self.results.pop_front().map_or(0x5555_AAAA, |r| r.1),
            0x018 => self.results.len() as u32 + self.announced,
            0x0C0 => u32::from(now < self.command_at + self.command_time) << 31,
            _ => self.values.get(&offset).copied().unwrap_or(0),
        }
    }

    fn write32(&mut self, now: Instant, offset: u32, value: u32) {
        if offset == 0x0C0 {
            self.command_at = now;
        }
        self.writes.push((now.as_nanos() / 1000, offset, value));
        self.values.insert(offset, value);
    }

    fn write_fifo(&mut self, now: Instant, offset: u32, words: &[u32]) {
        assert_eq!(offset, 0x040);
        self.fifo.push((now.as_nanos() / 1000, words.to_vec()));
    }
}

const SLOTS: [ChainSlot; 3] = [ChainSlot(0), ChainSlot(1), ChainSlot(2)];

/// A port that has set the dividers after reset; the script has forgotten that.
fn port() -> FpgaPort<Script> {
    let mut port = FpgaPort::new(&SLOTS, Script::default());
    port.prepare(Instant::ZERO);
    assert_eq!(port.window().values[&0x03C], 0x001A_1A1A);
    port.window().writes.clear();
    port
}

fn us(us: u64) -> Instant {
    Instant::from_nanos(us * 1000)
}

fn work(byte: u8) -> LinkOp {
    let mut bytes = [byte; 148];
    bytes[..4].copy_from_slice(&[1, 0x80, 0, 0]);
    LinkOp::Work(Frame::new(&bytes).expect("148 bytes"))
}

fn command(bytes: &[u8]) -> LinkOp {
    LinkOp::Command(Frame::new(bytes).expect("short"))
}

fn run(port: &mut FpgaPort<Script>, from: u64, until: u64) -> Vec<(ChainSlot, LinkEvent)> {
    let mut events = Vec::new();
    let mut now = us(from);
    for _ in 0..100_000 {
        port.poll(now, &mut events);
        match port.next_deadline() {
            Some(at) if at <= us(until) => now = at.max(now),
            _ => return events,
        }
    }
    panic!("the port asks to be polled for ever at {now:?}");
}

#[test]
fn commands_go_one_by_one_through_the_buffer() {
    let mut port = port();
    port.window().command_time = Duration::from_micros(700);
    port.submit(us(0), SLOTS[1], command(&[0x52, 5, 0, 0, 0x0A]));
    let write = [0x55, 0xAA, 0x51, 9, 0, 0x18, 0, 0, 0xBA, 1, 0x14];
    port.submit(us(0), SLOTS[2], command(&write));
    let told = run(&mut port, 0, 1800);
    let left = LinkEvent::Commands { left: 1 };
    assert_eq!(told, [(SLOTS[1], left.clone()), (SLOTS[2], left)]);
    let expected = [
        (0, 0x0C4, 0x5205_0000),
        (0, 0x0C8, 0x0A00_0000),
        (0, 0x0CC, 0),
        (0, 0x0C0, 0x8081_0000),
        // 7 bytes take 605 us at 115740; then bit 31 is looked at until it clears.
        (704, 0x0C4, 0x5109_0018),
        (704, 0x0C8, 0x0000_BA01),
        (704, 0x0CC, 0x1400_0000),
        (704, 0x0C0, 0x8082_0000),
    ];
    assert_eq!(port.window().writes, expected);
}

#[test]
fn a_busy_bit_that_stays_is_stuck_and_the_next_command_is_tried() {
    let mut port = port();
    port.window().command_time = Duration::from_secs(10);
    port.submit(us(0), SLOTS[1], command(&[0x52, 5, 0, 0, 0x0A]));
    port.submit(us(0), SLOTS[0], command(&[0x53, 5, 0, 0, 0x03]));
    let events = run(&mut port, 0, 150_000);
    assert_eq!(events, [(SLOTS[1], LinkEvent::Error(LinkError::Stuck))]);
    let go: Vec<u32> = port.window().writes.iter().map(|w| w.2).collect();
    assert_eq!(go[go.len() - 1], 0x8080_0000);
}

#[test]
fn baud_rates_have_their_dividers_in_their_fields() {
    let check = |slot: ChainSlot, bits_per_s, expected: Result<u32, LinkError>| {
        let mut port = port();
        port.window().values.insert(0x03C, 0x3F3F_3F3F);
        port.submit(us(0), slot, LinkOp::SetBaud { bits_per_s });
        let events = run(&mut port, 0, 0);
        match expected {
            Ok(value) => assert_eq!(port.window().values[&0x03C], value, "{bits_per_s}"),
            Err(error) => assert_eq!(events, [(slot, LinkEvent::Error(error))]),
        }
    };
    check(SLOTS[0], 115_740, Ok(0x3F3F_3F1A));
    check(SLOTS[1], 115_200, Ok(0x3F3F_1A3F));
    check(SLOTS[2], 12_500_000, Ok(0x3F00_3F3F));
    check(SLOTS[2], 12_000_000, Ok(0x3F00_3F3F));
    check(SLOTS[0], 1_562_500, Ok(0x3F3F_3F01));
    for bits_per_s in [0, 9600, 2_000_000, 3_125_000, 25_000_000, u32::MAX] {
        check(SLOTS[0], bits_per_s, Err(LinkError::Baud { bits_per_s }));
    }
}

#[test]
fn a_baud_change_waits_for_the_command_before_it() {
    let mut port = port();
    port.window().command_time = Duration::from_micros(700);
    port.submit(us(0), SLOTS[0], command(&[0x52, 5, 0, 0, 0x0A]));
    port.submit(
        us(0),
        SLOTS[0],
        LinkOp::SetBaud {
            bits_per_s: 12_500_000,
        },
    );
    run(&mut port, 0, 2000);
    let baud = port.window().writes.iter().find(|w| w.1 == 0x03C);
    assert_eq!(baud, Some(&(704, 0x03C, 0x001A_1A00)));
}

#[test]
fn the_shortest_period_is_written_for_all_chains() {
    let mut port = port();
    let period = |ns| LinkOp::SetWorkPeriod(Duration::from_nanos(ns));
    for (slot, ns, expected) in [
        (0, 249_660, 0x8000_00F9),
        (1, 300_000, 0x8000_00F9),
        (0, 0, 0x8000_012C),
        (2, 200_000, 0x8000_00C8),
        (2, 0, 0x8000_012C),
        (1, 0, 0),
    ] {
        port.submit(us(0), SLOTS[slot], period(ns));
        assert_eq!(port.window().values[&0x08C], expected);
    }
}

#[test]
fn work_inside_the_fpga_stays_below_two_milliseconds() {
    let mut port = port();
    port.submit(
        us(0),
        SLOTS[0],
        LinkOp::SetWorkPeriod(Duration::from_micros(250)),
    );
    (0..100).for_each(|i| port.submit(us(0), SLOTS[0], work(i)));
    run(&mut port, 0, 10_500);
    let fed = &port.window().fifo;
    assert_eq!(fed[0].1.len(), 37);
    assert_eq!((fed[0].1[0], fed[1].1[36]), (0x0180_0000, 0x0101_0101));
    // Eight wait (2 ms), the first leaves at once; then one per period on average.
    let by = |until: u64| fed.iter().filter(|f| f.0 <= until).count();
    assert_eq!(by(0), 8);
    for ms in 1..=10 {
        let left = ms * 4 + 1;
        let inside = by(ms as u64 * 1000) - left;
        assert!((4..=8).contains(&inside), "{ms} ms: {inside}");
    }
}

#[test]
fn long_periods_keep_one_work_inside() {
    let mut port = port();
    port.submit(
        us(0),
        SLOTS[0],
        LinkOp::SetWorkPeriod(Duration::from_millis(100)),
    );
    (0..10).for_each(|i| port.submit(us(0), SLOTS[0], work(i)));
    run(&mut port, 0, 250_500);
    let at: Vec<u64> = port.window().fifo.iter().map(|f| f.0).collect();
    assert_eq!(at, [0, 10_000, 100_000, 200_000]);
}

#[test]
fn a_new_period_holds_for_the_running_work() {
    let mut port = port();
    let period = |ms| LinkOp::SetWorkPeriod(Duration::from_millis(ms));
    port.submit(us(0), SLOTS[0], period(100));
    (0..10).for_each(|i| port.submit(us(0), SLOTS[0], work(i)));
    run(&mut port, 0, 15_000);
    port.submit(us(15_000), SLOTS[0], period(20));
    run(&mut port, 15_000, 45_500);
    let at: Vec<u64> = port.window().fifo.iter().map(|f| f.0).collect();
    assert_eq!(at, [0, 10_000, 20_000, 40_000]);
}

#[test]
fn a_full_fifo_is_believed() {
    let mut port = port();
    port.window().full = true;
    port.submit(
        us(0),
        SLOTS[0],
        LinkOp::SetWorkPeriod(Duration::from_micros(250)),
    );
    port.submit(us(0), SLOTS[0], work(1));
    run(&mut port, 0, 500);
    assert!(port.window().fifo.is_empty());
    port.window().full = false;
    run(&mut port, 501, 10_000);
    assert_eq!(port.window().fifo.len(), 1);
}

#[test]
fn a_flush_drops_what_waits_in_the_port() {
    let mut port = port();
    port.submit(
        us(0),
        SLOTS[0],
        LinkOp::SetWorkPeriod(Duration::from_micros(250)),
    );
    (0..100).for_each(|i| port.submit(us(0), SLOTS[0], work(i)));
    let events = run(&mut port, 0, 0);
    assert_eq!(
        events,
        [(
            SLOTS[0],
            LinkEvent::Work {
                queued: 92,
                sent: 8
            }
        )]
    );
    port.submit(us(10), SLOTS[0], LinkOp::FlushWork);
    port.submit(us(10), SLOTS[0], work(200));
    let events = run(&mut port, 10, 1010);
    assert_eq!(
        events.last(),
        Some(&(SLOTS[0], LinkEvent::Work { queued: 0, sent: 9 }))
    );
    assert_eq!(port.window().fifo[8].1[36], 0xC8C8_C8C8);
}

#[test]
fn the_first_work_after_a_flush_does_not_wait_for_void_work() {
    let mut port = port();
    let period = LinkOp::SetWorkPeriod(Duration::from_micros(250));
    port.submit(us(0), SLOTS[0], period);
    (0..100).for_each(|i| port.submit(us(0), SLOTS[0], work(i)));
    run(&mut port, 0, 0);
    port.submit(us(10), SLOTS[0], LinkOp::FlushWork);
    (200..210).for_each(|i| port.submit(us(10), SLOTS[0], work(i)));
    run(&mut port, 10, 240);
    let fed = &port.window().fifo;
    assert_eq!((fed.len(), fed[8].0, fed[8].1[36]), (9, 10, 0xC8C8_C8C8));
}

#[test]
fn what_left_is_told_seldom_while_more_waits_and_at_once_when_none_does() {
    let mut port = port();
    let period = LinkOp::SetWorkPeriod(Duration::from_micros(250));
    port.submit(us(0), SLOTS[0], period);
    (0..48).for_each(|i| port.submit(us(0), SLOTS[0], work(i)));
    let told: Vec<LinkEvent> = run(&mut port, 0, 20_000).into_iter().map(|e| e.1).collect();
    let work = |queued, sent| LinkEvent::Work { queued, sent };
    assert_eq!(told, [work(40, 8), work(23, 25), work(7, 41), work(0, 48)]);
}

#[test]
fn results_go_to_their_chains() {
    let mut port = port();
    let head = 0x8004_0080;
    for chain in [0, 2, 1, 9] {
        port.window().results.push_back((head | chain, 7 + chain));
    }
    port.window().announced = 2;
    let record = |chain| {
        let event = LinkEvent::Record {
            head: head | chain,
            data: 7 + chain,
        };
        (ChainSlot(chain as u8), event)
    };
    assert_eq!(run(&mut port, 0, 0), [record(0), record(2), record(1)]);
}

#[test]
fn the_error_counter_is_told_as_differences() {
    let mut port = port();
    let mut damaged = |now, value| {
        port.window().values.insert(0x0F8, value);
        run(&mut port, now, now)
    };
    assert_eq!(damaged(0, 0xFFFE), []);
    assert_eq!(damaged(1000, 0x0003), [(SLOTS[0], LinkEvent::Damaged(5))]);
    assert_eq!(damaged(2000, 0x0003), []);
}

#[test]
fn a_full_queue_refuses_work() {
    let mut port = port();
    (0..=WORK_QUEUE_MAX).for_each(|_| port.submit(us(0), SLOTS[1], work(1)));
    let events = run(&mut port, 0, 0);
    assert_eq!(events, [(SLOTS[1], LinkEvent::Error(LinkError::QueueFull))]);
}

#[test]
fn the_window_is_polled_each_millisecond_and_at_once_after_a_submit() {
    let mut port = port();
    run(&mut port, 0, 0);
    assert_eq!(port.next_deadline(), Some(us(1000)));
    port.submit(us(300), SLOTS[0], LinkOp::FlushWork);
    assert_eq!(port.next_deadline(), Some(us(300)));
}
