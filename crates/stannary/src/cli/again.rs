//! `stannary restart` and `stannary reboot`: everything off, and then anew.

use clap::Args;
use serde_json::{Value, json};

use super::client::{AskError, Daemon};
use super::operator::Output;
use super::prompt;

/// `restart` and `reboot`
#[derive(Args, Debug)]
pub(crate) struct AgainArgs {
    #[command(flatten)]
    pub(super) output: Output,
    /// Do not ask whether that is meant
    #[arg(long, short)]
    yes: bool,
}

/// What begins anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Again {
    Miner,
    Machine,
}

/// Why nothing was ordered.
pub(super) enum NotAgain {
    Ask(AskError),
    /// Somebody said no.
    Declined,
    /// Nobody is there to ask.
    Unasked,
}

impl Again {
    fn word(self) -> &'static str {
        match self {
            Again::Miner => "miner",
            Again::Machine => "machine",
        }
    }

    fn question(self, emulated: bool) -> &'static str {
        match (self, emulated) {
            (Again::Miner, _) => "stop hashing, switch everything off, and start the miner anew?",
            (Again::Machine, true) => {
                "stop hashing, switch everything off, and start the twin's process anew? This computer stays up."
            }
            (Again::Machine, false) => {
                "stop hashing, switch everything off, and reboot the machine?"
            }
        }
    }
}

/// Order it, once somebody has said yes. What the daemon took.
pub(super) fn order(daemon: &Daemon, args: &AgainArgs, again: Again) -> Result<Value, NotAgain> {
    if !args.yes {
        let status = daemon.get("/api/v1/status").map_err(NotAgain::Ask)?;
        let emulated = status["machine"]["emulated"].as_bool() == Some(true);
        match prompt::confirmed(again.question(emulated)) {
            Ok(Some(true)) => {}
            Ok(Some(false)) | Err(_) => return Err(NotAgain::Declined),
            Ok(None) => return Err(NotAgain::Unasked),
        }
    }
    let body = json!({ "what": again.word() });
    daemon.post("/api/v1/restart", &body).map_err(NotAgain::Ask)
}
