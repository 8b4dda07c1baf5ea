//! The fan and temperature part of open boards.

use drivers::parts::PartErrorKind::{self, NoMeasurement, OpenDiode, ShortedDiode, Silent};
use drivers::parts::emc2101::{Diode, Emc2101, read, read_identity};
use units::{Celsius, Duty, Rpm};

use crate::stand::{answered, kind, survives, writes};

const FAN: Emc2101 = Emc2101::at(0x4c);

#[test]
fn it_starts_with_the_fan_full() {
    let plain = writes(0x4c, &FAN.setup(Diode::default()));
    assert_eq!(plain, [[0x03, 0x04], [0x4a, 0x23], [0x4c, 63]]);
    let diode = Diode {
        ideality: Some(0x24),
        beta: Some(0x08),
    };
    let whole = writes(0x4c, &FAN.setup(diode));
    assert_eq!(whole[2..4], [[0x17, 0x24], [0x18, 0x08]]);
    assert_eq!(whole.last(), Some(&vec![0x4c, 63]));
}

#[test]
fn a_duty_becomes_a_setting_that_is_not_slower() {
    for percent in 0..=100u8 {
        let [_, setting] = writes(0x4c, &FAN.set_fan(Duty::new(percent)))[0][..] else {
            panic!("a register and its value");
        };
        let given = f64::from(setting) / 63.0 * 100.0;
        assert!(given >= f64::from(percent) - 1e-9 && setting <= 63);
        assert!(given < f64::from(percent) + 1.6, "{percent}");
    }
}

#[test]
fn halves_are_read_in_the_order_that_holds_them() {
    let order = writes(0x4c, &FAN.ask()).concat();
    assert_eq!(order, [0x00, 0x01, 0x10, 0x46, 0x47]);
}

#[test]
fn temperatures_and_the_fan_are_read() {
    let say = |bytes: [u8; 5]| read(&answered(&FAN.ask(), &bytes)).expect("answers");
    // 42; 65.125; 5400000 / 1000
    let m = say([42, 65, 0x20, 0xe8, 0x03]);
    assert_eq!(m.local.map(Celsius::c), Ok(42.0));
    assert_eq!(m.diode.map(Celsius::c), Ok(65.125));
    assert_eq!(m.fan, Ok(Rpm::new(5400)));
    let cold = say([0xf6, 0xf5, 0xe0, 0xff, 0xff]);
    assert_eq!(cold.local.map(Celsius::c), Ok(-10.0));
    assert_eq!(cold.diode.map(Celsius::c), Ok(-10.125));
    assert_eq!(cold.fan, Ok(Rpm::new(0)), "it stands");
}

#[test]
fn what_is_no_measurement_says_so() {
    let diode = |high, low| {
        let m = read(&answered(&FAN.ask(), &[42, high, low, 0xe8, 0x03]));
        kind(m.expect("answers").diode)
    };
    assert_eq!(diode(0x7f, 0x00), OpenDiode);
    assert_eq!(diode(0x7f, 0xe0), ShortedDiode);
    assert_eq!(diode(0x00, 0x00), NoMeasurement);
    assert_eq!(diode(0x7f, 0x20), NoMeasurement);
    assert_eq!(diode(0x80, 0x00), NoMeasurement);
    for local in [0x00, 0x7f, 0x80, 0xc0] {
        let m = read(&answered(&FAN.ask(), &[local, 65, 0, 0xe8, 0x03])).expect("answers");
        assert_eq!(kind(m.local), NoMeasurement);
        assert!(m.diode.is_ok(), "one bad value leaves the others");
    }
    let m = read(&answered(&FAN.ask(), &[42, 65, 0, 0, 0])).expect("answers");
    assert_eq!(kind(m.fan), NoMeasurement);
    assert_eq!(kind(read(&answered(&FAN.ask(), &[]))), Silent);
    assert_eq!(kind(read(&[])), PartErrorKind::Short { expected: 5 });
}

#[test]
fn another_part_is_not_taken_for_it() {
    let say = |bytes: &[u8]| read_identity(&answered(&FAN.identify(), bytes));
    assert_eq!(say(&[0x16, 0x5d]), Ok(()));
    assert_eq!(say(&[0x28, 0x5d]), Ok(()));
    assert_eq!(kind(say(&[])), Silent);
    for other in [[0x16, 0x5e], [0x17, 0x5d], [0x00, 0x00]] {
        assert!(matches!(kind(say(&other)), PartErrorKind::Unknown { .. }));
    }
}

#[test]
fn any_bytes_at_all_are_survived() {
    survives(&[42, 65, 0x20, 0xe8, 0x03], read);
    survives(&[0x16, 0x5d], read_identity);
}
