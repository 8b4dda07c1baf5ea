//! One pool session as the scheduler sees it: its newest job, and what makes older work void.

use std::sync::Arc;

use units::{JobKey, Rng};
use work::{Job, RollingNeed, SearchSpace};

/// One pool session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) space: SearchSpace,
    /// Counts the times that older work became void.
    pub(crate) epoch: u64,
    /// The job for which the search space was reported as spent.
    pub(crate) spent: Option<JobKey>,
    /// The mask that was last checked against what the chains need.
    checked_mask: Option<(u32, u8)>,
    /// Previous block for which a solution was reported.
    block_on: Option<[u8; 32]>,
}

impl Session {
    pub(crate) fn new(chains: Vec<RollingNeed>, rng: Rng) -> Self {
        Session {
            space: SearchSpace::new(chains, rng),
            epoch: 0,
            spent: None,
            checked_mask: None,
            block_on: None,
        }
    }

    /// Work from this job from now on. True if all older work of the session is void:
    /// the pool says so, or the chain of blocks has moved.
    pub(crate) fn set_job(&mut self, job: Arc<Job>) -> bool {
        let same_block = self
            .space
            .job()
            .is_some_and(|last| last.prev_hash == job.prev_hash);
        let void = job.clean || !same_block;
        if void {
            self.epoch += 1;
        }
        self.space.set_job(job);
        void
    }

    /// True the first time that this job's mask and extranonce2 size are seen in a row.
    pub(crate) fn mask_is_new(&mut self) -> bool {
        let present = self
            .space
            .job()
            .map(|job| (job.version_mask, job.extranonce2_size));
        let new = self.checked_mask != present;
        self.checked_mask = present;
        new
    }

    /// True for the first solution on top of `prev_hash`: a network of low difficulty
    /// would fill the log with the others.
    pub(crate) fn first_block_on(&mut self, prev_hash: [u8; 32]) -> bool {
        self.block_on.replace(prev_hash) != Some(prev_hash)
    }
}
