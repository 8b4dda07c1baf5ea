//! QEMU's control socket: one JSON object a line, commands answered in order, events between.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use process::wait_for;
use serde_json::{Value, json};

/// An answer takes microseconds; a busy computer may take longer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// A connection to an emulated computer's outside.
#[derive(Debug)]
pub struct Qmp {
    lines: BufReader<UnixStream>,
    /// What happened meanwhile, by name; as much as the emulator said between two answers.
    events: Vec<String>,
}

impl Qmp {
    /// Connects once the socket is there.
    pub fn connect(path: &Path) -> Qmp {
        let stream = wait_for("the emulator's socket", ANSWER_MAX, || {
            UnixStream::connect(path).ok()
        });
        let limit = Some(ANSWER_MAX);
        stream.set_read_timeout(limit).expect("a limit is taken");
        let mut qmp = Qmp {
            lines: BufReader::new(stream),
            events: Vec::new(),
        };
        qmp.line().expect("it greets");
        qmp.command("qmp_capabilities", json!({}));
        qmp
    }

    /// What a command returns; panics where it is refused.
    pub fn command(&mut self, name: &str, arguments: Value) -> Value {
        let answer = self.try_command(name, arguments);
        answer.unwrap_or_else(|| panic!("{name}: no answer"))
    }

    /// The same where the emulator may be gone; what it refuses is a panic all the same.
    pub fn try_command(&mut self, name: &str, arguments: Value) -> Option<Value> {
        let line = json!({ "execute": name, "arguments": &arguments }).to_string() + "\n";
        self.lines.get_mut().write_all(line.as_bytes()).ok()?;
        loop {
            let mut answer = self.line()?;
            if let Some(value) = answer.get_mut("return") {
                return Some(value.take());
            }
            let event = answer.get("event").and_then(Value::as_str);
            let event = event.unwrap_or_else(|| panic!("{name} {arguments}: {answer}"));
            self.events.push(event.to_owned());
        }
    }

    /// How often something of this name happened since the computer was started, such as `WATCHDOG`.
    pub fn count(&mut self, event: &str) -> usize {
        // An answer brings what was said before it.
        self.try_command("query-status", json!({}));
        self.events.iter().filter(|seen| *seen == event).count()
    }

    /// Sets the temperature that a sensor feels; `None`: the emulator is gone.
    pub fn set_temperature(&mut self, sensor: &str, temp_c: f64) -> Option<()> {
        let path = format!("/machine/peripheral/{sensor}");
        let value = (temp_c * 1000.0).round() as i64;
        let what = json!({ "path": path, "property": "temperature", "value": value });
        self.try_command("qom-set", what).map(|_| ())
    }

    /// Drives a line of the SoC from outside, as `A0`; `None`: the emulator is gone.
    pub fn set_line(&mut self, line: &str, high: bool) -> Option<()> {
        let what = json!({ "path": "/machine/soc/gpio", "property": format!("gpio{line}"), "value": high });
        self.try_command("qom-set", what).map(|_| ())
    }

    /// The level of a line of the SoC, whoever drives it; `None`: the emulator is gone.
    pub fn line_is_high(&mut self, line: &str) -> Option<bool> {
        let what = json!({ "path": "/machine/soc/gpio", "property": format!("gpio{line}") });
        self.try_command("qom-get", what)?.as_bool()
    }

    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(1..) => Some(serde_json::from_str(&line).expect("JSON")),
            _ => None,
        }
    }
}
