//! The daemon, with a twin of a machine in it.

use std::path::{Path, PathBuf};

use process::{Folder, PATIENCE, Program, free_address, get_json, wait_for};
use serde_json::Value;

use crate::dying;

/// A running daemon with one pool.
#[derive(Debug)]
pub(crate) struct Miner {
    daemon: Program,
    page: String,
    _folder: Folder,
}

impl Miner {
    /// `pool` are the lines of its table.
    pub(crate) fn start(binary: &Path, machine: &str, pool: &str) -> Self {
        Miner::run(binary, machine, pool, Folder::new())
    }

    /// The same with a certificate authority of its owner's.
    pub(crate) fn trusting(binary: &Path, machine: &str, pool: &str, authority: &str) -> Self {
        let folder = Folder::new();
        let file = folder.write("authority.pem", authority);
        let pool = format!("{pool}\ntls_ca = \"{}\"", file.display());
        Miner::run(binary, machine, &pool, folder)
    }

    fn run(binary: &Path, machine: &str, pool: &str, folder: Folder) -> Self {
        let http = free_address();
        let socket = folder.path().join("s.sock");
        // No scale of difficulty: to these servers a difficulty of one is Bitcoin's.
        let text = format!(
            "config_version = 1\n\n[machine]\nmodel = \"{machine}\"\nbackend = \"twin\"\n\n\
             [twin]\nseed = 7\ndifficulty_bits = 2\n\n[[pool]]\n{pool}\n\n\
             [api]\nhttp = \"{http}\"\nsocket = \"{}\"\n",
            socket.display()
        );
        let config: PathBuf = folder.write("stannary.toml", &text);
        let mut command = dying(binary);
        let daemon = Program::start(command.arg("run").arg("--config").arg(config));
        Miner {
            daemon,
            page: format!("http://{http}/"),
            _folder: folder,
        }
    }

    /// Until its pool looks so, as the daemon shows it.
    pub(crate) fn wait_for(&mut self, what: &str, look: impl Fn(&Value) -> bool) -> Value {
        let end = std::time::Instant::now() + PATIENCE;
        wait_for(what, 2 * PATIENCE, || {
            assert!(
                self.daemon.ended().is_none(),
                "{}",
                self.daemon.everything()
            );
            let seen = self.pool();
            let late = std::time::Instant::now() > end;
            assert!(!late, "no {what}: {seen:?}\n{}", self.daemon.stderr());
            seen.filter(|pool| look(pool))
        })
    }

    /// No share was refused for a reason of ours. One that was on its way as the block changed is
    /// stale; here, where nearly every share is a block, that happens.
    pub(crate) fn check_refusals(&self) {
        let pool = self.pool().expect("it answers");
        let count = |key: &str| pool[key].as_u64().expect("a number");
        assert_eq!((count("rejected"), count("lost")), (0, 0), "{pool}");
        assert!(count("stale") <= 1 + count("accepted") / 4, "{pool}");
        println!(
            "miner: {} accepted, {} stale, latency {}",
            pool["accepted"], pool["stale"], pool["latency"]
        );
    }

    /// All present faults.
    pub(crate) fn faults(&self) -> String {
        self.status().unwrap_or_default()["faults"].to_string()
    }

    /// Ends it, as its owner does.
    pub(crate) fn end(mut self) {
        self.daemon.terminate();
        let status = self.daemon.wait(PATIENCE);
        assert_eq!(status.code(), Some(0), "{}", self.daemon.everything());
    }

    fn pool(&self) -> Option<Value> {
        Some(self.status()?["pools"][0].clone())
    }

    fn status(&self) -> Option<Value> {
        get_json(&format!("{}api/v1/status", self.page))
    }
}
