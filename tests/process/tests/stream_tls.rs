//! The live stream over TLS, on the daemon as it is run: it says what the status says, and readers who take
//! nothing cost a bound of memory and are sent away.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use process::{Line, PATIENCE, Site, Way, get_json, of_one_snapshot, stannary, wait_for};
use serde_json::Value;
use socket2::{Domain, Socket, Type};

const PASSWORD: &str = "correct horse battery";
/// What a twin's loopback does not open by itself.
const ELSEWHERE: &str = "X-Forwarded-For: 192.0.2.9\r\n";
/// As many as are served at a time.
const STREAMS: usize = 16;
/// What sixteen of them may cost that take nothing: each some 64 KB of TLS and of HTTP, a snapshot in hand, and what
/// an allocator keeps.
const MEMORY_KIB: u64 = 12 * 1024;

/// Events of a stream: the name, and what came with it.
struct Events(std::io::Lines<BufReader<Box<dyn Line>>>);

impl Events {
    fn open(way: &Way, token: &str) -> Events {
        let headers = format!("{ELSEWHERE}Authorization: Bearer {token}\r\n");
        let request = way.request("GET", "/api/v1/stream?every_s=0.25", &headers, "");
        let line = way.send(&request).expect("it listens");
        Events(BufReader::new(line).lines())
    }

    fn next_line(&mut self) -> String {
        self.0.next().expect("it goes on").expect("a line")
    }

    fn next(&mut self) -> (String, Value) {
        loop {
            let line = self.next_line();
            let Some(name) = line.strip_prefix("event: ") else {
                continue;
            };
            let name = name.to_owned();
            let data = loop {
                let line = self.next_line();
                if let Some(data) = line.strip_prefix("data: ") {
                    break serde_json::from_str(data).expect("JSON");
                }
            };
            return (name, data);
        }
    }

    /// The next event of this name.
    fn until(&mut self, wanted: &str) -> Value {
        loop {
            let (name, data) = self.next();
            if name == wanted {
                return data;
            }
        }
    }
}

#[test]
fn the_stream_over_tls_says_what_the_status_says_and_slow_readers_are_bounded() {
    let Some(binary) = stannary() else {
        return;
    };
    let mut site = Site::new("antminer-s9");
    let secure = site.page_over_tls_too();
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);
    let way = Way::tls(secure, &site.certificate(&binary));
    site.claim(&binary, PASSWORD);
    let token = site.token(&binary, "eyes", "read");

    // Whoever has another certificate in mind says nothing to this one.
    let other = Way::tls(secure, &"0".repeat(64));
    assert!(other.send("GET / HTTP/1.1\r\n\r\n").is_err());
    let refused = way.ask("GET", "/api/v1/stream", ELSEWHERE, "");
    assert_eq!(refused.code(), "E-ACCESS-LOGIN", "{refused:?}");

    let mut events = Events::open(&way, &token);
    let (first, begin) = events.next();
    assert_eq!((&*first, &begin["log"]), ("begin", &Value::Bool(true)));
    let notes = events.until("notes");
    let codes: Vec<_> = notes["notes"].as_array().expect("notes").iter().collect();
    assert!(codes.iter().all(|note| note["code"].is_string()), "{notes}");
    assert!(!codes.is_empty());
    let mut before = 0;
    for _ in 0..4 {
        let seq = events.until("snapshot")["seq"].as_u64().expect("a number");
        assert!(seq > before, "{seq} after {before}");
        before = seq;
    }
    let status = || get_json(&format!("{}api/v1/status", site.page)).expect("it answers");
    let streamed = || events.until("snapshot");
    let (streamed, status) = of_one_snapshot("one snapshot here and there", streamed, status);
    assert_eq!(streamed, status);
    drop(events);

    let calm = daemon.resident_kib().expect("it lives");
    let slow = take_all(&way, secure, &token);
    let mut most = calm;
    let full = way.ask("GET", "/api/v1/stream", &bearer(&token), "");
    assert_eq!((full.status, &*full.code()), (503, "E-API-STREAMS"));
    // They take nothing: their places are free again, and meanwhile everybody else is answered.
    wait_for("a place that a slow reader had", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        most = most.max(daemon.resident_kib()?);
        get_json(&format!("{}api/v1/status", site.page)).expect("it answers");
        let request = way.request("GET", "/api/v1/stream", &bearer(&token), "");
        let mut line = way.send(&request).ok()?;
        let mut head = [0; 12];
        line.read_exact(&mut head).ok()?;
        (&head == b"HTTP/1.1 200").then_some(())
    });
    drop(slow);
    println!("{calm} KiB, then {most} at most");
    assert!(most <= calm + MEMORY_KIB, "{calm} KiB became {most}");
    site.wait_for_more_shares(&mut daemon, site.accepted());
    daemon.terminate();
    assert!(daemon.wait(PATIENCE).success(), "{}", daemon.everything());
}

fn bearer(token: &str) -> String {
    format!("{ELSEWHERE}Authorization: Bearer {token}\r\n")
}

/// Every place there is, by readers who read the head of an answer and no more.
fn take_all(way: &Way, at: SocketAddr, token: &str) -> Vec<Box<dyn Line>> {
    let request = way.request(
        "GET",
        "/api/v1/stream?every_s=0.25&chips=1",
        &bearer(token),
        "",
    );
    let mut held: Vec<Box<dyn Line>> = Vec::new();
    // The first reader's place is free a moment after it left.
    wait_for("sixteen places", PATIENCE, || {
        let mut line = way
            .send_over(narrow(at), &request)
            .expect("a connection, and TLS");
        let mut head = [0; 12];
        line.read_exact(&mut head).expect("an answer");
        if &head == b"HTTP/1.1 200" {
            held.push(line);
        }
        (held.len() == STREAMS).then_some(())
    });
    held
}

/// A connection whose reader's kernel takes little.
fn narrow(at: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4096).expect("set");
    socket
        .connect_timeout(&at.into(), Duration::from_secs(30))
        .expect("it listens");
    socket.into()
}
