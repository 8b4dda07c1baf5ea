//! [`BusPort`] over a scripted master.

use super::*;

/// What the wire does with a transaction.
#[derive(Clone, Debug)]
enum Answer {
    Bytes(Vec<u8>),
    Fail(BusError),
    /// The master is never ready: a hung bus that nobody notices.
    Never,
}

/// One transaction as it was begun: millisecond, bus, address, bytes written, read length.
type Begun = (u64, BusId, u8, Vec<u8>, u16);

/// Answers in order, each `takes` after its beginning; then acknowledges with zeros.
#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    takes: Duration,
    begun: Vec<Begun>,
    flight: Option<(Instant, Answer)>,
    aborts: usize,
    cannot: Option<u8>,
}

impl I2cMaster for Script {
    fn can(&self, transfer: I2cTransfer<'_>) -> bool {
        self.cannot != Some(transfer.address)
    }

    fn begin(&mut self, now: Instant, t: I2cTransfer<'_>) {
        assert!(self.flight.is_none(), "two transactions at once");
        let at = now.as_nanos() / 1_000_000;
        self.begun
            .push((at, t.bus, t.address, t.write.to_vec(), t.read));
        let zeros = Answer::Bytes(vec![0; usize::from(t.read)]);
        let answer = self.answers.pop_front().unwrap_or(zeros);
        let end = match answer {
            Answer::Never => Instant::NEVER,
            _ => now + self.takes,
        };
        self.flight = Some((end, answer));
    }

    fn poll(&mut self, now: Instant) -> Option<Result<Vec<u8>, BusError>> {
        let (_, answer) = self.flight.take_if(|(end, _)| now >= *end)?;
        Some(match answer {
            Answer::Bytes(bytes) => Ok(bytes),
            Answer::Fail(error) => Err(error),
            Answer::Never => return None,
        })
    }

    fn abort(&mut self, _now: Instant) {
        self.flight = None;
        self.aborts += 1;
    }

    fn next_event(&self) -> Option<Instant> {
        self.flight.as_ref().map(|(end, _)| *end)
    }
}

const BOARDS: BusId = BusId::Hashboards;
const SUPPLY: BusId = BusId::Supply;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// A port for both buses whose transactions take a millisecond.
fn port(answers: &[Answer]) -> BusPort<Script> {
    let script = Script {
        answers: answers.iter().cloned().collect(),
        takes: ms(1),
        ..Script::default()
    };
    BusPort::new(&[BOARDS, SUPPLY], script)
}

fn job(id: u32, ops: Vec<BusOp>, within_ms: u64) -> BusJob {
    BusJob {
        id,
        bus: BOARDS,
        ops,
        within: ms(within_ms),
    }
}

fn send(address: u8, write: &[u8]) -> BusOp {
    BusOp::Transfer {
        address,
        write: write.to_vec(),
        read: 0,
    }
}

fn read(address: u8, write: &[u8], read: u16) -> BusOp {
    BusOp::Transfer {
        address,
        write: write.to_vec(),
        read,
    }
}

fn until(not: u8, every_ms: u64, within_ms: u64) -> BusOp {
    BusOp::Until {
        address: 0x20,
        write: Vec::new(),
        mask: 0xFF,
        not,
        every: ms(every_ms),
        within: ms(within_ms),
    }
}

fn bytes(bytes: &[u8]) -> Answer {
    Answer::Bytes(bytes.to_vec())
}

fn ended(id: u32, reads: &[&[u8]], error: Option<BusError>) -> BusDone {
    BusDone {
        id,
        bus: BOARDS,
        reads: reads.iter().map(|r| r.to_vec()).collect(),
        error,
    }
}

/// Service the port when it wants it; each ended list with its millisecond.
fn run(port: &mut BusPort<Script>, from: u64, until: u64) -> Vec<(u64, BusDone)> {
    let mut ends = Vec::new();
    let mut done = Vec::new();
    let mut now = at(from);
    for _ in 0..100_000 {
        port.service(now, &mut done);
        ends.extend(done.drain(..).map(|d| (now.as_nanos() / 1_000_000, d)));
        match port.next_event() {
            Some(next) if next <= at(until) => now = next.max(now),
            _ => return ends,
        }
    }
    panic!("the port wants to be serviced for ever at {now:?}");
}

/// One list given at 0 to a fresh port, and when and how it ends.
fn check(answers: &[Answer], ops: Vec<BusOp>, within_ms: u64, end: u64, expected: BusDone) {
    let mut port = port(answers);
    assert_eq!(port.give(at(0), job(7, ops, within_ms)), Ok(()));
    assert_eq!(run(&mut port, 0, 100_000), [(end, expected)]);
    assert_eq!(port.next_event(), None, "an idle port wants nothing");
}

#[test]
fn a_hung_bus_ends_the_list_at_its_deadline_and_frees_the_master() {
    let mut port = port(&[bytes(&[5]), Answer::Never]);
    let ops = vec![read(0x50, &[0], 1), send(0x20, &[1]), send(0x20, &[2])];
    assert_eq!(port.give(at(0), job(1, ops, 80)), Ok(()));
    assert_eq!(
        port.give(at(0), job(2, vec![read(0x51, &[3], 1)], 200)),
        Ok(())
    );
    let first = ended(1, &[&[5]], Some(BusError::Deadline));
    assert_eq!(
        run(&mut port, 0, 1000),
        [(80, first), (81, ended(2, &[&[0]], None))]
    );
    assert_eq!(port.master().aborts, 1);
}

#[test]
fn a_nack_ends_the_list_with_the_reads_before_it() {
    let ops = vec![
        read(0x50, &[0xFF], 1),
        send(0x20, &[0x55]),
        send(0x20, &[0xAA]),
    ];
    let answers = [bytes(&[0x5A]), Answer::Fail(BusError::Nack)];
    check(
        &answers,
        ops,
        100,
        2,
        ended(7, &[&[0x5A]], Some(BusError::Nack)),
    );
}

#[test]
fn a_stuck_or_lost_bus_is_told_as_it_is() {
    for error in [BusError::Stuck, BusError::Device(121)] {
        let ops = vec![send(0x20, &[1]), send(0x20, &[2])];
        check(
            &[Answer::Fail(error)],
            ops,
            100,
            1,
            ended(7, &[], Some(error)),
        );
    }
}

#[test]
fn a_deadline_within_a_delay_comes_when_it_is_due() {
    let ops = vec![send(0x20, &[1]), BusOp::Delay(ms(300)), send(0x20, &[2])];
    check(
        &[],
        ops,
        250,
        250,
        ended(7, &[&[]], Some(BusError::Deadline)),
    );
}

#[test]
fn waiting_counts_against_the_deadline() {
    let mut port = port(&[]);
    assert_eq!(
        port.give(at(0), job(1, vec![BusOp::Delay(ms(300))], 1000)),
        Ok(())
    );
    assert_eq!(
        port.give(at(0), job(2, vec![send(0x20, &[1])], 100)),
        Ok(())
    );
    assert_eq!(
        port.give(at(0), job(3, vec![send(0x20, &[2])], 400)),
        Ok(())
    );
    let expected = [
        (100, ended(2, &[], Some(BusError::Deadline))),
        (300, ended(1, &[&[]], None)),
        (301, ended(3, &[&[]], None)),
    ];
    assert_eq!(run(&mut port, 0, 1000), expected);
    assert_eq!(port.master().begun.len(), 1, "list 2 never touched the bus");
}

#[test]
fn a_flood_is_answered_and_what_was_taken_runs() {
    let mut port = port(&[]);
    let mut refused = Vec::new();
    for id in 0..1000 {
        if let Err(done) = port.give(at(0), job(id, vec![send(0x20, &[1])], 1000)) {
            refused.push(done);
        }
    }
    assert_eq!(refused.len(), 1000 - BUS_QUEUE_MAX);
    assert_eq!(refused[0], ended(32, &[], Some(BusError::QueueFull)));
    let ends = run(&mut port, 0, 1000);
    let ids: Vec<u32> = ends.iter().map(|(_, done)| done.id).collect();
    assert_eq!(ids, (0..32).collect::<Vec<u32>>());
    assert!(ends.iter().all(|(_, done)| done.error.is_none()));
}

#[test]
fn what_can_never_run_is_refused_before_its_first_step() {
    let check = |ops: Vec<BusOp>, within, bus| {
        let mut port = BusPort::new(&[BOARDS], Script::default());
        port.master().cannot = Some(0x33);
        let ops_len = ops.len();
        let given = BusJob {
            id: 7,
            bus,
            ops,
            within,
        };
        let refused = port.give(at(0), given).expect_err("refused");
        assert_eq!(refused.error, Some(BusError::Unsupported), "{ops_len} ops");
        assert_eq!((refused.id, refused.bus), (7, bus));
        assert_eq!(run(&mut port, 0, 1000), []);
        assert_eq!(port.master().begun, []);
    };
    let good = send(0x20, &[1]);
    let second = Duration::from_secs(1);
    check(vec![good.clone(); BUS_OPS_MAX + 1], second, BOARDS);
    for bad in [
        send(0x20, &[0; BUS_WRITE_MAX + 1]),
        read(0x20, &[0], BUS_READ_MAX as u16 + 1),
        send(0x80, &[1]),
        send(0x33, &[1]),
    ] {
        check(vec![good.clone(), bad], second, BOARDS);
    }
    check(vec![good.clone()], BUS_WITHIN_MAX + ms(1), BOARDS);
    check(vec![good], second, SUPPLY);
}

#[test]
fn the_longest_list_of_the_longest_steps_runs() {
    let mut ops = vec![send(0x7F, &[9; BUS_WRITE_MAX]); BUS_OPS_MAX - 1];
    ops.push(read(0x50, &[0], BUS_READ_MAX as u16));
    let mut port = port(&[]);
    assert_eq!(port.give(at(0), job(1, ops, 60_000)), Ok(()));
    let ends = run(&mut port, 0, 60_000);
    assert_eq!((ends[0].0, ends[0].1.error), (512, None));
    assert_eq!(ends[0].1.reads[511].len(), 256);
}

#[test]
fn steps_run_in_order_with_their_pauses() {
    let ops = vec![
        send(0x20, &[0x55]),
        BusOp::Delay(ms(300)),
        read(0x20, &[], 1),
        BusOp::Delay(Duration::ZERO),
        read(0x50, &[0xFF], 2),
    ];
    let mut port = port(&[bytes(&[]), bytes(&[6]), bytes(&[1, 2])]);
    assert_eq!(port.give(at(10), job(1, ops, 1000)), Ok(()));
    let expected = ended(1, &[&[], &[], &[6], &[], &[1, 2]], None);
    assert_eq!(run(&mut port, 10, 1000), [(313, expected)]);
    let begun = [
        (10, BOARDS, 0x20, vec![0x55], 0),
        (311, BOARDS, 0x20, vec![], 1),
        (312, BOARDS, 0x50, vec![0xFF], 2),
    ];
    assert_eq!(port.master().begun, begun);
}

#[test]
fn an_empty_list_ends_well_at_once() {
    check(&[], Vec::new(), 100, 0, ended(7, &[], None));
}

#[test]
fn until_takes_the_first_byte_that_is_not_the_busy_one() {
    let answers = [
        bytes(&[0xFF]),
        Answer::Fail(BusError::Nack),
        bytes(&[0x06]),
        bytes(&[0x01]),
    ];
    let ops = vec![until(0xFF, 10, 300), read(0x20, &[], 1)];
    check(&answers, ops, 1000, 24, ended(7, &[&[0x06], &[0x01]], None));
}

#[test]
fn until_looks_at_the_masked_bits_alone() {
    let op = BusOp::Until {
        address: 0x50,
        write: vec![9],
        mask: 0x80,
        not: 0x80,
        every: ms(5),
        within: ms(100),
    };
    let mut port = port(&[bytes(&[0x81]), bytes(&[0x7F])]);
    assert_eq!(port.give(at(0), job(1, vec![op], 1000)), Ok(()));
    assert_eq!(run(&mut port, 0, 1000), [(7, ended(1, &[&[0x7F]], None))]);
    assert_eq!(port.master().begun[1], (6, BOARDS, 0x50, vec![9], 1));
}

#[test]
fn until_unmet_gives_the_last_byte_and_the_list_goes_on() {
    let answers = vec![bytes(&[0xFF]); 4];
    let ops = vec![until(0xFF, 10, 30), send(0x20, &[1])];
    // Tries at 0, 11, 22 and, the last, when the time is up.
    check(&answers, ops, 1000, 32, ended(7, &[&[0xFF], &[]], None));
}

#[test]
fn until_without_any_byte_is_a_nack() {
    let answers = vec![Answer::Fail(BusError::Nack); 4];
    let ops = vec![until(0xFF, 10, 30), send(0x20, &[1])];
    check(&answers, ops, 1000, 31, ended(7, &[], Some(BusError::Nack)));
}

#[test]
fn until_is_ended_by_the_lists_deadline_and_by_a_stuck_bus() {
    let busy = vec![bytes(&[0xFF]); 100];
    let deadline = ended(7, &[], Some(BusError::Deadline));
    check(&busy, vec![until(0xFF, 10, 300)], 50, 50, deadline);
    let stuck = ended(7, &[], Some(BusError::Stuck));
    let answers = [bytes(&[0xFF]), Answer::Fail(BusError::Stuck)];
    check(&answers, vec![until(0xFF, 10, 300)], 1000, 12, stuck);
}

#[test]
fn until_without_a_pause_does_not_spin() {
    let mut port = port(&vec![bytes(&[0xFF]); 10_000]);
    port.master().takes = Duration::ZERO;
    assert_eq!(
        port.give(at(0), job(1, vec![until(0xFF, 0, 30)], 100)),
        Ok(())
    );
    let ends = run(&mut port, 0, 1000);
    assert_eq!(ends, [(30, ended(1, &[&[0xFF]], None))]);
    assert_eq!(port.master().begun.len(), 301);
}

#[test]
fn a_late_result_is_no_reading() {
    let mut port = port(&[bytes(&[23])]);
    assert_eq!(
        port.give(at(0), job(1, vec![read(0x48, &[0], 1)], 100)),
        Ok(())
    );
    let mut done = Vec::new();
    port.service(at(0), &mut done);
    // The process slept for five seconds.
    port.service(at(5000), &mut done);
    assert_eq!(done, [ended(1, &[], Some(BusError::Deadline))]);
}

#[test]
fn a_result_of_the_wrong_length_is_no_result() {
    let wrong = ended(7, &[], Some(BusError::Device(5)));
    check(&[bytes(&[1])], vec![read(0x48, &[0], 2)], 100, 1, wrong);
}

#[test]
fn two_buses_behind_one_master_take_turns_and_each_list_stays_whole() {
    let mut port = port(&[]);
    let supply = BusJob {
        id: 1,
        bus: SUPPLY,
        ops: vec![
            send(0x10, &[0x11, 1]),
            send(0x10, &[0x11, 2]),
            BusOp::Delay(ms(10)),
        ],
        within: ms(100),
    };
    assert_eq!(port.give(at(0), supply), Ok(()));
    for id in [2, 3] {
        let ops = vec![send(0x20, &[id as u8]), send(0x20, &[id as u8 + 10])];
        assert_eq!(port.give(at(0), job(id, ops, 100)), Ok(()));
    }
    let ends = run(&mut port, 0, 100);
    let order: Vec<(BusId, u8)> = port
        .master()
        .begun
        .iter()
        .map(|b| (b.1, b.3[b.3.len() - 1]))
        .collect();
    let expected = [
        (BOARDS, 2),
        (SUPPLY, 1),
        (BOARDS, 12),
        (SUPPLY, 2),
        (BOARDS, 3),
        (BOARDS, 13),
    ];
    assert_eq!(order, expected);
    let ends: Vec<(u64, u32)> = ends.iter().map(|(ms, done)| (*ms, done.id)).collect();
    assert_eq!(ends, [(3, 2), (6, 3), (14, 1)]);
}

/// Every list that was taken ends once, by its deadline, whatever the wire does.
#[test]
fn every_list_ends_once_and_in_time_on_any_wire() {
    for seed in 0..300 {
        let mut rng = units::Rng::new(seed);
        let mut port = port(&[]);
        let mut open = std::collections::BTreeMap::new();
        let mut done = Vec::new();
        let mut now = at(0);
        for id in 0..200 {
            let answer = match rng.below(8) {
                0 => Answer::Never,
                1 => Answer::Fail(BusError::Nack),
                2 => Answer::Fail(BusError::Stuck),
                _ => bytes(&[rng.below(2) as u8 * 0xFF]),
            };
            port.master().answers.push_back(answer);
            port.master().takes = ms(rng.below(5));
            let step = |rng: &mut units::Rng| match rng.below(3) {
                0 => BusOp::Delay(ms(rng.below(40))),
                1 => until(0xFF, rng.below(10), rng.below(50)),
                _ => read(0x20, &[], 1),
            };
            let ops = (0..rng.below(5)).map(|_| step(&mut rng)).collect();
            let mut given = job(id, ops, rng.below(100));
            given.bus = if rng.chance(0.5) { BOARDS } else { SUPPLY };
            let deadline = now + given.within;
            match port.give(now, given) {
                Ok(()) => drop(open.insert(id, deadline)),
                Err(done) => assert_eq!(done.error, Some(BusError::QueueFull)),
            }
            // Sometimes the loop that owns the port sleeps too long.
            let end = now + ms(rng.below(20));
            loop {
                port.service(now, &mut done);
                for one in done.drain(..) {
                    let deadline = open.remove(&one.id).expect("ended once");
                    let in_time = one.error == Some(BusError::Deadline) || now <= deadline;
                    assert!(in_time, "seed {seed}: {one:?} at {now:?}");
                }
                assert!(open.values().all(|d| *d > now), "seed {seed}: overdue");
                match port.next_event() {
                    Some(next) if next <= end => now = next.max(now),
                    _ => break,
                }
            }
            now = end;
        }
    }
}
