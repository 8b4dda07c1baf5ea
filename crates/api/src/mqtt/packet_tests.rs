use units::Rng;

use super::*;

/// What comes of these bytes, given in pieces of this size.
fn read_in(bytes: &[u8], piece: usize) -> Result<Vec<Said>, &'static str> {
    let (mut decoder, mut all) = (Decoder::default(), Vec::new());
    for bytes in bytes.chunks(piece) {
        decoder.give(bytes);
        while let Some(said) = decoder.next()? {
            all.push(said);
        }
        assert!(decoder.waiting.len() <= PACKET_MAX + 5 + piece);
    }
    Ok(all)
}

fn check(bytes: &[u8], expected: Result<&[Said], &'static str>) {
    for piece in [1, 2, 7, 1 << 20] {
        let said = read_in(bytes, piece);
        assert_eq!(said.as_deref().map_err(|why| *why), expected, "{piece}");
    }
}

fn told(topic: &str, payload: &[u8], retained: bool) -> Said {
    Said::Message {
        topic: topic.to_owned(),
        payload: payload.to_vec(),
        retained,
    }
}

/// Section 3.1.2.11's example has the same parts; the lengths are counted by hand.
#[test]
fn a_connection_begins_with_name_will_and_login() {
    let mut out = Vec::new();
    Connect {
        client_id: "id",
        user: Some("me"),
        password: Some("pw"),
        will: ("a/b", "off"),
    }
    .encode(&mut out);
    let expected =
        b"\x10\x20\x00\x04MQTT\x04\xEE\x00\x3C\x00\x02id\x00\x03a/b\x00\x03off\x00\x02me\x00\x02pw";
    assert_eq!(out, expected);
    assert_eq!(usize::from(out[1]), out.len() - 2);
    let mut out = Vec::new();
    Connect {
        client_id: "id",
        user: None,
        password: None,
        will: ("a", ""),
    }
    .encode(&mut out);
    assert_eq!(out[9], 0x2E);
    assert!(out.ends_with(b"\x00\x02id\x00\x01a\x00\x00"));
}

#[test]
fn what_a_client_sends_has_the_standards_form() {
    let mut out = Vec::new();
    publish(&mut out, "a/b", b"x", true);
    subscribe(&mut out, "s/+");
    ping(&mut out);
    disconnect(&mut out);
    let expected = b"\x31\x06\x00\x03a/bx\x82\x08\x00\x01\x00\x03s/+\x00\xC0\x00\xE0\x00";
    assert_eq!(out, expected);
}

#[test]
fn lengths_are_in_sevens_of_bits() {
    for (length, shown) in [
        (0, &[0u8][..]),
        (127, &[0x7F]),
        (128, &[0x80, 0x01]),
        (16_383, &[0xFF, 0x7F]),
        (16_384, &[0x80, 0x80, 0x01]),
        (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
    ] {
        let mut out = Vec::new();
        packet(&mut out, 0x30, &vec![0; length]);
        assert_eq!(out[1..].strip_suffix(&*vec![0; length]), Some(shown));
    }
}

#[test]
fn what_a_broker_says_is_read_however_it_is_cut() {
    let mut bytes = b"\x20\x02\x00\x00\x90\x03\x00\x01\x00\xD0\x00".to_vec();
    publish(&mut bytes, "a/set/x", b"ON", false);
    publish(&mut bytes, "\u{fc}", b"", true);
    let expected = [
        Said::Connected(Ok(())),
        Said::Subscribed(true),
        Said::Pong,
        told("a/set/x", b"ON", false),
        told("\u{fc}", b"", true),
    ];
    check(&bytes, Ok(&expected));
    check(b"\x20\x02\x01\x05", Ok(&[Said::Connected(Err(5))]));
    check(b"\x90\x03\x00\x01\x80", Ok(&[Said::Subscribed(false)]));
    for cut in 0..bytes.len() {
        let said = read_in(&bytes[..cut], 3).expect("a beginning is no fault");
        assert_eq!(expected[..said.len()], said);
    }
}

#[test]
fn what_is_no_mqtt_ends_the_connection() {
    for bytes in [
        &b"HTTP/1.1 400 Bad Request\r\n"[..],
        b"\x30\xFF\xFF\xFF\xFF\x01",
        b"\x20\xFF\xFF\xFF\x7F",
        b"\x20\x01\x00",
        b"\x20\x03\x00\x00\x00",
        b"\x30\x00",
        b"\x30\x01\x00",
        b"\x30\x03\x00\x05a",
        b"\x30\x02\x00\x00",
        b"\x30\x03\x00\x01\xFF",
        b"\x30\x03\x00\x01#",
        b"\x30\x03\x00\x01\0",
        // More than was asked for.
        b"\x32\x05\x00\x01a\x00\x01",
        b"\x36\x05\x00\x01a\x00\x01",
        b"\x40\x02\x00\x01",
        b"\x10\x00",
        b"\x00\x00",
        b"\xF0\x00",
    ] {
        for piece in [1, 100] {
            assert!(read_in(bytes, piece).is_err(), "{bytes:?}");
        }
    }
}

#[test]
fn a_message_that_is_too_long_is_passed_over_and_not_kept() {
    let mut bytes = Vec::new();
    publish(&mut bytes, "a", &vec![b'x'; 3 << 20], false);
    publish(&mut bytes, "b", b"y", false);
    check(&bytes, Ok(&[Said::TooLong, told("b", b"y", false)]));
    let mut bytes = Vec::new();
    publish(&mut bytes, "a", &[b'x'; PACKET_MAX - 3], false);
    let longest = told("a", &[b'x'; PACKET_MAX - 3], false);
    check(&bytes, Ok(&[longest]));
}

#[test]
fn random_bytes_harm_nothing() {
    let mut rng = Rng::new(20_261_126);
    for _ in 0..20_000 {
        let length = rng.below(64) as usize;
        let mut bytes: Vec<u8> = (0..length).map(|_| rng.below(256) as u8).collect();
        if let Some(first) = bytes.first_mut() {
            // Most of the time something that a broker says.
            let kinds = [0x20, 0x30, 0x31, 0x90, 0xD0, *first];
            *first = kinds[rng.below(kinds.len() as u64) as usize];
        }
        let _ = read_in(&bytes, 1 + rng.below(20) as usize);
    }
}
