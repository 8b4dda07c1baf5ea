//! An S9 behind the cores of the open FPGA design, and what can go wrong between host and core.
//! Grade: exact, unless a test says otherwise.

use sim::{Pause, Paused, World, WorldOptions};
use telemetry::{ChainState, MachineState};
use twin::machine::{Direction, Noise};
use units::{ChainSlot, Duration, Instant};

const MACHINE: &str = "antminer-s9";
const UP_WITHIN: Duration = Duration::from_secs(120);

fn hashing(options: WorldOptions) -> World {
    let mut world = World::new(options);
    let up = world.run_until(UP_WITHIN, |snapshot| {
        let mut chains = snapshot.chains.iter();
        chains.all(|chain| chain.state == ChainState::Hashing)
    });
    assert!(up, "{:?}", world.notes);
    world
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(1000 * seconds)
}

#[test]
fn damage_on_the_lines_is_counted_and_costs_no_share_that_came() {
    let mut options = WorldOptions::healthy(41, MACHINE);
    for slot in (0..3).map(ChainSlot) {
        for direction in [Direction::ToHost, Direction::ToChips] {
            options.faults.noise.push(Noise {
                from: at(60),
                flip: 2e-4,
                drop: 1e-4,
                duplicate: 1e-4,
                ..Noise::on(slot, direction)
            });
        }
    }
    let mut world = hashing(options);
    world.run_for(Duration::from_secs(120));
    let snapshot = world.snapshot();
    assert_eq!(snapshot.state, MachineState::Hashing);
    let damaged: u64 = snapshot.chains.iter().map(|c| c.damaged_frames).sum();
    assert!(damaged > 0, "{:?}", snapshot.chains);
    let verdicts = world.settle_accounts();
    assert!(verdicts.submitted > 100, "{verdicts:?}");
    assert!(verdicts.damaged > 0, "{verdicts:?}");
}

#[test]
fn answers_wait_in_the_cores_while_the_host_stands_still() {
    let mut options = WorldOptions::healthy(42, MACHINE);
    options.pauses = vec![Pause {
        from: at(70),
        until: at(72),
        who: Paused::Process,
    }];
    let mut world = hashing(options);
    let up = world.snapshot().shares.accepted;
    world.run_for(Duration::from_secs(60));
    let snapshot = world.snapshot();
    assert_eq!(snapshot.state, MachineState::Hashing);
    assert!(snapshot.shares.accepted > up + 100, "{:?}", snapshot.shares);
    assert_eq!(snapshot.shares.lost, 0);
    assert!(world.settle_accounts().submitted > 100);
}

#[test]
fn thinned_and_exact_agree_on_the_hashrate() {
    for thinning in [1, 100] {
        let mut options = WorldOptions::healthy(43, MACHINE);
        options.thinning = thinning;
        let mut world = hashing(options);
        world.run_for(Duration::from_secs(60));
        let rate = world.snapshot().hashrate;
        let (measured, nominal) = (rate.m1.unwrap_or(0.0), rate.nominal.unwrap_or(0.0));
        let off = measured / nominal - 1.0;
        assert!(
            off.abs() < 0.1,
            "thinned({thinning}): {measured} of {nominal}"
        );
    }
}
