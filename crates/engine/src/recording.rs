//! A recording as a file: what control saw and did during the last minutes.
//!
//! One JSON document. It begins with a checkpoint of control, and goes on with every input
//! since then, each with what control wanted done after it. The format has a version of its
//! own; [`RECORDING_BYTES_MAX`] bounds what is read. It names no pool, login or address.

use std::fmt;
use std::sync::Arc;

use control::{Control, Decision, Input, Persisted, Setpoint};
use serde::{Deserialize, Serialize, Serializer};
use telemetry::{Code, Note};
use units::Instant;

/// The version of the format.
const FORMAT: u32 = 1;
/// Longest document that is read: several times what the recorder's bound makes.
pub const RECORDING_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// No number of a machine's state is larger, instants in nanoseconds included.
const NUMBER_MAX: f64 = 1e20;

/// What control saw and did around a fault.
#[derive(Clone, PartialEq, Debug)]
pub struct Recording {
    /// The firmware that recorded it.
    pub firmware: String,
    /// The machine: a name in `board-support/machines`.
    pub machine: String,
    /// The fault for which it was kept.
    pub fault: Seen,
    /// Faults since the recording before that got none of their own.
    pub unrecorded: u32,
    /// Control before the first step.
    pub checkpoint: Arc<Control>,
    /// What happened, in order, in pieces as they were kept.
    pub(crate) pieces: Vec<Arc<Vec<Step>>>,
}

/// The fault for which a recording was kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// What.
    pub code: Code,
    /// Where.
    pub place: String,
    /// What was seen.
    pub detail: String,
}

impl Seen {
    pub(crate) fn of(note: &Note) -> Self {
        Seen {
            at: note.at,
            code: note.code,
            place: note.place.clone(),
            detail: note.detail.clone(),
        }
    }
}

/// One input, and what control wanted done after it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, on the miner's clock.
    #[serde(rename = "at_ns")]
    pub at: Instant,
    /// What control was told.
    #[serde(rename = "in")]
    pub input: Input,
    /// What it wanted done, all of it; `None`: nobody asked before the next input.
    #[serde(rename = "out", default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Vec<Done>>,
}

/// Something that control wanted done.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// An actuator was set.
    Set(Setpoint),
    /// People were told.
    Decision(Decision),
    /// Something was written down.
    Remember(Persisted),
}

impl From<&control::Effect> for Done {
    fn from(effect: &control::Effect) -> Self {
        match effect {
            control::Effect::Set(limited) => Done::Set(limited.setpoint()),
            control::Effect::Decision(decision) => Done::Decision(decision.clone()),
            control::Effect::Remember(what) => Done::Remember(*what),
        }
    }
}

impl Recording {
    /// All steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    /// As a document.
    pub fn to_json(&self) -> Result<String, String> {
        let document = Written {
            format: FORMAT,
            firmware: &self.firmware,
            machine: &self.machine,
            fault: &self.fault,
            unrecorded: self.unrecorded,
            checkpoint: &self.checkpoint,
            steps: Steps(self),
        };
        serde_json::to_string(&document).map_err(|error| error.to_string())
    }

    /// From a document. Whatever the bytes are, this ends in a recording that can be replayed
    /// or in what is wrong with them.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BadRecording> {
        if bytes.len() as u64 > RECORDING_BYTES_MAX {
            return Err(BadRecording::TooLong);
        }
        let broken = |error: serde_json::Error| BadRecording::Broken(error.to_string());
        let format: Format = serde_json::from_slice(bytes).map_err(broken)?;
        if format.format != FORMAT {
            return Err(BadRecording::Format(format.format));
        }
        let read: Read = serde_json::from_slice(bytes).map_err(broken)?;
        let why = |why: &str| BadRecording::Broken(format!("the checkpoint: {why}"));
        if let Some(unsound) = read.checkpoint.unsound() {
            return Err(why(unsound));
        }
        let value = serde_json::to_value(&read.checkpoint).map_err(broken)?;
        if !is_moderate(&value) {
            return Err(why("a number is out of all proportion"));
        }
        Ok(Recording {
            firmware: read.firmware,
            machine: read.machine,
            fault: read.fault,
            unrecorded: read.unrecorded,
            checkpoint: Arc::new(read.checkpoint),
            pieces: vec![Arc::new(read.steps)],
        })
    }
}

fn is_moderate(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Number(n) => n.as_f64().is_some_and(|n| n.abs() <= NUMBER_MAX),
        Value::Array(all) => all.iter().all(is_moderate),
        Value::Object(all) => all.values().all(is_moderate),
        _ => true,
    }
}

/// Why bytes are no recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadRecording {
    /// Longer than [`RECORDING_BYTES_MAX`].
    TooLong,
    /// Another version of the format.
    Format(u32),
    /// No such document, or one that was damaged.
    Broken(String),
}

impl fmt::Display for BadRecording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadRecording::TooLong => {
                write!(f, "longer than {RECORDING_BYTES_MAX} bytes: no recording")
            }
            BadRecording::Format(found) => write!(
                f,
                "format {found} is not known; this build reads format {FORMAT}"
            ),
            BadRecording::Broken(why) => write!(f, "no recording, or a damaged one: {why}"),
        }
    }
}

impl std::error::Error for BadRecording {}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    firmware: &'a str,
    machine: &'a str,
    fault: &'a Seen,
    unrecorded: u32,
    checkpoint: &'a Control,
    steps: Steps<'a>,
}

struct Steps<'a>(&'a Recording);

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.0.steps())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "format")]
    _format: u32,
    firmware: String,
    machine: String,
    fault: Seen,
    unrecorded: u32,
    checkpoint: Control,
    steps: Vec<Step>,
}
