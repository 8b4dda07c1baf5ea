//! `stannary run`: the daemon.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use api::{PoolOrder, PoolRefused, Published};
use board_support::Machine;
use engine::{
    EngineConfig, HardwareConfig, Listed, Local, Persisted, PoolConfig, Recording, StartCause,
};
use hal_linux::CleanStop;
use telemetry::{Code, Note, Snapshot};

use crate::cli::config::{Backend, Config};
use crate::old_clients::{self, Again, Ended};
use crate::panic_on_order::{self, Ordered};
use crate::pool_list::{self, PoolList};
use crate::recordings::Recordings;
use crate::runtime::{Clock, Commands, Miner, Observer, PortLock, end_safely_on_panic};
use crate::show::Publisher;
use crate::state_file::{self, Boot, Left, StateFile};
use crate::stock_pools::Taken;
use crate::support::{self, Known};
use crate::{FIRMWARE, LOG_NOTES, access_file, broker, https, mdns, page, reach, signals};

/// Settle times are never scaled here.
const SETTLE_PERCENT: u8 = 100;

/// Run until SIGTERM or SIGINT.
pub(crate) fn run(config: Config, file: &Path, taken: Option<Taken>) -> Result<Ended> {
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
    for relaxed in &config.relaxed {
        tracing::warn!("{relaxed}");
    }
    for made_up in &config.made_up {
        tracing::info!("{made_up}");
    }
    let _lock = PortLock::take(&config.api.socket)?;
    let recordings = config.recordings.map(Recordings::into_folder);
    let recordings = recordings.transpose().context("no thread for recordings")?;
    let (left, state) = read_state(config.state.as_deref())?;
    let clock = Clock::start();
    let mut reached = reach::open(&config.machine, &config.backend, clock)?;
    let difficulty_one = reached.difficulty_one;
    // Only where nothing but a twin can be harmed, and it goes on to be looked at.
    let fall = match reached.twin_elsewhere() {
        true => panic_on_order::prepare(&mut reached.ports)?,
        false => None,
    };
    let own_machine = config.backend == Backend::Linux { stand_in: None };
    let control_board = config.machine.control_board.id.clone();
    let announced = announced(&config.machine, own_machine);
    let seed = random_seed().context("no random numbers")?;
    let engine = EngineConfig {
        machine: config.machine,
        backend: reached.backend.into(),
        difficulty_one,
        pools: config
            .pools
            .into_iter()
            .map(|pool| PoolConfig {
                difficulty_one: pool.difficulty_one,
                group: pool.group,
                enabled: pool.enabled,
                route: pool.route,
                ..PoolConfig::new(pool.address, pool.user, pool.password.expose())
            })
            .collect(),
        pool_groups: config.pool_groups,
        settle_percent: SETTLE_PERCENT,
        thinning: 1,
        seed,
        firmware: FIRMWARE.into(),
        hardware: Some(HardwareConfig {
            local: Local {
                seed,
                ..config.local
            },
            cause: left.cause,
            remembered: left.remembered,
        }),
    };
    let mut miner = Miner::new(engine, reached.ports, clock)?;
    let time = miner.keep_time(config.time_servers);
    time.context("no thread for the time")?;
    end_safely_on_panic(miner.cutter());
    signals::shut_down_on_signal(miner.commands(), miner.cutter())?;
    let shelf = Published::new(miner.first_snapshot(), LOG_NOTES).with_page(page::built());
    let of = file.to_owned();
    let shelf = shelf.with_support(Arc::new(move |seen| {
        support::archive(Some(&of), Some(Known::of(seen)))
    }));
    if let Some(taken) = taken {
        tell_of_pools(&taken, &shelf, clock);
    }
    let gate = access_file::open(config.api.access.as_deref(), miner.wall(), &shelf, clock)?;
    if let Some(panel) = reached.panel {
        let serving = panel.serve(shelf.clone(), miner.commands(), gate.clone(), clock);
        serving.context("no thread for lights and buttons")?;
    }
    let commands = miner.commands();
    let again = Again::default();
    let old = &config.api.old;
    let legacy = old_clients::serve(old, control_board, miner.commands(), &again)?;
    let https = config.api.https.as_ref().map(|https| {
        let access = config.api.access.as_deref();
        https::serve(https, access, gate.clone(), shelf.clone(), clock)
    });
    let faults = gate.clone();
    shelf.list_faults(move || faults.fault().into_iter().collect());
    let wall = miner.wall();
    let socket = config.api.socket;
    let listen = api::Listen {
        try_pool: Some(Arc::new(move |order| pool_list::try_pool(order, &wall))),
        http: config.api.http.into_iter().collect(),
        https: https.transpose()?,
        socket: Some(socket.clone()),
        legacy,
    };
    let pool_commands = miner.commands();
    let pools = pool_list::keep(file).context("no thread for the list of pools")?;
    let page = api::start_with_pools(
        listen,
        shelf.clone(),
        gate.clone(),
        Arc::new(move |c| commands.give(c).is_ok()),
        Arc::new(move |order| change_pools(&pool_commands, order)),
    )?;
    let link = match config.mqtt {
        None => None,
        Some(mqtt) => Some(broker::serve(
            mqtt,
            &broker::Who {
                emulated: reached.backend == "twin",
                socket: &socket,
            },
            (&shelf, &gate),
            miner.commands(),
            (miner.wall(), clock),
            seed,
        )?),
    };
    let plain = page.addresses().first().copied();
    let announced = mdns::Announced::of(config.api.mdns, plain, page.https(), announced);
    let found = announced.map(|what| mdns::keep(what, shelf.clone(), gate.clone(), clock, seed));
    let found = found.transpose()?;
    let page_at = plain.map(|address| format!("http://{address}/"));
    let page_at = page_at.or_else(|| Some(format!("https://{}/", page.https()?)));
    tracing::info!(code = Code::Started.text(), page = page_at, "started");
    miner.run(&mut Daemon {
        publisher: Publisher::new(shelf),
        state,
        recordings,
        pools,
        clean: reached.clean,
        fall,
    });
    tracing::info!(code = Code::Stopping.text(), "everything is off");
    drop((link, found));
    drop(page);
    again.obey(own_machine)
}

/// What whoever is on the network may know of the machine.
fn announced(machine: &Machine, own_machine: bool) -> Vec<String> {
    vec![
        "txtvers=1".to_owned(),
        format!("model={}", machine.model),
        format!("name={}", machine.name),
        format!("firmware={FIRMWARE}"),
        format!("emulated={}", !own_machine),
        "path=/".to_owned(),
    ]
}

/// Whoever flashed this machine hears where its hashrate goes.
fn tell_of_pools(taken: &Taken, shelf: &Published, clock: Clock) {
    let (code, from) = (Code::PoolImported, taken.from.display());
    let detail = format!("`{from}`: {}", taken.words);
    tracing::warn!(code = code.text(), "{detail}: {}", code.meaning());
    shelf.note(Note {
        at: clock.now(),
        code,
        place: "pools".into(),
        detail,
    });
}

/// An order about pools on its way to the engine.
fn change_pools(commands: &Commands, order: PoolOrder) -> Result<(), PoolRefused> {
    let order = pool_list::to_engine(order)?;
    commands.give_pools(order).map_err(|_| PoolRefused {
        code: Code::ApiBusy,
        detail: "the order was not taken".to_owned(),
    })
}

/// What the last run left, where the configuration names a place for it. Without one the
/// machine counts as having had power: its twin has.
fn read_state(path: Option<&Path>) -> Result<(Left, Option<StateFile>)> {
    let Some(path) = path else {
        let left = Left {
            remembered: Persisted::default(),
            cause: StartCause::Restart,
        };
        return Ok((left, None));
    };
    let (left, state) = state_file::open(path, Boot::this()).context("no thread for the state")?;
    Ok((left, Some(state)))
}

/// Publishes, and writes down what is to be remembered.
struct Daemon {
    publisher: Publisher,
    state: Option<StateFile>,
    recordings: Option<Recordings>,
    pools: PoolList,
    /// Marked once everything is off, so that the watchdog may be disarmed.
    clean: Option<CleanStop>,
    fall: Option<Ordered>,
}

impl Observer for Daemon {
    fn snapshot(&mut self, snapshot: &Arc<Snapshot>) {
        if let Some(ordered) = &self.fall {
            ordered.obey();
        }
        self.publisher.snapshot(snapshot);
    }

    fn note(&mut self, note: &Note) {
        self.publisher.note(note);
    }

    fn remember(&mut self, what: Persisted) {
        if let Some(state) = &self.state {
            state.remember(what);
        }
    }

    fn remember_pools(&mut self, listed: Listed) {
        self.pools.remember(listed);
    }

    fn stopped(&mut self) {
        if let Some(clean) = &self.clean {
            clean.mark();
        }
    }

    fn recording(&mut self, recording: Recording) {
        if let Some(recordings) = &self.recordings {
            recordings.keep(Box::new(recording));
        }
    }
}

/// A restart begins its search elsewhere: no header is then hashed twice.
pub(crate) fn random_seed() -> std::io::Result<u64> {
    use std::io::Read;
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
