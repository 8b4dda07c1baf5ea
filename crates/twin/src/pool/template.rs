//! A node's block template, and the block that a share makes of it.

use std::sync::Arc;

use bitcoin::consensus::{deserialize, encode::serialize_hex};
use bitcoin::{Block, Transaction, Witness};
use serde_json::Value;

use super::job::{Coinbase, Job, merkle_branches};
use super::options::NodeMining;
use super::target::Target;
use super::wire::{unhex, unhex_reversed, unhex_u32};

/// What a pool needs of a `getblocktemplate` result.
#[derive(Debug)]
pub(super) struct Template {
    pub prev_hash: [u8; 32],
    pub height: u64,
    version: u32,
    nbits: u32,
    ntime: u32,
    coinbase_value: u64,
    /// Script of the witness commitment; none before segwit or where it needs none.
    commitment: Option<Vec<u8>>,
    /// Ids in header order, and the transactions, in the template's order.
    txids: Vec<[u8; 32]>,
    pub transactions: Vec<Transaction>,
}

impl Template {
    /// Reads the `result` of the call. The error says which field is missing or wrong.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let text = |key: &str| value[key].as_str().ok_or(format!("no text in `{key}`"));
        let number = |key: &str| value[key].as_u64().ok_or(format!("no number in `{key}`"));
        let small = |key: &str| {
            u32::try_from(number(key)?).map_err(|_| format!("`{key}` is above 32 bits"))
        };
        let wrong = |key: &'static str| move || format!("`{key}` is not the hex it should be");
        let transactions = value["transactions"]
            .as_array()
            .ok_or("no list in `transactions`")?;
        let commitment = match value.get("default_witness_commitment") {
            Some(Value::String(s)) => {
                Some(unhex(s).ok_or_else(wrong("default_witness_commitment"))?)
            }
            _ => None,
        };
        let mut template = Template {
            prev_hash: unhex_reversed(text("previousblockhash")?)
                .ok_or_else(wrong("previousblockhash"))?,
            height: number("height")?,
            // A signed field in the node's JSON; its top bit is never set in practice.
            version: small("version")?,
            nbits: unhex_u32(text("bits")?).ok_or_else(wrong("bits"))?,
            ntime: small("curtime")?.max(small("mintime").unwrap_or(0)),
            coinbase_value: number("coinbasevalue")?,
            commitment,
            txids: Vec::with_capacity(transactions.len()),
            transactions: Vec::with_capacity(transactions.len()),
        };
        for tx in transactions {
            template.add(tx)?;
        }
        Ok(template)
    }

    fn add(&mut self, tx: &Value) -> Result<(), String> {
        let place = self.txids.len();
        let wrong = || format!("transaction {place} of the template cannot be read");
        let txid = tx["txid"].as_str().and_then(unhex_reversed);
        let data = tx["data"].as_str().and_then(unhex).ok_or_else(wrong)?;
        self.txids.push(txid.ok_or_else(wrong)?);
        self.transactions
            .push(deserialize(&data).map_err(|_| wrong())?);
        Ok(())
    }

    /// Whether both would give the same block but for its time.
    pub(super) fn same_content(&self, other: &Template) -> bool {
        self.prev_hash == other.prev_hash
            && self.txids == other.txids
            && (self.version, self.nbits) == (other.version, other.nbits)
            && self.coinbase_value == other.coinbase_value
    }

    /// The job that leads to a block of this template.
    pub(super) fn job(self: &Arc<Self>, id: String, options: &NodeMining) -> Job {
        let mut outputs = vec![(self.coinbase_value, options.payout_script.clone())];
        outputs.extend(self.commitment.iter().map(|script| (0, script.clone())));
        Job {
            id,
            prev_hash: self.prev_hash,
            coinbase: Coinbase {
                height: self.height,
                tag: options.tag.clone().into_bytes(),
                outputs,
            },
            branches: merkle_branches(&self.txids),
            version: self.version,
            nbits: self.nbits,
            ntime: self.ntime,
            network_target: Target::from_nbits(self.nbits),
            template: Some(self.clone()),
        }
    }

    /// The whole block in hex, from a solved header and the coinbase without witness
    /// data. `None` if these do not fit together, which they do if the pool made them.
    pub(super) fn block(&self, header: &[u8; 80], coinbase: &[u8]) -> Option<SolvedBlock> {
        let mut coinbase: Transaction = deserialize(coinbase).ok()?;
        if self.commitment.is_some() {
            // The reserved value that the node's default commitment assumes (BIP141).
            coinbase.input.first_mut()?.witness = Witness::from_slice(&[[0_u8; 32]]);
        }
        let mut txdata = vec![coinbase];
        txdata.extend(self.transactions.iter().cloned());
        let block = Block {
            header: deserialize(header).ok()?,
            txdata,
        };
        Some(SolvedBlock {
            hex: serialize_hex(&block),
            hash: block.block_hash().to_string(),
        })
    }
}

/// A block ready for a node.
#[derive(Debug)]
pub(super) struct SolvedBlock {
    pub hex: String,
    pub hash: String,
}
