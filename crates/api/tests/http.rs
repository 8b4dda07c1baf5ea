//! The server as a client sees it, on loopback and on a local socket.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use api::{Listen, Published, start};
use fixture::server::{
    Folder, Given, JSON, Server, claimed, late_miner, loopback, obedient, ours, post, server,
    server_with,
};
use serde_json::Value;
use telemetry::{Code, Command, POOLS_MAX};

mod fixture;

#[test]
fn status_is_the_snapshot_with_contracted_names_and_rounded_numbers() {
    let s = server().get("/api/v1/status").json();
    assert_eq!(s["state"], "hashing");
    assert_eq!(s["machine"]["model"], "antminer-s19-pro");
    assert_eq!(s["hashrate_ths"]["s5"], 112.3457);
    assert_eq!(s["hashrate_ths"]["h1"], Value::Null);
    assert_eq!(s["uptime_s"], 3725.123);
    assert_eq!(s["chains"][2]["chips_found"], 113);
    assert_eq!(s["chains"][0]["voltage_mv"], Value::Null);
    assert_eq!(s["pools"][0]["last_share_s"], 1.4);
    assert_eq!(s["shares"]["lost"], 0);
    assert_eq!(s["faults"][0]["code"], "E-CHAIN-CHIPS");
    assert!(
        s["faults"][0]["remedy"]
            .as_str()
            .is_some_and(|r| !r.is_empty())
    );
}

#[test]
fn chips_are_shown_where_asked_for() {
    let server = server();
    let without = server.get("/api/v1/status").json();
    assert!(without["chains"][0].get("chips").is_none());
    let with = server.get("/api/v1/status?chips=1").json();
    assert_eq!(
        with["chains"][0]["chips"].as_array().map(Vec::len),
        Some(114)
    );
    let refused = server.get("/api/v1/status?chips=many");
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "E-API-REQUEST")
    );
}

#[test]
fn a_new_snapshot_is_seen_by_the_next_request() {
    let server = server();
    let mut next = fixture::snapshot();
    next.seq = 13;
    server.published.publish(Arc::new(next));
    assert_eq!(server.get("/api/v1/status").json()["seq"], 13);
}

#[test]
fn the_log_is_bounded_and_read_from_where_one_left_off() {
    let server = server();
    fixture::notes()
        .into_iter()
        .for_each(|n| server.published.note(n));
    let all = server.get("/api/v1/log").json();
    assert_eq!(all["last"], 5);
    assert_eq!(all["notes"].as_array().map(Vec::len), Some(3));
    let newer = server.get("/api/v1/log?after=4").json();
    assert_eq!(newer["notes"].as_array().map(Vec::len), Some(1));
    let note = &newer["notes"][0];
    assert_eq!(
        (&note["code"], &note["severity"]),
        (&"E-CHAIN-NOISY".into(), &"warn".into())
    );
    assert_eq!(note["at_s"], 800.0);
}

#[test]
fn requests_under_a_foreign_name_are_refused() {
    let server = server();
    for host in [
        "evil.example",
        "evil.example:80",
        "169.254.169.254.evil.example",
        "",
    ] {
        for path in ["/", "/api/v1/status", "/metrics"] {
            let answer = server.tcp(&format!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            ));
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (403, "E-API-HOST"),
                "{host} {path}"
            );
        }
    }
    let in_the_line = "GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(server.tcp(in_the_line).status, 403);
}

#[test]
fn commands_are_taken_as_json_from_programs_and_from_the_own_page() {
    let server = server();
    assert_eq!(server.post(JSON, r#"{"command":"pause"}"#).status, 202);
    let own = format!("{JSON}Origin: http://localhost\r\n");
    assert_eq!(server.post(&own, r#"{"command":"resume"}"#).status, 202);
    assert_eq!(server.taken(), [Command::Pause, Command::Resume]);
}

#[test]
fn every_order_within_its_range_is_taken_in_its_own_words() {
    let server = server();
    let document = server.get("/api/v1/openapi.json").json();
    let described = &document["components"]["schemas"]["Order"];
    let bodies = [
        r#"{"command":"sleep"}"#,
        r#"{"command":"wake"}"#,
        r#"{"command":"fans","mode":"quiet"}"#,
        r#"{"command":"fans","mode":"manual","duty_percent":45}"#,
        r#"{"command":"power_ceiling","power_w":2500.5}"#,
        r#"{"command":"power_ceiling","power_w":null}"#,
        r#"{"command":"target_temperature","temp_c":58.0}"#,
    ];
    for body in bodies {
        let answer = server.post(JSON, body);
        assert_eq!((answer.status, answer.body.as_str()), (202, body));
        let word = &answer.json()["command"];
        let kinds = described["oneOf"].as_array().expect("kinds of command");
        let mut kinds = kinds.iter().map(|kind| &kind["properties"]);
        let kind = kinds.find(|kind| kind["command"]["const"] == *word);
        let kind = kind.unwrap_or_else(|| panic!("{word} is not described"));
        let shown = answer.json();
        let fields = shown.as_object().expect("an object");
        assert!(fields.keys().all(|field| kind[field].is_object()), "{body}");
    }
    assert_eq!(server.taken().len(), bodies.len());
}

#[test]
fn orders_outside_a_range_are_refused_with_range_and_remedy() {
    let server = server();
    let check = |body: &str, status: u16, code: &str, words: &[&str]| {
        let answer = server.post(JSON, body);
        let found = (answer.status, answer.code());
        assert_eq!(found, (status, code.to_owned()), "{body}");
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(words.iter().all(|w| detail.contains(w)), "{body}: {detail}");
        assert_ne!(problem["remedy"], "", "{body}");
    };
    let power = r#"{"command":"power_ceiling","power_w":9000}"#;
    check(power, 422, "E-API-RANGE", &["9000 W", "310 to 3575 W"]);
    let target = r#"{"command":"target_temperature","temp_c":-40}"#;
    check(target, 422, "E-API-RANGE", &["-40 °C", "20 to 60 °C"]);
    let fans = r#"{"command":"fans","mode":"manual","duty_percent":5}"#;
    check(fans, 422, "E-API-RANGE", &["5 %", "30 to 100 %"]);
    let oil = r#"{"command":"fans","mode":"immersion"}"#;
    check(oil, 403, "E-FAN-LOCAL", &["auto, quiet, manual"]);
    let lacks = r#"{"command":"fans","mode":"manual"}"#;
    check(lacks, 400, "E-API-REQUEST", &["duty_percent"]);
    let lacks = r#"{"command":"power_ceiling"}"#;
    check(lacks, 400, "E-API-REQUEST", &["power_w"]);
    let misspelt = r#"{"command":"power_ceiling","power_kw":2}"#;
    check(misspelt, 400, "E-API-REQUEST", &["power_kw"]);
    let surplus = r#"{"command":"sleep","power_w":2500}"#;
    check(surplus, 400, "E-API-REQUEST", &["power_w"]);
    // Where nothing of it is driven there is no range either.
    let mut bare = fixture::snapshot();
    bare.settings = None;
    server.published.publish(Arc::new(bare));
    let none = r#"{"command":"power_ceiling","power_w":2500}"#;
    check(none, 422, "E-API-RANGE", &["no power ceiling"]);
    assert!(server.taken().is_empty());
}

#[test]
fn commands_from_elsewhere_or_in_another_form_are_refused() {
    let server = server();
    let check = |headers: &str, body: &str, status: u16, code: &str| {
        let answer = server.post(headers, body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{headers}{body}"
        );
        assert!(answer.head.contains("application/problem+json"));
    };
    let pause = r#"{"command":"pause"}"#;
    check("Content-Type: text/plain\r\n", pause, 415, "E-API-REQUEST");
    check("", pause, 415, "E-API-REQUEST");
    let foreign = format!("{JSON}Origin: http://evil.example\r\n");
    check(&foreign, pause, 403, "E-API-FORBIDDEN");
    check(
        &format!("{JSON}Origin: null\r\n"),
        pause,
        403,
        "E-API-FORBIDDEN",
    );
    check(JSON, r#"{"command":"shutdown"}"#, 403, "E-API-FORBIDDEN");
    check(JSON, r#"{"command":"overvolt"}"#, 400, "E-API-REQUEST");
    check(JSON, "{", 400, "E-API-REQUEST");
    check(JSON, "", 400, "E-API-REQUEST");
    assert!(server.taken().is_empty());
}

#[test]
fn an_endless_body_is_cut_off() {
    let body = format!("{{\"command\":\"{}\"}}", "x".repeat(5000));
    assert_eq!(server().post(JSON, &body).status, 413);
}

#[test]
fn whoever_holds_what_he_opened_shuts_nobody_out_and_ends_nobody_who_asks() {
    let server = server();
    let connect = || {
        let stream = TcpStream::connect(server.handle.addresses()[0]).expect("listening");
        let limit = Some(std::time::Duration::from_secs(60));
        stream.set_read_timeout(limit).expect("set");
        stream
    };
    // One connection that asks again and again.
    let mut asking = connect();
    let mut held = Vec::new();
    for round in 0..12 {
        // Two rounds of these may come between two answers, and there are 32 places.
        for _ in 0..12 {
            let mut half = connect();
            half.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: ")
                .expect("sent");
            held.push(half);
        }
        asking
            .write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .expect("sent");
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        while !answer.ends_with(b"}") {
            let n = asking.read(&mut piece).expect("an answer");
            assert!(n > 0, "ended in round {round}");
            answer.extend_from_slice(&piece[..n]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "round {round}");
    }
    // And one that came last.
    assert_eq!(server.get("/api/v1/status").status, 200);
}

#[test]
fn unknown_paths_and_methods_are_coded() {
    let server = server();
    let missing = server.ask("GET", "/api/v1/nothing", &ours(), "");
    assert_eq!(
        (missing.status, missing.code().as_str()),
        (404, "E-API-PATH")
    );
    let wrong = server.ask("GET", "/api/v1/command", &ours(), "");
    assert_eq!((wrong.status, wrong.code().as_str()), (405, "E-API-METHOD"));
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let server = server();
    for path in ["/", "/page.css", "/page.js", "/login.js"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains("://"), "{path} names another place");
        for header in [
            "content-security-policy: default-src 'none';",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
        ] {
            assert!(answer.head.contains(header), "{path} lacks {header}");
        }
    }
    let html = server.get("/").body;
    assert!(html.contains("<noscript>"));
    assert!(!html.contains(" style=") && !html.contains(" onclick="));
    for script in ["/page.js", "/login.js"] {
        assert!(!server.get(script).body.contains("innerHTML"), "{script}");
    }
}

#[test]
fn metrics_have_one_help_and_type_each_and_leave_out_what_is_unknown() {
    let text = server().get("/metrics").body;
    let mut families = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("name and kind");
            assert!(families.insert(name), "{name} twice");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            assert!(families.contains(name), "{line} has no type before it");
            let value = line.rsplit(' ').next().unwrap_or_default();
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    assert!(text.contains("stannary_shares_total{outcome=\"accepted\"} 12345\n"));
    assert!(text.contains("stannary_chain_chips_found{chain=\"2\"} 113\n"));
    assert!(text.contains("stannary_power_ceiling_watts 3300\n"));
    assert!(text.contains("stannary_target_temperature_celsius 55\n"));
    assert!(text.contains("stannary_fan_mode{mode=\"quiet\"} 1\n"));
    let fault = "stannary_fault{code=\"E-CHAIN-CHIPS\",place=\"chain 2\"} 1\n";
    assert!(text.contains(fault), "{text}");
    assert!(!text.contains("window=\"1h\""));
    assert!(!text.contains("stannary_chain_voltage_millivolts{"));
}

#[test]
fn label_values_cannot_break_out_of_their_quotes() {
    let server = server();
    let mut snapshot = fixture::snapshot();
    snapshot.pools[0].url = "a\"} 1\nfake_metric 2\\".to_owned();
    server.published.publish(Arc::new(snapshot));
    let text = server.get("/metrics").body;
    assert!(!text.lines().any(|l| l.starts_with("fake_metric")));
    assert!(text.contains(r#"url="a\"} 1\nfake_metric 2\\""#));
}

#[test]
fn the_local_socket_opens_to_its_owner_alone_and_goes_with_the_server() {
    let folder = Folder::new("modes");
    let socket = folder.0.join("deep/er/stannary.sock");
    let listen = || Listen {
        http: Vec::new(),
        socket: Some(socket.clone()),
        ..Listen::default()
    };
    let server = server_with(fixture::snapshot(), listen(), claimed());
    let mode = |path: &PathBuf| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(&folder.0.join("deep")), 0o700);
    let second = start(
        listen(),
        server.published.clone(),
        claimed(),
        Arc::new(|_| true),
    );
    let error = second.err().expect("the first one answers");
    assert_eq!(error.code().text(), "E-PROC-LISTEN");
    assert!(error.to_string().contains("stannary.sock"), "{error}");
    drop(server);
    assert!(!socket.exists());
}

#[test]
fn a_socket_left_by_a_dead_process_is_replaced_and_a_file_is_not() {
    let folder = Folder::new("left");
    let socket = folder.0.join("s");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("bound"));
    let listen = || Listen {
        http: Vec::new(),
        socket: Some(socket.clone()),
        ..Listen::default()
    };
    drop(server_with(fixture::snapshot(), listen(), claimed()));
    fs::write(&socket, "precious").expect("written");
    let published = Published::new(fixture::snapshot(), 1);
    assert!(start(listen(), published, claimed(), Arc::new(|_| true)).is_err());
    assert_eq!(fs::read_to_string(&socket).expect("kept"), "precious");
}

#[test]
fn a_taken_port_is_a_coded_error_that_names_it() {
    let server = server();
    let taken = server.handle.addresses()[0];
    let listen = Listen {
        http: vec![taken],
        socket: None,
        ..Listen::default()
    };
    let error = start(
        listen,
        server.published.clone(),
        claimed(),
        Arc::new(|_| true),
    )
    .err();
    let error = error.expect("the port is taken");
    assert_eq!(error.code().text(), "E-PROC-LISTEN");
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}

#[test]
fn the_description_names_every_field_that_is_served() {
    let server = server();
    server.published.note(fixture::notes().remove(0));
    let document = server.get("/api/v1/openapi.json").json();
    let check = |path: &str, method: &str, status: &str, served: &Value| {
        let operation = &document["paths"][path.split('?').next().unwrap_or(path)][method];
        let schema = &operation["responses"][status]["content"]["application/json"]["schema"];
        fixture::same_fields(&document, schema, served, path);
    };
    let status = "/api/v1/status?chips=1";
    check(status, "get", "200", &server.get(status).json());
    check(
        "/api/v1/log",
        "get",
        "200",
        &server.get("/api/v1/log").json(),
    );
    let problem = &document["components"]["schemas"]["Problem"];
    fixture::same_fields(
        &document,
        problem,
        &server.ask("GET", "/api/x", &ours(), "").json(),
        "problem",
    );
}

#[test]
fn what_cannot_even_be_read_is_refused_in_the_form_of_all_refusals() {
    let server = server();
    let check = |method: &str, path: &str, body: &str, status: u16| {
        let refused = server.ask(method, path, &(ours() + JSON), body);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (status, "E-API-REQUEST")
        );
        let kind = refused.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{path}");
    };
    check("DELETE", "/api/v1/tokens/%ff", "", 400);
    check("POST", "/api/v1/tokens", &" ".repeat(5000), 413);
}

#[test]
fn orders_about_pools_are_taken_by_whoever_can_and_without_showing_the_password() {
    let published = Published::new(fixture::snapshot(), 3);
    let orders = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&orders);
    let miner = obedient(&published);
    let pools: api::PoolOrders = Arc::new(move |order| {
        if let api::PoolOrder::Add { url, .. } = &order
            && url == "nonsense"
        {
            let (code, detail) = (Code::PoolAddress, "no address".to_owned());
            return Err(api::PoolRefused { code, detail });
        }
        miner(Given::Pools(order.clone()));
        taken.lock().expect("not poisoned").push(order);
        Ok(())
    });
    let take = Arc::new(|_| true);
    let handle = api::start_with_pools(loopback(), published.clone(), claimed(), take, pools);
    let handle = handle.expect("a free port");
    let server = Server {
        handle,
        published: published.clone(),
        commands: Arc::default(),
    };
    let check = |body: &str, status: u16, code: &str| {
        let request = post(JSON, body).replace("/api/v1/command", "/api/v1/pools");
        let answer = server.tcp(&request);
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        if status != 202 {
            assert_eq!(answer.code(), code, "{body}");
        }
        answer.body
    };
    let add = r#"{"order":"add","url":"p:1","user":"u","password":"s3cret","group":"a","place":0}"#;
    let shown = check(add, 202, "");
    assert!(
        shown.contains("p:1") && !shown.contains("s3cret"),
        "{shown}"
    );
    check(r#"{"order":"add","url":"p:1","user":"u"}"#, 202, "");
    check(r#"{"order":"move","pool":1,"place":0}"#, 202, "");
    check(r#"{"order":"disable","pool":0}"#, 202, "");
    check(r#"{"order":"enable","pool":0}"#, 202, "");
    check(r#"{"order":"remove","pool":1}"#, 202, "");
    assert_eq!(orders.lock().expect("not poisoned").len(), 6);
    // Nothing of what follows reaches the miner.
    check(r#"{"order":"remove","pool":9}"#, 422, "E-POOL-ORDER");
    check(
        r#"{"order":"add","url":"nonsense","user":"u"}"#,
        422,
        "E-POOL-ADDRESS",
    );
    check(
        r#"{"order":"add","url":"p:1","user":""}"#,
        400,
        "E-API-REQUEST",
    );
    // The file would be refused at the next start.
    check(
        r#"{"order":"add","url":"p:1","user":"u\u0007"}"#,
        400,
        "E-API-REQUEST",
    );
    let long = format!(
        r#"{{"order":"add","url":"{}:1","user":"u"}}"#,
        "p".repeat(511)
    );
    check(&long, 400, "E-API-REQUEST");
    check(r#"{"order":"remove"}"#, 400, "E-API-REQUEST");
    check(
        r#"{"order":"remove","pool":0,"really":true}"#,
        400,
        "E-API-REQUEST",
    );
    check(r#"{"order":"remove","pool":256}"#, 400, "E-API-REQUEST");
    check(r#"{"order":"explode"}"#, 400, "E-API-REQUEST");
    check("[]", 400, "E-API-REQUEST");
    let mut full = fixture::snapshot();
    full.pools.resize(POOLS_MAX, full.pools[0].clone());
    published.publish(full.into());
    check(
        r#"{"order":"add","url":"p:1","user":"u"}"#,
        422,
        "E-POOL-ORDER",
    );
    assert_eq!(orders.lock().expect("not poisoned").len(), 6);
    // A demo's pools are fixed.
    let fixed = start(loopback(), published, claimed(), Arc::new(|_| true));
    let fixed = Server {
        handle: fixed.expect("a free port"),
        ..server
    };
    let request = post(JSON, r#"{"order":"disable","pool":0}"#);
    let fixed = fixed.tcp(&request.replace("/api/v1/command", "/api/v1/pools"));
    assert_eq!(
        (fixed.status, fixed.code().as_str()),
        (403, "E-API-FORBIDDEN")
    );
}

#[test]
fn whoever_reads_after_an_order_was_answered_sees_it() {
    let published = Published::new(fixture::snapshot(), 3);
    let miner = late_miner(&published, std::time::Duration::from_millis(300));
    let pools_miner = miner.clone();
    let take = Arc::new(move |command| miner.send(Given::Command(command)).is_ok());
    let pools: api::PoolOrders = Arc::new(move |order| {
        pools_miner.send(Given::Pools(order)).expect("it runs");
        Ok(())
    });
    let handle = api::start_with_pools(loopback(), published.clone(), claimed(), take, pools);
    let server = Server {
        handle: handle.expect("a free port"),
        published: published.clone(),
        commands: Arc::default(),
    };
    let after = |path: &str, body: &str| {
        let answer = server.tcp(&post(JSON, body).replace("/api/v1/command", path));
        assert_eq!(answer.status, 202, "{body}: {}", answer.body);
        server.get("/api/v1/status").json()
    };
    let status = after("/api/v1/command", r#"{"command":"pause"}"#);
    assert_eq!(status["settings"]["intent"], "pause");
    let ceiling = r#"{"command":"power_ceiling","power_w":2000}"#;
    let status = after("/api/v1/command", ceiling);
    assert_eq!(status["settings"]["power_ceiling"]["set"], 2000.0);
    let first = r#"{"order":"move","pool":1,"place":0}"#;
    assert_eq!(after("/api/v1/pools", first)["pools"][0]["id"], 1);
}

/// Groups are judged by what the snapshot says, and what the miner then shows is waited for.
#[test]
fn quotas_and_groups_are_changed_within_their_rules() {
    let published = Published::new(fixture::snapshot(), 3);
    let orders = Arc::new(Mutex::new(Vec::new()));
    let (taken, shelf) = (Arc::clone(&orders), published.clone());
    // The miner does what it is told, and shows it a little later.
    let pools: api::PoolOrders = Arc::new(move |order| {
        let mut next = (*shelf.snapshot()).clone();
        let groups: Vec<String> = next.pools.iter().map(|pool| pool.group.clone()).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        if let Some(change) = order.groups() {
            let after = change.applied(&next.pool_groups, &groups);
            next.pool_groups = after.expect("it was looked at before");
        }
        if let api::PoolOrder::MoveToGroup { pool, group } = &order {
            next.pools[usize::from(*pool)].group.clone_from(group);
        }
        let is_seen = !matches!(order, api::PoolOrder::Add { .. });
        taken.lock().expect("not poisoned").push(order);
        let shelf = shelf.clone();
        let later = move || {
            std::thread::sleep(std::time::Duration::from_millis(60));
            shelf.publish(Arc::new(next));
        };
        if is_seen {
            std::thread::spawn(later);
        }
        Ok(())
    });
    let take = Arc::new(|_| true);
    let handle = api::start_with_pools(loopback(), published.clone(), claimed(), take, pools);
    let server = Server {
        handle: handle.expect("a free port"),
        published: published.clone(),
        commands: Arc::default(),
    };
    let check = |body: &str, expected: Result<(), (u16, &str, &str)>| {
        let request = post(JSON, body).replace("/api/v1/command", "/api/v1/pools");
        let answer = server.tcp(&request);
        match expected {
            Ok(()) => assert_eq!(answer.status, 202, "{body}: {}", answer.body),
            Err((status, code, word)) => {
                let found = (answer.status, answer.code());
                assert_eq!(found, (status, code.to_owned()), "{body}: {}", answer.body);
                assert!(answer.body.contains(word), "{body}: {}", answer.body);
            }
        }
    };
    let wrong = |word: &'static str| Err((422, "E-POOL-GROUP", word));
    let misread = Err((400, "E-API-REQUEST", ""));
    // Each is about groups that the one before has made.
    check(
        r#"{"order":"set_quotas","quotas":[{"group":"a","quota_percent":20},{"group":"b","quota_percent":12.5}]}"#,
        Ok(()),
    );
    check(r#"{"order":"move_to_group","pool":1,"group":"b"}"#, Ok(()));
    check(
        r#"{"order":"add","url":"p:1","user":"u","group":"b"}"#,
        Ok(()),
    );
    check(r#"{"order":"remove_group","group":"a"}"#, Ok(()));
    assert_eq!(orders.lock().expect("not poisoned").len(), 4);
    let now = server.get("/api/v1/status").json();
    assert_eq!(now["pool_groups"][0]["name"], "b");
    assert_eq!(now["pool_groups"][0]["quota_percent"], 12.5);

    check(
        r#"{"order":"remove_group","group":"a"}"#,
        wrong("no group `a`"),
    );
    check(
        r#"{"order":"remove_group","group":"b"}"#,
        wrong("move them"),
    );
    check(
        r#"{"order":"move_to_group","pool":0,"group":"a"}"#,
        wrong("first"),
    );
    check(
        r#"{"order":"move_to_group","pool":9,"group":"b"}"#,
        Err((422, "E-POOL-ORDER", "no pool 9")),
    );
    check(
        r#"{"order":"add","url":"p:1","user":"u","group":"c"}"#,
        wrong("`c`"),
    );
    let set = |quota: &str| {
        format!(r#"{{"order":"set_quotas","quotas":[{{"group":"b","quota_percent":{quota}}}]}}"#)
    };
    // Pool 0 is in the default group.
    check(&set("100"), wrong("default"));
    check(&set("0"), wrong("0.01"));
    check(&set("100.5"), wrong("0.01"));
    check(&set("\"70\""), misread);
    check(&set("null"), misread);
    check(r#"{"order":"set_quotas","quotas":[]}"#, wrong("no quota"));
    check(
        r#"{"order":"set_quotas","quotas":[{"group":"c","quota_percent":90}]}"#,
        wrong("102.5"),
    );
    check(r#"{"order":"set_quotas","quotas":{}}"#, misread);
    check(r#"{"order":"move_to_group","pool":0}"#, misread);
    assert_eq!(orders.lock().expect("not poisoned").len(), 4);

    let audit = server.ask("GET", "/api/v1/audit", &ours(), "").body;
    for told in ["12.5", r#"\"group\":\"default\""#, "remove_group"] {
        assert!(audit.contains(told), "{told} in {audit}");
    }
}
