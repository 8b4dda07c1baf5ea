//! The S9's voltage controller.

use drivers::parts::pic16f1704::{Pic16f1704, read_version, read_voltage};
use drivers::parts::{CodedVoltage, OrderError, PartErrorKind, Rounding, millivolts_ceil};
use hal::BusOp;
use units::Duration;

use crate::stand::{answered, bytes_of, count, kind, stream, survives, vectors};

const PIC: Pic16f1704 = Pic16f1704::at(0x55);

fn s9() -> (board_support::VoltageCode, core::ops::RangeInclusive<u32>) {
    let machine = board_support::machine("antminer-s9").expect("reads");
    let controller = machine.peripherals.voltage_controller;
    let code = controller.present().and_then(|c| c.code);
    let limits = machine.limits.voltage_mv.expect("known");
    (code.expect("sets the rail"), limits.0..=limits.1)
}

fn coded(mv: u32) -> CodedVoltage {
    let (formula, limits) = s9();
    // Its highest code means 9.4026 V: a hair of room above the machine's 9.4.
    let limits = *limits.start() - 200..=limits.end() + 10;
    CodedVoltage::new(&formula, Rounding::Nearest, &limits, mv).expect("in range")
}

fn voltage_orders() -> Vec<Vec<BusOp>> {
    let (formula, _) = s9();
    let orders = formula.range_mv().filter_map(|mv| {
        let any = 0..=u32::MAX;
        CodedVoltage::new(&formula, Rounding::Nearest, &any, mv).ok()
    });
    orders.map(|v| PIC.set_voltage(v)).collect()
}

#[test]
fn commands_are_the_published_bytes() {
    let list = vectors("pic/s9-unframed.json");
    let cases = [
        ("s9-pic-flush", PIC.flush()),
        ("s9-pic-reset", PIC.reset()),
        ("s9-pic-jump", PIC.jump()),
        ("s9-pic-version", PIC.version()),
        ("s9-pic-setv-9v4", PIC.set_voltage(coded(9_400))),
        ("s9-pic-setv-8v9", PIC.set_voltage(coded(8_900))),
        ("s9-pic-setv-8v1", PIC.set_voltage(coded(8_100))),
        ("s9-pic-enable", PIC.enable(true)),
        ("s9-pic-disable", PIC.enable(false)),
        ("s9-pic-heartbeat", PIC.heartbeat()),
        ("s9-pic-getv", PIC.voltage()),
    ];
    for (id, ops) in cases {
        assert_eq!(stream(0x55, &ops), bytes_of(&list, id), "{id}");
    }
}

#[test]
fn every_slot_has_its_address() {
    for address in [0x55, 0x56, 0x57] {
        let ops = Pic16f1704::at(address).heartbeat();
        assert_eq!(stream(address, &ops), [0x55, 0xaa, 0x16]);
    }
}

#[test]
fn no_command_touches_flash_or_identity() {
    let list = vectors("pic/s9-unframed.json");
    let flash: Vec<u8> = list
        .iter()
        .filter(|v| {
            let id = v["id"].as_str().expect("text");
            id.contains("flash") && !id.contains("flush") || id.contains("offset")
        })
        .map(|v| bytes_of(&list, v["id"].as_str().expect("text"))[2])
        .collect();
    assert_eq!(flash, [0x01, 0x08, 0x03, 0x23]);
    let mut all = voltage_orders();
    assert!(all.len() > 1000);
    all.extend([PIC.flush(), PIC.reset(), PIC.jump(), PIC.version()]);
    all.extend([PIC.voltage(), PIC.heartbeat()]);
    all.extend([PIC.enable(true), PIC.enable(false)]);
    for ops in all {
        let said = stream(0x55, &ops);
        assert_eq!(said[..2], [0x55, 0xaa]);
        let known = [0x00, 0x06, 0x07, 0x10, 0x15, 0x16, 0x17, 0x18];
        assert!(known.contains(&said[2]), "{said:02x?}");
        // Nothing follows that the parser could take for another command.
        assert!(said.len() <= 4 || said[2] == 0 && said[3..].iter().all(|b| *b == 0));
    }
}

#[test]
fn the_waits_are_those_of_the_published_hosts() {
    let wait = |ops: Vec<BusOp>| ops.last().cloned();
    let ms = |ms| Some(BusOp::Delay(Duration::from_millis(ms)));
    assert_eq!(wait(PIC.reset()), ms(500));
    assert_eq!(wait(PIC.jump()), ms(100));
    assert_eq!(wait(PIC.set_voltage(coded(8_900))), ms(100));
}

#[test]
fn the_known_program_alone_is_accepted() {
    let list = vectors("pic/s9-unframed.json");
    let good = crate::stand::vector(&list, "s9-pic-version")["reply"].clone();
    let good = crate::stand::unhex(good.as_str().expect("hex"));
    let ops = PIC.version();
    assert_eq!(count(&ops), 1);
    assert_eq!(read_version(&answered(&ops, &good)), Ok(()));
    let silent = read_version(&answered(&ops, &[]));
    assert_eq!(kind(silent), PartErrorKind::Silent);
    for other in (0..0xff).filter(|b| *b != 3) {
        let kind = kind(read_version(&answered(&ops, &[other])));
        assert!(matches!(kind, PartErrorKind::Unknown { found, .. } if found == u32::from(other)));
    }
}

#[test]
fn the_voltage_is_read_as_its_code() {
    assert_eq!(read_voltage(&answered(&PIC.voltage(), &[92])), Ok(92));
    let (formula, _) = s9();
    assert_eq!(millivolts_ceil(&formula, 92), 8_898);
    assert_eq!(
        kind(read_voltage(&[])),
        PartErrorKind::Short { expected: 1 }
    );
}

#[test]
fn any_bytes_at_all_are_survived() {
    survives(&[3], read_version);
    survives(&[92], read_voltage);
}

#[test]
fn no_order_means_more_than_the_machines_limit() {
    let (formula, limits) = s9();
    for mv in *limits.start()..=*limits.end() {
        let coded = CodedVoltage::new(&formula, Rounding::Nearest, &limits, mv).expect("inside");
        assert!(coded.mv_ceil() <= *limits.end(), "{mv}");
        assert!(coded.mv_ceil().abs_diff(mv) <= 6, "{mv}");
    }
    for mv in [0, limits.start() - 1, limits.end() + 1, u32::MAX] {
        let refused = CodedVoltage::new(&formula, Rounding::Nearest, &limits, mv);
        assert!(matches!(refused, Err(OrderError::OutOfRange { .. })));
    }
}
