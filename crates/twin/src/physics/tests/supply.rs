//! The supply alone.

use crate::physics::supply::*;

const LAW: SupplyLaw = SupplyLaw {
    max_w: 3600.0,
    bears: 1.0,
    fixed_v: None,
    switched: true,
};

fn run(supply: &mut Supply, seconds: f64, mains: Mains, watts: f64) {
    for _ in 0..(seconds / 0.25) as u32 {
        let conductance = watts / 225.0;
        let load = Load {
            conductance,
            constant_w: 0.0,
        };
        supply.step(0.25, mains, load);
    }
}

fn on(watts: f64) -> Supply {
    let mut supply = Supply::new(LAW, 15.0);
    supply.set(true, 15.0);
    run(&mut supply, 5.0, Mains::WELL, watts);
    supply
}

#[test]
fn efficiency_is_best_in_the_upper_half_and_can_be_inverted() {
    let at = |w: f64| w / LAW.wall_w(w);
    assert!((0.94..0.96).contains(&at(3200.0)), "{}", at(3200.0));
    assert!(at(200.0) < 0.88 && at(1800.0) > 0.94);
    for w in [0.0, 100.0, 3000.0, 3600.0] {
        assert!((LAW.out_w(LAW.wall_w(w)) - w).abs() < 1e-6);
    }
}

#[test]
fn it_is_up_within_two_seconds_and_sinks_a_little_under_load() {
    let mut supply = Supply::new(LAW, 15.0);
    supply.set(true, 15.0);
    run(&mut supply, 1.0, Mains::WELL, 3000.0);
    assert!(supply.out_v < 11.0);
    run(&mut supply, 1.0, Mains::WELL, 3000.0);
    assert!((14.85..14.95).contains(&supply.out_v), "{}", supply.out_v);
    let expected_v = LAW.output_v(15.0, supply.out_v * supply.out_v * 3000.0 / 225.0);
    assert!((supply.out_v - expected_v).abs() < 1e-9);
}

#[test]
fn too_much_for_long_or_far_too_much_trips_and_stays_tripped() {
    assert_eq!(on(3500.0).state, SupplyState::On);
    assert_eq!(on(4200.0).state, SupplyState::Limited);
    let mut long = on(3800.0);
    assert_eq!(long.state, SupplyState::On);
    run(&mut long, 10.0, Mains::WELL, 3800.0);
    assert_eq!(long.state, SupplyState::Tripped(Trip::Overload));
    let mut short = on(5000.0);
    assert_eq!(short.state, SupplyState::Tripped(Trip::OverCurrent));
    run(&mut short, 3600.0, Mains::WELL, 0.0);
    assert_eq!(short.state, SupplyState::Tripped(Trip::OverCurrent));
    short.set(false, 15.0);
    run(&mut short, 6.0, Mains::WELL, 0.0);
    assert_eq!(short.state, SupplyState::Off);
}

#[test]
fn the_limit_holds_power_by_voltage() {
    let supply = on(4200.0);
    let given_w = supply.out_v * supply.out_v * 4200.0 / 225.0;
    assert!((given_w - 3960.0).abs() < 1.0, "{given_w}");
}

#[test]
fn weak_mains_give_less_and_weaker_mains_nothing() {
    let mut supply = on(3000.0);
    let low = |volts| Mains {
        volts,
        ..Mains::WELL
    };
    run(&mut supply, 1.0, low(190.0), 3000.0);
    assert_eq!(supply.state, SupplyState::On);
    run(&mut supply, 1.0, low(100.0), 3000.0);
    assert_eq!(supply.state, SupplyState::Tripped(Trip::OverCurrent));
    run(&mut supply, 1.0, low(80.0), 3000.0);
    assert_eq!((supply.state, supply.out_v), (SupplyState::NoMains, 0.0));
    run(&mut supply, 3.0, Mains::WELL, 3000.0);
    assert_eq!(supply.state, SupplyState::On);
}

#[test]
fn a_supply_without_an_enable_line_is_on_and_tries_again() {
    let law = SupplyLaw {
        max_w: 1600.0,
        bears: 1.0,
        fixed_v: Some(12.0),
        switched: false,
    };
    let mut supply = Supply::new(law, 0.0);
    let load = Load {
        conductance: 0.0,
        constant_w: 1200.0,
    };
    let mut run = |seconds: u32, trip: bool| {
        for _ in 0..seconds * 4 {
            supply.step(
                0.25,
                Mains {
                    trip,
                    ..Mains::WELL
                },
                load,
            );
        }
        supply.state
    };
    assert_eq!(run(2, false), SupplyState::On);
    assert_eq!(run(1, true), SupplyState::Tripped(Trip::Fault));
    assert_eq!(run(10, false), SupplyState::Tripped(Trip::Fault));
    assert_eq!(run(10, false), SupplyState::On);
}

#[test]
fn a_sag_is_a_share_of_what_it_was_told() {
    let mut supply = on(1000.0);
    let sag = Mains {
        sag: 0.8,
        ..Mains::WELL
    };
    run(&mut supply, 1.0, sag, 1000.0);
    assert!((11.9..12.0).contains(&supply.out_v), "{}", supply.out_v);
}
