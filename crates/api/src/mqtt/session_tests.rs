use serde_json::Value;

use super::*;
use crate::legacy::fixture;

const ACCEPTED: &[u8] = b"\x20\x02\x00\x00";

fn options(commands: bool) -> Arc<MqttOptions> {
    Arc::new(MqttOptions {
        client_id: "stannary-1".to_owned(),
        user: Some("miner".to_owned()),
        password: Some("s3cr3t".to_owned()),
        topic: "farm/rig".to_owned(),
        discovery_prefix: Some("homeassistant".to_owned()),
        commands,
        interval: Duration::from_secs(10),
    })
}

fn at(s: u64) -> Instant {
    Instant::from_millis(s * 1000)
}

/// A session that the broker took, and has nothing more to send for now.
fn taken(commands: bool) -> MqttSession {
    let mut session = MqttSession::begin(options(commands), at(0));
    session.take_out();
    session.receive(at(0), ACCEPTED).expect("taken");
    session
}

/// What a broker would hear: topic, payload, retained.
fn messages(bytes: &[u8]) -> Vec<(String, Vec<u8>, bool)> {
    let (mut at, mut all) = (0, Vec::new());
    while at < bytes.len() {
        let (mut length, mut header) = (0, 1);
        loop {
            let byte = bytes[at + header];
            length |= usize::from(byte & 0x7F) << (7 * (header - 1));
            header += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let body = &bytes[at + header..at + header + length];
        if bytes[at] & 0xF0 == 0x30 {
            let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
            let (topic, payload) = body[2..].split_at(topic);
            let topic = String::from_utf8(topic.to_vec()).expect("text");
            all.push((topic, payload.to_vec(), bytes[at] & 1 != 0));
        }
        at += header + length;
    }
    all
}

fn told(session: &mut MqttSession, now: Instant, s: &Snapshot) -> Vec<String> {
    session.look(now, s, "rig");
    let all = messages(&session.take_out());
    assert!(all.iter().all(|(_, _, retained)| *retained));
    all.into_iter().map(|(topic, _, _)| topic).collect()
}

fn message(topic: &str, payload: &[u8], retained: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet::publish(&mut bytes, topic, payload, retained);
    bytes
}

#[test]
fn a_broker_is_told_everything_once_and_then_what_changes() {
    let s = fixture::snapshot();
    let mut session = MqttSession::begin(options(false), at(0));
    assert!(session.take_out().starts_with(b"\x10"));
    assert!(
        told(&mut session, at(0), &s).is_empty(),
        "before it took us"
    );
    session.receive(at(0), ACCEPTED).expect("taken");
    let first = told(&mut session, at(0), &s);
    assert_eq!(first[0], "farm/rig/availability");
    assert!(first.iter().any(|t| t.starts_with("homeassistant/sensor/")));
    assert_eq!(
        first[first.len() - 2..],
        ["farm/rig/state", "farm/rig/faults"]
    );
    let both = ["farm/rig/state", "farm/rig/faults"];
    assert!(told(&mut session, at(9), &s).is_empty());
    assert_eq!(told(&mut session, at(10), &s), both);
    // Something happened: at once, and not more often than once a second.
    let mut changed = s.clone();
    changed.faults.clear();
    assert!(told(&mut session, Instant::from_millis(10_900), &changed).is_empty());
    assert_eq!(told(&mut session, at(11), &changed), both);
    // Another fan: there is something new to discover.
    changed.fans.push(changed.fans[0].clone());
    let again = told(&mut session, at(12), &changed);
    assert!(again.iter().any(|t| t.contains("fan_1_speed")), "{again:?}");
    assert!(!again.contains(&"farm/rig/availability".to_owned()));
}

#[test]
fn while_a_broker_takes_nothing_nothing_piles_up() {
    let mut session = taken(true);
    let mut s = fixture::snapshot();
    for second in 0..100_000 {
        s.seq += 1;
        session.look(at(second), &s, "rig");
    }
    let kept = session.take_out();
    assert!(kept.len() < 64 * 1024, "{}", kept.len());
    // What is told next is the newest.
    session.look(at(100_000), &s, "rig");
    let all = messages(&session.take_out());
    let (_, state, _) = all
        .iter()
        .find(|(t, ..)| t == "farm/rig/state")
        .expect("told");
    let state: Value = serde_json::from_slice(state).expect("JSON");
    assert_eq!(state["seq"], s.seq);
}

#[test]
fn the_state_is_what_the_status_says_without_logins() {
    let mut s = fixture::snapshot();
    s.pools[0].url = "stratum+tcp://\"}],\u{7}\u{2028}".to_owned();
    let mut session = taken(false);
    session.look(at(0), &s, "rig");
    let all = messages(&session.take_out());
    let read = |topic: &str| {
        let (_, payload, _) = all.iter().find(|(t, ..)| t == topic).expect("told");
        serde_json::from_slice::<Value>(payload).expect("JSON")
    };
    let state = read("farm/rig/state");
    let mut status = serde_json::to_value(&s).expect("JSON");
    let fields = status.as_object_mut().expect("fields");
    fields.remove("decisions");
    let faults = fields.remove("faults");
    for chain in status["chains"].as_array_mut().expect("chains") {
        chain.as_object_mut().expect("fields").remove("chips");
    }
    for pool in status["pools"].as_array_mut().expect("pools") {
        pool.as_object_mut().expect("fields").remove("user");
    }
    assert_eq!(state, status);
    assert_eq!(Some(&read("farm/rig/faults")["faults"]), faults.as_ref());
    assert_eq!(read("farm/rig/faults")["count"], 1);
    let everything: Vec<u8> = all
        .iter()
        .flat_map(|(_, payload, _)| payload.clone())
        .collect();
    let everything = String::from_utf8(everything).expect("text");
    for secret in ["s3cr3t", "account.garage", "miner\""] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

#[test]
fn orders_are_heard_where_they_are_allowed_and_only_fresh_ones() {
    let heard = |commands, bytes: &[u8]| {
        let mut session = taken(commands);
        session.receive(at(1), bytes).expect("no fault");
        std::iter::from_fn(|| session.next_order()).count()
    };
    let order = message("farm/rig/set/hashing", b"OFF", false);
    assert_eq!(heard(true, &order), 1);
    assert_eq!(heard(false, &order), 0);
    assert_eq!(
        heard(true, &message("farm/rig/set/hashing", b"OFF", true)),
        0
    );
    assert_eq!(
        heard(true, &message("farm/other/set/hashing", b"OFF", false)),
        0
    );
    assert_eq!(heard(true, &message("farm/rig/state", b"OFF", false)), 0);
    let mut session = taken(true);
    let subscribed = session.take_out();
    assert_eq!(subscribed, b"\x82\x13\x00\x01\x00\x0efarm/rig/set/+\x00");
    assert!(taken(false).take_out().is_empty());
}

#[test]
fn a_flood_of_orders_is_a_few() {
    let mut session = taken(true);
    let order = message("farm/rig/set/hashing", b"OFF", false);
    let mut heard = 0;
    for _ in 0..10_000 {
        session.receive(at(1), &order).expect("no fault");
        heard += std::iter::from_fn(|| session.next_order()).count();
    }
    assert_eq!(heard, ORDERS_MAX as usize);
    session.receive(at(11), &order).expect("no fault");
    assert!(session.next_order().is_some(), "a new window");
    // And none of them is kept where nobody asks.
    let mut session = taken(true);
    session
        .receive(at(1), &order.repeat(10_000))
        .expect("no fault");
    assert_eq!(session.orders.len(), ORDERS_MAX as usize);
}

#[test]
fn why_an_order_was_not_followed_is_told_and_not_kept() {
    let mut session = taken(true);
    session.take_out();
    session.refuse(&MqttRefused {
        what: "a\"b".to_owned(),
        code: Code::MqttMessage,
        detail: "no".to_owned(),
    });
    let all = messages(&session.take_out());
    let [(topic, payload, false)] = &all[..] else {
        panic!("{all:?}");
    };
    let payload: Value = serde_json::from_slice(payload).expect("JSON");
    assert_eq!(
        (topic.as_str(), &payload["order"]),
        ("farm/rig/refused", &"a\"b".into())
    );
    assert_eq!(payload["code"], "E-MQTT-MESSAGE");
}

#[test]
fn a_broker_that_refuses_or_is_none_ends_the_session_with_its_code() {
    let check = |bytes: &[u8], code| {
        let mut session = MqttSession::begin(options(true), at(0));
        let ended = session.receive(at(0), bytes).expect_err("the end");
        assert_eq!(ended.code, code, "{ended:?}");
        assert!(!session.accepted());
    };
    check(b"\x20\x02\x00\x05", Code::MqttLogin);
    check(b"\x20\x02\x00\x04", Code::MqttLogin);
    check(b"\x20\x02\x00\x03", Code::MqttConnect);
    check(b"\x20\x02\x00\x01", Code::MqttProtocol);
    check(b"\x20\x02\x00\x77", Code::MqttProtocol);
    check(b"HTTP/1.1 400 Bad Request\r\n\r\n", Code::MqttProtocol);
    check(
        &message("farm/rig/set/hashing", b"OFF", false),
        Code::MqttProtocol,
    );
    let mut session = taken(true);
    let twice = session.receive(at(0), ACCEPTED).expect_err("the end");
    assert_eq!(twice.code, Code::MqttProtocol);
}

#[test]
fn silence_is_asked_about_and_then_the_end() {
    let mut session = MqttSession::begin(options(true), at(0));
    assert_eq!(session.wake(at(9)), Ok(()));
    let ended = session.wake(at(10)).expect_err("not taken in time");
    assert_eq!(ended.code, Code::MqttProtocol);
    let mut session = taken(false);
    assert_eq!(
        (session.wake(at(29)), session.take_out()),
        (Ok(()), Vec::new())
    );
    assert_eq!(
        (session.wake(at(30)), session.take_out()),
        (Ok(()), b"\xC0\x00".to_vec())
    );
    session.receive(at(31), b"\xD0\x00").expect("an answer");
    assert_eq!(session.wake(at(105)), Ok(()));
    let ended = session.wake(at(106)).expect_err("silent");
    assert_eq!(ended.code, Code::MqttClosed);
}

#[test]
fn the_end_is_told() {
    let mut session = taken(false);
    session.take_out();
    session.close();
    let out = session.take_out();
    assert_eq!(
        messages(&out)[0],
        (
            "farm/rig/availability".to_owned(),
            b"offline".to_vec(),
            true
        )
    );
    assert!(out.ends_with(b"\xE0\x00"));
}
