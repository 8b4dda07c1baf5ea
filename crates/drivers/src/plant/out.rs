//! Effects on their way out, and the numbers of lists.

use std::collections::VecDeque;

use hal::BusJob;
use telemetry::{Code, Note};
use units::Instant;

use super::api::{Effect, Told};

/// Effects in order.
#[derive(Debug, Default)]
pub(super) struct Out {
    effects: VecDeque<Effect>,
    jobs: u32,
}

impl Out {
    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(super) fn bus(&mut self, job: BusJob) {
        self.push(Effect::Bus(job));
    }

    pub(super) fn told(&mut self, told: Told) {
        self.push(Effect::Told(told));
    }

    pub(super) fn note(&mut self, now: Instant, code: Code, place: &str, detail: String) {
        self.push(Effect::Note(Note {
            at: now,
            code,
            place: place.to_owned(),
            detail,
        }));
    }

    /// The number of the next list. It wraps after 2^32: none is out for so long.
    pub(super) fn next_id(&mut self) -> u32 {
        self.jobs = self.jobs.wrapping_add(1);
        self.jobs
    }

    pub(super) fn pop(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }
}
