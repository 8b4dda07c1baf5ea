//! `stannary support`: the archive for a support request, from the daemon, or without one where none runs.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::client::{AskError, Daemon};
use super::config;
use super::operator::Output;
use crate::support;

/// Where it is written if nobody says where.
const FILE: &str = "stannary-support.tar";
/// Its owner alone: what is no secret is still nobody else's business.
const MODE: u32 = 0o600;

/// `support`
#[derive(Args, Debug)]
pub(crate) struct SupportArgs {
    #[command(flatten)]
    output: Output,
    /// Write it here; `-`: to stdout [default: stannary-support.tar, or stdout where that is no
    /// terminal]
    #[arg(long, short, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Where no daemon answers: the configuration that is looked at
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_PATH)]
    config: PathBuf,
}

/// Why there is none.
pub(super) enum NoArchive {
    Ask(AskError),
    Output(io::Error),
    /// What is in the way.
    There(PathBuf),
}

/// Make it; what to print where it went into a file.
pub(super) fn run(
    api: Option<&str>,
    key: Option<&str>,
    args: &SupportArgs,
) -> Result<Option<String>, NoArchive> {
    let asked = Daemon::find(api, key).and_then(|daemon| daemon.get_bytes("/api/v1/support"));
    let (archive, by_daemon) = match asked {
        Ok(archive) => (archive, true),
        // Whoever names a daemon means that one.
        Err(error) if api.is_some() => return Err(NoArchive::Ask(error)),
        Err(error) => {
            eprintln!("note: {error}\nnote: made without it: no status, no log");
            (support::archive(Some(&args.config), None), false)
        }
    };
    let to_stdout = match &args.to {
        Some(path) => path == Path::new("-"),
        None => !args.output.json() && !io::stdout().is_terminal(),
    };
    if to_stdout {
        let mut out = io::stdout().lock();
        let written = out.write_all(&archive).and_then(|()| out.flush());
        return written.map(|()| None).map_err(NoArchive::Output);
    }
    let path = args.to.clone().unwrap_or_else(|| PathBuf::from(FILE));
    write(&path, &archive)?;
    let answer: Value = json!({ "file": path, "bytes": archive.len(), "by_daemon": by_daemon });
    Ok(Some(match args.output.json() {
        true => format!("{answer:#}\n"),
        false => format!(
            "{}: {} bytes, without secrets; look into it with `tar`\n",
            path.display(),
            archive.len()
        ),
    }))
}

fn write(path: &Path, archive: &[u8]) -> Result<(), NoArchive> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(MODE).open(path);
    let mut file = file.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => NoArchive::There(path.to_owned()),
        _ => NoArchive::Output(error),
    })?;
    file.write_all(archive).map_err(NoArchive::Output)
}
