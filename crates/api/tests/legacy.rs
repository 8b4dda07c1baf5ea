//! Legacy interfaces as clients see them, on loopback.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::{
    Allowed, Change, Credential, Handle, Kept, Legacy, Listen, Permission, Published, Restart,
    start_with_pools,
};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use telemetry::Snapshot;

mod fixture;

use fixture::server::{Given, Told, gate, late_miner};

/// As late as a miner that publishes four times a second at worst, with room.
const SHOWN_AFTER: Duration = Duration::from_millis(300);

/// A server for these, and what it was ordered.
struct Server {
    handle: Handle,
    ordered: Arc<Mutex<Vec<String>>>,
    changes: Arc<Mutex<Vec<Change>>>,
}

/// A machine of metal: nothing is open without a login.
fn real() -> Snapshot {
    let mut snapshot = fixture::snapshot();
    snapshot.machine.emulated = false;
    snapshot
}

fn server(snapshot: Snapshot, permission: Permission, login: bool) -> Server {
    of_miner(snapshot, permission, login, SHOWN_AFTER)
}

/// Of a miner that shows after so long what it was told.
fn of_miner(snapshot: Snapshot, permission: Permission, login: bool, shows: Duration) -> Server {
    let credential = login.then(|| Credential::new("root", "hunter2"));
    let ordered: Arc<Mutex<Vec<String>>> = Arc::default();
    let taken = |list: &Arc<Mutex<Vec<String>>>| {
        let list = Arc::clone(list);
        move |what: String| list.lock().expect("nobody panics").push(what)
    };
    let (command, pool, restart) = (taken(&ordered), taken(&ordered), taken(&ordered));
    let published = Published::new(snapshot, 3);
    let miner = late_miner(&published, shows);
    let pools_miner = miner.clone();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let told = Told::default();
    let changes = Arc::clone(&told.changes);
    let legacy = Legacy {
        socket: Some(any),
        side: Some(any),
        allowed: Arc::new(move || Allowed {
            permission,
            credential: credential.clone(),
        }),
        restart: Arc::new(move |what: Restart| {
            restart(format!("{what:?}"));
            true
        }),
        ..Legacy::default()
    };
    let listen = Listen {
        http: vec![any],
        socket: None,
        legacy,
        ..Listen::default()
    };
    let handle = start_with_pools(
        listen,
        published,
        gate(Ok(Kept::default()), &told),
        Arc::new(move |c| {
            command(format!("{c:?}"));
            miner.send(Given::Command(c)).is_ok()
        }),
        Arc::new(move |order| {
            pool(match &order {
                api::PoolOrder::Add { url, .. } => format!("+{url}"),
                api::PoolOrder::Remove { pool } => format!("-{pool}"),
                _ => "?".to_owned(),
            });
            pools_miner.send(Given::Pools(order)).expect("it runs");
            Ok(())
        }),
    );
    Server {
        handle: handle.expect("free ports"),
        ordered,
        changes,
    }
}

impl Server {
    fn socket(&self) -> TcpStream {
        let at = self.handle.legacy_socket().expect("it listens");
        TcpStream::connect(at).expect("it accepts")
    }

    fn ask(&self, request: &[u8]) -> String {
        let mut stream = self.socket();
        stream.write_all(request).expect("sent");
        rest(&mut stream)
    }

    fn http(&self, at: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(at).expect("it accepts");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let answer = rest(&mut stream);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
        Answer {
            status: status.expect("a status"),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    fn plain(&self, path: &str) -> Answer {
        self.http(self.handle.addresses()[0], "GET", path, "", "")
    }

    /// As old clients do it: ask, be challenged, answer.
    fn cgi(&self, method: &str, name: &str, headers: &str, body: &str) -> Answer {
        let (at, path) = (self.handle.addresses()[0], format!("/cgi-bin/{name}.cgi"));
        let challenged = self.http(at, method, &path, "", body);
        assert_eq!(challenged.status, 401, "{name}");
        let authorization = authorization(&challenged.head, method, &path);
        self.http(
            at,
            method,
            &path,
            &format!("{authorization}{headers}"),
            body,
        )
    }

    fn side(&self, path: &str) -> Answer {
        let at = self.handle.legacy_side().expect("it listens");
        self.http(at, "GET", path, "", "")
    }

    fn ordered(&self) -> Vec<String> {
        std::mem::take(&mut *self.ordered.lock().expect("nobody panics"))
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let limit = Some(Duration::from_secs(60));
    stream.set_read_timeout(limit).expect("a limit");
    stream.read_to_end(&mut answer).expect("an answer");
    String::from_utf8(answer).expect("text")
}

fn md5(text: &str) -> String {
    let bytes = Md5::digest(text.as_bytes());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn authorization(head: &str, method: &str, path: &str) -> String {
    let line = head
        .lines()
        .find(|l| l.to_ascii_lowercase().starts_with("www-authenticate: "));
    let line = line.expect("a challenge");
    assert!(
        line.contains("Digest realm=\"antMiner Configuration\", "),
        "{line}"
    );
    assert!(line.ends_with(", qop=\"auth\""), "{line}");
    let nonce = line
        .split("nonce=\"")
        .nth(1)
        .and_then(|n| n.split('"').next());
    let nonce = nonce.expect("a nonce");
    let secret = md5("root:antMiner Configuration:hunter2");
    let asked = md5(&format!("{method}:{path}"));
    let response = md5(&format!("{secret}:{nonce}:00000001:c:auth:{asked}"));
    format!(
        "Authorization: Digest username=\"root\", realm=\"antMiner Configuration\", \
         nonce=\"{nonce}\", uri=\"{path}\", response=\"{response}\", qop=auth, nc=00000001, \
         cnonce=\"c\"\r\n"
    )
}

#[test]
fn each_way_of_sending_a_request_gets_one_answer_and_an_end() {
    let server = server(real(), Permission::Read, false);
    let check = |request: &[u8]| {
        let answer = server.ask(request);
        assert!(answer.ends_with('\0'), "{answer:?}");
        assert!(answer.contains("BMMiner versions"), "{answer:?}");
    };
    check(b"{\"command\": \"version\"}");
    check(b"{\"command\":\"version\"}\n");
    check(b"{\"command\":\"version\"}\0");
    check(b"version\n");
    check(b"version\0");
    check(b"version|\r\nsomething more that nobody reads");
    // No end at all: what came is taken after a moment.
    check(b"version");
    let mut stream = server.socket();
    for piece in ["{\"comm", "and\":", "\"version\"}"] {
        stream.write_all(piece.as_bytes()).expect("sent");
        std::thread::sleep(Duration::from_millis(30));
    }
    assert!(rest(&mut stream).contains("BMMiner versions"));
    let mut stream = server.socket();
    stream.write_all(b"version").expect("sent");
    stream.shutdown(Shutdown::Write).expect("closed");
    assert!(rest(&mut stream).contains("BMMiner versions"));
}

#[test]
fn silent_slow_and_endless_clients_cost_little_time_and_nobody_else() {
    let server = server(real(), Permission::Read, false);
    let mut silent = Vec::new();
    // Sooner than a silent one is let go; in one of several, since a computer may let nobody run for a while.
    let quick = (0..3).any(|_| {
        let started = Instant::now();
        silent = (0..200)
            .map(|_| server.socket())
            .collect::<Vec<TcpStream>>();
        assert!(server.ask(b"version\n").contains("BMMiner versions"));
        started.elapsed() < Duration::from_secs(3)
    });
    assert!(quick);
    let mut endless = server.socket();
    let long = [b"{\"command\":\"".as_slice(), &[b'x'; 60_000]].concat();
    endless.write_all(&long).expect("sent");
    assert!(rest(&mut endless).contains("\"Code\":23"));
    for stream in &mut silent {
        // Ended with or without an error; an answer there is not.
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty());
    }
    assert!(server.ask(b"version\n").contains("BMMiner versions"));
}

#[test]
fn whoever_may_not_look_is_told_nothing() {
    let server = server(real(), Permission::Nothing, true);
    let mut stream = server.socket();
    stream.write_all(b"version\n").expect("sent");
    assert_eq!(rest(&mut stream), "");
    assert_eq!(server.side("/warning").status, 404);
    assert_eq!(server.plain("/cgi-bin/stats.cgi").status, 404);
}

const PAGES: &[&str] = &[
    "get_system_info",
    "miner_type",
    "get_network_info",
    "get_miner_conf",
    "summary",
    "stats",
    "pools",
    "chart",
    "warning",
    "get_blink_status",
    "get_miner_status",
];

#[test]
fn without_a_legacy_login_the_web_interface_does_not_exist() {
    let server = server(real(), Permission::Write, false);
    for page in PAGES.iter().chain(&["log", "reboot"]) {
        let answer = server.plain(&format!("/cgi-bin/{page}.cgi"));
        assert_eq!(answer.status, 404, "{page}");
        assert!(
            serde_json::from_str::<Value>(&answer.body).is_err(),
            "{page}"
        );
        assert!(!answer.head.contains("antMiner"), "{page}");
    }
}

#[test]
fn with_one_its_paths_alone_carry_the_makers_challenge() {
    let server = server(real(), Permission::Read, true);
    for page in PAGES {
        let answer = server.cgi("GET", page, "", "");
        assert_eq!(answer.status, 200, "{page}");
        assert!(answer.json().is_object(), "{page}");
    }
    assert_eq!(server.cgi("GET", "log", "", "").status, 200);
    for path in ["/", "/kaonsu/v1/brief", "/cgi-bin/nothing.cgi"] {
        let answer = server.plain(path);
        assert_ne!(answer.status, 401, "{path}");
        assert!(!answer.head.contains("antMiner"), "{path}");
        assert!(
            serde_json::from_str::<Value>(&answer.body).is_err(),
            "{path}"
        );
    }
    let answer = server.cgi("GET", "get_blink_status", "", "");
    let used = authorization(
        "www-authenticate: Digest realm=\"antMiner Configuration\", nonce=\"00\", qop=\"auth\"",
        "GET",
        "/cgi-bin/stats.cgi",
    );
    assert_eq!(answer.json()["blink"], false);
    let at = server.handle.addresses()[0];
    assert_eq!(
        server
            .http(at, "GET", "/cgi-bin/stats.cgi", &used, "")
            .status,
        401
    );
}

#[test]
fn a_twin_is_read_over_loopback_without_a_login_and_not_written() {
    let server = server(fixture::snapshot(), Permission::Write, false);
    for page in PAGES {
        assert_eq!(
            server.plain(&format!("/cgi-bin/{page}.cgi")).status,
            200,
            "{page}"
        );
    }
    let at = server.handle.addresses()[0];
    for (method, name) in [
        ("GET", "reboot"),
        ("POST", "reboot"),
        ("POST", "blink"),
        ("POST", "set_miner_conf"),
    ] {
        let answer = server.http(at, method, &format!("/cgi-bin/{name}.cgi"), "", "{}");
        assert_eq!(answer.status, 403, "{name}");
    }
    assert!(server.ordered().is_empty());
}

#[test]
fn pages_say_what_the_snapshot_says() {
    let server = server(fixture::snapshot(), Permission::Read, false);
    let page = |name: &str| server.plain(&format!("/cgi-bin/{name}.cgi")).json();
    let status = server.plain("/api/v1/status").json();
    let summary = page("summary");
    let row = &summary["SUMMARY"][0];
    assert_eq!(
        row["rate_5s"].as_f64(),
        status["hashrate_ths"]["s5"].as_f64().map(|r| r * 1000.0)
    );
    assert_eq!(
        (&row["hw_all"], &row["elapsed"]),
        (&14.into(), &3725.into())
    );
    assert_eq!(row["status"][0]["status"], "e");
    assert!(
        row["status"][0]["msg"]
            .as_str()
            .is_some_and(|m| m.contains("E-CHAIN-CHIPS"))
    );
    let stats = page("stats");
    let chains = stats["STATS"][0]["chain"].as_array().expect("chains");
    assert_eq!(chains.len(), 3);
    assert_eq!(
        (&chains[2]["asic_num"], &chains[0]["temp_pcb"][0]),
        (&113.into(), &62.into())
    );
    assert_eq!(
        (
            &stats["STATS"][0]["miner-mode"],
            &stats["STATS"][0]["fan"][0]
        ),
        (&0.into(), &4560.into())
    );
    let pools = page("pools");
    assert_eq!(pools["POOLS"][0]["accepted"], 12_345);
    let conf = page("get_miner_conf");
    assert_eq!(conf["pools"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        (&conf["pools"][0]["pass"], &conf["bitmain-work-mode"]),
        (&"".into(), &"0".into())
    );
    assert_eq!(page("get_system_info")["minertype"], "Antminer S19 Pro");
    assert_eq!(page("miner_type")["miner_type"], "Antminer S19 Pro");
    let old = page("get_miner_status");
    assert!(
        old["summary"]
            .as_object()
            .is_some_and(|o| o.values().all(Value::is_string))
    );
}

#[test]
fn writing_needs_the_login_and_the_owners_word_and_no_browser() {
    let reader = server(real(), Permission::Read, true);
    for (method, name) in [
        ("GET", "reboot"),
        ("POST", "blink"),
        ("POST", "set_miner_conf"),
    ] {
        let answer = reader.cgi(method, name, "", "{\"blink\":true}");
        assert_eq!(answer.status, 403, "{name}");
    }
    assert!(reader.ordered().is_empty());
    let writer = server(real(), Permission::Write, true);
    for mark in [
        "Origin: http://localhost\r\n",
        "Referer: http://x/\r\n",
        "User-Agent: Mozilla/5.0\r\n",
        "Sec-Fetch-Site: none\r\n",
    ] {
        let answer = writer.cgi("POST", "blink", mark, "{\"blink\":true}");
        assert_eq!(answer.status, 403, "{mark}");
    }
    assert!(writer.ordered().is_empty());
}

#[test]
fn with_both_the_pages_change_what_they_say() {
    let server = server(real(), Permission::Write, true);
    let check = |name: &str, body: &str, code: &str, ordered: &[&str]| {
        let answer = server.cgi("POST", name, "Content-Type: text/plain\r\n", body);
        assert_eq!(answer.json()["code"], code, "{body}: {}", answer.body);
        // Some clients read nothing but whether the answer is a success of HTTP.
        let refused = code.ends_with("001");
        assert_eq!(answer.status, if refused { 422 } else { 200 }, "{body}");
        assert_eq!(answer.json()["stats"] == "error", refused, "{body}");
        assert_eq!(server.ordered(), ordered, "{body}");
    };
    check(
        "blink",
        "{\"blink\":true}",
        "B000",
        &["Locate { on: true }"],
    );
    check(
        "blink",
        "{\"blink\":\"false\"}",
        "B100",
        &["Locate { on: false }"],
    );
    check("blink", "{\"blink\":7}", "B001", &[]);
    check("blink", "nothing", "B001", &[]);
    check("set_miner_conf", "{\"miner-mode\":1}", "M000", &["Sleep"]);
    check(
        "set_miner_conf",
        "{\"miner-mode\":\"0\"}",
        "M000",
        &["Wake"],
    );
    check("set_miner_conf", "{\"miner-mode\":\"0\"}", "M000", &[]);
    check("set_miner_conf", "{\"miner-mode\":3}", "M001", &[]);
    check("set_miner_conf", "{\"freq-level\":\"90\"}", "M001", &[]);
    check(
        "set_miner_conf",
        "{\"bitmain-freq\":\"700\",\"miner-mode\":1}",
        "M001",
        &[],
    );
    check(
        "set_miner_conf",
        "{\"bitmain-fan-ctrl\":true,\"bitmain-fan-pwm\":\"500\"}",
        "M001",
        &[],
    );
    let manual = "{\"bitmain-fan-ctrl\":true,\"bitmain-fan-pwm\":\"60\"}";
    check(
        "set_miner_conf",
        manual,
        "M000",
        &["Fans(Manual { duty_percent: Duty(60) })"],
    );
    let pool = |url: &str| format!("{{\"url\":\"{url}\",\"user\":\"u\",\"pass\":\"p\"}}");
    let none = "{\"url\":\"\",\"user\":\"\",\"pass\":\"\"}";
    let pools = format!(
        "{{\"pools\":[{},{none},{none}]}}",
        pool("stratum+tcp://h:1")
    );
    check(
        "set_miner_conf",
        &pools,
        "M000",
        &["+stratum+tcp://h:1", "-0", "-1"],
    );
    check(
        "set_miner_conf",
        &format!("{{\"pools\":[{none},{none},{none}]}}"),
        "M001",
        &[],
    );
    check("set_miner_conf", "{\"pools\":{}}", "M001", &[]);
    check(
        "set_miner_conf",
        &format!("{{\"x\":\"{}\"}}", "y".repeat(20_000)),
        "M001",
        &[],
    );
    let back = server.cgi("GET", "get_miner_conf", "", "").body;
    check("set_miner_conf", &back, "M000", &[]);
    assert_eq!(server.cgi("GET", "reboot", "", "").status, 200);
    assert_eq!(server.ordered(), ["Machine"]);
    let changes = server.changes.lock().expect("nobody panics");
    assert_eq!(changes.len(), 9, "{changes:?}");
    for change in changes.iter() {
        assert_eq!(
            (change.who.as_str(), change.from.as_str()),
            ("legacy web", "127.0.0.1")
        );
        assert!(!format!("{change:?}").contains("\"p\""), "{change:?}");
    }
}

/// A client that reads, changes one thing and writes all of it must not send back what was before.
#[test]
fn whoever_reads_after_a_write_was_answered_sees_it() {
    let server = server(real(), Permission::Write, true);
    let write = |body: &Value| {
        let answer = server.cgi("POST", "set_miner_conf", "", &body.to_string());
        assert_eq!(answer.json()["code"], "M000", "{body}");
        server.cgi("GET", "get_miner_conf", "", "").json()
    };
    let conf = write(&json!({ "miner-mode": 1 }));
    assert_eq!(conf["bitmain-work-mode"], "1");
    let conf = write(&json!({ "bitmain-fan-ctrl": true, "bitmain-fan-pwm": "60" }));
    assert_eq!(
        (&conf["bitmain-fan-ctrl"], &conf["bitmain-fan-pwm"]),
        (&true.into(), &"60".into())
    );
    let pool = |url: &str| json!({ "url": url, "user": "u", "pass": "" });
    let wanted = ["stratum+tcp://a:1", "stratum+tcp://b:1"];
    let both = [pool(wanted[0]), conf["pools"][1].clone(), pool(wanted[1])];
    let conf = write(&json!({ "pools": both }));
    assert_eq!(conf["pools"].as_array().map(Vec::as_slice), Some(&both[..]));
    assert_eq!(
        server.cgi("POST", "blink", "", r#"{"blink":true}"#).status,
        200
    );
    let blinks = server.cgi("GET", "get_blink_status", "", "").json();
    assert_eq!(blinks["blink"], true);

    let say = |command: &str| server.ask(format!("{command}\n").as_bytes());
    let shown = |command: &str, code: u32| {
        let said = say(command);
        assert!(said.contains(&format!("Code={code},")), "{said}");
        let pools = say("pools");
        let rows = pools.split('|').filter_map(|row| row.strip_prefix("POOL="));
        let row = |row: &str| {
            let id = row.split(',').next().expect("a number");
            format!(
                "{id}{}",
                if row.contains("Status=Disabled") {
                    "-"
                } else {
                    ""
                }
            )
        };
        rows.map(row).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown("disablepool|3", 48), "2 1 3-");
    assert_eq!(shown("switchpool|3", 27), "3 2 1");
    assert_eq!(shown("poolpriority|1,2", 73), "1 2 3");
    assert_eq!(shown("removepool|3", 68), "1 2");
    assert_eq!(shown("addpool|stratum+tcp://c:1,u,p", 55), "1 2 3");
}

/// What an engine refuses of orders that made sense before, it never shows.
#[test]
fn a_change_that_never_shows_is_not_called_a_success() {
    let server = of_miner(real(), Permission::Write, true, Duration::from_secs(60));
    let began = Instant::now();
    let body = json!({ "pools": [{ "url": "stratum+tcp://a:1", "user": "u", "pass": "" }] });
    let answer = server.cgi("POST", "set_miner_conf", "", &body.to_string());
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (422, &"M001".into())
    );
    let said = server.ask(b"enablepool|1\n");
    // It is enabled already, as far as anybody can see.
    assert!(said.contains("Code=49,"), "{said}");
    let said = server.ask(b"switchpool|1\n");
    assert!(said.contains("STATUS=E"), "{said}");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn what_the_makers_interface_can_and_this_cannot_says_so_to_whoever_has_the_login() {
    for permission in [Permission::Read, Permission::Write] {
        let server = server(real(), permission, true);
        for name in ["set_network_conf", "passwd", "upgrade", "reset_conf"] {
            let answer = server.cgi("POST", name, "", "{\"newPwd\":\"other\"}");
            assert_eq!(answer.status, 404, "{name}");
            let said = answer.json();
            assert_eq!(
                (&said["stats"], &said["code"]),
                (&"error".into(), &"E-API-PATH".into())
            );
            assert!(said["msg"].as_str().is_some_and(|m| m.len() > 20), "{said}");
        }
        assert!(server.ordered().is_empty());
        assert!(server.changes.lock().expect("nobody panics").is_empty());
    }
}

#[test]
fn the_side_port_says_one_known_code_and_power_only_where_it_is_known() {
    let server = server(real(), Permission::Read, false);
    assert_eq!(server.side("/warning").body, "{\"error_message\":\"J2:2\"}");
    assert_eq!(server.side("/miner_power").body, "power:3250");
    assert_eq!(server.side("/api/v1/status").status, 404);
    let at = server.handle.legacy_side().expect("it listens");
    assert_eq!(server.http(at, "POST", "/warning", "", "").status, 405);
    let unknown = without_power();
    assert_eq!(unknown.side("/miner_power").status, 404);
}

fn without_power() -> Server {
    let mut snapshot = real();
    snapshot.power_w = None;
    server(snapshot, Permission::Read, false)
}
