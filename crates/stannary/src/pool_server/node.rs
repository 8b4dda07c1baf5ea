//! A node's RPC interface: templates from it, blocks to it.

use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use telemetry::Code;
use twin::pool::Input;

use super::sockets::Msg;
use crate::base64::base64;
use crate::names;

/// How often the node is asked for a template: a new block of somebody else is noticed
/// within this time. Nodes answer in milliseconds.
const POLL: Duration = Duration::from_secs(1);
/// Seconds for one call. A block of four megabytes is checked well within it.
const TIMEOUT_S: u64 = 10;
/// Where a node is asked whose address names no port.
const HTTP_PORT: u16 = 80;
/// Longest answer: a full template is about ten megabytes of JSON.
const ANSWER_MAX: u64 = 64 << 20;
/// Blocks that wait for the node; one in five seconds is made.
const ORDERS: usize = 16;

/// Where the node is, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Node {
    host: String,
    port: u16,
    authorization: Option<String>,
}

/// For the node's thread.
#[derive(Debug)]
pub(super) enum NodeOrder {
    /// A block, serialized in hex, and its hash.
    Submit { hex: String, hash: String },
    /// End.
    Stop,
}

impl Node {
    /// From `http://user:password@host:port`. Only plain HTTP: a node is asked over
    /// loopback or a tunnel.
    pub(super) fn new(url: &str) -> Result<Self> {
        let Some(rest) = url.strip_prefix("http://") else {
            bail!(
                "the node's address does not begin with `http://`\nhint: write it as `http://user:password@host:port`"
            );
        };
        // A password may hold `@`, a host cannot.
        let (login, host) = match rest.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, rest),
        };
        let Some((host, port)) = host_and_port(host.trim_end_matches('/')) else {
            bail!(
                "the node's address names no host\nhint: write it as `http://user:password@host:port`"
            );
        };
        Ok(Node {
            host: host.to_owned(),
            port,
            authorization: login.map(|login| format!("Basic {}", base64(login.as_bytes()))),
        })
    }

    /// One block template.
    pub(super) fn template(&self) -> Result<Value> {
        self.call("getblocktemplate", &json!([{ "rules": ["segwit"] }]))
    }

    /// Gives a block to the node: `None` if it took it, else its word.
    fn submit(&self, hex: &str) -> Result<Option<String>> {
        let answer = self.call("submitblock", &json!([hex]))?;
        Ok(match answer {
            Value::Null => None,
            Value::String(why) => Some(why),
            other => Some(other.to_string()),
        })
    }

    fn call(&self, method: &str, params: &Value) -> Result<Value> {
        let body = json!({ "jsonrpc": "1.0", "id": 1, "method": method, "params": params });
        let code = Code::TwinNode;
        let about = || {
            format!(
                "{}: {} at http://{}:{}/: {}",
                code.text(),
                method,
                self.host,
                self.port,
                code.remedy()
            )
        };
        let response = self.send(&body.to_string()).with_context(about)?;
        let status = response.status_code;
        if matches!(status, 401 | 403) {
            return Err(anyhow!("the node refuses this user or password").context(about()));
        }
        let mut bytes = Vec::new();
        response
            .take(ANSWER_MAX)
            .read_to_end(&mut bytes)
            .with_context(about)?;
        let answer: Value = serde_json::from_slice(&bytes)
            .with_context(|| format!("HTTP status {status} without JSON"))
            .with_context(about)?;
        match &answer["error"] {
            Value::Null => Ok(answer["result"].clone()),
            error => Err(anyhow!("the node says {error}").context(about())),
        }
    }

    /// Ask at each of the node's addresses until one answers. They are looked up here, because
    /// a static binary has no other way to names.
    fn send(&self, body: &str) -> Result<minreq::ResponseLazy> {
        let mut why = anyhow!("the node has no address");
        for address in names::resolve(&self.host, self.port)? {
            let mut request = minreq::post(format!("http://{address}/"))
                .with_timeout(TIMEOUT_S)
                .with_follow_redirects(false)
                .with_header("Content-Type", "application/json")
                .with_body(body);
            if let Some(login) = &self.authorization {
                request = request.with_header("Authorization", login);
            }
            match request.send_lazy() {
                Ok(response) => return Ok(response),
                Err(error) => why = error.into(),
            }
        }
        Err(why)
    }

    /// Polls in a thread of its own until told to stop, or until the pool is gone.
    pub(super) fn run(self, queue: SyncSender<Msg>) -> std::io::Result<SyncSender<NodeOrder>> {
        let (orders, inbox) = sync_channel(ORDERS);
        std::thread::Builder::new()
            .name("twin-pool-node".into())
            .spawn(move || self.poll(&queue, &inbox))?;
        Ok(orders)
    }

    fn poll(&self, queue: &SyncSender<Msg>, inbox: &Receiver<NodeOrder>) {
        let mut well = true;
        loop {
            match inbox.recv_timeout(POLL) {
                Ok(NodeOrder::Submit { hex, hash }) => {
                    let refused = match self.submit(&hex) {
                        Ok(answer) => answer,
                        Err(why) => Some(format!("{why:#}")),
                    };
                    if let Some(why) = &refused {
                        tracing::warn!(code = Code::TwinNode.text(), hash, why, "block refused");
                    }
                    let answer = Input::BlockAnswer { hash, refused };
                    if queue.send(Msg::Pool(answer)).is_err() {
                        return;
                    }
                }
                Ok(NodeOrder::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            match self.template() {
                Ok(template) => {
                    well = true;
                    if queue.send(Msg::Pool(Input::Template(template))).is_err() {
                        return;
                    }
                }
                Err(why) if well => {
                    well = false;
                    tracing::warn!(code = Code::TwinNode.text(), "{why:#}");
                }
                Err(_) => {}
            }
        }
    }
}

/// `None` where there is no host, or no port behind a colon. An IPv6 address stands in brackets.
fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let end = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text[end..].rfind(':') {
        Some(at) => (&text[..end + at], text[end + at + 1..].parse().ok()?),
        None => (text, HTTP_PORT),
    };
    let is_host = !host.is_empty() && !host.contains('/');
    is_host.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_address_is_taken_apart_at_the_last_at() {
        let node = Node::new("http://u:p@ss@127.0.0.1:8332/").expect("an address");
        assert_eq!((node.host.as_str(), node.port), ("127.0.0.1", 8332));
        let login = format!("Basic {}", base64(b"u:p@ss"));
        assert_eq!(node.authorization, Some(login));
        for bad in [
            "https://u:p@h:1",
            "127.0.0.1:8332",
            "http://",
            "http://u:p@",
            "http://h/x",
            "http://h:x",
            "http://:8332",
            "http://[::1]:99999",
        ] {
            assert!(Node::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hosts_have_names_addresses_of_both_kinds_and_maybe_a_port() {
        for (text, host, port) in [
            ("node.example:18443", "node.example", 18443),
            ("node.example", "node.example", 80),
            ("[::1]:8332", "[::1]", 8332),
            ("[::1]", "[::1]", 80),
        ] {
            assert_eq!(host_and_port(text), Some((host, port)), "{text}");
        }
    }

    /// One request to a node that answers once; what it was asked, and what came of it.
    fn ask_once(url: &str, listener: &std::net::TcpListener) -> (String, Result<Value>) {
        use std::io::Write;
        let node = Node::new(url).expect("an address");
        std::thread::scope(|scope| {
            let asked = scope.spawn(move || {
                let (mut stream, _) = listener.accept().expect("a guest");
                let mut asked = Vec::new();
                let mut chunk = [0; 1024];
                while !asked.ends_with(b"}") {
                    let count = stream.read(&mut chunk).expect("a request");
                    assert!(count > 0, "cut off");
                    asked.extend(&chunk[..count]);
                }
                let body = r#"{"result":{"height":7},"error":null,"id":1}"#;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).expect("taken");
                stream.write_all(body.as_bytes()).expect("taken");
                String::from_utf8(asked).expect("text")
            });
            let answer = node.template();
            (asked.join().expect("no panic"), answer)
        })
    }

    /// A name that no library resolves here: our resolver's own rule for it.
    #[test]
    fn a_node_is_found_by_name_without_the_c_library() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let url = format!("http://u:p@node.localhost:{port}");
        let (asked, answer) = ask_once(&url, &listener);
        assert_eq!(answer.expect("an answer")["height"], 7);
        assert!(asked.contains("Authorization: Basic dTpw"), "{asked}");
    }
}
