//! Blocks that the whole product finds, judged by a node that nobody here wrote.

use std::process::Command;

use process::{Node, PATIENCE, Program, node_program, stannary, wait_for};
use serde_json::{Value, json};

/// Bits that miners may roll (BIP320), which the twin's pool grants.
const MASK: u32 = 0x1fff_e000;
/// Height of the node's chain before the miner starts.
const BEFORE: u64 = 101;

#[test]
fn blocks_of_an_s19_pro_become_the_tip_of_a_real_chain() {
    check("antminer-s19-pro");
}

#[test]
fn blocks_of_an_s21_pro_become_the_tip_of_a_real_chain() {
    check("antminer-s21-pro");
}

fn check(machine: &str) {
    let (Some(binary), Some(node)) = (stannary(), node_program()) else {
        return;
    };
    let node = Node::start(node);
    let waiting = [node.pay(1.5), node.pay(0.25)];
    let payee = node.new_address();
    let mut demo = Program::start(Command::new(binary).args([
        "demo",
        "--machine",
        machine,
        "--node",
        &node.url(),
        "--user",
        &format!("{payee}.rig1"),
        "--http",
        "127.0.0.1:0",
    ]));
    // Five seconds a template: the fourth block comes after some fifteen.
    wait_for("four blocks", PATIENCE, || {
        assert!(demo.ended().is_none(), "{}", demo.everything());
        (node.height() > BEFORE + 3).then_some(())
    });
    demo.terminate();
    let status = demo.wait(PATIENCE);
    assert!(status.success(), "{status}\n{}", demo.everything());

    let height = node
        .call("getblockcount", json!([]))
        .as_u64()
        .expect("a number");
    assert!(height >= BEFORE + 3, "{height}\n{}", demo.everything());
    let tip = node.call("getbestblockhash", json!([]));
    assert_eq!(node.block(height)["hash"], tip);
    let blocks: Vec<Value> = (BEFORE + 1..=height).map(|h| node.block(h)).collect();
    for block in &blocks {
        check_coinbase(block, &payee);
    }
    for txid in &waiting {
        assert!(
            contains(&blocks[0], txid),
            "{txid} is not in the first block"
        );
    }
    let rolled: Vec<u32> = blocks.iter().map(|block| version(block) & MASK).collect();
    assert!(rolled.iter().any(|bits| *bits != 0), "{rolled:x?}");
    assert!(
        blocks
            .iter()
            .all(|block| version(block) & !MASK == 0x2000_0000)
    );
}

/// The coinbase names the pool and pays the miner.
fn check_coinbase(block: &Value, payee: &str) {
    let coinbase = &block["tx"][0];
    let tag: String = "/stannary twin/"
        .bytes()
        .map(|b| format!("{b:02x}"))
        .collect();
    let script = coinbase["vin"][0]["coinbase"].as_str().expect("a coinbase");
    assert!(script.contains(&tag), "{script}");
    assert_eq!(coinbase["vout"][0]["scriptPubKey"]["address"], payee);
    assert!(
        coinbase["vout"][0]["value"]
            .as_f64()
            .is_some_and(|v| v >= 50.0)
    );
}

fn contains(block: &Value, txid: &str) -> bool {
    let transactions = block["tx"].as_array().expect("a list");
    transactions.iter().any(|tx| tx["txid"] == txid)
}

fn version(block: &Value) -> u32 {
    let hex = block["versionHex"].as_str().expect("text");
    u32::from_str_radix(hex, 16).expect("hex")
}
