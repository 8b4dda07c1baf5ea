//! Every machine that can be simulated, with a board that is not what it should be: the
//! rest hashes, and the fault names the slot, the chip where one can be told, and what to
//! check. Grade: thinned(100), unless a test says otherwise.
//!
//! The machines are those of board-support whose chip has a driver and a twin.

use board_support::{LinkKind, Machine};
use sim::{World, WorldOptions, machines};
use telemetry::{Chain, ChainState, Code, Fault, MachineState, Snapshot};
use twin::machine::{BoardFault, DeadChip, Direction, Noise};
use units::{ChainSlot, ChipIndex, Duration, Instant};

/// The board that something is wrong with.
const BAD: ChainSlot = ChainSlot(1);
/// No ramp takes longer with the settle times of a simulation.
const UP_WITHIN: Duration = Duration::from_secs(400);
/// After the ramp: some hundred shares.
const HASH_FOR: Duration = Duration::from_secs(15);

/// Longer runs and more seeds.
fn full() -> bool {
    std::env::var_os("STANNARY_TEST_FULL").is_some()
}

fn thinned(seed: u64, machine: &Machine) -> WorldOptions {
    let mut options = WorldOptions::healthy_machine(seed, machine.clone());
    options.thinning = 100;
    options
}

fn is_up(chain: &Chain) -> bool {
    chain.state == ChainState::Hashing
}

fn is_settled(chain: &Chain) -> bool {
    is_up(chain) || matches!(chain.state, ChainState::Absent | ChainState::Failed)
}

/// Run until every chain hashes at its frequency or is off for good, and a while longer.
fn run(options: WorldOptions) -> (World, Snapshot) {
    let (seed, model) = (options.seed, options.machine.model.clone());
    let mut world = World::new(options);
    let settled = world.run_until(UP_WITHIN, |s| s.chains.iter().all(is_settled));
    assert!(settled, "{model}, seed {seed}: {:?}", world.notes);
    world.run_for(HASH_FOR);
    let snapshot = world.snapshot();
    (world, snapshot)
}

/// What must hold whatever is wrong with one board: the machine hashes, the other boards
/// do so without a fault, and all accounts agree.
fn check_others(world: &mut World, snapshot: &Snapshot) {
    let machine = &world.options.machine.model;
    assert_eq!(snapshot.state, MachineState::Hashing, "{machine}");
    for chain in snapshot.chains.iter().filter(|c| c.slot != BAD.0) {
        assert!(is_up(chain), "{machine}: {chain:?}");
        assert_eq!(chain.chips_found, Some(chain.chips_expected), "{machine}");
    }
    let elsewhere: Vec<_> = snapshot
        .faults
        .iter()
        .filter(|f| f.place != format!("chain {BAD}"))
        .collect();
    assert!(elsewhere.is_empty(), "{machine}: {elsewhere:?}");
    let verdicts = world.settle_accounts();
    assert!(
        verdicts.submitted > 20,
        "{}: {verdicts:?}",
        world.options.machine.model
    );
}

/// The bad board's fault: it must say what to check.
fn fault(snapshot: &Snapshot, codes: &[Code]) -> Fault {
    let here = |f: &&Fault| codes.contains(&f.code) && f.place == format!("chain {BAD}");
    let found = snapshot.faults.iter().find(here);
    let found = found.unwrap_or_else(|| panic!("{codes:?} in {:?}", snapshot.faults));
    assert!(found.remedy.starts_with("check"), "{found:?}");
    found.clone()
}

fn fault_with(snapshot: &Snapshot, code: Code) -> Fault {
    let found = snapshot.faults.iter().find(|f| f.code == code);
    found
        .unwrap_or_else(|| panic!("{code:?} in {:?}", snapshot.faults))
        .clone()
}

/// The twin and the driver know the chip and the link.
fn can_run(machine: &Machine) -> bool {
    machines()
        .iter()
        .any(|m| m.hashboard.chip == machine.hashboard.chip)
        && machine.control_board.link == LinkKind::Uart
}

/// A chip's identity that is no machine's, and how a fault tells it: chips on SPI have four bits
/// of it.
const FOREIGN: u16 = 0x1299;

fn foreign_as_told(machine: &Machine) -> String {
    match machine.control_board.link {
        LinkKind::SpiWords => format!("{:04x}", FOREIGN & 0xf),
        LinkKind::Uart | LinkKind::FpgaFifo | LinkKind::FpgaFifoS9 => format!("{FOREIGN:04x}"),
    }
}

fn bad_chain(snapshot: &Snapshot) -> &Chain {
    &snapshot.chains[usize::from(BAD.0)]
}

#[test]
fn every_machine_can_be_simulated() {
    let names: Vec<_> = machines().into_iter().map(|m| m.model).collect();
    println!("{}", names.join(" "));
    let all: Vec<_> = board_support::machines().collect();
    assert_eq!(names, all, "a chip has no driver or no twin");
}

#[test]
fn a_healthy_machine_finds_every_chip_and_hashes_as_its_model_says() {
    for machine in machines() {
        let (mut world, snapshot) = run(thinned(21, &machine));
        assert!(
            snapshot.faults.is_empty(),
            "{}: {:?}",
            machine.model,
            snapshot.faults
        );
        check_others(&mut world, &snapshot);
        assert!(is_up(bad_chain(&snapshot)));
        let nominal = snapshot.hashrate.nominal.unwrap_or(0.0);
        let off = nominal / machine.rated_ths - 1.0;
        assert!(off.abs() < 0.05, "{}: {nominal} TH/s", machine.model);
    }
}

#[test]
fn a_dead_chip_in_the_middle_leaves_those_before_it_hashing() {
    for machine in machines() {
        let mut options = thinned(22, &machine);
        let middle = machine.hashboard.chips / 2;
        options.faults.dead_chips.push(DeadChip {
            slot: BAD,
            chip: ChipIndex(middle),
            from: Instant::ZERO,
        });
        let (mut world, snapshot) = run(options);
        let fault = fault(&snapshot, &[Code::ChainChips]);
        let who = format!("none from chip {middle} in domain");
        assert!(fault.detail.contains(&who), "{}: {fault:?}", machine.model);
        let chain = bad_chain(&snapshot);
        assert!(is_up(chain), "{}: {chain:?}", machine.model);
        assert_eq!(chain.chips_found, Some(middle), "{}", machine.model);
        assert!(chain.nonces > 0, "{}", machine.model);
        check_others(&mut world, &snapshot);
    }
}

#[test]
fn a_chip_too_few_or_too_many_is_told_and_mined_with() {
    for machine in machines() {
        let chips = machine.hashboard.chips;
        for count in [chips - 1, chips + 1] {
            let mut options = thinned(23, &machine);
            options
                .faults
                .boards
                .push(BoardFault::Chips { slot: BAD, count });
            let (mut world, snapshot) = run(options);
            let fault = fault(&snapshot, &[Code::ChainChips]);
            let told = format!("{count} of {chips} chips answered");
            assert!(
                fault.detail.starts_with(&told),
                "{}: {fault:?}",
                machine.model
            );
            let chain = bad_chain(&snapshot);
            assert!(is_up(chain), "{}: {chain:?}", machine.model);
            assert_eq!(chain.chips_found, Some(count), "{}", machine.model);
            check_others(&mut world, &snapshot);
        }
    }
}

#[test]
fn a_chip_of_another_kind_is_told_and_the_others_hash() {
    for machine in machines() {
        let chips = machine.hashboard.chips;
        let chip = ChipIndex(chips / 2);
        let mut options = thinned(24, &machine);
        options.faults.boards.push(BoardFault::Foreign {
            slot: BAD,
            chip,
            id: FOREIGN,
        });
        let (mut world, snapshot) = run(options);
        let fault = fault(&snapshot, &[Code::ChainForeign]);
        let who = format!("chip {} in domain", chip.0);
        assert!(
            fault.detail.starts_with(&who),
            "{}: {fault:?}",
            machine.model
        );
        let chain = bad_chain(&snapshot);
        assert!(is_up(chain), "{}: {chain:?}", machine.model);
        assert_eq!(chain.chips_found, Some(chips - 1), "{}", machine.model);
        check_others(&mut world, &snapshot);
    }
}

#[test]
fn a_board_of_another_kind_stays_off_and_the_others_hash() {
    for machine in machines() {
        let mut options = thinned(25, &machine);
        for chip in 0..machine.hashboard.chips {
            options.faults.boards.push(BoardFault::Foreign {
                slot: BAD,
                chip: ChipIndex(chip),
                id: FOREIGN,
            });
        }
        let (mut world, snapshot) = run(options);
        let fault = fault(&snapshot, &[Code::ChainChipId]);
        assert!(
            fault.detail.contains(&foreign_as_told(&machine)),
            "{}: {fault:?}",
            machine.model
        );
        assert_eq!(
            bad_chain(&snapshot).state,
            ChainState::Failed,
            "{}",
            machine.model
        );
        check_others(&mut world, &snapshot);
    }
}

/// From none to as many as the control board carries, which is four on some.
#[test]
fn any_number_of_boards_hashes() {
    for machine in machines() {
        let most = machine.control_board.slots_max;
        for present in 0..=most {
            let mut machine = machine.clone();
            machine.slots = machine.slots.max(present);
            let mut options = thinned(26, &machine);
            let absent = present..machine.slots;
            let slots = absent.clone().map(ChainSlot);
            options.faults.boards = slots.map(|slot| BoardFault::Absent { slot }).collect();
            let (mut world, snapshot) = run(options);
            let what = format!("{} with {present} of {}", machine.model, machine.slots);
            let up = snapshot.chains.iter().filter(|c| is_up(c)).count();
            assert_eq!(up, usize::from(present), "{what}: {:?}", snapshot.chains);
            let missing = |slot: u8| {
                let place = format!("chain {slot}");
                let here = |f: &&Fault| f.code == Code::ChainMissing && f.place == place;
                snapshot
                    .faults
                    .iter()
                    .any(|f| here(&f) && f.remedy.contains("seat"))
            };
            assert!(absent.clone().all(missing), "{what}: {:?}", snapshot.faults);
            assert_eq!(
                snapshot.faults.len(),
                absent.len(),
                "{what}: {:?}",
                snapshot.faults
            );
            let state = match present {
                0 => MachineState::Fault,
                _ => MachineState::Hashing,
            };
            assert_eq!(snapshot.state, state, "{what}");
            let verdicts = world.settle_accounts();
            assert_eq!(verdicts.submitted > 0, present > 0, "{what}: {verdicts:?}");
        }
    }
}

/// A chain whose line cannot carry its work hashes the share that the fault states.
/// Grade: exact, because a thinned chain needs no fast line.
#[test]
fn a_slower_control_board_hashes_the_fraction_that_it_states() {
    let mut tried = 0;
    for machine in machines() {
        for board in &machine.control_boards {
            let slower = board_support::machine_on(&machine.model, board).expect("it is named");
            if slower.hashboard.baud >= machine.hashboard.baud || !can_run(&slower) {
                continue;
            }
            tried += 1;
            let what = format!("{} on {board}", machine.model);
            let (mut world, _) = run(WorldOptions::healthy_machine(27, slower));
            world.run_for(Duration::from_secs(60));
            let snapshot = world.snapshot();
            let fault = fault_with(&snapshot, Code::ChainBaud);
            let percent = fault.detail.split(" carries ").nth(1);
            let percent = percent.and_then(|p| p.split(' ').next()?.parse::<f64>().ok());
            let stated = percent.unwrap_or_else(|| panic!("{what}: {fault:?}")) / 100.0;
            let hashed = snapshot.hashrate.m1.unwrap_or(0.0) / machine.rated_ths;
            // The rating is 5 % off at most, and a minute's count as much.
            assert!(
                (hashed / stated - 1.0).abs() < 0.1,
                "{what}: {hashed} of {stated}"
            );
            assert_eq!(snapshot.state, MachineState::Hashing, "{what}");
            assert!(world.settle_accounts().submitted > 100, "{what}");
        }
    }
    assert!(tried > 0, "no machine has a slower control board");
}

/// Damage on every line in both directions, a chip that dies in the middle of one chain
/// and a chip too few on another. Each machine from one of three seeds for seven minutes; all
/// machines from each seed for an hour with `scripts/test --full`.
macro_rules! noisy {
    ($($name:ident: $seed:literal,)*) => {
        $(#[test] fn $name() { check_noisy($seed); })*
    };
}

noisy! {
    a_long_run_on_noisy_lines_ends_hashing_on_what_is_healthy_from_seed_0: 0,
    a_long_run_on_noisy_lines_ends_hashing_on_what_is_healthy_from_seed_1: 1,
    a_long_run_on_noisy_lines_ends_hashing_on_what_is_healthy_from_seed_2: 2,
}

fn check_noisy(seed: usize) {
    let span = Duration::from_secs(if full() { 3600 } else { 420 });
    for (i, machine) in machines().iter().enumerate() {
        if full() || i % 3 == seed {
            noisy(seed as u64, machine, span);
        }
    }
}

/// Runs that failed once, kept for ever: machine, seed, seconds.
const RUNS_THAT_FAILED_ONCE: &[(&str, u64, u64)] = &[
    // Noise hit the first job after a new block, and the chips went on with the void one
    // (the account took it for work of the new block).
    ("antminer-s19k-pro", 0, 110),
];

#[test]
fn noisy_runs_that_failed_once_pass() {
    for (model, seed, seconds) in RUNS_THAT_FAILED_ONCE {
        let machine = board_support::machine(model).expect("it is named");
        let mut world = World::new(noise_everywhere(*seed, &machine));
        world.run_for(Duration::from_secs(*seconds));
        let verdicts = world.settle_accounts();
        println!("{model}, seed {seed}: {verdicts:?}");
        assert!(verdicts.void > 0, "{model}, seed {seed}: {verdicts:?}");
    }
}

/// Noise silences the chain with the dead chip after half an hour, and hits the roll call of
/// its next bring-up.
#[test]
fn a_noisy_run_that_failed_once_names_the_dead_chip_after_a_restart() {
    let machine = board_support::machine("antminer-s9").expect("it is named");
    noisy(0, &machine, Duration::from_secs(1950));
}

/// Damage on every line in both directions, a chip that dies in the middle of one chain
/// and a chip too few on another.
fn noise_everywhere(seed: u64, machine: &Machine) -> WorldOptions {
    let mut options = thinned(seed, machine);
    let chips = machine.hashboard.chips;
    for slot in (0..machine.slots).map(ChainSlot) {
        for direction in [Direction::ToHost, Direction::ToChips] {
            let mut noise = Noise::on(slot, direction);
            // About one byte in ten thousand: a cable that nobody would keep.
            (noise.flip, noise.drop, noise.duplicate) = (4e-5, 3e-5, 3e-5);
            // Commands have no acknowledgement: one that is lost at bring-up leaves a chip in
            // another state, which is for other tests.
            noise.from = Instant::from_millis(20_000);
            options.faults.noise.push(noise);
        }
    }
    options.faults.dead_chips.push(DeadChip {
        slot: BAD,
        chip: ChipIndex(chips / 2),
        from: Instant::from_millis(60_000),
    });
    options.faults.boards.push(BoardFault::Chips {
        slot: ChainSlot(2),
        count: chips - 1,
    });
    options
}

fn noisy(seed: u64, machine: &Machine, span: Duration) {
    let what = format!("{}, seed {seed}", machine.model);
    // Shown with a failure, which names the seed alone.
    println!("{what}");
    let chips = machine.hashboard.chips;
    let mut world = World::new(noise_everywhere(seed, machine));
    world.run_for(span);
    let snapshot = world.snapshot();
    assert_eq!(snapshot.state, MachineState::Hashing, "{what}");
    let unwell: Vec<_> = snapshot.chains.iter().filter(|c| !is_up(c)).collect();
    assert!(unwell.is_empty(), "{what}: {unwell:?} {:?}", world.notes);
    let found: Vec<_> = snapshot.chains.iter().map(|c| c.chips_found).collect();
    assert_eq!(found[2], Some(chips - 1), "{what}");
    let told = |slot: u8, code| {
        let place = format!("chain {slot}");
        snapshot
            .faults
            .iter()
            .any(|f| f.code == code && f.place == place)
    };
    assert!(told(2, Code::ChainChips), "{what}: {:?}", snapshot.faults);
    // Known by its silence, or by the next count if the chain was brought up again since.
    let lost = told(BAD.0, Code::ChainChipLost);
    let lost = fault(
        &snapshot,
        &[if lost {
            Code::ChainChipLost
        } else {
            Code::ChainChips
        }],
    );
    // After a job that was lost on the wire the last living chip goes on into the nonces of
    // the first dead one.
    let named = [chips / 2, chips / 2 + 1].map(|chip| format!("chip {chip} in domain"));
    assert!(
        named.iter().any(|n| lost.detail.contains(n)),
        "{what}: {lost:?}"
    );
    let verdicts = world.settle_accounts();
    println!("{what}: {verdicts:?}");
    assert!(verdicts.damaged > 0, "{what}: {verdicts:?}");
    assert!(verdicts.submitted > 100, "{what}: {verdicts:?}");
}
