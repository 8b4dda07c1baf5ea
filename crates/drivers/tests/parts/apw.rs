//! APW supplies.

use core::ops::RangeInclusive;

use board_support::{PsuType, VoltageCode};
use drivers::parts::apw::{Answer, Apw, Request, code_for, read_probe};
use drivers::parts::{CodedVoltage, OrderError, PartErrorKind, Rounding, longest, millivolts_ceil};
use hal::BusOp;
use units::Duration;

use crate::stand::{
    answered, bytes_of, file_of_vectors, guards, kind, survives, unhex, vectors, writes,
};

const ADDRESS: u8 = 0x10;
const PSU: Apw = Apw::at(ADDRESS);
const ANY: RangeInclusive<u32> = 0..=u32::MAX;

fn type_0x71() -> PsuType {
    let code = VoltageCode {
        offset: 1190.935338,
        per_volt: 78.742588,
    };
    PsuType {
        word: 0x71,
        code: Some(code),
    }
}

fn fifteen_volts() -> CodedVoltage {
    code_for(&[type_0x71()], 0x71, &ANY, 15_000).expect("in range")
}

/// Every request that there is.
fn requests() -> Vec<Request> {
    let mut all = vec![
        Request::version(),
        Request::supply_type(),
        Request::code(),
        Request::watchdog(true),
        Request::watchdog(false),
    ];
    all.extend((0..=u16::MAX).filter_map(Request::status));
    let formula = type_0x71().code.expect("has one");
    let each = formula.range_mv().filter_map(|mv| {
        let coded = CodedVoltage::new(&formula, Rounding::Truncate, &ANY, mv);
        coded.ok().map(Request::set)
    });
    all.extend(each);
    all
}

/// What the supply hears, register by register.
fn heard(request: Request) -> Vec<u8> {
    let mut frame = Vec::new();
    for write in writes(ADDRESS, &PSU.ask(request)) {
        assert_eq!(write[0], 0x11, "everything goes through the data register");
        frame.extend(&write[1..]);
        assert!(write.len() <= 2, "a byte at a time");
    }
    frame
}

#[test]
fn requests_are_the_captured_and_published_frames() {
    let list = vectors("psu/frames.json");
    let cases = [
        ("psu-apw12-0x71-get-type-req", Request::supply_type()),
        ("psu-x17-get-type-req", Request::supply_type()),
        ("psu-apw12-0x71-set-15v-req", Request::set(fifteen_volts())),
        ("psu-x17-get-dac-req", Request::code()),
        ("psu-tmpl-get-fw-req", Request::version()),
        (
            "psu-tmpl-status-0a-req",
            Request::status(0x75).expect("tells"),
        ),
        ("psu-derived-watchdog-off", Request::watchdog(false)),
        ("psu-derived-watchdog-on", Request::watchdog(true)),
    ];
    for (id, request) in cases {
        assert_eq!(request.frame(), bytes_of(&list, id), "{id}");
        assert_eq!(heard(request), bytes_of(&list, id), "{id}");
    }
}

#[test]
fn no_request_reads_or_writes_what_may_be_calibration() {
    let list = vectors("psu/frames.json");
    let forbidden = ["psu-tmpl-adc-req", "psu-derived-eeprom-write-10-aabb"];
    let forbidden = forbidden.map(|id| bytes_of(&list, id)[3]);
    assert_eq!(forbidden, [0x04, 0x86]);
    let said: Vec<u8> = requests().into_iter().map(|r| heard(r)[3]).collect();
    assert!(said.len() > 3000, "{}", said.len());
    for command in &said {
        let allowed = [0x01, 0x02, 0x03, 0x0a, 0x81, 0x83].contains(command);
        assert!(allowed && !forbidden.contains(command) && *command != 0x06);
    }
    // And the probe writes nothing but the register that it reads.
    assert_eq!(writes(ADDRESS, &PSU.probe()), [[0x00]]);
}

#[test]
fn an_answer_is_read_a_byte_at_a_time_after_the_wait() {
    let ops = PSU.ask(Request::supply_type());
    let wait = ops.iter().position(|op| matches!(op, BusOp::Delay(_)));
    assert_eq!(wait, Some(6), "the request has six bytes");
    assert_eq!(ops[6], BusOp::Delay(Duration::from_millis(400)));
    let read = BusOp::Transfer {
        address: ADDRESS,
        write: vec![0x11],
        read: 1,
    };
    assert!(ops[7..15].iter().all(|op| *op == read));
    assert_eq!(ops[15..], [BusOp::Delay(Duration::from_millis(100))]);
    assert!(longest(&ops) < Duration::from_secs(1));
}

#[test]
fn answers_are_the_captured_and_published_frames() {
    let list = vectors("psu/frames.json");
    let check = |request: Request, bytes: &[u8], expected: Answer| {
        let reads = answered(&PSU.ask(request), bytes);
        assert_eq!(request.read(&reads), Ok(expected));
        guards(bytes, |reads| request.read(reads));
    };
    let of = |id| bytes_of(&list, id);
    check(
        Request::supply_type(),
        &of("psu-apw12-0x71-get-type-rsp"),
        Answer::Type(0x71),
    );
    check(
        Request::set(fifteen_volts()),
        &of("psu-apw12-0x71-set-15v-rsp"),
        Answer::CodeSet(9),
    );
    // Published example: version 6, and an answer to 0x0A that says "up".
    check(
        Request::version(),
        &unhex("55aa060106000d00"),
        Answer::Version(6),
    );
    check(Request::code(), &unhex("55aa060309001200"), Answer::Code(9));
    let status = Request::status(0x78).expect("tells");
    check(status, &unhex("55aa060a00001000"), Answer::Status(0));
    // Both widths that the watchdog's answer may have.
    let watchdog = Request::watchdog(true);
    check(watchdog, &unhex("55aa068101008800"), Answer::WatchdogSet);
    check(watchdog, &unhex("55aa0581018700"), Answer::WatchdogSet);
}

#[test]
fn an_answer_that_is_none_says_why() {
    let check = |request: Request, hex: &str, expected: PartErrorKind| {
        let reads = answered(&PSU.ask(request), &unhex(hex));
        assert_eq!(kind(request.read(&reads)), expected, "{hex}");
    };
    let ask = Request::supply_type();
    check(ask, "", PartErrorKind::Silent);
    check(ask, "f5", PartErrorKind::Refused);
    check(ask, "aa55060271007900", PartErrorKind::Garbled);
    check(ask, "0055aa0602710079", PartErrorKind::Garbled);
    check(ask, "55aa0702710079ff", PartErrorKind::Garbled);
    check(ask, "55aa030202000000", PartErrorKind::Garbled);
    let sum = |expected, found| PartErrorKind::Checksum { expected, found };
    check(ask, "55aa060271007a00", sum(0x79, 0x7a));
    check(ask, "55aa060271007901", sum(0x79, 0x0179));
    let other = PartErrorKind::Command { expected: 0x02 };
    check(ask, "55aa060371007a00", other);
    // An answer without its word.
    check(ask, "55aa04020600", PartErrorKind::Garbled);
    let wide = PartErrorKind::Unknown {
        what: "voltage code",
        found: 0x109,
    };
    check(Request::code(), "55aa060309011300", wide);
    let echo = PartErrorKind::Echo {
        expected: 9,
        found: 8,
    };
    check(Request::set(fifteen_volts()), "55aa068308009100", echo);
}

#[test]
fn any_bytes_at_all_are_survived() {
    for request in [Request::code(), Request::watchdog(true)] {
        let taken = survives(&unhex("55aa060309001200"), |r| request.read(r));
        assert_eq!(taken, 0);
    }
    survives(&[0xf5], read_probe);
}

#[test]
fn the_probe_knows_the_packet_protocol_from_the_old_one() {
    let probe = |byte: u8| read_probe(&answered(&PSU.probe(), &[byte]));
    assert_eq!(probe(0xf5), Ok(()));
    assert_eq!(kind(probe(0xff)), PartErrorKind::Silent);
    for other in [0x00, 0x55, 0xf4] {
        assert!(matches!(kind(probe(other)), PartErrorKind::Unknown { .. }));
    }
}

#[test]
fn codes_are_those_of_the_vectors_for_every_type() {
    let file = file_of_vectors("psu/voltage-codes.json");
    let table = file["table"].as_array().expect("list");
    let mut checked = 0;
    for row in table {
        let number = |key: &str| row[key].as_f64().expect("number");
        let text = row["type"].as_str().expect("text");
        let word = u16::from_str_radix(&text[2..], 16).expect("hex");
        let code = VoltageCode {
            offset: number("a"),
            per_volt: number("b"),
        };
        let types = [PsuType {
            word,
            code: Some(code),
        }];
        for (key, n) in [("v_at_n255", 255), ("v_at_n0", 0)] {
            let mv = f64::from(millivolts_ceil(&code, n));
            assert!((mv / 1000.0 - number(key)).abs() < 0.0011, "{text} {key}");
        }
        for point in row["points_v_n"].as_array().expect("list") {
            let mv = (point[0].as_f64().expect("volts") * 1000.0).round() as u32;
            let n = point[1].as_u64().expect("code") as u8;
            if !code.range_mv().contains(&mv) {
                // The ends, rounded outwards by the table.
                assert!(n == 0 || n == 255, "{text} {mv}");
                let refused = code_for(&types, word, &ANY, mv);
                assert!(matches!(refused, Err(OrderError::OutOfRange { .. })));
                continue;
            }
            let coded = code_for(&types, word, &ANY, mv).expect("in range").code();
            match word {
                // Rounded, where the table's formula truncates: never to more voltage.
                0x41 | 0x42 => assert!(coded == n || coded == n + 1, "{text} {mv} {coded}"),
                _ => assert_eq!(coded, n, "{text} {mv}"),
            }
            checked += 1;
        }
    }
    assert!(checked > 45, "{checked}");
}

#[test]
fn the_two_examples_of_whole_orders_hold() {
    assert_eq!(fifteen_volts().code(), 9);
    assert_eq!(fifteen_volts().mv_ceil(), 15_011);
    // 21.00 V on an APW9 is 13 (12.91), by the protocol's description.
    let code = VoltageCode {
        offset: 765.411764,
        per_volt: 35.833333,
    };
    let types = [0x41, 0x42].map(|word| PsuType {
        word,
        code: Some(code),
    });
    for word in [0x41, 0x42] {
        let coded = code_for(&types, word, &ANY, 21_000).expect("in range");
        assert_eq!(coded.code(), 13);
    }
}

#[test]
fn no_order_means_more_than_the_machines_limit() {
    for machine in board_support::machines() {
        let machine = board_support::machine(machine).expect("reads");
        let Some(limits) = machine.voltage_range_mv() else {
            continue;
        };
        for t in &machine.psu.types {
            for mv in *limits.start() - 50..=limits.end() + 50 {
                let Ok(coded) = code_for(&machine.psu.types, t.word, &limits, mv) else {
                    let formula = t.code.filter(|c| c.range_mv().contains(&mv));
                    assert!(formula.is_none() || !limits.contains(&mv), "{mv}");
                    continue;
                };
                let formula = t.code.expect("has one");
                let means = (formula.offset - f64::from(coded.code())) / formula.per_volt * 1000.0;
                assert!(means <= f64::from(*limits.end()), "{} {mv}", machine.model);
                let step = 1000.0 / formula.per_volt;
                assert!((means - f64::from(mv)).abs() <= step, "{mv} {means}");
            }
        }
    }
}

#[test]
fn a_type_that_is_unknown_or_takes_another_form_takes_no_order() {
    let code = type_0x71().code;
    let of = |word| PsuType { word, code };
    let unknown = OrderError::UnknownType { word: 0x72 };
    assert_eq!(code_for(&[of(0x71)], 0x72, &ANY, 15_000), Err(unknown));
    assert_eq!(
        code_for(&[], 0x71, &ANY, 15_000),
        Err(OrderError::UnknownType { word: 0x71 })
    );
    let without = PsuType {
        word: 0x71,
        code: None,
    };
    let no_code = |word| Err(OrderError::NoCode { word });
    assert_eq!(code_for(&[without], 0x71, &ANY, 15_000), no_code(0x71));
    // Even where a file gives them a code.
    for word in [0x62, 0x63, 0x64, 0x65, 0x66, 0xc1, 0xc2] {
        assert_eq!(code_for(&[of(word)], word, &ANY, 15_000), no_code(word));
    }
}

#[test]
fn an_order_outside_the_limits_is_refused_with_what_is_allowed() {
    let types = [type_0x71()];
    for mv in [0, 11_999, 15_001, u32::MAX] {
        let refused = code_for(&types, 0x71, &(12_000..=15_000), mv);
        let expected = OrderError::OutOfRange {
            mv,
            min_mv: 12_000,
            max_mv: 15_000,
        };
        assert_eq!(refused, Err(expected));
    }
    // At the limit the captured code would mean 15.011 V: the next one is sent.
    let at_limit = code_for(&types, 0x71, &(12_000..=15_000), 15_000).expect("in range");
    assert_eq!((at_limit.code(), at_limit.mv_ceil()), (10, 14_998));
}

#[test]
fn only_types_that_tell_are_asked_for_their_status() {
    let tell: Vec<u16> = (0..=u16::MAX)
        .filter(|w| Request::status(*w).is_some())
        .collect();
    assert_eq!(tell, [0x75, 0x76, 0x77, 0x78]);
}
