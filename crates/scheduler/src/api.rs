//! What goes into the scheduler and what comes out.

use std::sync::Arc;

use telemetry::Note;
use units::{ChainSlot, DifficultyOne, NonceReport, SessionId, ShareId, TicketDifficulty};
use work::{Job, RollingNeed, Share, ShareOutcome};

/// What the scheduler is made for.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// Every chain that will ever ask for work. Their order divides the search space.
    pub chains: Vec<ChainNeeds>,
    /// The scale of the chips' ticket difficulty.
    pub difficulty_one: DifficultyOne,
    /// Seed of the places at which searches begin.
    pub seed: u64,
}

/// What one chain needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChainNeeds {
    /// Slot on the control board.
    pub slot: ChainSlot,
    /// Who rolls the version, and how far.
    pub rolling: RollingNeed,
    /// Difference of neighbouring wire job ids; zero is taken as one.
    pub wire_id_step: u8,
    /// How many wire job ids there are, from 0; zero is taken as one. Ids above 255 do not
    /// exist: the count is cut so that all fit.
    pub wire_id_count: u8,
    /// Difficulty above which the chips report a nonce.
    pub ticket: TicketDifficulty,
}

/// Everything that can wake the scheduler.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// A session has a new job. The first job of a session makes the session known.
    Job(Arc<Job>),
    /// From now on work comes from these sessions. Each gets hashes in proportion to its weight;
    /// one that has no job yet is left out until it has. A session that is not named keeps its
    /// shares and gives no more work.
    Use(Vec<(SessionId, u32)>),
    /// A session is over: its work is void, and its unanswered shares are lost.
    SessionEnded(SessionId),
    /// Chains returned nonces. All that are known at once come in one input, because they
    /// are then verified side by side; what becomes of them is as if each had come alone, in
    /// this order.
    Nonces(Vec<NonceReport>),
    /// A session knows what became of a share. Shares that are not in flight are ignored.
    Outcome {
        /// Which share.
        share: ShareId,
        /// What became of it.
        outcome: ShareOutcome,
    },
    /// A chain's chips forgot their work. Answers that they had sent before may still
    /// arrive and are still judged.
    ChainReset(ChainSlot),
    /// The deadline has come: chains that found the search space spent may ask again.
    Wake,
}

/// Everything that the scheduler can do to the world.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Work that this chain has not begun is void: drop it and ask anew.
    FlushChain(ChainSlot),
    /// Send this share through the session of its job. Answered by [`Input::Outcome`].
    Submit(Share),
    /// What a reported nonce was. One for each of [`Input::Nonces`], in their order.
    Verdict {
        /// The report as it came.
        report: NonceReport,
        /// What it was.
        verdict: Verdict,
    },
    /// Something worth telling.
    Note(Note),
}

/// What a nonce was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// It fits no work in flight: computed or transmitted wrongly.
    HwError,
    /// It fits, and was reported before.
    Duplicate,
    /// It fits work that has become void.
    Stale,
    /// It fits, and meets the chips' difficulty but not the pool's.
    BelowTarget,
    /// It fits, meets the pool's or the network's target, and was submitted.
    Share,
}

impl Verdict {
    /// It fits work in flight: chip and link did their part.
    pub const fn is_genuine(self) -> bool {
        !matches!(self, Verdict::HwError)
    }

    /// It proves hashes that no nonce before it proved.
    pub const fn counts_for_hashrate(self) -> bool {
        matches!(self, Verdict::Stale | Verdict::BelowTarget | Verdict::Share)
    }
}
