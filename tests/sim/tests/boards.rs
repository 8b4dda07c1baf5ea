//! Boards that are not what they should be: the rest of the machine goes on, and the fault
//! names the place. Grade: exact.

use sim::{World, WorldOptions};
use telemetry::{ChainState, Code, MachineState, Snapshot};
use twin::machine::{BoardFault, DeadChip};
use units::{ChainSlot, ChipIndex, Duration, Instant};

const MACHINES: [&str; 2] = ["antminer-s19-pro", "antminer-s21-pro"];
const BAD: ChainSlot = ChainSlot(1);

fn run(options: WorldOptions, seconds: u64) -> (World, Snapshot) {
    let mut world = World::new(options);
    world.run_for(Duration::from_secs(seconds));
    let snapshot = world.snapshot();
    (world, snapshot)
}

fn has_fault(snapshot: &Snapshot, code: Code) -> bool {
    snapshot
        .faults
        .iter()
        .any(|f| f.code == code && f.place == format!("chain {BAD}"))
}

fn others_hash(snapshot: &Snapshot) -> bool {
    snapshot
        .chains
        .iter()
        .filter(|chain| chain.slot != BAD.0)
        .all(|chain| chain.state == ChainState::Hashing)
}

#[test]
fn a_missing_board_leaves_the_others_hashing() {
    for machine in MACHINES {
        let mut options = WorldOptions::healthy(11, machine);
        options.faults.boards.push(BoardFault::Absent { slot: BAD });
        let (mut world, snapshot) = run(options, 30);
        assert_eq!(snapshot.state, MachineState::Hashing, "{machine}");
        assert!(others_hash(&snapshot), "{machine}");
        assert!(
            has_fault(&snapshot, Code::ChainMissing),
            "{machine}: {:?}",
            snapshot.faults
        );
        world.settle_accounts();
    }
}

#[test]
fn a_machine_without_boards_is_a_fault_and_stays_up() {
    for machine in MACHINES {
        let mut options = WorldOptions::healthy(12, machine);
        for slot in 0..options.machine.slots {
            options.faults.boards.push(BoardFault::Absent {
                slot: ChainSlot(slot),
            });
        }
        let (_, snapshot) = run(options, 30);
        assert_eq!(snapshot.state, MachineState::Fault, "{machine}");
    }
}

#[test]
fn a_chip_too_few_is_told_and_mined_with() {
    for machine in MACHINES {
        let mut options = WorldOptions::healthy(13, machine);
        let chips = options.machine.hashboard.chips;
        options.faults.boards.push(BoardFault::Chips {
            slot: BAD,
            count: chips - 1,
        });
        let (mut world, snapshot) = run(options, 30);
        let chain = &snapshot.chains[usize::from(BAD.0)];
        assert_eq!(chain.chips_found, Some(chips - 1), "{machine}");
        assert_eq!(chain.state, ChainState::Hashing, "{machine}");
        assert!(
            has_fault(&snapshot, Code::ChainChips),
            "{machine}: {:?}",
            snapshot.faults
        );
        world.settle_accounts();
    }
}

#[test]
fn a_chip_that_dies_while_hashing_costs_only_what_lies_behind_it() {
    for machine in MACHINES {
        let mut options = WorldOptions::healthy(14, machine);
        let middle = options.machine.hashboard.chips / 2;
        options.faults.dead_chips.push(DeadChip {
            slot: BAD,
            chip: ChipIndex(middle),
            from: Instant::from_millis(15_000),
        });
        let (mut world, snapshot) = run(options, 60);
        assert!(others_hash(&snapshot), "{machine}");
        let chips = snapshot.chains[usize::from(BAD.0)]
            .chips
            .as_ref()
            .expect("asked for");
        let behind: u64 = chips[usize::from(middle)..].iter().map(|c| c.nonces).sum();
        let before: u64 = chips[..usize::from(middle)].iter().map(|c| c.nonces).sum();
        assert!(
            before > 2 * behind,
            "{machine}: {before} before, {behind} behind"
        );
        world.settle_accounts();
    }
}
