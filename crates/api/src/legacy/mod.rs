//! What fleet software already speaks: the cgminer socket (TCP 4028), Antminer's web interface
//! (`/cgi-bin/*.cgi`) and its side port (6060).
//!
//! Terms: a *look* is what these interfaces say of one snapshot, in their units; a *command* is
//! one word of the socket; a *write* is whatever changes something. Field names and types are
//! those of the makers' own program, because clients compare them letter by letter.
//! A write is answered once a snapshot shows it, so that what its client reads next is what holds.
//!
//! Invariants: every number comes from one published snapshot; what is not known is left out,
//! or is 0 where the maker's program itself writes 0 for it; a write needs the owner's
//! [`Permission::Write`] and goes the way of every other order; a request is bounded in size and time,
//! and so is the number of connections.
//!
//! Not known here: logins of people, sessions, tokens; what a pool's address means; how a
//! machine boots.

mod digest;
mod listeners;
mod login;
mod look;
mod orders;
mod pool_edit;
mod row;
mod side;
mod socket;
mod warning;
mod web;

#[cfg(test)]
#[path = "../../tests/fixture/mod.rs"]
pub(crate) mod fixture;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use telemetry::Snapshot;

use crate::access::rules::{Asker, Door, Who};
use crate::gate::Gate;
use crate::live::Live;
use crate::pool_test::Tester;
use crate::pools::{PoolOrder, PoolRefused};
use crate::published::Published;
use crate::secure::Https;
use crate::server::Takers;
use crate::shown::SHOWN_WITHIN;

pub use digest::Credential;
pub(crate) use listeners::{Bound, Listening};
pub use login::{LOGIN_CHANCE, login_password};
pub(crate) use login::{LOGIN_USER, LegacyLogin};
pub(crate) use web::{is_path, routes};

/// When this version's source was finished, as `date` writes it. Clients show it as the version
/// of the firmware, and asic-rs tells generations of Antminers by it.
pub(crate) const COMPILED: &str = "Thu Nov 26 00:00:00 UTC 2026";

/// How legacy clients come, and what they may do.
#[derive(Clone)]
pub struct Legacy {
    /// Where the cgminer socket listens; `None`: nowhere.
    pub socket: Option<SocketAddr>,
    /// Where the side port listens; `None`: nowhere.
    pub side: Option<SocketAddr>,
    /// What the owner allows now. Asked at each request, so it must not wait.
    pub allowed: Arc<dyn Fn() -> Allowed + Send + Sync>,
    /// What the computer says of itself. Asked at requests that show it.
    pub host: Arc<dyn Fn() -> Host + Send + Sync>,
    /// Whether a pool that is to be added makes sense; nothing is changed.
    pub check_pool: CheckPool,
    /// Starts the miner or the whole machine anew; `false` if it cannot.
    pub restart: Arc<dyn Fn(Restart) -> bool + Send + Sync>,
}

/// Says what is wrong with an order about pools, and changes nothing.
pub type CheckPool = Arc<dyn Fn(&PoolOrder) -> Result<(), PoolRefused> + Send + Sync>;

/// What the owner allows whoever comes through a legacy interface.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// Reading, or writing too.
    pub permission: Permission,
    /// The login of the web interface; `None`: there is none.
    pub credential: Option<Credential>,
}

/// What may be done without, or after, the legacy login.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Permission {
    /// Not even look.
    Nothing,
    /// Look.
    #[default]
    Read,
    /// Look and change.
    Write,
}

/// What is started anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restart {
    /// The miner: its process ramps down and begins again.
    Miner,
    /// The whole machine.
    Machine,
}

/// What the computer says of itself; what it does not say is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Host {
    /// Name of the network interface.
    pub interface: Option<String>,
    /// Its hardware address, `AA:BB:…`.
    pub mac: Option<String>,
    /// The host's name.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// All addresses at which others reach it.
    pub addresses: Vec<String>,
    /// The mask of its network.
    pub netmask: Option<String>,
    /// Where other networks are reached.
    pub gateway: Option<String>,
    /// Who resolves names.
    pub name_servers: Vec<String>,
    /// Version of the kernel.
    pub kernel: Option<String>,
    /// Name of the control board's definition.
    pub control_board: String,
}

impl Default for Legacy {
    /// No port, reading only, and nothing known of the computer.
    fn default() -> Self {
        Legacy {
            socket: None,
            side: None,
            allowed: Arc::new(Allowed::default),
            host: Arc::new(Host::default),
            check_pool: Arc::new(|_| Ok(())),
            restart: Arc::new(|_| false),
        }
    }
}

impl fmt::Debug for Legacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Legacy");
        shown
            .field("socket", &self.socket)
            .field("side", &self.side);
        shown.finish_non_exhaustive()
    }
}

/// What every request sees.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) published: Published,
    pub(crate) gate: Gate,
    pub(crate) takers: Takers,
    pub(crate) legacy: Legacy,
    pub(crate) live: Live,
    pub(crate) https: Option<Https>,
    pub(crate) tester: Arc<Tester>,
}

impl Shared {
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.published.snapshot()
    }

    /// What the owner allows now: by the configuration, and by what was said since.
    pub(crate) fn allowed(&self) -> Allowed {
        let mut allowed = (self.legacy.allowed)();
        if let Some(login) = self.gate.access().kept().legacy() {
            allowed.permission = allowed.permission.max(login.permission());
            allowed.credential = Some(login.credential());
        }
        allowed
    }

    /// Put a change that was taken into the list of changes, without secrets.
    fn tell(&self, from: Option<IpAddr>, through: &'static str, what: &str) {
        let asker = Asker {
            door: Door::Network { own_twin: false },
            who: Who::Legacy(through),
            address: from,
        };
        self.gate.core().told(&asker, what, None, None);
    }
}

/// Our own name, for the fields in which nobody looks for a maker's. A twin says what it is.
fn own_name(s: &Snapshot) -> String {
    let emulated = if s.machine.emulated {
        " (emulated)"
    } else {
        ""
    };
    format!("Stannary {}{emulated}", s.machine.firmware)
}

/// What is said of a change that no snapshot showed in time.
fn not_shown() -> String {
    let seconds = SHOWN_WITHIN.as_secs();
    format!("the miner did not show the change within {seconds} s: see its log")
}

/// Seconds since 1970, as far as the computer knows.
fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
