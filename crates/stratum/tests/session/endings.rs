//! How sessions end, and how the client comes back.

use stratum::limits::BACKOFF_MAX;
use stratum::{Client, Input};
use units::{Duration, Instant};

use crate::harness::{Harness, check, config};

#[test]
fn a_pool_that_accepts_and_says_nothing_is_left() {
    check(
        r#"start
        > connect pool.example:3333
        connected
        > send {"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}
        wait 5s
        > send {"id":2,"method":"mining.subscribe","params":["stannary/0.1"]}
        wait 14s
        wait 1s
        > disconnect
        > note E-POOL-SILENT
        wait 1s
        > connect pool.example:3333"#,
    );
}

#[test]
fn a_session_that_falls_silent_is_left() {
    check(
        "handshake
         wait 179s
         wait 1s
         > ended 02000000
         > disconnect
         > note E-POOL-SILENT",
    );
    // A rhythm of 60 s allows 120 s, and any message counts.
    check(
        r#"handshake
        notify a
        > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
        > note E-POOL-UP
        wait 60s
        notify a
        wait 60s
        notify a
        wait 60s
        notify a
        wait 119s
        < {"id":null,"method":"something.else"}
        wait 119s
        # Blank lines and noise do not.
        <
        << {"id":
        wait 1s
        > ended 02000000
        > disconnect
        > note E-POOL-SILENT"#,
    );
}

#[test]
fn a_connection_that_is_not_made_is_tried_again() {
    check(
        "start
         > connect pool.example:3333
         failed
         > note E-POOL-CONNECT
         wait 1s
         > connect pool.example:3333
         wait 44s
         wait 1s
         > disconnect
         > note E-POOL-CONNECT
         wait 2s
         > connect pool.example:3333",
    );
}

/// Delays between failed attempts.
fn delays(seed: u64, count: usize) -> Vec<Duration> {
    let mut config = config();
    config.seed = seed;
    let mut client = Client::new(config);
    let mut now = Instant::ZERO;
    client.handle(now, Input::Start);
    (0..count)
        .map(|_| {
            client.handle(now, Input::ConnectFailed("no route".into()));
            let at = client.next_deadline().expect("a deadline");
            let delay = at.since(now);
            now = at;
            client.handle(now, Input::Wake);
            while client.next_effect().is_some() {}
            delay
        })
        .collect()
}

#[test]
fn delays_double_up_to_half_a_minute_with_jitter() {
    // A machine with one pool idles this long after the pool is back.
    assert_eq!(BACKOFF_MAX, Duration::from_secs(30));
    let all = delays(1, 40);
    for (i, delay) in all.iter().enumerate() {
        let whole = Duration::from_secs(1 << i.min(6)).min(BACKOFF_MAX);
        assert!(*delay >= whole / 2 && *delay <= whole, "{i}: {delay:?}");
    }
    assert_eq!(all, delays(1, 40));
    assert_ne!(all, delays(2, 40));
}

#[test]
fn a_good_session_makes_the_next_delay_short_again() {
    let mut harness = Harness::new(config());
    for _ in 0..8 {
        harness.play("start");
        harness.play("failed");
        harness.play("wait 70s");
    }
    let answers = [
        "connected",
        r#"< {"id":1,"result":false}"#,
        r#"< {"id":2,"result":[[],"0a0b",4]}"#,
        r#"< {"id":3,"result":true}"#,
        "notify a",
    ];
    // Cut after a second: the delay stays long.
    for line in answers {
        harness.play(line);
    }
    harness.play("wait 11s");
    harness.play("closed");
    assert_eq!(harness.play("wait 14s"), [""; 0]);
    harness.play("wait 16s");
    // Cut after a minute of work: back at once.
    for line in answers {
        harness.play(line);
    }
    harness.play("wait 61s");
    harness.play("closed");
    assert_eq!(harness.play("wait 1s"), ["connect pool.example:3333"]);
}

#[test]
fn reconnect_is_followed_on_the_same_host_alone() {
    let check_reconnect = |params: &str, wait: &str, to: &str| {
        check(&format!(
            r#"handshake
            < {{"id":null,"method":"client.reconnect","params":{params}}}
            > ended 02000000
            > disconnect
            > note E-POOL-RECONNECT
            {wait}
            wait 1s
            > connect {to}
            failed
            > note E-POOL-CONNECT
            wait 2s
            > connect pool.example:3333"#
        ));
    };
    check_reconnect("[]", "", "pool.example:3333");
    check_reconnect("null", "", "pool.example:3333");
    check_reconnect("[\"\",4444,0]", "", "pool.example:4444");
    check_reconnect(
        "[\"POOL.example\",\"4444\",\"5\"]",
        "wait 4s",
        "pool.example:4444",
    );
    check_reconnect("[\"thief.example\",4444,0]", "", "pool.example:3333");
    check_reconnect("[\"pool.example.thief\",4444,0]", "", "pool.example:3333");
    check_reconnect(
        "[\"pool.example\",99999,1e9]",
        "wait 59s",
        "pool.example:3333",
    );
    check_reconnect("[7,[],{}]", "", "pool.example:3333");
}

#[test]
fn reconnect_in_a_loop_is_slowed_down() {
    let mut harness = Harness::new(config());
    harness.play("start");
    let mut connections = 0;
    for _ in 0..600 {
        harness.play("connected");
        harness.play(r#"< {"id":null,"method":"client.reconnect","params":[]}"#);
        let effects = harness.play("wait 1s");
        connections += effects.iter().filter(|e| e.starts_with("connect")).count();
    }
    assert!(connections < 40, "{connections}");
}

#[test]
fn stop_ends_everything_in_order() {
    check(
        r#"handshake
        notify a
        > job a serial=0 clean=true difficulty=4.0000 mask=1fffe000 extranonce=0a0b+4
        > note E-POOL-UP
        submit 1
        > send {"id":5,"method":"mining.submit","params":["acc.w1","a","00000001","66554433","01020a0b","00006000"]}
        stop
        > 1 no answer
        > note E-POOL-NOANSWER
        > ended 02000000
        > disconnect
        wait 999s
        stop
        start
        > connect pool.example:3333
        start
        stop
        > disconnect
        closed
        connected
        > disconnect"#,
    );
}

#[test]
fn late_news_of_an_old_connection_is_harmless() {
    let mut harness = Harness::new(config());
    harness.play("handshake");
    harness.play("closed");
    assert_eq!(harness.play("closed"), [""; 0]);
    assert_eq!(harness.play("notify a"), [""; 0]);
    assert_eq!(harness.play("failed"), [""; 0]);
    assert!(harness.client.next_effect().is_none());
}

#[test]
fn reconnect_leads_to_the_host_of_another_pool_of_ours() {
    let lead = |host: &str| {
        let mut harness = Harness::new(config());
        let hosts = ["pool.example".to_owned(), "Backup.example".to_owned()];
        harness.client.set_hosts(hosts.into());
        harness.play("handshake");
        let params = format!("[\"{host}\",4444,0]");
        harness.play(&format!(
            "< {{\"id\":null,\"method\":\"client.reconnect\",\"params\":{params}}}"
        ));
        harness.play("next")
    };
    assert_eq!(lead("backup.EXAMPLE"), ["connect Backup.example:4444"]);
    assert_eq!(lead("backup.example.thief"), ["connect pool.example:3333"]);
    assert_eq!(lead("thief.example"), ["connect pool.example:3333"]);
}

#[test]
fn reconnect_never_leads_from_tls_to_plain() {
    let mut harness = Harness::new(stratum::SessionConfig {
        address: stratum::Address::parse("stratum+ssl://pool.example:443").expect("good"),
        ..config()
    });
    harness.play("handshake");
    harness.play(r#"< {"id":null,"method":"client.reconnect","params":["",3333,0]}"#);
    harness.now = harness.client.next_deadline().expect("it comes back");
    harness.client.handle(harness.now, stratum::Input::Wake);
    let Some(stratum::Effect::Connect { endpoint, security }) = harness.client.next_effect() else {
        panic!("no connection");
    };
    assert_eq!((endpoint.port, security), (3333, stratum::Security::Tls));
}

#[test]
fn what_cannot_be_protected_is_left_for_as_long_as_a_person_takes() {
    let check = |code: telemetry::Code, least_s: u64| {
        let mut harness = Harness::new(config());
        harness.play("start");
        let why = "seen\u{7}".to_owned();
        let effects = harness.input(stratum::Input::Unprotected { code, why });
        assert_eq!(effects, [format!("note {}", code.text())]);
        assert!(
            harness.last_note.starts_with("seen retry_s"),
            "{}",
            harness.last_note
        );
        let next = harness.client.next_deadline().expect("it comes back");
        let wait = next.since(harness.now).as_secs();
        assert!((least_s..=2 * least_s).contains(&wait), "{wait}");
    };
    check(telemetry::Code::PoolCertificate, 60);
    check(telemetry::Code::PoolPin, 60);
    check(telemetry::Code::PoolClock, 0);
    check(telemetry::Code::PoolProxy, 0);
}
