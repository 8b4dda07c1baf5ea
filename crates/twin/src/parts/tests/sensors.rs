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

/// A register of a part with bytes.
fn byte(host: &mut Host<Tmp451Slave>, register: u8) -> u8 {
    let mut byte = [0];
    transfer(&mut host.part, host.now, &[register], &mut byte).expect("acknowledged");
    byte[0]
}

#[test]
fn a_tmp451_has_a_second_range_fractions_and_a_sign_of_an_open_diode() {
    let mut part = Tmp451Slave::default();
    part.local.set_c(28.0);
    let mut host = Host::new(part, None);
    assert_eq!(byte(&mut host, 0x00), 28);
    transfer(&mut host.part, host.now, &[0x09, 0x04], &mut []).expect("acknowledged");
    host.wait_ms(63);
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

/// The data sheet's table, and the fractions at its ends.
#[test]
fn a_tmp451_shows_its_ends_for_what_is_outside_its_range() {
    for (c, at_power_on, extended) in [
        (-80.0, (0x00, 0x00), (0x00, 0x00)),
        (-64.0, (0x00, 0x00), (0x00, 0x00)),
        (-50.0, (0x00, 0x00), (0x0E, 0x00)),
        (-25.0, (0x00, 0x00), (0x27, 0x00)),
        (-0.0625, (0x00, 0x00), (0x3F, 0xF0)),
        (0.0, (0x00, 0x00), (0x40, 0x00)),
        (0.9375, (0x00, 0xF0), (0x40, 0xF0)),
        (1.0, (0x01, 0x00), (0x41, 0x00)),
        (127.0, (0x7F, 0x00), (0xBF, 0x00)),
        (150.0, (0x7F, 0xF0), (0xD6, 0x00)),
        (191.0, (0x7F, 0xF0), (0xFF, 0x00)),
        (300.0, (0x7F, 0xF0), (0xFF, 0xF0)),
    ] {
        let mut part = Tmp451Slave::default();
        part.local.set_c(c);
        let mut host = Host::new(part, None);
        let mut shown = || (byte(&mut host, 0x00), byte(&mut host, 0x15));
        assert_eq!(shown(), at_power_on, "{c}");
        transfer(&mut host.part, host.now, &[0x09, 0x04], &mut []).expect("acknowledged");
        host.wait_ms(63);
        let mut shown = || (byte(&mut host, 0x00), byte(&mut host, 0x15));
        assert_eq!(shown(), extended, "{c}");
    }
}

/// What the configuration says and what the value is of differ until then.
#[test]
fn a_tmp451_changes_its_range_with_its_next_conversion() {
    let mut part = Tmp451Slave::default();
    part.local.set_c(70.0);
    let mut host = Host::new(part, None);
    for rate in [0x08, 0x04, 0x00] {
        transfer(&mut host.part, host.now, &[0x0A, rate], &mut []).expect("acknowledged");
        assert_eq!(byte(&mut host, 0x04), rate);
        let period_ns = 16_000_000_000 >> rate;
        for (range, before, after) in [(0x04, 70, 134), (0x00, 134, 70)] {
            // From one conversion to the next.
            let past_ns = host.now.as_nanos() % period_ns;
            host.now += Duration::from_nanos(period_ns - past_ns);
            let change = [0x09, range];
            transfer(&mut host.part, host.now, &change, &mut []).expect("acknowledged");
            assert_eq!(byte(&mut host, 0x03), range);
            assert_eq!(byte(&mut host, 0x00), before, "{rate}");
            host.now += Duration::from_nanos(period_ns - 1);
            assert_eq!(byte(&mut host, 0x00), before, "{rate}");
            host.now += Duration::from_nanos(1);
            assert_eq!(byte(&mut host, 0x00), after, "{rate}");
        }
    }
}
