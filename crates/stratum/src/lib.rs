//! Pool sessions without I/O: Stratum V1 as pools really speak it, Stratum V2, and one's own
//! node without a pool.
//!
//! A [`Client`] holds the relation to one configured pool for the life of the process:
//! it asks for a connection, negotiates, turns the pool's jobs into [`work::Job`]s and
//! shares into submits, and comes back after every kind of failure. It opens no
//! socket, resolves no name and reads no clock; the shell does, through [`Input`] and
//! [`Effect`].
//!
//! Terms: a *session* is one connection that the pool accepted us on, from the answer to
//! `mining.authorize` (V2: to the opening of its channel) to its end; a *call* is a message with a method; a *reply* carries
//! the id of one of our requests.
//!
//! Invariants:
//! - Every [`Input::Submit`] has exactly one [`Effect::Outcome`], and no share is sent
//!   twice or to another session than the one whose job it solves.
//! - A [`work::Job`] carries all that its shares need (extranonce, version mask,
//!   targets); later messages of the pool never change a job that was handed out.
//! - [`Effect::Job`] comes only between [`Effect::Session`] and
//!   [`Effect::SessionEnded`] of its session.
//! - Memory is bounded by [`limits`] whatever a pool sends, and nothing it sends panics.
//!
//! [`Pools`] holds the clients of all pools, and decides which are connected and which give
//! work.
//!
//! What this crate deliberately does not know: sockets, TLS, names, wall time, and whether a
//! share is right.

mod account;
mod address;
mod authority;
mod client;
mod earnings;
mod endpoint;
mod hex;
pub mod limits;
pub mod node;
mod outbox;
pub mod policy;
mod refusals;
mod route;
mod session;
mod text;
mod v1;
mod v2;
mod waiting;

use std::fmt;
use std::sync::Arc;

use telemetry::{Code, Note};
use units::{Difficulty, DifficultyOne, PoolIndex, SessionId, ShareId};
use work::{Job, Share, ShareOutcome};

pub use address::{Address, Security};
pub use authority::AuthorityKey;
pub use client::Client;
pub use endpoint::{Endpoint, EndpointError};
pub use policy::{GroupConfig, Listed, PoolConfig, PoolOrder, Pools, PoolsConfig};
pub use route::{Proxy, ProxyError, Route, Trust};

/// What a client needs to know about its pool and its machine.
#[derive(Clone)]
pub struct SessionConfig {
    /// Its number in this process. Also the high byte of this client's [`SessionId`]s,
    /// which makes them unique in the process: give every client its own.
    pub pool: PoolIndex,
    /// What is spoken with the pool, and where it listens.
    pub address: Address,
    /// Login, sent as given.
    pub user: String,
    /// Password, sent as given (pools read settings from it). Never shown.
    pub password: String,
    /// Name and version that we give for ourselves. Pools tell families of miners apart by
    /// how it begins: it must not begin with another program's name.
    pub agent: String,
    /// The scale of this pool's difficulty.
    pub difficulty_one: DifficultyOne,
    /// Version bits that the chips can roll; zero does without version rolling.
    pub version_mask: u32,
    /// Number of version bits below which hashrate is lost; told to the pool, which may
    /// ignore it.
    pub min_version_bits: u8,
    /// Seed of the jitter in back-off times.
    pub seed: u64,
    /// Hashes that the machine really computes in a second, by its rating: what a V2 pool chooses
    /// its first target by. [`Input::Hashrate`] says it better later.
    pub nominal_hashrate: f64,
    /// Share difficulty to ask for; pools are free to ignore it. V1 alone.
    pub wanted_difficulty: Option<Difficulty>,
}

/// Shows everything but the password.
impl fmt::Debug for SessionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionConfig")
            .field("pool", &self.pool)
            .field("address", &self.address)
            .field("user", &self.user)
            .field("agent", &self.agent)
            .field("difficulty_one", &self.difficulty_one)
            .field("version_mask", &format_args!("{:08x}", self.version_mask))
            .field("min_version_bits", &self.min_version_bits)
            .field("seed", &self.seed)
            .field("nominal_hashrate", &self.nominal_hashrate)
            .field("wanted_difficulty", &self.wanted_difficulty)
            .finish_non_exhaustive()
    }
}

/// All that can happen to a client.
///
/// After [`Effect::Disconnect`] the shell delivers nothing more of that connection: no
/// bytes and no `Closed`.
#[derive(Clone, Debug)]
pub enum Input {
    /// Use this pool: connect, and come back whenever the connection is lost.
    Start,
    /// The connection that [`Effect::Connect`] asked for stands.
    Connected,
    /// Bytes from the pool, cut anywhere.
    Bytes(Vec<u8>),
    /// The pool, or the network, closed the connection; the text says how.
    Closed(String),
    /// The connection could not be made; the text says why.
    ConnectFailed(String),
    /// One's own node said this, since [`Effect::Node`] opened it.
    Node(node::News),
    /// Hashes that the machine really computed in a second of late.
    Hashrate {
        /// Hashes per second.
        hashes_per_s: f64,
    },
    /// Somebody is there, and what must protect the connection cannot be established: nothing
    /// was sent.
    Unprotected {
        /// What kind of fault it is.
        code: Code,
        /// What was seen.
        why: String,
    },
    /// Send this share.
    Submit(Share),
    /// Do not use this pool any longer.
    Stop,
    /// A deadline came.
    Wake,
}

/// All that a client can do to the world. Drain after every input.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Connect; answer with `Connected`, `ConnectFailed` or `Unprotected`. Resolve the name
    /// anew each time and try all its addresses.
    Connect {
        /// Where to.
        endpoint: Endpoint,
        /// What must protect the connection: it stands only once this does.
        security: Security,
    },
    /// Send these bytes: one or more whole lines, or frames of V2 in plaintext.
    Send(Vec<u8>),
    /// Close the connection, or give up making it.
    Disconnect,
    /// Ask this of one's own node, which has no connection beside it.
    Node(node::Order),
    /// The pool accepted us: a session began.
    Session(SessionId),
    /// Work on this from now on.
    Job(Arc<Job>),
    /// The session lost its connection, and its pool has taken such sessions up again before: its
    /// jobs still stand and shares of them are kept, for a minute at most. Then there is another
    /// job of it, or its end.
    SessionHeld(SessionId),
    /// The session is over and its jobs are void.
    SessionEnded(SessionId),
    /// What became of a share. A share without an answer counts as
    /// [`ShareOutcome::NoAnswer`], whether it was sent or not.
    Outcome {
        /// The share.
        share: ShareId,
        /// What became of it.
        outcome: ShareOutcome,
    },
    /// Something worth telling.
    Note(Note),
}
