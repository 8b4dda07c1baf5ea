//! A node's RPC interface: templates from it, blocks to it.

use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use telemetry::Code;
use twin::pool::Input;

use super::sockets::Msg;

/// How often the node is asked for a template: a new block of somebody else is noticed
/// within this time. Nodes answer in milliseconds.
const POLL: Duration = Duration::from_secs(1);
/// Seconds for one call. A block of four megabytes is checked well within it.
const TIMEOUT_S: u64 = 10;
/// Longest answer: a full template is about ten megabytes of JSON.
const ANSWER_MAX: u64 = 64 << 20;
/// Blocks that wait for the node; one in five seconds is made.
const ORDERS: usize = 16;

/// Where the node is, and who asks.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Without credentials.
    url: String,
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
        let host = host.trim_end_matches('/');
        if host.is_empty() || host.contains('/') {
            bail!(
                "the node's address names no host\nhint: write it as `http://user:password@host:port`"
            );
        }
        Ok(Node {
            url: format!("http://{host}/"),
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
        let mut request = minreq::post(&self.url)
            .with_timeout(TIMEOUT_S)
            .with_follow_redirects(false)
            .with_header("Content-Type", "application/json")
            .with_body(body.to_string());
        if let Some(login) = &self.authorization {
            request = request.with_header("Authorization", login);
        }
        let code = Code::TwinNode;
        let about = || {
            format!(
                "{}: {} at {}: {}",
                code.text(),
                method,
                self.url,
                code.remedy()
            )
        };
        let response = request.send_lazy().with_context(about)?;
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

/// RFC 4648 with padding, which is all that basic authentication needs.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i > chunk.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_rfc() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn a_node_address_is_taken_apart_at_the_last_at() {
        let node = Node::new("http://u:p@ss@127.0.0.1:8332/").expect("an address");
        assert_eq!(node.url, "http://127.0.0.1:8332/");
        let login = format!("Basic {}", base64(b"u:p@ss"));
        assert_eq!(node.authorization, Some(login));
        for bad in [
            "https://u:p@h:1",
            "127.0.0.1:8332",
            "http://",
            "http://u:p@",
            "http://h/x",
        ] {
            assert!(Node::new(bad).is_err(), "{bad}");
        }
    }
}
