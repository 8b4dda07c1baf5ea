//! The pool at a node's templates.

use bitcoin::consensus::deserialize;
use bitcoin::hashes::Hash;
use serde_json::{Value, json};
use units::Duration;

use super::bench::{Bench, code};
use super::wire::unhex;
use super::*;

/// A template that a real node gave: see `tests/vectors/node`.
fn template() -> Value {
    let text = include_str!("../../../../tests/vectors/node/getblocktemplate-regtest.json");
    serde_json::from_str(text).expect("a JSON file")
}

/// A later template on another block.
fn next_template(n: u64) -> Value {
    let mut value = template();
    value["previousblockhash"] = json!(format!("{n:064x}"));
    value["height"] = json!(102 + n);
    value
}

/// Regtest's targets are met by every other hash, so that the share difficulty is what
/// makes a share.
fn options() -> PoolOptions {
    PoolOptions {
        source: Source::Templates(NodeMining {
            tag: "/a tag of our own/".into(),
            payout_script: vec![0x51],
            ..NodeMining::default()
        }),
        ..PoolOptions::default()
    }
}

/// A session with the node's template taken.
fn started() -> Bench {
    let mut bench = Bench::ready(options());
    assert_eq!(bench.last_job(), Value::Null, "no template, no job");
    bench.input(Input::Template(template()));
    bench
}

#[test]
fn a_template_becomes_a_block_that_holds_together() {
    let mut bench = started();
    let job = bench.last_job();
    assert_eq!((&job[6], &job[8]), (&json!("207fffff"), &json!(true)));
    let share = bench.find(&job, 1, 0x0123_4000, 0);
    assert_eq!(bench.submit(&share)["result"], json!(true));
    let (hex, hash) = bench.blocks.pop().expect("a block");
    let bytes = unhex(&hex).expect("hex");
    let block: bitcoin::Block = deserialize(&bytes).expect("a block");
    assert_eq!(block.block_hash().to_string(), hash);
    assert!(block.check_merkle_root() && block.check_witness_commitment());
    assert_eq!(block.bip34_block_height(), Ok(102));
    assert_eq!(block.header.version.to_consensus(), 0x2123_4000);
    assert_eq!(
        block.txdata.len(),
        3,
        "the node's two transactions are inside"
    );
    let coinbase = &block.txdata[0];
    let script = coinbase.input[0].script_sig.as_bytes();
    assert!(script.ends_with(b"/a tag of our own/"));
    assert_eq!(coinbase.output[0].script_pubkey.as_bytes(), [0x51]);
    assert_eq!(coinbase.output[0].value.to_sat(), 5_000_003_660);
    let wanted = template()["previousblockhash"].as_str().map(str::to_owned);
    let prev = block.header.prev_blockhash;
    assert_eq!(Some(prev.to_string()), wanted);
    assert_ne!(prev.to_byte_array(), [0; 32]);
}

#[test]
fn a_solved_template_gives_ordinary_shares() {
    let mut bench = started();
    let job = bench.last_job();
    for start in [0, 1000, 2000] {
        let share = bench.find(&job, 1, 0, start);
        assert_eq!(bench.submit(&share)["result"], json!(true));
    }
    assert_eq!(bench.blocks.len(), 1);
    assert_eq!(bench.pool.ledger().solutions, 3);
    assert_eq!(bench.pool.ledger().blocks.len(), 1);
}

#[test]
fn one_template_is_taken_in_five_seconds() {
    let mut bench = started();
    let jobs = |bench: &Bench| bench.params_of("mining.notify").len();
    bench.input(Input::Template(next_template(1)));
    assert_eq!(jobs(&bench), 1);
    bench.pass(Duration::from_millis(4999));
    assert_eq!(jobs(&bench), 1);
    bench.pass(Duration::from_millis(1));
    assert_eq!(jobs(&bench), 2);
    assert_eq!(bench.last_job()[8], json!(true));
    let old = bench.find(&bench.params_of("mining.notify")[0], 1, 0, 0);
    assert_eq!(code(&bench.submit(&old)), json!(21));
}

#[test]
fn an_unchanged_template_waits_for_its_refresh() {
    let mut bench = started();
    for _ in 0..29 {
        bench.pass(Duration::from_secs(1));
        bench.input(Input::Template(template()));
    }
    assert_eq!(bench.params_of("mining.notify").len(), 1);
    bench.pass(Duration::from_secs(1));
    bench.input(Input::Template(template()));
    assert_eq!(bench.params_of("mining.notify").len(), 2);
    assert_eq!(bench.last_job()[8], json!(false), "the same block goes on");
}

#[test]
fn templates_of_a_solved_block_are_too_old_unless_it_was_refused() {
    let mut bench = started();
    let share = bench.find(&bench.last_job(), 1, 0, 0);
    bench.submit(&share);
    let hash = bench.blocks[0].1.clone();
    let mut other = template();
    other["coinbasevalue"] = json!(5_000_000_000_u64);
    bench.pass(Duration::from_secs(60));
    bench.input(Input::Template(other.clone()));
    assert_eq!(bench.params_of("mining.notify").len(), 1);
    let refused = Some("inconclusive".to_owned());
    bench.input(Input::BlockAnswer { hash, refused });
    bench.input(Input::Template(other));
    assert_eq!(bench.params_of("mining.notify").len(), 2);
    let answer = &bench.pool.ledger().blocks[0].answer;
    assert_eq!(*answer, BlockAnswer::Refused("inconclusive".into()));
}

#[test]
fn templates_that_cannot_be_read_are_counted_and_named() {
    let check = |change: &dyn Fn(&mut Value), field: &str| {
        let mut bench = started();
        let mut bad = next_template(1);
        change(&mut bad);
        bench.pass(Duration::from_secs(10));
        bench.input(Input::Template(bad));
        let ledger = bench.pool.ledger();
        assert_eq!(ledger.bad_templates, 1, "{field}");
        assert!(
            ledger.last_bad_template.contains(field),
            "{}",
            ledger.last_bad_template
        );
        assert_eq!(bench.params_of("mining.notify").len(), 1);
    };
    check(&|t| *t = json!(null), "transactions");
    check(&|t| t["bits"] = json!("20"), "bits");
    check(&|t| t["height"] = json!(-1), "height");
    check(&|t| t["version"] = json!(1_u64 << 40), "version");
    check(
        &|t| t["previousblockhash"] = json!("00"),
        "previousblockhash",
    );
    check(
        &|t| t["transactions"][1]["data"] = json!("00"),
        "transaction 1",
    );
    check(
        &|t| t["transactions"][0]["txid"] = json!(5),
        "transaction 0",
    );
    check(
        &|t| t["default_witness_commitment"] = json!("xx"),
        "commitment",
    );
}
