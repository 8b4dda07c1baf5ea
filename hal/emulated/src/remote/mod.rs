//! A twin in a process of its own: its pins over a Unix socket.
//!
//! Terms: the *twin* is the process that has the machine; a *host* is whoever drives it over
//! these pins, a daemon; a *call* is one thing done at the pins, a request and mostly a reply.
//!
//! Each port has a connection of its own, so that none waits for another, and each call is
//! bounded in time. The twin keeps real time by its own clock: hosts come, stop, die, and the
//! machine goes on as it was left. Nothing that a host sends stops it, and nothing makes it
//! keep more than one request per connection.
//!
//! ```text
//! host ── length u16 · op u8 · operands ──▶ twin      numbers are little endian
//! host ◀── length u16 · status u8 · result ── twin    none to a FIFO's words: writes are posted
//! ```
//!
//! The first request of a connection says hello; its reply says who the twin is. The format is
//! for the two ends of one build and makes no promise to others.

mod client;
mod server;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::path::{Path, PathBuf};

use hal::{HashPower, MachinePorts};
use twin::machine::{CoreMap, Link};
use units::{ChainSlot, Instant};

use crate::Wiring;
use crate::machine::ports_over;
use client::Connection;
pub use server::{CONNECTIONS_MAX, Calls, serve};

/// Which twin it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Different each time that a twin is started: a machine that was switched off and on is
    /// not the one that a host knows.
    pub run: u64,
    /// The machine.
    pub model: String,
    /// Its control board.
    pub control_board: String,
    /// Seed of all chance.
    pub seed: u64,
    /// Zero bits that stand for difficulty one.
    pub difficulty_bits: u8,
    /// Slots for hashboards.
    pub slots: u8,
    /// How the chains are reached.
    pub link: Link,
    /// Where the cores of the open FPGA design are, if there are any.
    pub cores: Option<CoreMap>,
}

/// Where a twin that serves under `folder` listens.
pub fn socket(folder: &Path) -> PathBuf {
    folder.join("twin.sock")
}

/// A twin that was found.
#[derive(Clone, Debug)]
pub struct Remote {
    socket: PathBuf,
    identity: Identity,
}

/// Why no twin is reached.
#[derive(Debug)]
pub enum RemoteError {
    /// Nobody listens there, or somebody who does not answer in time.
    Away(std::io::Error),
    /// What answers speaks otherwise: it is no twin of this build.
    Foreign,
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RemoteError::Away(error) => error.fmt(f),
            RemoteError::Foreign => f.write_str("what answers there is no twin of this build"),
        }
    }
}

impl std::error::Error for RemoteError {}

impl Remote {
    /// Ask the twin under `folder` who it is.
    ///
    /// # Errors
    ///
    /// None answers there.
    pub fn find(folder: &Path) -> Result<Self, RemoteError> {
        let socket = socket(folder);
        let identity = client::greet(&socket)?.1;
        Ok(Remote { socket, identity })
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What its machine really does, as the twin tells it to people and tests.
    ///
    /// # Errors
    ///
    /// It does not answer any longer.
    pub fn state(&self) -> Result<String, RemoteError> {
        client::state(&self.socket)
    }

    /// Every port of the machine. `fans` is how many it has, `power` what its dead man can cut.
    pub fn ports(&self, now: Instant, power: HashPower, fans: u8) -> MachinePorts {
        let wiring = Wiring {
            slots: (0..self.identity.slots).map(ChainSlot).collect(),
            link: self.identity.link,
            cores: self.identity.cores.clone(),
        };
        let pins = Connection::new(self.socket.clone(), self.identity.run);
        ports_over(&pins, &wiring, now, power, fans)
    }
}
