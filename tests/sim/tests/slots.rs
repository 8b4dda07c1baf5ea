//! Slots whose board is not there, or not any more, on whole machines and over every way to a chain.
//! Grade: thinned(64), physics exact.

use sim::{World, WorldOptions};
use telemetry::{ChainState, Code, Command, MachineState, Severity, Snapshot};
use twin::machine::{BoardFault, Outage};
use units::{ChainSlot, Duration, Instant};

const BAD: ChainSlot = ChainSlot(1);
/// It hashes at its full frequency long before.
const PULLED: Instant = Instant::from_millis(300_000);
const SEATED: Instant = Instant::from_millis(450_000);

/// FPGA with a window, serial line, core of the open design, another FPGA, SPI.
fn machines() -> Vec<(&'static str, WorldOptions)> {
    let whole = |model| (model, WorldOptions::whole(61, model));
    let (name, mut stock) = whole("antminer-s9");
    let board = board_support::machine_on(name, "zynq-c41-stock").expect("it is named");
    stock.machine.control_board = board.control_board;
    vec![
        whole("antminer-s19-pro"),
        whole("antminer-s21-pro"),
        whole("antminer-s9"),
        ("antminer-s9 with its own FPGA", stock),
        whole("dragonmint-t1"),
    ]
}

fn each(mut check: impl FnMut(&str, WorldOptions)) {
    for (name, mut options) in machines() {
        options.thinning = 64;
        check(name, options);
    }
}

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// Everything that needs a person, with its place.
fn faults(snapshot: &Snapshot) -> Vec<(Code, &str)> {
    let faults = snapshot.faults.iter();
    faults.map(|f| (f.code, &*f.place)).collect()
}

fn missing(slot: ChainSlot) -> (Code, String) {
    (Code::ChainMissing, format!("chain {slot}"))
}

fn others_hash(snapshot: &Snapshot) -> bool {
    let mut others = snapshot.chains.iter().filter(|c| c.slot != BAD.0);
    others.all(|c| c.state == ChainState::Hashing)
}

#[test]
fn a_slot_that_is_empty_from_the_start_is_told_as_that_and_as_nothing_else() {
    each(|name, mut options| {
        options.faults.boards = vec![BoardFault::Absent { slot: BAD }];
        let mut world = World::new(options);
        world.run_for(seconds(300));
        let now = world.snapshot();
        assert_eq!(now.state, MachineState::Hashing, "{name}");
        assert!(others_hash(&now), "{name}: {:?}", now.chains);
        let (code, place) = missing(BAD);
        assert_eq!(faults(&now), [(code, &*place)], "{name}");
        let bad = |n: &&telemetry::Note| n.code.severity() > Severity::Info;
        let told: Vec<_> = world.notes.iter().filter(bad).collect();
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        assert!(told[0].at < Instant::from_millis(1_000), "{name}: {told:?}");
    });
}

#[test]
fn a_machine_without_boards_says_so_and_stays_off() {
    each(|name, mut options| {
        let slots: Vec<_> = (0..options.machine.slots).map(ChainSlot).collect();
        let absent = slots.iter().map(|slot| BoardFault::Absent { slot: *slot });
        options.faults.boards = absent.collect();
        let mut world = World::new(options);
        world.run_for(seconds(300));
        let now = world.snapshot();
        assert_eq!(now.state, MachineState::Fault, "{name}");
        let all: Vec<_> = slots.iter().map(|slot| missing(*slot)).collect();
        let all: Vec<_> = all.iter().map(|(code, place)| (*code, &**place)).collect();
        assert_eq!(faults(&now), all, "{name}");
        let on = world.notes.iter().find(|n| n.code == Code::PowerOn);
        assert_eq!(on, None, "{name}");
    });
}

/// What is pulled goes off with its code, and the others do not notice. Seated again it stays dark until the owner says
/// that hands are out of the machine.
#[test]
fn a_board_that_is_pulled_while_it_hashes_is_missing_alone_until_it_is_ordered_back() {
    each(|name, mut options| {
        options.faults.pulled = vec![Outage {
            slot: BAD,
            from: PULLED,
            until: SEATED,
        }];
        let mut world = World::new(options);
        world.run_for(PULLED.since(Instant::ZERO));
        let now = world.snapshot();
        assert!(
            now.chains.iter().all(|c| c.state == ChainState::Hashing),
            "{name}"
        );
        for _ in 0..120 {
            world.run_for(seconds(1));
            let now = world.snapshot();
            assert!(
                others_hash(&now),
                "{name}: {:?}\n{:?}",
                now.chains,
                now.faults
            );
        }
        let bad = usize::from(BAD.0);
        let now = world.snapshot();
        assert_eq!(now.chains[bad].state, ChainState::Absent, "{name}");
        let (code, place) = missing(BAD);
        let told = world.notes.iter().find(|n| n.code == code);
        let told = told.unwrap_or_else(|| panic!("{name}: {:?}", faults(&now)));
        assert_eq!(told.place, place, "{name}");
        let after = told.at.since(PULLED);
        assert!(after <= seconds(4), "{name}: {after:?}");
        let since = world.notes.iter().filter(|n| n.at >= PULLED);
        let codes: Vec<_> = since.map(|n| (n.code, &*n.place)).collect();
        for silent in [
            Code::SensorSilent,
            Code::PsuCut,
            Code::BoardMemory,
            Code::ChainGaveUp,
        ] {
            assert!(!codes.iter().any(|c| c.0 == silent), "{name}: {codes:?}");
        }

        world.run_for(SEATED.since(world.now()) + seconds(120));
        let now = world.snapshot();
        assert_eq!(now.chains[bad].state, ChainState::Absent, "{name}");
        assert!(others_hash(&now), "{name}: {:?}", now.chains);
        world.command(Command::Resume);
        let back = world.run_until(seconds(300), |now| {
            now.chains.iter().all(|c| c.state == ChainState::Hashing)
        });
        let now = world.snapshot();
        assert!(back, "{name}: {:?} {:?}", now.chains, now.faults);
        let (chain, slot) = (format!("chain {BAD}"), format!("slot {BAD}"));
        let here = |f: &&telemetry::Fault| f.place == chain || f.place == slot;
        let left: Vec<_> = now.faults.iter().filter(here).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
        assert_eq!(now.shares.lost, 0, "{name}");
    });
}
