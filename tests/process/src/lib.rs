//! Runs of the real binary, at a real node where blocks are concerned.
//!
//! Everything happens on loopback, on ports that the system gives, in folders of its own,
//! so that several runs do not disturb each other. These tests alone use the wall clock:
//! they wait for events with a deadline far beyond what is usual, and never for a time.
//!
//! They need the binary (`STANNARY_BIN`, or beside the test's own executable) and some of
//! them a node (`STANNARY_NODE`, or `target/knots`, see `scripts/fetch-node`) or fleet software
//! (`STANNARY_CLIENTS`, or `target/clients`, see `scripts/fetch-clients`). Where these
//! are missing a test says so and passes, unless `STANNARY_PROCESS_TESTS` is set, as
//! `scripts/test` does it.

mod broker;
mod flood;
mod folder;
mod node;
mod noise;
mod old_clients;
mod owner;
mod pool;
mod program;
mod pty;
mod site;
mod stolen;
mod tls;
mod twin;
mod web;

pub use broker::{Broker, Listener, Message, broker_programs};
pub use flood::{Flood, FloodingPool};
pub use folder::{Folder, free_address};
pub use node::{Node, node_program};
pub use noise::{AUTHORITY, Authority, OTHER_AUTHORITY};
pub use old_clients::{OldPorts, clients_python, own_loopback, run_client};
pub use pool::PoolHost;
pub use program::{ANSWER_S, Program, get_json, stannary};
pub use pty::{Pty, screen};
pub use site::{Site, config};
pub use stolen::Stretch;
pub use tls::{CertificateAuthority, time_server};
pub use twin::TwinProcess;
pub use web::{Answer, Line, Way};

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far beyond what anything here takes on a busy machine with two cores: reaching it
/// means that it never comes.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until `look` gives something; panics with `what` if it does not come.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited {limit:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What two interfaces say of the same snapshot, each asked once in a turn: one that is told of every other snapshot only,
/// or of an older one, meets the other sooner or later.
pub fn of_one_snapshot(
    what: &str,
    mut one: impl FnMut() -> Value,
    mut other: impl FnMut() -> Value,
) -> (Value, Value) {
    let (mut ones, mut others) = (BTreeMap::new(), BTreeMap::new());
    wait_for(what, PATIENCE, || {
        for (said, by) in [(one(), &mut ones), (other(), &mut others)] {
            by.insert(said["seq"].as_u64().expect("a number"), said);
        }
        let seq = *ones.keys().find(|seq| others.contains_key(seq))?;
        Some((ones.remove(&seq)?, others.remove(&seq)?))
    })
}

/// `found`, or `None` with a word on stderr; a panic where skipping is not allowed.
fn or_skip<T>(found: Option<T>, what: &str) -> Option<T> {
    if found.is_none() {
        assert!(
            std::env::var_os("STANNARY_PROCESS_TESTS").is_none(),
            "{what} is missing"
        );
        eprintln!("skipped: {what} is missing; `scripts/test --stage process` provides it");
    }
    found
}
