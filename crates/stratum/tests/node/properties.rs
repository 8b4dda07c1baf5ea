//! What holds for any node.

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode;
use bitcoin::transaction::Version;
use bitcoin::{Amount, Block, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness};
use proptest::prelude::*;
use serde_json::{Value, json};
use stratum::Input;
use stratum::node::{Given, News, Order};

use crate::entries;
use crate::harness::{Harness, config};

/// A template as a node gives it, with these transactions in it: the number is a value, the
/// flag whether it has witness data.
fn result(transactions: &[(u64, bool)], height: u32) -> Value {
    let transactions: Vec<Value> = transactions
        .iter()
        .map(|(value, witness)| {
            let tx = transaction(*value, *witness);
            json!({ "data": encode::serialize_hex(&tx), "txid": tx.compute_txid().to_string(),
                    "hash": tx.compute_wtxid().to_string(), "fee": 1000, "depends": [] })
        })
        .collect();
    json!({
        "version": 0x2000_0000, "rules": ["csv", "!segwit", "taproot"], "vbavailable": {},
        "vbrequired": 0, "previousblockhash": "11".repeat(32), "transactions": transactions,
        "coinbasevalue": 5_000_000_000u64, "longpollid": "x", "mintime": 1_699_999_000,
        "curtime": 1_700_000_000, "bits": "2100ffff", "height": height,
        "default_witness_commitment": commitment(&transactions),
    })
}

fn transaction(value: u64, witness: bool) -> Transaction {
    let mut input = TxIn {
        previous_output: OutPoint::null(),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    input.previous_output.vout = 0;
    if witness {
        input.witness.push([value as u8; 71]);
    }
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![TxOut {
            value: Amount::from_sat(value),
            script_pubkey: ScriptBuf::new(),
        }],
    }
}

/// The commitment that a node computes (BIP141), by the crate's own code.
fn commitment(transactions: &[Value]) -> String {
    use bitcoin::hashes::Hash;
    let ids = transactions.iter().map(|tx| {
        let text = tx["hash"].as_str().expect("text");
        text.parse::<bitcoin::Wtxid>().expect("a hash")
    });
    let hashes = std::iter::once(bitcoin::Wtxid::all_zeros()).chain(ids);
    let root = bitcoin::merkle_tree::calculate_root(hashes.map(|id| id.to_raw_hash()));
    let root = bitcoin::WitnessMerkleNode::from_raw_hash(root.expect("a coinbase"));
    let commitment = Block::compute_witness_commitment(&root, &[0; 32]);
    let script = [
        &[0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed],
        &commitment.to_byte_array()[..],
    ]
    .concat();
    encode::serialize(&ScriptBuf::from(script))[1..]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// From the node's JSON to the block that it is given back: as somebody else's code
    /// reads the whole of it.
    #[test]
    fn a_solved_template_is_a_whole_block(
        transactions in proptest::collection::vec((1u64..21_000_000, any::<bool>()), 0..40),
        height in 1u32..1_000_000,
    ) {
        let text = result(&transactions, height).to_string();
        let mut given: Given = serde_json::from_str(&text).expect("a template");
        given.template.id = 1;
        let mut h = Harness::new(config());
        h.input(Input::Start);
        h.up("regtest");
        h.news(News::Template(Box::new(given.template.clone())));
        let share = h.share();
        let hash = (share.extranonce2.clone(), share.version);
        h.client.handle(h.now, Input::Submit(share));
        let Some(stratum::Effect::Node(Order::Block { header, coinbase, .. })) = h.client.next_effect() else {
            panic!("no block");
        };
        let block: Block = encode::deserialize_hex(&given.block_hex(&header, &coinbase)).expect("a block");
        prop_assert!(block.check_merkle_root());
        prop_assert!(block.check_witness_commitment());
        prop_assert_eq!(block.txdata.len(), transactions.len() + 1);
        prop_assert_eq!(block.bip34_block_height(), Ok(u64::from(height)));
        prop_assert_eq!(block.header.version.to_consensus() as u32, hash.1);
        prop_assert!(block.txdata[0].input[0].script_sig.as_bytes().ends_with(&hash.0));
        let paid: u64 = block.txdata[0].output.iter().map(|o| o.value.to_sat()).sum();
        prop_assert_eq!(paid, 5_000_000_000);
    }

    #[test]
    fn random_bytes_harm_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        entries::templates(&bytes);
    }

    /// Templates that can be read, with one member replaced, among steps.
    #[test]
    fn templates_with_one_odd_member_harm_nothing(
        steps in proptest::collection::vec((0u8..12, 0usize..16, 0usize..10), 1..20),
    ) {
        let odd = [
            json!(null), json!(0), json!(-1), json!(1e300), json!("ff"), json!([]), json!({}),
            json!(u64::MAX), json!("00".repeat(32)), json!(["!x"]),
        ];
        let good = result(&[(5, true), (6, false)], 9);
        let names: Vec<String> = good.as_object().expect("a map").keys().cloned().collect();
        let mut bytes = Vec::new();
        for (step, member, with) in steps {
            bytes.push(step);
            let mut one = good.clone();
            // Beyond the members there are: as it is.
            if let Some(name) = names.get(member) {
                one[name] = odd[with].clone();
            }
            bytes.extend_from_slice(one.to_string().as_bytes());
        }
        entries::templates(&bytes);
    }
}
