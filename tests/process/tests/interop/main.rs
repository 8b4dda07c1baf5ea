//! Daemons that mine at servers of Stratum V1 and V2 that nobody here wrote, over a chain of their own.
//! What these servers are stands in `docs/interop.md`.
//!
//! `scripts/interop` builds the servers and names their folder (`STANNARY_INTEROP`). Without it these
//! tests say so and pass: building them takes most of an hour, which no other test may ask for.
//!
//! What counts is said by the servers: their accounts of shares while the miner is connected, their
//! logs once it is gone, and the node's chain.

mod chain;
mod miner;
mod relay;
mod roles;

use std::path::PathBuf;
use std::process::Command;

use process::{CertificateAuthority, OTHER_AUTHORITY, PATIENCE, stannary, wait_for};

use chain::Chain;
use miner::Miner;
use relay::Relay;
use roles::{Declarator, KEY, Pool, Role, Translator};

/// Enough to show that acceptance is no accident, and quickly found.
const SHARES: u64 = 6;
/// Bytes of the first message of Noise, and of all that we send to who fails it.
const HANDSHAKE_BYTES: u64 = 64;

#[test]
fn v2_at_a_pool_on_an_extended_channel() {
    let Some((binary, servers)) = all_there() else {
        return;
    };
    let chain = Chain::start(&servers);
    let pool = Pool::start(&servers, &chain);
    let url = format!("stratum2+tcp://{}/{KEY}", pool.role.address);
    let miner = Miner::start(&binary, "antminer-s19-pro", &pool_lines(&url));
    mine(miner, &pool.role);
    chain.check_blocks(&pool.role.blocks(), &[roles::POOL_TAG]);
    chain.check_rolled(&pool.role.blocks());
}

#[test]
fn a_pool_with_another_key_is_sent_nothing() {
    let Some((binary, servers)) = all_there() else {
        return;
    };
    let chain = Chain::start(&servers);
    let pool = Pool::start(&servers, &chain);
    let relay = Relay::start(pool.role.address);
    let url = format!("stratum2+tcp://{}/{OTHER_AUTHORITY}", relay.address());
    let mut miner = Miner::start(&binary, "antminer-s9", &pool_lines(&url));
    let error = miner.wait_for("the reason", |pool| {
        let error = pool["last_error"].as_str().unwrap_or_default();
        error.contains("authority key")
    });
    let code = error["last_error"].as_str().unwrap_or_default();
    assert!(code.starts_with("E-POOL-CERT"), "{error}");
    assert!(miner.faults().contains("E-POOL-CERT"), "{}", miner.faults());
    miner.end();
    let counts = relay.counts();
    // The next attempt comes after a minute or two, for which nobody waits here.
    let sent = counts.iter().all(|bytes| *bytes == HANDSHAKE_BYTES);
    assert!(sent && !counts.is_empty(), "{counts:?}");
    let said = pool.role.said();
    assert!(said.contains("New downstream connection"), "{said}");
    assert!(!said.contains("SetupConnection"), "{said}");
}

/// One translator for both, which has two miners then.
#[test]
fn v1_through_a_translator_to_a_pool_with_and_without_tls() {
    let Some((binary, servers)) = all_there() else {
        return;
    };
    let chain = Chain::start(&servers);
    let pool = Pool::start(&servers, &chain);
    let translator = Translator::start(&servers, &pool.role);
    let authority = CertificateAuthority::new();
    // Behind the TLS, so that it counts what came by it.
    let relay = Relay::start(translator.role.address);
    let front = authority.front(relay.address(), 2020);
    let plain = format!("stratum+tcp://{}", translator.role.address);
    let tls = format!("stratum+ssl://{front}");
    let mut miners = [
        Miner::start(&binary, "antminer-s9", &pool_lines(&plain)),
        Miner::trusting(&binary, "antminer-s9", &pool_lines(&tls), authority.pem()),
    ];
    for miner in &mut miners {
        miner.wait_for("accepted shares", |pool| {
            pool["accepted"].as_u64() >= Some(SHARES)
        });
        miner.check_refusals();
    }
    assert_eq!(translator.miners(), 2, "{}", translator.role.said());
    let bytes: u64 = relay.counts().iter().sum();
    assert!(bytes > 1000, "{bytes} bytes came by TLS");
    pool.role.wait_for_accepted(2 * SHARES);
    pool.role.check_account();
    for miner in miners {
        miner.end();
    }
    pool.role.wait_until_left();
    chain.check_blocks(&pool.role.blocks(), &[roles::POOL_TAG]);
}

#[test]
fn v2_at_a_job_declarator_that_mines_alone() {
    let Some((binary, servers)) = all_there() else {
        return;
    };
    let chain = Chain::start(&servers);
    let declarator = Declarator::alone(&servers, &chain);
    let url = format!("stratum2+tcp://{}/{KEY}", declarator.role.address);
    let miner = Miner::start(&binary, "antminer-s21-pro", &pool_lines(&url));
    mine(miner, &declarator.role);
    chain.check_blocks(&declarator.role.blocks(), &[roles::DECLARATOR_TAG]);
    chain.check_rolled(&declarator.role.blocks());
}

#[test]
fn v2_at_a_job_declarator_that_declares_its_templates_to_a_pool() {
    let Some((binary, servers)) = all_there() else {
        return;
    };
    let chain = Chain::start(&servers);
    let pool = Pool::with_declarations(&servers, &chain);
    let declarator = Declarator::of(&servers, &chain, &pool);
    let url = format!("stratum2+tcp://{}/{KEY}", declarator.role.address);
    let miner = Miner::start(&binary, "antminer-s9", &pool_lines(&url));
    mine(miner, &declarator.role);
    // Who declares a template writes its coinbase; the pool's text is not in it.
    chain.check_blocks(&declarator.role.blocks(), &[roles::DECLARATOR_TAG]);
    pool.check_declarations();
}

/// A V2 miner until its server has accepted some shares, and what both sides say of them.
fn mine(mut miner: Miner, server: &Role) {
    miner.wait_for("accepted shares", |pool| {
        pool["accepted"].as_u64() >= Some(SHARES)
    });
    server.wait_for_accepted(SHARES);
    server.check_account();
    miner.check_refusals();
    miner.end();
    server.wait_until_left();
}

/// The binary under test, and the folder of the servers.
fn all_there() -> Option<(PathBuf, PathBuf)> {
    let Some(servers) = std::env::var_os("STANNARY_INTEROP").map(PathBuf::from) else {
        eprintln!("skipped: needs servers that others wrote; `scripts/interop` builds them");
        return None;
    };
    Some((stannary()?, servers))
}

/// The table of the only pool.
fn pool_lines(url: &str) -> String {
    format!("url = \"{url}\"\nuser = \"account.worker\"\npassword = \"x\"")
}

/// A program that ends when its test does, however that ends.
fn dying(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Waits for the first thing that a server must do before it can be used.
fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_for(what, PATIENCE, look)
}
