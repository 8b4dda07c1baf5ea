//! Worked example: two blocks of the main chain, told as a pool would tell them.

use sha2::{Digest, Sha256};
use stratum::Input;
use units::{Nonce, ShareId};

use crate::harness::{Harness, config, hex};

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |i: usize| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex");
    (0..hex.len() / 2).map(digit).collect()
}

/// Display order to `mining.notify`'s: the words of four bytes in reverse.
fn prevhash(display: &str) -> String {
    let words: Vec<&str> = (0..8).map(|i| &display[8 * i..8 * i + 8]).collect();
    words.into_iter().rev().collect()
}

/// Display order to header order, in which hashes are computed.
fn reversed(display: &str) -> String {
    let mut all = bytes(display);
    all.reverse();
    hex(&all)
}

struct Block {
    height: u64,
    /// Before and after the last two bytes of the coinbase script, which are a pushed
    /// counter: `01` and its value. They serve as extranonce1 and extranonce2.
    coinbase: [&'static str; 2],
    counter: u64,
    /// Display order.
    transactions: &'static [&'static str],
}

const COINBASE_BEGIN: &str = "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704ffff001d";

/// The header of a block as the vectors have it, and its hash in display order.
fn vector(height: u64) -> (Vec<u8>, String) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/bm13xx/blocks.json"
    );
    let text = std::fs::read_to_string(path).expect("the vectors");
    let all: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let all = all["vectors"].as_array().expect("a list");
    let block = all
        .iter()
        .find(|v| v["height"] == height)
        .expect("the block");
    let text = |key: &str| block[key].as_str().expect("a string").to_owned();
    (bytes(&text("header80")), text("hash_display"))
}

fn number(header: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes"))
}

/// Blocks 1 (a coinbase alone) and 170 (the first payment) [public: the main chain].
const BLOCKS: [Block; 2] = [
    Block {
        height: 1,
        coinbase: [
            COINBASE_BEGIN,
            "ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be63c52da7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000",
        ],
        counter: 4,
        transactions: &[],
    },
    Block {
        height: 170,
        coinbase: [
            COINBASE_BEGIN,
            "ffffffff0100f2052a01000000434104d46c4968bde02899d2aa0963367c7a6ce34eec332b32e42e5f3407e052d64ac625da6f0718e7b302140434bd725706957c092db53805b821a85b23a7ac61725bac00000000",
        ],
        counter: 2,
        transactions: &["f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"],
    },
];

#[test]
fn historic_blocks_come_back_from_their_jobs() {
    for block in BLOCKS {
        let (wanted, hash_display) = vector(block.height);
        let (ntime, nonce) = (number(&wanted, 68), number(&wanted, 76));
        let branches: Vec<String> = block
            .transactions
            .iter()
            .map(|txid| format!("\"{}\"", reversed(txid)))
            .collect();
        let notify = format!(
            "{{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"b\",\"{}\",\"{}\",\"{}\",[{}],\
             \"00000001\",\"1d00ffff\",\"{:08x}\",true]}}\n",
            prevhash(&reversed(&hex(&wanted[4..36]))),
            block.coinbase[0],
            block.coinbase[1],
            branches.join(","),
            ntime,
        );
        let mut harness = Harness::new(config());
        for line in [
            "start",
            "connected",
            r#"< {"id":1,"result":false}"#,
            r#"< {"id":2,"result":[[],"01",1]}"#,
            r#"< {"id":3,"result":true}"#,
        ] {
            harness.play(line);
        }
        harness.input(Input::Bytes(notify.into_bytes()));
        let job = harness.jobs.last().expect("a job").clone();
        assert_eq!(job.check_coinbase(), Ok(()));

        // The header as the job's parts make it, hashed by somebody else's code.
        let header = units::Header {
            version: job.version,
            prev_hash: job.prev_hash,
            merkle_root: job.merkle_root(block.counter),
            ntime: job.ntime,
            nbits: job.nbits,
        };
        let header = header.to_bytes(job.version, Nonce(nonce));
        assert_eq!(header[..], wanted[..]);
        let hash: [u8; 32] = Sha256::digest(Sha256::digest(header)).into();
        assert_eq!(hex(&hash), reversed(&hash_display));
        assert!(job.network_target.met_by(&hash) && job.share_target.met_by(&hash));

        let mut share = harness.share("1");
        share.extranonce2 = job.extranonce2_bytes(block.counter);
        share.nonce = Nonce(nonce);
        share.id = ShareId(9);
        let expected = format!(
            r#"send {{"id":5,"method":"mining.submit","params":["acc.w1","b","{:02x}","{:08x}","{:08x}"]}}"#,
            block.counter, ntime, nonce
        );
        assert_eq!(harness.input(Input::Submit(share)), [expected]);
    }
}
