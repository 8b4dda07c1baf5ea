use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};

use hal::{
    Beats, GuardedBoard, HashPower, LEASE_MAX, Lines, Loop, Order, Plugs, Refusal, Told, Why,
};
use units::{ChainSlot, Instant};

use super::*;

/// Whether the supply is on, and a loop that is alive.
struct Machine {
    on: Arc<Mutex<bool>>,
    beats: Beats,
    inbox: SyncSender<Message>,
    heard: Receiver<Message>,
}

struct Wires(Arc<Mutex<bool>>);

impl Lines for Wires {
    fn supply(&mut self, _: Instant, on: bool) -> Result<(), i32> {
        *self.0.lock().unwrap() = on;
        Ok(())
    }
    fn reset(&mut self, _: Instant, _: ChainSlot, _: bool) -> Result<(), i32> {
        Ok(())
    }
    fn fans_full(&mut self, _: Instant, _: bool) -> Result<(), i32> {
        Ok(())
    }
}

/// Plug detection that has a fault which nobody thought of.
struct Bomb;

impl Plugs for Bomb {
    fn present(&mut self, _: Instant, _: ChainSlot) -> Result<bool, i32> {
        panic!("as the test wants it")
    }
}

fn machine(room: usize) -> (Machine, DeadMan) {
    let on = Arc::new(Mutex::new(true));
    let beats = Beats::new(&[Loop::Fans]);
    let (inbox, heard) = sync_channel(room);
    let power = HashPower::EnableLine {
        off_before_on: Duration::ZERO,
    };
    let (slots, lines) = ([ChainSlot(0)], Wires(Arc::clone(&on)));
    let keeper = hal::DeadMan::new(Instant::ZERO, power, &slots, &[Loop::Fans], None, lines);
    let port = Box::new(GuardedBoard::new(keeper, beats.clone(), Bomb));
    let dead_man = DeadMan::start(port, Clock::start(), &inbox).expect("a thread");
    let machine = Machine {
        on,
        beats,
        inbox,
        heard,
    };
    (machine, dead_man)
}

impl Machine {
    fn is_on(&self) -> bool {
        *self.on.lock().unwrap()
    }

    fn hear(&self) -> BoardEvent {
        match self.heard.recv_timeout(LEASE_MAX * 5) {
            Ok(Message::Event(Event::Board(event))) => event,
            _ => panic!("nothing was told"),
        }
    }

    /// Armed and powered, with everything told so far heard.
    fn power(&self, dead_man: &DeadMan) {
        self.beats.all();
        let arm = Order::Arm { lease: LEASE_MAX };
        for order in [arm, Order::Supply { on: true }] {
            dead_man.board(BoardOp::Order(order));
            assert_eq!(self.hear(), BoardEvent::Done(order));
        }
        assert!(self.is_on());
    }
}

const ENDED: BoardEvent = BoardEvent::Told(Told::Cut(Why::LeaseEnded { stalled: None }));

#[test]
fn a_lease_that_runs_out_cuts_without_any_order() {
    let (machine, dead_man) = machine(4);
    machine.power(&dead_man);
    assert_eq!(machine.hear(), ENDED);
    assert!(!machine.is_on());
}

#[test]
fn a_full_inbox_neither_delays_a_cut_nor_loses_its_news() {
    let (machine, dead_man) = machine(2);
    machine.power(&dead_man);
    let lease = Order::Lease { lease: LEASE_MAX };
    let refused = BoardEvent::Refused(lease, Refusal::Stalled(Loop::Fans));
    for _ in 0..5 {
        dead_man.board(BoardOp::Order(lease));
    }
    let end = std::time::Instant::now() + LEASE_MAX * 5;
    while machine.is_on() && std::time::Instant::now() < end {
        thread::sleep(LOOK);
    }
    assert!(!machine.is_on(), "cut while nobody hears");
    for _ in 0..5 {
        assert_eq!(machine.hear(), refused);
    }
    let stalled = Some(Loop::Fans);
    let told = Told::Cut(Why::LeaseEnded { stalled });
    assert_eq!(machine.hear(), BoardEvent::Told(told));
}

#[test]
fn it_makes_everything_safe_before_it_goes() {
    let (machine, dead_man) = machine(4);
    machine.power(&dead_man);
    let cutter = dead_man.cutter();
    drop(dead_man);
    assert!(!machine.is_on());
    assert!(cutter.cut(), "already");
}

#[test]
fn anyone_may_cut_at_once_whatever_the_lease() {
    let (machine, dead_man) = machine(4);
    machine.power(&dead_man);
    assert!(dead_man.cutter().cut());
    assert!(!machine.is_on());
}

#[test]
fn an_engine_that_is_gone_ends_it_safely() {
    let (machine, dead_man) = machine(4);
    machine.power(&dead_man);
    let Machine {
        on, inbox, heard, ..
    } = machine;
    drop((inbox, heard));
    let lease = Order::Lease { lease: LEASE_MAX };
    dead_man.board(BoardOp::Order(lease));
    let end = std::time::Instant::now() + LEASE_MAX / 2;
    while *on.lock().unwrap() {
        assert!(std::time::Instant::now() < end, "before its lease runs out");
        thread::sleep(LOOK);
    }
}
