//! Runs a recording through control again, and compares.

use std::sync::Arc;

use control::{Control, Effect};
use units::Instant;

use crate::recording::{Done, Recording, Step};

/// Differences that are kept; the rest are counted.
const DIFFERENCES_KEPT: usize = 20;
/// More effects of one input than this is a control that never ends: it is not asked further.
const EFFECTS_MAX: usize = 4096;

/// How a replay compares with what was recorded.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Verdict {
    /// Inputs replayed.
    pub inputs: u64,
    /// Effects that were the same.
    pub same: u64,
    /// Effects that were not.
    pub different: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

impl Verdict {
    /// Nothing was different.
    pub fn agrees(&self) -> bool {
        self.different == 0
    }
}

/// One place where replay and recording differ.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// When.
    pub at: Instant,
    /// What was recorded; `None`: nothing more.
    pub recorded: Option<Done>,
    /// What this build does; `None`: nothing more.
    pub replayed: Option<Done>,
}

/// Replay. `look` sees each step with what this build does after it.
pub fn replay(recording: &Recording, mut look: impl FnMut(&Step, &[Done])) -> Verdict {
    let mut control: Control = (*recording.checkpoint).clone();
    let mut verdict = Verdict::default();
    for step in recording.steps() {
        control.handle(step.at, step.input.clone());
        verdict.inputs += 1;
        let Some(recorded) = &step.done else {
            look(step, &[]);
            continue;
        };
        let effects = core::iter::from_fn(|| control.next_effect());
        let replayed: Vec<Done> = effects
            .take(EFFECTS_MAX)
            .map(|effect: Effect| Done::from(&effect))
            .collect();
        look(step, &replayed);
        verdict.compare(step.at, recorded, &replayed);
    }
    verdict
}

impl Recording {
    /// The same, beginning later: the checkpoint is what this build makes of the steps before.
    pub fn since(&self, from: Instant) -> Recording {
        let mut control: Control = (*self.checkpoint).clone();
        let mut steps = Vec::new();
        for step in self.steps() {
            if step.at >= from {
                steps.push(step.clone());
                continue;
            }
            control.handle(step.at, step.input.clone());
            if step.done.is_some() {
                let effects = core::iter::from_fn(|| control.next_effect());
                effects.take(EFFECTS_MAX).for_each(drop);
            }
        }
        Recording {
            checkpoint: Arc::new(control),
            pieces: vec![Arc::new(steps)],
            ..self.clone()
        }
    }
}

impl Verdict {
    fn compare(&mut self, at: Instant, recorded: &[Done], replayed: &[Done]) {
        for i in 0..recorded.len().max(replayed.len()) {
            let (recorded, replayed) = (recorded.get(i), replayed.get(i));
            if recorded == replayed {
                self.same += 1;
                continue;
            }
            self.different += 1;
            if self.differences.len() < DIFFERENCES_KEPT {
                self.differences.push(Difference {
                    at,
                    recorded: recorded.cloned(),
                    replayed: replayed.cloned(),
                });
            }
        }
    }
}
