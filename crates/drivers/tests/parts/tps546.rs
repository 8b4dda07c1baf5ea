//! The regulator of open boards.

use drivers::parts::tps546::{Known, Rail, RegulatorFault, Status, Tps546, linear11, linear11_of};
use drivers::parts::{OrderError, PartErrorKind};

use crate::stand::{answered, kind, survives, unhex, writes};

const REGULATOR: Tps546 = Tps546::at(0x24);

fn identify(hex: &str) -> Result<Known, drivers::parts::PartError> {
    REGULATOR.read_identity(&answered(&REGULATOR.identify(), &unhex(hex)))
}

/// One with relative thresholds and the exponent -9: voltages are in 512ths.
fn known() -> Known {
    identify("065449546b244197").expect("known")
}

#[test]
fn the_three_identities_are_known_and_no_other() {
    assert_eq!(writes(0x24, &REGULATOR.identify()).concat(), [0xad, 0x20]);
    for id in ["5449546b2441", "5449546d2441", "5449546d2462"] {
        assert!(identify(&format!("06{id}97")).is_ok(), "{id}");
        assert!(identify(&format!("05{id}97")).is_err(), "{id}");
    }
    assert_eq!(kind(identify("")), PartErrorKind::Silent);
    for hex in ["065449546b244297", "060000000000000097", "065449546b244117"] {
        let kind = kind(identify(hex));
        assert!(matches!(kind, PartErrorKind::Unknown { .. }), "{hex}");
    }
}

#[test]
fn linear11_is_what_the_specification_says() {
    let cases = [
        (0x0000, 0.0),
        (0x0001, 1.0),
        (0x07ff, -1.0),
        (0x0400, -1024.0),
        (0xf804, 2.0),
        (0xe010, 1.0),
        (0xca00, 4.0),
        (0x0802, 4.0),
        (0x7bff, 1023.0 * 32768.0),
        (0x8001, 1.0 / 65536.0),
    ];
    for (word, value) in cases {
        assert_eq!(linear11(word), value, "{word:04x}");
    }
    for word in 0..=u16::MAX {
        assert_eq!(
            linear11(linear11_of(linear11(word))),
            linear11(word),
            "{word:04x}"
        );
    }
    for (value, step) in [(4.8, 0.005), (650.0, 0.5), (14.8, 0.01), (0.125, 1e-9)] {
        assert!(
            (linear11(linear11_of(value)) - value).abs() <= step,
            "{value}"
        );
    }
    for absurd in [f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        assert!(linear11(linear11_of(absurd)).abs() > 3e7);
    }
    assert_eq!(linear11(linear11_of(f64::NAN)), 0.0);
}

/// The data of one setting in a list.
fn setting(writes: &[Vec<u8>], command: u8) -> Vec<u8> {
    let found: Vec<_> = writes.iter().filter(|w| w[0] == command).collect();
    assert_eq!(found.len(), 1, "{command:02x}");
    found[0][1..].to_vec()
}

#[test]
fn every_group_is_set_to_its_published_limits_with_the_output_off() {
    let half = |b: &[u8]| u16::from_le_bytes([b[0], b[1]]);
    // on, off, warn, stop; divider; least, most, start; amperes; phase, stack, sync
    let table = [
        (
            Rail::ONE_CHIP_5V,
            [4.8, 4.5, 0.0, 6.5, 0.25, 1.0, 2.0, 1.2, 25.0, 30.0],
            [0x00, 0x00, 0x10],
        ),
        (
            Rail::SIX_CHIPS_12V,
            [11.5, 11.0, 11.0, 14.8, 0.125, 2.5, 4.5, 3.6, 25.0, 30.0],
            [0x00, 0x00, 0x10],
        ),
        (
            Rail::TWO_CHIPS_12V,
            [11.0, 10.5, 11.0, 14.8, 0.25, 1.0, 3.0, 1.2, 50.0, 55.0],
            [0xff, 0x01, 0xd0],
        ),
    ];
    for (rail, values, [phase, stack, sync]) in table {
        let list = writes(0x24, &known().setup(&rail));
        assert_eq!(list[0], [0x01, 0x00], "the output goes off first");
        assert_eq!(list.last(), Some(&vec![0x03]), "old faults are forgotten");
        assert!(list.iter().all(|w| w[..] != [0x01, 0x80]));
        let commands = [0x35, 0x36, 0x58, 0x55, 0x29, 0x2b, 0x24, 0x21, 0x4a, 0x46];
        for (command, value) in commands.into_iter().zip(values) {
            let word = half(&setting(&list, command));
            let given = match command {
                0x21 | 0x24 | 0x2b => f64::from(word) / 512.0,
                _ => linear11(word),
            };
            assert!((given - value).abs() < 0.011, "{command:02x}: {given}");
        }
        assert_eq!(setting(&list, 0x04), [phase]);
        assert_eq!(setting(&list, 0xec), [stack, 0x00]);
        assert_eq!(setting(&list, 0xe4), [sync]);
        assert_eq!(setting(&list, 0x40), 640u16.to_le_bytes(), "1.25 of 512");
        assert_eq!(setting(&list, 0x44), 384u16.to_le_bytes(), "0.75 of 512");
        assert_eq!(setting(&list, 0x50), [0xff]);
        assert_eq!(setting(&list, 0x47), [0xc0]);
    }
}

#[test]
fn nothing_is_stored_for_good() {
    for rail in Rail::ALL {
        let mut all = known().setup(rail);
        all.extend(known().set_voltage(rail, rail.start_mv()).expect("inside"));
        all.extend([known().on(), REGULATOR.off(), known().ask()].concat());
        all.extend([known().clear_faults(), REGULATOR.identify()].concat());
        for write in writes(0x24, &all) {
            // Store to and restore from memory, in every form of the specification.
            assert!(!(0x11..=0x18).contains(&write[0]), "{write:02x?}");
        }
    }
}

#[test]
fn a_voltage_outside_the_rail_cannot_be_ordered_and_none_means_more_than_was_asked() {
    for rail in Rail::ALL {
        for mv in 0..=6_000 {
            let inside = (rail.min_mv()..=rail.max_mv()).contains(&mv);
            match known().set_voltage(rail, mv) {
                Ok(ops) => {
                    assert!(inside, "{mv}");
                    let write = writes(0x24, &ops).concat();
                    assert_eq!(write[0], 0x21);
                    let word = u16::from_le_bytes([write[1], write[2]]);
                    let given = f64::from(word) / 512.0 * 1000.0;
                    assert!(given <= f64::from(mv) && given > f64::from(mv) - 2.0);
                }
                Err(error) => {
                    assert!(!inside, "{mv}");
                    assert!(matches!(error, OrderError::OutOfRange { .. }));
                }
            }
        }
        assert!(known().set_voltage(rail, u32::MAX).is_err());
    }
}

#[test]
fn the_state_is_read_as_named_faults() {
    use RegulatorFault as F;
    let faults = |word| Status(word).faults().collect::<Vec<_>>();
    assert_eq!(faults(0x0000), []);
    assert_eq!(faults(0x8820), [F::OutputHigh, F::Output, F::PowerNotGood]);
    assert_eq!(faults(0x4010), [F::CurrentHigh, F::Current]);
    assert_eq!(faults(0x2008), [F::InputLow, F::Input]);
    assert_eq!(faults(0x1000), [F::Other]);
    assert_eq!(faults(0x0004), [F::Temperature]);
    assert_eq!(faults(0x0002), [F::Communication]);
    // Off because it was told so: that power is not good is no fault.
    assert!(Status(0x0840).is_off());
    assert_eq!(faults(0x0840), []);
    assert_eq!(faults(0x0844), [F::Temperature]);
}

#[test]
fn measurements_are_read_in_their_own_formats() {
    // State 0; 5 V, 1.2 V, 12 A, 55 °C.
    let mut bytes = vec![0x00, 0x00];
    for word in [linear11_of(5.0), 614, linear11_of(12.0), linear11_of(55.0)] {
        bytes.extend(word.to_le_bytes());
    }
    let m = known()
        .read(&answered(&known().ask(), &bytes))
        .expect("answers");
    assert_eq!(
        (m.input_v, m.output_a, m.temperature.c()),
        (5.0, 12.0, 55.0)
    );
    assert_eq!(m.output.mv(), 1199, "614 / 512 V");
    assert_eq!(
        kind(known().read(&answered(&known().ask(), &[]))),
        PartErrorKind::Silent
    );
}

#[test]
fn any_bytes_at_all_are_survived() {
    survives(&[0x12; 10], |reads| known().read(reads));
    survives(&unhex("065449546b244197"), |r| REGULATOR.read_identity(r));
}
