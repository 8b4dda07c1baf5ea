//! Pools that send what no pool should.

use mining_sv2 as mining;

use crate::v2::harness::*;

#[test]
fn unknown_extensions_and_messages_are_passed_over() {
    let mut talk = Talk::mining();
    let target = [&CHANNEL.to_le_bytes()[..], &[1; 32]].concat();
    for frame in [
        // A known type in another extension, with and without the channel bit.
        raw(1, mining::MESSAGE_TYPE_SET_TARGET, &target),
        raw(0x8001, mining::MESSAGE_TYPE_SET_TARGET, &target),
        raw(0, 0x60, &[1, 2, 3]),
        raw(0, 0x03, &[1, 2, 3, 4]),
        raw(0x7fff, 0xff, &vec![0; 1 << 20]),
        // Our own message types.
        raw(
            0,
            mining::MESSAGE_TYPE_OPEN_EXTENDED_MINING_CHANNEL,
            &[9; 50],
        ),
    ] {
        assert_eq!(talk.say(frame), [""; 0]);
    }
    let said = talk.say(job(2, Some(NTIME), true));
    assert!(said[0].contains("difficulty=4.0000"), "{said:?}");
}

#[test]
fn bytes_behind_a_messages_last_field_are_somebodys_extension() {
    let mut talk = Talk::ready();
    let mut payload = job(1, None, true)[6..].to_vec();
    payload.extend_from_slice(&[2, 0, 1, 4, 0, 9, 9, 9, 9]);
    talk.say(raw(
        0x8000,
        mining::MESSAGE_TYPE_NEW_EXTENDED_MINING_JOB,
        &payload,
    ));
    let said = talk.say(block(1, 0xb1));
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn messages_cut_short_are_noted_and_in_numbers_end_the_session() {
    let whole = [
        set_up(0),
        opened(1, 4),
        opened_standard(1),
        open_error(1, "no"),
        job(1, None, true),
        standard_job(1, None, 1),
        block(1, 1),
        set_target(CHANNEL, target(1)),
        set_prefix(&[1, 2]),
        accepted(1, 1),
        refused(1, "no"),
    ];
    for frame in &whole {
        let (kind, payload) = (frame[2], &frame[6..]);
        for length in 0..payload.len() {
            let mut talk = Talk::ready();
            let said = talk.say(raw(0, kind, &payload[..length]));
            assert_eq!(said, ["note E-POOL-PROTOCOL"], "{kind:#x} {length}");
        }
    }
    let mut talk = Talk::ready();
    let said: Vec<String> = (0..32)
        .flat_map(|_| talk.say(raw(0, mining::MESSAGE_TYPE_SET_TARGET, &[])))
        .collect();
    // Of the notes only the first ones are made.
    assert_eq!(said.len(), 8 + 2);
    assert_eq!(said[8..], ["ended 02000000", "disconnect"]);
}

#[test]
fn a_known_message_that_is_too_long_ends_the_session_at_its_header() {
    let mut talk = Talk::ready();
    let mut header = raw(0, mining::MESSAGE_TYPE_NEW_EXTENDED_MINING_JOB, &[]);
    header[5] = 0xff;
    let said = talk.say(header);
    assert_eq!(said, ["ended 02000000", "disconnect", "note E-POOL-LINE"]);
}

#[test]
fn jobs_before_a_channel_are_not_ours() {
    let (mut talk, _) = Talk::set_up(config(), 0);
    assert_eq!(talk.say(job(1, None, true)), [""; 0]);
    assert_eq!(talk.say(block(1, 1)), [""; 0]);
    assert_eq!(talk.say(accepted(1, 1)), [""; 0]);
    talk.say(opened(1, 4));
    assert_eq!(talk.say(job(2, Some(NTIME), true)), ["note E-POOL-JOB"]);
}

#[test]
fn texts_of_a_pool_are_printable_and_short() {
    let mut talk = Talk::mining();
    let text = "\u{1b}[31m\n".repeat(36);
    let message = mining::CloseChannel {
        channel_id: CHANNEL,
        reason_code: (&*text).try_into().expect("short"),
    };
    talk.say(frame(mining::MESSAGE_TYPE_CLOSE_CHANNEL, message));
    assert!(!talk.last_note().contains(['\u{1b}', '\n']));
    assert!(talk.last_note().len() < 300);
}

#[test]
fn more_at_once_than_anyone_asks_for_ends_the_session() {
    let mut talk = Talk::mining();
    let many = job(2, Some(NTIME), true).repeat(20_000);
    let said = talk.say(many);
    assert!(said.len() < 17_000);
    assert_eq!(
        said.last().map(String::as_str),
        Some("note E-POOL-PROTOCOL")
    );
}
