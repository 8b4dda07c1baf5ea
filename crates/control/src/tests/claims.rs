//! What runs must show. Each claim is a function from a seed, so that the tests below and the
//! mutants share them.

use telemetry::Code;
use units::Rng;

use super::faults::{FAULTS, Fault};
use super::plant::Box_;
use super::world::World;
use crate::{Persisted, StartCause, State};

pub(super) const MACHINES: &[&str] = &["antminer-s19-pro", "antminer-s9", "antminer-s21"];

/// A machine that meets one fault for ten minutes and is watched for its return.
pub(super) fn fault_run(model: &str, fault: Fault, seed: u64) -> Result<(), String> {
    let params = if fault.is_harmless() || fault.is_one_boards() || seed == 0 {
        Box_::NOMINAL
    } else {
        Box_::draw(&mut Rng::new(seed))
    };
    let mut world = World::new(model, seed, params, fault);
    world.start(StartCause::Restart, Persisted::default());
    world.run(298.0)?;
    let before = world.hashing_slots();
    let all = world.plant.slots.len();
    if params.inlet_c <= 30.0 && before != all {
        return Err(format!(
            "{before} of {all} boards hash after five minutes: {:?}",
            world.decisions
        ));
    }
    let starts: Vec<_> = world.watch.starts.clone();
    world.run(600.0)?;
    if fault.is_harmless() && world.watch.starts != starts {
        return Err("a board was stopped without need".to_owned());
    }
    if fault.is_one_boards() && world.plant.has_switches() {
        for slot in (0..all).filter(|slot| *slot != world.slot) {
            if world.watch.starts[slot] != starts[slot] {
                return Err(format!("slot {slot} was stopped for slot {}", world.slot));
            }
        }
    }
    let (supply, boards) = (
        world.plant.machine.psu.enable.present().is_some(),
        world.plant.has_switches(),
    );
    let can_be = |code: &Code| match code {
        Code::PowerSupply => supply,
        Code::PowerStuck => boards,
        _ => true,
    };
    if let Some(code) = must_be_told(fault).filter(can_be)
        && world.decisions.iter().all(|d| d.code != code)
    {
        return Err(format!("nobody was told {}", code.text()));
    }
    // The bound: the longest wait, the supply's rest and the ramp; and after four stops in an
    // hour the rest of that hour. At 45 °C and with poor cooling it may stay off.
    if params.inlet_c <= 30.0 {
        world.run(900.0)?;
        if world.settled().is_err() && world.watch.starts.iter().any(|s| s.len() >= 4) {
            world.run(2900.0)?;
        }
        world
            .settled()
            .map_err(|e| format!("{e}: {:?}", world.decisions))?;
    }
    Ok(())
}

/// What a fault must at least be called. Faults that a place's neighbours cannot show are not
/// listed.
fn must_be_told(fault: Fault) -> Option<Code> {
    match fault {
        Fault::Fan | Fault::AllFans | Fault::FanTachSilent => Some(Code::FanLost),
        Fault::Silent => Some(Code::SensorSilent),
        Fault::Late | Fault::BusHangs => Some(Code::FanFull),
        Fault::Low | Fault::Jumping | Fault::Zero => Some(Code::SensorImplausible),
        Fault::BoardStuckOn => Some(Code::PowerStuck),
        Fault::SupplyFails => Some(Code::PowerSupply),
        Fault::OverReports => Some(Code::PowerOver),
        Fault::BoardFails | Fault::ChainFails => Some(Code::PowerBoard),
        Fault::PoolsGone => Some(Code::PowerNoPool),
        _ => None,
    }
}

#[test]
fn an_ordinary_machine_hashes_within_three_minutes() {
    for model in MACHINES {
        let mut world = World::new(model, 1, Box_::NOMINAL, Fault::None);
        world.start(StartCause::Restart, Persisted::default());
        world.run(180.0).unwrap();
        assert_eq!(
            world.control.state(),
            State::Hashing,
            "{model}: {:?}",
            world.decisions
        );
        let mhz = world.plant.machine.hashboard.frequency_mhz;
        for slot in &world.plant.slots {
            assert!(
                slot.mhz > 0.95 * mhz,
                "{model}: {} MHz {:?}",
                slot.mhz,
                world.decisions
            );
        }
    }
}

#[track_caller]
fn every_fault(model: &str) {
    let runs = FAULTS.iter().flat_map(|f| [(f, 0), (f, 1)]);
    let failures: Vec<_> = runs
        .filter_map(|(fault, seed)| {
            let failed = fault_run(model, *fault, seed).err()?;
            Some(format!("{fault:?} seed {seed}: {failed}"))
        })
        .collect();
    assert!(failures.is_empty(), "{model}: {}", failures.join("\n"));
}

#[test]
fn every_fault_of_a_machine_with_switches_ends_hashing_or_safe() {
    every_fault("antminer-s19-pro");
}

#[test]
fn every_fault_of_a_machine_with_a_fixed_supply_ends_hashing_or_safe() {
    every_fault("antminer-s9");
}

#[test]
fn every_fault_of_a_machine_without_switches_ends_hashing_or_safe() {
    every_fault("antminer-s21");
}

/// Any machine that can be watched, any place in the box, any fault: the invariants after
/// every step, and an end in hashing or in safety.
fn box_run(seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let params = Box_::draw(&mut rng);
    let watched: Vec<_> = board_support::machines()
        .filter(|m| board_support::machine(m).is_ok_and(|m| !m.peripherals.sensors.is_empty()))
        .collect();
    let model = watched[rng.below(watched.len() as u64) as usize];
    let fault = FAULTS[rng.below(FAULTS.len() as u64) as usize];
    let mut world = World::new(model, seed, params, fault);
    world.start(StartCause::Restart, Persisted::default());
    let told = |e| format!("{model} seed {seed}: {e}");
    world.run(1800.0).map_err(told)?;
    let powered = (0..world.plant.slots.len()).any(|slot| world.plant.is_powered(slot));
    let state = world.control.state();
    match state {
        State::Hashing | State::Starting => Ok(()),
        _ if !powered => Ok(()),
        _ => Err(told(format!("{state:?} with power: {:?}", world.decisions))),
    }
}

/// Box runs; `STANNARY_CONTROL_SEEDS` names another number.
const BOX_SEEDS: u64 = 40;
/// With `STANNARY_TEST_FULL`.
const BOX_SEEDS_FULL: u64 = 1_000;

#[test]
fn invariants_hold_anywhere_in_the_box() {
    let full = std::env::var_os("STANNARY_TEST_FULL").is_some();
    let usual = if full { BOX_SEEDS_FULL } else { BOX_SEEDS };
    let seeds = std::env::var("STANNARY_CONTROL_SEEDS");
    let seeds = seeds.ok().and_then(|s| s.parse().ok()).unwrap_or(usual);
    let failures: Vec<_> = (0..seeds).filter_map(|seed| box_run(seed).err()).collect();
    let shown = failures
        .iter()
        .take(5)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        failures.is_empty(),
        "{} of {seeds}:\n{shown}",
        failures.len()
    );
}
