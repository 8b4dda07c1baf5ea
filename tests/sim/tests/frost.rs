//! A machine that starts in frost, at full speed and watched as in the fault matrix: it hashes, and
//! what it shows is what its sensors feel. Grade: thinned(256), physics exact.

use std::collections::VecDeque;

use board_support::{Machine, Sensor, SensorBus};
use sim::safety::{Blame, LOOK, Watch};
use sim::{World, WorldOptions, machines};
use telemetry::{ChainState, Code, MachineState, Quality, Severity, Snapshot};
use units::{ChainSlot, Duration, Instant};

/// A ramp in frost is as long as one in a warm room.
const UP_WITHIN: Duration = Duration::from_secs(300);
/// A reading is at most so old: a second, and another where one was lost or told nothing because
/// the sensor was changing its range. It shows what was felt since then.
const OLD: usize = (2_250 / 250) as usize;
/// Whole degrees, and what a die's code is off.
const OFF_C: f64 = 1.1;
/// Until the twin's first step its parts show the room that they come from.
const SHOWN_FROM: Instant = Instant::from_millis(2_000);

fn in_frost(model: &str, inlet_c: f64) -> World {
    let mut options = WorldOptions::whole(1, model);
    options.thinning = 256;
    if let Some(physics) = &mut options.physics {
        physics.variation.inlet_c = inlet_c;
    }
    World::new(options)
}

/// Some of its sensors are asked through chips, or are in them.
fn relays(machine: &Machine) -> bool {
    let mut sensors = machine.peripherals.sensors.iter();
    sensors.any(|sensor| matches!(sensor.bus, SensorBus::Chip(_)))
}

fn all_hash(snapshot: &Snapshot) -> bool {
    snapshot
        .chains
        .iter()
        .all(|c| c.state == ChainState::Hashing)
}

/// What the sensors of all boards felt at the last looks.
#[derive(Default)]
struct Felt(Vec<VecDeque<f64>>);

impl Felt {
    fn feel(&mut self, world: &mut World, count: usize) {
        let (now, sensors) = (world.now(), sensors(world).len());
        self.0.resize_with(count, VecDeque::new);
        for (i, felt) in self.0.iter_mut().enumerate() {
            let slot = ChainSlot((i / sensors) as u8);
            let c = world.twin(|t| t.physics(now).and_then(|p| p.sensor(slot, i % sensors)));
            felt.push_front(c.expect("a board with this sensor").c());
            felt.truncate(OLD);
        }
    }

    /// Every reading that counts shows what its sensor felt. Returns the coldest behind a chip.
    fn honest(&self, world: &World, snapshot: &Snapshot) -> f64 {
        let sensors = sensors(world);
        let mut coldest = f64::INFINITY;
        for (i, (shown, felt)) in snapshot.temperatures.iter().zip(&self.0).enumerate() {
            let (Quality::Good, Some(c)) = (shown.quality, shown.temp_c) else {
                continue;
            };
            let shows = |felt: f64| (c - felt).abs();
            let low = felt.iter().copied().fold(f64::INFINITY, f64::min);
            let high = felt.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert!(
                (low..=high).contains(&c) || shows(low).min(shows(high)) < OFF_C,
                "{} at {:?}: {shown:?} feels {felt:?}",
                world.options.machine.model,
                world.now()
            );
            if matches!(sensors[i % sensors.len()].bus, SensorBus::Chip(_)) {
                coldest = coldest.min(c);
            }
        }
        coldest
    }
}

fn sensors(world: &World) -> Vec<Sensor> {
    world.options.machine.peripherals.sensors.clone()
}

fn check(model: &str, inlet_c: f64) -> f64 {
    let what = format!("{model} at {inlet_c} °C");
    let mut world = in_frost(model, inlet_c);
    let nothing = Blame::nothing(Instant::NEVER, Instant::NEVER, ChainSlot(0));
    let mut watch = Watch::new(&world, nothing);
    let end = world.now() + UP_WITHIN;
    let (mut felt, mut coldest) = (Felt::default(), f64::INFINITY);
    let mut up_at = None;
    while world.now() < end {
        world.run_for(LOOK);
        let snapshot = world.snapshot();
        watch.look(&mut world, &snapshot).unwrap_or_else(|broken| {
            panic!("{what} at {:?}: {broken} {:?}", world.now(), world.notes)
        });
        felt.feel(&mut world, snapshot.temperatures.len());
        if world.now() >= SHOWN_FROM {
            coldest = coldest.min(felt.honest(&world, &snapshot));
        }
        if all_hash(&snapshot) {
            up_at.get_or_insert(world.now());
        }
    }
    let snapshot = world.snapshot();
    assert!(all_hash(&snapshot), "{what}: {:?}", world.notes);
    assert_eq!(snapshot.state, MachineState::Hashing, "{what}");
    // Boards without sensors run at half of it, and so do those that their file calls cold.
    let machine = &world.options.machine;
    let halved = machine.peripherals.sensors.is_empty() || machine.limits.cold_below_c.is_some();
    let least = machine.hashboard.frequency_mhz * if halved { 0.48 } else { 0.97 };
    for chain in &snapshot.chains {
        let mhz = chain.frequency_mhz.unwrap_or(0.0);
        assert!(mhz > least, "{what}: {mhz} MHz of {least}");
    }
    // Cold chips err more at the same voltage, in the twin, and a poor one does nothing else: that is
    // a matter of tuning.
    let of_cold = [Code::ChainHwErrors, Code::ChainChipLost];
    let others: Vec<_> = world
        .notes
        .iter()
        .filter(|n| n.code.severity() > Severity::Info && !of_cold.contains(&n.code))
        .collect();
    assert!(others.is_empty(), "{what}: {others:?}");
    println!(
        "{what}: up at {:.0} s, coldest {coldest} °C",
        up_at.unwrap_or(end).as_secs_f64()
    );
    coldest
}

/// Chips that relay to a part of its own; the others that have a sensor have it on the die.
const RELAYING: [&str; 3] = ["bm1387", "bm1397", "bm1398"];

/// Parts behind chips, which show nothing below 1 °C until they are told to.
fn on_buses_of_chips(machine: &Machine) -> bool {
    relays(machine) && RELAYING.contains(&machine.hashboard.chip.as_str())
}

#[test]
fn machines_whose_sensors_are_behind_chips_hash_in_frost_and_show_it() {
    let mut checked = 0;
    for machine in machines().iter().filter(|m| on_buses_of_chips(m)) {
        for inlet_c in [-20.0, -15.0, -3.0, 0.5] {
            let coldest = check(&machine.model, inlet_c);
            // Before a board hashes it is hardly warmer than its air.
            let most = inlet_c + 3.0;
            assert!(coldest < most, "{} at {inlet_c}: {coldest}", machine.model);
            checked += 1;
        }
    }
    assert!(checked >= 8);
}

#[test]
fn machines_whose_sensors_are_in_chips_hash_in_frost() {
    let in_chips = |m: &&Machine| relays(m) && !on_buses_of_chips(m);
    for machine in machines().iter().filter(in_chips) {
        check(&machine.model, -15.0);
    }
}
