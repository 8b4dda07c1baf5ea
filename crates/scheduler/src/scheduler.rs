//! The scheduler itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use telemetry::{Code, Note, Shares};
use units::{
    ChainSlot, Duration, Instant, NonceReport, Rng, SessionId, WireJobId, WorkId, WorkItem,
};
use work::{Job, RollingNeed, Share, Target};

use crate::api::{ChainNeeds, Config, Effect, Input, Verdict};
use crate::ledger::Ledger;
use crate::registry::{Fit, Registry};
use crate::session::Session;
use crate::trial::{self, Trial};
use crate::turns::{Levels, Turns};

/// Sessions that may be open at once. A configuration lists a handful of pools; at the
/// bound the oldest session that gives no work is taken as ended.
const SESSIONS_MAX: usize = 64;

/// Work goes on for so long after the last session ended, for nobody: chips that stand still
/// draw next to nothing, and all of it again in the moment in which a pool is back. Longer
/// than whoever caps their frequency needs to take the power back in a ramp.
const IDLE_FOR: Duration = Duration::from_secs(90);
/// The epoch of such work. No session comes so far.
const NOBODYS: u64 = u64::MAX;

/// Who hashes what, and what became of it.
#[derive(Debug)]
pub struct Scheduler {
    chains: Vec<Chain>,
    sessions: BTreeMap<SessionId, Session>,
    /// The sessions that work comes from, those without a job included.
    turns: Turns,
    /// The session that gave work last of all: see [`IDLE_FOR`].
    idle: Option<Idle>,
    ledger: Ledger,
    rng: Rng,
    next_work: u64,
    trial: Trial,
    effects: VecDeque<Effect>,
}

/// Work for nobody.
#[derive(Debug)]
struct Idle {
    since: Instant,
    /// Whose last job goes on.
    of: SessionId,
    /// That session, once it is over.
    ended: Option<Session>,
}

#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) needs: ChainNeeds,
    /// Zero bits of a hash that the chips report.
    pub(crate) zero_bits: u32,
    pub(crate) registry: Registry,
    /// It asked for work and its part of every search space was spent.
    pub(crate) waits: bool,
    pub(crate) levels: Levels,
}

impl Scheduler {
    /// A scheduler without any job.
    pub fn new(config: Config) -> Self {
        let one = u32::from(config.difficulty_one.zero_bits());
        let chains = config
            .chains
            .into_iter()
            .map(|needs| Chain {
                needs,
                zero_bits: one + u32::from(needs.ticket.log2()),
                registry: Registry::new(needs.wire_id_step, needs.wire_id_count),
                waits: false,
                levels: Levels::default(),
            })
            .collect();
        Scheduler {
            chains,
            sessions: BTreeMap::new(),
            turns: Turns::default(),
            idle: None,
            ledger: Ledger::default(),
            rng: Rng::new(config.seed),
            next_work: 0,
            trial: Trial::default(),
            effects: VecDeque::new(),
        }
    }

    /// Consume one input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Job(job) => self.job(now, job),
            Input::Use(uses) => self.use_sessions(now, uses),
            Input::SessionEnded(session) => self.session_ended(now, session),
            Input::Nonces(reports) => self.nonces(now, &reports),
            Input::Outcome { share, outcome } => self.ledger.close(share, &outcome),
            Input::ChainReset(_) | Input::Wake => {}
        }
        self.end_waits(now);
    }

    /// What to do outside, in order.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When a chain that found its part of the search space spent can have work again.
    pub fn next_deadline(&self) -> Option<Instant> {
        if !self.chains.iter().any(|chain| chain.waits) {
            return None;
        }
        let places = self.chains.iter().enumerate();
        places
            .filter(|(_, chain)| chain.waits)
            .filter_map(|(place, _)| self.ready_at(place))
            .min()
    }

    /// New work for the chain in `slot`, and the wire id under which it must travel.
    /// `None` if no pool gives work and none did a moment ago, or this chain's part of it is
    /// spent for now.
    pub fn dispatch(&mut self, now: Instant, slot: ChainSlot) -> Option<(WireJobId, WorkItem)> {
        let place = self.chains.iter().position(|c| c.needs.slot == slot)?;
        if !self.has_work() {
            return self.dispatch_nobodys(now, place);
        }
        let found = match self.first_two() {
            (Some(only), None) => {
                let found = self.work_of(now, place, only);
                if let Some((_, item)) = &found {
                    self.chains[place].levels.gave_only(now, only, item);
                }
                found
            }
            _ => self.work_in_turn(now, place),
        };
        self.chains[place].waits = found.is_none();
        found
    }

    fn first_two(&self) -> (Option<SessionId>, Option<SessionId>) {
        let mut in_use = self.in_use().map(|(id, _)| id);
        (in_use.next(), in_use.next())
    }

    /// Work for a chain from the session whose turn it is, or from the next that has any.
    fn work_in_turn(&mut self, now: Instant, place: usize) -> Option<(WireJobId, WorkItem)> {
        let ready: Vec<(SessionId, Option<u32>)> = self
            .in_use()
            .map(|(id, session)| (id, session.space.chip_mask(place)))
            .collect();
        let order = self.chains[place].levels.order(now, &ready);
        for (turn, id) in order.iter().enumerate() {
            if let Some(found) = self.work_of(now, place, *id) {
                let (levels, skipped) = (&mut self.chains[place].levels, &order[..turn]);
                levels.gave(now, &self.turns, *id, &found.1, skipped);
                return Some(found);
            }
        }
        None
    }

    fn work_of(
        &mut self,
        now: Instant,
        place: usize,
        id: SessionId,
    ) -> Option<(WireJobId, WorkItem)> {
        let session = self.sessions.get_mut(&id)?;
        let job = Arc::clone(session.space.job()?);
        let chain = &mut self.chains[place];
        if let Some(item) = session.space.next(now, place, WorkId(self.next_work)) {
            self.next_work += 1;
            return Some((chain.registry.insert(now, item, job, session.epoch), item));
        }
        if session.spent != Some(job.key) {
            session.spent = Some(job.key);
            let slot = chain.needs.slot;
            self.note_spent(now, &job, slot);
        }
        None
    }

    /// More of the last job, for nobody.
    fn dispatch_nobodys(&mut self, now: Instant, place: usize) -> Option<(WireJobId, WorkItem)> {
        if !self.keeps_busy(now) {
            return None;
        }
        let idle = self.idle.as_mut()?;
        let session = match &mut idle.ended {
            Some(ended) => ended,
            None => self.sessions.get_mut(&idle.of)?,
        };
        let job = Arc::clone(session.space.job()?);
        let item = session.space.next(now, place, WorkId(self.next_work))?;
        self.next_work += 1;
        let registry = &mut self.chains[place].registry;
        Some((registry.insert(now, item, job, NOBODYS), item))
    }

    /// No session gives work, and one did a moment ago: its last job is dispatched on, so that
    /// chips do not stand still. What they find in it is nobody's.
    pub fn keeps_busy(&self, now: Instant) -> bool {
        let idle = self.idle.as_ref();
        !self.has_work() && idle.is_some_and(|idle| now.since(idle.since) < IDLE_FOR)
    }

    /// Whether a session gives work.
    pub fn has_work(&self) -> bool {
        self.in_use().next().is_some()
    }

    /// The sessions in use that have a job, in the order in which they were named.
    fn in_use(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        let known = |id| Some((id, self.sessions.get(&id)?));
        self.turns.sessions().filter_map(known)
    }

    /// When some session has work for the chain at this place.
    fn ready_at(&self, place: usize) -> Option<Instant> {
        self.in_use()
            .filter_map(|(_, session)| session.space.ready_at(place))
            .min()
    }

    /// The account of shares.
    pub fn shares(&self) -> Shares {
        self.ledger.shares()
    }

    fn job(&mut self, now: Instant, job: Arc<Job>) {
        let id = job.key.session;
        if !self.sessions.contains_key(&id) {
            self.make_room(now);
            let rolling = self.chains.iter().map(|c| c.needs.rolling).collect();
            let rng = self.rng.fork(u64::from(id.0));
            self.sessions.insert(id, Session::new(rolling, rng));
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let void = session.set_job(job);
        if session.mask_is_new() {
            self.note_missing_bits(now, id);
        }
        if self.turns.contains(id) {
            self.idle = None;
            if void {
                self.flush();
            }
        }
    }

    /// Chips drop what they have not begun where a session that had work loses it, and where
    /// work has come after there was none.
    fn use_sessions(&mut self, now: Instant, uses: Vec<(SessionId, u32)>) {
        let turns = Turns::new(uses);
        let first = self.in_use().next().map(|(id, _)| id);
        let loses = self.in_use().any(|(id, _)| !turns.contains(id));
        for chain in &mut self.chains {
            chain.levels.reweigh(&self.turns, &turns);
        }
        self.turns = turns;
        match (first, self.has_work()) {
            (Some(of), false) => {
                let ended = None;
                self.idle = Some(Idle {
                    since: now,
                    of,
                    ended,
                });
                self.flush();
            }
            (before, true) => {
                self.idle = None;
                if loses || before.is_none() {
                    self.flush();
                }
            }
            (None, false) => {}
        }
    }

    /// What was its work is void. If no other session gives work, its last job goes on.
    fn session_ended(&mut self, now: Instant, id: SessionId) {
        self.ledger.session_ended(id);
        let gave = self.turns.contains(id);
        let Some(session) = self.sessions.remove(&id) else {
            return;
        };
        let was_last = gave && !self.has_work();
        match &mut self.idle {
            Some(idle) if idle.of == id => idle.ended = Some(session),
            _ if was_last => {
                self.idle = Some(Idle {
                    since: now,
                    of: id,
                    ended: Some(session),
                });
            }
            _ => {}
        }
        if gave {
            self.flush();
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.sessions.len() < SESSIONS_MAX {
            return;
        }
        let idle = self.sessions.keys().find(|id| !self.turns.contains(**id));
        if let Some(id) = idle.copied() {
            self.session_ended(now, id);
        }
    }

    fn flush(&mut self) {
        for chain in &self.chains {
            self.effects.push_back(Effect::FlushChain(chain.needs.slot));
        }
    }

    /// Judge nonces in their order: submit each where it is a share, book it where it is
    /// none, and say the best that it was. See [`Trial::fits`] for how it can be several
    /// things.
    fn nonces(&mut self, now: Instant, reports: &[NonceReport]) {
        let mut trial = std::mem::take(&mut self.trial);
        for reports in reports.chunks(trial::NONCES) {
            let mut fits = trial.fits(&mut self.chains, reports).peekable();
            for (place, report) in reports.iter().enumerate() {
                let mut best = (Verdict::HwError, false);
                while let Some((_, fit)) = fits.next_if(|(of, _)| *of == place) {
                    best = best.max(self.judge(now, report, &fit));
                }
                self.book(*report, best);
            }
        }
        self.trial = trial;
    }

    fn book(&mut self, report: NonceReport, (verdict, is_share): (Verdict, bool)) {
        match verdict {
            Verdict::HwError => self.ledger.hw_error(),
            Verdict::Duplicate if is_share => self.ledger.duplicate(),
            Verdict::Stale if is_share => self.ledger.stale(),
            _ => {}
        }
        self.effects.push_back(Effect::Verdict { report, verdict });
    }

    /// What a nonce is to one work item, and whether its hash is one that the pool takes. A
    /// share is submitted.
    fn judge(&mut self, now: Instant, report: &NonceReport, fit: &Fit) -> (Verdict, bool) {
        let job = &fit.job;
        let is_block = job.network_target.met_by(&fit.found.hash);
        let easy_block = is_block && job.takes_easy_blocks;
        let is_share = easy_block || job.share_target.met_by(&fit.found.hash);
        let is_share = is_share && fit.epoch != NOBODYS;
        let live = self
            .sessions
            .get(&job.key.session)
            .is_some_and(|session| session.epoch == fit.epoch);
        let verdict = match (fit.repeated, live, is_share) {
            (true, _, _) => Verdict::Duplicate,
            (false, false, _) => Verdict::Stale,
            (false, true, false) => Verdict::BelowTarget,
            (false, true, true) => Verdict::Share,
        };
        if verdict == Verdict::Share {
            if is_block {
                self.note_block(now, fit);
            }
            let id = self.ledger.submit(job.key.session, is_block);
            self.effects.push_back(Effect::Submit(Share {
                id,
                job: job.key,
                pool_job_id: Arc::clone(&job.pool_job_id),
                slot: report.slot,
                extranonce2: job.extranonce2_bytes(fit.extranonce2),
                ntime: fit.ntime,
                nonce: report.nonce,
                version: fit.found.version,
                version_bits: (job.version_mask != 0)
                    .then_some(fit.found.version & job.version_mask),
                hash: fit.found.hash,
                share_target: job.share_target,
                is_block,
                found_at: now,
            }));
        }
        (verdict, is_share)
    }

    /// Chains whose part of the search space has something to give again wait no more.
    fn end_waits(&mut self, now: Instant) {
        for place in 0..self.chains.len() {
            let waits = self.chains[place].waits;
            let on = waits && self.ready_at(place).is_some_and(|at| at > now);
            self.chains[place].waits = on;
        }
    }

    fn note_block(&mut self, now: Instant, fit: &Fit) {
        let id = fit.job.key.session;
        let first = self
            .sessions
            .get_mut(&id)
            .is_some_and(|session| session.first_block_on(fit.job.prev_hash));
        if first {
            let hash = Target::from_le_bytes(fit.found.hash);
            let detail = format!("hash={hash}");
            self.note(now, Code::BlockFound, format!("pool {}", id.pool()), detail);
        }
    }

    fn note_spent(&mut self, now: Instant, job: &Job, slot: ChainSlot) {
        let detail = format!(
            "job={:?} extranonce2_bytes={} version_bits={}",
            job.pool_job_id,
            job.extranonce2_size,
            job.version_mask.count_ones()
        );
        self.note(now, Code::PoolSpaceSpent, format!("chain {slot}"), detail);
    }

    /// Tell of chains that could use more version bits than their part of the job has.
    fn note_missing_bits(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let mut details: Vec<String> = self
            .chains
            .iter()
            .enumerate()
            .filter_map(|(i, chain)| {
                let granted = session.space.version_bits(i).unwrap_or(0);
                missing_bits(granted, chain.needs.rolling)
            })
            .collect();
        // Chains are alike on every known machine: one note for all of them.
        details.dedup();
        for detail in details {
            self.note(
                now,
                Code::PoolVersionBits,
                format!("pool {}", id.pool()),
                detail,
            );
        }
    }

    fn note(&mut self, at: Instant, code: Code, place: String, detail: String) {
        self.effects.push_back(Effect::Note(Note {
            at,
            code,
            place,
            detail,
        }));
    }
}

/// What a chain loses with `granted` version bits, or `None` if it has all that it needs.
///
/// A host that has fewer versions sends smaller jobs more often, and loses only what its
/// link cannot carry. A chip that rolls loses the small cores that no version is left for.
fn missing_bits(granted: u32, need: RollingNeed) -> Option<String> {
    match need {
        RollingNeed::Host { midstates } => {
            let needed = u32::from(midstates.max(1)).ilog2();
            (granted < needed).then(|| {
                let times = 1 << (needed - granted);
                format!(
                    "granted_bits={granted} needed_bits={needed} hashrate_lost_percent=0 \
                     if the link carries {times} times the jobs"
                )
            })
        }
        RollingNeed::Chip { bits, small_cores } => {
            let needed = u32::from(bits);
            (granted < needed).then(|| {
                let versions = (1u64 << granted.min(32)) as f64;
                let lost = 100.0 * (1.0 - (versions / f64::from(small_cores.max(1))).min(1.0));
                format!("granted_bits={granted} needed_bits={needed} hashrate_lost_percent={lost}")
            })
        }
    }
}
