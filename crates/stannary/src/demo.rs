//! `stannary demo`: the whole product on a laptop.
//!
//! A twin of the machine, a pool (the twin's own unless another is named), the daemon as
//! it runs on a miner, and the page. What differs from `run` is said where it is shown:
//! settle times of the bring-up are shortened, and there is no site with which a resume would
//! have to be staggered.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use api::{Gate, Handle, Legacy, Published};
use board_support::Machine;
use engine::{EngineConfig, HardwareConfig, Local, Persisted, PoolConfig, StartCause};
use stratum::{Address, Endpoint};
use telemetry::{Code, Snapshot};
use twin::machine::{TwinMachine, TwinOptions};
use twin::pool::PoolOptions;
use units::{Difficulty, DifficultyOne, Duration, Instant};

use crate::cli::{DemoArgs, consent, socket_folder};
use crate::pool_server::{self, PoolServer, PoolServerOptions, PoolSummary};
use crate::runnable::refusal;
use crate::runtime::{Clock, Commands, Miner, PortLock, end_safely_on_panic};
use crate::show::{Progress, Publisher};
use crate::support::{self, Known};
use crate::twin_scale::{self, EASY_HASHES_PER_S, USUAL_BITS_MAX};
use crate::voltages::{self, Word};
use crate::{FIRMWARE, LOG_NOTES, access_file, old_clients, page, signals, summary, whole};

/// Zero bits of difficulty one at the twin's own pool: four hashes of real search per
/// "2^32", so that a laptop keeps up with hundreds of modelled terahashes.
const OWN_POOL_BITS: u8 = 2;
/// Share difficulty at the twin's own pool: some ten shares a second from a modern machine.
const OWN_POOL_DIFFICULTY: f64 = 2048.0;
/// Submits that the summary compares with the twin's frames.
const RECORDS_KEPT: usize = 200_000;
/// The pool reads for so long at the end what the miner sent before it closed. Policy: far longer than a
/// busy laptop keeps a thread waiting.
const LAST_BYTES: std::time::Duration = std::time::Duration::from_secs(2);
/// Where all of it is, unless another place is asked for.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Ports tried for the page.
const FIRST_PORT: u16 = 8080;
const PORTS_TRIED: u16 = 20;
/// Rest of a supply of which nothing is known, seconds: the longest known.
const REST_S: u32 = 30;
/// Settle times in percent of what is prescribed.
const SETTLE_PERCENT: u8 = 10;

/// Run the demo. True if it earned shares and lost none, by the accounts of both twins.
pub(crate) fn run(options: &DemoArgs) -> Result<bool> {
    let mut machine = board_support::machine(&options.machine)?;
    if let Some(why) = refusal(&machine) {
        let name = &machine.model;
        anyhow::bail!("`{name}` cannot be run: {why}\nhint: `stannary machines` shows what can");
    }
    let said = voltages::take_twins(&mut machine, Word::default());
    for said in said.map_err(|why| anyhow::anyhow!("{why}"))? {
        eprintln!("note: {said}");
    }
    shorten_rest(&mut machine);
    let bits = if options.pool.is_some() {
        // Difficulties are absolute there, so more is really hashed.
        twin_scale::bits_within(machine.rated_ths, USUAL_BITS_MAX, EASY_HASHES_PER_S)
    } else {
        OWN_POOL_BITS
    };
    let difficulty_one = DifficultyOne::from_zero_bits(bits).context("difficulty bits")?;

    let twin_options = TwinOptions {
        seed: options.seed,
        difficulty_bits: bits,
        ledger_frames_max: RECORDS_KEPT,
        ..TwinOptions::default()
    };
    let (pool_server, pool) = open_pool(options, difficulty_one)?;
    let socket = private_socket();
    let _lock = PortLock::take(&socket)?;

    let clock = Clock::start();
    let whole = whole::machine(&machine, twin_options, clock)?;
    let control_board = machine.control_board.id.clone();
    // There is no site to spread starts over.
    let mut local = Local {
        seed: options.seed,
        start_delay_max: Duration::ZERO,
        resume_delay_max: Duration::ZERO,
        ..Local::default()
    };
    for said in consent::of_twin(&mut local, &machine) {
        eprintln!("note: {said}");
    }
    let config = EngineConfig {
        machine,
        backend: "twin".into(),
        difficulty_one,
        pools: vec![pool],
        pool_groups: Vec::new(),
        settle_percent: SETTLE_PERCENT,
        thinning: 1,
        seed: options.seed,
        firmware: FIRMWARE.into(),
        hardware: Some(HardwareConfig {
            local,
            cause: StartCause::Restart,
            remembered: Persisted::default(),
        }),
    };
    let mut miner = Miner::new(config, whole.ports, clock)?;
    end_safely_on_panic(miner.cutter());
    signals::shut_down_on_signal(miner.commands(), miner.cutter())?;
    let shelf = Published::new(miner.first_snapshot(), LOG_NOTES).with_page(page::built());
    // It has no configuration file.
    let shelf = shelf.with_support(Arc::new(|seen| {
        support::archive(None, Some(Known::of(seen)))
    }));
    // What a demo is told is forgotten with it.
    let gate = access_file::open(None, miner.wall(), &shelf, clock)?;
    let (old, password) = match options.old_clients {
        true => {
            let at = options.http.map_or(HERE, |http| http.ip());
            let (old, password) = old_clients::of_demo(at, control_board)?;
            (old, Some(password))
        }
        false => (Legacy::default(), None),
    };
    let page = open_page(options.http, socket, old, &shelf, &gate, miner.commands())?;

    if let Some(address) = page.addresses().first() {
        println!("page: http://{address}/");
        println!("also: stannary status --api http://{address}");
    }
    if let (Some(password), Some(socket), Some(side)) =
        (password, page.legacy_socket(), page.legacy_side())
    {
        println!("old:  cgminer {socket}, side port {side}, web login root {password}");
    }
    eprintln!(
        "note: {}: {}",
        Code::DemoShortened.text(),
        Code::DemoShortened.meaning()
    );

    let mut progress = Progress::new(Publisher::new(shelf), options.seconds);
    let last = miner.run(&mut progress);
    println!();
    Ok(summarize(
        &last,
        progress.ended_at(),
        &whole.twin,
        pool_server.as_ref(),
    ))
}

/// The supply's rest is a settle time as well, and both its keepers read it from the machine.
fn shorten_rest(machine: &mut Machine) {
    let prescribed = machine.psu.off_before_on_s.unwrap_or(REST_S);
    machine.psu.off_before_on_s = Some(prescribed * u32::from(SETTLE_PERCENT) / 100);
}

/// The page on the address asked for, else on the first free port: demos run side by side.
fn open_page(
    http: Option<SocketAddr>,
    socket: PathBuf,
    old: Legacy,
    shelf: &Published,
    gate: &Gate,
    commands: Commands,
) -> Result<Handle> {
    let take: api::Commands = Arc::new(move |command| commands.give(command).is_ok());
    let listen = |http| api::Listen {
        http: vec![http],
        socket: Some(socket.clone()),
        legacy: old.clone(),
        ..api::Listen::default()
    };
    let start = |http| api::start(listen(http), shelf.clone(), gate.clone(), Arc::clone(&take));
    if let Some(http) = http {
        return Ok(start(http)?);
    }
    for port in FIRST_PORT..FIRST_PORT + PORTS_TRIED {
        let http = SocketAddr::from((HERE, port));
        if let Ok(handle) = start(http) {
            return Ok(handle);
        }
    }
    Ok(start(SocketAddr::from((HERE, 0)))?)
}

/// A demo's own local socket, so that demos do not meet.
fn private_socket() -> PathBuf {
    socket_folder().join(format!("demo-{}.sock", std::process::id()))
}

/// The pool to mine at: a foreign one, or the twin's own behind a loopback port.
fn open_pool(
    options: &DemoArgs,
    difficulty_one: DifficultyOne,
) -> Result<(Option<PoolServer>, PoolConfig)> {
    if let Some(url) = &options.pool {
        let address = Address::parse(url)?;
        let pool = PoolConfig::new(address, &options.user, options.password.expose());
        return Ok((None, pool));
    }
    let pool = PoolOptions {
        seed: options.seed,
        difficulty_one,
        difficulty: Difficulty::new(OWN_POOL_DIFFICULTY).context("pool difficulty")?,
        records_kept: RECORDS_KEPT,
        ..PoolOptions::default()
    };
    let pool = match &options.node {
        // A name that begins with an address is paid, as at solo pools.
        Some(_) => pool.solo(&options.user),
        None => pool,
    };
    let server = pool_server::start(PoolServerOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        pool,
        node: options.node.as_ref().map(|url| url.expose().to_owned()),
    })?;
    let address = server.local_addr();
    let address = Address::plain(Endpoint {
        host: address.ip().to_string(),
        port: address.port(),
    });
    let pool = PoolConfig {
        difficulty_one,
        ..PoolConfig::new(address, &options.user, options.password.expose())
    };
    Ok((Some(server), pool))
}

/// Print the accounts; true if shares were accepted and none was lost.
fn summarize(
    last: &Snapshot,
    ended: Instant,
    twin: &Mutex<TwinMachine>,
    server: Option<&PoolServer>,
) -> bool {
    let Some(server) = server else {
        // A foreign pool keeps its account to itself.
        return summary::print(last, None, None);
    };
    let machine = twin
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take_ledger();
    server.read_out(LAST_BYTES);
    // One look: somebody else may still mine there.
    let (comparison, pool) = server.with_ledger(|pool| {
        let comparison = summary::compare(&machine, pool, ended, |hash| {
            difficulty_at_least(hash, OWN_POOL_BITS, OWN_POOL_DIFFICULTY)
        });
        (comparison, PoolSummary::of(pool))
    });
    if pool.blocks_sent > 0 {
        println!(
            "node:    {} blocks given, {} taken",
            pool.blocks_sent, pool.blocks_taken
        );
    }
    if let Some(why) = pool.last_refusal {
        println!("node:    last refusal: {why}");
    }
    summary::print(last, Some(comparison), Some(&pool.totals))
}

/// Whether a hash has at least this difficulty where difficulty one has `bits` zero bits.
/// A hair above the target, so that rounding never calls a share missing.
fn difficulty_at_least(hash: &[u8; 32], bits: u8, difficulty: f64) -> bool {
    // A hash is a little-endian number; its top 16 bytes decide far beyond a double.
    let top = hash
        .iter()
        .rev()
        .take(16)
        .fold(0f64, |n, byte| n * 256.0 + f64::from(*byte));
    let one = 65535.0 * 2f64.powi(128 - 16 - i32::from(bits));
    one / top.max(1.0) > difficulty * (1.0 + 1e-9)
}
