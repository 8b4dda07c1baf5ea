//! What the snapshot says of a pool.

use telemetry::PoolState;

use crate::harness::{Harness, config};

#[test]
fn the_status_follows_the_session() {
    let mut harness = Harness::new(config());
    let check = |harness: &Harness, state: PoolState, difficulty: Option<f64>| {
        let status = harness.client.status(harness.now);
        assert_eq!((status.state, status.difficulty), (state, difficulty));
        assert_eq!(status.active, state == PoolState::Active);
        status
    };
    let status = check(&harness, PoolState::Idle, None);
    assert_eq!(status.url, "stratum+tcp://pool.example:3333");
    assert_eq!(status.user, "acc.w1");
    assert_eq!((status.last_share_s, status.last_error), (None, None));
    harness.play("start");
    check(&harness, PoolState::Connecting, None);
    harness.play("failed");
    let status = check(&harness, PoolState::Waiting, None);
    assert_eq!(
        status.last_error.as_deref(),
        Some("E-POOL-CONNECT: refused")
    );
    harness.play("wait 2s");
    for line in [
        "connected",
        r#"< {"id":1,"result":false}"#,
        r#"< {"id":2,"result":[[],"0a0b",4]}"#,
    ] {
        harness.play(line);
        check(&harness, PoolState::Connecting, None);
    }
    harness.play(r#"< {"id":3,"result":true}"#);
    check(&harness, PoolState::Connected, None);
    harness.play("notify a");
    check(&harness, PoolState::Active, Some(1.0));
    harness.play(r#"< {"method":"mining.set_difficulty","params":[0.25]}"#);
    check(&harness, PoolState::Active, Some(0.25));
    for (id, answer) in [
        (5, r#""result":true"#),
        (6, r#""error":[21,"stale",null]"#),
        (7, r#""error":[23,"low",null]"#),
        (8, r#""error":[22,"twice",null]"#),
    ] {
        harness.play(&format!("submit {id}"));
        harness.play(&format!(r#"< {{"id":{id},{answer}}}"#));
    }
    harness.play("wait 1500ms");
    let status = check(&harness, PoolState::Active, Some(0.25));
    assert_eq!((status.accepted, status.rejected, status.stale), (1, 2, 1));
    assert_eq!(status.last_share_s, Some(1.5));
    harness.play("stop");
    assert_eq!(check(&harness, PoolState::Idle, None).accepted, 1);
}

#[test]
fn a_refusal_shows_as_one() {
    let mut harness = Harness::new(config());
    for line in [
        "start",
        "connected",
        r#"< {"id":1,"result":false}"#,
        r#"< {"id":2,"result":[[],"0a0b",4]}"#,
        r#"< {"id":3,"result":false,"error":[24,"who?",null]}"#,
    ] {
        harness.play(line);
    }
    let status = harness.client.status(harness.now);
    assert_eq!(status.state, PoolState::Refused);
    let error = status.last_error.expect("an error");
    assert!(
        error.starts_with("E-POOL-AUTH: ") && error.contains("who?"),
        "{error}"
    );
}

#[test]
fn the_password_is_never_shown() {
    let mut config = config();
    config.password = "s3cret".into();
    let mut harness = Harness::new(config);
    harness.play("handshake");
    let shown = format!(
        "{:?} {:?}",
        harness.client,
        harness.client.status(harness.now)
    );
    assert!(!shown.contains("s3cret"));
}
