//! The operator's commands: against a running daemon, and those that need none.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::sleep;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::access::{self, AccessArgs};
use super::again::{self, Again, AgainArgs, NotAgain};
use super::client::{AskError, Daemon};
use super::completions::{CompleteArgs, CompletionsArgs};
use super::config_command::{self, ConfigArgs};
use super::orders::{FansArgs, LimitsArgs, LocateArgs};
use super::pool_orders::PoolsArgs;
use super::support::{NoArchive, SupportArgs};
use super::table::{Colour, Table};
use super::text::plain;
use super::{EXIT_FAILED, EXIT_SIGNAL, EXIT_UNREACHABLE, EXIT_USAGE, config, orders, top, view};
use crate::runnable::refusal;

/// What an operator can ask.
#[derive(Subcommand, Debug)]
pub(crate) enum Operator {
    /// What the miner does, earns and lacks
    Status(Output),
    /// The same on a full screen, live and with charts; one look where there is no screen
    Top(TopArgs),
    /// The pools; `add`, `remove`, `move`, `enable`, `disable` and `group` change them
    Pools(PoolsArgs),
    /// Every chip: who keeps up with the model, and who lags behind
    Chips(ChipsArgs),
    /// What is wrong now, and what to do about it
    Faults(Output),
    /// What happened
    Log(LogArgs),
    /// Stop hashing; pools stay connected
    Pause(Output),
    /// Hash again
    Resume(Output),
    /// Stop hashing and switch the power supply off; pools stay connected
    Sleep(Output),
    /// Hash again after a sleep
    Wake(Output),
    /// Let the control board's lights blink, so that somebody in front of many finds it
    Locate(LocateArgs),
    /// Switch everything off, and start the miner's process anew
    Restart(AgainArgs),
    /// Switch everything off, and reboot the machine
    Reboot(AgainArgs),
    /// How fans run
    Fans(FansArgs),
    /// The power ceiling and the target temperature: what holds, what can be set; set them
    Limits(LimitsArgs),
    /// Who may do what: the password, tokens, names, and what was changed by whom
    Access(AccessArgs),
    /// An archive for a support request, without secrets
    Support(SupportArgs),
    /// The machines that this build knows
    Machines(Output),
    /// Every fault in a configuration
    CheckConfig(CheckArgs),
    /// What the configuration file says, and changes to it
    Config(ConfigArgs),
    /// What makes a shell complete these commands: `source <(stannary completions bash)`
    Completions(CompletionsArgs),
    /// What can stand next, for those scripts
    #[command(hide = true)]
    Complete(CompleteArgs),
}

/// How to print.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Output {
    pub(super) fn json(self) -> bool {
        self.json
    }
}

/// `top`
#[derive(Args, Debug)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    output: Output,
    /// No full screen: so many looks, one a second [default: one; with --json until interrupted]
    #[arg(long, short = 'n', value_name = "N")]
    count: Option<u64>,
    /// Draw charts with letters, for fonts without braille
    #[arg(long)]
    ascii: bool,
}

/// `chips`
#[derive(Args, Debug)]
pub(crate) struct ChipsArgs {
    #[command(flatten)]
    output: Output,
    /// Instead of a map: of each chip, nonces seen in percent of those expected
    #[arg(long)]
    numbers: bool,
}

/// `log`
#[derive(Args, Debug)]
pub(crate) struct LogArgs {
    #[command(flatten)]
    output: Output,
    /// Go on printing what happens
    #[arg(long, short)]
    follow: bool,
}

/// `check-config`
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    output: Output,
    /// The configuration
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Do what the operator asked. `api` names the daemon, and `key` is its key where that is over TLS.
pub(crate) fn operate(api: Option<&str>, key: Option<&str>, command: &Operator) -> ExitCode {
    let done = match command {
        Operator::Machines(output) => machines(*output),
        Operator::Completions(args) => print(args.script()),
        Operator::Complete(args) => print(&args.lines()),
        Operator::Support(args) => support(api, key, args),
        Operator::CheckConfig(args) => return check_config(&args.file, args.output),
        Operator::Config(args) => return config_command::run(args),
        _ => Daemon::find(api, key)
            .map_err(Failure::Ask)
            .and_then(|daemon| ask(&daemon, command)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough: `stannary log | head`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn ask(daemon: &Daemon, command: &Operator) -> Result<(), Failure> {
    match command {
        Operator::Status(output) => show(&daemon.get(STATUS)?, *output, view::status),
        Operator::Pools(PoolsArgs {
            output,
            change: Some(change),
        }) => {
            let taken = change.give(daemon)?;
            show(&taken, *output, |_, _| {
                "pools: taken; `stannary pools` shows the effect\n".to_owned()
            })
        }
        Operator::Pools(PoolsArgs { output, .. }) => {
            let mut status = daemon.get(STATUS)?;
            let groups = status["pool_groups"].take();
            show(&status["pools"], *output, |pools, colour| {
                let status = json!({ "pools": pools, "pool_groups": groups });
                let accounts = view::pool_accounts(&status, colour);
                view::pools(&status, colour) + "\n" + &accounts + &view::pool_groups(&status)
            })
        }
        Operator::Chips(args) => {
            let chains = daemon.get("/api/v1/status?chips=1")?["chains"].take();
            show(&chains, args.output, |chains, colour| {
                let status = json!({ "chains": chains });
                match args.numbers {
                    true => view::chips(&status, colour),
                    false => view::chip_map(&status, columns(), colour),
                }
            })
        }
        Operator::Faults(output) => {
            let faults = daemon.get(STATUS)?["faults"].take();
            show(&faults, *output, view::all_faults)
        }
        Operator::Top(args) => top(daemon, args),
        Operator::Log(args) => log(daemon, args),
        Operator::Pause(output) => order(daemon, "pause", *output),
        Operator::Resume(output) => order(daemon, "resume", *output),
        Operator::Sleep(output) => order(daemon, "sleep", *output),
        Operator::Wake(output) => order(daemon, "wake", *output),
        Operator::Fans(args) => {
            let taken = orders::give(daemon, &args.order())?;
            show(&taken, args.output, |_, _| took("fans"))
        }
        Operator::Locate(args) => {
            let taken = orders::give(daemon, &args.order())?;
            show(&taken, args.output, |_, _| took("locate"))
        }
        Operator::Restart(args) => again(daemon, args, Again::Miner),
        Operator::Reboot(args) => again(daemon, args, Again::Machine),
        Operator::Limits(args) => limits(daemon, args),
        Operator::Access(args) => {
            let shown = access::run(daemon, args)?;
            show(&shown.answer, shown.output, shown.render)
        }
        // What needs no daemon was done before.
        Operator::Machines(_)
        | Operator::CheckConfig(_)
        | Operator::Config(_)
        | Operator::Support(_)
        | Operator::Completions(_)
        | Operator::Complete(_) => Ok(()),
    }
}

const STATUS: &str = "/api/v1/status";

fn show(
    value: &Value,
    output: Output,
    render: impl Fn(&Value, Colour) -> String,
) -> Result<(), Failure> {
    if output.json {
        print(&format!("{value:#}\n"))
    } else {
        print(&render(value, Colour::for_stdout()))
    }
}

/// Columns of stdout's terminal; what is usual where it is none.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    let columns = size.map(|size| usize::from(size.ws_col));
    columns.filter(|columns| *columns > 0).unwrap_or(80)
}

fn top(daemon: &Daemon, args: &TopArgs) -> Result<(), Failure> {
    if !args.output.json && args.count.is_none() && top::has_screen() {
        return match top::run(daemon, args.ascii)? {
            top::Ended::Quit => Ok(()),
            top::Ended::DaemonGone => Err(Failure::Gone),
            top::Ended::Signal(signal) => Err(Failure::Signal(signal)),
        };
    }
    let colour = Colour::for_stdout();
    let count = args.count.or((!args.output.json).then_some(1));
    for look in 1u64.. {
        let status = daemon.get(STATUS)?;
        match args.output.json {
            true => print(&format!("{status}\n"))?,
            false => print(&format!("{}\n", view::status(&status, colour)))?,
        }
        if count.is_some_and(|count| look >= count) {
            break;
        }
        sleep(top::PERIOD);
    }
    Ok(())
}

fn log(daemon: &Daemon, args: &LogArgs) -> Result<(), Failure> {
    let colour = Colour::for_stdout();
    let mut after = 0;
    loop {
        let answer = daemon.get(&format!("/api/v1/log?after={after}"))?;
        let last = answer["last"].as_u64().unwrap_or(0);
        if args.output.json {
            for note in answer["notes"].as_array().into_iter().flatten() {
                print(&format!("{note}\n"))?;
            }
        } else {
            print(&view::log(&answer, colour))?;
        }
        if !args.follow {
            return Ok(());
        }
        // A smaller number means a new daemon, whose log begins anew.
        after = if last < after { 0 } else { last };
        sleep(top::PERIOD);
    }
}

fn again(daemon: &Daemon, args: &AgainArgs, what: Again) -> Result<(), Failure> {
    let taken = again::order(daemon, args, what).map_err(|why| match why {
        NotAgain::Ask(error) => Failure::Ask(error),
        NotAgain::Declined => Failure::Own("nothing was done".to_owned()),
        NotAgain::Unasked => Failure::Usage(
            "nobody is here to ask whether that is meant\nhint: say so with `--yes`".to_owned(),
        ),
    })?;
    show(&taken, args.output, |taken, _| {
        let what = taken["restart"].as_str().unwrap_or_default();
        format!(
            "restart of the {}: taken; `stannary status` answers once it is up again\n",
            plain(what)
        )
    })
}

fn support(api: Option<&str>, key: Option<&str>, args: &SupportArgs) -> Result<(), Failure> {
    match super::support::run(api, key, args) {
        Ok(None) => Ok(()),
        Ok(Some(words)) => print(&words),
        Err(NoArchive::Ask(error)) => Err(Failure::Ask(error)),
        Err(NoArchive::Output(error)) => Err(Failure::Output(error)),
        Err(NoArchive::There(path)) => {
            let words = format!(
                "`{}` is there already\nhint: name another file with `--to`",
                path.display()
            );
            Err(Failure::Usage(words))
        }
    }
}

fn order(daemon: &Daemon, command: &str, output: Output) -> Result<(), Failure> {
    let taken = orders::give(daemon, &json!({ "command": command }))?;
    show(&taken, output, |_, _| took(command))
}

/// Show the limits, or set some.
fn limits(daemon: &Daemon, args: &LimitsArgs) -> Result<(), Failure> {
    let orders = args.orders();
    if orders.is_empty() {
        let settings = daemon.get(STATUS)?["settings"].take();
        return show(&settings, args.output, view::limits);
    }
    for order in orders {
        let taken = orders::give(daemon, &order)?;
        let what = taken["command"].as_str().unwrap_or_default();
        show(&taken, args.output, |_, _| took(&what.replace('_', " ")))?;
    }
    Ok(())
}

fn took(what: &str) -> String {
    format!("{what}: taken; `stannary status` shows the effect\n")
}

fn machines(output: Output) -> Result<(), Failure> {
    let mut known = Vec::new();
    for name in board_support::machines() {
        known.push(board_support::machine(name).map_err(|e| Failure::Own(e.to_string()))?);
    }
    if output.json {
        let described: Vec<_> = known.iter().map(described).collect();
        return print(&format!("{:#}\n", Value::from(described)));
    }
    let mut table = Table::new(&["machine", "name", ">TH/s", ">W", "chips", "link", "runs"]);
    for m in &known {
        table.row([
            m.model.clone().into(),
            m.name.clone().into(),
            m.rated_ths.to_string().into(),
            m.rated_power_w.to_string().into(),
            format!(
                "{} × {} {}",
                m.slots,
                m.hashboard.chips,
                m.hashboard.chip.to_uppercase()
            )
            .into(),
            m.control_board.link.name().into(),
            runs(m).into(),
        ]);
    }
    print(&table.render(Colour::for_stdout()))
}

fn runs(machine: &board_support::Machine) -> &'static str {
    match refusal(machine) {
        None => "yes",
        Some(_) => "not yet",
    }
}

fn described(m: &board_support::Machine) -> Value {
    json!({
        "model": m.model,
        "name": m.name,
        "rated_ths": m.rated_ths,
        "rated_power_w": m.rated_power_w,
        "slots": m.slots,
        "control_board": { "id": m.control_board.id, "name": m.control_board.name, "link": m.control_board.link.name() },
        "control_boards": m.control_boards,
        "runs": refusal(m).is_none(),
        "refusal": refusal(m),
        "hashboard": {
            "id": m.hashboard.id,
            "name": m.hashboard.name,
            "chip": m.hashboard.chip,
            "chips": m.hashboard.chips,
            "domains": m.hashboard.domains,
            "frequency_mhz": m.hashboard.frequency_mhz,
            "voltage_mv": m.hashboard.voltage_mv,
        },
        "psu": { "id": m.psu.id, "name": m.psu.name },
    })
}

fn check_config(file: &Path, output: Output) -> ExitCode {
    let (faults, notices) = match config::load(file) {
        Ok(config) => {
            if !output.json {
                let (name, pools) = (&config.machine.name, config.pools.len());
                println!("{}: ok: {name}, pools: {pools}", file.display());
            }
            (Vec::new(), config.notices)
        }
        Err(error) => {
            if !output.json {
                eprintln!("{error}");
            }
            let fault = |(code, p): (telemetry::Code, &board_support::strict::Problem)| {
                json!({
                    "code": code, "file": p.file, "line": p.line, "key": p.key,
                    "message": p.message, "remedy": p.remedy,
                })
            };
            (error.faults().map(fault).collect(), Vec::new())
        }
    };
    let ok = faults.is_empty();
    if output.json {
        println!(
            "{:#}",
            json!({ "ok": ok, "faults": faults, "notices": notices })
        );
    } else {
        notices
            .iter()
            .for_each(|notice| eprintln!("note: {notice}"));
    }
    if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_USAGE)
    }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Failure::Output)
}

/// Why a command did not succeed.
enum Failure {
    Ask(AskError),
    Output(io::Error),
    Own(String),
    /// The command line asks for what cannot be.
    Usage(String),
    /// The daemon that was watched.
    Gone,
    /// What ended us, once the terminal was as before.
    Signal(i32),
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Failure::Ask(AskError::Address(_)) | Failure::Usage(_) => EXIT_USAGE,
            Failure::Ask(AskError::Unreachable(..) | AskError::NoDaemon | AskError::Several(_)) => {
                EXIT_UNREACHABLE
            }
            Failure::Gone => EXIT_UNREACHABLE,
            Failure::Signal(signal) => EXIT_SIGNAL.saturating_add(signal.unsigned_abs() as u8),
            _ => EXIT_FAILED,
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        Failure::Ask(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Ask(error) => error.fmt(f),
            Failure::Output(error) => write!(f, "cannot print: {error}"),
            Failure::Own(words) | Failure::Usage(words) => f.write_str(words),
            Failure::Gone => {
                f.write_str("the daemon did not answer any more\nhint: is it running?")
            }
            Failure::Signal(signal) => write!(f, "ended by signal {signal}"),
        }
    }
}
