//! Temperature sensors: what their bytes mean, and the ways to them.

use board_support::{Channel, SensorPart};
use drivers::parts::pic16f1704_framed::Pic16f1704Framed;
use drivers::parts::{Look, PartError, PartErrorKind, Path, Probe, lm75, tmp75, tmp421, tmp451};
use units::{Celsius, Rng};

use crate::stand::{answered, bytes_of, kind, stream, survives, vectors, writes};

use PartErrorKind::{NoMeasurement, OpenDiode, ShortedDiode, Silent};

type Read = fn(&[u8]) -> Result<Celsius, PartError>;

fn check(read: Read, cases: &[(&[u8], f64)]) {
    for (bytes, expected) in cases {
        assert_eq!(read(bytes).map(Celsius::c), Ok(*expected), "{bytes:02x?}");
    }
}

fn check_none(read: Read, cases: &[(&[u8], PartErrorKind)]) {
    for (bytes, expected) in cases {
        assert_eq!(kind(read(bytes)), *expected, "{bytes:02x?}");
    }
}

#[test]
fn an_lm75_measures_eighths_of_a_degree() {
    // The four captured readings, then the data sheet's table.
    check(
        lm75::celsius,
        &[
            (&[0x17, 0x10], 23.0),
            (&[0x17, 0xb0], 23.625),
            (&[0x17, 0xa0], 23.625),
            (&[0x17, 0xd0], 23.75),
            (&[0x7d, 0x00], 125.0),
            (&[0x19, 0x00], 25.0),
            (&[0x00, 0x20], 0.125),
            (&[0xff, 0xe0], -0.125),
            (&[0xe7, 0x00], -25.0),
            (&[0xc9, 0x20], -54.875),
            (&[0xc9, 0x00], -55.0),
        ],
    );
}

#[test]
fn a_tmp75_measures_sixteenths_of_a_degree() {
    check(
        tmp75::celsius,
        &[
            (&[0x7d, 0x00], 125.0),
            (&[0x50, 0x00], 80.0),
            (&[0x17, 0xb0], 23.6875),
            (&[0x00, 0x10], 0.0625),
            (&[0xff, 0xf0], -0.0625),
            (&[0xe7, 0x00], -25.0),
        ],
    );
    assert_eq!(tmp75::read_tmp1075_id(&[0x75, 0x00]), Ok(()));
    for other in [[0x00, 0x75], [0xff, 0xff], [0, 0]] {
        assert!(tmp75::read_tmp1075_id(&other).is_err());
    }
}

#[test]
fn a_stuck_bus_is_no_temperature() {
    for read in [lm75::celsius as Read, tmp75::celsius] {
        check_none(
            read,
            &[
                (&[0xff, 0xff], Silent),
                (&[0x00, 0x00], NoMeasurement),
                (&[0x7f, 0x00], NoMeasurement),
                (&[0x7f, 0xff], NoMeasurement),
                (&[0x80, 0x00], NoMeasurement),
                (&[0xc0, 0x00], NoMeasurement),
                (&[0xc8, 0xff], NoMeasurement),
                (&[], PartErrorKind::Short { expected: 2 }),
                (&[0x17], PartErrorKind::Short { expected: 2 }),
                (&[0x17, 0x10, 0], PartErrorKind::Short { expected: 2 }),
            ],
        );
    }
}

#[test]
fn a_tmp451_is_read_in_the_range_that_it_says_it_is_in() {
    // status, configuration, whole degrees, fraction
    check(
        tmp451::remote,
        &[
            (&[0x00, 0x04, 64 + 70, 0x00], 70.0),
            (&[0x00, 0x04, 64 + 70, 0xf0], 70.9375),
            (&[0x00, 0x00, 70, 0x80], 70.5),
            (&[0x00, 0x04, 64, 0x00], 0.0),
            (&[0x00, 0x04, 64 - 20, 0x40], -19.75),
            (&[0x00, 0x04, 64 + 130, 0x00], 130.0),
            // Other status bits (busy, limits) are none of its business.
            (&[0xfb, 0x04, 64 + 70, 0x00], 70.0),
        ],
    );
    // Its own temperature does not care for a diode that is open.
    check(tmp451::local, &[(&[0x04, 0x04, 64 + 40, 0x10], 40.0625)]);
}

#[test]
fn a_diode_that_is_not_there_is_no_temperature() {
    check_none(
        tmp451::remote,
        &[
            (&[0x04, 0x04, 64 + 70, 0x00], OpenDiode),
            (&[0x00, 0x04, 0x00, 0x00], ShortedDiode),
            (&[0x00, 0x04, 0xff, 0xf0], NoMeasurement),
            (&[0x00, 0x00, 0x00, 0x00], NoMeasurement),
            (&[0x00, 0x00, 0x7f, 0x00], NoMeasurement),
            (&[0x00, 0x00, 0x80, 0x00], NoMeasurement),
            (&[0xff; 4], Silent),
            (&[0x00, 0x04, 0x50], PartErrorKind::Short { expected: 4 }),
        ],
    );
    check_none(
        tmp451::local,
        &[
            (&[0x00, 0x04, 0x00, 0x00], NoMeasurement),
            (&[0xff; 4], Silent),
        ],
    );
}

/// The lie that this guards against: a part in the extended range read as one that is not
/// (or the other way round) is 64 °C off.
#[test]
fn a_part_that_lost_its_set_up_does_not_read_cool() {
    let hot = 80u8;
    let before = tmp451::remote(&[0, 0x04, hot + 64, 0]).map(Celsius::c);
    let after = tmp451::remote(&[0, 0x00, hot, 0]).map(Celsius::c);
    assert_eq!(before, after);
    // A relay that reads whole degrees alone refuses what only the extended range has.
    for byte in [hot + 64, 0x80, 0xfe, 0xff, 0x00, 0x7f] {
        assert!(tmp451::whole_degrees(byte).is_err(), "{byte}");
    }
    assert_eq!(tmp451::whole_degrees(66).map(Celsius::c), Ok(66.0));
}

#[test]
fn makers_are_known_by_their_numbers() {
    assert_eq!(tmp451::read_maker(&[0x55, 0]), Ok(tmp451::Maker::Ti));
    assert_eq!(tmp451::read_maker(&[0x41, 0x51]), Ok(tmp451::Maker::Analog));
    assert_eq!(tmp451::read_maker(&[0x1a, 9]), Ok(tmp451::Maker::On));
    assert_eq!(kind(tmp451::read_maker(&[0xff, 0xff])), Silent);
    let unknown = kind(tmp451::read_maker(&[0x00, 0x00]));
    assert!(matches!(unknown, PartErrorKind::Unknown { found: 0, .. }));
    for diodes in 1..=3 {
        assert_eq!(tmp421::read_diodes(&[0x55, 0x20 + diodes]), Ok(diodes));
    }
    assert!(tmp421::read_diodes(&[0x55, 0x24]).is_err());
}

#[test]
fn a_tmp421_is_read_in_the_range_that_it_says_it_is_in() {
    // configuration, whole degrees, fraction and flags
    check(
        tmp421::celsius,
        &[
            (&[0x04, 64 + 70, 0x50], 70.3125),
            (&[0x00, 70, 0x00], 70.0),
            (&[0x00, 0xec, 0x00], -20.0),
            (&[0x04, 44, 0x00], -20.0),
        ],
    );
    check_none(
        tmp421::celsius,
        &[
            (&[0x04, 134, 0x01], OpenDiode),
            (&[0x04, 134, 0x02], NoMeasurement),
            (&[0x04, 0, 0], NoMeasurement),
            (&[0x00, 0, 0], NoMeasurement),
            (&[0x00, 127, 0], NoMeasurement),
            (&[0xff; 3], Silent),
        ],
    );
    assert_eq!(
        tmp421::looks(2)[1],
        Look {
            register: 2,
            bytes: 1
        }
    );
    assert_eq!(
        tmp421::looks(2)[2],
        Look {
            register: 0x12,
            bytes: 1
        }
    );
}

const PARTS: [SensorPart; 4] = [
    SensorPart::Lm75,
    SensorPart::Tmp75,
    SensorPart::Tmp451,
    SensorPart::Nct218,
];
const CHANNELS: [Channel; 2] = [Channel::Local, Channel::Remote];
const BUS: Path = Path::Bus { address: 0x4c };

fn relay() -> Path {
    Path::Relay {
        controller: Pic16f1704Framed::at(0x20),
        address: 0x48,
    }
}

#[test]
fn a_captured_reading_comes_through_the_relay() {
    let list = vectors("pic/framed.json");
    let probe = Probe::new(SensorPart::Lm75, Channel::Local, relay());
    let ops = probe.ask();
    let of = |id| bytes_of(&list, id);
    assert_eq!(
        stream(0x20, &ops),
        [of("pic-i2c-write-48-req"), of("pic-i2c-read-48-req")].concat()
    );
    let answer = [of("pic-i2c-write-48-rsp"), of("pic-i2c-read-48-rsp")].concat();
    let reads = answered(&ops, &answer);
    assert_eq!(probe.read(&reads).map(Celsius::c), Ok(23.0));
    // A pointer that the sensor did not take.
    let refused = [&[0x3b, 0x00], &answer[2..]].concat();
    let reads = answered(&ops, &refused);
    assert_eq!(kind(probe.read(&reads)), PartErrorKind::Refused);
    // A relay that gives one byte less.
    let cut = [&answer[..2], &[0x06, 0x3c, 0x01, 0x17, 0x00, 0x5a]].concat();
    let short = PartErrorKind::Short { expected: 2 };
    assert_eq!(kind(probe.read(&answered(&ops, &cut))), short);
}

#[test]
fn the_same_bytes_mean_the_same_on_either_way() {
    let mut rng = Rng::new(7);
    for part in PARTS {
        for channel in CHANNELS {
            let (direct, relayed) = (
                Probe::new(part, channel, BUS),
                Probe::new(part, channel, relay()),
            );
            for _ in 0..500 {
                let wide = matches!(part, SensorPart::Lm75 | SensorPart::Tmp75);
                let looks = if wide { 1 } else { 4 };
                let data: Vec<Vec<u8>> = (0..looks)
                    .map(|_| {
                        (0..4 / looks.max(2))
                            .map(|_| rng.next_u32() as u8)
                            .collect()
                    })
                    .collect();
                let frames: Vec<u8> = data.iter().flat_map(|d| relayed_answer(d)).collect();
                let over_bus = direct.read(&answered(&direct.ask(), &data.concat()));
                let over_relay = relayed.read(&answered(&relayed.ask(), &frames));
                assert_eq!(over_bus, over_relay, "{part:?} {channel:?} {data:02x?}");
            }
        }
    }
}

/// What the controller says to a pointer and a read.
fn relayed_answer(data: &[u8]) -> Vec<u8> {
    let mut frame = vec![5 + data.len() as u8, 0x3c, 0x01];
    frame.extend(data);
    let sum: u16 = frame.iter().map(|b| u16::from(*b)).sum();
    frame.extend(sum.to_be_bytes());
    [vec![0x3b, 0x01], frame].concat()
}

#[test]
fn parts_are_set_up_where_the_way_carries_it() {
    let setup = |part, path| Probe::new(part, Channel::Remote, path).setup();
    assert!(setup(SensorPart::Lm75, BUS).is_empty());
    assert_eq!(writes(0x4c, &setup(SensorPart::Tmp75, BUS)), [[0x01, 0x60]]);
    for part in [SensorPart::Tmp451, SensorPart::Nct218] {
        let expected = [[0x09, 0x04], [0x11, 0x00]];
        assert_eq!(writes(0x4c, &setup(part, BUS)), expected);
        assert!(setup(part, relay()).is_empty());
    }
}

#[test]
fn any_bytes_at_all_are_survived_and_stay_within_what_parts_measure() {
    for part in PARTS {
        for channel in CHANNELS {
            for path in [BUS, relay()] {
                let probe = Probe::new(part, channel, path);
                let good = vec![0x17; crate::stand::count(&probe.ask())];
                survives(&good, |reads| {
                    let celsius = probe.read(reads)?;
                    assert!((-64.0..=191.0).contains(&celsius.c()), "{celsius}");
                    Ok(celsius)
                });
            }
        }
    }
    survives(&[4, 134, 0x50], |reads| tmp421::celsius(&reads.concat()));
}
