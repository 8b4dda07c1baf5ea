//! Many machines at one grid connection: what starts together must not rise together.

use super::faults::Fault;
use super::plant::Box_;
use super::world::World;
use crate::{Command, Input, Persisted, StartCause};

const MACHINES: u64 = 150;

/// The largest rise of the sum within a second of so many, as a fraction of the fleet's rated
/// power.
fn largest_step(seconds: usize, order: impl Fn(&mut World) -> Result<(), String>) -> f64 {
    let mut sum = vec![0.0; seconds];
    let mut rated = 0.0;
    for seed in 0..MACHINES {
        let mut world = World::new("antminer-s19-pro", seed, Box_::NOMINAL, Fault::None);
        order(&mut world).unwrap();
        rated += world.plant.machine.rated_power_w;
        for second in &mut sum {
            *second += world.plant.watts();
            world.run(1.0).unwrap();
        }
        assert_eq!(
            world.hashing_slots(),
            3,
            "machine {seed}: {:?}",
            world.decisions
        );
    }
    let steps = sum.windows(2).map(|s| s[1] - s[0]);
    steps.fold(0.0, f64::max) / rated
}

#[track_caller]
fn check(name: &str, order: fn(&mut World) -> Result<(), String>) {
    check_for(600, name, order);
}

#[track_caller]
fn check_for(seconds: usize, name: &str, order: impl Fn(&mut World) -> Result<(), String>) {
    let step = largest_step(seconds, order);
    println!(
        "{MACHINES} machines, {name}: largest step of a second {:.2} %",
        step * 100.0
    );
    assert!(step <= 0.01, "{name}: {step}");
}

#[test]
fn power_that_returns_to_a_site_is_taken_up_slowly() {
    check("power returns", |world| {
        world.start(StartCause::PowerReturn, Persisted::default());
        Ok(())
    });
}

#[test]
fn a_site_that_resumes_as_one_rises_slowly() {
    check("all on", |world| {
        world.start(StartCause::Restart, Persisted::default());
        world.run(120.0)?;
        world.give(Input::Command(Command::Pause));
        world.run(60.0)?;
        world.give(Input::Command(Command::Resume));
        Ok(())
    });
}

/// Pools that are gone for so long: nothing is taken back, half, all, and the boards go off.
#[track_caller]
fn check_pools(gone_s: f64, seconds: usize) {
    let name = format!("pools return after {gone_s} s");
    check_for(seconds, &name, |world| {
        world.start(StartCause::Restart, Persisted::default());
        world.run(150.0)?;
        world.give(Input::Pools { available: false });
        world.run(gone_s)?;
        world.give(Input::Pools { available: true });
        Ok(())
    });
}

#[test]
fn a_site_whose_pools_return_soon_rises_slowly() {
    check_pools(5.0, 30);
    check_pools(20.0, 120);
    check_pools(30.0, 150);
}

#[test]
fn a_site_whose_pools_return_late_rises_slowly() {
    check_pools(85.0, 600);
}
