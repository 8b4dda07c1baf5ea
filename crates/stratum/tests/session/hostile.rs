//! Pools that do what none should.

use stratum::Input;
use stratum::limits::{LINE_BYTES, MALFORMED_LINES};

use crate::harness::{Harness, check, config};

#[test]
fn a_line_of_10_mb_ends_the_session() {
    for chunk in [1 << 10, 1 << 16, 10 << 20] {
        let line = vec![b'x'; 10 << 20];
        let mut harness = Harness::new(config());
        harness.play("handshake");
        let mut effects = Vec::new();
        let mut taken = 0;
        for piece in line.chunks(chunk) {
            effects.extend(harness.input(Input::Bytes(piece.to_vec())));
            if !effects.is_empty() {
                break;
            }
            taken += piece.len();
        }
        assert!(taken <= LINE_BYTES);
        assert_eq!(
            effects,
            ["ended 02000000", "disconnect", "note E-POOL-LINE"]
        );
        assert_eq!(harness.play("wait 1s"), ["connect pool.example:3333"]);
    }
}

#[test]
fn lines_that_are_not_stratum_are_noted_and_skipped() {
    for line in [
        "hello",
        "HTTP/1.1 400 Bad Request",
        "{",
        "[]",
        "{\"method\":7}",
        "{\"id\":1,\"id\":2}",
        "\u{0}\u{1}\u{7f}",
    ] {
        check(&format!(
            "handshake
             < {line}
             > note E-POOL-PROTOCOL
             notify a
             > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
             > note E-POOL-UP"
        ));
    }
}

#[test]
fn too_many_of_them_end_the_session() {
    let mut harness = Harness::new(config());
    harness.play("handshake");
    let mut notes = 0;
    for i in 1..=MALFORMED_LINES {
        let effects = harness.play("< noise");
        notes += effects.iter().filter(|e| e.starts_with("note")).count();
        let ended = effects.iter().any(|e| e == "disconnect");
        assert_eq!(ended, i == MALFORMED_LINES);
    }
    // Notes are bounded too.
    assert_eq!(notes, 8);
}

#[test]
fn requests_are_answered_and_notifications_ignored() {
    check(
        r#"handshake
        < {"id":9,"method":"client.get_version","params":[]}
        > send {"id":9,"result":"stannary/0.1","error":null}
        < {"id":"p1","method":"mining.ping"}
        > send {"id":"p1","result":"pong","error":null}
        < {"id":null,"method":"mining.ping","params":[]}
        < {"id":0,"method":"mining.unheard_of","params":{"a":[1,2,3]}}
        > send {"id":0,"result":null,"error":[-3,"Method not found",null]}
        < {"method":"mining.unheard_of","params":"x"}
        < {"id":null,"method":"client.show_message","params":["maintenance\u001b[2J at \u202enoon"]}
        > note E-POOL-MESSAGE
        < {"id":null,"result":null,"error":[-32700,"parse error",null]}
        > note E-POOL-PROTOCOL
        < {"id":null,"result":true}
        < {"id":{"deep":[1]},"result":true}
        < {}"#,
    );
    let long = "9".repeat(100);
    let mut harness = Harness::new(config());
    harness.play("handshake");
    let effects = harness.play(&format!(r#"< {{"id":"{long}","method":"mining.ping"}}"#));
    assert_eq!(effects, [""; 0], "an absurd id is not echoed");
    harness.play(r#"< {"method":"client.show_message","params":["a\u001b[2Jb\u202e"]}"#);
    assert_eq!(harness.last_note, "a[2Jb");
}

#[test]
fn a_flood_of_requests_ends_the_session() {
    let mut harness = Harness::new(config());
    harness.play("handshake");
    let flood = "{\"id\":1,\"method\":\"a\"}\n".repeat(100_000);
    let effects = harness.input(Input::Bytes(flood.into_bytes()));
    assert!(effects.len() < 17_000, "{}", effects.len());
    assert_eq!(
        effects.last().map(String::as_str),
        Some("note E-POOL-PROTOCOL")
    );
}

#[test]
fn wrong_types_everywhere_are_survived() {
    let values = [
        "null",
        "true",
        "0",
        "-1",
        "1e999",
        "\"\"",
        "\"x\"",
        "[]",
        "[[]]",
        "{}",
        "{\"a\":1}",
        "[null]",
        "[1,2,3]",
        "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]",
    ];
    let methods = [
        "mining.notify",
        "mining.set_difficulty",
        "mining.set_extranonce",
        "mining.set_version_mask",
        "client.reconnect",
        "client.show_message",
        "client.get_version",
        "mining.ping",
        "unknown",
    ];
    for value in values {
        for method in methods {
            for id in values {
                let mut harness = Harness::new(config());
                harness.play("handshake");
                harness.play(&format!(
                    r#"< {{"id":{id},"method":"{method}","params":{value}}}"#
                ));
                // Whatever happened, it goes on.
                assert!(harness.client.next_deadline().is_some());
            }
        }
        // As answers, at each step of the handshake.
        for steps in 0..4 {
            for field in ["result", "error"] {
                let mut harness = Harness::new(config());
                harness.play("start");
                harness.play("connected");
                for line in [
                    r#"< {"id":1,"result":false}"#,
                    r#"< {"id":2,"result":[[],"0a",4]}"#,
                    r#"< {"id":3,"result":true}"#,
                ]
                .iter()
                .take(steps)
                {
                    harness.play(line);
                }
                let id = steps + 1;
                harness.play(&format!(r#"< {{"id":{id},"{field}":{value}}}"#));
                assert!(harness.client.next_deadline().is_some());
            }
        }
    }
}

#[test]
fn half_a_line_at_the_close_is_forgotten() {
    check(
        r#"handshake
        << {"id":null,"method":"mining.set_diff
        closed
        > ended 02000000
        > note E-POOL-CLOSED
        wait 1s
        > connect pool.example:3333
        connected
        > send {"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}
        << {"id":1,"res
        << ult":false}
        <
        > send {"id":2,"method":"mining.subscribe","params":["stannary/0.1"]}"#,
    );
}
