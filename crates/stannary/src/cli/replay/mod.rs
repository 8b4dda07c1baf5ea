//! `stannary replay`: a flight recording, run through control again and told.
//!
//! Exit codes: 0 the replay agrees · 1 it does not · 2 the file is no recording.

mod account;
mod plot;
mod text;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use engine::{RECORDING_BYTES_MAX, Recording};

use self::account::Account;
use super::table::Colour;
use super::{EXIT_FAILED, EXIT_USAGE};

/// `replay`
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// The recording: a file that the daemon wrote on a fault
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print JSON: one object, every decision and setpoint in it
    #[arg(long)]
    json: bool,
}

const HINT: &str = "hint: give a file that the daemon wrote into its folder of recordings; one \
that was cut while it was copied has to be copied again";

/// Replay a file.
pub(crate) fn replay(args: &ReplayArgs) -> ExitCode {
    let shown = args.file.display().to_string();
    let recording = match read(&args.file) {
        Ok(recording) => recording,
        Err(why) => {
            eprintln!("error: `{shown}`: {why}\n{HINT}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    // Reading checks what a replay relies on. Whatever it missed is the file's fault still, and
    // must not look like a crash.
    std::panic::set_hook(Box::new(move |panic| {
        eprintln!("error: `{shown}`: its content cannot be replayed: {panic}\n{HINT}");
        std::process::exit(i32::from(EXIT_USAGE));
    }));
    let account = Account::of(&recording);
    let agrees = account.verdict.agrees();
    let text = match args.json {
        true => format!("{}\n", account.to_json()),
        false => text::render(&account, Colour::for_stdout()),
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever read our output has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("error: {error}");
            ExitCode::from(EXIT_FAILED)
        }
        _ if agrees => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_FAILED),
    }
}

fn read(path: &Path) -> Result<Recording, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let mut file = file.take(RECORDING_BYTES_MAX + 1);
    let read = file.read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot be read: {error}"))?;
    Recording::from_json(&bytes).map_err(|error| error.to_string())
}
