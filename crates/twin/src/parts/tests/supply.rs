//! APW supplies.

use super::super::{Apw, ApwFault, Coding, I2cFault, coding};
use super::*;
use crate::machine::tests::number;

const DATA: u8 = 0x11;

fn apw12() -> Host<Apw> {
    Host::new(Apw::new(0x71, 6), Some(DATA))
}

fn frame(command: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x55, 0xAA, 4 + payload.len() as u8, command];
    frame.extend_from_slice(payload);
    let sum: u16 = frame[2..].iter().map(|b| u16::from(*b)).sum();
    frame.extend(sum.to_le_bytes());
    frame
}

#[test]
fn every_published_request_is_understood_and_captured_answers_come_back() {
    let all = vectors("psu/frames.json");
    let answers = [
        (
            "psu-apw12-0x71-get-type-req",
            "psu-apw12-0x71-get-type-rsp",
            0x71,
        ),
        (
            "psu-apw12-0x71-set-15v-req",
            "psu-apw12-0x71-set-15v-rsp",
            0x71,
        ),
        // The answer to setting a voltage is its echo.
        ("psu-x17-set-21v-rsp", "psu-x17-set-21v-rsp", 0x41),
    ];
    for (request, answer, word) in answers {
        let mut host = Host::new(Apw::new(word, 6), Some(DATA));
        let (request, answer) = (bytes(&all, request), bytes(&all, answer));
        assert_eq!(host.ask(&request, 400, answer.len()), answer);
        assert_eq!(host.read(2), [0xFF, 0xFF], "past the end");
    }
    let requests = all.iter().filter(|v| v["direction"] == "host->psu");
    let mut checked = 0;
    for vector in requests {
        let mut host = apw12();
        let request = hex(&vector["hex"]);
        let first = host.ask(&request, 400, 1);
        let dangerous = [0x04, 0x06, 0x86].contains(&request[3]);
        assert_eq!(host.part.dangers().count, u64::from(dangerous), "{vector}");
        assert_eq!(first, [if dangerous { 0xFF } else { 0x55 }], "{vector}");
        checked += 1;
    }
    assert_eq!(checked, 10);
}

#[test]
fn voltage_codes_are_those_of_the_table() {
    let table = load("psu/voltage-codes.json");
    let mut points = 0;
    for entry in table["table"].as_array().expect("a list") {
        let word = number(&entry["type"]) as u16;
        for point in entry["points_v_n"].as_array().expect("points") {
            let volts = point[0].as_f64().expect("volts");
            let code = point[1].as_u64().expect("a code") as u8;
            let mut host = Host::new(Apw::new(word, 6), Some(DATA));
            host.part.set_enable(host.now, true);
            host.send(&frame(0x83, &[code, 0]));
            let output = host.part.output_v(host.now);
            // The table's volts are rounded to 10 mV, its codes cut off: a step at most.
            let Some(Coding::Code { b, .. }) = coding(word, 6) else {
                panic!("{word:#x}");
            };
            assert!(
                (output - volts).abs() < 1.0 / b + 0.006,
                "{word:#x} {code}: {output}"
            );
            points += 1;
        }
    }
    assert_eq!(points, 65);
}

#[test]
fn it_powers_up_high_and_gives_nothing_before_its_line_says_so() {
    let mut host = apw12();
    assert_eq!(host.part.output_v(host.now), 0.0);
    host.part.set_enable(host.now, true);
    let output = host.part.output_v(host.now);
    assert!((15.11..15.13).contains(&output), "{output}");
    host.part.set_enable(host.now, false);
    host.send(&frame(0x83, &[190, 0]));
    assert_eq!(host.part.output_v(host.now), 0.0);
    host.part.set_enable(host.now, true);
    let output = host.part.output_v(host.now);
    assert!((12.70..12.72).contains(&output), "{output}");
    assert_eq!(host.ask(&frame(0x03, &[]), 400, 8), frame(0x03, &[190, 0]));
}

#[test]
fn register_zero_says_packets_whatever_was_written_to_it() {
    let mut host = Host::new(Apw::new(0x71, 6), Some(0));
    assert_eq!(host.read(2), [0xF5, 0xF5]);
    host.send(&[0xF5, 0x00]);
    assert_eq!(host.read(1), [0xF5]);
}

#[test]
fn an_answer_is_not_there_before_its_time_and_not_lost_by_looking() {
    let mut host = apw12();
    assert_eq!(host.ask(&frame(0x02, &[]), 299, 3), [0xFF; 3]);
    assert_eq!(host.wait_ms(1).read(8), frame(0x02, &[0x71, 0]));
}

#[test]
fn a_bad_request_is_dropped_and_the_next_one_is_found() {
    let good = frame(0x02, &[]);
    let answer = frame(0x02, &[0x71, 0]);
    let mut bad = good.clone();
    bad[4] ^= 1;
    for garbage in [
        bad,
        good[..5].to_vec(),
        vec![0x55, 0x55],
        vec![0x55, 0xAA, 0x00],
        vec![0x55, 0xAA, 0xFF],
        vec![0xAA, 0x55],
    ] {
        let mut host = apw12();
        // Cut short, it swallows what makes up its length: the request is sent again.
        host.send(&garbage).send(&good);
        assert_eq!(host.ask(&good, 400, 8), answer, "{garbage:02x?}");
    }
}

#[test]
fn a_bad_request_leaves_the_earlier_answer_to_be_read() {
    let mut host = apw12();
    let mut bad = frame(0x03, &[]);
    bad[5] ^= 0x80;
    host.ask(&frame(0x02, &[]), 400, 2);
    assert_eq!(host.ask(&bad, 400, 2), [0x06, 0x02]);
}

#[test]
fn faults_show_as_they_are_named() {
    let type_answer = frame(0x02, &[0x71, 0]);
    let check = |fault: ApwFault, request: &[u8], expected: &[u8]| {
        let mut host = apw12();
        host.part.set_faults(host.now, &[fault]);
        let read = host.ask(request, 400, 8);
        assert_eq!(&read[..expected.len()], expected, "{fault:?}");
    };
    let ask_type = frame(0x02, &[]);
    check(ApwFault::F5, &ask_type, &[0xF5, 0xFF]);
    let mut bad_sum = type_answer.clone();
    bad_sum[7] ^= 1;
    check(ApwFault::BadSum, &ask_type, &bad_sum);
    check(ApwFault::WrongEcho, &ask_type, &frame(0x03, &[0x71, 0]));
    check(ApwFault::Word(0x99), &ask_type, &frame(0x02, &[0x99, 0]));
    check(
        ApwFault::ShortReply,
        &ask_type,
        &[0x55, 0xAA, 0x06, 0x02, 0xFF],
    );
    check(
        ApwFault::Late(Duration::from_secs(1)),
        &ask_type,
        &[0xFF; 8],
    );
    let readback = frame(0x03, &[40, 0]);
    check(ApwFault::ReadbackOff(40), &frame(0x03, &[]), &readback);
    check(
        ApwFault::NeverReady,
        &frame(0x0A, &[]),
        &frame(0x0A, &[1, 0]),
    );
    check(ApwFault::RefusesSet, &frame(0x83, &[9, 0]), &[0xF5, 0xFF]);
    let echo = frame(0x83, &[9, 0]);
    check(ApwFault::IgnoresSet, &echo, &echo);
}

#[test]
fn an_ignored_order_shows_in_what_is_read_back() {
    let mut host = apw12();
    host.part.set_faults(host.now, &[ApwFault::IgnoresSet]);
    host.ask(&frame(0x83, &[9, 0]), 400, 8);
    assert_eq!(host.ask(&frame(0x03, &[]), 400, 8), frame(0x03, &[0, 0]));
}

#[test]
fn a_supply_that_does_not_acknowledge_is_not_there() {
    let mut host = apw12();
    host.part.set_faults(host.now, &[ApwFault::Nack]);
    let mut byte = [0];
    assert_eq!(
        transfer(&mut host.part, host.now, &[0], &mut byte),
        Err(I2cFault::Nack)
    );
}

#[test]
fn status_is_zero_two_seconds_after_it_was_switched_on() {
    let mut host = apw12();
    let (busy, ready) = (frame(0x0A, &[1, 0]), frame(0x0A, &[0, 0]));
    assert_eq!(host.ask(&frame(0x0A, &[]), 400, 8), busy);
    host.part.set_enable(host.now, true);
    assert_eq!(host.ask(&frame(0x0A, &[]), 400, 8), busy);
    host.wait_ms(2000);
    assert_eq!(host.ask(&frame(0x0A, &[]), 400, 8), ready);
}

#[test]
fn a_watching_supply_goes_off_unless_it_is_fed_and_stays_off() {
    let mut host = apw12();
    host.part.set_enable(host.now, true);
    host.send(&frame(0x81, &[1, 0])).wait_ms(19_999);
    assert!(host.part.output_v(host.now) > 15.0);
    host.send(&frame(0x84, &[])).wait_ms(19_999);
    assert!(host.part.output_v(host.now) > 15.0);
    host.wait_ms(1);
    assert_eq!(host.part.output_v(host.now), 0.0);
    // Feeding brings nothing back; the line does.
    host.send(&frame(0x81, &[1, 0]));
    assert_eq!(host.part.output_v(host.now), 0.0);
    host.part.set_enable(host.now, false);
    host.part.set_enable(host.now, true);
    assert!(host.part.output_v(host.now) > 15.0);
    // Told not to watch, it does not.
    host.send(&frame(0x81, &[1, 0])).send(&frame(0x81, &[0, 0]));
    host.wait_ms(3_600_000);
    assert!(host.part.output_v(host.now) > 15.0);
}

#[test]
fn a_trip_lasts_until_the_line_goes_off_and_the_cause_is_gone() {
    let mut host = apw12();
    host.part.set_enable(host.now, true);
    host.part.set_faults(host.now, &[ApwFault::Trips]);
    assert_eq!(host.part.output_v(host.now), 0.0);
    host.part.set_faults(host.now, &[]);
    assert_eq!(host.part.output_v(host.now), 0.0);
    host.part.set_enable(host.now, false);
    host.part.set_enable(host.now, true);
    assert!(host.part.output_v(host.now) > 15.0);
}

#[test]
fn types_with_floats_take_floats_and_nothing_else() {
    let mut host = Host::new(Apw::new(0x62, 6), Some(DATA));
    host.part.set_enable(host.now, true);
    let order = frame(0x83, &18.5f32.to_le_bytes());
    assert_eq!(host.ask(&order, 400, order.len()), order);
    assert_eq!(host.part.output_v(host.now), 18.5);
    for refused in [
        frame(0x83, &[9, 0]),
        frame(0x83, &f32::NAN.to_le_bytes()),
        frame(0x83, &1e9f32.to_le_bytes()),
    ] {
        assert_eq!(host.ask(&refused, 400, 1), [0xF5]);
    }
    assert_eq!(host.part.output_v(host.now), 18.5);
    assert_eq!(host.part.orders(), 1);
}

#[test]
fn a_code_beyond_a_byte_is_refused() {
    let mut host = apw12();
    assert_eq!(host.ask(&frame(0x83, &[0, 1]), 400, 1), [0xF5]);
    assert_eq!(host.part.orders(), 0);
}

#[test]
fn what_a_type_does_with_a_voltage_is_unknown_for_unknown_types() {
    assert_eq!(coding(0x99, 6), None);
    assert_eq!(coding(0x64, 0), Some(Coding::Float));
    assert_ne!(coding(0xC1, 3), coding(0xC1, 4));
}
