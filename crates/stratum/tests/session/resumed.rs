//! Sessions that are taken up again after their connection was lost.

use crate::harness::{Harness, check, config};

/// The optional request is left out after the first connection: it was closed while that was
/// unanswered.
const HANDSHAKE: &str = r#"
    handshake
    notify a clean
    > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
    > note E-POOL-UP
    closed
    > ended 02000000
    > note E-POOL-CLOSED
    next
    > connect pool.example:3333
    connected
    > send {"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}
    < {"id":1,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"}}
    > send {"id":2,"method":"mining.subscribe","params":["stannary/0.1","s"]}
"#;

/// A pool that has taken a session up again once, with a job in the second.
const SECOND: &str = r#"
    < {"id":2,"result":[[["mining.notify","s"]],"0a0b",4],"error":null}
    > send {"id":3,"method":"mining.authorize","params":["acc.w1","x"]}
    < {"id":3,"result":true,"error":null}
    > session 02000001
    notify b clean
    > job b serial=0 clean=true difficulty=1.0000 mask=1fffe000 extranonce=0a0b+4
    > note E-POOL-UP
    closed
    > held 02000001
    > note E-POOL-CLOSED
"#;

const THIRD: &str = r#"
    next
    > connect pool.example:3333
    connected
    > send {"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}
    < {"id":1,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"}}
    > send {"id":2,"method":"mining.subscribe","params":["stannary/0.1","s"]}
"#;

fn check_all(parts: &[&str]) {
    check(&parts.concat());
}

#[test]
fn a_session_is_asked_for_by_name_and_ends_all_the_same_the_first_time() {
    check_all(&[HANDSHAKE, SECOND]);
}

#[test]
fn shares_found_meanwhile_are_kept_and_sent_once_it_is_taken_up() {
    check_all(&[
        HANDSHAKE,
        SECOND,
        "submit 1\n",
        THIRD,
        r#"
        submit 2
        < {"id":2,"result":[[["mining.notify","s"]],"0a0b",4],"error":null}
        > send {"id":3,"method":"mining.authorize","params":["acc.w1","x"]}
        submit 3
        notify b
        < {"id":3,"result":true,"error":null}
        > send {"id":4,"method":"mining.submit","params":["acc.w1","b","00000001","66554433","01020a0b","00006000"]}
        > send {"id":5,"method":"mining.submit","params":["acc.w1","b","00000001","66554433","01020a0b","00006000"]}
        > send {"id":6,"method":"mining.submit","params":["acc.w1","b","00000001","66554433","01020a0b","00006000"]}
        > note E-POOL-UP
        > job b serial=1 clean=true difficulty=1.0000 mask=1fffe000 extranonce=0a0b+4
        > note E-POOL-UP
        < {"id":4,"result":true,"error":null}
        > 1 accepted
        < {"id":5,"result":null,"error":[21,"stale",null]}
        > 2 stale 21 stale
        "#,
    ]);
}

#[test]
fn shares_of_an_older_block_are_not_sent() {
    check_all(&[
        HANDSHAKE,
        SECOND,
        "submit 1\n",
        THIRD,
        r#"
        < {"id":2,"result":[[["mining.notify","s"]],"0a0b",4],"error":null}
        > send {"id":3,"method":"mining.authorize","params":["acc.w1","x"]}
        notify c clean prev=9
        < {"id":3,"result":true,"error":null}
        > 1 no answer
        > note E-POOL-UP
        > job c serial=1 clean=true difficulty=1.0000 mask=1fffe000 extranonce=0a0b+4
        > note E-POOL-UP
        "#,
    ]);
}

#[test]
fn another_extranonce_ends_it() {
    check_all(&[
        HANDSHAKE,
        SECOND,
        "submit 1\n",
        THIRD,
        r#"
        < {"id":2,"result":[[["mining.notify","s"]],"0c0d",4],"error":null}
        > note E-POOL-NOANSWER
        > 1 no answer
        > ended 02000001
        > send {"id":3,"method":"mining.authorize","params":["acc.w1","x"]}
        < {"id":3,"result":true,"error":null}
        > session 02000002
        "#,
    ]);
}

#[test]
fn a_pool_that_does_not_like_the_name_gets_less() {
    check_all(&[
        HANDSHAKE,
        r#"
        < {"id":2,"result":null,"error":[20,"params",null]}
        > send {"id":3,"method":"mining.subscribe","params":["stannary/0.1"]}
        < {"id":3,"result":null,"error":[20,"params",null]}
        > send {"id":4,"method":"mining.subscribe","params":[]}
        < {"id":4,"result":[[["mining.notify","s"]],"0a0b",4],"error":null}
        > send {"id":5,"method":"mining.authorize","params":["acc.w1","x"]}
        "#,
    ]);
    check_all(&[
        HANDSHAKE,
        r#"
        closed
        > note E-POOL-CLOSED
        next
        > connect pool.example:3333
        connected
        > send {"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}
        < {"id":1,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"}}
        > send {"id":2,"method":"mining.subscribe","params":["stannary/0.1"]}
        "#,
    ]);
}

#[test]
fn a_minute_without_a_connection_ends_it() {
    let mut harness = Harness::new(config());
    for line in [HANDSHAKE, SECOND].concat().lines().map(str::trim) {
        if !line.is_empty() && !line.starts_with("> ") {
            harness.play(line);
        }
    }
    let lost = harness.now;
    harness.play("submit 1");
    let mut seen = Vec::new();
    while !seen.iter().any(|effect| effect == "ended 02000001") {
        if seen
            .last()
            .is_some_and(|effect: &String| effect.starts_with("connect"))
        {
            seen.extend(harness.play("failed"));
        }
        seen.extend(harness.play("next"));
        assert!(seen.len() < 100, "{seen:?}");
    }
    assert!(seen.contains(&"1 no answer".to_owned()), "{seen:?}");
    assert_eq!(harness.now.since(lost).as_secs(), 60);
}

#[test]
fn no_more_than_so_many_are_kept() {
    let mut harness = Harness::new(config());
    for line in [HANDSHAKE, SECOND].concat().lines().map(str::trim) {
        if !line.is_empty() && !line.starts_with("> ") {
            harness.play(line);
        }
    }
    for share in 0..stratum::limits::HELD_SHARES {
        assert!(harness.play(&format!("submit {share}")).is_empty());
    }
    let effects = harness.play("submit 9999");
    assert_eq!(effects[0], "9999 no answer");
    let stopped = harness.play("stop");
    let unanswered = stopped
        .iter()
        .filter(|effect| effect.ends_with("no answer"))
        .count();
    assert_eq!(unanswered, stratum::limits::HELD_SHARES);
    assert!(stopped.contains(&"ended 02000001".to_owned()));
}
