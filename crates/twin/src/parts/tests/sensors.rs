//! Temperature sensors.

use super::super::{I2cFault, Lm75, Resolution, SensorFault, Tmp451Slave};
use super::*;

fn lm75(resolution: Resolution, c: f64) -> Host<Lm75> {
    let mut part = Lm75::new(resolution);
    part.probe.set_c(c);
    Host::new(part, None)
}

/// The two bytes behind a pointer.
fn word<S: Slave>(host: &mut Host<S>, pointer: u8) -> u16 {
    let mut bytes = [0; 2];
    transfer(&mut host.part, host.now, &[pointer], &mut bytes).expect("acknowledged");
    u16::from_be_bytes(bytes)
}

#[test]
fn temperatures_are_cut_to_the_bits_of_the_part() {
    let fixed = Resolution::Fixed;
    for (resolution, c, expected) in [
        (fixed(12), 23.0625, 0x1710),
        (fixed(11), 23.0625, 0x1700),
        (fixed(12), 23.6875, 0x17B0),
        (fixed(11), 23.6875, 0x17A0),
        (fixed(12), -0.0625, 0xFFF0),
        (fixed(11), -25.0, 0xE700),
        (fixed(12), 500.0, 0x7FF0),
        (fixed(12), -500.0, 0xC900),
        (Resolution::Configured, 23.6875, 0x1780),
    ] {
        let mut host = lm75(resolution, c);
        assert_eq!(word(&mut host, 0), expected, "{resolution:?} {c}");
    }
}

#[test]
fn a_tmp75_shows_as_many_bits_as_it_is_told() {
    let mut host = lm75(Resolution::Configured, 23.6875);
    for (config, expected) in [
        (0x00, 0x1780),
        (0x20, 0x1780),
        (0x40, 0x17A0),
        (0x60, 0x17B0),
    ] {
        transfer(&mut host.part, host.now, &[1, config], &mut []).expect("acknowledged");
        assert_eq!(word(&mut host, 0), expected, "{config:#x}");
        assert_eq!(word(&mut host, 1), u16::from_be_bytes([config; 2]));
    }
}

#[test]
fn limits_are_kept_and_shut_down_keeps_the_last_value() {
    let mut host = lm75(Resolution::Fixed(11), 30.0);
    assert_eq!((word(&mut host, 2), word(&mut host, 3)), (0x4B00, 0x5000));
    transfer(&mut host.part, host.now, &[3, 0x46, 0x80], &mut []).expect("acknowledged");
    assert_eq!(word(&mut host, 3), 0x4680);
    assert_eq!(word(&mut host, 0), 0x1E00);
    transfer(&mut host.part, host.now, &[1, 1], &mut []).expect("acknowledged");
    host.part.probe.set_c(90.0);
    assert_eq!(word(&mut host, 0), 0x1E00);
}

#[test]
fn sensors_are_wrong_as_they_are_told() {
    let mut host = lm75(Resolution::Fixed(11), 30.0);
    assert_eq!(word(&mut host, 0), 0x1E00);
    host.part.probe.set_fault(Some(SensorFault::Stuck));
    host.part.probe.set_c(80.0);
    assert_eq!(word(&mut host, 0), 0x1E00);
    host.part.probe.set_fault(Some(SensorFault::Off(-20.0)));
    assert_eq!(word(&mut host, 0), 0x3C00);
    host.part.probe.set_fault(Some(SensorFault::Shows(0.0)));
    assert_eq!(word(&mut host, 0), 0);
    host.part.probe.set_fault(Some(SensorFault::Dead));
    let probe = transfer(&mut host.part, host.now, &[0], &mut []);
    assert_eq!(probe, Err(I2cFault::Nack));
    host.part
        .probe
        .set_fault(Some(SensorFault::Late(Duration::from_secs(5))));
    host.wait_ms(5000);
    assert_eq!(word(&mut host, 0), 0x5000);
    host.part.probe.set_c(90.0);
    host.wait_ms(4999);
    assert_eq!(word(&mut host, 0), 0x5000);
    host.wait_ms(1);
    assert_eq!(word(&mut host, 0), 0x5A00);
    host.part.probe.set_c(f64::NAN);
    host.part.probe.set_fault(None);
    assert_eq!(word(&mut host, 0), 0x5A00);
}

#[test]
fn a_tmp451_has_a_second_range_fractions_and_a_sign_of_an_open_diode() {
    let mut part = Tmp451Slave::default();
    part.local.set_c(28.0);
    let mut host = Host::new(part, None);
    let byte = |host: &mut Host<Tmp451Slave>, register: u8| {
        let mut byte = [0];
        transfer(&mut host.part, host.now, &[register], &mut byte).expect("acknowledged");
        byte[0]
    };
    assert_eq!(byte(&mut host, 0x00), 28);
    transfer(&mut host.part, host.now, &[0x09, 0x04], &mut []).expect("acknowledged");
    // Captured: 0x5C is 28 °C in the extended range.
    assert_eq!(byte(&mut host, 0x00), 0x5C);
    assert_eq!((byte(&mut host, 0x01), byte(&mut host, 0x02)), (0, 0x04));
    let mut remote = super::super::Probe::default();
    remote.set_c(-10.1875);
    host.part.remote = Some(remote);
    // -10.1875 + 64 = 53.8125: 53 and 13 sixteenths.
    assert_eq!((byte(&mut host, 0x01), byte(&mut host, 0x10)), (53, 0xD0));
    assert_eq!(byte(&mut host, 0x02), 0);
    transfer(&mut host.part, host.now, &[0x11, 0xFE], &mut []).expect("acknowledged");
    assert_eq!((byte(&mut host, 0x01), byte(&mut host, 0x11)), (51, 0xFE));
    assert_eq!(byte(&mut host, 0xFE), 0x55);
}
