//! Slots without a board: what is not there is no fault of its sensors, and keeps nothing else off.

use telemetry::Code;

use super::claims::MACHINES;
use super::faults::Fault;
use super::plant::Box_;
use super::world::World;
use crate::{Persisted, StartCause, State};

fn world(model: &str) -> World {
    let mut world = World::new(model, 5, Box_::NOMINAL, Fault::None);
    world.start(StartCause::Restart, Persisted::default());
    world
}

fn run(world: &mut World, seconds: f64) {
    world
        .run(seconds)
        .unwrap_or_else(|broken| panic!("{broken}"));
}

/// The codes of what was decided since `from`, but for air and frequency.
fn decided(world: &World, from: usize) -> Vec<(Code, &str)> {
    let told = world.decisions[from..].iter();
    let told = told.map(|d| (d.code, &*d.place));
    told.filter(|(code, _)| !matches!(code, Code::FanFull | Code::HeatWarn | Code::HeatEased))
        .collect()
}

#[test]
fn a_slot_that_is_empty_from_the_start_is_no_silent_sensor_and_the_others_hash() {
    for model in MACHINES {
        let mut world = world(model);
        world.plant.slots[1].empty = true;
        run(&mut world, 300.0);
        assert_eq!(world.hashing_slots(), 2, "{model}");
        assert_eq!(world.control.state(), State::Hashing, "{model}");
        let of_it = decided(&world, 0);
        let mut of_it = of_it.iter().filter(|(_, place)| *place == "slot 1");
        assert_eq!(of_it.next(), None, "{model}");
        let silent = |d: &crate::Decision| d.code == Code::SensorSilent;
        assert!(!world.decisions.iter().any(silent), "{model}");
    }
}

/// A fault that a person must end, and no air for nothing.
#[test]
fn a_machine_without_any_board_is_a_fault_and_becomes_quiet() {
    for model in MACHINES {
        let mut world = world(model);
        world.plant.slots.iter_mut().for_each(|s| s.empty = true);
        run(&mut world, 400.0);
        assert_eq!(world.control.state(), State::Fault, "{model}");
        assert_eq!(decided(&world, 0), [], "{model}");
        assert!(!world.plant.supply_on, "{model}");
        assert_eq!(world.watch.duty, 10, "{model}");
        world.plant.slots[0].empty = false;
        run(&mut world, 300.0);
        assert_eq!(world.hashing_slots(), 1, "{model}");
    }
}

#[test]
fn a_board_that_is_pulled_is_off_because_it_is_gone_and_may_come_back() {
    for model in MACHINES {
        let mut world = world(model);
        run(&mut world, 300.0);
        assert_eq!(world.hashing_slots(), 3, "{model}");
        let from = world.decisions.len();
        world.plant.slots[1].empty = true;
        run(&mut world, 300.0);
        assert_eq!(
            decided(&world, from),
            [(Code::PowerOff, "slot 1")],
            "{model}"
        );
        let fans = |d: &&crate::Decision| d.code == Code::FanFull;
        let fans: Vec<_> = world.decisions[from..].iter().filter(fans).collect();
        assert_eq!(fans.len(), 1, "{model}: {fans:?}");
        assert_eq!(fans[0].reason, "a board was stopped", "{model}");
        let gone = world.decisions[from..].iter();
        let mut gone = gone.filter(|d| d.code == Code::PowerOff);
        assert_eq!(
            gone.next().map(|d| &*d.reason),
            Some("no board in the slot")
        );
        assert_eq!(world.hashing_slots(), 2, "{model}");
        world.plant.slots[1].empty = false;
        run(&mut world, 300.0);
        assert_eq!(world.hashing_slots(), 3, "{model}");
    }
}
