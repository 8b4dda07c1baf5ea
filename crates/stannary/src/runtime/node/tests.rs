//! The thread at a node that is played: what it says, and when.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stratum::Address;
use stratum::node::{Access, Answer, FailureKind, News};
use units::ShareId;

use super::asker::{Asker, BlockOrder};
use super::bell;

/// Far beyond what anything here takes on a busy computer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a played node answers to a method and its parameters, given as many calls of it as
/// came before. `None` keeps it waiting.
pub(super) type Play = fn(method: &str, params: &Value, before: usize) -> Option<Vec<u8>>;

struct Stage {
    post: Option<bell::Post<BlockOrder>>,
    news: Receiver<News>,
    /// Each call.
    calls: Receiver<Call>,
    /// Kept open on purpose.
    _held: Receiver<TcpStream>,
}

/// A node that plays this: how it is reached, its calls, and what it keeps waiting.
pub(super) fn played(login: &str, play: Play) -> (Access, Receiver<Call>, Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let (calls, seen) = channel();
    let (hold, held) = channel();
    std::thread::spawn(move || serve(&listener, play, &calls, &hold));
    let Ok(Address::Node(access)) = Address::parse(&format!("node+http://{login}127.0.0.1:{port}"))
    else {
        panic!("a node's address");
    };
    (access, seen, held)
}

fn stage(login: &str, play: Play) -> Stage {
    let (access, seen, held) = played(login, play);
    let (post, orders, ear) = bell::post(4).expect("sockets");
    let (tell, news) = channel();
    let tell = move |news| tell.send(news).is_ok();
    std::thread::spawn(move || Asker::new(access, orders, ear, tell).run());
    Stage {
        post: Some(post),
        news,
        calls: seen,
        _held: held,
    }
}

/// The method, its parameters, and the login.
pub(super) type Call = (String, Value, Option<String>);

fn serve(listener: &TcpListener, play: Play, calls: &Sender<Call>, hold: &Sender<TcpStream>) {
    let mut before = std::collections::BTreeMap::<String, usize>::new();
    for mut stream in listener.incoming().flatten() {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let (mut length, mut login) = (0, None);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a line");
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", text)) => length = text.parse().expect("a number"),
                Some(("Authorization", text)) => login = Some(text.to_owned()),
                Some(_) => {}
                None if line.trim_end().is_empty() => break,
                None => assert!(line.starts_with("POST / HTTP/1.1"), "{line}"),
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the body");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let method = body["method"].as_str().expect("text").to_owned();
        let count = before.entry(method.clone()).or_default();
        let answer = play(&method, &body["params"], *count);
        *count += 1;
        let _ = calls.send((method, body["params"].clone(), login));
        match answer {
            Some(bytes) => {
                let _ = stream.write_all(&bytes);
            }
            None => drop(hold.send(stream)),
        }
    }
}

pub(super) fn reply(value: &Value) -> Vec<u8> {
    let body = json!({ "result": value, "error": null, "id": 1 }).to_string();
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

pub(super) fn refusal(status: u16, code: i64, message: &str) -> Vec<u8> {
    let error = json!({ "code": code, "message": message });
    let body = json!({ "result": null, "error": error, "id": 1 }).to_string();
    let length = body.len();
    format!("HTTP/1.1 {status} Error\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

pub(super) fn template(tip: usize) -> Value {
    let mut template: Value = serde_json::from_str(include_str!(
        "../../../../../tests/vectors/node/getblocktemplate-regtest.json"
    ))
    .expect("JSON");
    template["previousblockhash"] = format!("{tip:064x}").into();
    template["longpollid"] = format!("after {tip}").into();
    template
}

impl Stage {
    fn next(&self) -> News {
        self.news.recv_timeout(PATIENCE).expect("news")
    }

    fn up(&self, name: &str) {
        match self.next() {
            News::Up { chain } => assert_eq!(chain, name),
            other => panic!("{other:?}"),
        }
    }

    fn template(&self) -> stratum::node::Template {
        match self.next() {
            News::Template(template) => *template,
            other => panic!("{other:?}"),
        }
    }

    fn failure(&self) -> (FailureKind, String) {
        match self.next() {
            News::Failed(failure) => (failure.kind, failure.detail),
            other => panic!("{other:?}"),
        }
    }

    fn hand_in(&mut self, template: u64, share: u64) -> Answer {
        let order = BlockOrder {
            template,
            share: ShareId(share),
            header: [1; 80],
            coinbase: vec![2; 100],
        };
        let post = self.post.as_mut().expect("it is open");
        assert!(post.send(order).is_ok());
        loop {
            match self.next() {
                News::Answer { share: of, answer } => {
                    assert_eq!(of, ShareId(share));
                    return answer;
                }
                // What the node wants next after one that it refused.
                News::Template(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// A main chain whose tip moves each time that somebody waits for it, three times.
fn moving(method: &str, params: &Value, before: usize) -> Option<Vec<u8>> {
    match method {
        "getblockchaininfo" => Some(reply(&json!({ "chain": "main" }))),
        "getblocktemplate" if params[0]["longpollid"].is_null() => Some(reply(&template(before))),
        "getblocktemplate" if before <= 3 => Some(reply(&template(before))),
        "getblocktemplate" => None,
        "submitblock" => Some(reply(&match before {
            0 => json!(null),
            1 => json!("high-hash"),
            _ => json!("duplicate"),
        })),
        other => panic!("{other}"),
    }
}

#[test]
fn each_new_block_is_told_at_once_and_two_templates_can_become_blocks() {
    let begun = Instant::now();
    let mut stage = stage("u:p@", moving);
    stage.up("main");
    let tips: Vec<u8> = (0..4).map(|_| stage.template().prev_hash[0]).collect();
    assert_eq!(tips, [0, 1, 2, 3]);
    assert!(begun.elapsed() < PATIENCE);
    // The node keeps the next question waiting; blocks go past it.
    assert_eq!(stage.hand_in(4, 1), Answer::Taken);
    // Taken: what it wants next is asked at once.
    assert_eq!(stage.template().id, 5);
    assert_eq!(stage.hand_in(4, 2), Answer::Refused("high-hash".into()));
    assert_eq!(stage.hand_in(5, 3), Answer::Taken);
    let gone = stage.hand_in(1, 4);
    assert!(matches!(gone, Answer::Lost(_)), "{gone:?}");

    let calls: Vec<_> = stage.calls.try_iter().collect();
    // `u:p` as basic authentication has it.
    assert!(calls.iter().all(|c| c.2.as_deref() == Some("Basic dTpw")));
    let waits = calls.iter().filter_map(|c| c.1[0]["longpollid"].as_str());
    let waits: Vec<_> = waits.take(3).collect();
    assert_eq!(waits, ["after 0", "after 1", "after 2"]);
    let blocks = calls.iter().filter(|c| c.0 == "submitblock");
    for (_, params, _) in blocks {
        let hex = params[0].as_str().expect("text");
        // Header, three transactions, and the coinbase before the two of the template.
        assert!(hex.starts_with(&("01".repeat(80) + "03" + &"02".repeat(100))));
        assert_eq!(hex.len() % 2, 0);
    }
}

#[test]
fn letting_go_ends_the_thread_though_the_node_keeps_it_waiting() {
    let mut stage = stage("u:p@", |method, _, _| match method {
        "getblockchaininfo" => Some(reply(&json!({ "chain": "main" }))),
        _ => None,
    });
    stage.up("main");
    stage.post = None;
    // Its end of the channel goes with it.
    let end = stage.news.recv_timeout(PATIENCE);
    assert_eq!(
        end.err(),
        Some(std::sync::mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn failures_are_told_apart_and_never_with_the_password() {
    let check = |login: &str, play: Play, kind: FailureKind, part: &str| {
        let stage = stage(login, play);
        let (seen, detail) = stage.failure();
        assert_eq!(seen, kind, "{detail}");
        assert!(detail.contains(part), "{detail}");
        assert!(!detail.contains("hunter2"), "{detail}");
    };
    let login = "u:hunter2@";
    let unauthorized: Play =
        |_, _, _| Some(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec());
    check(login, unauthorized, FailureKind::Login, "user or password");
    check("", unauthorized, FailureKind::Login, "has none");
    let starting: Play = |_, _, _| Some(refusal(500, -28, "Loading block index"));
    // Whoever answers may say what it heard, as it was sent and as it is meant.
    let echo: Play = |_, _, _| Some(refusal(500, -1, "Basic dTpodW50ZXIy is u:hunter2"));
    check(login, echo, FailureKind::Broken, "is u:(password)");
    let odd: Play = |_, _, _| Some(reply(&json!("dTpodW50ZXIy hunter2")));
    check(login, odd, FailureKind::Broken, "(password) (password)");
    check(login, starting, FailureKind::NotReady, "starting");
    let busy: Play = |_, _, _| Some(b"HTTP/1.1 503 Busy\r\n\r\nWork queue depth".to_vec());
    check(login, busy, FailureKind::NotReady, "busy");
    let closing: Play = |_, _, _| Some(Vec::new());
    check(login, closing, FailureKind::Unreachable, "closed");
    let page: Play = |_, _, _| Some(b"HTTP/1.1 200 OK\r\n\r\n<html>".to_vec());
    check(login, page, FailureKind::Broken, "not one");
    let other: Play = |_, _, _| Some(b"SSH-2.0-OpenSSH\r\n".to_vec());
    check(login, other, FailureKind::Broken, "by HTTP");
    let long: Play =
        |_, _, _| Some([&b"HTTP/1.1 200 OK\r\nX: "[..], &vec![b'x'; 1 << 16]].concat());
    check(login, long, FailureKind::Broken, "HTTP");
    let endless: Play = |_, _, _| {
        let body = [&b"HTTP/1.1 200 OK\r\n\r\n\""[..], &vec![b'x'; 2 << 20]].concat();
        Some(body)
    };
    check(login, endless, FailureKind::Broken, "longer");
    let short: Play = |_, _, _| Some(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec());
    check(login, short, FailureKind::Unreachable, "closed");
}

#[test]
fn a_node_that_is_not_there_is_said_to_be_so() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let port = port.expect("a free port").port();
    let Ok(Address::Node(access)) = Address::parse(&format!("node+http://127.0.0.1:{port}")) else {
        panic!("a node's address");
    };
    let (_post, orders, ear) = bell::post(1).expect("sockets");
    let (tell, news) = channel();
    Asker::new(access, orders, ear, move |news| tell.send(news).is_ok()).run();
    let Ok(News::Failed(failure)) = news.recv() else {
        panic!("it failed");
    };
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.detail.contains("refused"), "{}", failure.detail);
}

#[test]
fn an_initial_download_is_said_to_be_so() {
    let stage = stage("", |method, _, _| match method {
        "getblockchaininfo" => Some(reply(&json!({ "chain": "main" }))),
        _ => Some(refusal(500, -10, "Bitcoin is in initial sync")),
    });
    stage.up("main");
    let (kind, detail) = stage.failure();
    assert_eq!(kind, FailureKind::NotReady);
    assert!(detail.contains("initial download"), "{detail}");
}

#[test]
fn an_answer_in_chunks_is_read() {
    let stage = stage("", |method, _, _| {
        let body = match method {
            "getblockchaininfo" => json!({ "result": { "chain": "signet" } }),
            _ => json!({ "result": template(7) }),
        };
        let body = body.to_string();
        let mut out = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.as_bytes().chunks(100) {
            out.extend_from_slice(format!("{:x};x=y\r\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"0\r\n\r\n");
        Some(out)
    });
    stage.up("signet");
    assert_eq!(stage.template().prev_hash[0], 7);
    let asked = stage.calls.iter().nth(1).expect("the second call");
    assert_eq!(asked.1[0]["rules"], json!(["segwit", "signet"]));
}

#[test]
fn a_cookie_is_read_from_its_file_at_each_call() {
    let folder = std::env::temp_dir().join(format!("stannary-cookie-{}", std::process::id()));
    std::fs::write(&folder, "__cookie__:one\n").expect("it can be written");
    let login = |path: &std::path::Path, play: Play| {
        let (calls, seen) = channel();
        let (hold, _held) = channel();
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        std::thread::spawn(move || serve(&listener, play, &calls, &hold));
        let address = Address::parse(&format!("node+http://127.0.0.1:{port}"));
        let Ok(Address::Node(mut access)) = address else {
            panic!("a node's address");
        };
        access.login = stratum::node::Login::Cookie(path.display().to_string());
        let (_post, orders, ear) = bell::post(1).expect("sockets");
        let (tell, news) = channel();
        Asker::new(access, orders, ear, move |news| tell.send(news).is_ok()).run();
        (news.recv().expect("news"), seen)
    };
    let refuse: Play = |_, _, _| Some(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n".to_vec());
    let (news, calls) = login(&folder, refuse);
    assert!(
        matches!(&news, News::Failed(f) if f.kind == FailureKind::Login && f.detail.contains("cookie"))
    );
    // `__cookie__:one` in base 64.
    let sent = calls.recv().expect("a call").2;
    assert_eq!(sent.as_deref(), Some("Basic X19jb29raWVfXzpvbmU="));
    std::fs::remove_file(&folder).expect("it was written");
    let (news, _) = login(&folder, refuse);
    assert!(
        matches!(&news, News::Failed(f) if f.kind == FailureKind::Login && f.detail.contains("No such file")),
        "{news:?}"
    );
}
