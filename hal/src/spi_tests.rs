//! [`PacedSpi`] over a scripted device.

use super::*;
use crate::outbox::WORK_QUEUE_MAX;

const SLOT: ChainSlot = ChainSlot(1);
const PERIOD: Duration = Duration::from_millis(10);

/// Answers each exchange with the same bytes at an offset, and writes everything down.
#[derive(Default)]
struct Script {
    log: Vec<(Instant, u32, Vec<u8>)>,
    answer: (usize, Vec<u8>),
    errno: Option<i32>,
}

impl SpiDevice for Script {
    fn transfer(&mut self, now: Instant, transfer: SpiTransfer<'_>) -> Result<(), LinkError> {
        assert_eq!(transfer.bits_per_word, 8);
        if let Some(errno) = self.errno {
            return Err(LinkError::Device(errno));
        }
        let sent = transfer.bytes.to_vec();
        self.log.push((now, transfer.clock_hz, sent));
        transfer.bytes.fill(0);
        let (offset, answer) = &self.answer;
        for (place, byte) in transfer.bytes.iter_mut().skip(*offset).zip(answer) {
            *place = *byte;
        }
        Ok(())
    }
}

fn port() -> PacedSpi<Script> {
    PacedSpi::new(SLOT, Script::default())
}

fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// `clocked` bytes in all, of which the first is `byte`.
fn frame<const MAX: usize>(clocked: u16, byte: u8) -> Frame<MAX> {
    let [high, low] = clocked.to_be_bytes();
    Frame::new(&[high, low, byte]).expect("short")
}

/// Run the port by its own deadlines until `end`; what it told, and when.
fn run(port: &mut PacedSpi<Script>, from: Instant, end: Instant) -> Vec<(Instant, LinkEvent)> {
    let (mut now, mut told) = (from, Vec::new());
    for _ in 0..100_000 {
        let mut events = Vec::new();
        port.poll(now, &mut events);
        told.extend(events.into_iter().map(|(_, event)| (now, event)));
        match port.next_deadline() {
            Some(at) if at.max(now) <= end => now = at.max(now),
            _ => return told,
        }
    }
    panic!("a loop without progress");
}

fn give(port: &mut PacedSpi<Script>, now: Instant, ops: impl IntoIterator<Item = LinkOp>) {
    for op in ops {
        port.submit(now, SLOT, op);
    }
}

fn sent(port: &PacedSpi<Script>, byte: u8) -> Vec<Instant> {
    let log = port.device().log.iter();
    log.filter(|l| l.2[0] == byte).map(|l| l.0).collect()
}

#[test]
fn zeros_are_clocked_behind_a_frame_and_idle_words_are_left_out() {
    let mut port = port();
    port.device.answer = (4, vec![0x01, 0x00, 0x00, 0x3f]);
    give(&mut port, ms(0), [LinkOp::Command(frame(10, 0xAB))]);
    let told = run(&mut port, ms(0), ms(10));
    let mut expected = vec![0; 10];
    expected[0] = 0xAB;
    assert_eq!(port.device().log[0].2, expected);
    // Ten bytes at 390.625 kHz: the answer is there when the exchange is over.
    let at = Instant::ZERO + Duration::from_nanos(204_800);
    let answer = vec![0x01, 0x00, 0x00, 0x3f, 0, 0];
    assert_eq!(told, [(at, LinkEvent::Words(answer))]);
}

#[test]
fn a_line_that_says_nothing_tells_nothing() {
    let mut port = port();
    give(&mut port, ms(0), [LinkOp::Command(frame(64, 0x01))]);
    assert_eq!(run(&mut port, ms(0), ms(10)), []);
    assert_eq!(port.next_deadline(), None);
}

#[test]
fn exchanges_never_overlap_and_the_clock_changes_between_them() {
    let mut port = port();
    let clock = LinkOp::SetBaud {
        bits_per_s: 6_250_000,
    };
    let command = |byte| LinkOp::Command(frame(100, byte));
    give(
        &mut port,
        ms(0),
        [command(1), command(2), clock, command(3)],
    );
    run(&mut port, ms(0), ms(20));
    let log: Vec<_> = port.device().log.iter().map(|l| (l.0, l.1)).collect();
    let each = Duration::from_micros(2048);
    let (second, third) = (Instant::ZERO + each, Instant::ZERO + each * 2);
    assert_eq!(
        log,
        [(ms(0), 390_625), (second, 390_625), (third, 6_250_000)]
    );
}

#[test]
fn work_leads_by_what_chips_hold_and_then_keeps_its_schedule() {
    let mut port = port();
    give(
        &mut port,
        ms(0),
        [LinkOp::SetWorkPeriod(PERIOD), LinkOp::SetLead(3)],
    );
    give(&mut port, ms(0), (0..8).map(|_| LinkOp::Work(frame(4, 7))));
    run(&mut port, ms(0), ms(100));
    let left: Vec<_> = sent(&port, 7)
        .iter()
        .map(|at| at.as_nanos() / 1_000_000)
        .collect();
    assert_eq!(left, [0, 0, 0, 0, 10, 20, 30, 40]);
}

#[test]
fn a_lead_is_kept_in_works_when_the_period_changes() {
    let mut port = port();
    give(
        &mut port,
        ms(0),
        [LinkOp::SetWorkPeriod(PERIOD), LinkOp::SetLead(2)],
    );
    give(&mut port, ms(0), (0..3).map(|_| LinkOp::Work(frame(4, 7))));
    run(&mut port, ms(0), ms(5));
    // The fourth was due at 10 ms, half a period on; the other half passes ten times faster.
    let faster = LinkOp::SetWorkPeriod(Duration::from_millis(1));
    give(&mut port, ms(5), [faster, LinkOp::Work(frame(4, 7))]);
    run(&mut port, ms(5), ms(50));
    let last = sent(&port, 7)[3];
    assert_eq!(last, Instant::ZERO + Duration::from_micros(5500));
}

#[test]
fn starved_chips_are_given_no_more_than_they_have_room_for() {
    let mut port = port();
    give(
        &mut port,
        ms(0),
        [LinkOp::SetWorkPeriod(PERIOD), LinkOp::SetLead(2)],
    );
    give(
        &mut port,
        ms(1000),
        (0..6).map(|_| LinkOp::Work(frame(4, 7))),
    );
    run(&mut port, ms(1000), ms(1015));
    assert_eq!(sent(&port, 7).len(), 4, "three at once, one after a period");
}

#[test]
fn a_flush_forgets_the_schedule_with_the_work() {
    let mut port = port();
    give(
        &mut port,
        ms(0),
        [LinkOp::SetWorkPeriod(PERIOD), LinkOp::SetLead(1)],
    );
    give(&mut port, ms(0), (0..5).map(|_| LinkOp::Work(frame(4, 7))));
    run(&mut port, ms(0), ms(1));
    give(&mut port, ms(2), [LinkOp::FlushWork]);
    give(&mut port, ms(2), (0..5).map(|_| LinkOp::Work(frame(4, 8))));
    run(&mut port, ms(2), ms(3));
    assert_eq!(sent(&port, 7).len(), 2);
    assert_eq!(sent(&port, 8).len(), 2, "chips are empty again");
}

#[test]
fn polls_are_repeated_by_absolute_instants_and_yield_to_commands() {
    let mut port = port();
    let every = PERIOD;
    let poll = LinkOp::SetPoll {
        frame: frame(4, 8),
        every,
    };
    give(&mut port, ms(0), [poll]);
    run(&mut port, ms(0), ms(25));
    // A command of 41 ms is on the bus while the next is due.
    give(&mut port, ms(29), [LinkOp::Command(frame(1000, 1))]);
    run(&mut port, ms(29), ms(79));
    let late = Instant::from_nanos(29_000_000 + 20_480_000);
    let then = [late, late + every, late + every * 2];
    let before = [ms(0), ms(10), ms(20)];
    assert_eq!(sent(&port, 8), [before, then].concat());
    give(
        &mut port,
        ms(80),
        [LinkOp::SetPoll {
            frame: frame(4, 8),
            every: Duration::ZERO,
        }],
    );
    assert_eq!(port.next_deadline(), None);
}

#[test]
fn work_and_polls_share_a_bus_that_is_too_slow_for_both() {
    let mut port = port();
    // Each takes 10 ms on the bus and wants it each 10 ms.
    let poll = LinkOp::SetPoll {
        frame: frame(488, 8),
        every: PERIOD,
    };
    give(&mut port, ms(0), [LinkOp::SetWorkPeriod(PERIOD), poll]);
    give(
        &mut port,
        ms(0),
        (0..100).map(|_| LinkOp::Work(frame(488, 7))),
    );
    run(&mut port, ms(0), ms(400));
    let (polls, works) = (sent(&port, 8).len(), sent(&port, 7).len());
    assert!(polls > 10 && works > 10, "{polls} polls, {works} works");
}

#[test]
fn what_no_queue_and_no_device_takes_is_told_once() {
    let mut port = port();
    let too_many = WORK_QUEUE_MAX + 9;
    give(
        &mut port,
        ms(0),
        (0..too_many).map(|_| LinkOp::Work(frame(4, 7))),
    );
    let told = run(&mut port, ms(0), ms(1));
    assert_eq!(told, [(ms(0), LinkEvent::Error(LinkError::QueueFull))]);
    port.device.errno = Some(19);
    give(
        &mut port,
        ms(1),
        (0..5).map(|_| LinkOp::Command(frame(4, 1))),
    );
    let told = run(&mut port, ms(1), ms(2));
    assert_eq!(told, [(ms(1), LinkEvent::Error(LinkError::Device(19)))]);
}

#[test]
fn no_frame_makes_an_exchange_without_bound() {
    let mut port = port();
    give(&mut port, ms(0), [LinkOp::Command(frame(u16::MAX, 1))]);
    give(
        &mut port,
        ms(0),
        [&[][..], &[0], &[0, 9]].map(|bytes| LinkOp::Command(Frame::new(bytes).expect("short"))),
    );
    run(&mut port, ms(0), ms(100));
    let clocked: Vec<_> = port.device().log.iter().map(|l| l.2.len()).collect();
    assert_eq!(clocked, [SPI_EXCHANGE_MAX, 9]);
}
