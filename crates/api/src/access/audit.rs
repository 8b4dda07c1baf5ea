//! What was changed, by whom, from where.

use std::collections::VecDeque;

use serde::Serialize;
use telemetry::Code;

/// Entries kept: some weeks of an owner's, an hour of a fleet's tool.
const ENTRIES_MAX: usize = 256;
/// Longest text of a field, characters: a pool's address, not a book.
const TEXT_MAX: usize = 200;

/// One change. Nothing in it is a secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Change {
    /// Counted from 1.
    pub serial: u64,
    /// Unix seconds; unknown where the machine has no clock.
    pub at_s: Option<u64>,
    /// `E-ACCESS-CHANGE`, or `E-ACCESS-RESET`.
    pub code: Code,
    /// A session's number, a token's name, the local socket, the reset button, nobody.
    pub who: String,
    /// An address, or `this machine`.
    pub from: String,
    /// What was done.
    pub what: String,
    /// What held before, where that is known.
    pub before: Option<String>,
    /// What was asked for.
    pub after: Option<String>,
}

/// The latest changes.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    entries: VecDeque<Change>,
    last: u64,
}

impl Audit {
    /// Add one; its serial number is given here, and its texts are bounded.
    pub(crate) fn push(&mut self, mut change: Change) -> Change {
        self.last += 1;
        change.serial = self.last;
        let optional = [&mut change.before, &mut change.after];
        let optional = optional.into_iter().flatten();
        for text in optional.chain([&mut change.who, &mut change.from, &mut change.what]) {
            shorten(text);
        }
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(change.clone());
        change
    }

    /// Those newer than this serial number, oldest first, and the newest number.
    pub(crate) fn after(&self, serial: u64) -> (Vec<Change>, u64) {
        let newer = self.entries.iter().filter(|entry| entry.serial > serial);
        (newer.cloned().collect(), self.last)
    }
}

/// Control characters would make lines of a log that nobody wrote.
fn shorten(text: &mut String) {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    *text = text.chars().take(TEXT_MAX).map(plain).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(what: &str) -> Change {
        Change {
            serial: 0,
            at_s: None,
            code: Code::AccessChange,
            who: "session 1".into(),
            from: "10.0.0.1".into(),
            what: what.into(),
            before: None,
            after: Some(what.into()),
        }
    }

    #[test]
    fn the_latest_are_kept_and_read_from_where_one_left_off() {
        let mut audit = Audit::default();
        for i in 1..=300 {
            assert_eq!(audit.push(change("pause")).serial, i);
        }
        let (all, last) = audit.after(0);
        assert_eq!((all.len(), all[0].serial, last), (256, 45, 300));
        assert_eq!(audit.after(299).0.len(), 1);
        assert_eq!(audit.after(300).0.len(), 0);
    }

    #[test]
    fn texts_are_bounded_and_one_line() {
        let mut audit = Audit::default();
        let told = audit.push(change(&("a\nb\x1b[2J".to_owned() + &"ü".repeat(10_000))));
        assert_eq!(told.what.chars().count(), 200);
        assert!(told.what.starts_with("a b [2J") && Some(&told.what) == told.after.as_ref());
    }
}
