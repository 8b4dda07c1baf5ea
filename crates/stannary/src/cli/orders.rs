//! What an operator orders: pause and sleep, fans, and the limits that can be set.
//!
//! Nothing is checked here but that a number is one: the daemon knows the machine, and its
//! refusal says the range.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::client::{AskError, Daemon};
use super::operator::Output;

/// `fans`
#[derive(Args, Debug)]
pub(crate) struct FansArgs {
    #[command(flatten)]
    pub(super) output: Output,
    /// How fans run; safety outranks every mode
    #[arg(value_enum)]
    mode: Mode,
    /// With `manual`: how hard they are driven
    #[arg(value_name = "PERCENT", required_if_eq("mode", "manual"))]
    percent: Option<u32>,
}

/// How fans run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Mode {
    /// By the machine's curve
    Auto,
    /// As slow as the target temperature allows
    Quiet,
    /// At PERCENT
    Manual,
    /// None: boards in oil, where the configuration says so
    Immersion,
    /// None: water plates, where the configuration says so
    Hydro,
}

impl FansArgs {
    /// The order as the daemon takes it.
    pub(super) fn order(&self) -> Value {
        let mode = self.mode.to_possible_value();
        let mode = mode.map_or_else(String::new, |mode| mode.get_name().to_owned());
        match self.percent {
            Some(percent) => json!({ "command": "fans", "mode": mode, "duty_percent": percent }),
            None => json!({ "command": "fans", "mode": mode }),
        }
    }
}

/// `locate`
#[derive(Args, Debug)]
pub(crate) struct LocateArgs {
    #[command(flatten)]
    pub(super) output: Output,
    /// Begin, or end; it ends by itself after ten minutes
    #[arg(value_enum, default_value = "on")]
    blink: Switch,
}

/// Begin or end.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
enum Switch {
    /// Blink
    On,
    /// Show the machine's state again
    Off,
}

impl LocateArgs {
    /// The order as the daemon takes it.
    pub(super) fn order(&self) -> Value {
        json!({ "command": "locate", "on": self.blink == Switch::On })
    }
}

/// `limits`
#[derive(Args, Debug)]
pub(crate) struct LimitsArgs {
    #[command(flatten)]
    pub(super) output: Output,
    /// Draw no more than W watts at the wall; `none`: what the machine may
    #[arg(long, value_name = "W|none", value_parser = wish, allow_hyphen_values = true)]
    power: Option<Wish>,
    /// Keep the hottest board sensor at C degrees while fans are quiet; `none`: the machine's own
    #[arg(long, value_name = "C|none", value_parser = wish, allow_hyphen_values = true)]
    target: Option<Wish>,
}

/// A number to set, or `none` to set it no more.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Wish(Option<f64>);

fn wish(text: &str) -> Result<Wish, String> {
    if text == "none" {
        return Ok(Wish(None));
    }
    let number: Option<f64> = text.parse().ok();
    // What JSON cannot write would arrive as `null`, which takes the limit away.
    let number = number.filter(|number| number.is_finite());
    let number = number.ok_or("write a number, or `none`")?;
    Ok(Wish(Some(number)))
}

impl LimitsArgs {
    /// The orders as the daemon takes them; none where limits are only looked at.
    pub(super) fn orders(&self) -> Vec<Value> {
        let power = self.power.map(|wish| ("power_ceiling", "power_w", wish));
        let target = self
            .target
            .map(|wish| ("target_temperature", "temp_c", wish));
        let both = [power, target].into_iter().flatten();
        both.map(|(command, key, wish)| json!({ "command": command, key: wish.0 }))
            .collect()
    }
}

/// Give an order. What the daemon took.
pub(super) fn give(daemon: &Daemon, order: &Value) -> Result<Value, AskError> {
    daemon.post("/api/v1/command", order)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::operator::Operator;
    use super::super::{Cli, Command};

    /// The orders that a command line becomes, or that it becomes none.
    fn check(line: &str, expected: &[&str]) {
        let words = std::iter::once("stannary").chain(line.split(' '));
        let orders = match Cli::try_parse_from(words).map(|cli| cli.command) {
            Err(_) => vec!["refused".to_owned()],
            Ok(Command::Operator(Operator::Fans(args))) => vec![args.order().to_string()],
            Ok(Command::Operator(Operator::Locate(args))) => vec![args.order().to_string()],
            Ok(Command::Operator(Operator::Limits(args))) => {
                args.orders().iter().map(ToString::to_string).collect()
            }
            Ok(other) => panic!("{other:?}"),
        };
        assert_eq!(orders, expected, "{line}");
    }

    #[test]
    fn command_lines_become_orders() {
        check("fans auto", &[r#"{"command":"fans","mode":"auto"}"#]);
        check(
            "fans manual 45",
            &[r#"{"command":"fans","duty_percent":45,"mode":"manual"}"#],
        );
        check(
            "fans hydro --json",
            &[r#"{"command":"fans","mode":"hydro"}"#],
        );
        check("locate", &[r#"{"command":"locate","on":true}"#]);
        check("locate on", &[r#"{"command":"locate","on":true}"#]);
        check("locate off", &[r#"{"command":"locate","on":false}"#]);
        check("limits", &[]);
        check(
            "limits --power 2500.5 --target none",
            &[
                r#"{"command":"power_ceiling","power_w":2500.5}"#,
                r#"{"command":"target_temperature","temp_c":null}"#,
            ],
        );
        check(
            "limits --target -3",
            &[r#"{"command":"target_temperature","temp_c":-3.0}"#],
        );
    }

    #[test]
    fn what_is_no_number_never_takes_a_limit_away() {
        for line in [
            "limits --power nan",
            "limits --power inf",
            "limits --power 1e999",
            "limits --power null",
            "limits --power 2kW",
            "limits --power",
            "fans",
            "fans manual",
            "fans manual -5",
            "fans manual 45.5",
            "fans off",
            "locate blue",
        ] {
            check(line, &["refused"]);
        }
    }
}
