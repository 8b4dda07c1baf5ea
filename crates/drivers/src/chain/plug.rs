//! Whether the board is still there while it has power.
//!
//! Where no line tells, the control board says that it is there, or nothing.

use units::{Duration, Instant};

/// A powered board's plug is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks in a row that find nothing, after which the board counts as pulled: one may have met a contact that
/// bounces. Whoever seats a plug again takes longer, and must not find it live.
const GONE_AFTER: u8 = 3;
/// Looks in a row that could not be made before it is told: a line that cannot be read once is no news.
const BLIND_AFTER: u8 = 3;

/// Looks at one board's plug.
#[derive(Debug)]
pub(super) struct Plug {
    look: Instant,
    missed: u8,
    unread: u8,
}

impl Plug {
    /// It was there now.
    pub(super) fn seen(now: Instant) -> Plug {
        Plug {
            look: now + LOOK_EVERY,
            missed: 0,
            unread: 0,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.look
    }

    /// The plug is to be looked at.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.look <= now;
        if due {
            self.look = now + LOOK_EVERY;
        }
        due
    }

    /// What a look found; true once the board counts as pulled.
    pub(super) fn found(&mut self, present: bool) -> bool {
        self.unread = 0;
        self.missed = match present {
            true => 0,
            false => self.missed.saturating_add(1),
        };
        self.missed >= GONE_AFTER
    }

    /// A look failed, which finds nothing out; true once that is worth telling.
    pub(super) fn unread(&mut self) -> bool {
        self.unread = self.unread.saturating_add(1);
        self.unread >= BLIND_AFTER
    }
}
