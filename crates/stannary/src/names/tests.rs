//! Against servers on loopback that say what a script tells them.

use std::net::TcpListener;
use std::thread;

use super::message::tests::{GOOD, answer, record};
use super::*;

/// A server that answers each question with packets, over UDP or TCP. It ends with the test's
/// process: nobody asks it any more.
fn server(script: impl Fn(&[u8], bool) -> Vec<Vec<u8>> + Send + Sync + 'static) -> SocketAddr {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = udp.local_addr().expect("its address");
        if let Ok(tcp) = TcpListener::bind(address) {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().expect("its address");
    let script = std::sync::Arc::new(script);
    let same = std::sync::Arc::clone(&script);
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((read, from)) = udp.recv_from(&mut buffer) {
            for packet in script(&buffer[..read], false) {
                let _ = udp.send_to(&packet, from);
            }
        }
    });
    thread::spawn(move || {
        for stream in tcp.incoming() {
            let Ok(mut stream) = stream else { break };
            let mut question = [0; 512];
            let read = stream.read(&mut question).unwrap_or(0);
            for packet in same(question.get(2..read).unwrap_or_default(), true) {
                let length = (packet.len() as u16).to_be_bytes();
                let _ = stream.write_all(&[&length, packet.as_slice()].concat());
            }
        }
    });
    address
}

fn is_a(question: &[u8]) -> bool {
    question[question.len() - 4..] == [0, 1, 0, 1]
}

/// The usual answer: 192.0.2.n, and no IPv6.
fn usual(question: &[u8], n: u8) -> Vec<u8> {
    match is_a(question) {
        true => answer(question, GOOD, &[record(1, &[192, 0, 2, n])]),
        false => answer(question, GOOD, &[]),
    }
}

fn ask_them(servers: &[SocketAddr], name: &str) -> Result<Vec<IpAddr>, NameError> {
    let servers = Servers {
        servers: servers.to_vec(),
        search: vec!["farm.example".into()],
        ndots: 1,
        timeout: Duration::from_millis(300),
    };
    let end = Instant::now() + Duration::from_secs(5);
    ask(
        &servers,
        &message::name(name).expect("a name"),
        name.ends_with('.'),
        end,
    )
}

fn check(servers: &[SocketAddr], name: &str, expected: Result<&[&str], NameError>) {
    let parse = |texts: &[&str]| {
        texts
            .iter()
            .map(|t| t.parse().expect("an address"))
            .collect()
    };
    assert_eq!(ask_them(servers, name), expected.map(parse), "{name}");
}

#[test]
fn both_kinds_are_asked_for_and_ipv4_comes_first() {
    let six = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let both = server(move |q, _| match is_a(q) {
        true => vec![answer(
            q,
            GOOD,
            &[record(1, &[192, 0, 2, 1]), record(1, &[192, 0, 2, 2])],
        )],
        false => vec![answer(q, GOOD, &[record(28, &six)])],
    });
    check(
        &[both],
        "pool.example",
        Ok(&["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
    );
    // A server that never says anything of IPv6 costs its time, and no more.
    let half = server(|q, _| is_a(q).then(|| usual(q, 3)).into_iter().collect());
    check(&[half], "pool.example", Ok(&["192.0.2.3"]));
}

#[test]
fn silent_and_failing_servers_are_passed_over() {
    let silent = server(|_, _| Vec::new());
    let failing = server(|q, _| vec![answer(q, 0x8182, &[])]);
    let good = server(|q, _| vec![usual(q, 4)]);
    check(&[silent, failing, good], "pool.example", Ok(&["192.0.2.4"]));
    check(
        &[silent, failing],
        "pool.example",
        Err(NameError::Failed(failing, 2)),
    );
    check(
        &[silent],
        "pool.example",
        Err(NameError::Silent(vec![silent])),
    );
    // Nobody listens there at all.
    let closed = UdpSocket::bind("127.0.0.1:0").and_then(|s| s.local_addr());
    let closed = closed.expect("its address");
    check(
        &[closed],
        "pool.example",
        Err(NameError::Silent(vec![closed])),
    );
}

#[test]
fn an_answer_that_did_not_fit_is_asked_for_over_tcp() {
    let long = server(|q, tcp| match tcp {
        false => vec![answer(q, 0x8380, &[])],
        true => vec![usual(q, 5)],
    });
    check(&[long], "pool.example", Ok(&["192.0.2.5"]));
    // One that says so over TCP as well, or nothing there, has not answered.
    let never = server(|q, _| vec![answer(q, 0x8380, &[])]);
    check(
        &[never],
        "pool.example",
        Err(NameError::Silent(vec![never])),
    );
    let broken = server(|q, tcp| match tcp {
        false => vec![answer(q, 0x8380, &[])],
        true => vec![vec![0; 3]],
    });
    check(
        &[broken],
        "pool.example",
        Err(NameError::Silent(vec![broken])),
    );
}

#[test]
fn what_is_not_the_answer_is_waited_out() {
    // Another id, another question, garbage, a loop of pointers; then the answer.
    let noisy = server(|q, _| {
        let mut other_id = usual(q, 66);
        other_id[0] ^= 0xFF;
        let mut other_name = usual(q, 67);
        other_name[13] = b'x';
        let mut record = record(1, &[192, 0, 2, 68]);
        record[1] = q.len() as u8;
        let looped = answer(q, GOOD, &[record]);
        vec![
            other_id,
            other_name,
            vec![0xFF; 40],
            Vec::new(),
            looped,
            usual(q, 6),
        ]
    });
    check(&[noisy], "pool.example", Ok(&["192.0.2.6"]));
    // A flood of wrong ones ends the wait.
    let flood = server(|q, _| {
        let mut wrong = usual(q, 66);
        wrong[0] ^= 0xFF;
        vec![wrong; 2 * PACKETS_MAX]
    });
    check(
        &[flood],
        "pool.example",
        Err(NameError::Silent(vec![flood])),
    );
}

#[test]
fn a_name_is_tried_as_it_is_and_in_the_search_domains() {
    let within = |q: &[u8]| q.windows(4).any(|w| w == b"farm");
    let farm = server(move |q, _| match within(q) {
        true => vec![usual(q, 7)],
        false => vec![answer(q, 0x8183, &[])],
    });
    check(&[farm], "pool", Ok(&["192.0.2.7"]));
    check(&[farm], "pool.example", Ok(&["192.0.2.7"]));
    check(&[farm], "pool.", Err(NameError::Unknown));
    let nothing = server(|q, _| vec![answer(q, 0x8183, &[])]);
    check(&[nothing], "pool.example", Err(NameError::Unknown));
    let empty = server(|q, _| vec![answer(q, GOOD, &[])]);
    check(&[empty], "pool.example.", Err(NameError::Empty));
}

#[test]
fn the_whole_is_bounded_however_many_are_silent() {
    let silent = server(|_, _| Vec::new());
    let servers = Servers {
        servers: vec![silent; 3],
        search: vec!["a.example".into(); 6],
        ndots: 9,
        timeout: Duration::from_secs(5),
    };
    // In one of several: a computer that lets nobody run makes none of them longer.
    let bounded = (0..3).any(|_| {
        let begin = Instant::now();
        let end = begin + Duration::from_millis(400);
        let error = ask(&servers, "pool", false, end).expect_err("nobody answers");
        assert!(matches!(error, NameError::Silent(_)), "{error}");
        begin.elapsed() < Duration::from_secs(3)
    });
    assert!(bounded);
}

#[test]
fn addresses_need_no_server_and_neither_does_this_machine() {
    for (host, expected) in [
        ("192.0.2.1", Ok(vec!["192.0.2.1:3333"])),
        ("[2001:db8::1]", Ok(vec!["[2001:db8::1]:3333"])),
        ("2001:db8::1", Ok(vec!["[2001:db8::1]:3333"])),
        ("pool example", Err(NameError::Malformed)),
        ("", Err(NameError::Malformed)),
    ] {
        let found = resolve(host, 3333);
        let found = found.map(|a| a.iter().map(ToString::to_string).collect::<Vec<_>>());
        let expected = expected.map(|e| e.iter().map(ToString::to_string).collect());
        assert_eq!(found, expected, "{host}");
    }
    let here = resolve("LocalHost", 80).expect("this machine");
    assert!(here.iter().all(|a| a.ip().is_loopback()), "{here:?}");
}
