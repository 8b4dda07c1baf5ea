//! What is said of nodes that are played.

use serde_json::json;

use super::super::tests::{Play, played, refusal, reply, template};
use super::*;

/// Of the chain `regtest`.
const PAYEE: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// How far it comes at such a node, with which code, and with these words.
fn check(play: Play, payee: &str, reached: Reached, code: Option<Code>, words: &[&str]) {
    let (access, _calls, _held) = played("u:s3cr3t@", play);
    let tried = try_node(access, payee);
    assert_eq!(tried.reached, reached, "{tried:?}");
    let said = format!("{tried:?}");
    assert_eq!(tried.why.map(|why| why.code), code, "{said}");
    for word in words {
        assert!(said.contains(word), "{said}");
    }
    assert!(!said.contains("s3cr3t"), "{said}");
}

fn good(method: &str, _: &serde_json::Value, _: usize) -> Option<Vec<u8>> {
    Some(match method {
        "getblockchaininfo" => reply(&json!({ "chain": "regtest", "blocks": 101, "headers": 101 })),
        _ => reply(&template(1)),
    })
}

#[test]
fn a_node_that_gives_templates_says_its_chain_and_height() {
    let words = &["its chain is regtest at height 101"];
    check(good, PAYEE, Reached::Authorized, None, words);
}

#[test]
fn a_node_that_gives_none_says_why() {
    let to = Reached::Protected;
    let starting: Play = |_, _, _| Some(refusal(500, -28, "Loading block index"));
    let code = Some(Code::NodeNotReady);
    check(
        starting,
        PAYEE,
        to,
        code,
        &["starting", "Loading block index"],
    );
    let behind: Play = |method, _, _| {
        Some(match method {
            "getblockchaininfo" => {
                reply(&json!({ "chain": "regtest", "blocks": 7, "headers": 900 }))
            }
            _ => refusal(500, -10, "in initial sync"),
        })
    };
    let words = &["at height 7 of 900", "initial download"];
    check(behind, PAYEE, to, code, words);
    let closed: Play = |_, _, _| Some(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n".to_vec());
    let words = &["refuses this user or password"];
    check(closed, PAYEE, to, Some(Code::NodeLogin), words);
    let other: Play = |_, _, _| Some(b"220 mail.example ESMTP\r\n".to_vec());
    check(other, PAYEE, to, Some(Code::NodeTemplate), &[]);
    let silent: Play = |_, _, _| Some(Vec::new());
    check(silent, PAYEE, to, Some(Code::PoolConnect), &["closed"]);
}

#[test]
fn whom_the_nodes_chain_cannot_pay_is_told_so_before_anything_else() {
    let of_main = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    let words = &["its chain is regtest at height 101", "`regtest`"];
    check(
        good,
        of_main,
        Reached::Protected,
        Some(Code::NodePayout),
        words,
    );
    let strange: Play = |_, _, _| Some(reply(&json!({ "chain": "dogecoin" })));
    check(
        strange,
        PAYEE,
        Reached::Protected,
        Some(Code::NodeRules),
        &["dogecoin"],
    );
}
