//! Voltage controllers of both generations.

use super::super::{
    ControllerFault, FramedKind, I2cFault, Lm75, Pic16f1704, PicFramed, Resolution,
};
use super::*;

const TEN_S: Duration = Duration::from_secs(10);

fn plain() -> Host<Pic16f1704> {
    Host::new(Pic16f1704::new(TEN_S), None)
}

/// Reset, jump, and the waits that firmwares keep.
fn started() -> Host<Pic16f1704> {
    let mut host = plain();
    host.send(&[0x55, 0xAA, 0x07]).wait_ms(500);
    host.send(&[0x55, 0xAA, 0x06]).wait_ms(100);
    host
}

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
fn every_published_command_of_the_s9_is_answered_as_published() {
    let all = vectors("pic/s9-unframed.json");
    let mut checked = 0;
    for vector in &all {
        let id = vector["id"].as_str().expect("an id");
        let mut host = started();
        if id == "s9-pic-flash-ptr-get" {
            host.send(&bytes(&all, "s9-pic-flash-ptr-0f80"));
        }
        host.send(&hex(&vector["hex"]));
        let reply = vector["reply"].as_str().expect("a reply");
        match (id, reply) {
            ("s9-pic-reset", _) => {
                let probe = transfer(&mut host.part, host.now, &[], &mut []);
                assert_eq!(probe, Err(I2cFault::Nack));
                let now = host.wait_ms(499).now;
                let probe = transfer(&mut host.part, now, &[], &mut []);
                assert_eq!(probe, Err(I2cFault::Nack));
                host.wait_ms(1).send(&[0x55]);
            }
            ("s9-pic-getv", _) => assert_eq!(host.read(2), [6, 0xFF]),
            (_, "16 bytes") => assert_eq!(host.read(17)[16], 0xFF),
            (_, "8 bytes") => assert_eq!(host.read(9), [0, 0, 0, 0, 0, 0, 0, 0, 0xFF]),
            (_, reply) => {
                let reply = hex(&reply.into());
                assert_eq!(host.read(reply.len()), reply, "{id}");
                assert_eq!(host.read(1), [0xFF], "{id}");
            }
        }
        assert_eq!(host.part.dangers().count, 0, "{id}");
        checked += 1;
    }
    assert_eq!(checked, 15);
}

#[test]
fn voltages_of_the_s9_are_those_of_their_codes() {
    for (id, volts) in [("9v4", 9.4), ("8v9", 8.9), ("8v1", 8.1)] {
        let mut host = started();
        let all = vectors("pic/s9-unframed.json");
        let order = bytes(&all, &format!("s9-pic-setv-{id}"));
        host.send(&order).wait_ms(100);
        assert!((host.part.set_v() - volts).abs() < 0.003, "{id}");
        assert_eq!(host.ask(&[0x55, 0xAA, 0x18], 0, 1), [order[3]]);
    }
}

#[test]
fn a_loader_gives_no_power_and_does_not_say_a_version() {
    let mut host = plain();
    assert_eq!(host.ask(&[0x55, 0xAA, 0x17], 10, 1), [0xFF]);
    host.send(&[0x55, 0xAA, 0x15, 1]);
    assert!(!host.part.rail_on());
}

#[test]
fn a_stray_55_swallows_the_next_command_and_a_flush_ends_any() {
    let mut host = started();
    host.send(&[0x55, 0x55, 0xAA, 0x15, 0x01]);
    assert!(!host.part.rail_on());
    host.send(&[0x55, 0xAA, 0x15, 0x01]);
    assert!(host.part.rail_on());
    // A command that was cut off waits for data; sixteen zeros end it.
    let all = vectors("pic/s9-unframed.json");
    host.send(&[0x55, 0xAA, 0x12, 0x41]);
    host.send(&bytes(&all, "s9-pic-flush"));
    assert_eq!(host.ask(&[0x55, 0xAA, 0x17], 0, 1), [0x03]);
}

#[test]
fn what_is_sent_during_a_wait_is_lost() {
    let mut host = plain();
    host.send(&[0x55, 0xAA, 0x06]).wait_ms(99);
    assert_eq!(host.ask(&[0x55, 0xAA, 0x17], 0, 1), [0xFF]);
    host.wait_ms(1);
    assert_eq!(host.ask(&[0x55, 0xAA, 0x17], 0, 1), [0x03]);
}

#[test]
fn without_heartbeats_the_s9s_rail_goes_off_until_a_reset() {
    let mut host = started();
    host.send(&[0x55, 0xAA, 0x15, 1]).wait_ms(9999);
    host.send(&[0x55, 0xAA, 0x16]).wait_ms(9999);
    host.part.settle(host.now);
    assert!(host.part.rail_on());
    host.wait_ms(1);
    host.part.settle(host.now);
    assert!(!host.part.rail_on() && host.part.starved());
    host.send(&[0x55, 0xAA, 0x16]).send(&[0x55, 0xAA, 0x15, 1]);
    assert!(!host.part.rail_on());
    host.send(&[0x55, 0xAA, 0x07]).wait_ms(500);
    host.send(&[0x55, 0xAA, 0x06]).wait_ms(100);
    host.send(&[0x55, 0xAA, 0x15, 1]);
    assert!(host.part.rail_on());
}

#[test]
fn writing_to_flash_works_and_is_written_down() {
    let mut host = plain();
    let at = |pointer: u16| {
        let [high, low] = pointer.to_be_bytes();
        [0x55, 0xAA, 0x01, high, low]
    };
    host.send(&at(0x0FA0));
    assert_eq!(host.ask(&[0x55, 0xAA, 0x03], 0, 2), [0x00, 0x7D]);
    host.send(&at(0x0300))
        .send(&[0x55, 0xAA, 0x04])
        .wait_ms(100);
    assert_eq!(host.part.dangers().count, 1);
    // The application is gone: the jump stays in the loader.
    host.send(&[0x55, 0xAA, 0x06]).wait_ms(100);
    assert_eq!(host.ask(&[0x55, 0xAA, 0x17], 0, 1), [0xFF]);
    let words = [0x12, 0x34].repeat(8);
    host.send(&[&[0x55, 0xAA, 0x02], &words[..]].concat());
    host.send(&[0x55, 0xAA, 0x05]).wait_ms(100);
    host.send(&at(0x0300));
    assert_eq!(host.ask(&[0x55, 0xAA, 0x03], 0, 16), words);
    assert_eq!(host.part.dangers().count, 3);
    host.send(&[0x55, 0xAA, 0x09]);
    let commands: Vec<_> = host
        .part
        .dangers()
        .first
        .iter()
        .map(|d| d.command)
        .collect();
    assert_eq!(commands, [0x04, 0x02, 0x05, 0x09]);
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
