use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};

use hal::{
    Beats, GuardedBoard, HashPower, LEASE_MAX, Lines, Loop, Order, Plugs, Refusal, Told, Why,
};
use units::{ChainSlot, Instant};

use super::*;

/// Far beyond what anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says where a child writes what its supply's line does.
const LINE: &str = "STANNARY_TEST_LINE";
/// Says whether the dead man's own thread panics there.
const OWN: &str = "STANNARY_TEST_OWN";

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
        if let Some(path) = std::env::var_os(LINE) {
            std::fs::write(path, if on { "on" } else { "off" }).unwrap();
        }
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
        match self.heard.recv_timeout(PATIENCE) {
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
    let end = std::time::Instant::now() + PATIENCE;
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
    let end = std::time::Instant::now() + PATIENCE;
    // A lease that runs out would cut as well, and go on.
    while !dead_man.0.safe.load(Ordering::SeqCst) {
        assert!(std::time::Instant::now() < end, "it does not end");
        thread::sleep(LOOK);
    }
    assert!(!*on.lock().unwrap());
}

/// The line of a process of its own in which a thread panicked, and whether it had the time to say so.
fn check_panic(own: bool) -> bool {
    let name = format!("stannary-line-{own}-{}", std::process::id());
    let line: PathBuf = std::env::temp_dir().join(name);
    let mut child = Command::new(std::env::current_exe().expect("this test"));
    child
        .args(["--exact", "runtime::dead_man::tests::a_child_panics"])
        .arg("--nocapture")
        .env(LINE, &line);
    if own {
        child.env(OWN, "");
    }
    let output = child.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let left = std::fs::read_to_string(&line).expect("it had a supply");
    let _ = std::fs::remove_file(&line);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{said}");
    assert_eq!(left, "off", "{said}");
    said.contains("as the test wants it")
}

#[test]
fn a_panic_of_any_thread_cuts_before_it_ends_the_process() {
    assert!(check_panic(false));
    // The words of the dead man himself get a tenth of a second, in which a computer may let nobody run.
    assert!((0..5).any(|_| check_panic(true)));
}

/// What the test above runs in a process of its own; in any other it is nothing.
#[test]
fn a_child_panics() {
    let Some(line) = std::env::var_os(LINE) else {
        return;
    };
    let (machine, dead_man) = machine(4);
    end_safely_on_panic(dead_man.cutter());
    machine.power(&dead_man);
    assert_eq!(std::fs::read_to_string(line).unwrap(), "on");
    if std::env::var_os(OWN).is_some() {
        dead_man.board(BoardOp::ReadPlug { slot: ChainSlot(0) });
    } else {
        let _ = thread::spawn(|| panic!("as the test wants it")).join();
    }
    // It ends by the panic long before the lease does, which is then not what cuts.
    thread::sleep(PATIENCE);
    std::process::exit(0);
}
