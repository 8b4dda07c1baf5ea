//! The scheduler itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use telemetry::{Code, Note, Shares};
use units::{
    ChainSlot, Duration, Instant, NonceReport, Rng, SessionId, ShareId, WireJobId, WorkId, WorkItem,
};
use work::{Job, RollingNeed, Share, ShareOutcome, Target};

use crate::api::{ChainNeeds, Config, Effect, Input, Verdict};
use crate::ledger::Ledger;
use crate::registry::{Fit, Registry};
use crate::session::{REJECTS_ALARM, Session};
use crate::trial::{self, Trial};

/// Sessions that may be open at once. A configuration lists a handful of pools; at the
/// bound the oldest session that gives no work is taken as ended.
const SESSIONS_MAX: usize = 16;

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
    /// The session that work comes from.
    active: Option<SessionId>,
    /// The session that ended last of all, and when: see [`IDLE_FOR`].
    ended: Option<(Session, Instant)>,
    ledger: Ledger,
    rng: Rng,
    next_work: u64,
    trial: Trial,
    effects: VecDeque<Effect>,
}

#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) needs: ChainNeeds,
    /// Zero bits of a hash that the chips report.
    pub(crate) zero_bits: u32,
    pub(crate) registry: Registry,
    /// It asked for work and its part of the search space was spent.
    pub(crate) waits: bool,
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
            })
            .collect();
        Scheduler {
            chains,
            sessions: BTreeMap::new(),
            active: None,
            ended: None,
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
            Input::SessionEnded(session) => self.session_ended(now, session),
            Input::Nonces(reports) => self.nonces(now, &reports),
            Input::Outcome { share, outcome } => self.outcome(now, share, &outcome),
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
        let session = self.sessions.get(&self.active?)?;
        self.chains
            .iter()
            .enumerate()
            .filter(|(_, chain)| chain.waits)
            .filter_map(|(i, _)| session.space.ready_at(i))
            .min()
    }

    /// New work for the chain in `slot`, and the wire id under which it must travel.
    /// `None` if no pool gives work and none did a moment ago, or this chain's part of it is
    /// spent for now.
    pub fn dispatch(&mut self, now: Instant, slot: ChainSlot) -> Option<(WireJobId, WorkItem)> {
        let place = self.chains.iter().position(|c| c.needs.slot == slot)?;
        let (session, nobodys) = match self.active {
            Some(id) => (self.sessions.get_mut(&id)?, false),
            None if self.keeps_busy(now) => (&mut self.ended.as_mut()?.0, true),
            None => return None,
        };
        let job = Arc::clone(session.space.job()?);
        let Some(item) = session.space.next(now, place, WorkId(self.next_work)) else {
            self.chains[place].waits = !nobodys;
            if session.spent != Some(job.key) {
                session.spent = Some(job.key);
                self.note_spent(now, &job, slot);
            }
            return None;
        };
        let epoch = if nobodys { NOBODYS } else { session.epoch };
        self.next_work += 1;
        let wire = self.chains[place].registry.insert(now, item, job, epoch);
        Some((wire, item))
    }

    /// No session gives work, and the last one ended a moment ago: its last job is dispatched
    /// on, so that chips do not stand still. What they find in it is nobody's.
    pub fn keeps_busy(&self, now: Instant) -> bool {
        let ended = self.ended.as_ref();
        self.active.is_none() && ended.is_some_and(|(_, at)| now.since(*at) < IDLE_FOR)
    }

    /// Whether a session gives work.
    pub fn has_work(&self) -> bool {
        self.active.is_some()
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
        let active = *self.active.get_or_insert(id);
        self.ended = None;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let void = session.set_job(job);
        if session.mask_is_new() {
            self.note_missing_bits(now, id);
        }
        if void && active == id {
            self.flush();
        }
    }

    /// Work stays with a session until it ends, then goes to the oldest one left.
    fn session_ended(&mut self, now: Instant, id: SessionId) {
        self.ledger.session_ended(id);
        let session = self.sessions.remove(&id);
        if self.active == Some(id) {
            self.active = self.sessions.keys().next().copied();
            if self.active.is_none() {
                self.ended = session.map(|session| (session, now));
            }
            self.flush();
        }
    }

    fn make_room(&mut self, now: Instant) {
        if self.sessions.len() < SESSIONS_MAX {
            return;
        }
        let idle = self.sessions.keys().find(|id| Some(**id) != self.active);
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

    /// What a nonce is to one work item, and whether its hash meets the job's target or
    /// the network's. A share is submitted.
    fn judge(&mut self, now: Instant, report: &NonceReport, fit: &Fit) -> (Verdict, bool) {
        let job = &fit.job;
        let is_block = job.network_target.met_by(&fit.found.hash);
        let is_share = is_block || job.share_target.met_by(&fit.found.hash);
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
                is_block,
                found_at: now,
            }));
        }
        (verdict, is_share)
    }

    fn outcome(&mut self, now: Instant, share: ShareId, outcome: &ShareOutcome) {
        let Some(id) = self.ledger.close(share, outcome) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.answered(outcome)
            && let ShareOutcome::Rejected { code, reason } = outcome
        {
            let detail = format!("{REJECTS_ALARM} in a row, last code={code} reason={reason:?}");
            self.note(now, Code::PoolRejects, format!("session {id}"), detail);
        }
    }

    /// Chains whose part of the search space has something to give again wait no more.
    fn end_waits(&mut self, now: Instant) {
        let session = self.active.and_then(|id| self.sessions.get(&id));
        for (i, chain) in self.chains.iter_mut().enumerate() {
            chain.waits = chain.waits
                && session
                    .and_then(|session| session.space.ready_at(i))
                    .is_some_and(|at| at > now);
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
            self.note(now, Code::BlockFound, format!("session {id}"), detail);
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
            self.note(now, Code::PoolVersionBits, format!("session {id}"), detail);
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
