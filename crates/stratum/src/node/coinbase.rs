//! Our own coinbase: height, tag and extranonces in; the reward and the commitment out.

use std::sync::Arc;

use bitcoin::consensus::encode;
use bitcoin::script::Builder;
use bitcoin::{Amount, ScriptBuf, TxOut};

use crate::limits::NODE_EXTRANONCE_BYTES;
use crate::node::Template;

/// What our coinbases say of themselves, for whoever looks at a block.
const TAG: &[u8] = b"/stannary/";

/// Version of the transaction, and its lock time: usual ones.
const VERSION: [u8; 4] = [2, 0, 0, 0];
const LOCK_TIME: [u8; 4] = [0; 4];
/// Flag and marker of a transaction with witness data (BIP144).
const WITNESS_MARK: [u8; 2] = [0, 1];

/// A coinbase without witness data, open at both extranonces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Coinbase {
    /// Before the extranonces.
    pub(crate) before: Arc<[u8]>,
    /// After them.
    pub(crate) after: Arc<[u8]>,
}

/// The coinbase of a block on this template that pays `script`. The template was checked.
pub(crate) fn coinbase(template: &Template, script: &[u8]) -> Coinbase {
    // BIP34 wants the height first, pushed as numbers are.
    let height = Builder::new().push_int(i64::from(template.height));
    let mut input = height.into_bytes();
    input.push(TAG.len() as u8);
    input.extend_from_slice(TAG);
    // One push for both extranonces.
    let nonces = 2 * NODE_EXTRANONCE_BYTES;
    input.push(nonces as u8);

    let mut before = VERSION.to_vec();
    before.push(1);
    before.extend_from_slice(&[0; 32]);
    before.extend_from_slice(&[0xff; 4]);
    // At most 6 for the height, 11 for the tag and 17 for the extranonces: far below the
    // 100 that a coinbase may have, and the length is one byte.
    before.push((input.len() + nonces) as u8);
    before.extend_from_slice(&input);

    let mut outputs = vec![output(template.coinbase_value, script)];
    if let Some(commitment) = &template.commitment {
        outputs.push(output(0, commitment));
    }
    let mut after = vec![0xff; 4];
    after.extend_from_slice(&encode::serialize(&outputs));
    after.extend_from_slice(&LOCK_TIME);
    Coinbase {
        before: before.into(),
        after: after.into(),
    }
}

fn output(value: u64, script: &[u8]) -> TxOut {
    TxOut {
        value: Amount::from_sat(value),
        script_pubkey: ScriptBuf::from_bytes(script.to_vec()),
    }
}

/// The same coinbase as a block carries it: with the witness of 32 zero bytes that a
/// commitment asks for (BIP141).
pub(crate) fn with_witness(plain: &[u8]) -> Vec<u8> {
    let (head, tail) = plain.split_at(VERSION.len().min(plain.len()));
    let (body, lock_time) = tail.split_at(tail.len().saturating_sub(LOCK_TIME.len()));
    let witness: &[u8] = &[&[1, 32][..], &[0; 32]].concat();
    [head, &WITNESS_MARK, body, witness, lock_time].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::Transaction;

    const SCRIPT: &[u8] = &[0x00, 0x14, 9, 9, 9];

    fn whole(template: &Template) -> Vec<u8> {
        let coinbase = coinbase(template, SCRIPT);
        let nonces = [0xaa; 2 * NODE_EXTRANONCE_BYTES];
        [&coinbase.before[..], &nonces, &coinbase.after].concat()
    }

    fn check(template: &Template) -> Transaction {
        let bytes = whole(template);
        let plain: Transaction = encode::deserialize(&bytes).expect("a transaction");
        assert!(plain.is_coinbase());
        let script = plain.input[0].script_sig.as_bytes();
        assert!((2..=100).contains(&script.len()));
        assert!(script.ends_with(&[0xaa; 2 * NODE_EXTRANONCE_BYTES]));
        assert!(script.windows(TAG.len()).any(|part| part == TAG));
        let with: Transaction = encode::deserialize(&with_witness(&bytes)).expect("a transaction");
        assert_eq!(with.compute_txid(), plain.compute_txid());
        assert_eq!(with.input[0].witness.nth(0), Some(&[0u8; 32][..]));
        plain
    }

    #[test]
    fn the_whole_reward_goes_to_one_script_and_the_commitment_stands_beside_it() {
        let template = Template::example();
        let tx = check(&template);
        assert_eq!(tx.output.len(), 2);
        assert_eq!(tx.output[0].value.to_sat(), template.coinbase_value);
        assert_eq!(tx.output[0].script_pubkey.as_bytes(), SCRIPT);
        assert_eq!(tx.output[1].value, Amount::ZERO);
        let commitment = template.commitment.expect("the example has one");
        assert_eq!(tx.output[1].script_pubkey.as_bytes(), commitment);
        let without = Template {
            commitment: None,
            ..Template::example()
        };
        assert_eq!(check(&without).output.len(), 1);
    }

    /// As `bitcoin`, which reads heights out of blocks, understands them.
    #[test]
    fn the_height_stands_first_as_bip34_has_it() {
        let check = |height: u32, begin: &[u8]| {
            let tx = check(&Template {
                height,
                ..Template::example()
            });
            let script = tx.input[0].script_sig.as_bytes();
            assert!(script.starts_with(begin), "{height}: {script:02x?}");
        };
        check(1, &[0x51]);
        check(16, &[0x60]);
        check(17, &[1, 17]);
        check(127, &[1, 127]);
        check(128, &[2, 128, 0]);
        check(840_000, &[3, 0x40, 0xd1, 0x0c]);
        check(0x0080_0000, &[4, 0, 0, 0x80, 0]);
        check(u32::MAX, &[5, 0xff, 0xff, 0xff, 0xff, 0]);
    }

    #[test]
    fn bytes_that_are_no_coinbase_do_no_harm() {
        for len in 0..10 {
            let _ = with_witness(&vec![1; len]);
        }
    }
}
