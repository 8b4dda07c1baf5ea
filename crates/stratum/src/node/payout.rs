//! Who is paid: an address, and the chain on which it means something.

use std::fmt;
use std::str::FromStr;

use bitcoin::Network;
use bitcoin::address::{Address, AddressType, NetworkUnchecked};

/// A chain that a node can be on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chain {
    /// Bitcoin.
    Main,
    /// The third test network.
    Test,
    /// The fourth test network.
    Testnet4,
    /// A network whose blocks are signed.
    Signet,
    /// A chain of one's own.
    Regtest,
}

impl Chain {
    /// From the name that nodes give it.
    pub fn named(name: &str) -> Option<Chain> {
        Some(match name {
            "main" => Chain::Main,
            "test" => Chain::Test,
            "testnet4" => Chain::Testnet4,
            "signet" => Chain::Signet,
            "regtest" => Chain::Regtest,
            _ => return None,
        })
    }

    /// The name that nodes give it.
    pub fn name(self) -> &'static str {
        match self {
            Chain::Main => "main",
            Chain::Test => "test",
            Chain::Testnet4 => "testnet4",
            Chain::Signet => "signet",
            Chain::Regtest => "regtest",
        }
    }

    fn network(self) -> Network {
        match self {
            Chain::Main => Network::Bitcoin,
            Chain::Test => Network::Testnet,
            Chain::Testnet4 => Network::Testnet4,
            Chain::Signet => Network::Signet,
            Chain::Regtest => Network::Regtest,
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An address to pay to, of a chain that is not known yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payout(Address<NetworkUnchecked>);

impl Payout {
    /// Read an address of any network: base58, bech32 or bech32m, its checksum included.
    pub fn parse(text: &str) -> Result<Payout, PayoutError> {
        let address: Address<NetworkUnchecked> = Address::from_str(text)
            .map_err(|why| PayoutError::Malformed(crate::text::printable(&why.to_string())))?;
        use AddressType::{P2pkh, P2sh, P2tr, P2wpkh, P2wsh};
        // Of any other kind, everybody may take what is paid to it.
        match address.clone().assume_checked().address_type() {
            Some(P2pkh | P2sh | P2wpkh | P2wsh | P2tr) => Ok(Payout(address)),
            _ => Err(PayoutError::Anyones),
        }
    }

    /// The script that pays it on this chain.
    pub fn script(&self, chain: Chain) -> Result<Vec<u8>, PayoutError> {
        match self.0.clone().require_network(chain.network()) {
            Ok(address) => Ok(address.script_pubkey().into_bytes()),
            Err(_) => Err(PayoutError::OtherChain(chain)),
        }
    }
}

/// Why nobody can be paid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PayoutError {
    /// It is no address; the text says why.
    Malformed(String),
    /// It is one of a kind that protects nothing yet.
    Anyones,
    /// It is one, of another chain than this.
    OtherChain(Chain),
}

impl fmt::Display for PayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PayoutError::Malformed(why) => write!(f, "the payout address cannot be read: {why}"),
            PayoutError::Anyones => f.write_str("what is paid to this address anybody can take"),
            PayoutError::OtherChain(chain) => {
                write!(f, "the payout address is not one of the chain `{chain}`")
            }
        }
    }
}

impl std::error::Error for PayoutError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// BIP173's example key as a witness program, by chain; the last two are BIP350's and
    /// the first coinbase's own address.
    const ADDRESSES: &[(&str, &[Chain], usize)] = &[
        (
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            &[Chain::Main],
            22,
        ),
        (
            "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
            &[Chain::Test, Chain::Testnet4, Chain::Signet],
            22,
        ),
        (
            "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
            &[Chain::Regtest],
            22,
        ),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            &[Chain::Main],
            34,
        ),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", &[Chain::Main], 25),
    ];

    #[test]
    fn an_address_pays_on_its_own_chain_only() {
        let all = ["main", "test", "testnet4", "signet", "regtest"].map(Chain::named);
        for (text, own, length) in ADDRESSES {
            let payout = Payout::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            for chain in all.into_iter().flatten() {
                match payout.script(chain) {
                    Ok(script) => {
                        assert!(own.contains(&chain), "{text} on {chain}");
                        assert_eq!(script.len(), *length, "{text}");
                    }
                    Err(error) => {
                        assert!(!own.contains(&chain), "{text} on {chain}");
                        assert_eq!(error, PayoutError::OtherChain(chain));
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_address_says_so() {
        for text in [
            "",
            "account.worker",
            // One character changed.
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            // A worker's name behind it.
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4.rig1",
        ] {
            let error = Payout::parse(text).expect_err(text);
            assert!(matches!(error, PayoutError::Malformed(_)), "{text}");
        }
        // BIP350's version 16 and 2, and an anchor.
        for text in [
            "bc1sw50qgdz25j",
            "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
            "bc1pfeessrawgf",
        ] {
            assert_eq!(Payout::parse(text), Err(PayoutError::Anyones), "{text}");
        }
        assert_eq!(Chain::named("mainnet"), None);
    }
}
