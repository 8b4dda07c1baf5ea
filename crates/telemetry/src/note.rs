//! Coded notes: the engine's log, bounded, as data.

use std::collections::VecDeque;

use serde::Serialize;
use units::Instant;

use crate::{Code, Severity};

/// One thing worth telling a person: a coded event with its place and detail.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Note {
    /// Monotonic time in seconds since the process began.
    #[serde(serialize_with = "seconds")]
    pub at: Instant,
    /// What happened.
    pub code: Code,
    /// Where: `chain 2`, `pool 0`, or empty.
    pub place: String,
    /// What was seen, in `key=value` words where possible.
    pub detail: String,
}

fn seconds<S: serde::Serializer>(at: &Instant, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64((at.as_secs_f64() * 1000.0).round() / 1000.0)
}

impl Note {
    /// How bad it is; a property of the code.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// The last notes, newest last; old ones fall off at the capacity.
#[derive(Clone, Debug)]
pub struct NoteLog {
    notes: VecDeque<Note>,
    capacity: usize,
}

impl NoteLog {
    /// A log that keeps `capacity` notes (at least one).
    pub fn new(capacity: usize) -> Self {
        NoteLog {
            notes: VecDeque::new(),
            capacity: capacity.max(1),
        }
    }

    /// Append, dropping the oldest note if the log is full.
    pub fn push(&mut self, note: Note) {
        if self.notes.len() == self.capacity {
            self.notes.pop_front();
        }
        self.notes.push_back(note);
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Note> {
        self.notes.iter()
    }
}
