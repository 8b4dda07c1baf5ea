use super::*;

const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
const OTHER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 50), MDNS_PORT);
const GROUP_QUESTION: bool = false;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn begun() -> MdnsResponder {
    let service = MdnsService {
        label: "Rig-7".to_owned(),
        port: 80,
        text: vec!["model=antminer-s9".to_owned()],
    };
    let network = MdnsNetwork {
        own: OWN,
        mask: Ipv4Addr::new(255, 255, 255, 0),
    };
    MdnsResponder::new(service, network, vec![OWN], Rng::new(1), at(0))
}

/// All that is sent until then, with when.
fn run(responder: &mut MdnsResponder, until_ms: u64) -> Vec<(u64, MdnsPacket)> {
    let mut all = Vec::new();
    while let Some(next) = responder
        .next_deadline()
        .filter(|next| *next <= at(until_ms))
    {
        responder.wake(next);
        while let Some(packet) = responder.next_packet() {
            all.push((next.as_nanos() / 1_000_000, packet));
        }
    }
    all
}

/// One that is up, and has nothing more to say by itself.
fn up() -> MdnsResponder {
    let mut responder = begun();
    run(&mut responder, 10_000);
    assert!(responder.is_up() && responder.next_deadline().is_none());
    responder
}

fn query(name: Name, kind: u16, unicast: bool) -> Message {
    Message {
        id: 77,
        questions: vec![Question {
            name,
            kind,
            unicast,
        }],
        ..Message::default()
    }
}

/// What it answers, who to, and when.
fn answers(query: &Message, from: SocketAddrV4) -> Vec<(u64, Option<SocketAddrV4>, Message)> {
    let mut responder = up();
    responder.hear(at(20_000), &query.encode(), from);
    let mut all = Vec::new();
    while let Some(packet) = responder.next_packet() {
        all.push((20_000, packet));
    }
    all.extend(run(&mut responder, 30_000));
    all.into_iter()
        .map(|(at, packet)| {
            let message = Message::decode(&packet.bytes).expect("a message");
            assert!(message.response);
            (at, packet.to, message)
        })
        .collect()
}

#[test]
fn a_name_is_probed_for_and_then_announced() {
    let mut responder = begun();
    let said = run(&mut responder, 10_000);
    let messages: Vec<_> = said
        .iter()
        .map(|(_, packet)| Message::decode(&packet.bytes).expect("a message"))
        .collect();
    assert_eq!(messages.len(), 5);
    for probe in &messages[..3] {
        assert!(!probe.response && probe.questions.len() == 2 && probe.authority.len() == 2);
    }
    for announcement in &messages[3..] {
        assert_eq!(announcement.answers.len(), 5, "{announcement:?}");
    }
    let times: Vec<_> = said.iter().map(|(at, _)| *at).collect();
    assert!(times[0] < 250);
    let after: Vec<_> = times.iter().map(|at| at - times[0]).collect();
    assert_eq!(after, [0, 250, 500, 750, 1750]);
    assert!(said.iter().all(|(_, packet)| packet.to.is_none()));
}

#[test]
fn who_asks_for_miners_hears_of_this_one_with_all_that_is_needed() {
    let said = answers(&query(kind(), PTR, GROUP_QUESTION), OTHER);
    let [(when, None, message)] = &said[..] else {
        panic!("{said:?}");
    };
    assert!((20_020..20_120).contains(when), "{when}");
    let instance = Name::of(&["rig-7", "_stannary", "_tcp", "local"]);
    assert_eq!(message.answers[0].data, Data::Pointer(instance.clone()));
    let data: Vec<_> = message
        .additional
        .iter()
        .map(|record| &record.data)
        .collect();
    let host = Name::of(&["rig-7", "local"]);
    let service = Data::Service { port: 80, host };
    let text = Data::Text(b"\x11model=antminer-s9".to_vec());
    assert_eq!(data, [&service, &text, &Data::Address(OWN)]);
    for (name, kind, count) in [
        (types(), PTR, 1),
        (instance.clone(), SRV, 1),
        (instance.clone(), TXT, 1),
        (instance, ANY, 2),
        (Name::of(&["RIG-7", "local"]), A, 1),
    ] {
        let said = answers(&query(name, kind, GROUP_QUESTION), OTHER);
        assert_eq!(said[0].2.answers.len(), count);
    }
}

#[test]
fn what_is_not_ours_or_known_already_is_not_answered() {
    for (name, kind) in [
        (Name::of(&["_http", "_tcp", "local"]), PTR),
        (Name::of(&["rig-8", "local"]), A),
        (Name::of(&["rig-7", "local"]), 28),
        (kind(), SRV),
    ] {
        assert_eq!(answers(&query(name, kind, GROUP_QUESTION), OTHER), []);
    }
    let mut known = query(kind(), PTR, GROUP_QUESTION);
    let mut ours = up().message(ALL).answers.remove(1);
    known.answers = vec![ours.clone()];
    assert_eq!(answers(&known, OTHER), []);
    ours.ttl_s = OTHER_TTL_S / 2 - 1;
    known.answers = vec![ours];
    assert_eq!(answers(&known, OTHER).len(), 1);
    // Not before the name is ours.
    let mut responder = begun();
    let ask = query(kind(), PTR, GROUP_QUESTION).encode();
    responder.hear(at(0), &ask, OTHER);
    assert!(responder.due.is_none() && responder.next_packet().is_none());
}

#[test]
fn whoever_asks_alone_is_answered_alone_if_it_is_near() {
    let said = answers(&query(kind(), PTR, true), OTHER);
    assert_eq!((said.len(), said[0].0, said[0].1), (1, 20_000, Some(OTHER)));
    let far = SocketAddrV4::new(Ipv4Addr::new(198, 51, 100, 1), MDNS_PORT);
    assert_eq!(answers(&query(kind(), PTR, true), far), []);
    // By the old protocol: its number, its question, kept for a moment.
    let old = SocketAddrV4::new(*OTHER.ip(), 40_000);
    let said = answers(&query(kind(), PTR, false), old);
    let (_, to, message) = &said[0];
    assert_eq!(
        (*to, message.id, message.questions.len()),
        (Some(old), 77, 1)
    );
    let mut records = message.answers.iter().chain(&message.additional);
    assert!(records.all(|record| record.ttl_s == OLD_TTL_S && !record.unique));
}

#[test]
fn a_flood_of_questions_is_answered_once_a_second() {
    let mut responder = up();
    let ask = query(kind(), PTR, false).encode();
    let alone = query(kind(), PTR, true).encode();
    let (mut all, mut one) = (0, 0);
    for ms in 20_000..30_000 {
        for _ in 0..20 {
            responder.hear(at(ms), &ask, OTHER);
            responder.hear(at(ms), &alone, OTHER);
        }
        responder.wake(at(ms));
        while let Some(packet) = responder.next_packet() {
            *if packet.to.is_none() {
                &mut all
            } else {
                &mut one
            } += 1;
        }
    }
    assert!((9..=10).contains(&all), "{all}");
    assert_eq!(one, 10 * UNICAST_MAX);
}

#[test]
fn another_of_the_same_name_is_a_conflict_and_we_ourselves_are_not() {
    let theirs = |own: [u8; 4], port: u16, ttl_s: u32| {
        let mut other = up();
        other.network.own = own.into();
        other.service.port = port;
        let mut message = other.message(ALL);
        let records = message.answers.iter_mut();
        records.for_each(|record| record.ttl_s = ttl_s);
        message.encode()
    };
    let check = |bytes: &[u8], expected| {
        for mut responder in [begun(), up()] {
            responder.hear(at(20_000), bytes, OTHER);
            assert_eq!(responder.conflict(), expected);
        }
    };
    check(&theirs([192, 0, 2, 50], 80, 120), true);
    check(&theirs(OWN.octets(), 81, 120), true);
    check(&theirs(OWN.octets(), 80, 120), false);
    check(&theirs([192, 0, 2, 50], 80, 0), false);
    check(b"\0\0\x84\0\0\0\0\x01\0\0\0\0", false);
}

#[test]
fn of_two_that_probe_at_once_the_lesser_waits() {
    let probe = |own: [u8; 4]| {
        let mut other = begun();
        other.network.own = own.into();
        other.probe();
        other.next_packet().expect("a probe").bytes
    };
    let after = |bytes: &[u8]| {
        let mut responder = begun();
        responder.hear(at(100), bytes, OTHER);
        responder.next_deadline()
    };
    assert_eq!(after(&probe([192, 0, 2, 50])), Some(at(100) + YIELD));
    assert_ne!(after(&probe([192, 0, 2, 3])), Some(at(100) + YIELD));
    assert_ne!(after(&probe(OWN.octets())), Some(at(100) + YIELD));
}

#[test]
fn good_bye_takes_all_of_it_back() {
    let mut responder = up();
    responder.good_bye();
    let packet = responder.next_packet().expect("a good-bye");
    let message = Message::decode(&packet.bytes).expect("a message");
    assert_eq!(message.answers.len(), 5);
    assert!(message.answers.iter().all(|record| record.ttl_s == 0));
    let mut responder = begun();
    responder.good_bye();
    assert!(responder.next_packet().is_none(), "nothing was said yet");
}
