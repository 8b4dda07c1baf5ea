//! Shares and their answers.

use stratum::limits::PENDING_SHARES;

use crate::harness::{Harness, check, config};

const JOB: &str = "handshake
    notify a
    > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
    > note E-POOL-UP
";

/// Send share `share` as request `id`.
fn submit(share: u64, id: u64) -> String {
    format!(
        r#"submit {share}
        > send {{"id":{id},"method":"mining.submit","params":["acc.w1","a","00000001","66554433","01020a0b","00006000"]}}
        "#
    )
}

#[test]
fn answers_find_their_shares_in_any_order() {
    check(&format!(
        r#"{JOB}{}{}{}
        < {{"id":7,"result":true,"error":null}}
        > 3 accepted
        < {{"id":"5","result":true}}
        > 1 accepted
        < {{"id":5,"result":true}}
        < {{"id":6,"result":null,"error":[21,"Job not found",null]}}
        > 2 stale 21 Job not found
        < {{"id":99,"result":true}}"#,
        submit(1, 5),
        submit(2, 6),
        submit(3, 7)
    ));
}

#[test]
fn answers_of_every_dialect_are_booked() {
    let check_answer = |answer: &str, outcome: &str| {
        let sent = submit(1, 5);
        check(&format!("{JOB}{sent}\n< {answer}\n> 1 {outcome}"));
    };
    check_answer(r#"{"id":5,"result":true,"error":null}"#, "accepted");
    check_answer(r#"{"error":null,"id":5,"result":true}"#, "accepted");
    check_answer(
        r#"{"id":5,"result":false,"error":null}"#,
        "rejected 0 no reason given",
    );
    check_answer(r#"{"id":5,"result":null}"#, "rejected 0 no reason given");
    check_answer(
        r#"{"id":5,"result":false,"error":[20,"unknown-work",null]}"#,
        "stale 20 unknown-work",
    );
    check_answer(
        r#"{"id":5,"error":[21,"stale-prevblk",{}]}"#,
        "stale 21 stale-prevblk",
    );
    check_answer(
        r#"{"id":5,"result":null,"error":{"code":23,"message":"Difficulty too low"}}"#,
        "rejected 23 Difficulty too low",
    );
    check_answer(r#"{"id":5,"error":"Duplicate"}"#, "rejected 0 Duplicate");
    check_answer(
        r#"{"id":5,"error":[22,"Duplicate share"]}"#,
        "rejected 22 Duplicate share",
    );
    check_answer(
        r#"{"id":5,"result":false,"error":[20,"Ntime out of range",null]}"#,
        "rejected 20 Ntime out of range",
    );
}

#[test]
fn shares_without_an_answer_are_given_up_and_never_sent_again() {
    check(&format!(
        r#"{JOB}{}
        wait 30s
        {}
        wait 30s
        > 1 no answer
        > note E-POOL-NOANSWER
        < {{"id":5,"result":true}}
        wait 30s
        > 2 no answer
        > note E-POOL-NOANSWER"#,
        submit(1, 5),
        submit(2, 6)
    ));
}

#[test]
fn shares_in_flight_at_the_end_are_given_up_in_order() {
    check(&format!(
        r#"{JOB}{}{}{}
        < {{"id":6,"result":true}}
        > 8 accepted
        closed
        > 9 no answer
        > 7 no answer
        > note E-POOL-NOANSWER
        > ended 02000000
        > note E-POOL-CLOSED
        submit 10
        > 10 no answer
        > note E-POOL-NOANSWER"#,
        submit(9, 5),
        submit(8, 6),
        submit(7, 7)
    ));
}

#[test]
fn shares_of_an_ended_session_are_not_sent_to_the_next() {
    check(&format!(
        r#"{JOB}
        closed
        > ended 02000000
        > note E-POOL-CLOSED
        wait 1s
        > connect pool.example:3333
        connected
        > send {{"id":1,"method":"mining.configure","params":[["version-rolling"],{{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}}]}}
        submit 1
        > 1 no answer
        > note E-POOL-NOANSWER
        < {{"id":1,"result":false}}
        > send {{"id":2,"method":"mining.subscribe","params":["stannary/0.1","s"]}}
        < {{"id":2,"result":[[],"0a0b",4]}}
        > send {{"id":3,"method":"mining.authorize","params":["acc.w1","x"]}}
        < {{"id":3,"result":true}}
        > session 02000001
        submit 2
        > 2 no answer
        > note E-POOL-NOANSWER
        notify a
        > job a serial=0 clean=true difficulty=1.0000 mask=00000000 extranonce=0a0b+4
        > note E-POOL-UP
        submit 3
        > send {{"id":4,"method":"mining.submit","params":["acc.w1","a","00000001","66554433","01020a0b"]}}"#
    ));
}

#[test]
fn an_unauthorized_worker_logs_in_again_but_not_each_time() {
    check(&format!(
        r#"{JOB}{}{}
        < {{"id":5,"error":[24,"Unauthorized worker",null]}}
        > 1 rejected 24 Unauthorized worker
        > send {{"id":7,"method":"mining.authorize","params":["acc.w1","x"]}}
        < {{"id":6,"error":[24,"Unauthorized worker",null]}}
        > 2 rejected 24 Unauthorized worker
        < {{"id":7,"result":true}}
        {}
        < {{"id":8,"error":[24,"Unauthorized worker",null]}}
        > 3 rejected 24 Unauthorized worker
        wait 60s
        {}
        < {{"id":9,"error":[24,"Unauthorized worker",null]}}
        > 4 rejected 24 Unauthorized worker
        > send {{"id":10,"method":"mining.authorize","params":["acc.w1","x"]}}
        < {{"id":10,"result":false}}
        > ended 02000000
        > disconnect
        > note E-POOL-AUTH"#,
        submit(1, 5),
        submit(2, 6),
        submit(3, 8),
        submit(4, 9)
    ));
}

#[test]
fn not_subscribed_means_to_connect_anew() {
    check(&format!(
        r#"{JOB}{}
        < {{"id":5,"error":[25,"Not subscribed",null]}}
        > 1 rejected 25 Not subscribed
        > ended 02000000
        > disconnect
        > note E-POOL-PROTOCOL
        wait 1s
        > connect pool.example:3333"#,
        submit(1, 5)
    ));
}

#[test]
fn a_run_of_rejections_raises_one_alarm() {
    let mut harness = Harness::new(config());
    harness.play("handshake");
    harness.play("notify a");
    let mut answer = |id: u64, rest: &str| {
        harness.play(&format!("submit {id}"));
        harness.play(&format!(r#"< {{"id":{},{rest}}}"#, id + 4))
    };
    let rejected = r#""result":null,"error":[23,"Above target",null]"#;
    let stale = r#""result":null,"error":[21,"stale-work",null]"#;
    let mut alarms = Vec::new();
    for id in 1..=40 {
        let effects = match id {
            5 => answer(id, stale),
            20 => answer(id, r#""result":true"#),
            _ => answer(id, rejected),
        };
        if effects.iter().any(|e| e == "note E-POOL-REJECTS") {
            alarms.push(id);
        }
    }
    assert_eq!(alarms, [6, 25]);
}

#[test]
fn pending_shares_are_bounded() {
    let mut harness = Harness::new(config());
    harness.play("handshake");
    harness.play("notify a");
    for id in 0..PENDING_SHARES {
        let effects = harness.play(&format!("submit {id}"));
        assert!(effects.len() == 1 && effects[0].starts_with("send"));
    }
    assert_eq!(
        harness.play("submit 5000"),
        ["5000 no answer", "note E-POOL-NOANSWER"]
    );
    let effects = harness.play("closed");
    let unanswered = effects.iter().filter(|e| e.ends_with("no answer")).count();
    assert_eq!(unanswered, PENDING_SHARES);
}
