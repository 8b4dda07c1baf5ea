//! What machines do when something goes wrong.

use super::behaviour::settled;
use super::*;

fn no_fans(bench: &mut Bench) {
    let over = Duration::ZERO;
    let speed = 0.0;
    let from = bench.physics.now();
    let stopped = |fan| Timed::from(from, Fault::Fan { fan, speed, over });
    let faults = (0..bench.machine.fans.count).map(stopped);
    bench.physics.faults = Faults::new(faults.collect());
}

#[test]
fn without_air_a_machine_at_full_power_passes_every_limit_and_more() {
    for model in board_support::machines() {
        let mut bench = settled(model, |o| o.variation.supply = 2.0);
        let limits = bench.machine.limits.clone();
        no_fans(&mut bench);
        bench.pass(180);
        let (board_c, chip_c) = (bench.hottest_board_c(), bench.hottest_chip_c());
        assert!(board_c > limits.board_stop_c + 20.0, "{model}: {board_c}");
        assert!(chip_c > limits.chip_stop_c + 20.0, "{model}: {chip_c}");
    }
}

#[test]
fn switched_off_in_time_it_cools_down_by_itself() {
    for model in board_support::machines() {
        let mut bench = settled(model, |o| o.variation.supply = 2.0);
        let limits = bench.machine.limits.clone();
        no_fans(&mut bench);
        while bench.hottest_board_c() < limits.board_stop_c {
            bench.pass(1);
        }
        bench.off();
        let most_c = (0..600).map(|_| {
            bench.pass(1);
            bench.hottest_board_c()
        });
        let most_c = most_c.fold(f64::MIN, f64::max);
        assert!(most_c < limits.board_stop_c + 8.0, "{model}: {most_c}");
        bench.pass(7200);
        let cooled_c = bench.hottest_board_c();
        assert!(cooled_c < limits.board_stop_c - 10.0, "{model}: {cooled_c}");
    }
}

#[test]
fn where_the_supply_is_near_its_end_leakage_trips_it() {
    let mut bench = settled("antminer-t21", |_| {});
    no_fans(&mut bench);
    bench.pass(120);
    let state = bench.physics.supply_state();
    assert_eq!(state, SupplyState::Tripped(Trip::Overload));
    assert!(bench.wall_w() < 60.0);
}

/// The voltage that stock firmware starts at is not for full frequency: chips would ask a
/// third more of the supply than it can give.
#[test]
fn full_frequency_at_the_start_voltage_trips_the_supply() {
    let mut bench = settled("antminer-s19-pro", |_| {});
    bench.run_at(1.0, 15.0 / 12.6);
    bench.pass(30);
    let state = bench.physics.supply_state();
    assert!(matches!(state, SupplyState::Tripped(_)), "{state:?}");
}

#[test]
fn a_board_without_its_rail_is_cold_and_the_others_go_on() {
    let slot = ChainSlot(1);
    let mut bench = settled("antminer-s19-pro", |o| {
        o.faults = vec![Timed::from(s(900), Fault::RailLost { slot })];
    });
    let (power, rate) = (
        bench.physics.board_power(slot),
        bench.physics.hash_rate(slot),
    );
    assert_eq!(power.map(|w| w.w()), Some(0.0));
    assert!(rate.is_some_and(|r| r.ths() < 0.01), "{rate:?}");
    assert!(bench.physics.rail(slot).is_some_and(|v| v.mv() < 100));
    assert!((bench.ths() / 73.3 - 1.0).abs() < 0.01, "{}", bench.ths());
    bench.fans(100);
    bench.pass(1800);
    let board_c = bench.physics.hottest_board(slot).map(|c| c.c());
    assert!(board_c.is_some_and(|c| c < 26.0), "{board_c:?}");
}

#[test]
fn a_shorted_chip_silences_its_domain_and_heats_its_board() {
    let (slot, chip) = (ChainSlot(0), ChipIndex(40));
    let fault = Fault::ChipShorted { slot, chip };
    let whole = settled("antminer-s19-xp", |_| {});
    let hurt = settled("antminer-s19-xp", |o| {
        o.faults = vec![Timed::from(s(900), fault)]
    });
    let power = |bench: &Bench| bench.physics.board_power(slot).map_or(0.0, |w| w.w());
    assert!(power(&hurt) > 1.05 * power(&whole));
    assert_eq!(hurt.physics.errors(slot, ChipIndex(41)), Some(1.0));
    assert!(hurt.physics.errors(slot, ChipIndex(0)) < Some(0.01));
    assert!(hurt.physics.domain(slot, 4).is_some_and(|v| v.mv() < 100));
}

#[test]
fn losing_the_mains_stops_everything_and_their_return_starts_it_again() {
    let (from, until) = (s(900), s(960));
    let fault = Fault::Mains { volts: 0.0 };
    let mut bench = Bench::new(
        "antminer-s19-pro",
        Options {
            faults: vec![Timed { from, until, fault }],
            ..Options::default()
        },
    );
    bench.fans(80);
    bench.run_at(1.0, 1.0);
    bench.pass(930);
    assert_eq!(bench.physics.supply_state(), SupplyState::NoMains);
    assert_eq!(
        (bench.wall_w(), bench.physics.fan(0)),
        (0.0, Some(Rpm::new(0)))
    );
    bench.pass(60);
    assert_eq!(bench.physics.supply_state(), SupplyState::On);
    assert!(bench.wall_w() > 3000.0);
}

#[test]
fn one_fan_less_heats_the_boards_on_its_side_most() {
    let fault = Fault::Fan {
        fan: 0,
        speed: 0.0,
        over: Duration::ZERO,
    };
    let whole = settled("antminer-s19-pro", |_| {});
    let hurt = settled("antminer-s19-pro", |o| {
        o.faults = vec![Timed::from(s(0), fault)]
    });
    let hotter_k = |slot| {
        let of = |bench: &Bench| bench.physics.hottest_chip(slot).map_or(0.0, |c| c.c());
        of(&hurt) - of(&whole)
    };
    let (near, far) = (hotter_k(ChainSlot(0)), hotter_k(ChainSlot(2)));
    assert!(near > far + 2.0 && far > 1.0, "{near} {far}");
}

#[test]
fn dust_of_days_makes_a_machine_hotter() {
    let loss_per_day = 0.15;
    let mut bench = settled("antminer-s19-pro", |o| {
        o.faults = vec![Timed::from(s(1900), Fault::Dust { loss_per_day })];
        o.thinning = THINNING_MAX;
    });
    let clean_c = bench.hottest_chip_c();
    bench.pass(2 * 86_400);
    let dusty_c = bench.hottest_chip_c();
    assert!(dusty_c > clean_c + 5.0, "{clean_c} {dusty_c}");
}

#[test]
fn a_pump_that_stops_is_a_fan_that_stops() {
    for cooling in [Cooling::Hydro, Cooling::Immersion] {
        let over = Duration::ZERO;
        let pump = Fault::Pump { speed: 0.0, over };
        let run = |faults: Vec<Timed>| {
            let mut bench = settled("antminer-s19-pro", |o| {
                (o.cooling, o.faults) = (cooling, faults);
                o.variation.inlet_c = 35.0;
                o.variation.supply = 2.0;
            });
            bench.pass(120);
            bench.hottest_chip_c()
        };
        let (well, stopped) = (run(vec![]), run(vec![Timed::from(s(1800), pump)]));
        assert!(stopped > well + 5.0, "{cooling:?}: {well} {stopped}");
    }
}
