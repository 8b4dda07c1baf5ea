//! What must never be sent to a part: kept for tests to look at.

use units::Instant;

/// Entries that are kept; later ones are only counted.
const KEPT: usize = 16;

/// One command that may harm a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Danger {
    /// When it came.
    pub at: Instant,
    /// Which command, or for memories which address.
    pub command: u8,
}

/// All of them since the part was made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dangers {
    /// How many.
    pub count: u64,
    /// The first ones.
    pub first: Vec<Danger>,
}

impl Dangers {
    pub(super) fn note(&mut self, at: Instant, command: u8) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(Danger { at, command });
        }
    }
}
