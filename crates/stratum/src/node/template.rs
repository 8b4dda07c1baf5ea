//! A template as plain values, and what is checked before it becomes work.

use std::fmt;

use work::Target;

use crate::limits::{
    BRANCHES, NODE_BLOCK_BYTES, NODE_COMMITMENT_BYTES, NODE_REWARD_SAT_MAX, NODE_RULES,
};
use crate::text::printable;

/// What the work on a block needs of a node's template. Everything in header order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    /// The shell's name of it, not used again.
    pub id: u64,
    /// Of the block to find.
    pub height: u32,
    /// Header version.
    pub version: u32,
    /// Version bits that deployments use or the node requires (BIP9): not ours to roll.
    pub used_bits: u32,
    /// Hash of the block before.
    pub prev_hash: [u8; 32],
    /// Compact network target.
    pub nbits: u32,
    /// The node's time.
    pub curtime: u32,
    /// Least time that the header may have.
    pub mintime: u32,
    /// Subsidy and fees, in satoshi.
    pub coinbase_value: u64,
    /// Script of the witness commitment; none where the block has no witness data.
    pub commitment: Option<Vec<u8>>,
    /// From the coinbase to the merkle root, lowest first.
    pub branch: Vec<[u8; 32]>,
    /// How many transactions there are beside the coinbase.
    pub transactions: u32,
    /// Their bytes, witness data included.
    pub bytes: u64,
    /// Rules of the chain by name; `!` before a name says that a miner must know it.
    pub rules: Vec<String>,
    /// Script that the signatures of a signet's blocks satisfy.
    pub signet_challenge: Option<Vec<u8>>,
}

/// Rules that change how a block is built, and that this is built by. `csv`, `taproot` and
/// others only change what the node puts into it.
const KNOWN_RULES: &[&str] = &["segwit", "signet", "csv", "taproot"];
/// The script that everything satisfies: such a signet's blocks need no signature.
const ANYONE: &[u8] = &[0x51];

impl Template {
    /// Whether work can be made of it. The network's target, if so.
    pub(crate) fn check(&self) -> Result<Target, Fault> {
        let bad = |what: String| Err(Fault::Bad(what));
        self.check_rules()?;
        let Some(target) = Target::from_nbits(self.nbits) else {
            return bad(format!("bits={:08x} are no target", self.nbits));
        };
        if self.height == 0 {
            return bad("height=0 is the first block's".into());
        }
        if self.coinbase_value > NODE_REWARD_SAT_MAX {
            return bad(format!("coinbasevalue={} sat", self.coinbase_value));
        }
        if self.branch.len() > BRANCHES {
            return bad(format!("branch of {} hashes", self.branch.len()));
        }
        if self.bytes > NODE_BLOCK_BYTES {
            return bad(format!("transactions of {} bytes", self.bytes));
        }
        // The branch doubles with each level: 2^levels - 1 transactions at most.
        let most = 1u64.checked_shl(self.branch.len() as u32).unwrap_or(0);
        if u64::from(self.transactions) >= most.max(1) && self.branch.len() < 32 {
            let (count, levels) = (self.transactions, self.branch.len());
            return bad(format!("{count} transactions below {levels} hashes"));
        }
        let commitment = self.commitment.as_ref().map_or(0, Vec::len);
        if commitment > NODE_COMMITMENT_BYTES {
            return bad(format!("commitment of {commitment} bytes"));
        }
        if self.curtime < self.mintime {
            let (now, least) = (self.curtime, self.mintime);
            return bad(format!("curtime={now} before mintime={least}"));
        }
        Ok(target)
    }

    fn check_rules(&self) -> Result<(), Fault> {
        if self.rules.len() > NODE_RULES {
            return Err(Fault::Bad(format!("{} rules", self.rules.len())));
        }
        let musts = self.rules.iter().filter_map(|rule| rule.strip_prefix('!'));
        if let Some(rule) = musts.into_iter().find(|rule| !KNOWN_RULES.contains(rule)) {
            let what = format!("rule {:?} is not known", printable(rule));
            return Err(Fault::Unfit(what));
        }
        match &self.signet_challenge {
            Some(script) if script != ANYONE => Err(Fault::Unfit(
                "this signet's blocks must be signed by its owners".into(),
            )),
            _ => Ok(()),
        }
    }

    /// Bits of `mask` that nobody else uses: neither a deployment nor the version as it is.
    pub(crate) fn free_bits(&self, mask: u32) -> u32 {
        mask & !self.used_bits & !self.version
    }
}

/// Why no work is made of a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// It is wrong; the next one may be right.
    Bad(String),
    /// This chain cannot be mined on by us.
    Unfit(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Bad(what) | Fault::Unfit(what) => f.write_str(what),
        }
    }
}

#[cfg(test)]
impl Template {
    /// One on regtest with nothing but a commitment in it.
    pub(crate) fn example() -> Template {
        Template {
            id: 1,
            height: 102,
            version: 0x2000_0000,
            used_bits: 0,
            prev_hash: [7; 32],
            nbits: 0x207f_ffff,
            curtime: 1_700_000_000,
            mintime: 1_699_999_000,
            coinbase_value: 5_000_000_000,
            commitment: Some([&[0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed][..], &[5; 32]].concat()),
            branch: vec![],
            transactions: 0,
            bytes: 0,
            rules: ["csv", "!segwit", "taproot"].map(str::to_owned).to_vec(),
            signet_challenge: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_that_cannot_be_blocks_are_refused() {
        let check = |change: &dyn Fn(&mut Template), part: &str| {
            let mut template = Template::example();
            assert!(template.check().is_ok());
            change(&mut template);
            let fault = template.check().expect_err(part);
            assert!(fault.to_string().contains(part), "{fault}");
            fault
        };
        check(&|t| t.nbits = 0, "bits=00000000");
        check(&|t| t.nbits = 0x2080_0000, "bits=20800000");
        check(&|t| t.height = 0, "height=0");
        check(
            &|t| t.coinbase_value = 21_000_000 * 100_000_000 + 1,
            "coinbasevalue",
        );
        check(&|t| t.branch = vec![[0; 32]; 65], "branch of 65");
        check(&|t| t.bytes = 4_000_001, "4000001 bytes");
        check(&|t| t.transactions = 1, "1 transactions below 0");
        check(
            &|t| {
                t.transactions = 4;
                t.branch = vec![[0; 32]; 2];
            },
            "4 transactions below 2",
        );
        check(
            &|t| t.commitment = Some(vec![0; 10_000]),
            "commitment of 10000",
        );
        check(&|t| t.curtime = 5, "before mintime");
        check(&|t| t.rules = vec![String::new(); 1000], "1000 rules");
    }

    #[test]
    fn a_chain_that_wants_more_than_we_know_is_unfit() {
        let check = |change: &dyn Fn(&mut Template), fit: bool| {
            let mut template = Template::example();
            change(&mut template);
            let unfit = matches!(template.check(), Err(Fault::Unfit(_)));
            assert_eq!(unfit, !fit, "{template:?}");
        };
        check(&|t| t.rules.push("later".into()), true);
        check(&|t| t.rules.push("!signet".into()), true);
        check(&|t| t.rules.push("!later".into()), false);
        check(&|t| t.signet_challenge = Some(vec![0x51]), true);
        check(&|t| t.signet_challenge = Some(vec![0x52, 0x21]), false);
        check(&|t| t.signet_challenge = Some(vec![]), false);
    }

    #[test]
    fn bits_in_use_are_not_rolled() {
        const MASK: u32 = 0x1fff_e000;
        let mut template = Template::example();
        assert_eq!(template.free_bits(MASK), MASK);
        template.used_bits = 1 << 28 | 1 << 2;
        assert_eq!(template.free_bits(MASK), MASK & !(1 << 28));
        template.version |= 1 << 13;
        assert_eq!(template.free_bits(MASK), MASK & !(1 << 28) & !(1 << 13));
    }
}
