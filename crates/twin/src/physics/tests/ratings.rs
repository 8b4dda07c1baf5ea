//! Ratings come out as published, on every machine.

use super::*;

/// The machine after half an hour at its rating, fans on their curve.
fn rated(model: &str, seed: u64) -> Bench {
    let options = Options {
        seed,
        ..Options::default()
    };
    let mut bench = Bench::new(model, options);
    bench.fans(100);
    bench.run_at(1.0, 1.0);
    bench.pass_on_curve(1800);
    bench
}

fn every_machine(claim: impl Fn(&str)) {
    for model in board_support::machines() {
        claim(model);
    }
}

#[test]
fn every_machine_has_physics_and_every_entry_a_machine() {
    every_machine(|model| {
        assert!(machines::entry(model).is_some(), "{model}");
    });
    for entry in machines::MACHINES {
        let found = board_support::machine(entry.model);
        assert!(found.is_ok(), "{}", entry.model);
    }
}

#[test]
fn at_the_rating_power_and_hashrate_are_as_published() {
    every_machine(|model| {
        for seed in [1, 2, 3] {
            let bench = rated(model, seed);
            let (w, rated_w) = (bench.wall_w(), bench.machine.rated_power_w);
            assert!((w / rated_w - 1.0).abs() < 0.02, "{model}: {w} W");
            let (ths, rated_ths) = (bench.ths(), bench.machine.rated_ths);
            assert!((ths / rated_ths - 1.0).abs() < 0.01, "{model}: {ths} TH/s");
        }
    });
}

#[test]
fn at_the_rating_temperatures_are_in_the_stated_band() {
    every_machine(|model| {
        let bench = rated(model, 1);
        let (board_c, chip_c) = (bench.hottest_board_c(), bench.hottest_chip_c());
        assert!((48.0..60.0).contains(&board_c), "{model}: board {board_c}");
        assert!((60.0..78.0).contains(&chip_c), "{model}: chip {chip_c}");
        let duty = bench.duty.percent();
        assert!((55..=95).contains(&duty), "{model}: duty {duty}");
        for slot in bench.slots() {
            let inlet_c = bench.physics.inlet().c();
            let warmer = bench.physics.outlet(slot).expect("a board").c() - inlet_c;
            assert!((12.0..32.0).contains(&warmer), "{model}: air {warmer} K");
        }
        let limits = &bench.machine.limits;
        assert!(board_c < limits.board_warn_c && chip_c < limits.chip_warn_c);
    });
}

/// The table leaves room between the stream, the board and the chip: else a conductance
/// would have been made up.
#[test]
fn every_design_point_makes_sense() {
    every_machine(|model| {
        let bench = rated(model, 1);
        let slot = ChainSlot(0);
        let outlet_c = bench.physics.outlet(slot).expect("a board").c();
        let board_c = bench.physics.hottest_board(slot).expect("a board").c();
        let chip_c = bench.physics.hottest_chip(slot).expect("a board").c();
        assert!(board_c > outlet_c + 1.0, "{model}: {board_c} {outlet_c}");
        assert!(chip_c > board_c + 8.0, "{model}: {chip_c} {board_c}");
    });
}

#[test]
fn in_hot_air_with_full_fans_every_machine_runs_below_its_stop_limits() {
    every_machine(|model| {
        let limits = machine(model).limits;
        let mut options = Options::default();
        options.variation.inlet_c = limits.inlet_max_c;
        let mut bench = Bench::new(model, options);
        bench.fans(100);
        bench.run_at(1.0, 1.0);
        bench.pass(1800);
        let (board_c, chip_c) = (bench.hottest_board_c(), bench.hottest_chip_c());
        assert!(board_c < limits.board_stop_c, "{model}: board {board_c}");
        assert!(chip_c < limits.chip_stop_c, "{model}: chip {chip_c}");
    });
}

#[test]
fn what_goes_in_comes_out_in_the_end() {
    every_machine(|model| {
        let mut bench = rated(model, 1);
        bench.pass(1800);
        for slot in 0..usize::from(bench.machine.slots) {
            let board = &bench.physics.boards[slot];
            let ratio = board.heat.taken_w / board.drawn_w;
            assert!((ratio - 1.0).abs() < 0.002, "{model} slot {slot}: {ratio}");
        }
    });
}

#[test]
fn hydro_and_immersion_run_at_their_points_without_fans() {
    every_machine(|model| {
        for (cooling, inlet_c, chip_max_c) in [
            (Cooling::Hydro, 35.0, 68.0),
            (Cooling::Immersion, 40.0, 74.0),
        ] {
            let mut options = Options {
                cooling,
                ..Options::default()
            };
            options.variation.inlet_c = inlet_c;
            let mut bench = Bench::new(model, options);
            bench.run_at(1.0, 1.0);
            bench.pass(3600);
            let chip_c = bench.hottest_chip_c();
            assert!((50.0..chip_max_c).contains(&chip_c), "{model}: {chip_c}");
            let share = bench.wall_w() / bench.machine.rated_power_w;
            assert!(
                (0.92..1.02).contains(&share),
                "{model} {cooling:?}: {share}"
            );
            assert_eq!(bench.physics.fan(0), None);
        }
    });
}
