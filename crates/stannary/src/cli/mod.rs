//! The command line: what can be asked, the configuration file, and the operator's
//! commands, which talk to a running daemon over its REST interface.
//!
//! Data goes to stdout, talk to stderr. Exit codes: 0 done · 1 failed · 2 the command line
//! or the configuration is wrong · 3 no daemon answers · 4 of `run`: the machine is to boot again, and
//! this user may not order it · 128 + N ended by signal N.

mod access;
mod again;
mod chip_map;
mod client;
mod completions;
pub(crate) mod config;
mod config_command;
mod config_edit;
pub(crate) mod config_view;
pub(crate) mod consent;
mod decode;
pub(crate) mod https;
pub(crate) mod mqtt;
mod network;
pub(crate) mod old_clients;
mod operator;
mod orders;
mod own_node;
mod paths;
mod pool_groups;
mod pool_orders;
mod prompt;
mod replay;
mod secret;
mod support;
mod table;
mod text;
mod top;
mod view;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use decode::{DecodeArgs, decode};
pub(crate) use operator::{Operator, operate};
pub(crate) use paths::{default_socket, is_root, socket_folder};
pub(crate) use replay::{ReplayArgs, replay};
pub(crate) use secret::Secret;

/// The command did not succeed.
pub(crate) const EXIT_FAILED: u8 = 1;
/// The command line or the configuration is wrong.
pub(crate) const EXIT_USAGE: u8 = 2;
/// No daemon answers.
pub(crate) const EXIT_UNREACHABLE: u8 = 3;
/// Of `run` alone: all is off, and whoever started it has to boot the machine again.
pub(crate) const EXIT_REBOOT: u8 = 4;
/// And the number of the signal that ended a command which had to put something back.
pub(crate) const EXIT_SIGNAL: u8 = 128;

/// A status in words, for somebody who reads it elsewhere.
pub(crate) fn summary_of(status: &serde_json::Value) -> String {
    let (columns, colour) = (100, table::Colour::Never);
    view::status(status, colour) + "\n" + &view::chip_map(status, columns, colour)
}

const AFTER_HELP: &str = "\
A daemon asked over TCP wants a token in the environment: STANNARY_TOKEN.
Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, 3 no daemon answers,
4 (of `run`) the machine is to boot again, and whoever started the daemon has to do it,
128 and the signal's number where a signal ended `top`.
Every E-… code is explained in docs/codes.md.";

/// Open-source firmware for Bitcoin ASIC miners.
#[derive(Parser, Debug)]
#[command(name = "stannary", version, about, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// The daemon to ask: http://HOST:PORT, https://HOST:PORT, or the path of its local socket [default: the
    /// daemon on this machine]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) api: Option<String>,

    /// The key of a daemon at https://HOST:PORT, as `stannary access fingerprint` says it there
    #[arg(long, global = true, value_name = "sha256:HEX")]
    pub(crate) fingerprint: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// The daemon, in the foreground
    Run(RunArgs),
    /// The whole product on this computer: a twin of a machine, a pool, the daemon, the page
    Demo(DemoArgs),
    /// An emulated chain of chips behind a pseudo-terminal or a local socket, for any driver
    Twin(TwinArgs),
    /// Measure this build on this computer; figures as JSON
    Bench(BenchArgs),
    /// Frames of a chip's wire in words: from arguments, or from a recording on stdin
    Decode(DecodeArgs),
    /// What led to a fault and what was decided: a recording, run through control again
    Replay(ReplayArgs),
    /// What this control board and its machine are, without powering anything
    Probe(crate::probe::ProbeArgs),
    /// Give a group the devices of this machine, so that the daemon needs none of root's rights
    Permit(crate::permit::PermitArgs),
    /// Commands against a running daemon, and what needs none.
    #[command(flatten)]
    Operator(Operator),
}

/// `run`
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_PATH)]
    pub(crate) config: PathBuf,
}

/// `demo`
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// The machine to emulate; `stannary machines` lists them
    #[arg(long, value_name = "NAME", default_value = "antminer-s19-pro")]
    pub(crate) machine: String,
    /// Mine at this pool instead of the twin's own
    #[arg(long, value_name = "URL")]
    pub(crate) pool: Option<String>,
    /// Login at the pool
    #[arg(long, value_name = "U", default_value = "demo.worker")]
    pub(crate) user: String,
    /// Password at the pool
    #[arg(long, value_name = "P", default_value = "x")]
    pub(crate) password: Secret,
    /// Take the pool's templates from, and give its blocks to, this node:
    /// http://USER:PASSWORD@HOST:PORT
    #[arg(long, value_name = "URL", conflicts_with = "pool")]
    pub(crate) node: Option<Secret>,
    /// Where the page listens [default: a free port from 8080 on]
    #[arg(long, value_name = "ADDR", value_parser = paths::loopback)]
    pub(crate) http: Option<SocketAddr>,
    /// Let fleet software in at the page's address: the cgminer socket (4028), the side port (6060) and the
    /// maker's web interface, with a login that is printed
    #[arg(long)]
    pub(crate) old_clients: bool,
    /// Stop this long after the first work, print a summary, and fail if a share was lost
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: Option<u64>,
    /// Seed of the twins
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `twin`
#[derive(Args, Debug)]
pub(crate) struct TwinArgs {
    /// The chip, as bm1370
    #[arg(long, value_name = "NAME", required_unless_present_any = ["machine", "state"])]
    pub(crate) chip: Option<String>,
    /// Chips on the chain
    #[arg(long, value_name = "N", required_unless_present_any = ["machine", "state"])]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) chips: Option<u16>,
    /// Where drivers find the terminal: a link is made there, and removed at the end
    #[arg(long, value_name = "PATH")]
    #[arg(required_unless_present_any = ["machine", "state", "socket"])]
    pub(crate) pty: Option<PathBuf>,
    /// Instead: a local socket is made there, for the serial port of an emulated computer; speeds
    /// are not carried
    #[arg(long, value_name = "PATH", conflicts_with = "pty")]
    pub(crate) socket: Option<PathBuf>,
    /// Zero bits that stand for the 32 of difficulty one: 8 lets this computer find nonces
    /// as fast as chips do, 32 answers jobs of known blocks only [default: 8; of a whole machine
    /// what a quarter of a core can hash, 8 at most]
    #[arg(long, value_name = "B")]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=32))]
    pub(crate) difficulty_bits: Option<u8>,
    /// Seed of all chance
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// A whole machine, which a daemon drives with `[twin] at = "DIR"`
    #[arg(long, value_name = "NAME", requires = "dir")]
    #[arg(conflicts_with_all = ["chip", "chips", "pty", "socket"])]
    pub(crate) machine: Option<String>,
    /// Its control board, where it is not the usual one
    #[arg(long, value_name = "BOARD", requires = "machine")]
    pub(crate) control_board: Option<String>,
    /// The folder under which its ports are served
    #[arg(long, value_name = "DIR", requires = "machine")]
    pub(crate) dir: Option<PathBuf>,
    /// Show what the machine of the twin under DIR really does, and end
    #[arg(long, value_name = "DIR", conflicts_with_all = ["chip", "chips", "pty", "socket", "machine"])]
    pub(crate) state: Option<PathBuf>,
    /// Print JSON
    #[arg(long, requires = "state", conflicts_with_all = ["chip", "machine"])]
    pub(crate) json: bool,
}

/// `bench`
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// What to measure; everything if not given
    pub(crate) what: Option<Bench>,
    /// The pipeline's serial lines alone: three chains of an S21 Pro behind terminals
    #[arg(long, requires = "what")]
    pub(crate) tty: bool,
}

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Bench {
    /// The hashing core
    Sha256d,
    /// From a pool's bytes to the chips' and back
    Pipeline,
    /// An hour and a thinned day of a simulated machine
    Sim,
    /// The pipeline while others ask for the status a thousand times a second; on its own alone
    Load,
}

#[cfg(test)]
mod manual_tests;

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parsed(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn contracted_lines_are_understood() {
        for line in [
            "stannary run --config /etc/stannary/stannary.toml",
            "stannary demo",
            "stannary demo --machine antminer-s21-pro --seconds 20 --http 127.0.0.1:0",
            "stannary demo --pool stratum+tcp://p.example:3333 --user a.b --password x",
            "stannary demo --node http://u:p@127.0.0.1:18443",
            "stannary status --json",
            "stannary --api https://rig:8443 --fingerprint sha256:00 status",
            "stannary access fingerprint --json",
            "stannary --api http://127.0.0.1:8080 status",
            "stannary top --api /run/stannary.sock",
            "stannary pools --json",
            "stannary chips --json",
            "stannary log --json --follow",
            "stannary access --json",
            "stannary access token add hass --scope read --json",
            "stannary machines --json",
            "stannary check-config /etc/stannary/stannary.toml",
            "stannary twin --chip bm1370 --chips 65 --pty /tmp/chain",
            "stannary twin --chip bm1387 --chips 1 --pty c --difficulty-bits 32 --seed 7",
            "stannary twin --chip bm1387 --chips 1 --socket /tmp/chain.sock",
            "stannary twin --machine antminer-s19-pro --dir /tmp/twin",
            "stannary twin --machine antminer-s9 --control-board b --dir d --difficulty-bits 2",
            "stannary twin --state /tmp/twin --json",
            "stannary bench",
            "stannary decode --chip bm1397 55aa520500000a",
            "stannary decode --chip BM1387 --from chip 13 87 90 00 00 00 07",
            "stannary decode --chip bm1370 --job 55aa --chips 65 --text",
            "stannary replay recording-000001.json",
            "stannary replay recording-000001.json --json",
            "stannary probe",
            "stannary probe --json --control-board amlogic-a113d",
            "stannary probe --twin antminer-s19-pro",
            "stannary permit --group stannary --config /etc/stannary/stannary.toml --json",
            "stannary bench sha256d",
            "stannary bench pipeline",
            "stannary bench pipeline --tty",
            "stannary bench sim",
            "stannary bench load",
            "stannary top -n 3 --json",
            "stannary top --ascii",
            "stannary chips --numbers",
            "stannary faults --json",
            "stannary restart --yes",
            "stannary reboot -y --json",
            "stannary config get",
            "stannary config --config f get pool.0.url --json",
            "stannary config get --config f",
            "stannary config set a.b 1 c -5 --dry-run",
            "stannary config unset a.b c.0",
            "stannary config import f --replace",
            "stannary support --to - --config f",
            "stannary completions fish",
            "stannary complete -- access token --s",
            "stannary complete --",
        ] {
            assert!(parsed(line).is_ok(), "{line}: {:?}", parsed(line).err());
        }
    }

    #[test]
    fn wrong_lines_are_refused_with_the_documented_code() {
        for line in [
            "stannary",
            "stannary fly",
            "stannary demo --seconds 0",
            "stannary bench --tty",
            "stannary demo --http 0.0.0.0:80",
            "stannary twin --chip bm1370 --chips 0 --pty /tmp/chain",
            "stannary twin --chip bm1370 --pty /tmp/chain",
            "stannary twin --chip bm1370 --chips 1 --pty c --difficulty-bits 33",
            "stannary twin --chip bm1370 --chips 1 --pty c --socket s",
            "stannary twin --dir /tmp/twin",
            "stannary twin --machine antminer-s9",
            "stannary twin --machine antminer-s9 --dir d --chip bm1387",
            "stannary twin --machine antminer-s9 --dir d --state d",
            "stannary twin --machine antminer-s9 --dir d --json",
            "stannary demo --pool a:1 --node http://b:2",
            "stannary check-config",
            "stannary replay",
            "stannary probe --twin antminer-s9 --control-board x",
            "stannary config",
            "stannary config set machine.model",
            "stannary config unset",
            "stannary config import",
            "stannary completions tcsh",
            "stannary decode 55aa520500000a",
            "stannary decode --chip bm9999 55aa520500000a",
            "stannary decode --chip bm1397 --from nobody 55aa520500000a",
        ] {
            let error = parsed(line).expect_err(line);
            assert_eq!(error.exit_code(), i32::from(EXIT_USAGE), "{line}");
        }
    }

    #[test]
    fn a_password_is_not_shown_where_the_line_is_printed() {
        let cli = parsed("stannary demo --password hunter2 --node http://u:hunter2@h:1");
        let shown = format!("{:?}", cli.expect("parsed"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
