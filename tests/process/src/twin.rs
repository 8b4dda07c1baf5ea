//! A machine's twin in a process of its own, and what it really does.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Folder, PATIENCE, Program, wait_for};

/// `stannary twin --machine`, in a folder of its own.
#[derive(Debug)]
pub struct TwinProcess {
    /// The process.
    pub program: Program,
    binary: PathBuf,
    machine: String,
    folder: Folder,
}

impl TwinProcess {
    /// Starts it, and waits until it can be asked.
    pub fn start(binary: &Path, machine: &str, seed: u64) -> Self {
        let folder = Folder::new();
        let program = Program::start(
            Command::new(binary)
                .args(["twin", "--machine", machine, "--difficulty-bits", "2"])
                .args(["--seed", &seed.to_string(), "--dir"])
                .arg(folder.path()),
        );
        let mut twin = TwinProcess {
            program,
            binary: binary.into(),
            machine: machine.into(),
            folder,
        };
        wait_for("the twin", PATIENCE, || {
            let ended = twin.program.ended();
            assert!(ended.is_none(), "{}", twin.program.everything());
            twin.look()
        });
        twin
    }

    /// The folder under which it serves.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its machine's name.
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// What the machine does now, if the twin answers.
    pub fn look(&self) -> Option<Value> {
        let told = Command::new(&self.binary)
            .args(["twin", "--json", "--state"])
            .arg(self.folder.path())
            .output()
            .ok()?;
        serde_json::from_slice(&told.stdout).ok()
    }
}
