use units::Rng;

use super::*;

/// As dns-sd tools ask for it: `_stannary._tcp.local`, by PTR, and the answer to it by compressed names.
const QUERY: &[u8] = b"\0\0\0\0\0\x01\0\0\0\0\0\0\x09_stannary\x04_tcp\x05local\0\0\x0c\x80\x01";
const ANSWER: &[u8] = b"\0\0\x84\0\0\0\0\x01\0\0\0\x01\x09_stannary\x04_TCP\x05local\0\0\x0c\0\x01\0\0\x11\x94\0\x06\x03a b\xc0\x0c\
\xc0\x2c\0\x21\x80\x01\0\0\0\x78\0\x08\0\0\0\0\0\x50\xc0\x1b";

fn service() -> Name {
    Name::of(&["_stannary", "_tcp", "local"])
}

#[test]
fn a_query_and_an_answer_are_read() {
    let question = Question {
        name: service(),
        kind: PTR,
        unicast: true,
    };
    let query = Message {
        questions: vec![question],
        ..Message::default()
    };
    assert_eq!(Message::decode(QUERY), Some(query.clone()));
    assert_eq!(query.encode(), QUERY);
    let instance = Name::of(&["a b", "_stannary", "_tcp", "local"]);
    let answer = Message {
        response: true,
        answers: vec![Record {
            name: service(),
            ttl_s: 4500,
            unique: false,
            data: Data::Pointer(instance.clone()),
        }],
        additional: vec![Record {
            name: instance,
            ttl_s: 120,
            unique: true,
            data: Data::Service {
                port: 80,
                host: Name::of(&["local"]),
            },
        }],
        ..Message::default()
    };
    assert_eq!(Message::decode(ANSWER), Some(answer.clone()));
    assert_eq!(Message::decode(&answer.encode()), Some(answer));
}

#[test]
fn what_is_cut_short_is_nothing() {
    for bytes in [QUERY, ANSWER] {
        for cut in 0..bytes.len() {
            assert_eq!(Message::decode(&bytes[..cut]), None, "{cut}");
        }
    }
}

#[test]
fn names_that_do_not_end_are_nothing() {
    let head = b"\0\0\0\0\0\x01\0\0\0\0\0\0";
    for name in [
        // To itself, to after itself, to each other, of a reserved kind.
        &b"\xc0\x0c"[..],
        b"\xc0\x20",
        b"\x01a\xc0\x0c",
        b"\x41a\0",
        b"\x80\0",
    ] {
        let bytes = [head, name, &[0; 40]].concat();
        assert_eq!(Message::decode(&bytes), None, "{name:?}");
    }
    let long = [head.as_slice(), &b"\x3f".repeat(64 * 5), b"\0\0\x0c\0\x01"].concat();
    assert_eq!(Message::decode(&long), None);
}

#[test]
fn a_message_of_more_than_it_may_have_is_nothing() {
    let mut bytes = QUERY.to_vec();
    bytes[4..6].copy_from_slice(&(EACH_MAX + 1).to_be_bytes());
    let one = &QUERY[12..].to_vec();
    bytes.extend(one.repeat(usize::from(EACH_MAX)));
    assert_eq!(Message::decode(&bytes), None);
    bytes[4..6].copy_from_slice(&EACH_MAX.to_be_bytes());
    let read = Message::decode(&bytes).expect("as many as it may");
    assert_eq!(read.questions.len(), usize::from(EACH_MAX));
}

#[test]
fn random_and_damaged_messages_harm_nothing() {
    let mut rng = Rng::new(20_261_126);
    for _ in 0..50_000 {
        let mut bytes = if rng.chance(0.5) {
            QUERY.to_vec()
        } else {
            ANSWER.to_vec()
        };
        for _ in 0..=rng.below(4) {
            let at = rng.below(bytes.len() as u64) as usize;
            bytes[at] = rng.below(256) as u8;
        }
        if let Some(message) = Message::decode(&bytes) {
            let _ = message.encode();
        }
    }
}
