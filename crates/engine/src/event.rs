//! All that can wake the engine and all that it can do to the world.

use control::Persisted;
use hal::{BoardEvent, BoardOp, BusDone, BusJob, FanEvent, FanOp, LinkEvent, LinkOp};
use stratum::{Listed, PoolOrder};
use telemetry::{Command, Note};
use units::{ChainSlot, PoolIndex};

use crate::recording::Recording;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Begin: connect to pools, bring chains up. Sent once.
    Start,
    /// A link was looked at, and said this about chains, in this order. All that one look
    /// found comes in one event: nonces among it are then verified side by side.
    Links(Vec<(ChainSlot, LinkEvent)>),
    /// The control board said something.
    Board(BoardEvent),
    /// A list for a bus has ended.
    Bus(BusDone),
    /// A fan said something.
    Fans(FanEvent),
    /// A pool's connection did something.
    Pool {
        /// The pool.
        pool: PoolIndex,
        /// What happened.
        event: PoolEvent,
    },
    /// How well the time is known has changed.
    Clock(telemetry::Clock),
    /// An operator asks for something.
    Command(Command),
    /// An operator wants the list of pools or their groups changed.
    PoolOrder(PoolOrder),
    /// A deadline has come.
    Wake,
}

/// What a pool's connection did.
#[derive(Clone, Debug)]
pub enum PoolEvent {
    /// Established.
    Connected,
    /// Could not be established; the text says why.
    ConnectFailed(String),
    /// Somebody is there, and what must protect the connection cannot be established.
    Unprotected {
        /// What kind of fault it is.
        code: telemetry::Code,
        /// What was seen.
        why: String,
    },
    /// Plaintext bytes of the session, in order, cut anywhere.
    Bytes(Vec<u8>),
    /// Ended by the pool or the network; the text says why.
    Closed(String),
    /// One's own node said this.
    Node(stratum::node::News),
}

/// Something to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Give this to the link that serves `slot`.
    Link {
        /// The chain.
        slot: ChainSlot,
        /// The operation.
        op: LinkOp,
    },
    /// Give this to the control board.
    Board(BoardOp),
    /// Give this list to its bus.
    Bus(BusJob),
    /// Give this to the fans.
    Fans(FanOp),
    /// Write this down where it survives power loss.
    Remember(Persisted),
    /// The list of pools or their groups was changed: write it down where the configuration is.
    RememberPools(Listed),
    /// Keep this where a person finds it: what control saw and did around a fault.
    Recording(Box<Recording>),
    /// Open a connection. A connection of this pool that is still open is dropped first.
    Connect {
        /// The pool.
        pool: PoolIndex,
        /// Where to.
        endpoint: stratum::Endpoint,
        /// What must protect the connection.
        security: stratum::Security,
        /// Whom to trust, and through which proxy.
        route: stratum::Route,
    },
    /// Send these bytes on the pool's connection.
    Send {
        /// The pool.
        pool: PoolIndex,
        /// Whole lines.
        bytes: Vec<u8>,
    },
    /// Close the pool's connection.
    Disconnect {
        /// The pool.
        pool: PoolIndex,
    },
    /// Ask this of one's own node.
    Node {
        /// Its place among the pools.
        pool: PoolIndex,
        /// What.
        order: stratum::node::Order,
    },
    /// Tell a person.
    Log(Note),
    /// Everything is off: the process may end.
    Stopped,
}
