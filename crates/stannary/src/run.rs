//! `stannary run`: the daemon.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use api::Published;
use engine::{EngineConfig, PoolConfig};
use telemetry::Code;
use twin::machine::{TwinMachine, TwinOptions};

use crate::cli::config::{Backend, Config, Twin};
use crate::runtime::{Clock, Miner, PortLock};
use crate::show::Publisher;
use crate::{FIRMWARE, LOG_NOTES, signals};

/// Run until SIGTERM or SIGINT. Settle times are never scaled here.
pub(crate) fn run(config: Config) -> Result<()> {
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
    let _lock = PortLock::take(&config.api.socket)?;
    let Backend::Twin(Twin {
        seed,
        difficulty_one,
    }) = config.backend;
    let options = TwinOptions {
        seed,
        difficulty_bits: difficulty_one.zero_bits(),
        // Nobody reads the ledger of a daemon's twin.
        ledger_frames_max: 0,
        ..TwinOptions::default()
    };
    let twin = TwinMachine::new(&config.machine, options)?;
    let ports = hal_emulated::ports(Arc::new(Mutex::new(twin)));
    let engine = EngineConfig {
        machine: config.machine,
        backend: "twin".into(),
        difficulty_one,
        pools: config
            .pools
            .into_iter()
            .map(|pool| PoolConfig {
                endpoint: pool.endpoint,
                user: pool.user,
                password: pool.password.expose().to_owned(),
                difficulty_one: pool.difficulty_one,
            })
            .collect(),
        settle_percent: 100,
        thinning: 1,
        seed: random_seed().context("no random numbers")?,
        firmware: FIRMWARE.into(),
    };
    let mut miner = Miner::new(engine, ports, Clock::start())?;
    signals::shut_down_on_signal(miner.commands())?;
    let shelf = Published::new(miner.first_snapshot(), LOG_NOTES);
    let commands = miner.commands();
    let listen = api::Listen {
        http: vec![config.api.http],
        socket: Some(config.api.socket),
    };
    let page = api::start(
        listen,
        shelf.clone(),
        Arc::new(move |c| commands.give(c).is_ok()),
    )?;
    let page_at = page
        .addresses()
        .first()
        .map(|address| format!("http://{address}/"));
    tracing::info!(code = Code::Started.text(), page = page_at, "started");
    miner.run(&mut Publisher::new(shelf));
    tracing::info!(code = Code::Stopping.text(), "everything is off");
    Ok(())
}

/// A restart begins its search elsewhere: no header is then hashed twice.
fn random_seed() -> std::io::Result<u64> {
    use std::io::Read;
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
