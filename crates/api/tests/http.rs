//! The server as a client sees it, on loopback and on a local socket.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use api::{Handle, Listen, Published, start};
use serde_json::Value;
use telemetry::{Code, Command, Snapshot};

mod fixture;

struct Server {
    handle: Handle,
    published: Published,
    commands: Arc<Mutex<Vec<Command>>>,
}

fn server_with(snapshot: Snapshot, listen: Listen) -> Server {
    let published = Published::new(snapshot, 3);
    let commands = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&commands);
    let take = Arc::new(move |command| {
        taken.lock().expect("not poisoned").push(command);
        true
    });
    let handle = start(listen, published.clone(), take).expect("a free port");
    Server {
        handle,
        published,
        commands,
    }
}

fn server() -> Server {
    let listen = Listen {
        http: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
        socket: None,
    };
    server_with(fixture::snapshot(), listen)
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn exchange(mut stream: impl Read + Write, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("UTF-8 answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    Answer {
        status: status.expect("a status"),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

impl Server {
    fn tcp(&self, request: &str) -> Answer {
        let stream = TcpStream::connect(self.handle.addresses()[0]).expect("listening");
        exchange(stream, request)
    }

    fn get(&self, path: &str) -> Answer {
        let close = "Host: localhost\r\nConnection: close";
        self.tcp(&format!("GET {path} HTTP/1.1\r\n{close}\r\n\r\n"))
    }

    fn post(&self, headers: &str, body: &str) -> Answer {
        self.tcp(&post(headers, body))
    }

    fn taken(&self) -> Vec<Command> {
        self.commands.lock().expect("not poisoned").clone()
    }
}

fn post(headers: &str, body: &str) -> String {
    format!(
        "POST /api/v1/command HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const JSON: &str = "Content-Type: application/json\r\n";

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
    for host in ["evil.example", "evil.example:80", "169.254.169.254", ""] {
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
    let described = &document["components"]["schemas"]["Command"];
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
        let said = |kind: &Value| kind["command"]["enum"].as_array().cloned();
        let kind = kinds.find(|kind| said(kind).is_some_and(|words| words.contains(word)));
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
fn a_real_machine_takes_commands_only_over_its_local_socket() {
    let folder = Folder::new("commands");
    let socket = folder.0.join("s");
    let listen = Listen {
        http: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
        socket: Some(socket.clone()),
    };
    let mut real = fixture::snapshot();
    real.machine.emulated = false;
    let server = server_with(real, listen);
    let request = post(JSON, r#"{"command":"pause"}"#);
    let refused = server.tcp(&request);
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "E-API-FORBIDDEN")
    );
    let local = UnixStream::connect(&socket).expect("listening");
    assert_eq!(exchange(local, &request).status, 202);
    assert_eq!(server.taken(), [Command::Pause]);
}

#[test]
fn unknown_paths_and_methods_are_coded() {
    let server = server();
    let missing = server.get("/api/v1/nothing");
    assert_eq!(
        (missing.status, missing.code().as_str()),
        (404, "E-API-PATH")
    );
    let wrong = server.get("/api/v1/command");
    assert_eq!((wrong.status, wrong.code().as_str()), (405, "E-API-METHOD"));
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let server = server();
    for path in ["/", "/page.css", "/page.js"] {
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
    assert!(!server.get("/page.js").body.contains("innerHTML"));
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
    let action = "code=\"E-CHAIN-CHIPS\",place=\"chain 2\",action=\"hash with the others\"";
    assert!(text.contains(action), "{text}");
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
    };
    let server = server_with(fixture::snapshot(), listen());
    let mode = |path: &PathBuf| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(&folder.0.join("deep")), 0o700);
    let second = start(listen(), server.published.clone(), Arc::new(|_| true));
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
    };
    drop(server_with(fixture::snapshot(), listen()));
    fs::write(&socket, "precious").expect("written");
    let published = Published::new(fixture::snapshot(), 1);
    assert!(start(listen(), published, Arc::new(|_| true)).is_err());
    assert_eq!(fs::read_to_string(&socket).expect("kept"), "precious");
}

#[test]
fn a_taken_port_is_a_coded_error_that_names_it() {
    let server = server();
    let taken = server.handle.addresses()[0];
    let listen = Listen {
        http: vec![taken],
        socket: None,
    };
    let error = start(listen, server.published.clone(), Arc::new(|_| true)).err();
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
        same_fields(&document, schema, served, path);
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
    same_fields(&document, problem, &server.get("/api/x").json(), "problem");
}

/// The schema's properties are the value's keys, all the way down, and types agree.
fn same_fields(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return same_fields(
            document,
            &document["components"]["schemas"][name],
            value,
            at,
        );
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = schema["type"].to_string();
    let fits = allowed.contains(kind) || (kind == "integer" && allowed.contains("number"));
    assert!(fits, "{at}: {kind} is not {allowed}");
    if let (Value::String(word), Value::Array(words)) = (value, &schema["enum"]) {
        assert!(words.contains(&word.as_str().into()), "{at}: {word}");
    }
    match value {
        Value::Array(items) => {
            items
                .iter()
                .for_each(|item| same_fields(document, &schema["items"], item, at));
        }
        Value::Object(fields) => {
            let described = schema["properties"].as_object().expect("properties");
            let names = |keys: Vec<&String>| keys.into_iter().cloned().collect::<BTreeSet<_>>();
            let (described_names, served) = (
                names(described.keys().collect()),
                names(fields.keys().collect()),
            );
            assert_eq!(described_names, served, "{at}");
            for (key, inner) in fields {
                same_fields(document, &described[key], inner, &format!("{at}.{key}"));
            }
        }
        _ => {}
    }
}

/// A folder of this test alone, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("stannary-api-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("made");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn orders_about_pools_are_taken_by_whoever_can_and_without_showing_the_password() {
    let published = Published::new(fixture::snapshot(), 3);
    let orders = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&orders);
    let pools: api::PoolOrders = Arc::new(move |order| {
        if let api::PoolOrder::Add { url, .. } = &order
            && url == "nonsense"
        {
            let (code, detail) = (Code::PoolAddress, "no address".to_owned());
            return Err(api::PoolRefused { code, detail });
        }
        taken.lock().expect("not poisoned").push(order);
        Ok(())
    });
    let listen = Listen {
        http: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
        socket: None,
    };
    let handle = api::start_with_pools(listen, published.clone(), Arc::new(|_| true), pools);
    let handle = handle.expect("a free port");
    let server = Server {
        handle,
        published,
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
    check(r#"{"order":"remove"}"#, 400, "E-API-REQUEST");
    check(
        r#"{"order":"remove","pool":0,"really":true}"#,
        400,
        "E-API-REQUEST",
    );
    check(r#"{"order":"remove","pool":256}"#, 400, "E-API-REQUEST");
    check(r#"{"order":"explode"}"#, 400, "E-API-REQUEST");
    check("[]", 400, "E-API-REQUEST");
    assert_eq!(orders.lock().expect("not poisoned").len(), 6);
    // A real machine listens to nobody over TCP, and a demo's pools are fixed.
    let mut real = fixture::snapshot();
    real.machine.emulated = false;
    server.published.publish(Arc::new(real));
    check(r#"{"order":"disable","pool":0}"#, 403, "E-API-FORBIDDEN");
    let request = post(JSON, r#"{"order":"disable","pool":0}"#);
    let fixed = self::server().tcp(&request.replace("/api/v1/command", "/api/v1/pools"));
    assert_eq!(fixed.status, 403);
}
