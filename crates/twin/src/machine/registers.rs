//! Register banks: one value for the whole chain, and exceptions per chip.
//!
//! A broadcast write touches one cell, not every chip: bring-up writes to 114 chips at
//! once hundreds of times, and few registers ever differ between chips.

/// The registers of all chips of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Bank {
    common: [u32; 256],
    /// Per chip, its exceptions: at most one per register.
    own: Vec<Vec<(u8, u32)>>,
    /// Per register, how many chips have an exception.
    exceptions: [u16; 256],
}

impl Bank {
    /// All chips in the state after reset.
    pub(crate) fn new(chips: u16, resets: impl Iterator<Item = (u8, u32)>) -> Self {
        let mut common = [0; 256];
        for (register, value) in resets {
            common[usize::from(register)] = value;
        }
        Bank {
            common,
            own: vec![Vec::new(); usize::from(chips)],
            exceptions: [0; 256],
        }
    }

    /// A register of one chip; of a chip that is not there, the common value.
    pub(crate) fn get(&self, chip: usize, register: u8) -> u32 {
        if self.exceptions[usize::from(register)] > 0
            && let Some(own) = self.own.get(chip)
            && let Some((_, value)) = own.iter().find(|(r, _)| *r == register)
        {
            return *value;
        }
        self.common[usize::from(register)]
    }

    /// Write to all chips.
    pub(crate) fn set_all(&mut self, register: u8, value: u32) {
        self.common[usize::from(register)] = value;
        if core::mem::take(&mut self.exceptions[usize::from(register)]) > 0 {
            for own in &mut self.own {
                own.retain(|(r, _)| *r != register);
            }
        }
    }

    /// Write to one chip.
    pub(crate) fn set_one(&mut self, chip: usize, register: u8, value: u32) {
        let Some(own) = self.own.get_mut(chip) else {
            return;
        };
        if let Some(cell) = own.iter_mut().find(|(r, _)| *r == register) {
            cell.1 = value;
        } else {
            own.push((register, value));
            self.exceptions[usize::from(register)] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_overrules_exceptions_and_exceptions_overrule_broadcast() {
        let mut bank = Bank::new(3, [(8, 7)].into_iter());
        bank.set_one(1, 8, 9);
        assert_eq!([0, 1, 2].map(|c| bank.get(c, 8)), [7, 9, 7]);
        bank.set_one(1, 8, 10);
        bank.set_one(99, 8, 11);
        assert_eq!([0, 1, 2].map(|c| bank.get(c, 8)), [7, 10, 7]);
        bank.set_all(8, 1);
        assert_eq!([0, 1, 2].map(|c| bank.get(c, 8)), [1, 1, 1]);
    }
}
