//! The server on a real loopback port.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::*;

fn serve() -> PoolServer {
    start(PoolServerOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        pool: PoolOptions::default(),
        node: None,
    })
    .expect("loopback has a free port")
}

fn summary(server: &PoolServer) -> PoolSummary {
    server.with_ledger(PoolSummary::of)
}

#[test]
fn a_session_over_tcp_gets_its_first_job() {
    let mut server = serve();
    let mut stream = TcpStream::connect(server.local_addr()).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a timeout");
    let requests = "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n\
                    {\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"u\",\"x\"]}\n";
    stream.write_all(requests.as_bytes()).expect("it reads");
    let lines = BufReader::new(stream.try_clone().expect("a clone")).lines();
    let mut messages =
        lines.map(|l| serde_json::from_str::<Value>(&l.expect("a line")).expect("json"));
    assert!(messages.any(|m| m["method"] == "mining.notify"));
    stream.write_all(b"nonsense\n").expect("it reads");
    assert!(messages.next().is_none(), "nonsense closes the connection");
    assert_eq!(summary(&server).connections, 1);
    assert_eq!(summary(&server).violations, 1);
    server.stop();
    assert!(
        TcpStream::connect(server.local_addr()).is_err(),
        "nobody listens any more"
    );
}

/// A run ends with its accounts: what was sent before a miner closed belongs to them.
#[test]
fn what_a_client_sent_before_it_closed_is_counted_once_all_was_read_out() {
    let server = serve();
    let mut stream = TcpStream::connect(server.local_addr()).expect("it listens");
    let mut requests = "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n\
                        {\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"u\",\"x\"]}\n"
        .to_owned();
    const SENT: u64 = 500;
    for id in 0..SENT {
        requests.push_str(&format!(
            "{{\"id\":{},\"method\":\"mining.submit\",\"params\":[\"u\",\"none\",\"00\",\"00000000\",\"00000000\"]}}\n",
            id + 3
        ));
    }
    stream.write_all(requests.as_bytes()).expect("it reads");
    // Its answers are not waited for: a client that closes with some unread resets the connection.
    stream.shutdown(std::net::Shutdown::Write).expect("closed");
    wait_for_one(&server);
    server.read_out(Duration::from_secs(30));
    assert_eq!(summary(&server).totals.submitted(), SENT);
    // Who stays is waited for no longer than was said.
    let _stays = TcpStream::connect(server.local_addr()).expect("it listens");
    server.read_out(Duration::from_millis(50));
}

/// A connection is known once it was accepted, which a miner that had work has long been.
fn wait_for_one(server: &PoolServer) {
    let began = std::time::Instant::now();
    while summary(server).connections == 0 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "nobody is let in"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn it_refuses_to_listen_to_strangers() {
    let options = PoolServerOptions {
        listen: SocketAddr::from(([0, 0, 0, 0], 0)),
        pool: PoolOptions::default(),
        node: None,
    };
    assert!(start(options).is_err());
}

#[test]
fn a_node_that_is_not_there_is_an_error_at_once() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = unused.local_addr().expect("bound");
    drop(unused);
    let options = PoolServerOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        pool: PoolOptions::default(),
        node: Some(format!("http://u:secret@{address}")),
    };
    let why = format!("{:#}", start(options).expect_err("no node"));
    assert!(
        why.contains("E-TWIN-NODE") && !why.contains("secret"),
        "{why}"
    );
}
