//! The 19 series' voltage controller.

use drivers::parts::pic16f1704_framed::{Pic16f1704Framed, Program};
use drivers::parts::{PartError, PartErrorKind, longest};
use hal::BusOp;
use units::Duration;

use crate::stand::{answered, bytes_of, count, guards, kind, stream, unhex, vectors};

const PIC: Pic16f1704Framed = Pic16f1704Framed::at(0x20);

/// Everything that can be said, with a name.
pub(crate) fn everything() -> Vec<Vec<BusOp>> {
    let mut all = vec![
        PIC.reset(),
        PIC.jump(),
        PIC.version(),
        PIC.heartbeat(),
        PIC.enable(true),
        PIC.enable(false),
        PIC.rail(),
        PIC.inputs(),
        PIC.drain(),
    ];
    for byte in 0..=255 {
        all.push(PIC.relay_pointer(byte, byte));
        all.push(PIC.relay_read(0x48, byte));
    }
    all
}

#[test]
fn commands_are_the_captured_frames() {
    let list = vectors("pic/framed.json");
    let cases = [
        ("pic-reset-req", PIC.reset()),
        ("pic-jump-req", PIC.jump()),
        ("pic-version-req", PIC.version()),
        ("pic-heartbeat-req", PIC.heartbeat()),
        ("pic-enable-req", PIC.enable(true)),
        ("pic-disable-derived", PIC.enable(false)),
        ("pic-an-voltage-3-req", PIC.inputs()),
        ("pic-i2c-write-48-req", PIC.relay_pointer(0x48, 0)),
        ("pic-i2c-write-49-req", PIC.relay_pointer(0x49, 0)),
        ("pic-i2c-write-4a-req", PIC.relay_pointer(0x4a, 0)),
        ("pic-i2c-write-4b-req", PIC.relay_pointer(0x4b, 0)),
        ("pic-i2c-read-48-req", PIC.relay_read(0x48, 2)),
        ("pic-i2c-read-4a-req", PIC.relay_read(0x4a, 2)),
        ("pic-i2c-read-4b-req", PIC.relay_read(0x4b, 2)),
    ];
    for (id, ops) in cases {
        assert_eq!(stream(0x20, &ops), bytes_of(&list, id), "{id}");
    }
    // Published: the rail's question.
    assert_eq!(stream(0x20, &PIC.rail()), unhex("55aa043a003e"));
}

/// A captured answer is read as what it says, of exactly as many bytes as it has, and one
/// damaged bit makes it an error.
fn check<T: PartialEq + core::fmt::Debug>(
    id: &str,
    ops: &[BusOp],
    read: impl Fn(&[Vec<u8>]) -> Result<T, PartError>,
    expected: T,
) {
    let bytes = bytes_of(&vectors("pic/framed.json"), id);
    assert_eq!(count(ops), bytes.len(), "{id}");
    assert_eq!(read(&answered(ops, &bytes)), Ok(expected), "{id}");
    guards(&bytes, read);
}

#[test]
fn answers_are_the_captured_frames() {
    type Pic = Pic16f1704Framed;
    check("pic-reset-rsp", &PIC.reset(), Pic::read_reset, ());
    check("pic-jump-rsp", &PIC.jump(), Pic::read_jump, ());
    check("pic-enable-rsp", &PIC.enable(true), Pic::read_enable, ());
    let version = Program::Application(0x89);
    check(
        "pic-version-rsp",
        &PIC.version(),
        Pic::read_program,
        version,
    );
    check(
        "pic-heartbeat-rsp",
        &PIC.heartbeat(),
        Pic::read_heartbeat,
        (),
    );
    for sensor in ["48", "49", "4a"] {
        let id = format!("pic-i2c-write-{sensor}-rsp");
        let ops = PIC.relay_pointer(0x48, 0);
        check(&id, &ops, Pic::read_relay_pointer, ());
    }
    for (sensor, data) in [
        ("48", [0x17, 0x10]),
        ("49", [0x17, 0xb0]),
        ("4a", [0x17, 0xa0]),
        ("4b", [0x17, 0xd0]),
    ] {
        let id = format!("pic-i2c-read-{sensor}-rsp");
        let ops = PIC.relay_read(0x48, 2);
        check(&id, &ops, Pic::read_relay, data.to_vec());
    }
}

#[test]
fn the_programs_that_are_known_are_told_apart() {
    let say = |version: u8| {
        let sum = 5 + 0x17 + u16::from(version);
        let [hi, lo] = sum.to_be_bytes();
        let bytes = [5, 0x17, version, hi, lo];
        Pic16f1704Framed::read_program(&answered(&PIC.version(), &bytes))
    };
    for version in [0x88, 0x89, 0x8a] {
        assert_eq!(say(version), Ok(Program::Application(version)));
    }
    assert_eq!(say(0x86), Ok(Program::Loader));
    for version in [0x00, 0x03, 0x85, 0x87, 0x8b, 0xfe] {
        assert!(matches!(kind(say(version)), PartErrorKind::Unknown { .. }));
    }
}

#[test]
fn an_answer_that_is_none_says_why() {
    type Pic = Pic16f1704Framed;
    let enable = |hex| kind(Pic::read_enable(&answered(&PIC.enable(true), &unhex(hex))));
    assert_eq!(enable(""), PartErrorKind::Silent);
    assert_eq!(enable("1500"), PartErrorKind::Refused);
    assert_eq!(enable("15"), PartErrorKind::Refused);
    assert_eq!(enable("1601"), PartErrorKind::Command { expected: 0x15 });
    let version = |hex| kind(Pic::read_program(&answered(&PIC.version(), &unhex(hex))));
    assert_eq!(version(""), PartErrorKind::Silent);
    assert_eq!(version("00"), PartErrorKind::Garbled);
    assert_eq!(
        version("0517"),
        PartErrorKind::Checksum {
            expected: 0x11b,
            found: 0xffff
        }
    );
    assert_eq!(
        version("05168900a4"),
        PartErrorKind::Command { expected: 0x17 }
    );
    let expected = 6;
    assert_eq!(version("061789ff01"), PartErrorKind::Short { expected });
    // Another answer's bytes in front.
    assert_eq!(version("1501051789"), PartErrorKind::Garbled);
    let beat = |hex| {
        kind(Pic::read_heartbeat(&answered(
            &PIC.heartbeat(),
            &unhex(hex),
        )))
    };
    assert_eq!(beat("06160000001c"), PartErrorKind::Refused);
    let relay = |hex| {
        kind(Pic::read_relay(&answered(
            &PIC.relay_read(0x48, 2),
            &unhex(hex),
        )))
    };
    assert_eq!(relay("073c001710006a"), PartErrorKind::Refused);
    assert_eq!(relay("053c010042"), PartErrorKind::Refused);
}

#[test]
fn the_rail_is_read_with_and_without_a_status_before_it() {
    let read = |hex| {
        let reads = answered(&PIC.rail(), &unhex(hex));
        Pic16f1704Framed::read_rail_mv_floor(&reads)
    };
    // 0x0200 is 512 of 1024: half of 3.3 V times 7.6.
    assert_eq!(read("063a02000042"), Ok(12_540));
    assert_eq!(read("073a0102000044"), Ok(12_540));
    assert_eq!(kind(read("073a0002000043")), PartErrorKind::Refused);
    assert_eq!(
        kind(read("053a02000041")),
        PartErrorKind::Checksum {
            expected: 0x41,
            found: 0
        }
    );
    assert_eq!(kind(read("053a020041")), PartErrorKind::Garbled);
    guards(&unhex("063a02000042"), Pic16f1704Framed::read_rail_mv_floor);
    // More than the converter has, be it for a byte that is not where it was thought.
    assert_eq!(kind(read("063a04000044")), PartErrorKind::NoMeasurement);
    assert_eq!(kind(read("073a01f4000136")), PartErrorKind::NoMeasurement);
}

#[test]
fn three_inputs_are_read_and_the_byte_behind_them_is_not() {
    let read = |hex| Pic16f1704Framed::read_inputs(&answered(&PIC.inputs(), &unhex(hex)));
    assert_eq!(read("0b37010000020003000048"), Ok([0x100, 2, 3]));
    assert_eq!(read("0a370001000200030047"), Ok([1, 2, 3]));
    assert_eq!(kind(read("0837000100020042")), PartErrorKind::Garbled);
    guards(
        &unhex("0b37010000020003000048"),
        Pic16f1704Framed::read_inputs,
    );
}

#[test]
fn an_answer_is_polled_while_the_part_reads_as_ones_and_no_longer_than_it_may_take() {
    for (ops, within) in [
        (PIC.version(), 400),
        (PIC.enable(false), 400),
        (PIC.relay_read(0x48, 2), 50),
    ] {
        let polls: Vec<_> = ops
            .iter()
            .filter_map(|op| match op {
                BusOp::Until {
                    write,
                    mask,
                    not,
                    within,
                    ..
                } => Some((write.len(), *mask, *not, *within)),
                _ => None,
            })
            .collect();
        assert_eq!(polls, [(0, 0xff, 0xff, Duration::from_millis(within))]);
        assert!(longest(&ops) < Duration::from_secs(1));
    }
    let reset = PIC.reset();
    let last = BusOp::Delay(Duration::from_millis(500));
    assert_eq!(reset.last(), Some(&last));
}

#[test]
fn no_command_touches_flash() {
    let mut said = Vec::new();
    for ops in everything() {
        let frame = stream(0x20, &ops);
        let Some(command) = frame.get(3) else {
            assert!(frame.is_empty(), "draining only reads");
            continue;
        };
        assert_eq!(usize::from(frame[2]) + 2, frame.len(), "one frame each");
        said.push(*command);
    }
    said.sort_unstable();
    said.dedup();
    assert_eq!(said, [0x06, 0x07, 0x15, 0x16, 0x17, 0x37, 0x3a, 0x3b, 0x3c]);
}
