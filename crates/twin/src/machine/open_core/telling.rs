//! What a host can know of damage by looking at a core's error counter.
//!
//! Terms: a *look* is a read of the counter. Since the look before it *shows* damage if bytes were
//! given up, and answers if any went into a FIFO; in which order these came it does not show.
//! A *run* is the ledger's damaged run.
//!
//! So two runs are surely two only if a look between them showed answers and no damage; and one
//! run is surely one unless it went on after a look that showed both. The ledger counts the
//! runs of either kind, and whoever compares a host's count with the wires excuses these alone.

use crate::machine::ledger::Totals;

#[derive(Debug)]
pub(super) struct Telling {
    /// Since the last look.
    damaged: bool,
    answered: bool,
    /// A look since the last run showed answers alone.
    apart: bool,
    /// A run goes on.
    in_run: bool,
    /// It was shown beside an answer, and may be taken for two if it goes on.
    shown_with_answer: bool,
}

impl Default for Telling {
    /// Before the first run there is none to be taken for it.
    fn default() -> Self {
        Telling {
            damaged: false,
            answered: false,
            apart: true,
            in_run: false,
            shown_with_answer: false,
        }
    }
}

impl Telling {
    /// An answer went into a FIFO.
    pub(super) fn answered(&mut self) {
        self.answered = true;
    }

    /// The host looked.
    pub(super) fn looked(&mut self) {
        let damaged = core::mem::take(&mut self.damaged);
        let answered = core::mem::take(&mut self.answered);
        self.apart |= answered && !damaged;
        self.shown_with_answer |= answered && damaged && self.in_run;
    }

    /// Something came, and these are its totals; `goes_on`: it ends in a run. Writes into them
    /// what cannot be told.
    pub(super) fn came(&mut self, totals: &mut Totals, goes_on: bool) {
        let new = totals.damaged_runs;
        let went_on = totals.stray_bytes > 0 && self.in_run;
        if went_on && core::mem::take(&mut self.shown_with_answer) {
            totals.runs_told_twice = 1;
        }
        if new > 0 {
            // Of several at once the host sees one.
            totals.runs_untold = new - u64::from(self.apart);
            self.apart = false;
        }
        if new > 0 || !goes_on {
            self.shown_with_answer = false;
        }
        self.damaged |= totals.stray_bytes > 0;
        self.in_run = goes_on;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens at a core.
    enum Step {
        /// A good answer.
        Answer,
        /// Bytes are given up that begin a run.
        Run,
        /// More of them.
        More,
        Look,
    }
    use Step::{Answer, Look, More, Run};

    fn check(steps: &[Step], untold: u64, told_twice: u64) {
        let mut telling = Telling::default();
        let mut all = Totals::default();
        for step in steps {
            let (runs, bytes) = match step {
                Look => {
                    telling.looked();
                    continue;
                }
                Answer => (0, 0),
                Run => (1, 3),
                More => (0, 4),
            };
            let mut totals = Totals {
                damaged_runs: runs,
                stray_bytes: bytes,
                ..Totals::default()
            };
            if bytes == 0 {
                telling.answered();
            }
            telling.came(&mut totals, bytes > 0);
            all.add(&totals);
        }
        assert_eq!((all.runs_untold, all.runs_told_twice), (untold, told_twice));
    }

    #[test]
    fn runs_with_answers_alone_between_them_are_told_apart() {
        check(&[Run, Answer, Look, Answer, Look, Run, Look], 0, 0);
    }

    #[test]
    fn runs_between_two_looks_are_one() {
        check(&[Look, Run, Answer, Run, Answer, Look], 1, 0);
    }

    #[test]
    fn a_look_that_shows_both_tells_nothing_apart() {
        check(&[Run, Look, Answer, Run, Look], 1, 0);
        check(&[Run, Answer, Look, Run, Look], 1, 0);
    }

    #[test]
    fn a_run_that_goes_on_after_a_look_is_one_unless_an_answer_came_before_it() {
        check(&[Run, Look, More, Look, More], 0, 0);
        check(&[Answer, Run, Look, More, Look, More], 0, 1);
    }

    #[test]
    fn a_run_that_ended_before_the_look_goes_on_no_more() {
        check(&[Answer, Run, Answer, Look, Answer, Look, Run, Look], 0, 0);
    }
}
