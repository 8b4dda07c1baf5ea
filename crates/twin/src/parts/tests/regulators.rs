//! The regulator and the fan controller of open boards.

use super::super::tps546_registers::{from_linear11, linear11};
use super::super::{Diode, Emc2101, Tps546};
use super::*;

fn read<S: Slave, const N: usize>(host: &mut Host<S>, code: u8) -> [u8; N] {
    let mut bytes = [0; N];
    transfer(&mut host.part, host.now, &[code], &mut bytes).expect("acknowledged");
    bytes
}

fn write<S: Slave>(host: &mut Host<S>, bytes: &[u8]) {
    transfer(&mut host.part, host.now, bytes, &mut []).expect("acknowledged");
}

fn status(host: &mut Host<Tps546>) -> u16 {
    u16::from_le_bytes(read(host, 0x79))
}

fn regulator() -> Host<Tps546> {
    Host::new(Tps546::default(), None)
}

#[test]
fn linear11_keeps_eleven_bits_of_any_number() {
    for value in [
        0.0, 1.0, -1.0, 4.8, 12.0, 650.0, 105.0, 0.25, -40.0, 30000.0,
    ] {
        let back = from_linear11(linear11(value));
        assert!(
            (back - value).abs() <= value.abs() / 1023.0,
            "{value} {back}"
        );
    }
    assert_eq!(from_linear11(linear11(1e12)), 1023.0 * 32768.0);
    // Published words: 650 kHz, 145 °C.
    assert_eq!(
        (from_linear11(0x028A), from_linear11(0x0091)),
        (650.0, 145.0)
    );
}

#[test]
fn the_output_follows_operation_and_command_within_its_limits() {
    let mut host = regulator();
    assert_eq!(host.part.output_v(), 0.0);
    assert_eq!(status(&mut host) & 0x0840, 0x0840);
    write(&mut host, &[0x01, 0x80]);
    assert!((host.part.output_v() - 1.2).abs() < 0.002);
    assert_eq!(status(&mut host), 0);
    // 2^-9 V a step: 1.15 V is 589.
    write(&mut host, &[0x21, 0x4D, 0x02]);
    assert_eq!(read(&mut host, 0x8B), [0x4D, 0x02]);
    write(&mut host, &[0x21, 0xFF, 0xFF]);
    assert_eq!(host.part.output_v(), 2.0);
    write(&mut host, &[0x21, 0, 0]);
    assert_eq!(host.part.output_v(), 0.5);
    host.part.control_high = false;
    assert_eq!(host.part.output_v(), 0.0);
}

#[test]
fn a_block_says_its_length_first() {
    let id = [6, 0x54, 0x49, 0x54, 0x6B, 0x24, 0x41, 0xFF];
    assert_eq!(read(&mut regulator(), 0xAD), id);
}

#[test]
fn measurements_are_those_of_the_surroundings() {
    let mut host = regulator();
    write(&mut host, &[0x01, 0x80]);
    host.part.input_v = 5.1;
    host.part.die_c = 61.5;
    host.part.set_load_a(12.25);
    for (code, expected) in [(0x88, 5.1), (0x8C, 12.25), (0x8D, 61.5)] {
        let value = from_linear11(u16::from_le_bytes(read(&mut host, code)));
        assert!((value - expected).abs() < 0.05, "{code:#x} {value}");
    }
}

#[test]
fn protections_switch_off_and_say_why() {
    let mut host = regulator();
    write(&mut host, &[0x01, 0x80]);
    host.part.die_c = 146.0;
    assert_eq!(host.part.output_v(), 0.0);
    assert_eq!(
        (status(&mut host) & 0x0004, read(&mut host, 0x7D)),
        (0x0004, [0x80])
    );
    // Hot is over: on again, and the word remembers until it is cleared.
    host.part.die_c = 60.0;
    assert!(host.part.output_v() > 1.0);
    assert_eq!(status(&mut host), 0x0004);
    write(&mut host, &[0x03]);
    assert_eq!(status(&mut host), 0);
    // Over current latches.
    host.part.set_load_a(31.0);
    host.part.set_load_a(0.0);
    assert_eq!(host.part.output_v(), 0.0);
    assert_eq!(status(&mut host) & 0x4010, 0x4010);
    write(&mut host, &[0x03]);
    assert!(host.part.output_v() > 1.0);
    host.part.input_v = 2.0;
    assert_eq!(host.part.output_v(), 0.0);
    assert_eq!(status(&mut host) & 0x2008, 0x2008);
}

#[test]
fn unknown_codes_wrong_lengths_and_measurements_are_not_written() {
    let mut host = regulator();
    assert!(transfer(&mut host.part, host.now, &[0x99, 1], &mut []).is_err());
    assert_eq!(status(&mut host) & 2, 2);
    for bytes in [
        &[0x21, 1][..],
        &[0x01, 0x80, 0],
        &[0x21, 1, 2, 3],
        &[0x8B, 1, 2],
    ] {
        write(&mut host, &[0x03]);
        assert_eq!(status(&mut host) & 2, 0);
        write(&mut host, bytes);
        assert_eq!(status(&mut host) & 2, 2, "{bytes:02x?}");
    }
    assert_eq!(host.part.output_v(), 0.0);
    write(&mut host, &[0x15]);
    assert_eq!(host.part.dangers().count, 1);
}

#[test]
fn a_tach_counts_and_freezes_its_other_half() {
    let mut host = Host::new(Emc2101::default(), None);
    host.part.rpm = 4500;
    // The pin is an alert output until it is told otherwise.
    assert_eq!(
        (read(&mut host, 0x46), read(&mut host, 0x47)),
        ([0xFF], [0xFF])
    );
    write(&mut host, &[0x03, 0x04]);
    // 5400000 / 4500 = 1200 = 0x04B0.
    let low: [u8; 1] = read(&mut host, 0x46);
    host.part.rpm = 0;
    assert_eq!((low, read(&mut host, 0x47)), ([0xB0], [0x04]));
    assert_eq!(
        (read(&mut host, 0x46), read(&mut host, 0x47)),
        ([0xFF], [0xFF])
    );
    host.part.rpm = 1;
    assert_eq!(
        (read(&mut host, 0x46), read(&mut host, 0x47)),
        ([0xFF], [0xFF])
    );
    write(&mut host, &[0x4C, 0xFF]);
    assert_eq!(host.part.fan_setting(), 63);
}

#[test]
fn a_diode_is_read_in_eighths_and_its_faults_are_known_words() {
    let mut host = Host::new(Emc2101::default(), None);
    host.part.internal.set_c(-3.5);
    host.part.external.set_c(61.625);
    assert_eq!(read(&mut host, 0x00), [0xFC]);
    assert_eq!(
        (read(&mut host, 0x01), read(&mut host, 0x10)),
        ([61], [0xA0])
    );
    assert_eq!(read(&mut host, 0x02), [0]);
    host.part.diode = Diode::Open;
    assert_eq!(
        (read(&mut host, 0x01), read(&mut host, 0x10)),
        ([0x7F], [0x00])
    );
    host.part.diode = Diode::Short;
    assert_eq!(
        (read(&mut host, 0x01), read(&mut host, 0x10)),
        ([0x7F], [0xE0])
    );
    assert_eq!(read(&mut host, 0x02), [4]);
    assert_eq!(
        (read(&mut host, 0xFD), read(&mut host, 0xFE)),
        ([0x16], [0x5D])
    );
    write(&mut host, &[0xFD, 0]);
    assert_eq!(read(&mut host, 0xFD), [0x16]);
}
