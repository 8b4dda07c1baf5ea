//! `stannary twin --state`: what the machine of a twin really does.

use std::path::Path;
use std::process::ExitCode;

use hal_emulated::remote::Remote;
use serde_json::Value;
use telemetry::Code;

use crate::cli::{EXIT_FAILED, EXIT_UNREACHABLE};

/// Print it. 3 where no twin answers.
pub(crate) fn ask(folder: &Path, json: bool) -> ExitCode {
    let text = match Remote::find(folder).and_then(|remote| remote.state()) {
        Ok(text) => text,
        Err(why) => {
            let code = Code::TwinAway;
            let (text, meaning, remedy) = (code.text(), code.meaning(), code.remedy());
            let at = folder.display();
            eprintln!("error: {text}: {meaning} (`{at}`: {why})\nhint: {remedy}");
            return ExitCode::from(EXIT_UNREACHABLE);
        }
    };
    if json {
        println!("{text}");
        return ExitCode::SUCCESS;
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(state) => {
            print!("{}", in_words(&state));
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: the twin's account cannot be read: {why}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn in_words(state: &Value) -> String {
    let number = |at: &Value| at.as_f64().unwrap_or(0.0);
    let text = |at: &Value| at.as_str().unwrap_or("?").to_owned();
    let yes = |at: &Value, yes: &str, no: &str| match at.as_bool() {
        Some(true) => yes.to_owned(),
        Some(false) => no.to_owned(),
        None => "none".to_owned(),
    };
    let mut lines = vec![
        format!(
            "machine  {} on {}, emulated, seed {}, up {:.0} s",
            text(&state["model"]),
            text(&state["control_board"]),
            state["seed"],
            number(&state["up_s"]),
        ),
        match state["host"]["silent_s"].as_f64() {
            Some(s) => format!(
                "host     last call {s:.1} s ago, {} connections",
                state["host"]["connections"]
            ),
            None => "host     none yet".to_owned(),
        },
        format!(
            "supply   enable line {}, {}, {:.2} V, {:.0} W",
            yes(&state["supply"]["enabled"], "on", "off"),
            text(&state["supply"]["state"]),
            number(&state["supply"]["output_mv"]) / 1000.0,
            number(&state["supply"]["power_w"]),
        ),
        format!(
            "air      inlet {:.1} °C, fans {} %, {} rpm",
            number(&state["inlet_c"]),
            state["fans"]["duty_percent"],
            state["fans"]["rpm"]
        ),
        format!(
            "wall     {:.0} W, most {:.0} W",
            number(&state["wall_w"]),
            number(&state["most_wall_w"]),
        ),
    ];
    for board in state["boards"].as_array().into_iter().flatten() {
        lines.push(format!(
            "slot {}   hash power {} for {:.1} s, rail {:.2} V, {}, {:.0} W, chip {:.1} °C (most \
             {:.1}), board {:.1} °C (most {:.1})",
            board["slot"],
            yes(&board["hash_power"], "on", "off"),
            number(&board["hash_power_for_s"]),
            number(&board["rail_mv"]) / 1000.0,
            yes(&board["stands"], "chips stand", "chips run"),
            number(&board["power_w"]),
            number(&board["chip_c"]),
            number(&board["most_chip_c"]),
            number(&board["board_c"]),
            number(&board["most_board_c"]),
        ));
    }
    lines.join("\n") + "\n"
}
