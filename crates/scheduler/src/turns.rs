//! Whose turn it is: the sessions in use, and how much of each chain's hashing they have had.
//!
//! Each chain keeps for every session how many hashes it was given, over the session's weight:
//! its *level*. The next work item goes to the session with the lowest level, so that after any
//! time each session is within one item of its share.

use units::{Duration, Instant, Rolling, SessionId, WorkItem};

/// A chip that rolls versions itself gets the mask by a register, and what is queued under
/// another mask is dropped: between sessions with different masks a chain changes not more
/// often. Short enough that an hour has 180 turns.
const SLICE: Duration = Duration::from_secs(20);

/// Levels are hashes (in items' versions) times this, over the weight: weights of up to 10,000
/// then lose less than a millionth by rounding.
const SCALE: u128 = 1 << 34;

/// The sessions in use.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Turns {
    /// In the order in which they were named; weights are at least one.
    uses: Vec<(SessionId, u32)>,
}

/// One chain's account.
#[derive(Clone, Default, Debug)]
pub(crate) struct Levels {
    levels: Vec<(SessionId, u128)>,
    /// Who had the last item, under which mask, and since when without a break.
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    session: SessionId,
    mask: Option<u32>,
    since: Instant,
}

impl Turns {
    pub(crate) fn new(mut uses: Vec<(SessionId, u32)>) -> Turns {
        for (_, weight) in &mut uses {
            *weight = (*weight).max(1);
        }
        Turns { uses }
    }

    pub(crate) fn contains(&self, session: SessionId) -> bool {
        self.uses.iter().any(|(id, _)| *id == session)
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.uses.iter().map(|(id, _)| *id)
    }

    fn weight(&self, session: SessionId) -> u32 {
        let mut uses = self.uses.iter();
        uses.find(|(id, _)| *id == session).map_or(1, |use_| use_.1)
    }
}

impl Levels {
    /// The sessions among `ready` in the order of their turns: who is asked first has the
    /// lowest level, unless the last one's slice goes on.
    pub(crate) fn order(
        &mut self,
        now: Instant,
        ready: &[(SessionId, Option<u32>)],
    ) -> Vec<SessionId> {
        self.level(ready);
        let mut turns: Vec<(bool, u128, SessionId)> = Vec::with_capacity(ready.len());
        for (session, mask) in ready {
            let level = self.levels.iter().find(|(id, _)| id == session);
            let level = level.map_or(0, |(_, level)| *level);
            turns.push((self.must_wait(now, *session, *mask), level, *session));
        }
        turns.sort();
        turns.into_iter().map(|(_, _, session)| session).collect()
    }

    /// `item` went to the only session in use. What it gets while it is alone is nobody's loss.
    pub(crate) fn gave_only(&mut self, now: Instant, session: SessionId, item: &WorkItem) {
        self.levels.clear();
        self.remember(now, session, item);
    }

    fn remember(&mut self, now: Instant, session: SessionId, item: &WorkItem) {
        let mask = chip_mask(item);
        let goes_on = |last: &Last| last.mask == mask;
        let since = self.last.filter(goes_on).map_or(now, |last| last.since);
        self.last = Some(Last {
            session,
            mask,
            since,
        });
    }

    /// Weights have changed. Who is ahead stays so by as many hashes, not by as many levels: an item had
    /// under a weight of one is no reason to wait thousands of turns under another.
    pub(crate) fn reweigh(&mut self, before: &Turns, after: &Turns) {
        let lowest = self.levels.iter().map(|(_, level)| *level).min();
        let lowest = lowest.unwrap_or(0);
        for (id, level) in &mut self.levels {
            let (old, new) = (before.weight(*id), after.weight(*id));
            *level = lowest + (*level - lowest) * u128::from(old) / u128::from(new);
        }
    }

    /// Forget who is not there; who is new begins level with the lowest.
    fn level(&mut self, ready: &[(SessionId, Option<u32>)]) {
        let is_ready = |id: SessionId| ready.iter().any(|(ready, _)| *ready == id);
        self.levels.retain(|(id, _)| is_ready(*id));
        let lowest = self.levels.iter().map(|(_, level)| *level).min();
        let lowest = lowest.unwrap_or(0);
        for (id, _) in ready {
            if !self.levels.iter().any(|(known, _)| known == id) {
                self.levels.push((*id, lowest));
            }
        }
    }

    /// The last session's slice goes on, and this one has another mask.
    fn must_wait(&self, now: Instant, session: SessionId, mask: Option<u32>) -> bool {
        self.last.is_some_and(|last| {
            last.session != session && last.mask != mask && now.since(last.since) < SLICE
        })
    }

    /// `item` went to `session`, past those `skipped` that had nothing to give: their turn is
    /// over, or they would have the whole chain later.
    pub(crate) fn gave(
        &mut self,
        now: Instant,
        turns: &Turns,
        session: SessionId,
        item: &WorkItem,
        skipped: &[SessionId],
    ) {
        self.remember(now, session, item);
        let step = u128::from(versions(item)) * SCALE / u128::from(turns.weight(session));
        let mut reached = 0;
        for (id, level) in &mut self.levels {
            if *id == session {
                *level += step;
                reached = *level;
            }
        }
        for (id, level) in &mut self.levels {
            if skipped.contains(id) {
                *level = (*level).max(reached);
            }
        }
    }
}

/// The versions of a work item; each is 2^32 hashes.
fn versions(item: &WorkItem) -> u64 {
    match &item.rolling {
        Rolling::Host(host) => host.versions().len() as u64,
        Rolling::Chip { mask } => 1 << mask.count_ones().min(32),
    }
}

fn chip_mask(item: &WorkItem) -> Option<u32> {
    match item.rolling {
        Rolling::Host(_) => None,
        Rolling::Chip { mask } => Some(mask),
    }
}
