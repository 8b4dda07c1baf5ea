//! The machine as a whole: started anew, and packed for a support request.

use std::sync::{Arc, Mutex};

use api::{Legacy, Listen, Restart};
use fixture::server::{JSON, Server, bearer, claimed, loopback, real, server, server_with};

mod fixture;

/// A server of a real machine, and what it was asked to start anew.
fn restarting() -> (Server, Arc<Mutex<Vec<Restart>>>) {
    let asked = Arc::<Mutex<Vec<Restart>>>::default();
    let into = Arc::clone(&asked);
    let legacy = Legacy {
        restart: Arc::new(move |what| {
            into.lock().expect("not poisoned").push(what);
            true
        }),
        ..Legacy::default()
    };
    let listen = Listen {
        legacy,
        ..loopback()
    };
    (server_with(real(), listen, claimed()), asked)
}

#[test]
fn a_restart_needs_the_scope_of_orders_and_is_told() {
    let (server, asked) = restarting();
    let check = |token: &str, body: &str, status: u16| {
        let headers = bearer(token) + JSON;
        let answer = server.ask("POST", "/api/v1/restart", &headers, body);
        assert_eq!(answer.status, status, "{token} {body}: {}", answer.body);
        answer
    };
    let machine = r#"{"what":"machine"}"#;
    check("33", machine, 403);
    assert_eq!(
        server.ask("POST", "/api/v1/restart", JSON, machine).status,
        401
    );
    for nonsense in [
        "",
        "{}",
        r#"{"what":"world"}"#,
        r#"{"what":"miner","now":true}"#,
    ] {
        check("22", nonsense, 400);
    }
    assert_eq!(*asked.lock().expect("not poisoned"), []);
    assert_eq!(check("22", machine, 202).body, r#"{"restart":"machine"}"#);
    check("11", r#"{"what":"miner"}"#, 202);
    let expected = [Restart::Machine, Restart::Miner];
    assert_eq!(*asked.lock().expect("not poisoned"), expected);
    let changes = server.ask("GET", "/api/v1/audit", &bearer("11"), "").body;
    assert!(
        changes.contains("token tool") && changes.contains("restart"),
        "{changes}"
    );
}

#[test]
fn a_miner_that_cannot_start_itself_says_so() {
    let (headers, body) = (bearer("11") + JSON, r#"{"what":"miner"}"#);
    let answer = server().ask("POST", "/api/v1/restart", &headers, body);
    assert_eq!((answer.status, answer.code().as_str()), (503, "E-API-BUSY"));
}

#[test]
fn an_archive_is_for_whoever_may_do_everything() {
    let server = server_with(real(), loopback(), claimed());
    let ask = |token: &str| server.ask("GET", "/api/v1/support", &bearer(token), "");
    assert_eq!(ask("11").status, 404, "nobody makes any");
    let _ = server.published.clone().with_support(Arc::new(|seen| {
        format!("{} {}", seen.snapshot.seq, seen.changes["last"]).into_bytes()
    }));
    for token in ["22", "33"] {
        assert_eq!(ask(token).status, 403, "{token}");
    }
    assert_eq!(server.ask("GET", "/api/v1/support", "", "").status, 401);
    for _ in 0..3 {
        // One after the other: each gives its place back.
        let answer = ask("11");
        assert_eq!((answer.status, answer.body.as_str()), (200, "12 0"));
        assert_eq!(answer.header("content-type"), Some("application/x-tar"));
    }
}
