//! [`PacedUart`] over a scripted device.

use super::*;
use crate::Frame;
use crate::outbox::{COMMAND_QUEUE_MAX, WORK_QUEUE_MAX};

const SLOT: ChainSlot = ChainSlot(2);

/// Takes what its script allows and writes down everything.
#[derive(Default)]
struct Script {
    log: Vec<(Instant, Vec<u8>)>,
    bauds: Vec<(Instant, u32)>,
    /// Bytes that it takes per write; `None`: all.
    room: Option<usize>,
    input: Vec<u8>,
    baud_error: bool,
}

impl SerialPort for Script {
    fn write(&mut self, now: Instant, bytes: &[u8]) -> Result<usize, LinkError> {
        let taken = self.room.unwrap_or(bytes.len()).min(bytes.len());
        if taken > 0 {
            self.log.push((now, bytes[..taken].to_vec()));
        }
        Ok(taken)
    }

    fn read(&mut self, _now: Instant, buffer: &mut [u8]) -> Result<usize, LinkError> {
        let count = self.input.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.input[..count]);
        self.input.drain(..count);
        Ok(count)
    }

    fn set_baud(&mut self, now: Instant, bits_per_s: u32) -> Result<(), LinkError> {
        self.bauds.push((now, bits_per_s));
        match self.baud_error {
            true => Err(LinkError::Baud { bits_per_s }),
            false => Ok(()),
        }
    }

    fn next_event(&self) -> Option<Instant> {
        None
    }
}

fn port() -> PacedUart<Script> {
    PacedUart::new(SLOT, Script::default())
}

fn us(us: u64) -> Instant {
    Instant::from_nanos(us * 1000)
}

fn command(byte: u8) -> LinkOp {
    LinkOp::Command(Frame::new(&[byte; 7]).expect("short"))
}

fn work(byte: u8) -> LinkOp {
    LinkOp::Work(Frame::new(&[byte; 88]).expect("short"))
}

const PERIOD: Duration = Duration::from_micros(250);

/// Polls whenever the port asks for it, until `until`; returns events.
fn run(port: &mut PacedUart<Script>, from: Instant, until: Instant) -> Vec<LinkEvent> {
    let mut events = Vec::new();
    let mut now = from;
    for _ in 0..100_000 {
        port.poll(now, &mut events);
        match port.next_deadline() {
            Some(at) if at <= until => now = at.max(now),
            _ => return events.into_iter().map(|(_, e)| e).collect(),
        }
    }
    panic!("the port asks to be polled for ever at {now:?}");
}

/// First byte and time of each frame that left.
fn left(port: &PacedUart<Script>) -> Vec<(u64, u8)> {
    let log = port.serial().log.iter();
    log.map(|(at, b)| (at.as_nanos() / 1000, b[0])).collect()
}

#[test]
fn work_leaves_at_absolute_deadlines() {
    let mut port = port();
    port.submit(us(0), SLOT, LinkOp::SetWorkPeriod(PERIOD));
    (1..=4).for_each(|i| port.submit(us(0), SLOT, work(i)));
    run(&mut port, us(10), us(600));
    assert_eq!(left(&port), [(10, 1), (260, 2), (510, 3)]);
    // A poll 100 us late delays this work and not the next.
    let mut events = Vec::new();
    port.poll(us(860), &mut events);
    port.submit(us(860), SLOT, work(5));
    run(&mut port, us(860), us(2000));
    assert_eq!(left(&port)[3..], [(860, 4), (1010, 5)]);
}

#[test]
fn a_missed_period_is_not_made_up_for() {
    let mut port = port();
    port.submit(us(0), SLOT, LinkOp::SetWorkPeriod(PERIOD));
    (1..=4).for_each(|i| port.submit(us(0), SLOT, work(i)));
    run(&mut port, us(0), us(100));
    run(&mut port, us(1100), us(1400));
    assert_eq!(left(&port), [(0, 1), (1100, 2), (1350, 3)]);
}

#[test]
fn commands_leave_at_once_and_before_work() {
    let mut port = port();
    port.submit(us(0), SLOT, LinkOp::SetWorkPeriod(PERIOD));
    port.submit(us(0), SLOT, work(9));
    port.submit(us(0), SLOT, command(1));
    port.submit(us(0), SLOT, command(2));
    run(&mut port, us(0), us(0));
    let order: Vec<u8> = left(&port).iter().map(|(_, b)| *b).collect();
    assert_eq!(order, [1, 2, 9]);
}

#[test]
fn baud_changes_once_everything_before_has_left() {
    let mut port = port();
    port.submit(us(0), SLOT, command(1));
    port.submit(
        us(0),
        SLOT,
        LinkOp::SetBaud {
            bits_per_s: 3_125_000,
        },
    );
    port.submit(us(0), SLOT, command(2));
    run(&mut port, us(0), us(10_000));
    // 7 bytes at 115200: 607.6 us.
    let (at, baud) = port.serial().bauds[0];
    assert_eq!((at.as_nanos(), baud), (607_638, 3_125_000));
    assert_eq!(left(&port), [(0, 1), (607, 2)]);
}

#[test]
fn a_flush_drops_whole_frames_and_the_next_work_leaves_at_once() {
    let mut port = port();
    port.submit(us(0), SLOT, LinkOp::SetWorkPeriod(PERIOD));
    port.submit(us(0), SLOT, work(1));
    port.submit(us(0), SLOT, work(2));
    run(&mut port, us(0), us(20));
    port.submit(us(30), SLOT, LinkOp::FlushWork);
    port.submit(us(30), SLOT, work(3));
    let events = run(&mut port, us(30), us(200));
    assert_eq!(left(&port), [(0, 1), (30, 3)]);
    assert_eq!(events, [LinkEvent::Work { queued: 0, sent: 2 }]);
}

#[test]
fn a_frame_that_was_cut_by_a_full_device_is_finished_first() {
    let mut port = port();
    port.serial.room = Some(50);
    port.submit(us(0), SLOT, LinkOp::SetWorkPeriod(PERIOD));
    port.submit(us(0), SLOT, work(1));
    port.poll(us(0), &mut Vec::new());
    let sizes = |port: &PacedUart<Script>| {
        let log = port.serial().log.iter();
        log.map(|(_, b)| (b[0], b.len())).collect::<Vec<_>>()
    };
    assert_eq!(sizes(&port), [(1, 50), (1, 38)]);
    port.serial.room = Some(0);
    port.submit(us(300), SLOT, work(2));
    port.poll(us(300), &mut Vec::new());
    port.submit(us(300), SLOT, LinkOp::FlushWork);
    port.submit(us(300), SLOT, command(3));
    port.serial.room = None;
    run(&mut port, us(1300), us(2000));
    assert_eq!(sizes(&port)[2..], [(2, 88), (3, 7)]);
}

#[test]
fn a_device_that_takes_nothing_is_stuck_after_a_second_and_told_once() {
    let mut port = port();
    port.serial.room = Some(0);
    port.submit(us(0), SLOT, command(1));
    let events = run(&mut port, us(0), us(2_000_000));
    assert_eq!(events, [LinkEvent::Error(LinkError::Stuck)]);
    port.serial.room = None;
    port.submit(us(2_000_000), SLOT, command(2));
    run(&mut port, us(2_000_000), us(2_000_000));
    assert_eq!(left(&port), [(2_000_000, 2)]);
}

#[test]
fn queues_are_bounded_and_say_so() {
    let mut port = port();
    (0..WORK_QUEUE_MAX + 3).for_each(|_| port.submit(us(0), SLOT, work(1)));
    let events = run(&mut port, us(0), us(0));
    assert_eq!(events, [LinkEvent::Error(LinkError::QueueFull)]);
    port.serial.room = Some(0);
    (0..COMMAND_QUEUE_MAX + 1).for_each(|_| port.submit(us(0), SLOT, command(1)));
    let events = run(&mut port, us(0), us(0));
    assert_eq!(events, [LinkEvent::Error(LinkError::Stuck)]);
}

#[test]
fn period_zero_stops_work_and_leaves_commands() {
    let mut port = port();
    port.submit(us(0), SLOT, work(1));
    port.submit(us(0), SLOT, command(2));
    run(&mut port, us(0), us(10_000));
    assert_eq!(left(&port), [(0, 2)]);
    assert_eq!(port.next_deadline(), None);
}

#[test]
fn received_bytes_and_refused_baud_rates_are_events() {
    let mut port = port();
    port.serial.input = (0..3000u32).map(|i| i as u8).collect();
    port.serial.baud_error = true;
    port.submit(us(0), SLOT, LinkOp::SetBaud { bits_per_s: 7 });
    port.submit(us(0), SLOT, LinkOp::SetBaud { bits_per_s: 0 });
    let events = run(&mut port, us(0), us(0));
    let [
        LinkEvent::Bytes(bytes),
        LinkEvent::Error(a),
        LinkEvent::Error(b),
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(bytes.len(), 3000);
    assert_eq!(*a, LinkError::Baud { bits_per_s: 0 });
    assert_eq!(*b, LinkError::Baud { bits_per_s: 7 });
}

#[test]
fn other_slots_are_not_served() {
    let mut port = port();
    port.submit(us(0), ChainSlot(0), command(1));
    assert_eq!(run(&mut port, us(0), us(0)), []);
    assert_eq!(port.slots(), [SLOT]);
}

#[test]
fn silence_after_bytes_is_told_once() {
    let mut port = port();
    port.serial.input = vec![0xAA; 5];
    let mut events = Vec::new();
    port.poll(us(0), &mut events);
    let told: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
    assert_eq!(told, [LinkEvent::Bytes(vec![0xAA; 5])]);
    assert_eq!(run(&mut port, us(1), us(20_000)), []);
    assert_eq!(run(&mut port, us(20_001), us(60_000)), [LinkEvent::Silent]);
    assert_eq!(port.next_deadline(), None);
}

/// The device has the rest of a frame since long; its thread did not look.
#[test]
fn whoever_looks_late_hears_no_silence() {
    let mut port = port();
    let mut looks = |at: u64, input: &[u8]| {
        port.serial.input = input.to_vec();
        let mut events = Vec::new();
        port.poll(us(at), &mut events);
        events
            .into_iter()
            .map(|(_, event)| event)
            .collect::<Vec<_>>()
    };
    looks(0, &[0xAA; 5]);
    assert_eq!(
        looks(500_000, &[0x55; 6]),
        [LinkEvent::Bytes(vec![0x55; 6])]
    );
    // The instant of a look may be far before it: the next one decides.
    assert_eq!(looks(900_000, &[]), []);
    assert_eq!(
        looks(900_001, &[0x55; 6]),
        [LinkEvent::Bytes(vec![0x55; 6])]
    );
}
