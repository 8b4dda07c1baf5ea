//! The voltage controller of the S9.

use super::super::{I2cFault, Pic16f1704};
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
