//! A place where a daemon runs: a pool to mine at, a configuration, where its page is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use twin::pool::{PoolOptions, Protocol, V2Options};
use units::{Difficulty, DifficultyOne};

use crate::{
    AUTHORITY, Folder, PATIENCE, PoolHost, Program, TwinProcess, free_address, get_json, wait_for,
};

/// A pool, a daemon's configuration for it, and where its page is.
#[derive(Debug)]
pub struct Site {
    /// Where the configuration and the daemon's socket are.
    pub folder: Folder,
    /// The only pool.
    pub pool: PoolHost,
    /// The page's address.
    pub page: String,
    /// The configuration.
    pub config: PathBuf,
}

impl Site {
    /// For a machine whose twin lives in its daemon.
    pub fn new(machine: &str) -> Self {
        Site::with(machine, "seed = 7")
    }

    /// For a machine whose twin has a process of its own.
    pub fn at(twin: &TwinProcess) -> Self {
        let at = format!("at = \"{}\"", twin.folder().display());
        Site::with(twin.machine(), &at)
    }

    /// The same with a pool that speaks V2 behind Noise, whose address holds `key`.
    pub fn in_v2(machine: &str, key: &str, v2: V2Options) -> Self {
        let options = PoolOptions {
            protocol: Protocol::V2,
            v2,
            ..pool_options()
        };
        let pool = PoolHost::behind_noise(options, AUTHORITY);
        let url = format!("stratum2+tcp://{}/{key}", pool.address());
        Site::around(machine, "seed = 7", pool, &url)
    }

    fn with(machine: &str, twin: &str) -> Self {
        let pool = PoolHost::start(pool_options());
        let url = format!("stratum+tcp://{}", pool.address());
        Site::around(machine, twin, pool, &url)
    }

    fn around(machine: &str, twin: &str, pool: PoolHost, url: &str) -> Self {
        let folder = Folder::new();
        let http = free_address();
        let socket = folder.path().join("s.sock");
        let text = config_for(machine, twin, url, &http.to_string(), &socket);
        let config = folder.write("stannary.toml", &text);
        let page = format!("http://{http}/");
        Site {
            folder,
            pool,
            page,
            config,
        }
    }

    /// Its page over TLS as well. Before the daemon runs; the table of interfaces is the last one.
    pub fn page_over_tls_too(&mut self) -> SocketAddr {
        let at = free_address();
        let mut text = std::fs::read_to_string(&self.config).expect("it was written");
        text.push_str(&format!("https = \"{at}\"\n"));
        self.config = self.folder.write("stannary.toml", &text);
        at
    }

    /// Its page over TLS and in no other way, with password and key kept in this file's folder.
    pub fn page_over_tls_alone(&mut self, at: SocketAddr, access: &Path) {
        let text = std::fs::read_to_string(&self.config).expect("it was written");
        let http = text.lines().find(|line| line.starts_with("http = "));
        let http = http.expect("a page");
        let over_tls = format!("https = \"{at}\"\naccess = \"{}\"", access.display());
        self.config = self
            .folder
            .write("stannary.toml", &text.replace(http, &over_tls));
    }

    /// Where the command line asks the daemon, and needs no login.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("s.sock")
    }

    /// The daemon.
    pub fn run(&self, binary: &Path) -> Program {
        Program::start(&mut self.command(binary))
    }

    /// The daemon, not started yet.
    pub fn command(&self, binary: &Path) -> Command {
        let mut command = Command::new(binary);
        command.arg("run").arg("--config").arg(&self.config);
        command
    }

    /// Until the machine says that it is in this state.
    pub fn wait_for_state(&self, daemon: &mut Program, state: &str) {
        wait_for(state, PATIENCE, || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            let status = get_json(&format!("{}api/v1/status", self.page))?;
            (status["state"] == state).then_some(())
        });
    }

    /// Until the pool has credited shares.
    pub fn wait_for_shares(&self, daemon: &mut Program) {
        self.wait_for_more_shares(daemon, 0);
    }

    /// Until the pool has credited some more than so many.
    pub fn wait_for_more_shares(&self, daemon: &mut Program, before: u64) {
        wait_for("an accepted share", PATIENCE, || {
            assert!(daemon.ended().is_none(), "{}", daemon.everything());
            // Some found before may still be on their way.
            (self.accepted() > before + 2).then_some(())
        });
    }

    /// Shares that the pool has credited.
    pub fn accepted(&self) -> u64 {
        self.pool.ledger(|ledger| ledger.totals.accepted)
    }
}

fn pool_options() -> PoolOptions {
    PoolOptions {
        difficulty_one: DifficultyOne::from_zero_bits(2).expect("at most 32"),
        difficulty: Difficulty::new(4096.0).expect("positive"),
        ..PoolOptions::default()
    }
}

/// A daemon's configuration; `twin` is what stands first in its table.
pub fn config(machine: &str, twin: &str, pool: &str, http: &str, socket: &Path) -> String {
    config_for(
        machine,
        twin,
        &format!("stratum+tcp://{pool}"),
        http,
        socket,
    )
}

fn config_for(machine: &str, twin: &str, url: &str, http: &str, socket: &Path) -> String {
    format!(
        "config_version = 1\n\n[machine]\nmodel = \"{machine}\"\nbackend = \"twin\"\n\n\
         [twin]\n{twin}\ndifficulty_bits = 2\n\n\
         [[pool]]\nurl = \"{url}\"\nuser = \"account.worker\"\npassword = \"x\"\n\
         difficulty_one = \"twin\"\n\n[api]\nhttp = \"{http}\"\nsocket = \"{}\"\n",
        socket.display()
    )
}
