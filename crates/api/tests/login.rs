//! Passwords, sessions and browsers.

use api::Kept;
use fixture::server::{
    CLAIMED, Folder, JSON, PASSWORD, Told, claimed, gate, login, loopback, of_real, ours, real,
    request, server, server_with, session_of,
};
use serde_json::{Value, json};
use telemetry::Command;

mod fixture;

const PAUSE: &str = r#"{"command":"pause"}"#;
const NEW: &str = "battery staple";

#[test]
fn a_session_is_a_cookie_that_scripts_cannot_read_and_changes_need_its_token() {
    let server = server_with(real(), loopback(), claimed());
    let begun = login(&server, PASSWORD);
    let cookie = begun.header("set-cookie").expect("a cookie");
    for part in ["; httponly", "; samesite=strict", "; path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let port = server.handle.addresses()[0].port();
    assert!(cookie.starts_with(&format!("stannary-{port}=")), "{cookie}");
    let (cookie, csrf) = session_of(&begun);
    let seen = server.ask("GET", "/api/v1/session", &cookie, "").json();
    assert_eq!(seen["csrf"], begun.json()["csrf"]);
    assert_eq!(server.ask("GET", "/api/v1/status", &cookie, "").status, 200);

    let pause = |headers: &str| {
        let headers = format!("{JSON}{cookie}{headers}");
        server.ask("POST", "/api/v1/command", &headers, PAUSE)
    };
    let check = |headers: &str| {
        let refused = pause(headers);
        let found = (refused.status, refused.code());
        assert_eq!(found, (403, "E-ACCESS-CSRF".into()), "{headers}");
    };
    check("");
    check("X-CSRF-Token: \r\n");
    check(&format!("X-CSRF-Token: {}\r\n", "0".repeat(64)));
    assert_eq!(pause(&csrf).status, 202);
    // Every change, the end of the session too.
    for (method, path) in [
        ("POST", "/api/v1/pools"),
        ("POST", "/api/v1/tokens"),
        ("DELETE", "/api/v1/tokens/eyes"),
        ("POST", "/api/v1/access"),
        ("POST", "/api/v1/password"),
        ("POST", "/api/v1/logout"),
    ] {
        let headers = format!("{JSON}{cookie}");
        let refused = server.ask(method, path, &headers, "{}");
        assert_eq!(refused.code(), "E-ACCESS-CSRF", "{method} {path}");
    }
    let headers = format!("{JSON}{cookie}{csrf}");
    let ended = server.ask("POST", "/api/v1/logout", &headers, "");
    assert_eq!(
        (ended.status, &ended.json()["who"]),
        (200, &"nobody".into())
    );
    assert!(
        ended
            .header("set-cookie")
            .is_some_and(|c| c.contains("max-age=0"))
    );
    assert_eq!(server.ask("GET", "/api/v1/status", &cookie, "").status, 401);
    assert_eq!(server.taken(), [Command::Pause]);
}

#[test]
fn a_page_of_another_origin_changes_nothing_whatever_it_knows() {
    let server = server_with(real(), loopback(), claimed());
    let (cookie, csrf) = session_of(&login(&server, PASSWORD));
    let whole = format!("{cookie}{csrf}");
    let check = |headers: &str, status: u16| {
        let headers = format!("{whole}{headers}");
        let answer = server.ask("POST", "/api/v1/command", &headers, PAUSE);
        assert_eq!(answer.status, status, "{headers}");
        assert!(!answer.head.contains("access-control-"), "{}", answer.head);
    };
    let json = |more: &str| format!("{JSON}{more}");
    check("Content-Type: text/plain\r\n", 415);
    check("Content-Type: application/x-www-form-urlencoded\r\n", 415);
    check("", 415);
    check(&json("Origin: http://evil.example\r\n"), 403);
    check(&json("Origin: null\r\n"), 403);
    check(&json("Origin: http://localhost:81\r\n"), 403);
    check(&json("Sec-Fetch-Site: cross-site\r\n"), 403);
    check(&json("Sec-Fetch-Site: same-site\r\n"), 403);
    check(
        &json("Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n"),
        202,
    );
    // A browser asks first for what no form can send, and gets no leave.
    let asks = "Origin: http://evil.example\r\nAccess-Control-Request-Method: DELETE\r\n";
    let leave = server.ask("OPTIONS", "/api/v1/tokens/eyes", asks, "");
    assert!(leave.status >= 400 && !leave.head.contains("access-control-"));
    let delete = format!("{whole}Origin: http://evil.example\r\n");
    let refused = server.ask("DELETE", "/api/v1/tokens/eyes", &delete, "");
    assert_eq!(refused.code(), "E-API-FORBIDDEN");
    // A login or claim on somebody's behalf neither.
    for path in ["/api/v1/login", "/api/v1/claim"] {
        let headers = json("Origin: http://evil.example\r\n");
        let body = json!({ "password": PASSWORD }).to_string();
        assert_eq!(
            server.ask("POST", path, &headers, &body).status,
            403,
            "{path}"
        );
    }
}

#[test]
fn every_answer_carries_the_headers_that_bind_a_browser() {
    let server = server();
    for path in [
        "/",
        "/page.js",
        "/api/v1/status",
        "/api/v1/tokens",
        "/nothing",
    ] {
        let answer = server.get(path);
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.starts_with("default-src 'none';"),
            "{path}: {policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        let check = |name: &str, value: &str| {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        };
        check("cache-control", "no-store");
        check("x-content-type-options", "nosniff");
        check("x-frame-options", "deny");
        check("referrer-policy", "no-referrer");
        check("cross-origin-resource-policy", "same-origin");
    }
}

#[test]
fn names_of_the_machine_are_answered_and_others_are_not() {
    let server = server();
    let check = |host: &str, expected: u16| {
        let request = request("GET", "/api/v1/status", "", "");
        let request = request.replace("Host: localhost", &format!("Host: {host}"));
        assert_eq!(server.tcp(&request).status, expected, "{host}");
    };
    for ours in [
        "ctrl-1",
        "ctrl-1.local",
        "RIG-7.local:80",
        "rig.farm.example",
        "10.0.0.7",
    ] {
        check(ours, 200);
    }
    for foreign in [
        "evil.example",
        "rig-8.local",
        "farm.example",
        "10.0.0.7.nip.example",
    ] {
        check(foreign, 403);
    }
}

#[test]
fn failed_logins_have_to_wait_and_sessions_tokens_and_the_socket_do_not() {
    let folder = Folder::new("backoff");
    let (server, told) = of_real(&folder, Kept::parse(CLAIMED));
    let (cookie, _) = session_of(&login(&server, PASSWORD));
    for _ in 0..4 {
        let refused = login(&server, "wrong horse");
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (401, "E-ACCESS-PASSWORD")
        );
    }
    for password in ["wrong horse", PASSWORD] {
        let held = login(&server, password);
        assert_eq!((held.status, held.code().as_str()), (429, "E-ACCESS-WAIT"));
        let wait = held
            .header("retry-after")
            .and_then(|s| s.parse::<u64>().ok());
        assert!(wait.is_some_and(|s| (1..=2).contains(&s)), "{wait:?}");
    }
    assert_eq!(server.ask("GET", "/api/v1/status", &cookie, "").status, 200);
    assert_eq!(server.ask("GET", "/api/v1/status", &ours(), "").status, 200);
    // To guess the password by changing it costs the same.
    let body = json!({ "current": "wrong horse", "new": NEW }).to_string();
    let held = server.ask("POST", "/api/v1/password", &(ours() + JSON), &body);
    assert_eq!(held.code(), "E-ACCESS-WAIT");
    let body = json!({ "new": NEW }).to_string();
    assert_eq!(folder.ask("POST", "/api/v1/password", &body).status, 200);
    let changes = told.changes.lock().expect("not poisoned");
    let refused = changes.iter().filter(|c| c.what == "login refused");
    assert_eq!(refused.count(), 4);
}

#[test]
fn a_flood_of_logins_is_turned_away_and_answers_go_on() {
    // With a hash as costly as a real one.
    let told = Told::default();
    let first = server_with(real(), loopback(), gate(Ok(Kept::default()), &told));
    let body = json!({ "password": PASSWORD }).to_string();
    assert_eq!(first.ask("POST", "/api/v1/claim", JSON, &body).status, 200);
    let kept = told
        .kept
        .lock()
        .expect("not poisoned")
        .clone()
        .expect("kept");
    let server = server_with(real(), loopback(), gate(Ok(kept), &told));
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let flood: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| login(&server, "wrong horse").status))
            .collect();
        for _ in 0..20 {
            assert_eq!(server.ask("GET", "/api/v1/status", &ours(), "").status, 401);
            assert_eq!(server.get("/api/v1/session").status, 200);
        }
        flood
            .into_iter()
            .map(|one| one.join().expect("an answer"))
            .collect()
    });
    let count = |status| statuses.iter().filter(|s| **s == status).count();
    // Four are taken before any has to wait, and one more each 2, 4, 8 s should this take so long;
    // the rest meets a full queue or has to wait.
    assert!((1..=7).contains(&count(401)), "{statuses:?}");
    assert_eq!(count(401) + count(503) + count(429), 20, "{statuses:?}");
}

#[test]
fn another_password_ends_other_sessions_and_needs_the_old_one() {
    let server = server_with(real(), loopback(), claimed());
    let (other, _) = session_of(&login(&server, PASSWORD));
    let (cookie, csrf) = session_of(&login(&server, PASSWORD));
    let headers = format!("{JSON}{cookie}{csrf}");
    let change = |body: Value| server.ask("POST", "/api/v1/password", &headers, &body.to_string());
    assert_eq!(change(json!({ "new": NEW })).status, 400);
    let wrong = change(json!({ "current": "wrong horse", "new": NEW }));
    assert_eq!(wrong.code(), "E-ACCESS-PASSWORD");
    let weak = change(json!({ "current": PASSWORD, "new": "1234567" }));
    assert_eq!(weak.code(), "E-ACCESS-WEAK");
    let done = change(json!({ "current": PASSWORD, "new": NEW }));
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(server.ask("GET", "/api/v1/status", &other, "").status, 401);
    assert_eq!(server.ask("GET", "/api/v1/status", &cookie, "").status, 200);
    assert_eq!(login(&server, PASSWORD).status, 401);
    assert_eq!(login(&server, NEW).status, 200);
    assert_eq!(server.ask("GET", "/api/v1/status", &ours(), "").status, 200);
}

#[test]
fn cookies_and_headers_full_of_garbage_are_nobodys() {
    let server = server_with(real(), loopback(), claimed());
    let port = server.handle.addresses()[0].port();
    for headers in [
        format!("Cookie: stannary-{port}={}\r\n", "a".repeat(8000)),
        format!("Cookie: stannary-{port}\r\n"),
        format!("Cookie: {}\r\n", ";=".repeat(2000)),
        "Cookie: \u{fc}\r\n".to_owned(),
        "Authorization: Bearer\r\n".to_owned(),
        "Authorization: \r\n".to_owned(),
        format!("Authorization: Bearer {}\r\n", "stn_".repeat(1000)),
        "Authorization: Bearer \u{fc}\r\n".to_owned(),
    ] {
        let answer = server.ask("GET", "/api/v1/status", &headers, "");
        assert!(
            (400..500).contains(&answer.status),
            "{headers}: {}",
            answer.status
        );
    }
    assert_eq!(server.ask("GET", "/api/v1/status", &ours(), "").status, 200);
}
