//! The framed voltage controllers.

use super::super::{ControllerFault, FramedKind, Lm75, PicFramed, Resolution};
use super::*;

const TEN_S: Duration = Duration::from_secs(10);

/// An S19 Pro's, with the sensors of the capture.
fn framed() -> Host<PicFramed> {
    let mut pic = PicFramed::new(FramedKind::Pic16f1704, TEN_S);
    for (address, raw) in [
        (0x48, 0x1710),
        (0x49, 0x17B0),
        (0x4A, 0x17A0),
        (0x4B, 0x17D0),
    ] {
        let mut sensor = Lm75::new(Resolution::Fixed(12));
        sensor.probe.set_c(f64::from(raw) / 256.0);
        pic.sensors.push((address, sensor));
    }
    Host::new(pic, None)
}

fn request(command: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x55, 0xAA, 4 + payload.len() as u8, command];
    frame.extend_from_slice(payload);
    let sum: u16 = frame[2..].iter().map(|b| u16::from(*b)).sum();
    frame.extend(sum.to_be_bytes());
    frame
}

fn framed_started() -> Host<PicFramed> {
    let mut host = framed();
    assert_eq!(host.ask(&request(0x07, &[]), 500, 2), [0x07, 1]);
    assert_eq!(host.ask(&request(0x06, &[]), 300, 2), [0x06, 1]);
    host
}

#[test]
fn every_captured_exchange_with_a_framed_controller_is_reproduced() {
    let all = vectors("pic/framed.json");
    let mut host = framed();
    let mut checked = 0;
    // In the order of the capture. The request for 0x49 is not among the vectors.
    for (name, status) in [
        ("reset", "rsp"),
        ("jump", "rsp"),
        ("version", "rsp"),
        ("heartbeat", "rsp"),
        ("i2c-write-48", "rsp"),
        ("i2c-read-48", "rsp"),
        ("i2c-write-49", "rsp"),
        ("i2c-read-49", "rsp"),
        ("i2c-write-4a", "rsp"),
        ("i2c-read-4a", "rsp"),
        ("i2c-read-4b", "rsp"),
        ("enable", "rsp"),
    ] {
        let response = all
            .iter()
            .find(|v| v["id"] == format!("pic-{name}-{status}"))
            .unwrap_or_else(|| panic!("{name}"));
        let ask = match name {
            "i2c-read-49" => request(0x3C, &[0x49, 2]),
            _ => bytes(&all, &format!("pic-{name}-req")),
        };
        let wait = response["delay_before_read_ms"].as_u64().expect("a wait");
        let expected = hex(&response["hex"]);
        assert_eq!(host.ask(&ask, wait, expected.len()), expected, "{name}");
        assert_eq!(host.read(1), [0xFF], "{name}: past the end");
        if name == "reset" {
            host.wait_ms(500);
        }
        checked += 1;
    }
    assert_eq!(checked, 12);
    assert!(host.part.rail_on());
    assert_eq!(
        host.ask(&bytes(&all, "pic-disable-derived"), 300, 2),
        [0x15, 1]
    );
    assert!(!host.part.rail_on());
}

#[test]
fn commands_of_the_17_series_are_answered_by_its_controller_alone() {
    let all = vectors("pic/framed.json");
    let check = |kind, id: &str, expected: &[u8]| {
        let mut host = Host::new(PicFramed::new(kind, TEN_S), None);
        host.ask(&request(0x06, &[]), 300, 2);
        host.part.rail_v = 18.0;
        let read = host.ask(&bytes(&all, id), 300, expected.len());
        assert_eq!(read, expected, "{id} {kind:?}");
    };
    use FramedKind::{Dspic33, Pic16f1704};
    // 18.0 V / (3.3 / 1024 * 7.6) = 734.93: 0x02DF.
    let four = [0x0D, 0x28, 0x01, 0x02, 0xDF, 0, 0, 0, 0, 0, 0, 0x01, 0x17];
    check(Dspic33, "dspic-read-4-adc-req", &four);
    check(Pic16f1704, "dspic-read-4-adc-req", &[0xFF]);
    check(Dspic33, "dspic-clamp-on", &[0x31, 1]);
    let three = [0x0B, 0x37, 0x02, 0xDF, 0, 0, 0, 0, 0, 0x01, 0x23];
    check(Pic16f1704, "pic-an-voltage-3-req", &three);
}

#[test]
fn a_rail_is_measured_with_its_divider() {
    let mut host = framed_started();
    for (volts, raw) in [(0.0, 0), (12.8, 523), (15.12, 617), (99.0, 1023)] {
        host.part.rail_v = volts;
        let [high, low] = u16::to_be_bytes(raw);
        let read = host.ask(&request(0x3A, &[]), 300, 6);
        assert_eq!(read[..4], [6, 0x3A, high, low], "{volts} V");
    }
}

#[test]
fn an_answer_reads_ff_until_it_is_there() {
    let mut host = framed();
    assert_eq!(host.ask(&request(0x17, &[]), 249, 4), [0xFF; 4]);
    assert_eq!(host.wait_ms(1).read(5), [0x05, 0x17, 0x86, 0x00, 0xA2]);
}

#[test]
fn a_framed_loader_switches_nothing() {
    let mut host = framed();
    assert_eq!(host.ask(&request(0x15, &[1]), 300, 1), [0xFF]);
    assert!(!host.part.rail_on());
}

#[test]
fn without_heartbeats_a_framed_rail_goes_off_until_a_reset() {
    let mut host = framed_started();
    assert_eq!(host.ask(&request(0x15, &[1]), 300, 2), [0x15, 1]);
    host.wait_ms(9_000);
    host.ask(&request(0x16, &[]), 0, 0);
    // Other commands do not feed.
    host.wait_ms(9_000);
    host.ask(&request(0x17, &[]), 0, 0);
    assert_eq!(
        host.part.next_event(),
        Some(host.now + Duration::from_secs(1))
    );
    host.wait_ms(1_000);
    host.part.settle(host.now);
    assert!(!host.part.rail_on() && host.part.starved());
    assert_eq!(host.ask(&request(0x15, &[1]), 300, 2), [0x15, 0]);
    host.ask(&request(0x07, &[]), 500, 0);
    host.ask(&request(0x06, &[]), 300, 0);
    assert_eq!(host.ask(&request(0x15, &[1]), 300, 2), [0x15, 1]);
    assert!(host.part.rail_on());
}

#[test]
fn a_relay_tells_absent_sensors_and_refuses_absurd_counts() {
    let mut host = framed_started();
    assert_eq!(host.ask(&request(0x3B, &[0x4C, 0]), 10, 2), [0x3B, 0]);
    let nothing = [0x05, 0x3C, 0x00, 0x00, 0x41];
    for (address, count) in [(0x4C, 2), (0x48, 0), (0x48, 17), (0x48, 255)] {
        assert_eq!(host.ask(&request(0x3C, &[address, count]), 10, 5), nothing);
    }
}

#[test]
fn damaged_requests_are_not_answered_and_the_next_is() {
    for bit in 0..6 * 8 {
        let mut host = framed();
        let mut bad = request(0x17, &[]);
        bad[bit / 8] ^= 1 << (bit % 8);
        host.send(&bad);
        let good = request(0x17, &[]);
        // A length that was made longer takes later bytes with it.
        host.send(&good)
            .send(&good)
            .send(&good)
            .send(&good)
            .send(&good)
            .send(&good);
        assert_eq!(host.ask(&good, 300, 3), [0x05, 0x17, 0x86], "bit {bit}");
    }
}

#[test]
fn controllers_fail_as_they_are_told() {
    let mut host = framed_started();
    host.part.set_fault(Some(ControllerFault::Silent));
    assert_eq!(host.ask(&request(0x15, &[1]), 300, 1), [0xFF]);
    assert!(!host.part.rail_on());
    host.part.set_fault(Some(ControllerFault::BadSum));
    assert_eq!(
        host.ask(&request(0x17, &[]), 300, 5),
        [0x05, 0x17, 0x89, 0x01, 0xA5]
    );
    host.part
        .set_fault(Some(ControllerFault::Late(Duration::from_secs(1))));
    assert_eq!(host.ask(&request(0x17, &[]), 1000, 1), [0xFF]);
    host.part.set_fault(None);
    host.ask(&request(0x15, &[1]), 300, 2);
    host.part.set_fault(Some(ControllerFault::Trips));
    host.part.settle(host.now);
    assert!(!host.part.rail_on());
    host.part.set_fault(Some(ControllerFault::NoApplication));
    host.ask(&request(0x07, &[]), 500, 0);
    host.ask(&request(0x06, &[]), 300, 0);
    assert_eq!(host.ask(&request(0x17, &[]), 300, 3), [0x05, 0x17, 0x86]);
}
