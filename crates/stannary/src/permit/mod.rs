//! `stannary permit`: gives a group what this machine is driven by, and nothing else, so that the daemon
//! needs none of root's rights. Root runs it at each boot, before the daemon: nodes are new then.
//!
//! What a machine is driven by is its control board's file: nothing is listed here that a port of the
//! daemon does not open. Nothing is driven, no level changes.
//!
//! Exit codes: 0 all given · 1 something could not be given, or this computer is another · 2 wrong command
//! line or configuration.

mod groups;
mod uses;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use hal_linux::{DeviceError, Root, permit};
use serde_json::{Value, json};

use crate::cli::config::{self, Backend, Config};
use crate::cli::{EXIT_FAILED, EXIT_USAGE};
use crate::linux;
use uses::Use;

/// Ports below this are root's, unless the kernel was told another number.
const UNPRIVILEGED: &str = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
const UNPRIVILEGED_USUAL: u16 = 1024;

/// `permit`
#[derive(Args, Debug)]
pub(crate) struct PermitArgs {
    /// The group, by name or number
    #[arg(long, value_name = "GROUP", default_value = "stannary")]
    group: String,
    /// The daemon's configuration: it names the machine
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_PATH)]
    config: PathBuf,
    /// One JSON object on stdout
    #[arg(long)]
    json: bool,
}

/// Run the command.
pub(crate) fn run(args: &PermitArgs) -> ExitCode {
    let config = match config::load(&args.config) {
        Ok(config) => config,
        Err(faults) => {
            eprintln!("{faults}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let root = Root::default();
    let group = match groups::number(&args.group, &root) {
        Ok(group) => group,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    if !matches!(config.backend, Backend::Linux { .. }) {
        eprintln!("error: a twin is driven by nothing that is root's\nhint: just start it");
        return ExitCode::from(EXIT_USAGE);
    }
    if let Err(other) = linux::refuse_other_board(&config.machine, &root) {
        eprintln!("{other}");
        return ExitCode::from(EXIT_FAILED);
    }
    let told = give(&config, &root, group);
    match args.json {
        true => println!("{:#}", told.json()),
        false => print!("{}", told.text()),
    }
    for why in &told.refused {
        eprintln!("{why}");
    }
    match told.refused.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_FAILED),
    }
}

/// What became of everything.
struct Told {
    /// What for, which file, and whether it was given now and not before.
    given: Vec<(String, PathBuf, bool)>,
    refused: Vec<String>,
}

/// All that is wanted is tried: one that is refused leaves no other out.
fn give(config: &Config, root: &Root, group: u32) -> Told {
    let mut told = Told {
        given: Vec::new(),
        refused: Vec::new(),
    };
    for Use { what, files } in uses::of(&config.machine, root) {
        let mut refuse = |error: DeviceError| told.refused.push(format!("{what}: {error}"));
        for file in files.unwrap_or_else(|error| {
            refuse(error);
            Vec::new()
        }) {
            if told.given.iter().any(|(_, known, _)| *known == file) {
                continue;
            }
            match permit::give(&file, group) {
                Ok(new) => told.given.push((what.clone(), file, new)),
                Err(error) => refuse(error),
            }
        }
    }
    let first = hal_linux::read_number(&root.at(UNPRIVILEGED), "read it");
    let first = first.unwrap_or(UNPRIVILEGED_USUAL);
    let old = &config.api.old;
    let https = config.api.https.as_ref().map(|https| https.at);
    let listens = [config.api.http, https, old.socket, old.side];
    for address in listens.into_iter().flatten() {
        let port = address.port();
        if (1..first).contains(&port) {
            told.refused.push(format!(
                "{address}: port {port} is root's alone, below {first}\n\
                 hint: `echo {port} >{UNPRIVILEGED}` (since Linux 4.11), or choose a higher port"
            ));
        }
    }
    told
}

impl Told {
    fn text(&self) -> String {
        let line = |(what, file, new): &(String, PathBuf, bool)| {
            let how = if *new { "given" } else { "had it" };
            format!("{how:<7} {:<44} {what}\n", file.display().to_string())
        };
        self.given.iter().map(line).collect()
    }

    fn json(&self) -> Value {
        let given = self.given.iter().map(|(what, file, new)| {
            json!({ "path": file.display().to_string(), "for": what, "changed": new })
        });
        json!({ "given": given.collect::<Vec<_>>(), "refused": self.refused })
    }
}
