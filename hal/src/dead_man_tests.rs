//! [`DeadMan`] over lines that remember, and fail when told to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::*;
use crate::BusId;

/// The lines as they are, and the last times that matter.
#[derive(Debug)]
struct Board {
    supply: bool,
    released: Vec<ChainSlot>,
    full: bool,
    kicks: u32,
    /// When the supply was last seen to go off.
    off_at: Instant,
    /// Lines that do not obey, and their errno.
    broken: BTreeMap<Line, i32>,
    /// A broken supply line moves all the same.
    moves_anyway: bool,
    /// Every call in order.
    calls: Vec<(Line, bool)>,
    /// Shortest time that the supply was off before it went on.
    shortest_off: Duration,
}

#[derive(Clone)]
struct Wires(Rc<RefCell<Board>>);

impl Wires {
    fn call(&self, line: Line, on: bool) -> (std::cell::RefMut<'_, Board>, Result<(), i32>) {
        let mut board = self.0.borrow_mut();
        board.calls.push((line, on));
        let done = board.broken.get(&line).map_or(Ok(()), |errno| Err(*errno));
        (board, done)
    }
}

impl Lines for Wires {
    fn supply(&mut self, now: Instant, on: bool) -> Result<(), i32> {
        let (mut board, done) = self.call(Line::Supply, on);
        if done.is_ok() || board.moves_anyway {
            if on && !board.supply {
                board.shortest_off = board.shortest_off.min(now.since(board.off_at));
            }
            if !on && board.supply {
                board.off_at = now;
            }
            board.supply = on;
        }
        done
    }

    fn reset(&mut self, _now: Instant, slot: ChainSlot, asserted: bool) -> Result<(), i32> {
        let (mut board, done) = self.call(Line::Reset(slot), !asserted);
        if done.is_ok() {
            board.released.retain(|s| *s != slot);
            if !asserted {
                board.released.push(slot);
            }
        }
        done
    }

    fn fans_full(&mut self, _now: Instant, full: bool) -> Result<(), i32> {
        let (mut board, done) = self.call(Line::Fans, full);
        if done.is_ok() {
            board.full = full;
        }
        done
    }

    fn kick_watchdog(&mut self, _now: Instant) -> Result<(), i32> {
        let (mut board, done) = self.call(Line::Watchdog, true);
        board.kicks += u32::from(done.is_ok());
        done
    }
}

const SLOTS: [ChainSlot; 2] = [ChainSlot(0), ChainSlot(1)];
const LOOPS: [Loop; 2] = [Loop::Engine, Loop::Bus(BusId::Supply)];
const OFF_BEFORE_ON: Duration = Duration::from_secs(30);
const LINE: HashPower = HashPower::EnableLine {
    off_before_on: OFF_BEFORE_ON,
};
const NO_LINE: HashPower = HashPower::ResetsOnly {
    controllers_cut_after: Duration::from_secs(10),
};
const LEASE: Order = Order::Lease { lease: LEASE_MAX };
const ARM: Order = Order::Arm { lease: LEASE_MAX };
const ON: Order = Order::Supply { on: true };
const OFF: Order = Order::Supply { on: false };
const RELEASE: Order = Order::Reset {
    slot: SLOTS[0],
    asserted: false,
};

/// A dead man, its lines, and loops that move before each lease.
struct Bench {
    dead_man: DeadMan<Wires>,
    board: Rc<RefCell<Board>>,
    count: u64,
    still: Option<Loop>,
}

impl Bench {
    /// At 0, over lines as a killed process may have left them: all on.
    fn new(power: HashPower, off_since: Option<Instant>) -> Self {
        let board = Rc::new(RefCell::new(Board {
            supply: matches!(power, HashPower::EnableLine { .. }),
            released: SLOTS.to_vec(),
            full: false,
            kicks: 0,
            off_at: Instant::ZERO,
            broken: BTreeMap::new(),
            moves_anyway: false,
            calls: Vec::new(),
            shortest_off: Duration::MAX,
        }));
        let wires = Wires(board.clone());
        let dead_man = DeadMan::new(at(0), power, &SLOTS, &LOOPS, off_since, wires);
        Bench {
            dead_man,
            board,
            count: 0,
            still: None,
        }
    }

    /// Powered, with a lease until `ms` + 2 s.
    fn powered(ms: u64) -> Self {
        let mut bench = Bench::new(LINE, None);
        assert_eq!(bench.order(ms, ARM), Ok(()));
        assert_eq!(bench.order(ms, ON), Ok(()));
        assert_eq!(bench.order(ms, RELEASE), Ok(()));
        bench
    }

    fn order(&mut self, ms: u64, order: Order) -> Result<(), Refusal> {
        if matches!(order, Order::Arm { .. } | Order::Lease { .. }) {
            self.count += 1;
            for who in LOOPS.into_iter().filter(|who| Some(*who) != self.still) {
                self.dead_man.heard(who, self.count);
            }
        }
        self.dead_man.order(at(ms), order)
    }

    fn service(&mut self, ms: u64) -> Vec<Told> {
        let mut told = Vec::new();
        self.dead_man.service(at(ms), &mut told);
        told
    }

    fn board(&self) -> std::cell::RefMut<'_, Board> {
        self.board.borrow_mut()
    }

    /// Supply on, boards released, fans at full.
    fn lines(&self) -> (bool, usize, bool) {
        let board = self.board();
        (board.supply, board.released.len(), board.full)
    }
}

const SAFE: (bool, usize, bool) = (false, 0, true);

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

#[test]
fn it_starts_safe_whatever_a_killed_process_left() {
    let mut bench = Bench::new(LINE, None);
    assert_eq!(bench.lines(), SAFE);
    assert_eq!(bench.dead_man.standing(), Standing::Safe);
    assert_eq!(bench.dead_man.next_event(), None);
    assert_eq!(bench.service(1_000_000), []);
    for order in [LEASE, ON, RELEASE] {
        assert_eq!(bench.order(1_000_000, order), Err(Refusal::NotArmed));
    }
    assert_eq!(bench.board().kicks, 0);
    assert_eq!(bench.lines(), SAFE);
}

#[test]
fn a_lease_that_ends_cuts_power_first_and_needs_arming_again() {
    let mut bench = Bench::powered(30_000);
    assert_eq!(bench.lines(), (true, 1, false));
    assert_eq!(bench.dead_man.next_event(), Some(at(32_000)));
    assert_eq!(bench.service(31_999), []);
    assert_eq!(bench.lines(), (true, 1, false));
    bench.board().calls.clear();
    let why = Why::LeaseEnded { stalled: None };
    assert_eq!(bench.service(32_000), [Told::Cut(why)]);
    assert_eq!(bench.lines(), SAFE);
    assert_eq!(bench.board().calls[0], (Line::Supply, false));
    for order in [LEASE, ON, RELEASE] {
        assert_eq!(bench.order(32_001, order), Err(Refusal::NotArmed));
    }
    assert_eq!(bench.order(32_002, ARM), Ok(()));
    assert_eq!(bench.lines(), (false, 0, false));
    let ready_at = at(62_000);
    assert_eq!(bench.order(32_003, ON), Err(Refusal::TooSoon { ready_at }));
}

#[test]
fn an_order_that_comes_after_the_end_of_its_lease_is_too_late() {
    for order in [LEASE, ON, RELEASE, OFF] {
        let mut bench = Bench::powered(30_000);
        let done = bench.order(35_000, order);
        assert_eq!(done.is_ok(), order == OFF, "{order:?}");
        assert_eq!(bench.lines(), SAFE, "{order:?}");
    }
}

#[test]
fn a_longer_lease_is_cut_down_and_a_lease_of_nothing_ends_at_once() {
    let mut bench = Bench::powered(30_000);
    let day = Duration::from_secs(86_400);
    assert_eq!(bench.order(31_000, Order::Lease { lease: day }), Ok(()));
    assert_eq!(bench.dead_man.next_event(), Some(at(33_000)));
    let lease = Duration::ZERO;
    assert_eq!(bench.order(31_500, Order::Lease { lease }), Ok(()));
    bench.service(31_500);
    assert_eq!(bench.lines(), SAFE);
}

#[test]
fn a_loop_that_stands_still_gets_nobody_a_lease() {
    for who in LOOPS {
        let mut bench = Bench::powered(30_000);
        bench.still = Some(who);
        let refused = Err(Refusal::Stalled(who));
        assert_eq!(bench.order(31_000, LEASE), refused);
        assert_eq!(bench.order(31_900, LEASE), refused);
        let why = Why::LeaseEnded { stalled: Some(who) };
        assert_eq!(bench.service(32_000), [Told::Cut(why)]);
        assert_eq!(bench.lines(), SAFE);
        assert_eq!(bench.order(32_001, ARM), refused);
        bench.still = None;
        assert_eq!(bench.order(32_002, ARM), Ok(()));
    }
}

#[test]
fn a_loop_that_catches_up_within_the_lease_costs_nothing() {
    let mut bench = Bench::powered(30_000);
    bench.still = Some(Loop::Engine);
    assert!(bench.order(31_000, LEASE).is_err());
    bench.still = None;
    assert_eq!(bench.order(31_900, LEASE), Ok(()));
    assert_eq!(bench.service(32_500), []);
    assert_eq!(bench.lines(), (true, 1, false));
    // Loops that nobody named do not count.
    bench.dead_man.heard(Loop::Fans, 1);
    assert_eq!(bench.order(33_000, LEASE), Ok(()));
}

#[test]
fn the_supply_stays_off_for_its_time_unless_the_caller_knows_better() {
    let check = |off_since: Option<u64>, first_ms: u64| {
        let mut bench = Bench::new(LINE, off_since.map(at));
        assert_eq!(bench.order(first_ms.saturating_sub(1), ARM), Ok(()));
        if first_ms > 0 {
            let ready_at = at(first_ms);
            let refused = Err(Refusal::TooSoon { ready_at });
            assert_eq!(bench.order(first_ms - 1, ON), refused);
            assert_eq!(bench.dead_man.ready_at(), Some(ready_at));
        }
        assert_eq!(bench.order(first_ms, ON), Ok(()));
        assert_eq!(bench.dead_man.ready_at(), None);
    };
    check(None, 30_000);
    check(Some(0), 30_000);
    // Nobody knows the future.
    check(Some(50_000), 30_000);

    let mut bench = Bench::new(LINE, None);
    bench.dead_man.off_since = Some(at(0));
    assert_eq!(bench.order(40_000, ARM), Ok(()));
    assert_eq!(bench.order(40_000, ON), Ok(()));
    assert_eq!(bench.order(41_000, OFF), Ok(()));
    assert_eq!(
        bench.order(41_000, ON),
        Err(Refusal::TooSoon {
            ready_at: at(71_000)
        })
    );
    // That it is off already does not make it wait longer.
    assert_eq!(bench.order(42_000, OFF), Ok(()));
    assert_eq!(bench.order(42_500, Order::Cut), Ok(()));
    assert_eq!(bench.dead_man.ready_at(), Some(at(71_000)));
}

#[test]
fn what_the_caller_knows_of_the_past_counts() {
    let wires = Bench::new(LINE, None).board;
    let lines = Wires(wires.clone());
    let mut dead_man = DeadMan::new(at(50_000), LINE, &SLOTS, &[], Some(at(25_000)), lines);
    assert_eq!(dead_man.order(at(54_000), ARM), Ok(()));
    let ready_at = at(55_000);
    assert_eq!(
        dead_man.order(at(54_999), ON),
        Err(Refusal::TooSoon { ready_at })
    );
    assert_eq!(dead_man.order(at(55_000), ON), Ok(()));
    assert!(wires.borrow().supply);
}

#[test]
fn resets_are_released_under_power_only_and_go_with_it() {
    let mut bench = Bench::new(LINE, None);
    assert_eq!(bench.order(30_000, ARM), Ok(()));
    assert_eq!(bench.order(30_000, RELEASE), Err(Refusal::NoPower));
    assert_eq!(bench.order(30_000, ON), Ok(()));
    assert_eq!(bench.lines(), (true, 0, false));
    assert_eq!(bench.order(30_000, RELEASE), Ok(()));
    let asserted = true;
    let slot = SLOTS[0];
    assert_eq!(bench.order(30_000, Order::Reset { slot, asserted }), Ok(()));
    assert_eq!(bench.lines(), (true, 0, false));
    let slot = ChainSlot(7);
    for asserted in [true, false] {
        let order = Order::Reset { slot, asserted };
        assert_eq!(bench.order(30_000, order), Err(Refusal::NoSlot));
    }
    assert_eq!(bench.order(30_000, RELEASE), Ok(()));
    assert_eq!(bench.order(30_000, OFF), Ok(()));
    assert_eq!(bench.lines(), (false, 0, false));
    assert_eq!(bench.dead_man.standing(), Standing::Armed);
}

#[test]
fn without_an_enable_line_the_resets_are_all_there_is() {
    let mut bench = Bench::new(NO_LINE, None);
    bench.board().calls.clear();
    assert_eq!(bench.order(0, RELEASE), Err(Refusal::NotArmed));
    assert_eq!(bench.order(0, ARM), Ok(()));
    assert_eq!(bench.order(0, ON), Err(Refusal::NoLine));
    assert_eq!(bench.order(0, OFF), Err(Refusal::NoLine));
    assert_eq!(bench.order(0, RELEASE), Ok(()));
    assert_eq!(bench.lines(), (false, 1, false));
    bench.service(2000);
    assert_eq!(bench.lines(), SAFE);
    assert_eq!(bench.dead_man.ready_at(), None);
    let touched = bench.board().calls.iter().any(|c| c.0 == Line::Supply);
    assert!(!touched);
}

#[test]
fn a_cut_that_is_ordered_is_at_once() {
    let mut bench = Bench::powered(30_000);
    assert_eq!(bench.order(30_500, Order::Cut), Ok(()));
    assert_eq!(bench.lines(), SAFE);
    assert_eq!(bench.service(30_500), [Told::Cut(Why::Ordered)]);
}

#[test]
fn a_line_that_does_not_obey_is_driven_again_and_nothing_starts_meanwhile() {
    let mut bench = Bench::powered(30_000);
    let kicks = bench.board().kicks;
    bench.board().broken.insert(Line::Supply, 5);
    let line = Line::Supply;
    let told = bench.service(32_000);
    let why = Why::LeaseEnded { stalled: None };
    assert_eq!(told, [Told::Cut(why), Told::LineFailed { line, errno: 5 }]);
    assert_eq!(bench.lines(), (true, 0, true), "the others went");
    assert_eq!(bench.dead_man.next_event(), Some(at(32_100)));
    assert_eq!(bench.service(32_100), [], "told once");
    assert_eq!(bench.order(32_150, ARM), Err(Refusal::Line(line)));
    assert_eq!(bench.board().kicks, kicks, "the watchdog starves");
    bench.board().broken.clear();
    assert_eq!(bench.service(32_200), [Told::AllSafe]);
    assert_eq!(bench.lines(), SAFE);
    assert_eq!(bench.dead_man.next_event(), None);
    assert_eq!(bench.order(32_300, ARM), Ok(()));
    // The time counts from when the line obeyed.
    let ready_at = at(62_200);
    assert_eq!(bench.order(32_300, ON), Err(Refusal::TooSoon { ready_at }));
}

#[test]
fn a_supply_that_cannot_be_switched_is_cut() {
    let mut bench = Bench::new(LINE, None);
    assert_eq!(bench.order(30_000, ARM), Ok(()));
    bench.board().broken.insert(Line::Supply, 5);
    bench.board().moves_anyway = true;
    assert_eq!(bench.order(30_000, ON), Err(Refusal::Line(Line::Supply)));
    assert_eq!(bench.lines(), SAFE);
    assert_eq!(bench.dead_man.standing(), Standing::Safe);

    let mut bench = Bench::powered(30_000);
    let line = Line::Reset(SLOTS[0]);
    bench.board().broken.insert(line, 5);
    let asserted = true;
    let slot = SLOTS[0];
    let hold = Order::Reset { slot, asserted };
    assert_eq!(bench.order(30_500, hold), Err(Refusal::Line(line)));
    assert_eq!(bench.lines(), (false, 1, true));
    let told = bench.service(30_500);
    assert!(told.contains(&Told::Cut(Why::LineFailed(line))), "{told:?}");
}

#[test]
fn a_watchdog_that_cannot_be_fed_is_told_and_stops_nothing() {
    let mut bench = Bench::powered(30_000);
    bench.board().broken.insert(Line::Watchdog, 16);
    assert_eq!(bench.order(31_000, LEASE), Ok(()));
    let line = Line::Watchdog;
    assert_eq!(
        bench.service(31_000),
        [Told::LineFailed { line, errno: 16 }]
    );
    assert_eq!(bench.lines(), (true, 1, false));
}

#[test]
fn a_clock_that_goes_back_ends_the_lease() {
    let mut bench = Bench::powered(30_000);
    bench.service(1000);
    assert_eq!(bench.lines(), SAFE);
}

#[test]
fn a_dead_man_that_is_dropped_leaves_everything_safe() {
    let bench = Bench::powered(30_000);
    let board = bench.board.clone();
    drop(bench);
    assert_eq!((board.borrow().supply, board.borrow().full), (false, true));
    assert!(board.borrow().released.is_empty());
}

#[test]
fn news_that_nobody_hears_do_not_pile_up() {
    let mut bench = Bench::powered(30_000);
    for i in 0..10_000 {
        bench.board().broken.insert(Line::Fans, i);
        let _ = bench.order(30_000, Order::Cut);
        let _ = bench.order(30_000, ARM);
    }
    assert!(bench.service(30_000).len() <= TOLD_MAX);
}

#[path = "dead_man_tests/random.rs"]
mod random;
