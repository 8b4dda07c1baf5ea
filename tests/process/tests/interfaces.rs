//! Those who do not mean well at every port of a daemon: many who hold what they opened, slow ones, and
//! requests that are none. They cost bounded memory and never a share, and whoever means well is answered.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use process::{OldPorts, PATIENCE, Program, Site, get_json, stannary, wait_for};
use socket2::{Domain, Socket, Type};

/// Sockets at a time, all ports together.
const SOCKETS: usize = 10_000;
/// What all of that may cost: 32 connections at each port, each with buffers, what threads keep of their
/// stacks, and what an allocator does not give back.
const MEMORY_KIB: u64 = 16 * 1024;
/// Descriptors beside those of a daemon that nobody asks: 32 connections at each of four ports, as many handshakes, and a few
/// that are on their way out.
const DESCRIPTORS: usize = 5 * 32 + 32;

#[test]
fn ten_thousand_sockets_slow_clients_and_nonsense_cost_bounded_memory_and_no_share() {
    let Some(binary) = stannary() else {
        return;
    };
    let mut site = Site::new("antminer-s9");
    let old = site.open_to_old_clients(None, "read");
    let over_tls = site.page_over_tls_too();
    let mut daemon = site.run(&binary);
    site.wait_for_shares(&mut daemon);
    let ports = ports(&site, &old, over_tls);
    let calm = daemon.resident_kib().expect("it lives");
    let descriptors = daemon.descriptors().expect("it lives");

    let stop = Arc::new(AtomicBool::new(false));
    let slow: Vec<_> = ports
        .into_iter()
        .map(|port| std::thread::spawn(slowly(port, Arc::clone(&stop))))
        .collect();
    let held: Vec<Socket> = (0..SOCKETS)
        .filter_map(|i| hold(ports[i % ports.len()], i))
        .collect();
    assert!(held.len() == SOCKETS, "only {} sockets", held.len());
    let found = site.accepted();
    let mut most = (0, 0);
    wait_for("shares beside ten thousand sockets", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        most.0 = most.0.max(daemon.resident_kib()?);
        most.1 = most.1.max(daemon.descriptors()?);
        (site.accepted() > found + 5).then_some(())
    });
    // They are still there, and somebody comes who only wants to look.
    answered(&site, &old, "beside all of them");
    drop(held);

    for port in ports {
        for nonsense in nonsense() {
            say(port, &nonsense);
        }
        most.0 = most.0.max(daemon.resident_kib().expect("it lives"));
    }
    stop.store(true, Ordering::Relaxed);
    for thread in slow {
        thread.join().expect("it only writes");
    }
    answered(&site, &old, "after all of them");
    println!("{calm} KiB and {descriptors} descriptors, then {most:?} at most");
    assert!(most.0 <= calm + MEMORY_KIB, "{calm} KiB became {most:?}");
    assert!(
        most.1 <= descriptors + DESCRIPTORS,
        "{descriptors} became {most:?}"
    );
    site.wait_for_more_shares(&mut daemon, site.accepted());
    let totals = site.pool.ledger(|ledger| ledger.totals);
    assert_eq!((totals.rejected(), totals.duplicate), (0, 0), "{totals:?}");
    let status = get_json(&format!("{}api/v1/status", site.page)).expect("it answers");
    assert_eq!(status["state"], "hashing", "{status}");
    assert_eq!(status["shares"]["lost"], 0, "{status}");
    daemon.terminate();
    assert!(ended_well(&mut daemon), "{}", daemon.everything());
}

fn ports(site: &Site, old: &OldPorts, over_tls: SocketAddr) -> [SocketAddr; 4] {
    let page = site
        .page
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let page = page.parse().expect("an address");
    [page, over_tls, old.socket, old.side]
}

fn ended_well(daemon: &mut Program) -> bool {
    daemon.wait(PATIENCE).success()
}

/// Opens a socket and says the first half of something; what is not taken at once waits in the kernel.
fn hold(port: SocketAddr, i: usize) -> Option<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket.set_nonblocking(true).ok()?;
    // In progress is no failure.
    let _ = socket.connect(&port.into());
    let half: &[u8] = match i / 4 % 5 {
        0 => b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: ",
        1 => b"{\"command\":\"summ",
        // The first bytes of a handshake that says it is longer.
        3 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        2 => b"POST /api/v1/command HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4000\r\n\r\n{",
        _ => b"",
    };
    let _ = socket.send(half);
    Some(socket)
}

/// A client that gives a byte now and then, and comes again when it was sent away.
fn slowly(port: SocketAddr, stop: Arc<AtomicBool>) -> impl FnOnce() + Send {
    move || {
        let text = b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ";
        while !stop.load(Ordering::Relaxed) {
            let Ok(mut stream) = TcpStream::connect_timeout(&port, Duration::from_millis(200))
            else {
                continue;
            };
            for byte in text.iter().chain([b'x'; 4096].iter()) {
                if stop.load(Ordering::Relaxed) || stream.write_all(&[*byte]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// What no port asks for.
fn nonsense() -> Vec<Vec<u8>> {
    let request =
        |head: &str, body: &str| format!("{head}\r\nHost: 127.0.0.1\r\n{body}").into_bytes();
    let post = |body: &str| {
        let length = format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        request("POST /api/v1/command HTTP/1.1", &length)
    };
    let deep = "[".repeat(200_000);
    vec![
        Vec::new(),
        b"\0\xff\xfe\r\n\r\n".to_vec(),
        b"{\"command\":".repeat(20_000),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        request("GET /api/v1/status?chips=99999999999 HTTP/1.1", "\r\n"),
        request(&format!("GET /{} HTTP/1.1", "a".repeat(100_000)), "\r\n"),
        request(
            "GET / HTTP/1.1",
            &format!("X: {}\r\n\r\n", "y".repeat(1 << 20)),
        ),
        request("GET / HTTP/1.1", &"X: y\r\n".repeat(20_000)),
        request(
            "POST /api/v1/command HTTP/1.1",
            "Content-Length: 99999999999999\r\n\r\n{",
        ),
        request(
            "POST /api/v1/command HTTP/1.1",
            "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        ),
        post(&deep),
        post("{\"command\": \"pause\", \"command\": \"resume\"}"),
        post("{\"command\": \"fans\", \"duty_percent\": 1e999}"),
        post("{\"command\": \"\u{202e}\"}"),
        post(&format!("{{\"command\": \"{}\"}}", "z".repeat(1 << 20))),
        format!("{{\"command\":\"{}\"}}", "q".repeat(1 << 20)).into_bytes(),
        format!("{{\"command\":{deep}").into_bytes(),
        b"{\"command\":\"summary\",\"parameter\":\"\\ud800\"}".to_vec(),
        b"summary|".repeat(100_000),
        b"\x16\x03\x01\xff\xff".repeat(20_000),
    ]
}

/// Says it and reads what comes back, whatever that is, for a moment.
fn say(port: SocketAddr, text: &[u8]) {
    let connected = TcpStream::connect_timeout(&port, Duration::from_secs(10));
    let mut stream = connected.unwrap_or_else(|why| panic!("{port} takes nobody: {why}"));
    let limit = Some(Duration::from_millis(300));
    stream.set_read_timeout(limit).expect("set");
    stream.set_write_timeout(limit).expect("set");
    let _ = stream.write_all(text);
    let mut answer = Vec::new();
    let _ = stream.take(64 * 1024).read_to_end(&mut answer);
}

/// Somebody who means well is, at each port.
fn answered(site: &Site, old: &OldPorts, when: &str) {
    wait_for(&format!("the status, {when}"), PATIENCE, || {
        get_json(&format!("{}api/v1/status", site.page)).filter(|s| s["state"] == "hashing")
    });
    wait_for(&format!("the side port, {when}"), PATIENCE, || {
        get_json(&format!("http://{}/warning", old.side))
    });
    wait_for(&format!("the summary, {when}"), PATIENCE, || {
        let mut stream = TcpStream::connect_timeout(&old.socket, Duration::from_secs(5)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream.write_all(b"{\"command\":\"summary\"}").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.contains("\"SUMMARY\"").then_some(())
    });
}
