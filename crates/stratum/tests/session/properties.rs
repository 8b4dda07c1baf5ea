//! Whatever comes in, in whatever pieces: no panic, and the client's promises hold.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use stratum::{Client, Input};
use units::Instant;

use crate::entries;
use crate::harness::{config, notify};

/// Lines that lead deep into a session.
fn corpus() -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = [
        r#"{"id":1,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"}}"#,
        r#"{"id":1,"result":false,"error":null}"#,
        r#"{"id":2,"result":[[["mining.notify","s"]],"0a0b",4],"error":null}"#,
        r#"{"id":"3","result":true,"error":null}"#,
        r#"{"id":5,"result":true}"#,
        r#"{"id":6,"result":null,"error":[21,"Job not found",null]}"#,
        r#"{"id":7,"error":{"code":24,"message":"Unauthorized"}}"#,
        r#"{"id":8,"error":"Duplicate"}"#,
        r#"{"id":null,"method":"mining.set_difficulty","params":[1e-3]}"#,
        r#"{"id":null,"method":"mining.set_extranonce","params":["0c0d",8]}"#,
        r#"{"id":null,"method":"mining.set_version_mask","params":["00ffe000"]}"#,
        r#"{"id":null,"method":"client.show_message","params":["hi"]}"#,
        r#"{"id":4,"method":"client.get_version","params":[]}"#,
        r#"{"id":"p","method":"mining.ping","params":[]}"#,
        "{}",
        "",
        "\r",
    ]
    .iter()
    .map(|line| format!("{line}\n").into_bytes())
    .collect();
    for job in [
        "a",
        "a clean",
        "b prev=2",
        "c branches=65",
        "d nbits=00000000",
    ] {
        lines.push(notify(job));
    }
    lines.push(br#"{"method":"client.reconnect","params":["",4444,1]}"#.to_vec());
    lines
}

/// JSON with a bias to what messages are made of.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        (0..12i64).prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:e}")),
        "[0-9a-f]{0,16}".prop_map(|s| format!("\"{s}\"")),
        Just(format!("\"{}\"", "5a".repeat(32))),
        any::<String>().prop_map(|s| serde_json::Value::from(s).to_string()),
    ];
    leaf.prop_recursive(3, 24, 10, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..10).prop_map(|v| format!("[{}]", v.join(","))),
            vec(("[a-z.-]{0,20}", inner), 0..4).prop_map(|v| {
                let members: Vec<_> = v.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        Just("mining.notify"),
        Just("mining.set_difficulty"),
        Just("mining.set_extranonce"),
        Just("mining.set_version_mask"),
        Just("client.reconnect"),
        Just("client.show_message"),
        Just("x"),
    ];
    prop_oneof![
        (json(), method, json()).prop_map(|(id, method, params)| format!(
            "{{\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n"
        )),
        (1..10u8, json(), json())
            .prop_map(|(id, r, e)| format!("{{\"id\":{id},\"result\":{r},\"error\":{e}}}\n")),
    ]
    .prop_map(String::into_bytes)
}

/// Something that a pool might send: right, damaged, random.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let line = || proptest::sample::select(corpus());
    prop_oneof![
        6 => line(),
        2 => message(),
        1 => vec(any::<u8>(), 0..60),
        2 => (line(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut line, at, byte)| {
            let at = at.index(line.len());
            line[at] = byte;
            line
        }),
        1 => (line(), any::<prop::sample::Index>()).prop_map(|(mut line, at)| {
            line.truncate(at.index(line.len()));
            line
        }),
    ]
}

/// A conversation as [`entries::session`] reads it, from nothing or from a session.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let step = prop_oneof![
        6 => bytes(),
        2 => Just(vec![3]),
        2 => (0..entries::STEPS).prop_map(|step| vec![step]),
    ];
    (any::<bool>(), vec(step, 0..80)).prop_map(|(in_session, steps)| {
        let lines = corpus();
        let mut all = Vec::new();
        if in_session {
            for line in [&lines[0], &lines[2], &lines[3], &notify("first")] {
                all.extend(line);
            }
        }
        all.extend(steps.concat());
        all
    })
}

/// All effects of `pieces` to a connection that stands, as text.
fn effects<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> String {
    let mut client = Client::new(config());
    let mut out = String::new();
    client.handle(Instant::ZERO, Input::Start);
    client.handle(Instant::ZERO, Input::Connected);
    for piece in pieces {
        client.handle(Instant::ZERO, Input::Bytes(piece.to_vec()));
        while let Some(effect) = client.next_effect() {
            out.push_str(&format!("{effect:?}\n"));
        }
    }
    out
}

fn seeded(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(0x5741_4e4e),
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(seeded(1500))]

    #[test]
    fn promises_hold_in_any_conversation(bytes in conversation()) {
        entries::session(&bytes);
    }
}

proptest! {
    #![proptest_config(seeded(300))]

    #[test]
    fn pieces_do_not_matter(lines in vec(bytes(), 0..40), size in 1..200usize) {
        // The handshake first, so that most of them reach a session.
        let mut all: Vec<u8> = corpus()[0].clone();
        all.extend(&corpus()[2]);
        all.extend(&corpus()[3]);
        all.extend(lines.concat());
        let whole = effects(std::iter::once(&all[..]));
        prop_assert_eq!(&whole, &effects(all.chunks(1)));
        prop_assert_eq!(&whole, &effects(all.chunks(size)));
    }
}
