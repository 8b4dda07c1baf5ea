//! A node's JSON-RPC interface: questions, answers, and what refusals mean.

use std::fmt;
use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use stratum::node::{Access, Chain, Failure, FailureKind, Given, Login};

use super::bell::Ear;
use super::http::{HttpError, Question, Reply, Target};
use crate::base64::base64;

/// Bytes of a template's answer: four megabytes of transactions are eight of hex, and with
/// their ids, names and numbers fifteen at most.
const TEMPLATE_MAX: u64 = 32 << 20;
/// Bytes of any other answer.
const ANSWER_MAX: u64 = 1 << 20;
/// For an answer. A node that makes a full template on a slow disk needs some seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a cookie file: a node writes 75.
const COOKIE_MAX: u64 = 1024;
/// A shorter password is none: it stands in every other word.
const SECRET_BYTES: usize = 4;
/// Characters of a node's words that are kept.
const WORDS_MAX: usize = 200;

/// A node's interface.
pub(super) struct Rpc {
    access: Access,
    patience: Duration,
}

/// Why a question has no result.
#[derive(Debug)]
pub(super) enum RpcError {
    /// There was no answer.
    Http(HttpError),
    /// User, password or cookie; the text says what was seen.
    Login(String),
    /// The node's own word.
    Node { code: i64, message: String },
    /// An answer that is none.
    Broken(String),
}

#[derive(Deserialize)]
struct Answer<T> {
    result: Option<T>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

/// What a node says of its chain.
#[derive(Deserialize)]
pub(super) struct ChainInfo {
    /// Its name, as the node has it.
    pub(super) chain: String,
    /// Height of its newest block.
    #[serde(default)]
    pub(super) blocks: Option<u32>,
    /// Height of the newest block of which it knows the header.
    #[serde(default)]
    pub(super) headers: Option<u32>,
}

impl Rpc {
    pub(super) fn new(access: Access) -> Rpc {
        Rpc::with_patience(access, PATIENCE)
    }

    /// For whoever waits no longer than this for each answer.
    pub(super) fn with_patience(access: Access, patience: Duration) -> Rpc {
        Rpc { access, patience }
    }

    /// Its chain.
    pub(super) fn chain(&self, ear: &Ear) -> Result<ChainInfo, RpcError> {
        let question = self.ask("getblockchaininfo", &[b"[]"])?;
        let info: ChainInfo = required(self.take(question, ear, ANSWER_MAX)?)?;
        let chain = self.words(&info.chain);
        Ok(ChainInfo { chain, ..info })
    }

    /// Ask for a template; with the id of an older one, the answer comes once there is news.
    pub(super) fn ask_template(
        &self,
        chain: Option<Chain>,
        longpollid: Option<&str>,
    ) -> Result<Question, RpcError> {
        let mut rules = vec!["segwit"];
        if chain == Some(Chain::Signet) {
            rules.push("signet");
        }
        let mut request = serde_json::json!({ "rules": rules });
        if let Some(id) = longpollid {
            request["longpollid"] = id.into();
        }
        let params = serde_json::json!([request]).to_string();
        self.ask("getblocktemplate", &[params.as_bytes()])
    }

    /// The template that a question asked for.
    pub(super) fn template(&self, question: Question, ear: &Ear) -> Result<Given, RpcError> {
        required(self.take(question, ear, TEMPLATE_MAX)?)
    }

    /// Hand a block in: `None` if the node took it, else its word.
    pub(super) fn submit(&self, hex: &str, ear: &Ear) -> Result<Option<String>, RpcError> {
        let question = self.ask("submitblock", &[b"[\"", hex.as_bytes(), b"\"]"])?;
        let word: Option<String> = self.take(question, ear, ANSWER_MAX)?;
        Ok(word.map(|word| self.words(&word)))
    }

    fn ask(&self, method: &str, params: &[&[u8]]) -> Result<Question, RpcError> {
        let login = authorization(&self.access.login)?;
        let head = format!("{{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"{method}\",\"params\":");
        let mut body: Vec<&[u8]> = vec![head.as_bytes()];
        body.extend_from_slice(params);
        body.push(b"}");
        let target = Target {
            endpoint: &self.access.endpoint,
            authorization: login.as_deref(),
        };
        Question::ask(&target, &body).map_err(RpcError::Http)
    }

    /// The result, or `None` where it is null.
    fn take<T: DeserializeOwned>(
        &self,
        question: Question,
        ear: &Ear,
        limit: u64,
    ) -> Result<Option<T>, RpcError> {
        let Reply { status, body } = question
            .answer(ear, limit, self.patience)
            .map_err(RpcError::Http)?;
        match status {
            401 => return Err(RpcError::Login(self.refused_login())),
            403 => {
                let text = "the node does not let this machine's address in; see its `rpcallowip`";
                return Err(RpcError::Login(text.into()));
            }
            // With JSON-RPC 1.0 an error has one of these.
            200 | 400 | 404 | 500 => {}
            503 => {
                let (code, message) = (WARMUP, "the node is busy (HTTP status 503)".into());
                return Err(RpcError::Node { code, message });
            }
            _ => return Err(RpcError::Broken(format!("HTTP status {status}"))),
        }
        let answer: Answer<T> = match serde_json::from_reader(body) {
            Ok(answer) => answer,
            Err(error) => return Err(self.unreadable(status, error)),
        };
        match answer.error {
            None => Ok(answer.result),
            Some(refusal) => Err(RpcError::Node {
                code: refusal.code,
                message: self.words(&refusal.message),
            }),
        }
    }

    fn refused_login(&self) -> String {
        let what = match self.access.login {
            Login::None => "the node wants a user and a password, and the address has none",
            Login::Basic { .. } => "the node refuses this user or password",
            Login::Cookie(_) => "the node refuses what the cookie file says: is it this node's?",
        };
        what.into()
    }

    fn unreadable(&self, status: u16, error: serde_json::Error) -> RpcError {
        if error.is_io() {
            return RpcError::Http(HttpError::from_io(&error.into()));
        }
        let error = self.words(&error.to_string());
        RpcError::Broken(format!(
            "the answer (HTTP status {status}) is not one: {error}"
        ))
    }

    /// A node's words, bounded, in one line, and without the login that whoever answers has
    /// got from us.
    fn words(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Ok(Some(login)) = plain(&self.access.login) {
            let (_, password) = login.split_once(':').unwrap_or_default();
            for secret in [&base64(login.as_bytes()), password] {
                if secret.len() >= SECRET_BYTES {
                    text = text.replace(secret, "(password)");
                }
            }
        }
        let printable = text.chars().filter(|c| !c.is_control());
        printable.take(WORDS_MAX).collect()
    }
}

fn required<T>(result: Option<T>) -> Result<T, RpcError> {
    result.ok_or_else(|| RpcError::Broken("an answer without a result".into()))
}

/// What the header says.
fn authorization(login: &Login) -> Result<Option<String>, RpcError> {
    let login = plain(login)?;
    Ok(login.map(|login| format!("Basic {}", base64(login.as_bytes()))))
}

/// User and password; a cookie is read anew each time, since a node writes another one at
/// each start.
fn plain(login: &Login) -> Result<Option<String>, RpcError> {
    Ok(Some(match login {
        Login::None => return Ok(None),
        Login::Basic { user, password } => format!("{user}:{password}"),
        Login::Cookie(path) => cookie(path)
            .map_err(|why| RpcError::Login(format!("the cookie file `{path}`: {why}")))?,
    }))
}

fn cookie(path: &str) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let read = file.take(COOKIE_MAX).read_to_string(&mut text);
    read.map_err(|error| error.to_string())?;
    let text = text.trim_end();
    match text.contains(':') && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err("it does not hold `user:password` in one line".into()),
    }
}

/// Codes of a node that has no templates yet: starting, without peers, in initial download.
const WARMUP: i64 = -28;
const NO_PEERS: i64 = -9;
const INITIAL_DOWNLOAD: i64 = -10;

impl RpcError {
    /// What the engine is told of it; `None` if it wants to know nothing any more.
    pub(super) fn failure(&self) -> Option<Failure> {
        let kind = match self {
            RpcError::Http(HttpError::Closed) => return None,
            RpcError::Http(HttpError::Unreachable(_)) => FailureKind::Unreachable,
            RpcError::Http(HttpError::Broken(_)) | RpcError::Broken(_) => FailureKind::Broken,
            RpcError::Login(_) => FailureKind::Login,
            RpcError::Node { code, .. } => match *code {
                WARMUP | NO_PEERS | INITIAL_DOWNLOAD => FailureKind::NotReady,
                _ => FailureKind::Broken,
            },
        };
        let detail = self.to_string();
        Some(Failure { kind, detail })
    }

    /// Whether the same question may have an answer a little later.
    pub(super) fn passes(&self) -> bool {
        match self {
            RpcError::Http(HttpError::Unreachable(_)) | RpcError::Login(_) => true,
            RpcError::Node { code, .. } => *code == WARMUP,
            RpcError::Http(_) | RpcError::Broken(_) => false,
        }
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RpcError::Http(error) => write!(f, "{error}"),
            RpcError::Login(what) | RpcError::Broken(what) => f.write_str(what),
            RpcError::Node { code, message } => {
                let why = match *code {
                    WARMUP => "it is starting: ",
                    NO_PEERS => "it has no peers yet: ",
                    INITIAL_DOWNLOAD => "it is in initial download, which can take days: ",
                    _ => "",
                };
                write!(f, "{why}the node says {message:?} ({code})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let check = |code, kind, words: &str| {
            let message = "no".to_owned();
            let failure = RpcError::Node { code, message }.failure();
            let failure = failure.expect("the engine hears of it");
            assert_eq!(failure.kind, kind);
            assert!(failure.detail.contains(words), "{}", failure.detail);
        };
        check(-28, FailureKind::NotReady, "starting");
        check(-9, FailureKind::NotReady, "no peers");
        check(-10, FailureKind::NotReady, "initial download");
        check(-32601, FailureKind::Broken, "(-32601)");
        assert!(RpcError::Http(HttpError::Closed).failure().is_none());
    }
}
