//! Coded notes: the engine's log, bounded, as data.

use std::collections::VecDeque;

use serde::Serialize;
use units::Instant;

use crate::{Code, Severity};

/// One thing worth telling a person: a coded event with its place and detail.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    /// Monotonic time in seconds since the process began.
    #[serde(rename = "at_s", serialize_with = "seconds")]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
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
    total: u64,
}

impl NoteLog {
    /// A log that keeps `capacity` notes (at least one).
    pub fn new(capacity: usize) -> Self {
        NoteLog {
            notes: VecDeque::new(),
            capacity: capacity.max(1),
            total: 0,
        }
    }

    /// Append, dropping the oldest note if the log is full.
    pub fn push(&mut self, note: Note) {
        if self.notes.len() == self.capacity {
            self.notes.pop_front();
        }
        self.notes.push_back(note);
        self.total += 1;
    }

    /// Notes pushed so far, those that fell off included: the serial number of the newest
    /// note, counted from 1.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Notes with a serial number above `serial`, oldest first; what fell off is missing.
    pub fn after(&self, serial: u64) -> impl Iterator<Item = &Note> {
        let newer = self.total.saturating_sub(serial);
        let newer = usize::try_from(newer).unwrap_or(usize::MAX);
        let skip = self.notes.len().saturating_sub(newer);
        self.notes.iter().skip(skip)
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Note> {
        self.notes.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(capacity: usize, pushed: u32) -> NoteLog {
        let mut log = NoteLog::new(capacity);
        for i in 0..pushed {
            log.push(Note {
                at: Instant::from_millis(u64::from(i)),
                code: Code::Started,
                place: String::new(),
                detail: i.to_string(),
            });
        }
        log
    }

    fn details<'a>(notes: impl Iterator<Item = &'a Note>) -> Vec<&'a str> {
        notes.map(|n| n.detail.as_str()).collect()
    }

    #[test]
    fn the_oldest_note_falls_off_a_full_log() {
        assert_eq!(details(log_of(3, 5).iter()), ["2", "3", "4"]);
        assert_eq!(details(log_of(0, 5).iter()), ["4"]);
    }

    #[test]
    fn a_reader_that_names_the_last_serial_sees_only_newer_notes() {
        let log = log_of(3, 5);
        assert_eq!(log.total(), 5);
        assert_eq!(details(log.after(4)), ["4"]);
        assert_eq!(details(log.after(0)), ["2", "3", "4"]);
        assert!(details(log.after(5)).is_empty());
        assert!(details(log.after(u64::MAX)).is_empty());
    }
}
