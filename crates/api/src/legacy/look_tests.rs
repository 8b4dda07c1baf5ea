use telemetry::{Chip, Quality, Temperature};

use super::*;
use crate::legacy::fixture;

fn sensed(places: &[(&str, Option<f64>)]) -> (Sensors, Sensors) {
    let mut s = fixture::snapshot();
    s.temperatures = places
        .iter()
        .map(|(place, temp_c)| Temperature {
            place: (*place).to_owned(),
            temp_c: *temp_c,
            quality: Quality::Good,
        })
        .collect();
    let boards = Look::at(&s).boards();
    (boards[0].pcb, boards[0].chips)
}

#[test]
fn sensors_stand_where_clients_look_for_inlet_and_outlet() {
    let (pcb, chips) = sensed(&[
        ("board 0 inlet 0", Some(41.4)),
        ("board 0 outlet 1", Some(61.5)),
        ("board 1 outlet 0", Some(99.0)),
        ("board 0 chip 2", Some(70.2)),
        ("board 0 chip 3", None),
    ]);
    assert_eq!(pcb.four, [62, 62, 41, 41]);
    assert_eq!(pcb.joined(), "62-62-41-41");
    assert_eq!((pcb.hottest, chips.hottest), (Some(62), Some(70)));
    assert_eq!(chips.four, [70, 0, 0, 0]);
}

#[test]
fn a_failed_sensor_keeps_its_place_and_has_no_value() {
    let (pcb, chips) = sensed(&[("board 0 board 0", None), ("board 0 board 1", Some(50.0))]);
    assert_eq!(pcb.four, [0, 50, 0, 0]);
    assert_eq!(chips, Sensors::default());
    let (pcb, _) = sensed(&[
        ("elsewhere", Some(1.0)),
        ("board x chip", Some(1.0)),
        ("", None),
    ]);
    assert_eq!(pcb.hottest, None);
    let five = [("board 0 board 0", Some(40.0)); 5];
    assert_eq!(sensed(&five).0.four, [40; 4]);
}

#[test]
fn each_chip_has_a_letter_and_each_domain_a_group() {
    let mut s = fixture::snapshot();
    let chip = |index: u16, ratio_high| Chip {
        index,
        domain: index / 3,
        nonces: 0,
        expected: 0.0,
        ratio_low: None,
        ratio_high,
        hw_errors: 0,
    };
    s.chains[0].chips_expected = 7;
    s.chains[0].chips_found = Some(5);
    let chips = (0..7).map(|i| chip(i, [Some(1.1), None, Some(0.69)][usize::from(i % 3)]));
    s.chains[0].chips = Some(chips.collect());
    assert_eq!(Look::at(&s).boards()[0].letters(), "oox oo- -");
    s.chains[0].chips = None;
    assert_eq!(Look::at(&s).boards()[0].letters(), "ooooo--");
    s.chains[0].chips_found = None;
    assert_eq!(Look::at(&s).boards()[0].letters(), "");
}

#[test]
fn rates_have_the_digits_of_the_status_page() {
    let check = |ths, expected: f64| assert_eq!(ghs(ths), expected);
    check(Some(112.345_678_9), 112_345.7);
    check(Some(0.000_04), 0.0);
    check(None, 0.0);
    check(Some(f64::NAN), 0.0);
}

#[test]
fn what_boards_should_do_adds_up_to_what_the_machine_should() {
    let s = fixture::snapshot();
    let look = Look::at(&s);
    let sum: f64 = look.boards().iter().map(|board| board.ideal_ghs).sum();
    assert!((sum - look.ghs_ideal()).abs() < 1e-6, "{sum}");
}

#[test]
fn boards_are_numbered_as_their_maker_does_it() {
    let mut s = fixture::snapshot();
    let numbers = |s: &Snapshot| {
        let boards = Look::at(s).boards();
        boards.iter().map(|board| board.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&s), [1, 2, 3]);
    s.machine.model = "antminer-s9".into();
    assert_eq!(numbers(&s), [6, 7, 8]);
    s.chains[1].state = ChainState::Absent;
    assert_eq!(numbers(&s), [6, 8]);
    s.chains.clear();
    assert!(numbers(&s).is_empty());
}

#[test]
fn difficulties_and_times_are_written_as_clients_know_them() {
    let check = |value, expected: &str| assert_eq!(suffixed(value), expected);
    check(0.0, "0");
    check(512.0, "512");
    check(1024.0, "1.02K");
    check(65_536.0, "65.5K");
    check(131_072.0, "131K");
    check(8_388_608.0, "8.39M");
    check(1e30, "1000000000000000P");
    check(f64::NAN, "0");
    let pool = |last_share_s| Pool {
        last_share_s,
        ..Pool::default()
    };
    assert_eq!(pool(None).last_share_text(), "0");
    assert_eq!(pool(Some(3725.9)).last_share_text(), "1:02:05");
    assert_eq!(pool(Some(f64::INFINITY)).last_share_text(), "277777:46:40");
}
