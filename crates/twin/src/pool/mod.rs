//! A Stratum V1 pool: the other end of the network, written from the protocol's
//! description and sharing no code with the miner's side.
//!
//! It does no I/O and reads no clock: a shell, or a simulation, carries bytes between
//! its connections and the outside and tells it the time. It makes jobs (from its seed,
//! or from a real node's block templates), judges every submit by its own hashing and its
//! own 256-bit arithmetic, and keeps an exact account in its [`Ledger`]. How it
//! misbehaves is data: see [`Behaviour`].
//!
//! It does not know who connects, how bytes travel, or what a machine is. It asks no
//! questions that a real pool could not ask.

mod ledger;
mod options;

pub use ledger::{Block, BlockAnswer, LIST_MAX, Ledger, Record, Totals, Verdict, Violation};
pub use options::{
    Behaviour, ConfigureForm, Dialect, DifficultyChanges, ErrorForm, Fragments, JobStorms,
    NodeMining, Order, PoolOptions, RefusedResult, Source, Synthetic, UnknownMethod, Users,
};

use std::collections::VecDeque;

use units::Instant;

/// One connection, named by the shell. Never reused in the life of a pool.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ConnId(pub u32);

/// All that can happen to a pool.
#[derive(Clone, Debug)]
pub enum Input {
    /// Somebody connected.
    Opened(ConnId),
    /// Bytes arrived.
    Bytes(ConnId, Vec<u8>),
    /// The other side closed.
    Closed(ConnId),
    /// An order to one connection, or to all.
    Order(Option<ConnId>, Order),
    /// The result of a `getblocktemplate` call as the node gave it. Refused unless the
    /// source is [`Source::Templates`].
    Template(serde_json::Value),
    /// The node's answer to a block, named by its hash: `None` if it was taken.
    BlockAnswer {
        /// As in [`Effect::SubmitBlock`].
        hash: String,
        /// The node's word, if it refused.
        refused: Option<String>,
    },
    /// The time of [`Pool::next_deadline`] has come.
    Wake,
}

/// All that a pool does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Send these bytes, in this order.
    Send(ConnId, Vec<u8>),
    /// Close the connection once everything was sent. [`Input::Closed`] need not follow.
    Close(ConnId),
    /// Give this block to the node.
    SubmitBlock {
        /// The whole block, serialized.
        hex: String,
        /// Its hash as people write it.
        hash: String,
        /// Its height.
        height: u64,
    },
}

/// The pool.
#[derive(Debug)]
pub struct Pool {
    options: PoolOptions,
    effects: VecDeque<Effect>,
    ledger: Ledger,
}

impl Pool {
    /// A pool that nobody has connected to. Time starts at the first input.
    pub fn new(options: PoolOptions) -> Self {
        Pool {
            options,
            effects: VecDeque::new(),
            ledger: Ledger::default(),
        }
    }

    /// Consumes one input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let _ = (now, input, &self.options);
    }

    /// What to do next outside; call until `None`.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When to call with [`Input::Wake`].
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// The account so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
