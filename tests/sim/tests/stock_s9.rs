//! An S9 behind the FPGA that it is sold with: one divider for all chains, one midstate a job.
//! Grade: exact, unless a test says otherwise.

use sim::{World, WorldOptions};
use telemetry::{ChainState, MachineState, Snapshot};
use twin::machine::{Direction, Noise};
use units::{ChainSlot, Duration, Instant};

const UP_WITHIN: Duration = Duration::from_secs(120);

fn on_stock(mut options: WorldOptions) -> WorldOptions {
    let stock = board_support::machine_on("antminer-s9", "zynq-c41-stock");
    options.machine.control_board = stock.expect("it is named").control_board;
    options
}

fn options(seed: u64) -> WorldOptions {
    on_stock(WorldOptions::healthy(seed, "antminer-s9"))
}

fn all_hash(snapshot: &Snapshot) -> bool {
    let mut chains = snapshot.chains.iter();
    chains.all(|chain| chain.state == ChainState::Hashing)
}

fn hashing(options: WorldOptions) -> World {
    let mut world = World::new(options);
    assert!(world.run_until(UP_WITHIN, all_hash), "{:?}", world.notes);
    world
}

#[test]
fn every_chip_is_found_and_the_machine_earns() {
    let mut world = hashing(options(51));
    world.run_for(Duration::from_secs(60));
    let snapshot = world.snapshot();
    assert_eq!(snapshot.state, MachineState::Hashing);
    assert!(snapshot.faults.is_empty(), "{:?}", snapshot.faults);
    for chain in &snapshot.chains {
        assert_eq!(chain.chips_found, Some(63));
        assert_eq!((chain.hw_errors, chain.damaged_frames), (0, 0));
    }
    let rate = snapshot.hashrate;
    let (measured, nominal) = (rate.m1.unwrap_or(0.0), rate.nominal.unwrap_or(0.0));
    assert!((13.0..15.0).contains(&nominal), "{nominal}");
    assert!(
        (measured / nominal - 1.0).abs() < 0.1,
        "{measured} of {nominal}"
    );
    let verdicts = world.settle_accounts();
    assert!(verdicts.submitted > 100, "{verdicts:?}");
    assert_eq!(world.snapshot().shares.lost, 0);
}

#[test]
fn damage_on_the_lines_is_counted_and_costs_no_share_that_came() {
    let mut options = options(52);
    for slot in (0..3).map(ChainSlot) {
        for direction in [Direction::ToHost, Direction::ToChips] {
            options.faults.noise.push(Noise {
                from: Instant::from_millis(60_000),
                flip: 4e-4,
                drop: 2e-4,
                duplicate: 2e-4,
                ..Noise::on(slot, direction)
            });
        }
    }
    let mut world = hashing(options);
    world.run_for(Duration::from_secs(120));
    assert_eq!(world.snapshot().state, MachineState::Hashing);
    let verdicts = world.settle_accounts();
    assert!(verdicts.submitted > 100, "{verdicts:?}");
    assert!(verdicts.damaged > 0, "{verdicts:?}");
}

/// Supply, controllers, sensors and fans behind the same window. Grade: thinned(64).
#[test]
fn a_whole_machine_comes_up_behind_its_window() {
    let mut options = on_stock(WorldOptions::whole(53, "antminer-s9"));
    options.thinning = 64;
    let mut world = World::new(options);
    world.run_for(Duration::from_secs(300));
    let snapshot = world.snapshot();
    assert_eq!(
        snapshot.state,
        MachineState::Hashing,
        "{:?}",
        snapshot.faults
    );
    assert!(all_hash(&snapshot), "{:?}", snapshot.chains);
    assert!(snapshot.shares.accepted > 20, "{:?}", snapshot.shares);
    assert!(
        snapshot
            .fans
            .iter()
            .all(|fan| fan.rpm.is_some_and(|r| r > 1000))
    );
    world.twin(|twin| assert_eq!(twin.parts().expect("fitted").dangers().0, 0));
}
