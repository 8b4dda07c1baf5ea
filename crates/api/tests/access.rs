//! Who may do what, as a client sees it.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use api::{Kept, Listen};
use fixture::server::{
    CLAIMED, Folder, JSON, PASSWORD, Server, Told, UNIX_S, bearer, claimed, exchange, gate, login,
    loopback, of_real, ours, real, request, server, server_with, session_of, token,
};
use serde_json::{Value, json};
use telemetry::Command;

mod fixture;

const PAUSE: &str = r#"{"command":"pause"}"#;
const LOCATE: &str = r#"{"command":"locate","on":true}"#;
const NEW: &str = "battery staple";

/// Every operation that the description lists, with a body that could be one.
fn operations(server: &Server) -> Vec<(String, String)> {
    let document = server
        .ask("GET", "/api/v1/openapi.json", &ours(), "")
        .json();
    let paths = document["paths"].as_object().expect("paths").clone();
    let mut all = Vec::new();
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods").keys() {
            all.push((method.to_uppercase(), path.replace("{name}", "eyes")));
        }
    }
    all
}

#[test]
fn without_login_nothing_answers_but_the_page_and_what_a_login_begins_with() {
    let folder = Folder::new("nobody");
    let (server, _) = of_real(&folder, Kept::parse(CLAIMED));
    let open = ["session", "claim", "login", "logout"];
    let all = operations(&server);
    assert!(all.len() > 15, "{all:?}");
    for (method, path) in &all {
        let answer = server.ask(method, path, JSON, "{}");
        let is_open = open.iter().any(|name| path.ends_with(&format!("/{name}")));
        match is_open {
            true => assert_ne!(answer.status / 100, 5, "{method} {path}"),
            false => {
                let found = (answer.status, answer.code());
                assert_eq!(found, (401, "E-ACCESS-LOGIN".into()), "{method} {path}");
                assert_eq!(answer.header("www-authenticate"), Some("bearer"));
            }
        }
    }
    for path in [
        "/api/v1/new",
        "/cgi-bin/x.cgi",
        "//api/v1/status",
        "/api/v1/status/",
    ] {
        assert_eq!(server.get(path).status, 401, "{path}");
    }
    for path in ["/", "/page.css", "/page.js", "/login.js"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert!(server.taken().is_empty());
    // Whoever can open the socket may all of it.
    assert_eq!(folder.ask("GET", "/api/v1/status", "").status, 200);
    assert_eq!(folder.ask("POST", "/api/v1/command", PAUSE).status, 202);
    assert_eq!(server.taken(), [Command::Pause]);
}

/// What the router's source says that it serves, but for the page's own files.
fn routes() -> BTreeSet<(String, String)> {
    let source = include_str!("../src/routes.rs");
    let mut all = BTreeSet::new();
    for route in source.split(".route(").skip(1) {
        let path = route.split('"').nth(1).expect("a path").to_owned();
        let end = route.find("\n        .").unwrap_or(route.len());
        for (call, method) in [("get(", "GET"), ("post(", "POST"), ("delete(", "DELETE")] {
            if route[..end].contains(call) {
                all.insert((method.to_owned(), path.clone()));
            }
        }
    }
    all.retain(|(_, path)| path.starts_with("/api/") || path == "/metrics");
    all
}

#[test]
fn what_is_served_is_described_and_what_is_described_is_served() {
    let server = server();
    let document = server.ask("GET", "/api/v1/openapi.json", &ours(), "");
    let document = document.json();
    let paths = document["paths"].as_object().expect("paths");
    let described = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").keys();
        methods.map(|method| (method.to_uppercase(), path.clone()))
    });
    assert_eq!(described.collect::<BTreeSet<_>>(), routes());
    assert!(routes().len() > 20, "{:?}", routes());
}

#[test]
fn a_scope_is_the_most_that_a_token_may() {
    let server = server_with(real(), loopback(), claimed());
    let pools = r#"{"order":"disable","pool":0}"#;
    let check = |method: &str, path: &str, body: &str, expected: [u16; 3]| {
        let found = ["33", "22", "11"].map(|byte| {
            let headers = bearer(byte) + JSON;
            server.ask(method, path, &headers, body).status
        });
        assert_eq!(found, expected, "{method} {path}");
    };
    // By `read`, `operate`, `admin`.
    check("GET", "/api/v1/status", "", [200, 200, 200]);
    check("GET", "/metrics", "", [200, 200, 200]);
    check("GET", "/api/v1/log", "", [200, 200, 200]);
    check("POST", "/api/v1/command", LOCATE, [403, 202, 202]);
    check("POST", "/api/v1/command", PAUSE, [403, 202, 202]);
    check("POST", "/api/v1/pools", pools, [403, 202, 202]);
    check("GET", "/api/v1/tokens", "", [403, 403, 200]);
    check("GET", "/api/v1/audit", "", [403, 403, 200]);
    check("GET", "/api/v1/access", "", [403, 403, 200]);
    check("POST", "/api/v1/access/reset", "", [403, 403, 403]);
    let refused = server.ask("POST", "/api/v1/command", &(bearer("33") + JSON), PAUSE);
    assert_eq!(refused.code(), "E-ACCESS-SCOPE");
    assert!(refused.body.contains("`operate`"), "{}", refused.body);
    let unknown = server.ask("GET", "/api/v1/status", &bearer("44"), "");
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (401, "E-ACCESS-TOKEN")
    );
    // Another scheme is nobody.
    let basic = "Authorization: Basic cm9vdDpyb290\r\n";
    assert_eq!(server.ask("GET", "/api/v1/status", basic, "").status, 401);
}

#[test]
fn a_twins_reads_over_loopback_need_no_login_and_its_writes_do() {
    let server = server();
    for path in [
        "/api/v1/status",
        "/api/v1/log",
        "/metrics",
        "/api/v1/openapi.json",
    ] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    let refused = server.ask("POST", "/api/v1/command", JSON, PAUSE);
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (401, "E-ACCESS-LOGIN")
    );
    assert_eq!(server.get("/api/v1/audit").status, 401);
    // What a proxy on this computer passes on comes from elsewhere.
    let passed_on = "X-Forwarded-For: 10.0.0.9\r\n";
    assert_eq!(
        server.ask("GET", "/api/v1/status", passed_on, "").status,
        401
    );
    assert!(server.taken().is_empty());
}

#[test]
fn an_unclaimed_machine_takes_a_password_and_blinks_and_no_more() {
    let folder = Folder::new("unclaimed");
    let (server, told) = of_real(&folder, Ok(Kept::default()));
    let seen = server.get("/api/v1/session").json();
    assert_eq!(
        (&seen["machine"], &seen["reads"]),
        (&"unclaimed".into(), &false.into())
    );
    for path in [
        "/api/v1/status",
        "/metrics",
        "/api/v1/log",
        "/api/v1/tokens",
    ] {
        let refused = server.get(path);
        let found = (refused.status, refused.code());
        assert_eq!(found, (403, "E-ACCESS-UNCLAIMED".into()), "{path}");
    }
    let ask = |path: &str, body: &str| server.ask("POST", path, JSON, body);
    assert_eq!(ask("/api/v1/command", PAUSE).status, 403);
    assert_eq!(login(&server, "").code(), "E-ACCESS-UNCLAIMED");
    assert_eq!(ask("/api/v1/command", LOCATE).status, 202);
    assert_eq!(server.taken(), [Command::Locate { on: true }]);
    // A token without a password would be one that no reset is thought of for.
    let early = folder.ask("POST", "/api/v1/tokens", r#"{"name":"a","scope":"read"}"#);
    assert_eq!(early.code(), "E-ACCESS-UNCLAIMED");

    let check = |body: &str, status: u16, code: &str| {
        let refused = ask("/api/v1/claim", body);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (status, code),
            "{body}"
        );
    };
    check(r#"{"password":"short"}"#, 422, "E-ACCESS-WEAK");
    check(
        r#"{"password":"battery staple","name":"a b"}"#,
        422,
        "E-ACCESS-VALUE",
    );
    check(
        r#"{"password":"battery staple","nane":"a"}"#,
        400,
        "E-API-REQUEST",
    );
    check(r#"{"name":"a"}"#, 400, "E-API-REQUEST");
    *told.full.lock().expect("not poisoned") = true;
    check(r#"{"password":"battery staple"}"#, 500, "E-ACCESS-WRITE");
    *told.full.lock().expect("not poisoned") = false;
    assert_eq!(server.get("/api/v1/session").json()["machine"], "unclaimed");

    let claim = ask(
        "/api/v1/claim",
        r#"{"password":"battery staple","name":"rig-9"}"#,
    );
    assert_eq!(claim.status, 200, "{}", claim.body);
    let seen = claim.json();
    assert_eq!(
        (&seen["machine"], &seen["who"]),
        (&"claimed".into(), &"session 1".into())
    );
    assert_eq!(
        (&seen["name"], &seen["scope"]),
        (&"rig-9".into(), &"admin".into())
    );
    let (cookie, _) = session_of(&claim);
    assert_eq!(server.ask("GET", "/api/v1/status", &cookie, "").status, 200);
    check(r#"{"password":"another one"}"#, 409, "E-ACCESS-CLAIMED");
    assert_eq!(ask("/api/v1/command", LOCATE).status, 401);
    // What is kept lets the owner in after a restart, and holds no password.
    let kept = told
        .kept
        .lock()
        .expect("not poisoned")
        .clone()
        .expect("kept");
    assert!(!kept.text().contains(NEW));
    let restarted = server_with(real(), loopback(), gate(Ok(kept), &Told::default()));
    assert_eq!(login(&restarted, PASSWORD).status, 401);
    assert_eq!(login(&restarted, NEW).status, 200);
}

#[test]
fn a_token_is_shown_once_used_and_revoked() {
    let folder = Folder::new("tokens");
    let (server, told) = of_real(&folder, Kept::parse(CLAIMED));
    let admin = ours() + JSON;
    let add = |body: &str| server.ask("POST", "/api/v1/tokens", &admin, body);
    let made = add(r#"{"name":"fleet","scope":"operate"}"#);
    assert_eq!(made.status, 201, "{}", made.body);
    let text = made.json()["token"].as_str().expect("its text").to_owned();
    assert!(text.starts_with("stn_") && text.len() == 68, "{text}");
    assert_eq!(made.json()["created_s"], UNIX_S);
    let check = |body: &str, status: u16, code: &str| {
        let refused = add(body);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (status, code),
            "{body}"
        );
    };
    check(r#"{"name":"fleet","scope":"read"}"#, 422, "E-ACCESS-VALUE");
    check(r#"{"name":"<b>","scope":"read"}"#, 422, "E-ACCESS-VALUE");
    check(r#"{"name":"x","scope":"root"}"#, 400, "E-API-REQUEST");
    check(r#"{"name":"x"}"#, 400, "E-API-REQUEST");

    let own = format!("Authorization: Bearer {text}\r\n{JSON}");
    assert_eq!(
        server.ask("POST", "/api/v1/command", &own, PAUSE).status,
        202
    );
    let list = server.ask("GET", "/api/v1/tokens", &ours(), "");
    assert!(
        !list.body.contains("stn_") && !list.body.contains("sha256"),
        "{}",
        list.body
    );
    let list = list.json();
    let names = list["tokens"].as_array().expect("tokens").iter();
    let names: Vec<_> = names
        .map(|t| t["name"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(names, ["ours", "tool", "eyes", "fleet"]);
    assert_eq!(list["tokens"][3]["last_used_s"], UNIX_S);
    assert_eq!(list["tokens"][1]["last_used_s"], 2);

    let revoke = |name: &str| {
        let path = format!("/api/v1/tokens/{name}");
        server.ask("DELETE", &path, &ours(), "")
    };
    assert_eq!(revoke("nobody").status, 404);
    assert_eq!(revoke("fleet").json(), json!({ "revoked": "fleet" }));
    let after = server.ask("POST", "/api/v1/command", &own, PAUSE);
    assert_eq!(after.code(), "E-ACCESS-TOKEN");
    // What is taken away is gone even where that cannot be written.
    *told.full.lock().expect("not poisoned") = true;
    assert_eq!(revoke("eyes").code(), "E-ACCESS-WRITE");
    assert_eq!(
        server
            .ask("GET", "/api/v1/status", &bearer("33"), "")
            .status,
        401
    );
    let kept = told
        .kept
        .lock()
        .expect("not poisoned")
        .clone()
        .expect("kept");
    assert!(!kept.text().contains(&text[4..]));
}

#[test]
fn the_owner_opens_status_and_lists_names() {
    let server = server_with(real(), loopback(), claimed());
    let set = |body: Value| {
        let headers = ours() + JSON;
        server.ask("POST", "/api/v1/access", &headers, &body.to_string())
    };
    assert_eq!(server.get("/api/v1/status").status, 401);
    let opened = set(json!({ "status_open": true })).json();
    let expected = json!({ "name": "rig-7", "status_open": true, "hosts": ["rig.farm.example"] });
    assert_eq!(opened, expected);
    assert_eq!(server.get("/api/v1/status").status, 200);
    assert_eq!(server.get("/metrics").status, 200);
    assert_eq!(server.get("/api/v1/log").status, 401);
    assert_eq!(server.get("/api/v1/tokens").status, 401);
    assert_eq!(
        server.ask("POST", "/api/v1/command", JSON, PAUSE).status,
        401
    );
    for bad in [json!({ "hosts": ["*"] }), json!({ "name": "" })] {
        assert_eq!(set(bad.clone()).code(), "E-ACCESS-VALUE", "{bad}");
    }
    assert_eq!(set(json!({ "open": true })).code(), "E-API-REQUEST");
    let set = set(json!({ "status_open": false, "hosts": [], "name": "rig-1" })).json();
    assert_eq!(
        set,
        json!({ "name": "rig-1", "status_open": false, "hosts": [] })
    );
    assert_eq!(server.get("/metrics").status, 401);
}

#[test]
fn what_cannot_be_read_closes_the_network_until_it_is_reset() {
    let folder = Folder::new("broken");
    let (server, told) = of_real(&folder, Err("half a file".into()));
    let seen = server.get("/api/v1/session").json();
    assert_eq!(seen["machine"], "unreadable");
    for (method, path, body) in [
        ("GET", "/api/v1/status", ""),
        ("GET", "/metrics", ""),
        ("POST", "/api/v1/command", PAUSE),
        ("POST", "/api/v1/command", LOCATE),
        ("POST", "/api/v1/claim", r#"{"password":"battery staple"}"#),
        ("POST", "/api/v1/login", r#"{"password":"battery staple"}"#),
        ("POST", "/api/v1/tokens", r#"{"name":"a","scope":"admin"}"#),
    ] {
        let refused = server.ask(method, path, JSON, body);
        let found = (refused.status, refused.code());
        assert_eq!(found, (503, "E-ACCESS-FILE".into()), "{method} {path}");
        assert!(refused.body.contains("half a file"), "{}", refused.body);
    }
    assert_eq!(server.get("/").status, 200);
    // Nor is it written over by the way.
    let claim = folder.ask("POST", "/api/v1/claim", r#"{"password":"battery staple"}"#);
    assert_eq!(claim.code(), "E-ACCESS-FILE");
    assert!(told.kept.lock().expect("not poisoned").is_none());
    assert_eq!(folder.ask("GET", "/api/v1/status", "").status, 200);
    let reset = folder.ask("POST", "/api/v1/access/reset", "{}");
    assert_eq!(reset.json()["machine"], "unclaimed");
    assert_eq!(server.get("/api/v1/session").json()["machine"], "unclaimed");
}

#[test]
fn a_reset_forgets_password_sessions_and_tokens_by_socket_or_button_alone() {
    let folder = Folder::new("reset");
    for by_button in [false, true] {
        let told = Told::default();
        let gate = gate(Kept::parse(CLAIMED), &told);
        let server = server_with(real(), folder.listen(), gate.clone());
        let (cookie, csrf) = session_of(&login(&server, PASSWORD));
        let headers = format!("{JSON}{cookie}{csrf}");
        let refused = server.ask("POST", "/api/v1/access/reset", &headers, "{}");
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "E-API-FORBIDDEN")
        );
        match by_button {
            true => gate.reset_by_button(),
            false => assert_eq!(folder.ask("POST", "/api/v1/access/reset", "{}").status, 200),
        }
        // Jobs are done in turn: once this is refused, the reset is behind.
        let early = folder.ask("POST", "/api/v1/tokens", r#"{"name":"a","scope":"read"}"#);
        assert_eq!(early.code(), "E-ACCESS-UNCLAIMED");
        for headers in [cookie, ours()] {
            assert_ne!(
                server.ask("GET", "/api/v1/status", &headers, "").status,
                200
            );
        }
        let kept = told
            .kept
            .lock()
            .expect("not poisoned")
            .clone()
            .expect("kept");
        let left = Kept::parse(&kept.text()).expect("sound");
        assert!(left.text().contains("rig-7") && !left.text().contains("argon2id"));
        let changes = told.changes.lock().expect("not poisoned");
        let last = changes.last().expect("told");
        let who = if by_button {
            "reset button"
        } else {
            "local socket"
        };
        assert_eq!(
            (last.who.as_str(), last.what.as_str()),
            (who, "access reset")
        );
        // Whoever claims it next is not met by a session of before.
        drop(changes);
        let claim = r#"{"password":"battery staple"}"#;
        assert_eq!(server.ask("POST", "/api/v1/claim", JSON, claim).status, 200);
    }
}

#[test]
fn each_change_says_who_from_where_what_before_and_after_and_no_secret() {
    let folder = Folder::new("audit");
    let (server, told) = of_real(&folder, Kept::parse(CLAIMED));
    let tool = bearer("22") + JSON;
    let ceiling = r#"{"command":"power_ceiling","power_w":2500}"#;
    assert_eq!(
        server.ask("POST", "/api/v1/command", &tool, ceiling).status,
        202
    );
    let (cookie, csrf) = session_of(&login(&server, PASSWORD));
    let headers = format!("{JSON}{cookie}{csrf}");
    let add =
        r#"{"order":"add","url":"node+http://u:hunter2@h:1","user":"me","password":"hunter3"}"#;
    assert_eq!(
        server.ask("POST", "/api/v1/pools", &headers, add).status,
        202
    );
    let disable = r#"{"order":"disable","pool":0}"#;
    assert_eq!(
        server
            .ask("POST", "/api/v1/pools", &headers, disable)
            .status,
        202
    );
    assert_eq!(folder.ask("POST", "/api/v1/command", PAUSE).status, 202);
    let password = json!({ "current": PASSWORD, "new": NEW }).to_string();
    assert_eq!(
        server
            .ask("POST", "/api/v1/password", &headers, &password)
            .status,
        200
    );
    let made = folder.ask(
        "POST",
        "/api/v1/tokens",
        r#"{"name":"hass","scope":"read"}"#,
    );
    let text = made.json()["token"].as_str().expect("its text").to_owned();
    // What was refused changed nothing.
    assert_eq!(
        server.ask("POST", "/api/v1/command", &tool, "{}").status,
        400
    );

    let audit = server.ask("GET", "/api/v1/audit", &ours(), "");
    for secret in [
        "hunter2",
        "hunter3",
        PASSWORD,
        NEW,
        &text,
        &cookie[..],
        &token("22"),
    ] {
        assert!(!audit.body.contains(secret.trim()), "{}", audit.body);
    }
    let changes = audit.json()["changes"].clone();
    let check = |at: usize, who: &str, from: &str, what: &str, before: &str, after: &str| {
        let change = &changes[at];
        let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
        let found = (text("who"), text("from"), text("what"));
        assert_eq!(found, (who.into(), from.into(), what.into()), "{change}");
        assert!(text("before").contains(before), "{change}");
        assert!(text("after").contains(after), "{change}");
        assert_eq!(
            (&change["serial"], &change["at_s"]),
            (&(at + 1).into(), &UNIX_S.into())
        );
    };
    let (ip, here) = ("127.0.0.1", "this machine");
    check(0, "token tool", ip, "command", "3300", "2500");
    check(1, "nobody", ip, "login", "", "");
    check(2, "session 1", ip, "pools", "", r#""user":"me""#);
    check(
        3,
        "session 1",
        ip,
        "pools",
        r#""state":"active""#,
        "disable",
    );
    check(4, "local socket", here, "command", "hashing", "pause");
    check(
        5,
        "session 1",
        ip,
        "password changed, other sessions ended",
        "",
        "",
    );
    check(
        6,
        "local socket",
        here,
        "token added",
        "",
        "hass, scope read",
    );
    assert_eq!(changes.as_array().map(Vec::len), Some(7));
    let newer = server
        .ask("GET", "/api/v1/audit?after=6", &ours(), "")
        .json();
    assert_eq!(
        (
            newer["last"].as_u64(),
            newer["changes"].as_array().map(Vec::len)
        ),
        (Some(7), Some(1))
    );
    assert_eq!(told.changes.lock().expect("not poisoned").len(), 7);
}

#[test]
fn answers_about_access_are_as_described() {
    let folder = Folder::new("described");
    let (server, _) = of_real(&folder, Kept::parse(CLAIMED));
    let document = server
        .ask("GET", "/api/v1/openapi.json", &ours(), "")
        .json();
    let check = |method: &str, path: &str, status: &str, served: &Value| {
        let operation = &document["paths"][path][method];
        let schema = &operation["responses"][status]["content"]["application/json"]["schema"];
        fixture::same_fields(&document, schema, served, path);
    };
    let begun = login(&server, PASSWORD).json();
    check("post", "/api/v1/login", "200", &begun);
    check(
        "get",
        "/api/v1/session",
        "200",
        &server.get("/api/v1/session").json(),
    );
    let made = folder.ask(
        "POST",
        "/api/v1/tokens",
        r#"{"name":"hass","scope":"read"}"#,
    );
    check("post", "/api/v1/tokens", "201", &made.json());
    for path in ["/api/v1/tokens", "/api/v1/access", "/api/v1/audit"] {
        check(
            "get",
            path,
            "200",
            &server.ask("GET", path, &ours(), "").json(),
        );
    }
    let revoked = folder.ask("DELETE", "/api/v1/tokens/hass", "");
    check("delete", "/api/v1/tokens/{name}", "200", &revoked.json());
}

/// Loopback is no door for whoever listens on all addresses: the far end counts.
#[test]
fn a_twin_on_all_addresses_is_open_to_this_computer_alone() {
    let Some(own) = own_address() else {
        println!("this computer has no address but loopback: not tried");
        return;
    };
    let listen = Listen {
        http: vec![SocketAddr::from(([0, 0, 0, 0], 0))],
        socket: None,
        ..Listen::default()
    };
    let server = server_with(fixture::snapshot(), listen, claimed());
    let port = server.handle.addresses()[0].port();
    let ask = |to: IpAddr| {
        let stream = std::net::TcpStream::connect((to, port)).expect("listening");
        exchange(stream, &request("GET", "/api/v1/status", "", "")).status
    };
    assert_eq!(ask(IpAddr::from([127, 0, 0, 1])), 200);
    assert_eq!(ask(own), 401);
}

/// The address that this computer would talk to others from. Nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback() && !own.is_unspecified()).then_some(own)
}
