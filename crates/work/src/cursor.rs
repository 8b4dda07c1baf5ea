//! Where one chain stands in its part of one content's headers.
//!
//! A *unit* is what one work item covers: an extranonce2 value and a group of versions.
//! A *cycle* walks every unit of the chain's part once, versions first, at one ntime,
//! from any starting unit; the next cycle needs a later ntime.

use crate::part::Part;

/// One chain's place in its part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cursor {
    /// Counts extranonce2 values within the part.
    pub(crate) extranonce2: u64,
    /// Counts version groups.
    pub(crate) group: u64,
    /// The first version bits of that group.
    pub(crate) bits: u32,
    /// Units left in this cycle.
    pub(crate) left: u128,
    /// Time of this cycle: no unit was dispatched at a later one. `None` when even the
    /// first cycle lies past the end of time.
    pub(crate) ntime: Option<u32>,
}

impl Cursor {
    /// A cursor at the start of a cycle.
    pub(crate) fn new(part: &Part, extranonce2: u64, group: u64, ntime: Option<u32>) -> Cursor {
        let group = group % part.groups();
        Cursor {
            extranonce2: extranonce2 % part.extranonce2_count,
            group,
            bits: first_bits(part, group),
            left: part.units(),
            ntime,
        }
    }

    /// Step over the unit that was just dispatched. True if the extranonce2 changed.
    pub(crate) fn advance(&mut self, part: &Part) -> bool {
        self.left = self.left.saturating_sub(1);
        self.group += 1;
        if self.group < part.groups() {
            for _ in 0..part.versions_per_item {
                self.bits = part.bits.next(self.bits);
            }
            return false;
        }
        self.group = 0;
        self.bits = 0;
        self.extranonce2 += 1;
        if self.extranonce2 == part.extranonce2_count {
            self.extranonce2 = 0;
        }
        true
    }

    /// Begin a new cycle at a later time, from where the cursor stands.
    pub(crate) fn restart(&mut self, part: &Part, ntime: Option<u32>) {
        *self = Cursor::new(part, self.extranonce2, self.group, ntime);
    }

    /// The job's versions changed from those of `old` to those of `new`, over the same
    /// extranonce2 values: leave every value that was begun, so that no old version can
    /// meet a new one over the same merkle root.
    pub(crate) fn leave_begun(&mut self, old: &Part, new: &Part) {
        let groups = u128::from(old.groups());
        let in_this = if self.group == 0 {
            0
        } else {
            groups - u128::from(self.group)
        };
        let untouched = self.left.saturating_sub(in_this) / groups;
        if self.group != 0 {
            self.extranonce2 = (self.extranonce2 + 1) % new.extranonce2_count;
        }
        self.group = 0;
        self.bits = 0;
        self.left = untouched * u128::from(new.groups());
    }
}

fn first_bits(part: &Part, group: u64) -> u32 {
    part.bits
        .nth(group.wrapping_mul(u64::from(part.versions_per_item)))
}
