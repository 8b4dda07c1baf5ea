//! Effects on their way out, and notes that cannot become a flood.

use std::collections::VecDeque;

use telemetry::{Code, Note};
use units::Instant;

use crate::Effect;
use crate::limits::{NOTE_WINDOW, NOTES_PER_WINDOW};

/// The queue of effects.
#[derive(Debug)]
pub(crate) struct Outbox {
    effects: VecDeque<Effect>,
    place: String,
    /// One entry per code that occurred.
    windows: Vec<(Code, Window)>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Instant,
    made: u32,
    suppressed: u64,
}

impl Outbox {
    /// Empty; notes will name `place`.
    pub(crate) fn new(place: String) -> Self {
        Outbox {
            effects: VecDeque::new(),
            place,
            windows: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(crate) fn send(&mut self, line: Vec<u8>) {
        self.push(Effect::Send(line));
    }

    pub(crate) fn pop(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.effects.len()
    }

    /// What was pushed since there were `count` effects.
    pub(crate) fn since(&self, count: usize) -> impl Iterator<Item = &Effect> {
        self.effects.iter().skip(count)
    }

    /// Note something. A pool decides how often most notes would come, so that of each
    /// code only some are made in a while; the next one tells how many were not.
    pub(crate) fn note(&mut self, now: Instant, code: Code, mut detail: String) {
        let index = self.windows.iter().position(|(known, _)| *known == code);
        let index = index.unwrap_or_else(|| {
            let window = Window {
                began: now,
                made: 0,
                suppressed: 0,
            };
            self.windows.push((code, window));
            self.windows.len() - 1
        });
        let window = &mut self.windows[index].1;
        if now.since(window.began) >= NOTE_WINDOW {
            window.began = now;
            window.made = 0;
        }
        if window.made >= NOTES_PER_WINDOW {
            window.suppressed += 1;
            return;
        }
        window.made += 1;
        if window.suppressed > 0 {
            detail = format!("{detail} suppressed={}", window.suppressed);
            window.suppressed = 0;
        }
        let note = Note {
            at: now,
            code,
            place: self.place.clone(),
            detail,
        };
        self.push(Effect::Note(note));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_notes_becomes_a_count() {
        let mut out = Outbox::new("pool 0".into());
        for _ in 0..1000 {
            out.note(Instant::ZERO, Code::PoolJob, "bad".into());
            out.note(Instant::ZERO, Code::PoolLine, "long".into());
        }
        assert_eq!(out.len(), 2 * NOTES_PER_WINDOW as usize);
        out.note(Instant::ZERO + NOTE_WINDOW, Code::PoolJob, "bad".into());
        let last = std::iter::from_fn(|| out.pop()).last();
        let Some(Effect::Note(note)) = last else {
            panic!("{last:?}")
        };
        assert_eq!(note.detail, "bad suppressed=992");
        assert_eq!(note.place, "pool 0");
    }
}
