//! What machines do when something changes.

use super::*;

/// At the rating and at rest, fans fixed.
pub(super) fn settled(model: &str, change: impl FnOnce(&mut Options)) -> Bench {
    let mut options = Options::default();
    change(&mut options);
    let mut bench = Bench::new(model, options);
    bench.fans(80);
    bench.run_at(1.0, 1.0);
    bench.pass(1800);
    bench
}

const SOME: [&str; 4] = [
    "antminer-s9",
    "antminer-t17",
    "antminer-s19-pro",
    "antminer-s21-xp",
];

#[test]
fn more_air_is_cooler_and_leaks_less() {
    for model in SOME {
        let mut bench = settled(model, |_| {});
        let mut last = (f64::MAX, f64::MAX);
        for duty in [40, 60, 80, 100] {
            bench.fans(duty);
            bench.pass(1800);
            let supply_w = bench.physics.supply_power().w();
            let now = (bench.hottest_chip_c(), supply_w);
            assert!(now.0 < last.0 && now.1 < last.1, "{model} {duty}: {now:?}");
            last = now;
        }
    }
}

#[test]
fn hotter_air_is_hotter_and_leaks_more() {
    for model in SOME {
        let at = |inlet_c| {
            let bench = settled(model, |o| o.variation.inlet_c = inlet_c);
            (bench.hottest_chip_c(), bench.wall_w())
        };
        let (cold, mild, hot) = (at(-20.0), at(25.0), at(40.0));
        assert!(cold.0 < mild.0 && mild.0 < hot.0, "{model}");
        assert!(cold.1 < mild.1 && mild.1 < hot.1, "{model}");
        // Leakage feeds back: 15 K more outside are more than 15 K more inside.
        assert!(hot.0 - mild.0 > 15.0, "{model}: {hot:?} {mild:?}");
    }
}

#[test]
fn thin_air_cools_less() {
    let sea = settled("antminer-s19-pro", |_| {});
    let high = settled("antminer-s19-pro", |o| o.variation.altitude_m = 3_000.0);
    assert!(high.hottest_chip_c() > sea.hottest_chip_c() + 5.0);
}

#[test]
fn more_voltage_is_more_power_and_fewer_errors() {
    for model in ["antminer-s19-pro", "antminer-s19-xp", "antminer-s9"] {
        let mut bench = settled(model, |_| {});
        let mut last: Option<(f64, f64)> = None;
        for voltage in [0.92, 0.96, 1.0] {
            bench.run_at(1.0, voltage);
            bench.pass(600);
            let now = (bench.wall_w(), bench.ths());
            if let Some(last) = last {
                assert!(
                    now.0 > last.0 && now.1 > last.1,
                    "{model}: {now:?} {last:?}"
                );
            }
            last = Some(now);
        }
    }
}

#[test]
fn beyond_what_voltage_allows_hashrate_falls() {
    let mut bench = settled("antminer-s19-pro", |_| {});
    let at = |bench: &mut Bench, frequency: f64| {
        bench.run_at(frequency, 0.95);
        bench.pass(300);
        bench.ths()
    };
    let (near, beyond) = (at(&mut bench, 1.0), at(&mut bench, 1.15));
    assert!(beyond < near, "{near} {beyond}");
}

#[test]
fn sensors_lag_behind_their_places_and_reach_them() {
    let mut bench = settled("antminer-s19-pro", |o| {
        o.weather = Weather::step(s(1800), 20.0)
    });
    let slot = ChainSlot(1);
    let (fourth, chip_90) = (3, 7);
    let board = |bench: &Bench| {
        let heat = &bench.physics.boards[1].heat;
        (
            heat.board_c[33],
            bench.physics.sensor(slot, fourth).expect("a sensor").c(),
        )
    };
    bench.pass(20);
    let (there_c, felt_c) = board(&bench);
    assert!(felt_c < there_c - 0.2, "{felt_c} {there_c}");
    bench.pass(3600);
    let (there_c, felt_c) = board(&bench);
    assert!((felt_c - there_c).abs() < 0.05, "{felt_c} {there_c}");
    let chip_c = bench.physics.chip(slot, ChipIndex(90)).expect("a chip").c();
    let felt_c = bench.physics.sensor(slot, chip_90).expect("a sensor").c();
    assert!((felt_c - chip_c).abs() < 0.05, "{felt_c} {chip_c}");
    assert_eq!(bench.physics.sensor(slot, 8), None);
}

#[test]
fn a_sensor_in_a_chip_feels_its_die() {
    let bench = settled("dragonmint-t1", |_| {});
    let slot = ChainSlot(0);
    for (sensor, chip) in [(0, 0), (1, 31), (2, 62)] {
        let there_c = bench
            .physics
            .chip(slot, ChipIndex(chip))
            .expect("a chip")
            .c();
        let felt_c = bench.physics.sensor(slot, sensor).expect("a sensor").c();
        assert!((felt_c - there_c).abs() < 0.05, "{felt_c} {there_c}");
    }
}

#[test]
fn results_do_not_depend_on_how_often_time_is_told() {
    let run = |pieces: &[u64]| {
        let mut bench = Bench::new("antminer-s9", Options::default());
        bench.fans(70);
        bench.run_at(1.0, 1.0);
        let mut at = Duration::ZERO;
        let mut pieces = pieces.iter().cycle();
        while at < Duration::from_secs(600) {
            at += Duration::from_millis(*pieces.next().expect("a cycle"));
            bench
                .physics
                .advance(Instant::ZERO + at.min(Duration::from_secs(600)));
        }
        let p = &bench.physics;
        (
            p.wall_w.to_bits(),
            bench.hottest_chip_c().to_bits(),
            p.fan(0),
        )
    };
    let whole = run(&[600_000]);
    assert_eq!(whole, run(&[250]));
    assert_eq!(whole, run(&[7, 90, 1, 1300]));
}

/// Grade: exact and thinned(4) agree.
#[test]
fn long_steps_agree_with_short_ones() {
    for model in SOME {
        let run = |thinning| {
            let mut bench = Bench::new(
                model,
                Options {
                    thinning,
                    ..Options::default()
                },
            );
            bench.fans(80);
            bench.run_at(1.0, 1.0);
            let mut trace = Vec::new();
            for step in 0..90 {
                if step == 45 {
                    bench.fans(50);
                }
                bench.pass(20);
                trace.push((
                    bench.hottest_chip_c(),
                    bench.hottest_board_c(),
                    bench.wall_w(),
                ));
            }
            trace
        };
        let exact = run(1);
        for thinned in [run(4), run(8)] {
            for (at, (a, b)) in exact.iter().zip(&thinned).enumerate() {
                assert!((a.0 - b.0).abs() < 1.0, "{model} {at}: {a:?} {b:?}");
                assert!((a.1 - b.1).abs() < 1.0, "{model} {at}: {a:?} {b:?}");
                assert!((a.2 / b.2 - 1.0).abs() < 0.01, "{model} {at}: {a:?} {b:?}");
            }
            let (a, b) = (exact[89], thinned[89]);
            assert!((a.0 - b.0).abs() < 0.05, "{model}: {a:?} {b:?}");
        }
    }
}

#[test]
fn one_seed_is_one_machine_and_another_is_another() {
    let wall = |seed| {
        settled("antminer-s21", |o| o.seed = seed)
            .wall_w()
            .to_bits()
    };
    assert_eq!(wall(5), wall(5));
    assert_ne!(wall(5), wall(6));
}

#[test]
fn anywhere_in_the_box_everything_stays_a_number_and_bounded() {
    for model in board_support::machines() {
        for seed in 0..4 {
            let mut rng = Rng::new(seed);
            let options = Options {
                seed,
                variation: Variation::draw(&mut rng),
                thinning: 8,
                ..Options::default()
            };
            let mut bench = Bench::new(model, options);
            bench.run_at(1.1, 1.0);
            for _ in 0..40 {
                bench.fans(rng.below(101) as u8);
                bench.pass(rng.below(120));
                let (chip_c, wall_w) = (bench.hottest_chip_c(), bench.wall_w());
                assert!((-30.0..600.0).contains(&chip_c), "{model} {seed}: {chip_c}");
                assert!((0.0..6_000.0).contains(&wall_w), "{model} {seed}: {wall_w}");
                assert!((0.0..400.0).contains(&bench.ths()));
            }
        }
    }
}
