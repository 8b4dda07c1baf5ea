//! The parameters of `mining.notify`, in one pass and with bounds on every part.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use crate::hex;
use crate::limits::{BRANCHES, COINBASE_BYTES, JOB_ID_BYTES};
use crate::v1::wire::Text;

/// A job as the pool describes it: everything that does not depend on the session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Notify {
    pub(crate) job_id: Arc<str>,
    /// Header order.
    pub(crate) prev_hash: [u8; 32],
    pub(crate) coinbase1: Arc<[u8]>,
    pub(crate) coinbase2: Arc<[u8]>,
    pub(crate) branches: Arc<[[u8; 32]]>,
    pub(crate) version: u32,
    pub(crate) nbits: u32,
    pub(crate) ntime: u32,
    pub(crate) clean: bool,
}

impl Notify {
    /// Read the parameters. The error says which one is wrong and how.
    pub(crate) fn parse(params: Option<&str>) -> Result<Notify, String> {
        let params = params.ok_or("no parameters")?;
        serde_json::from_str(params).map_err(|e| e.to_string())
    }
}

impl<'de> Deserialize<'de> for Notify {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(NotifyVisitor)
    }
}

struct NotifyVisitor;

impl<'de> Visitor<'de> for NotifyVisitor {
    type Value = Notify;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of nine parameters")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Notify, A::Error> {
        let Text(job_id) = element(&mut seq, "job id")?;
        if job_id.len() > JOB_ID_BYTES {
            return Err(wrong("job id", "too long"));
        }
        let prev_hash = {
            let Text(text) = element(&mut seq, "prevhash")?;
            hex::array(&text).map_err(|e| wrong("prevhash", e))?
        };
        let notify = Notify {
            job_id: Arc::from(&*job_id),
            prev_hash: swap_groups(prev_hash),
            coinbase1: coinbase(&mut seq, "coinb1")?,
            coinbase2: coinbase(&mut seq, "coinb2")?,
            branches: element::<Branches, A>(&mut seq, "branches")?.0,
            version: number(&mut seq, "version")?,
            nbits: number(&mut seq, "nbits")?,
            ntime: number(&mut seq, "ntime")?,
            clean: element::<Flag, A>(&mut seq, "clean_jobs")?.0,
        };
        // Later elements are somebody's extension.
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(notify)
    }
}

/// Every group of four bytes stands reversed on the wire.
fn swap_groups(mut hash: [u8; 32]) -> [u8; 32] {
    hash.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    hash
}

fn wrong<E: Error>(name: &str, why: impl fmt::Display) -> E {
    E::custom(format_args!("{name}: {why}"))
}

fn element<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    seq: &mut A,
    name: &str,
) -> Result<T, A::Error> {
    match seq.next_element() {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(wrong(name, "missing")),
        Err(e) => Err(wrong(name, e)),
    }
}

fn coinbase<'de, A: SeqAccess<'de>>(seq: &mut A, name: &str) -> Result<Arc<[u8]>, A::Error> {
    let Text(text) = element(seq, name)?;
    let bytes = hex::bytes(&text, COINBASE_BYTES).map_err(|e| wrong(name, e))?;
    Ok(bytes.into())
}

fn number<'de, A: SeqAccess<'de>>(seq: &mut A, name: &str) -> Result<u32, A::Error> {
    let Text(text) = element(seq, name)?;
    hex::number(&text).map_err(|e| wrong(name, e))
}

/// At most [`BRANCHES`] hashes; the rest of a longer list is counted and not kept.
struct Branches(Arc<[[u8; 32]]>);

impl<'de> Deserialize<'de> for Branches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BranchesVisitor;
        impl<'de> Visitor<'de> for BranchesVisitor {
            type Value = Branches;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of hashes")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Branches, A::Error> {
                let mut kept: Vec<[u8; 32]> = Vec::with_capacity(16);
                while kept.len() < BRANCHES {
                    let Some(Text(text)) = seq.next_element()? else {
                        return Ok(Branches(kept.into()));
                    };
                    kept.push(hex::array(&text).map_err(A::Error::custom)?);
                }
                let mut count = BRANCHES;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                if count > BRANCHES {
                    let text = format_args!("{count} hashes, at most {BRANCHES} are taken");
                    return Err(A::Error::custom(text));
                }
                Ok(Branches(kept.into()))
            }
        }
        deserializer.deserialize_seq(BranchesVisitor)
    }
}

/// `true`, `false`, or the numbers that some servers write for them.
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FlagVisitor;
        impl Visitor<'_> for FlagVisitor {
            type Value = Flag;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(flag))
            }
            fn visit_u64<E>(self, flag: u64) -> Result<Flag, E> {
                Ok(Flag(flag != 0))
            }
        }
        deserializer.deserialize_any(FlagVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREV: &str = "4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000";

    /// Parameters with the element at `at` replaced by `json`.
    fn with(at: usize, json: &str) -> String {
        let prev = format!("\"{PREV}\"");
        let mut all = vec![
            "\"job\"",
            &prev,
            "\"0102\"",
            "\"03\"",
            "[]",
            "\"20000000\"",
            "\"1d00ffff\"",
            "\"5e0a1b2c\"",
            "true",
        ];
        all[at] = json;
        format!("[{}]", all.join(","))
    }

    #[test]
    fn numbers_are_big_endian_and_prevhash_is_swapped_by_groups() {
        let branch = "11".repeat(31) + "22";
        let notify = Notify::parse(Some(&with(4, &format!("[\"{branch}\"]")))).unwrap();
        assert_eq!(
            notify.prev_hash[..8],
            [0xf8, 0xb6, 0x16, 0x4d, 0x19, 0xe2, 0xf6, 0x5a]
        );
        assert_eq!((notify.version, notify.nbits), (0x2000_0000, 0x1d00_ffff));
        assert_eq!((notify.ntime, notify.clean), (0x5e0a_1b2c, true));
        assert_eq!(*notify.coinbase1, [1, 2]);
        assert_eq!(*notify.coinbase2, [3]);
        // Branches are not swapped.
        assert_eq!(notify.branches[0][31], 0x22);
    }

    #[test]
    fn dialects_are_read() {
        let check =
            |params: &str| Notify::parse(Some(params)).unwrap_or_else(|e| panic!("{params}: {e}"));
        assert_eq!(&*check(&with(0, "\"\"")).job_id, "");
        assert_eq!(&*check(&with(0, "\"a\\u002d\\/é\"")).job_id, "a-/é");
        assert_eq!(
            check(&with(1, &format!("\"0x{}\"", PREV.to_uppercase()))).ntime,
            0x5e0a_1b2c
        );
        assert_eq!(check(&with(5, "\"0x4\"")).version, 4);
        assert!(!check(&with(8, "0")).clean);
        assert!(!check(&with(8, "false,[1,{}],\"more\"")).clean);
        assert!(check(&with(2, "\"\"")).coinbase1.is_empty());
    }

    #[test]
    fn wrong_elements_are_named() {
        let check = |params: &str, name: &str| {
            let why = Notify::parse(Some(params)).expect_err(params);
            assert!(why.starts_with(name), "{why} for {params}");
        };
        let names = [
            "job id",
            "prevhash",
            "coinb1",
            "coinb2",
            "branches",
            "version",
            "nbits",
            "ntime",
            "clean_jobs",
        ];
        for (at, name) in names.into_iter().enumerate() {
            for json in ["null", "1.5", "{}", "[[]]", "-3"] {
                check(&with(at, json), name);
            }
            let whole = with(0, "\"job\"");
            let mut cut: Vec<&str> = whole[1..whole.len() - 1].split(',').collect();
            cut.truncate(at);
            check(&format!("[{}]", cut.join(",")), name);
        }
        check(&with(1, "\"00\""), "prevhash");
        check(&with(2, "\"0\""), "coinb1");
        check(&with(3, "\"zz\""), "coinb2");
        check(&with(4, "[\"00\"]"), "branches");
        check(&with(4, "[5]"), "branches");
        check(&with(4, &format!("\"{PREV}\"")), "branches");
        check(&with(6, "\"\""), "nbits");
        check(&with(7, "\"123456789\""), "ntime");
        check(&with(8, "\"true\""), "clean_jobs");
        check(&with(0, &format!("\"{}\"", "x".repeat(257))), "job id");
        assert!(Notify::parse(None).is_err());
        assert!(Notify::parse(Some("{\"job\":1}")).is_err());
        assert!(Notify::parse(Some("\"job\"")).is_err());
    }

    #[test]
    fn branches_are_bounded() {
        let list = |count: usize| {
            let branches = vec![format!("\"{PREV}\""); count].join(",");
            Notify::parse(Some(&with(4, &format!("[{branches}]"))))
        };
        assert_eq!(list(BRANCHES).unwrap().branches.len(), BRANCHES);
        let why = list(BRANCHES + 1).unwrap_err();
        assert!(why.contains("65 hashes"), "{why}");
        let why = list(10_000).unwrap_err();
        assert!(why.contains("10000 hashes"), "{why}");
    }

    #[test]
    fn a_coinbase_part_is_bounded() {
        let hex = "00".repeat(COINBASE_BYTES);
        assert!(Notify::parse(Some(&with(2, &format!("\"{hex}\"")))).is_ok());
        assert!(Notify::parse(Some(&with(2, &format!("\"{hex}00\"")))).is_err());
    }
}
