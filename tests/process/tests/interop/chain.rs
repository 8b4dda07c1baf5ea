//! The node under all servers: Bitcoin Core in regtest mode, with the mining interface that they use,
//! and what stands in its chain.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use process::{Folder, Program, free_address};
use serde_json::{Value, json};

use crate::{dying, until};

/// Authorization for the RPC user `u` with the password `p`.
const LOGIN: &str = "Basic dTpw";
/// Blocks before the miner starts. Coinbases of the first sixteen begin with a height of one byte,
/// which some servers do not write as the node wants it.
const BEFORE: u64 = 16;
/// Who is paid: anybody. The build has no wallet.
pub(crate) const PAYEE: &str = "raw(51)";
/// With the checksum that the node asks for.
const PAYEE_CHECKED: &str = "raw(51)#8lvh9jxk";
/// Bits that miners may roll (BIP320).
const ROLLED: u32 = 0x1fff_e000;

/// A node with a chain of its own.
#[derive(Debug)]
pub(crate) struct Chain {
    program: Program,
    rpc: SocketAddr,
    folder: Folder,
}

impl Chain {
    pub(crate) fn start(servers: &Path) -> Self {
        let folder = Folder::new();
        let rpc = free_address();
        let settings = format!(
            "regtest=1\nserver=1\nlisten=0\ndnsseed=0\nfixedseeds=0\ndiscover=0\n\
             [regtest]\nrpcuser=u\nrpcpassword=p\nrpcbind=127.0.0.1\nrpcallowip=127.0.0.1\nrpcport={}\n",
            rpc.port()
        );
        folder.write("bitcoin.conf", &settings);
        let mut data = std::ffi::OsString::from("-datadir=");
        data.push(folder.path());
        let mut command = dying(servers.join("bitcoin-node"));
        let program = Program::start(
            command
                .arg(data)
                .args(["-ipcbind=unix", "-printtoconsole=1"]),
        );
        let mut chain = Chain {
            program,
            rpc,
            folder,
        };
        until("the node's first answer", || {
            let ended = chain.program.ended();
            assert!(ended.is_none(), "{}", chain.program.everything());
            chain.ask("getblockcount", json!([])).ok()
        });
        chain.call("generatetodescriptor", json!([BEFORE, PAYEE_CHECKED]));
        chain
    }

    /// Where its data are, and its socket under them.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().into()
    }

    /// Each of these blocks was taken by the node, most of them are its chain, and their coinbases
    /// name who made them.
    pub(crate) fn check_blocks(&self, hashes: &[String], tags: &[&str]) {
        let mut in_chain = 0;
        for hash in hashes {
            // Two of one height happen: a share that was on its way as the block changed.
            let header = until("a block at the node", || {
                self.ask("getblockheader", json!([hash])).ok()
            });
            in_chain += u64::from(header["confirmations"].as_i64() > Some(0));
            let block = self.call("getblock", json!([hash, 2]));
            let coinbase = &block["tx"][0]["vin"][0]["coinbase"];
            for tag in tags {
                let tag: String = tag.bytes().map(|b| format!("{b:02x}")).collect();
                let found = coinbase
                    .as_str()
                    .is_some_and(|script| script.contains(&tag));
                assert!(found, "{tag} is not in {coinbase}");
            }
            let version = version(&header);
            assert_eq!(version & !ROLLED, 0x2000_0000, "{version:08x}");
        }
        let height = self.call("getblockcount", json!([]));
        let grown = height.as_u64().expect("a number") - BEFORE;
        assert!(grown >= 3, "{grown} blocks came to the chain of {hashes:?}");
        assert_eq!(in_chain, grown, "of {}: {hashes:?}", hashes.len());
        println!("blocks: {} found, {grown} in the chain", hashes.len());
    }

    /// The miner rolls version bits, and the node took them.
    pub(crate) fn check_rolled(&self, hashes: &[String]) {
        let versions: Vec<u32> = hashes
            .iter()
            .map(|hash| version(&self.call("getblockheader", json!([hash]))))
            .collect();
        println!("versions: {versions:08x?}");
        let rolled = versions.iter().any(|version| version & ROLLED != 0);
        assert!(rolled, "{versions:08x?}");
    }

    /// The result of a call that must not fail.
    fn call(&self, method: &str, params: Value) -> Value {
        let shown = params.to_string();
        let answer = self.ask(method, params);
        answer.unwrap_or_else(|why| panic!("{method} {shown}: {why}\n{}", self.program.stdout()))
    }

    fn ask(&self, method: &str, params: Value) -> Result<Value, String> {
        let body = json!({ "id": 1, "method": method, "params": params });
        let response = minreq::post(format!("http://{}/", self.rpc))
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

fn version(header: &Value) -> u32 {
    let hex = header["versionHex"].as_str().unwrap_or_default();
    u32::from_str_radix(hex, 16).unwrap_or_else(|_| panic!("no version in {header}"))
}
