//! The fault matrix: every machine, every fault. Grade: thinned(256), physics exact.
//!
//! A slice of it with fixed and fresh seeds; `scripts/soak` runs as much as it is given.

use std::time::{SystemTime, UNIX_EPOCH};

use sim::matrix::{Case, FAULTS, Fault};

/// Runs that broke a promise once, kept for ever.
const BROKEN_ONCE: &[&str] = &[
    // The dead man cut by reset, where the supply has no line: nothing came back.
    "antminer-s9:EngineStuck:1",
    "antminer-s9:ProcessStopped:1",
    // A chain that gave up stayed so: control waited for it to be well before it tried.
    "antminer-s9:ChainDoubles:1",
    "antminer-s21:MainsLow:1",
    // A tripped supply whose line stayed on through all restarts of the boards.
    "antminer-s19-pro:SupplyTrips:1",
    "antminer-s19-pro:MainsLow:1",
    // All power that returned with the work after 45 s without a pool.
    "antminer-s9:PoolsGone:45068156",
    // A ceiling that was passed by what does not follow the frequency.
    "antminer-s19:LowCeiling:1",
    // A rail that rose in steps, under two boards, for one that started again.
    "antminer-s19-pro:SensorZero:1001",
    // A chip's sensor that showed nonsense last kept its board off: nobody could ask it again.
    "antminer-s21:SensorHigh:1",
    // The twin's die sensors followed the clock, not the heat, and could not fail.
    "antminer-s21:SensorDead:1",
    "antminer-s21:SensorDead:2",
    // The hottest chip that no sensor saw so far: 15.0 K above the stop limit.
    "antminer-s21-pro:Dust:1",
    // Hotter by as much as a board's sensor lags, while nothing was given up yet.
    "antminer-s19k-pro:ChipShorted:20001",
    "antminer-s21-pro:SensorHigh:20001",
    // The twin's sensors in dies felt the board.
    "dragonmint-t1:ChainDoubles:20001",
    // A ceiling under what a start draws, and what hot chips leak on top of one.
    "antminer-s19-pro:LowCeiling:20001",
    "antminer-s19k-pro:LowCeiling:20001",
    // A rail under boards that hash, raised by more than their ramp for one that starts.
    "antminer-s19-pro:SensorZero:20001",
    "antminer-s19-pro:ControllerBadSum:3",
    // A supply that nobody looked at while its voltage moved.
    "antminer-s19-pro:SupplyReadbackOff:20001",
    // A sensor that had jumped for two minutes was doubted for a quarter of an hour.
    "antminer-s19-xp:SensorJumps:20001",
    // Frost, in which sensors behind chips showed nothing: a board that had failed stayed off.
    "antminer-s19-pro:ChainDead:4242",
];
/// Machines of the slice: the three classes, and the one on SPI. One run of every fault on each takes too long for
/// every commit; each fault is run on one of them per seed.
const CLASSES: [&str; 4] = [
    "antminer-s19-pro",
    "antminer-s9",
    "antminer-s21",
    "dragonmint-t1",
];

fn parse(text: &str) -> Case {
    let mut parts = text.split(':');
    let mut next = || parts.next().expect("machine:fault:seed");
    Case {
        machine: next().to_owned(),
        fault: Fault::named(next()).expect("a fault of this list"),
        seed: next().parse().expect("a number"),
    }
}

/// From `STANNARY_SEED`, or another one each time.
fn fresh_seed() -> u64 {
    if let Some(text) = std::env::var_os("STANNARY_SEED") {
        let text = text.to_string_lossy().into_owned();
        return text.parse().expect("STANNARY_SEED is a whole number");
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |since| u64::from(since.subsec_nanos()))
}

/// Runs one part in four of all faults, each on the class that the seed says.
fn check(seed: u64, part: usize) {
    println!("STANNARY_SEED={seed}");
    let faults = FAULTS.iter().enumerate().filter(|(i, _)| i % 4 == part);
    let mut broken = Vec::new();
    for (i, fault) in faults {
        let case = Case {
            machine: CLASSES[(i / 4 + seed as usize) % CLASSES.len()].to_owned(),
            fault: *fault,
            seed,
        };
        if let Err(what) = case.run() {
            broken.push(what.to_string());
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn runs_that_broke_a_promise_once_keep_it() {
    let broken = BROKEN_ONCE
        .iter()
        .filter_map(|text| parse(text).run().err());
    let broken: Vec<_> = broken.map(|b| b.to_string()).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_known_seed_holds_in_the_first_quarter_of_the_matrix() {
    check(1, 0);
}

#[test]
fn a_known_seed_holds_in_the_second_quarter_of_the_matrix() {
    check(1, 1);
}

#[test]
fn a_known_seed_holds_in_the_third_quarter_of_the_matrix() {
    check(1, 2);
}

#[test]
fn a_known_seed_holds_in_the_last_quarter_of_the_matrix() {
    check(1, 3);
}

#[test]
fn a_fresh_seed_holds_in_a_quarter_of_the_matrix() {
    let seed = fresh_seed();
    check(seed, seed as usize / 3 % 4);
}
