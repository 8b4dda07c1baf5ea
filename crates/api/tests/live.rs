//! The past, the present as a stream, and what can be set, as a client gets them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Kept;
use fixture::server::{
    CLAIMED, Folder, JSON, Server, Told, bearer, gate, login, of_real, ours, real, request, server,
    server_with, session_of,
};
use serde_json::{Value, json};

mod fixture;

/// Far beyond what anything here takes: what does not come within it never comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Streams that a server serves.
const STREAMS: usize = 16;

/// A stream that was opened, read event by event.
struct Stream {
    lines: BufReader<TcpStream>,
    head: String,
}

impl Stream {
    fn open(server: &Server, query: &str, headers: &str) -> Stream {
        let stream = TcpStream::connect(server.handle.addresses()[0]).expect("listening");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        let mut to = stream.try_clone().expect("cloned");
        let asked =
            format!("GET /api/v1/stream{query} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        to.write_all(asked.as_bytes()).expect("sent");
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).expect("a head") > 0 {}
        Stream { lines, head }
    }

    fn is_open(&self) -> bool {
        self.head.starts_with("HTTP/1.1 200")
    }

    /// The next event with its id; `None` where the stream has ended.
    fn next(&mut self) -> Option<(String, Value, Option<String>)> {
        let (mut id, mut name) = (None, String::new());
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).expect("a line") == 0 {
                return None;
            }
            let line = line.trim_end();
            // What is none of these is the framing of the transfer.
            if let Some(text) = line.strip_prefix("id: ") {
                id = Some(text.to_owned());
            } else if let Some(text) = line.strip_prefix("event: ") {
                name = text.to_owned();
            } else if let Some(text) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(text).expect("JSON"), id));
            } else if line == "0" {
                return None;
            }
        }
    }

    /// The next of this name.
    fn until(&mut self, wanted: &str) -> Value {
        loop {
            let (name, data, _) = self.next().unwrap_or_else(|| panic!("no `{wanted}` came"));
            if name == wanted {
                return data;
            }
        }
    }
}

fn publish(server: &Server, seq: u64, change: impl FnOnce(&mut telemetry::Snapshot)) {
    let mut next = fixture::snapshot();
    next.seq = seq;
    next.uptime_s += seq as f64 - 12.0;
    change(&mut next);
    server.published.publish(Arc::new(next));
}

#[test]
fn the_past_is_served_in_columns_as_long_as_they_are_said_to_be() {
    let server = server();
    for seq in 13..=100 {
        publish(&server, seq, |s| {
            s.power_w = (seq % 2 == 0).then_some(3000.0)
        });
    }
    let past = server.get("/api/v1/history").json();
    // The fixture's uptime is 3725 s.
    assert_eq!(
        (&past["step_s"], &past["from_s"], &past["rows"]),
        (&1.into(), &3725.into(), &88.into())
    );
    assert_eq!(past["uptime_s"], 3813.123);
    let columns = past["series"].as_object().expect("columns");
    assert_eq!(columns.len(), 11);
    for (name, column) in columns {
        assert_eq!(column.as_array().map(Vec::len), Some(88), "{name}");
    }
    assert_eq!(columns["rate_ths"][0], 112.3457);
    assert_eq!(
        (&columns["power_w"][1], &columns["power_w"][2]),
        (&Value::Null, &json!(3000.0))
    );
    assert_eq!(columns["temp_c"][0], 61.5);
    assert_eq!(past["chains"][2]["slot"], 2);
    assert_eq!(past["chains"][0]["chain_board_c"][0], 61.5);
    assert_eq!(past["chains"][1]["chain_board_c"][0], Value::Null);
    let some = server
        .get("/api/v1/history?range_s=20&step_s=10&series=accepted,rate_ths")
        .json();
    assert_eq!(some["rows"], 2);
    assert_eq!(some["chains"], json!([]));
    assert_eq!(some["series"]["accepted"], json!([0.0, 0.0]));
    assert_eq!(some["series"].as_object().map(|all| all.len()), Some(2));
    let chains = server.get("/api/v1/history?series=chain_rate_ths").json();
    assert_eq!(chains["series"], json!({}));
    assert_eq!(chains["chains"][0].as_object().map(|c| c.len()), Some(2));
}

#[test]
fn what_is_asked_of_the_past_in_vain_is_refused_with_what_there_is() {
    let server = server();
    let check = |query: &str, words: &str| {
        let answer = server.get(&format!("/api/v1/history?{query}"));
        let found = (answer.status, answer.code());
        assert_eq!(found, (400, "E-API-REQUEST".to_owned()), "{query}");
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(words), "{query}: {detail}");
        assert_ne!(problem["remedy"], "");
    };
    check("range_s=0", "1 to 604800");
    check("range_s=604801", "1 to 604800");
    check("range_s=-1", "range_s");
    check("range_s=3600&step_s=1", "the last 600 s");
    check("step_s=7", "1, 10, 60, 600");
    check("series=heat", "rate_ths, nominal_ths");
    check("series=", "rate_ths");
    check("rang_s=5", "rang_s");
}

#[test]
fn the_longest_answer_of_the_past_is_bounded() {
    let server = server();
    for row in 0..3000u32 {
        publish(&server, 13, |s| s.uptime_s = 4000.0 + f64::from(row) * 60.0);
    }
    let longest = server.get("/api/v1/history?range_s=172800&step_s=60");
    assert_eq!(longest.json()["rows"], 2880);
    assert!(longest.body.len() < 500_000, "{} bytes", longest.body.len());
    let usual =
        server.get("/api/v1/history?range_s=86400&series=rate_ths,nominal_ths,power_w,temp_c");
    assert_eq!(usual.json()["rows"], 1440);
    assert!(usual.body.len() < 60_000, "{} bytes", usual.body.len());
}

#[test]
fn a_stream_opens_with_all_that_is_and_goes_on_with_what_is_new() {
    let server = server();
    fixture::notes()
        .into_iter()
        .for_each(|n| server.published.note(n));
    let mut stream = Stream::open(&server, "?every_s=0.25", "");
    assert!(stream.is_open(), "{}", stream.head);
    let head = stream.head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    let (name, opened, _) = stream.next().expect("a beginning");
    assert_eq!((name.as_str(), &opened["log"]), ("begin", &true.into()));
    let (name, snapshot, _) = stream.next().expect("a snapshot");
    assert_eq!(name, "snapshot");
    assert_eq!(snapshot, server.get("/api/v1/status").json());
    let (name, notes, id) = stream.next().expect("notes");
    assert_eq!(name, "notes");
    assert_eq!(notes, server.get("/api/v1/log").json());
    publish(&server, 13, |s| s.faults.clear());
    let gone = stream.until("faults");
    assert_eq!(
        gone["gone"][0],
        json!({ "code": "E-CHAIN-CHIPS", "place": "chain 2" })
    );
    assert_eq!(stream.until("snapshot")["seq"], 13);
    server.published.note(fixture::notes().remove(4));
    assert_eq!(stream.until("notes")["last"], 6);
    // Whoever comes back is told what was missed, and nothing else.
    let id = id.expect("an id");
    let again = format!("Last-Event-ID: {id}\r\n");
    let mut stream = Stream::open(&server, "?chips=1", &again);
    assert_eq!(
        stream.until("snapshot")["chains"][0]["chips"]
            .as_array()
            .map(Vec::len),
        Some(114)
    );
    let missed = stream.until("notes");
    assert_eq!(
        (&missed["last"], missed["notes"].as_array().map(Vec::len)),
        (&6.into(), Some(1))
    );
    let mut stream = Stream::open(&server, &format!("?last_event_id={id}"), "");
    assert_eq!(
        stream.until("notes")["notes"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn a_stream_that_makes_no_sense_is_refused() {
    let server = server();
    for query in [
        "every_s=0.2",
        "every_s=61",
        "every_s=NaN",
        "every_s=x",
        "chips=maybe",
        "evry_s=1",
    ] {
        let answer = server.get(&format!("/api/v1/stream?{query}"));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "E-API-REQUEST"),
            "{query}"
        );
    }
}

#[test]
fn whoever_may_not_look_gets_no_stream_and_who_may_not_read_the_log_gets_none() {
    let folder = Folder::new("live-rights");
    let (server, _) = of_real(&folder, Kept::parse(CLAIMED));
    for path in ["history", "settings", "stream"] {
        let answer = server.get(&format!("/api/v1/{path}"));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "E-ACCESS-LOGIN"),
            "{path}"
        );
    }
    for path in ["history", "settings"] {
        let answer = server.ask("GET", &format!("/api/v1/{path}"), &bearer("33"), "");
        assert_eq!(answer.status, 200, "{path}");
    }
    let mut stream = Stream::open(&server, "", &bearer("33"));
    assert_eq!(stream.until("begin")["log"], true);
    let open = server.ask(
        "POST",
        "/api/v1/access",
        &(ours() + JSON),
        r#"{"status_open":true}"#,
    );
    assert_eq!(open.status, 200, "{}", open.body);
    server.published.note(fixture::notes().remove(0));
    let mut stream = Stream::open(&server, "?every_s=0.25", "");
    assert_eq!(stream.until("begin")["log"], false);
    stream.until("snapshot");
    publish(&server, 13, |_| ());
    let (name, ..) = stream.next().expect("another");
    assert_eq!(name, "snapshot", "and no notes");
    // What the owner closes again ends.
    let close = server.ask(
        "POST",
        "/api/v1/access",
        &(ours() + JSON),
        r#"{"status_open":false}"#,
    );
    assert_eq!(close.status, 200);
    assert_eq!(stream.until("end")["code"], "E-ACCESS-LOGIN");
    assert_eq!(stream.next(), None);
}

#[test]
fn a_stream_ends_with_its_token_and_with_its_session() {
    let folder = Folder::new("live-ends");
    let (server, _) = of_real(&folder, Kept::parse(CLAIMED));
    let mut of_token = Stream::open(&server, "", &bearer("33"));
    let answer = login(&server, fixture::server::PASSWORD);
    let (cookie, csrf) = session_of(&answer);
    let mut of_session = Stream::open(&server, "", &cookie);
    of_token.until("snapshot");
    of_session.until("snapshot");
    let revoked = server.ask("DELETE", "/api/v1/tokens/eyes", &ours(), "");
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    let asked = Instant::now();
    assert_eq!(of_token.until("end")["code"], "E-ACCESS-LOGIN");
    assert_eq!(of_token.next(), None);
    // Who may is looked at each second; the rest is for a computer that lets nobody run for some of them.
    assert!(asked.elapsed() < Duration::from_secs(15));
    let left = server.ask(
        "POST",
        "/api/v1/logout",
        &format!("{cookie}{csrf}{JSON}"),
        "{}",
    );
    assert_eq!(left.status, 200, "{}", left.body);
    assert_eq!(of_session.until("end")["code"], "E-ACCESS-LOGIN");
    assert_eq!(of_session.next(), None);
}

#[test]
fn beyond_its_streams_a_thousand_are_refused_and_everything_else_is_answered() {
    let server = server();
    let mut open: Vec<_> = (0..STREAMS)
        .map(|_| Stream::open(&server, "", ""))
        .collect();
    assert!(open.iter().all(Stream::is_open));
    for _ in 0..1000 {
        let refused = server.tcp("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (503, "E-API-STREAMS")
        );
        assert_eq!(refused.header("retry-after"), Some("10"));
    }
    assert_eq!(server.get("/api/v1/status").status, 200);
    assert!(open.iter_mut().all(|stream| stream.next().is_some()));
    // A reader that leaves makes room.
    drop(open.pop());
    let begun = Instant::now();
    while !Stream::open(&server, "", "").is_open() {
        assert!(begun.elapsed() < PATIENCE, "its place is never free");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What this process has in memory, bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.expect("a size") * 1024
}

#[test]
fn readers_that_sleep_miss_snapshots_and_cost_bounded_memory() {
    let server = server();
    // Events of half a megabyte, so that a queue of them would show.
    let fat = |s: &mut telemetry::Snapshot| {
        let decision = s.decisions[0].clone();
        let reason = "x".repeat(500_000);
        s.decisions.push(telemetry::Decision { reason, ..decision });
    };
    publish(&server, 13, fat);
    let mut asleep: Vec<_> = (0..STREAMS)
        .map(|_| Stream::open(&server, "?every_s=0.25", ""))
        .collect();
    std::thread::sleep(Duration::from_millis(1500));
    let before = resident();
    for seq in 14..=33 {
        publish(&server, seq, fat);
        std::thread::sleep(Duration::from_millis(250));
    }
    // 20 snapshots for each of 16 were 160 MB.
    let grown = resident().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    // Whoever wakes up sees what waited in the kernel, and then the present.
    let mut seqs = Vec::new();
    while seqs.last() != Some(&33) {
        let seq = asleep[0].until("snapshot")["seq"].as_u64();
        seqs.push(seq.expect("a number"));
    }
    assert!(seqs.is_sorted(), "{seqs:?}");
    assert!(seqs.len() < 15, "skipped, not kept: {seqs:?}");
    println!("{STREAMS} sleeping readers: {grown} bytes more; one of them saw {seqs:?}");
}

#[test]
fn a_server_stops_at_once_however_many_streams_are_open() {
    // In one of several: a computer that lets nobody run for a moment makes one of them longer.
    let took: Vec<_> = (0..5).map(|_| time_to_stop()).collect();
    let at_once = |took: &Duration| *took < Duration::from_millis(200);
    assert!(took.iter().any(at_once), "{took:?}");
}

fn time_to_stop() -> Duration {
    let server = server();
    let mut open: Vec<_> = (0..4).map(|_| Stream::open(&server, "", "")).collect();
    open.iter_mut().for_each(|stream| {
        stream.until("snapshot");
    });
    let asked = Instant::now();
    drop(server);
    let took = asked.elapsed();
    let mut rest = Vec::new();
    open[0].lines.read_to_end(&mut rest).expect("an end");
    assert!(
        rest.ends_with(b"0\r\n\r\n"),
        "{}",
        String::from_utf8_lossy(&rest)
    );
    took
}

#[test]
fn what_can_be_set_is_said_with_the_order_that_the_miner_takes() {
    let server = server();
    let said = server.get("/api/v1/settings").json();
    assert_eq!(said["seq"], 12);
    let find = |name: &str| -> Value {
        let all = said["settings"].as_array().expect("a list").iter();
        let mut all = all.filter(|setting| setting["name"] == name);
        all.next().unwrap_or_else(|| panic!("no {name}")).clone()
    };
    let ceiling = find("power_ceiling");
    let shown = |key: &str| ceiling[key].clone();
    let numbers = ["min", "max", "default", "set", "in_force"].map(shown);
    assert_eq!(
        numbers,
        [310.0, 3575.0, 3575.0, 3300.0, 3300.0].map(Value::from)
    );
    assert_eq!(
        (&ceiling["unit"], &ceiling["clears"]),
        (&"W".into(), &true.into())
    );
    let give = |order: &Value| server.post(JSON, &order.to_string());
    let mut order = ceiling["order"].clone();
    order[ceiling["field"].as_str().expect("a field")] = 2000.0.into();
    assert_eq!(give(&order).status, 202);
    order[ceiling["field"].as_str().expect("a field")] = 200.0.into();
    assert_eq!(give(&order).code(), "E-API-RANGE");
    for name in ["run", "fan_mode"] {
        let choices = find(name)["choices"].as_array().cloned().expect("choices");
        assert!(choices.len() >= 2);
        for choice in choices {
            assert_eq!(give(&choice["order"]).status, 202, "{choice}");
        }
    }
    assert_eq!(server.taken().len(), 7);
}

/// The order is one of the kinds of command that are described, with no field beyond.
fn is_described(document: &Value, order: &Value) -> bool {
    let kinds = &document["components"]["schemas"]["Order"]["oneOf"];
    let fields = order.as_object().expect("an object");
    kinds.as_array().expect("kinds").iter().any(|kind| {
        let said = kind["properties"]["command"]["const"] == order["command"];
        said && fields
            .keys()
            .all(|field| kind["properties"][field].is_object())
    })
}

#[test]
fn the_description_names_every_field_of_these_too() {
    let server = server();
    publish(&server, 40, |_| ());
    let document = server.get("/api/v1/openapi.json").json();
    let check = |document: &Value, path: &str, served: &Value| {
        let answer = &document["paths"][path]["get"]["responses"]["200"]["content"];
        let schema = &answer["application/json"]["schema"];
        fixture::same_fields(document, schema, served, path);
    };
    let past = server.get("/api/v1/history").json();
    check(&document, "/api/v1/history", &past);
    let settings = server.get("/api/v1/settings").json();
    check(&document, "/api/v1/settings", &settings);
    for setting in settings["settings"].as_array().expect("a list") {
        let choices = setting["choices"].as_array().expect("a list").iter();
        let of_choices = choices.map(|choice| &choice["order"]);
        for order in std::iter::once(&setting["order"]).chain(of_choices) {
            assert!(order.is_null() || is_described(&document, order), "{order}");
        }
    }
    let described = &document["paths"]["/api/v1/stream"]["get"]["responses"]["200"]["content"];
    assert!(described["text/event-stream"].is_object());
    let mut stream = Stream::open(&server, "?every_s=0.25", "");
    let opened = stream.until("begin");
    publish(&server, 41, |s| s.faults.clear());
    let gone = stream.until("faults");
    publish(&server, 42, |_| ());
    let came = stream.until("faults");
    for (name, event) in [
        ("StreamBegin", opened),
        ("StreamFaults", gone),
        ("StreamFaults", came),
    ] {
        let schema = &document["components"]["schemas"][name];
        fixture::same_fields(&document, schema, &event, name);
    }
}

#[test]
fn the_local_socket_streams_too() {
    let folder = Folder::new("live-local");
    let server = server_with(
        real(),
        folder.listen(),
        gate(Kept::parse(CLAIMED), &Told::default()),
    );
    let stream = std::os::unix::net::UnixStream::connect(folder.socket()).expect("listening");
    let mut to = stream.try_clone().expect("cloned");
    to.write_all(request("GET", "/api/v1/stream", "", "").as_bytes())
        .expect("sent");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "event: snapshot"));
    drop(server);
    assert!(lines.any(|line| line == "0"), "it ends with the server");
}
