//! Whole machines: supply, controllers, sensors and fans on both sides, and control between.
//! Grade: thinned(64), physics exact.

use sim::{World, WorldOptions};
use telemetry::{ChainState, Code, MachineState, Severity, Snapshot};
use units::{ChainSlot, Duration};

fn whole(seed: u64, model: &str) -> World {
    let mut options = WorldOptions::whole(seed, model);
    options.thinning = 64;
    World::new(options)
}

fn all_hash(snapshot: &Snapshot) -> bool {
    let mut chains = snapshot.chains.iter();
    chains.all(|c| c.state == ChainState::Hashing) && !snapshot.chains.is_empty()
}

/// Boards without sensors run by the owner's consent, at half the frequency.
fn is_watched(world: &World) -> bool {
    !world.options.machine.peripherals.sensors.is_empty()
}

fn check(model: &str) {
    let mut world = whole(1, model);
    world.run_for(Duration::from_secs(300));
    let now = world.snapshot();
    assert_eq!(
        now.state,
        MachineState::Hashing,
        "{model}: {:?}",
        now.faults
    );
    assert!(all_hash(&now), "{model}: {:?}", now.chains);
    let bad = |n: &&telemetry::Note| n.code.severity() > Severity::Info;
    let bad: Vec<_> = world.notes.iter().filter(bad).map(|n| n.code).collect();
    assert_eq!(bad, [], "{model}");

    let share = if is_watched(&world) { 1.0 } else { 0.5 };
    let target = world.options.machine.hashboard.frequency_mhz * share;
    let limits = world.options.machine.limits.clone();
    for chain in &now.chains {
        let mhz = chain.frequency_mhz.unwrap_or(0.0);
        assert!((mhz / target - 1.0).abs() < 0.03, "{model}: {mhz} MHz");
        assert!(chain.voltage_mv.is_some(), "{model}");
    }
    for t in &now.temperatures {
        let stop = if t.place.contains("chip") {
            limits.chip_warn_c
        } else {
            limits.board_warn_c
        };
        assert!(
            t.temp_c.is_none_or(|c| (20.0..stop).contains(&c)),
            "{model}: {t:?}"
        );
    }
    assert_eq!(
        now.fans.len(),
        usize::from(world.options.machine.fans.count)
    );
    for fan in &now.fans {
        let duty = fan.duty_percent.unwrap_or(0.0);
        assert!((30.0..=100.0).contains(&duty), "{model}");
        assert!(
            duty < 100.0 || !is_watched(&world),
            "{model}: quiet at rest"
        );
        assert!(fan.rpm.is_some_and(|rpm| rpm > 1_000), "{model}");
    }
    world.twin(|twin| {
        let parts = twin.parts().expect("fitted");
        assert_eq!(parts.dangers().0, 0, "{model}");
    });
}

#[test]
fn every_machine_comes_up_and_hashes_at_rest() {
    for model in board_support::machines() {
        check(model);
    }
}

#[test]
fn a_pause_takes_hash_power_away_and_a_resume_brings_it_back() {
    let mut world = whole(2, "antminer-s19-pro");
    assert!(world.run_until(Duration::from_secs(240), all_hash));
    world.command(telemetry::Command::Pause);
    world.run_for(Duration::from_secs(120));
    assert_eq!(world.snapshot().state, MachineState::Paused);
    for slot in 0..3 {
        assert!(!world.twin(|twin| twin.rail_on(ChainSlot(slot))), "{slot}");
    }
    assert_eq!(world.remembered.intent, engine::Intent::Pause);
    world.command(telemetry::Command::Resume);
    assert!(world.run_until(Duration::from_secs(240), all_hash));
}

/// Power of all boards, as a share of the rated.
fn share(world: &World) -> f64 {
    let now = world.now();
    let watts: f64 = world.twin(|twin| {
        let physics = twin.physics(now).expect("a whole machine");
        let slots = (0..3).map(ChainSlot);
        slots
            .filter_map(|slot| physics.board_power(slot))
            .map(|w| w.w())
            .sum()
    });
    watts / world.options.machine.rated_power_w
}

#[test]
fn work_that_returns_does_not_step_the_power() {
    // After a minute boards are off, and come under voltage one by one.
    let (ramp, begins) = (0.025, 0.025 + 0.35 / 3.0);
    let cases = [
        (1, 0.95, ramp),
        (5, 0.95, ramp),
        (30, 0.0, ramp),
        (85, 0.0, begins),
    ];
    for (gone_s, least, most) in cases {
        // Its work lasts 16 ms here: without any its chips stand still at once.
        let mut world = whole(6, "antminer-s19-pro");
        assert!(world.run_until(Duration::from_secs(240), all_hash));
        world.run_for(Duration::from_secs(90));
        let before = share(&world);
        world.set_pool_gone(true);
        world.run_for(Duration::from_secs(gone_s));
        let gone = share(&world);
        assert!(
            gone >= least * before,
            "{gone} of {before} after {gone_s} s"
        );
        if gone_s > 20 {
            assert!(gone < 0.5 * before, "{gone} of {before} after {gone_s} s");
        }
        world.set_pool_gone(false);
        let mut last = gone;
        for second in 0..330 {
            world.run_for(Duration::from_secs(1));
            let now = share(&world);
            let rise = now - last;
            last = now;
            let seen = format!("{rise} in second {second} after {gone_s} s without a pool");
            assert!(rise <= most, "{seen}");
        }
        assert!(last > 0.97 * before, "{last} of {before} after {gone_s} s");
    }
}

#[test]
fn a_shut_down_ends_within_five_seconds_with_everything_off() {
    for model in ["antminer-s19-pro", "antminer-s21", "antminer-s9"] {
        let mut world = whole(3, model);
        assert!(
            world.run_until(Duration::from_secs(240), all_hash),
            "{model}"
        );
        world.command(telemetry::Command::Shutdown);
        world.run_for(Duration::from_secs(5));
        assert!(world.has_stopped(), "{model}");
        for slot in 0..3 {
            assert!(
                !world.twin(|twin| twin.rail_on(ChainSlot(slot))),
                "{model} {slot}"
            );
        }
    }
}

#[test]
fn one_seed_gives_one_history_of_a_whole_machine() {
    let run = |seed| {
        let mut world = whole(seed, "antminer-s21");
        world.run_for(Duration::from_secs(120));
        let notes = world.notes.iter().map(|n| (n.at, n.code, n.detail.clone()));
        let notes: Vec<_> = notes.collect();
        (
            notes,
            serde_json::to_string(&world.snapshot()).expect("JSON"),
        )
    };
    assert_eq!(run(4), run(4));
}

#[test]
fn a_machine_that_nothing_guards_stays_off_without_consent() {
    let mut options = WorldOptions::whole(6, "antminer-s21");
    options.thinning = 64;
    let hardware = options.hardware.as_mut().expect("whole");
    hardware.local.unguarded = false;
    let mut world = World::new(options);
    world.run_for(Duration::from_secs(120));
    let now = world.snapshot();
    assert_eq!(now.state, MachineState::Fault);
    let mut faults = now.faults.iter();
    let fault = faults.find(|f| f.code == Code::PowerUnguarded);
    let fault = fault.expect("said");
    assert!(fault.remedy.contains("hash_without_cutoff"));
    assert_eq!(fault.action, "hash power stays off");
    for slot in 0..3 {
        assert!(!world.twin(|twin| twin.rail_on(ChainSlot(slot))), "{slot}");
    }
}

#[test]
fn a_machine_whose_voltages_nobody_knows_stays_off() {
    let mut options = WorldOptions::whole(5, "antminer-s21");
    options.machine = board_support::machine("antminer-s21").expect("known");
    let mut world = World::new(options);
    world.run_for(Duration::from_secs(300));
    assert_eq!(world.snapshot().state, MachineState::Fault);
    let told = |code| world.notes.iter().any(|n| n.code == code);
    assert!(told(Code::PsuVoltage));
    assert!(!world.twin(|twin| twin.rail_on(ChainSlot(0))));
}
