//! Pools that are tried before they are added, by the real daemon: Stratum V2 by its authority's key, V1 behind
//! TLS, and one's own node, each as it should be and otherwise.

use std::path::Path;

use process::{
    ANSWER_S, AUTHORITY, CertificateAuthority, Folder, Node, OTHER_AUTHORITY, PATIENCE, PoolHost,
    Program, Site, free_address, get_json, node_program, stannary, wait_for,
};
use serde_json::{Value, json};
use twin::pool::{PoolOptions, Protocol};

/// A daemon, and those that it tries. It trusts the authorities in one file, as if they were the system's.
fn daemon(binary: &Path, trusted: &CertificateAuthority, kept: &Folder) -> (Site, Program) {
    let site = Site::new("antminer-s9");
    let file = kept.write("system.pem", trusted.pem());
    let mut command = site.command(binary);
    command
        .env("SSL_CERT_FILE", file)
        .env_remove("SSL_CERT_DIR");
    let mut daemon = Program::start(&mut command);
    wait_for("an answer", PATIENCE, || {
        assert!(daemon.ended().is_none(), "{}", daemon.everything());
        get_json(&format!("{}api/v1/status", site.page))
    });
    (site, daemon)
}

/// What is said of a pool, once its turn has come.
fn test(site: &Site, url: &str, user: &str) -> Value {
    let body = json!({ "url": url, "user": user }).to_string();
    wait_for("the trial's turn", PATIENCE, || {
        let asked = minreq::post(format!("{}api/v1/pools/test", site.page))
            .with_header("Content-Type", "application/json")
            .with_body(body.as_str())
            .with_timeout(ANSWER_S)
            .send();
        let answer = asked.expect("an answer");
        // One at a time, and then a rest.
        if answer.status_code == 429 {
            return None;
        }
        assert_eq!(answer.status_code, 200, "{:?}", answer.as_str());
        serde_json::from_slice(answer.as_bytes()).ok()
    })
}

#[track_caller]
fn check(site: &Site, url: &str, user: &str, reached: &str, code: Value, words: &str) {
    let told = test(site, url, user);
    println!("{told}");
    assert_eq!(
        (&told["reached"], &told["code"]),
        (&json!(reached), &code),
        "{told}"
    );
    assert_eq!(told["ok"], code.is_null(), "{told}");
    let detail = told["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(words), "{told}");
    let remedy = told["remedy"].as_str().unwrap_or_default();
    assert_eq!(remedy.is_empty(), code.is_null(), "{told}");
}

#[test]
fn a_v2_pool_and_one_behind_tls_are_tried_by_who_they_are() {
    let Some(binary) = stannary() else {
        return;
    };
    let (trusted, stranger) = (CertificateAuthority::new(), CertificateAuthority::new());
    let kept = Folder::new();
    let (site, mut daemon) = daemon(&binary, &trusted, &kept);
    let before = get_json(&format!("{}api/v1/status", site.page)).expect("it answers");

    let options = PoolOptions {
        protocol: Protocol::V2,
        ..PoolOptions::default()
    };
    let v2 = PoolHost::behind_noise(options, AUTHORITY);
    let at = |key: &str| format!("stratum2+tcp://{}/{key}", v2.address());
    check(
        &site,
        &at(AUTHORITY.text),
        "a.b",
        "authorized",
        Value::Null,
        "",
    );
    assert!(v2.heard_after_handshake() > 0);
    let heard = v2.heard_after_handshake();
    let code = json!("E-POOL-CERT");
    check(
        &site,
        &at(OTHER_AUTHORITY),
        "a.b",
        "connected",
        code,
        "authority key",
    );
    assert_eq!(v2.heard_after_handshake(), heard, "it was sent nothing");

    let v1 = PoolHost::start(PoolOptions::default());
    let url = |at| format!("stratum+ssl://{at}");
    let right = trusted.front(v1.address(), 2020);
    check(&site, &url(right), "a.b", "authorized", Value::Null, "");
    let connections = v1.ledger(|ledger| ledger.connections);
    assert!(connections > 0);
    let wrong = stranger.front(v1.address(), 2020);
    check(
        &site,
        &url(wrong),
        "a.b",
        "connected",
        json!("E-POOL-CERT"),
        "",
    );
    // One that speaks no TLS.
    let told = test(&site, &url(v1.address()), "a.b");
    assert_eq!(
        (&told["ok"], &told["reached"]),
        (&json!(false), &json!("connected")),
        "{told}"
    );
    check(
        &site,
        &url(free_address()),
        "a.b",
        "nothing",
        json!("E-POOL-CONNECT"),
        "",
    );

    // They were tried, and not added.
    let after = get_json(&format!("{}api/v1/status", site.page)).expect("it answers");
    let pools = |status: &Value| status["pools"].as_array().map(Vec::len);
    assert_eq!(pools(&after), pools(&before));
    daemon.terminate();
    assert!(daemon.wait(PATIENCE).success(), "{}", daemon.everything());
}

#[test]
fn ones_own_node_is_asked_what_the_miner_would_ask_it() {
    let (Some(binary), Some(program)) = (stannary(), node_program()) else {
        return;
    };
    let mut node = Node::start(program);
    let payee = node.new_address();
    let kept = Folder::new();
    let (site, mut daemon) = daemon(&binary, &CertificateAuthority::new(), &kept);
    let url = node.url().replace("http://", "node+http://");
    let height = format!("regtest at height {}", node.height());
    check(&site, &url, &payee, "authorized", Value::Null, &height);
    let wrong = url.replace("u:p@", "u:s3cr3t@");
    check(
        &site,
        &wrong,
        &payee,
        "protected",
        json!("E-NODE-AUTH"),
        "refuses",
    );
    let nameless = url.replace("u:p@", "");
    check(
        &site,
        &nameless,
        &payee,
        "protected",
        json!("E-NODE-AUTH"),
        "has none",
    );
    let of_main = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    check(
        &site,
        &url,
        of_main,
        "protected",
        json!("E-NODE-PAYOUT"),
        "regtest",
    );
    let pool = format!("node+http://u:p@{}", site.pool.address());
    let told = test(&site, &pool, &payee);
    assert_eq!(
        (&told["ok"], &told["reached"]),
        (&json!(false), &json!("protected")),
        "{told}"
    );
    node.stop();
    check(&site, &url, &payee, "nothing", json!("E-POOL-CONNECT"), "");
    daemon.terminate();
    assert!(daemon.wait(PATIENCE).success(), "{}", daemon.everything());
    let said = daemon.everything();
    assert!(!said.contains("s3cr3t") && !said.contains("u:p@"), "{said}");
}
