//! A healthy machine at a well-behaved pool. Grade: exact.

use sim::{World, WorldOptions};
use telemetry::{ChainState, MachineState};
use units::Duration;

/// Behind the stock FPGA, serial lines, and the cores of the open FPGA design.
const MACHINES: [&str; 3] = ["antminer-s19-pro", "antminer-s21-pro", "antminer-s9"];

fn hashing(machine: &str, seed: u64) -> World {
    let mut world = World::new(WorldOptions::healthy(seed, machine));
    let up = world.run_until(Duration::from_secs(120), |snapshot| {
        snapshot
            .chains
            .iter()
            .all(|chain| chain.state == ChainState::Hashing)
    });
    assert!(up, "{machine}: {:?}", world.notes);
    world
}

#[test]
fn every_chip_is_found_and_the_machine_earns() {
    for machine in MACHINES {
        let mut world = hashing(machine, 1);
        world.run_for(Duration::from_secs(30));
        let snapshot = world.snapshot();
        assert_eq!(snapshot.state, MachineState::Hashing, "{machine}");
        for chain in &snapshot.chains {
            assert_eq!(chain.chips_found, Some(chain.chips_expected), "{machine}");
            assert_eq!(chain.hw_errors, 0, "{machine}");
            assert_eq!(chain.damaged_frames, 0, "{machine}");
        }
        assert!(
            snapshot.shares.accepted > 100,
            "{machine}: {:?}",
            snapshot.shares
        );
        assert!(
            snapshot.faults.is_empty(),
            "{machine}: {:?}",
            snapshot.faults
        );
        let verdicts = world.settle_accounts();
        assert!(verdicts.submitted > 100, "{machine}: {verdicts:?}");
    }
}

#[test]
fn the_measured_hashrate_is_the_models() {
    for machine in MACHINES {
        let mut world = hashing(machine, 2);
        world.run_for(Duration::from_secs(60));
        let rate = world.snapshot().hashrate;
        let (measured, nominal) = (rate.m1.unwrap_or(0.0), rate.nominal.unwrap_or(0.0));
        // Some 6,000 nonces a minute: five sigma are below 7 %.
        assert!(
            (measured / nominal - 1.0).abs() < 0.07,
            "{machine}: {measured} of {nominal}"
        );
    }
}

#[test]
fn chains_mine_during_the_ramp() {
    for machine in MACHINES {
        let mut world = World::new(WorldOptions::healthy(3, machine));
        let mined = world.run_until(Duration::from_secs(120), |snapshot| {
            snapshot
                .chains
                .iter()
                .any(|c| c.state == ChainState::Ramping && c.nonces > 0)
        });
        assert!(mined, "{machine}");
    }
}

#[test]
fn one_seed_gives_the_same_bytes() {
    for machine in MACHINES {
        let digest = |seed| {
            let mut world = World::new(WorldOptions::healthy(seed, machine));
            world.run_for(Duration::from_secs(15));
            (world.digest(), world.steps(), world.snapshot().shares)
        };
        assert_eq!(digest(7), digest(7), "{machine}");
        assert_ne!(digest(7).0, digest(8).0, "{machine}");
    }
}

#[test]
fn a_shut_down_stops_within_five_seconds_and_loses_nothing() {
    for machine in MACHINES {
        let mut world = hashing(machine, 4);
        world.run_for(Duration::from_secs(5));
        world.settle_accounts();
        let shares = world.snapshot().shares;
        assert_eq!(
            (shares.lost, shares.in_flight),
            (0, 0),
            "{machine}: {shares:?}"
        );
    }
}

/// Grade: thinned(100), against the exact runs above by way of the same model.
#[test]
fn a_thinned_run_agrees_with_the_exact_one() {
    // The made-up jobs that open an S9's cores are thinned too: they last until the first real
    // one, and bring nonces that fit no work. Its hashrate is compared in `open_core.rs`.
    for machine in MACHINES.into_iter().filter(|m| *m != "antminer-s9") {
        let mut options = WorldOptions::healthy(5, machine);
        options.thinning = 100;
        let mut world = World::new(options);
        world.run_for(Duration::from_secs(90));
        let snapshot = world.snapshot();
        let (measured, nominal) = (
            snapshot.hashrate.m1.unwrap_or(0.0),
            snapshot.hashrate.nominal.unwrap_or(0.0),
        );
        assert!(
            (measured / nominal - 1.0).abs() < 0.07,
            "{machine}: {measured} of {nominal}"
        );
        assert_eq!(snapshot.shares.hw_errors, 0, "{machine}");
        assert!(world.settle_accounts().submitted > 100, "{machine}");
    }
}
