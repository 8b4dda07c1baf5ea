//! The result of `getblocktemplate`, read without a copy of it in memory: the shell may
//! feed it from a socket. Transactions are decoded as they come, into one piece.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use crate::hex;
use crate::limits::{
    NODE_BLOCK_BYTES, NODE_COMMITMENT_BYTES, NODE_RULES, NODE_TRANSACTIONS, TEXT_CHARS,
};
use crate::node::{Template, coinbase_branch};

/// A template with what only the shell needs of it.
#[derive(Debug)]
pub struct Given {
    /// What becomes work, without a name yet.
    pub template: Template,
    /// All transactions but the coinbase, one behind the other as a block has them.
    pub transactions: Vec<u8>,
    /// To be given back to the node, which then answers when there is news.
    pub longpollid: Option<String>,
}

impl Given {
    /// The block that a header and a coinbase make of it, as `submitblock` wants it.
    pub fn block_hex(&self, header: &[u8; 80], coinbase: &[u8]) -> String {
        let bytes = 80 + 9 + coinbase.len() + self.transactions.len();
        let mut out = Vec::with_capacity(2 * bytes);
        hex::push_bytes(&mut out, header);
        hex::push_bytes(
            &mut out,
            &compact(u64::from(self.template.transactions) + 1),
        );
        hex::push_bytes(&mut out, coinbase);
        hex::push_bytes(&mut out, &self.transactions);
        // Hex digits are ASCII.
        String::from_utf8(out).unwrap_or_default()
    }
}

/// A number as Bitcoin counts things.
fn compact(count: u64) -> Vec<u8> {
    bitcoin::consensus::serialize(&bitcoin::VarInt(count))
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let Transactions { bytes, txids } = wire.transactions;
        let template = Template {
            id: 0,
            height: wire.height,
            // Signed on the wire; the header has its bits.
            version: wire.version as u32,
            used_bits: wire.vbavailable.0 | wire.vbrequired,
            prev_hash: wire.previousblockhash.0,
            nbits: wire.bits.0,
            curtime: wire.curtime,
            mintime: wire.mintime.unwrap_or(0),
            coinbase_value: wire.coinbasevalue,
            commitment: wire.default_witness_commitment.map(|script| script.0),
            transactions: txids.len() as u32,
            bytes: bytes.len() as u64,
            branch: coinbase_branch(txids),
            rules: wire.rules.0,
            signet_challenge: wire.signet_challenge.map(|script| script.0),
        };
        Ok(Given {
            template,
            transactions: bytes,
            longpollid: wire.longpollid.map(|text| text.0),
        })
    }
}

#[derive(Deserialize)]
struct Wire {
    version: i32,
    #[serde(default)]
    rules: Rules,
    #[serde(default)]
    vbavailable: Deployments,
    #[serde(default)]
    vbrequired: u32,
    previousblockhash: Hash,
    transactions: Transactions,
    coinbasevalue: u64,
    longpollid: Option<Short>,
    mintime: Option<u32>,
    curtime: u32,
    bits: HexNumber,
    height: u32,
    default_witness_commitment: Option<Script>,
    signet_challenge: Option<Script>,
}

/// Reads a text in place.
struct Text<F>(F, &'static str);

impl<T, F: FnOnce(&str) -> Result<T, String>> Visitor<'_> for Text<F> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

/// A hash as people see it: the other way round.
struct Hash([u8; 32]);

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| {
            let mut bytes: [u8; 32] = hex::array(text).map_err(|e| format!("hash: {e}"))?;
            bytes.reverse();
            Ok(Hash(bytes))
        };
        deserializer.deserialize_str(Text(read, "a hash"))
    }
}

struct HexNumber(u32);

impl<'de> Deserialize<'de> for HexNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| hex::number(text).map_err(|e| format!("bits: {e}"));
        let number = deserializer.deserialize_str(Text(read, "a number in hex"))?;
        Ok(HexNumber(number))
    }
}

struct Script(Vec<u8>);

impl<'de> Deserialize<'de> for Script {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| {
            let bytes = hex::bytes(text, NODE_COMMITMENT_BYTES);
            bytes.map_err(|e| format!("script: {e}"))
        };
        Ok(Script(
            deserializer.deserialize_str(Text(read, "a script"))?,
        ))
    }
}

/// A short text that is only given back, or compared.
struct Short(String);

impl<'de> Deserialize<'de> for Short {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| match text.len() <= TEXT_CHARS {
            true => Ok(Short(text.to_owned())),
            false => Err(format!("a text of {} bytes", text.len())),
        };
        deserializer.deserialize_str(Text(read, "a short text"))
    }
}

#[derive(Default)]
struct Rules(Vec<String>);

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Rules;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of rules")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rules, A::Error> {
                let mut rules = Vec::new();
                while let Some(Short(rule)) = seq.next_element()? {
                    if rules.len() >= NODE_RULES {
                        return Err(A::Error::custom("too many rules"));
                    }
                    rules.push(rule);
                }
                Ok(Rules(rules))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// The bits of the deployments, whatever they are called.
#[derive(Default)]
struct Deployments(u32);

impl<'de> Deserialize<'de> for Deployments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Deployments;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("deployments with their bits")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Deployments, A::Error> {
                let mut bits = 0;
                while let Some((IgnoredAny, bit)) = map.next_entry::<IgnoredAny, u32>()? {
                    let bit = 1u32.checked_shl(bit);
                    bits |= bit.ok_or_else(|| A::Error::custom("a bit beyond the version"))?;
                }
                Ok(Deployments(bits))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

/// All transactions, decoded.
struct Transactions {
    bytes: Vec<u8>,
    txids: Vec<[u8; 32]>,
}

impl<'de> Deserialize<'de> for Transactions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Transactions;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of transactions")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Transactions, A::Error> {
                let mut all = Transactions {
                    bytes: Vec::new(),
                    txids: Vec::new(),
                };
                while seq.next_element_seed(One(&mut all))?.is_some() {
                    if all.txids.len() > NODE_TRANSACTIONS {
                        return Err(A::Error::custom("more transactions than fit in a block"));
                    }
                }
                // Growing by doubling may have left as much again.
                all.bytes.shrink_to_fit();
                Ok(all)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// Adds one transaction.
struct One<'a>(&'a mut Transactions);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a transaction with `data` and `txid`")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut data, mut txid) = (false, None);
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Data if data => return Err(de::Error::duplicate_field("data")),
                Key::Data => {
                    map.next_value_seed(Data(&mut self.0.bytes))?;
                    data = true;
                }
                Key::Txid => txid = Some(map.next_value::<Hash>()?.0),
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match (data, txid) {
            (true, Some(txid)) => self.0.txids.push(txid),
            (false, _) => return Err(de::Error::missing_field("data")),
            (true, None) => return Err(de::Error::missing_field("txid")),
        }
        Ok(())
    }
}

enum Key {
    Data,
    Txid,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| {
            Ok(match text {
                "data" => Key::Data,
                "txid" => Key::Txid,
                _ => Key::Other,
            })
        };
        deserializer.deserialize_str(Text(read, "a name"))
    }
}

/// Appends the bytes of a transaction, as far as a block has room.
struct Data<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let all = self.0;
        let append = |text: &str| {
            let room = (NODE_BLOCK_BYTES as usize).saturating_sub(all.len());
            hex::append(all, text, room).map_err(|e| format!("data: {e}"))
        };
        deserializer.deserialize_str(Text(append, "a transaction in hex"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::consensus::encode;
    use bitcoin::{Block, Transaction};

    /// What a real node gave on regtest; see `tests/vectors/node/README.md`.
    const REGTEST: &str =
        include_str!("../../../../tests/vectors/node/getblocktemplate-regtest.json");

    #[test]
    fn a_real_nodes_template_becomes_a_block_that_somebody_elses_code_reads() {
        let given: Given = serde_json::from_str(REGTEST).expect("a template");
        let t = &given.template;
        assert_eq!(
            (t.height, t.version, t.nbits),
            (102, 0x2000_0000, 0x207f_ffff)
        );
        assert_eq!((t.curtime, t.mintime), (1_795_227_304, 1_795_226_234));
        assert_eq!((t.coinbase_value, t.transactions), (5_000_003_660, 2));
        assert_eq!((t.prev_hash[0], t.prev_hash[31]), (0x8a, 0x08));
        assert_eq!(t.rules, ["csv", "!segwit", "taproot"]);
        assert!(
            given
                .longpollid
                .as_ref()
                .is_some_and(|id| id.ends_with("104"))
        );
        assert!(t.check().is_ok());

        let coinbase = crate::node::coinbase::coinbase(t, &[0x51]);
        let plain = [&coinbase.before[..], &[3; 16], &coinbase.after].concat();
        let root = sha256d::merkle_root(&sha256d::sha256d(&plain), &t.branch);
        let mut header = [0; 80];
        header[..4].copy_from_slice(&t.version.to_le_bytes());
        header[4..36].copy_from_slice(&t.prev_hash);
        header[36..68].copy_from_slice(&root);
        let witness = crate::node::coinbase::with_witness(&plain);
        let hex = given.block_hex(&header, &witness);
        let block: Block = encode::deserialize_hex(&hex).expect("a block");
        assert_eq!(block.txdata.len(), 3);
        assert!(block.check_merkle_root());
        assert!(block.check_witness_commitment());
        assert_eq!(block.bip34_block_height(), Ok(102));
        let second: &Transaction = &block.txdata[2];
        assert_eq!(second.output.len(), 2);
    }

    #[test]
    fn a_template_without_its_parts_names_them() {
        let check = |from: &str, to: &str, part: &str| {
            let text = REGTEST.replacen(from, to, 1);
            assert_ne!(text, REGTEST, "{from}");
            let why = serde_json::from_str::<Given>(&text)
                .expect_err(part)
                .to_string();
            assert!(why.contains(part), "{why}");
            assert!(why.len() < 300, "{why}");
        };
        check("\"data\"", "\"date\"", "data");
        check("\"txid\"", "\"id\"", "txid");
        check("\"data\": \"02", "\"data\": \"0", "odd number");
        check("\"data\": \"02", "\"data\": \"zz", "hexadecimal");
        check("\"bits\": \"207fffff\"", "\"bits\": \"x\"", "bits");
        check("\"height\": 102", "\"height\": -1", "-1");
        check("\"height\": 102", "\"height\": 4294967296", "4294967296");
        check("\"curtime\": ", "\"time\": ", "curtime");
        check(
            "\"vbavailable\": {}",
            "\"vbavailable\": {\"x\": 32}",
            "beyond",
        );
        check(
            "\"!segwit\"",
            &format!("\"{}\"", "r".repeat(300)),
            "300 bytes",
        );
        check("\"coinbasevalue\": ", "\"coinbasevalue\": 1e", "");
        let many = "\"r\",".repeat(100);
        check("\"csv\",", &many, "too many rules");
    }

    #[test]
    fn deployments_name_the_bits_that_are_theirs() {
        let text = REGTEST.replacen(
            "\"vbavailable\": {},\n \"vbrequired\": 0",
            "\"vbavailable\": {\"testdummy\": 28, \"later\": 2}, \"vbrequired\": 16",
            1,
        );
        let given: Given = serde_json::from_str(&text).expect("a template");
        assert_eq!(given.template.used_bits, 1 << 28 | 1 << 2 | 1 << 4);
    }

    #[test]
    fn transactions_beyond_a_block_are_refused_before_they_are_held() {
        let one = |bytes: usize| {
            format!(
                "{{\"data\": \"{}\", \"txid\": \"{}\"}}",
                "00".repeat(bytes),
                "00".repeat(32)
            )
        };
        let check = |list: String, part: &str| {
            let begin = REGTEST.find("\"transactions\"").expect("it has some");
            let end = REGTEST.find("\"coinbaseaux\"").expect("it has one");
            let (head, tail) = (&REGTEST[..begin], &REGTEST[end..]);
            let text = format!("{head}\"transactions\": [{list}], {tail}");
            let why = serde_json::from_str::<Given>(&text)
                .expect_err(part)
                .to_string();
            assert!(why.contains(part), "{why}");
        };
        check(one(4_000_001), "4000001 bytes where 4000000 fit");
        let halves = [one(3_999_990), one(11)].join(",");
        check(halves, "11 bytes where 10 fit");
        let many = vec![one(0); NODE_TRANSACTIONS + 1].join(",");
        check(many, "more transactions");
    }
}
