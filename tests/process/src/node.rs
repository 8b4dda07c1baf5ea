//! A real node in regtest mode.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::{Folder, PATIENCE, Program, free_address, or_skip, wait_for};

/// The node's program: `STANNARY_NODE`, or where `scripts/fetch-node` puts it.
pub fn node_program() -> Option<PathBuf> {
    let named = std::env::var_os("STANNARY_NODE").map(PathBuf::from);
    let fetched = || {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        PathBuf::from(root).join("target/knots/bitcoind")
    };
    let path = Some(named.unwrap_or_else(fetched)).filter(|path| path.is_file());
    or_skip(path, "a node (`scripts/fetch-node`)")
}

/// A node with a chain and a wallet of its own.
#[derive(Debug)]
pub struct Node {
    binary: PathBuf,
    program: Program,
    address: SocketAddr,
    folder: Folder,
}

/// Authorization for the RPC user `u` with the password `p`.
const LOGIN: &str = "Basic dTpw";
/// The same as the node knows it: a salt, and the password's HMAC-SHA-256 with it. Unlike a
/// password in its settings, it leaves the node its cookie.
const RPC_AUTH: &str = "u:5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a$8fb9ca0401d31a7f7fdba89bfbbb05d0b21eea075c03ef6d75eafef4f61edf9d";

impl Node {
    /// Starts a node with 101 blocks, so that one coinbase can be spent and templates are
    /// given: a node in initial download refuses them.
    pub fn start(binary: PathBuf) -> Self {
        let folder = Folder::new();
        let address = free_address();
        // No peers, no name service: the chain is ours alone.
        let settings = format!(
            "regtest=1\nserver=1\nlisten=0\ndnsseed=0\nfixedseeds=0\ndiscover=0\nfallbackfee=0.0001\n\
             [regtest]\nrpcauth={RPC_AUTH}\nrpcbind=127.0.0.1\nrpcallowip=127.0.0.1\nrpcport={}\n",
            address.port()
        );
        folder.write("bitcoin.conf", &settings);
        let mut node = Node {
            program: run(&binary, folder.path()),
            binary,
            address,
            folder,
        };
        node.wait_for_answer();
        node.call("createwallet", json!(["w"]));
        let address = node.new_address();
        node.call("generatetoaddress", json!([101, address]));
        node
    }

    /// Ends it, as its owner does.
    pub fn stop(&mut self) {
        self.call("stop", json!([]));
        self.program.wait(PATIENCE);
    }

    /// Starts it again after [`stop`](Self::stop), with the chain that it had.
    pub fn restart(&mut self) {
        self.program = run(&self.binary, self.folder.path());
        self.wait_for_answer();
    }

    /// The file in which it writes a login at each start.
    pub fn cookie(&self) -> PathBuf {
        self.folder.path().join("regtest/.cookie")
    }

    /// The height of its chain.
    pub fn height(&self) -> u64 {
        let height = self.call("getblockcount", json!([]));
        height.as_u64().expect("a height is a number")
    }

    fn wait_for_answer(&mut self) {
        wait_for("the node's first answer", PATIENCE, || {
            if let Some(status) = self.program.ended() {
                panic!(
                    "the node ended with {status}\n{}",
                    self.program.everything()
                );
            }
            self.ask("getblockcount", json!([])).ok()
        });
    }

    /// For `stannary demo --node`.
    pub fn url(&self) -> String {
        format!("http://u:p@{}", self.address)
    }

    /// An address of the node's wallet.
    pub fn new_address(&self) -> String {
        let address = self.call("getnewaddress", json!(["", "bech32"]));
        address.as_str().expect("an address is text").to_owned()
    }

    /// Puts a transaction into the mempool and gives its id.
    pub fn pay(&self, bitcoin: f64) -> String {
        let txid = self.call("sendtoaddress", json!([self.new_address(), bitcoin]));
        txid.as_str().expect("an id is text").to_owned()
    }

    /// The block at a height with its transactions in full.
    pub fn block(&self, height: u64) -> Value {
        let hash = self.call("getblockhash", json!([height]));
        self.call("getblock", json!([hash, 2]))
    }

    /// The result of a call that must not fail.
    pub fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params);
        answer.unwrap_or_else(|why| panic!("{method}: {why}\n{}", self.program.stderr()))
    }

    fn ask(&self, method: &str, params: Value) -> Result<Value, String> {
        let body = json!({ "id": 1, "method": method, "params": params });
        let response = minreq::post(format!("http://{}/", self.address))
            .with_timeout(60)
            .with_header("Authorization", LOGIN)
            .with_body(body.to_string())
            .send()
            .map_err(|why| why.to_string())?;
        let answer: Value =
            serde_json::from_slice(response.as_bytes()).map_err(|why| why.to_string())?;
        match &answer["error"] {
            Value::Null => Ok(answer["result"].clone()),
            error => Err(error.to_string()),
        }
    }
}

fn run(binary: &Path, folder: &Path) -> Program {
    let mut data = std::ffi::OsString::from("-datadir=");
    data.push(folder);
    Program::start(Command::new(binary).arg(data).arg("-printtoconsole=1"))
}
