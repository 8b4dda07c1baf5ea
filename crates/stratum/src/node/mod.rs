//! Mining at the owner's own node, without a pool: templates in, blocks out.
//!
//! Terms: a *template* is what the node's `getblocktemplate` gives, without its
//! transactions, which stay with the shell; the *branch* is the list of hashes that leads
//! from a coinbase to the merkle root of the whole block; a *block* here is a header and a
//! coinbase, which the shell completes and hands to the node.
//!
//! The whole reward goes to the one address of the configuration. There is no share
//! difficulty: the share target of every job is the network's, so that each share is a
//! block, and nothing else is ever told to the node. What the accounts call *accepted* are
//! blocks that the node took.
//!
//! Invariants:
//! - No block is handed out whose header does not meet the template's own target.
//! - One block of a template is with the node at a time; none follows one that it took,
//!   and on regtest none follows the first.
//! - Only version bits that the template leaves free are rolled.
//! - Memory is bounded by [`limits`](crate::limits) whatever a node says.

mod access;
mod branch;
mod coinbase;
mod payout;
pub(crate) mod session;
mod template;
mod wire;

use units::ShareId;

pub use access::{Access, Login};
pub use branch::coinbase_branch;
pub use payout::{Chain, Payout, PayoutError};
pub use template::Template;
pub use wire::Given;

/// What the shell tells of a node.
#[derive(Clone, Debug)]
pub enum News {
    /// It answers. The name of its chain, as `getblockchaininfo` has it.
    Up {
        /// `main`, `test`, `testnet4`, `signet` or `regtest`.
        chain: String,
    },
    /// A template, newer than all before it. The shell keeps the transactions of the last
    /// two.
    Template(Box<Template>),
    /// What became of a block.
    Answer {
        /// The share that it was made of.
        share: ShareId,
        /// The node's word.
        answer: Answer,
    },
    /// The node is not to be used for now; nothing more is told until it is opened again.
    Failed(Failure),
}

/// A node's word on a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is on the chain.
    Taken,
    /// Refused, in the words of BIP22 or the node's own.
    Refused(String),
    /// The node could not be told, or the block's transactions are gone; the text says why.
    Lost(String),
}

/// Why a node is not to be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Of which kind, which decides when it is tried again.
    pub kind: FailureKind,
    /// What was seen, without credentials.
    pub detail: String,
}

/// Kinds of failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailureKind {
    /// No connection, or one that broke.
    Unreachable,
    /// It refuses user, password or cookie.
    Login,
    /// It has no templates yet: starting, in initial download, or without peers.
    NotReady,
    /// It said something that cannot be used.
    Broken,
}

/// What a client asks of the shell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Ask this node for templates from now on, and tell [`News`]. One that is open is
    /// closed first.
    Open(Access),
    /// Give this block to the node, and tell what became of it.
    Block {
        /// The template that it solves.
        template: u64,
        /// Names the answer.
        share: ShareId,
        /// Its header.
        header: [u8; 80],
        /// Its coinbase, witness included.
        coinbase: Vec<u8>,
    },
    /// Ask no more.
    Close,
}
