//! Effects on their way out, and notes that cannot become a flood.

use std::collections::VecDeque;
use std::fmt;

use telemetry::{Code, Note};
use units::Instant;
use work::ShareOutcome;

use crate::Effect;
use crate::limits::{NOTE_WINDOW, NOTES_PER_WINDOW};

/// A shorter password is none: pools ask for `x`, and it stands in every other word.
const SECRET_BYTES: usize = 4;
const HIDDEN: &str = "(password)";

/// Shown by nobody.
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The queue of effects.
#[derive(Debug)]
pub(crate) struct Outbox {
    effects: VecDeque<Effect>,
    place: String,
    /// A pool may say it, and then it would stand in the log.
    secret: Option<Secret>,
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
    pub(crate) fn new(place: String, password: &str) -> Self {
        Outbox {
            effects: VecDeque::new(),
            place,
            secret: (password.len() >= SECRET_BYTES).then(|| Secret(password.to_owned())),
            windows: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, mut effect: Effect) {
        if let Effect::Outcome { outcome, .. } = &mut effect
            && let ShareOutcome::Rejected { reason, .. } | ShareOutcome::Stale { reason, .. } =
                outcome
        {
            *reason = self.without_secret(reason);
        }
        self.effects.push_back(effect);
    }

    /// `text` of a pool without the password that it may have got from us, whole or cut off at
    /// the end of what was kept.
    pub(crate) fn without_secret(&self, text: &str) -> String {
        let Some(Secret(secret)) = &self.secret else {
            return text.to_owned();
        };
        // As it is, and as JSON writes it.
        let quoted = crate::v1::render::quote(secret);
        let quoted = quoted.trim_matches('"');
        let mut text = text.replace(secret, HIDDEN).replace(quoted, HIDDEN);
        let kept = text.trim_end_matches('…').len();
        let cut = |form: &str| {
            let ends = (SECRET_BYTES..form.len()).rev();
            ends.filter(|end| form.is_char_boundary(*end))
                .find(|end| text[..kept].ends_with(&form[..*end]))
        };
        if let Some(cut) = cut(secret).or_else(|| cut(quoted)) {
            text.truncate(kept - cut);
            text.push_str(HIDDEN);
        }
        text
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
        let detail = self.without_secret(&detail);
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
    fn a_password_is_taken_out_of_what_a_pool_says() {
        let check = |password: &str, text: &str, shown: &str| {
            let out = Outbox::new("pool 0".into(), password);
            assert_eq!(out.without_secret(text), shown);
        };
        check("hunter2", "bad: hunter2!", "bad: (password)!");
        check("a\"b\\c", r#"["u","a\"b\\c"]"#, r#"["u","(password)"]"#);
        check("hunter2", "bad: hunter", "bad: (password)");
        check("hunter2", "bad: hunt…", "bad: (password)");
        check("hunter2", "on the hun", "on the hun");
        check("x", "extra x", "extra x");
        check("äöüß", "äöüß äö", "(password) (password)");
    }

    #[test]
    fn a_flood_of_notes_becomes_a_count() {
        let mut out = Outbox::new("pool 0".into(), "x");
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
