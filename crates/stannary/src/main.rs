//! `stannary`: the daemon, the operator's commands, the demo, the decoder of frames and the
//! benchmarks in one binary, because flash is small.

mod access_file;
mod addresses;
mod base64;
mod bench;
mod boards;
mod broker;
mod cli;
mod demo;
mod file_text;
mod file_writer;
mod hex;
mod host;
mod https;
mod linux;
mod mdns;
mod names;
mod old_clients;
mod page;
mod panic_on_order;
mod permit;
mod pool_list;
mod pool_server;
mod private_file;
mod probe;
mod reach;
mod recordings;
mod replace;
mod run;
mod runnable;
mod runtime;
mod show;
mod signals;
mod state_file;
mod stock_pools;
mod summary;
mod support;
mod twin_process;
mod twin_pty;
mod twin_scale;
mod voltages;
mod whole;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command, EXIT_FAILED, EXIT_REBOOT, EXIT_USAGE};
use old_clients::Ended;

/// Version of the firmware.
const FIRMWARE: &str = env!("CARGO_PKG_VERSION");
/// Notes that the API keeps for `log`.
const LOG_NOTES: usize = 1000;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Run(args) => {
            log_to_stderr();
            let taken = stock_pools::at_first_start(&args.config);
            match cli::config::load(&args.config) {
                Ok(config) => match run::run(config, &args.config, taken) {
                    Ok(Ended::RebootWanted) => ExitCode::from(EXIT_REBOOT),
                    ended => finish(ended.map(|_| true)),
                },
                Err(faults) => {
                    eprintln!("{faults}");
                    ExitCode::from(EXIT_USAGE)
                }
            }
        }
        Command::Demo(args) => {
            log_to_stderr();
            finish(demo::run(&args))
        }
        Command::Twin(args) => twin(&args),
        Command::Bench(args) => finish(bench::run(args.what, args.tty).map(|()| true)),
        Command::Decode(args) => cli::decode(&args),
        Command::Replay(args) => cli::replay(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Permit(args) => permit::run(&args),
        Command::Operator(command) => {
            cli::operate(cli.api.as_deref(), cli.fingerprint.as_deref(), &command)
        }
    }
}

/// A chain behind a terminal, a machine behind a socket, or a look at one.
fn twin(args: &cli::TwinArgs) -> ExitCode {
    let done = match (&args.state, &args.machine, &args.dir) {
        (Some(folder), ..) => return twin_process::ask(folder, args.json),
        (None, Some(machine), Some(folder)) => twin_process::run(args, machine, folder),
        _ => twin_pty::run(args),
    };
    match done {
        Err(twin_pty::Refusal::Usage(why)) => {
            eprintln!("error: {why}");
            ExitCode::from(EXIT_USAGE)
        }
        Err(twin_pty::Refusal::Failed(why)) => finish(Err(why)),
        Ok(()) => ExitCode::SUCCESS,
    }
}

/// 0 if all went well, 1 if not; an error is told with its causes.
fn finish(result: anyhow::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(EXIT_FAILED),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

/// Log lines go to stderr, as fields and without colour: a service manager or a person
/// reads them there.
fn log_to_stderr() {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
}
