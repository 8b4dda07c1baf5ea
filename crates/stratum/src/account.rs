//! What became of the shares of one pool, whatever is spoken with it.
//!
//! Everything here is made from two things: a share that was to be submitted, and its one
//! outcome. Difficulties are the pool's own numbers; hashes are absolute.

use std::collections::{BTreeMap, VecDeque};

use telemetry::{PoolLatency, PoolRejects};
use units::{DifficultyOne, Duration, Instant, ShareId};
use work::{Job, Share, ShareOutcome, hash_difficulty};

use crate::earnings::{Prospect, hashes_per_share};
use crate::limits::{LATENCIES_KEPT, REJECTS_IN_A_ROW};
use crate::refusals::Kind;

/// The window of the credited hashrate: an hour in minutes. Shorter, and a pool with a share
/// per minute has none; longer, and it does not follow a change.
const MINUTES: usize = 60;
const MINUTE: Duration = Duration::from_secs(60);

/// What came of a pool's shares since the start of the process.
#[derive(Debug)]
pub(crate) struct Account {
    one: DifficultyOne,
    accepted: u64,
    stale: u64,
    lost: u64,
    rejects: [u64; Kind::ALL.len()],
    accepted_difficulty: f64,
    best: Option<f64>,
    last_accepted_at: Option<Instant>,
    /// Each has exactly one outcome, so the session's bound is this map's.
    pending: BTreeMap<ShareId, Pending>,
    /// The last answers, in the order in which they came.
    latencies: VecDeque<Duration>,
    credit: Credit,
    run: Run,
    prospect: Option<Prospect>,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    at: Instant,
    difficulty: f64,
    hashes: f64,
    reached: f64,
}

/// Rejections since the last acceptance, stale ones aside.
#[derive(Clone, Copy, Default, Debug)]
struct Run {
    length: u32,
    kinds: [u32; Kind::ALL.len()],
    told: bool,
}

/// What an outcome says beyond its place in the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Alarm {
    /// A run of rejections has just become long enough to tell.
    Rejects(String),
    /// A run that was told is over.
    Accepts,
}

impl Account {
    /// The account of a pool whose difficulty has this scale.
    pub(crate) fn new(one: DifficultyOne) -> Account {
        Account {
            one,
            accepted: 0,
            stale: 0,
            lost: 0,
            rejects: [0; Kind::ALL.len()],
            accepted_difficulty: 0.0,
            best: None,
            last_accepted_at: None,
            pending: BTreeMap::new(),
            latencies: VecDeque::new(),
            credit: Credit::default(),
            run: Run::default(),
            prospect: None,
        }
    }

    /// The pool gave work: what a block is worth follows from it.
    pub(crate) fn job(&mut self, job: &Job) {
        let known = self.prospect.as_ref();
        if known.is_none_or(|prospect| !prospect.is_of(job)) {
            self.prospect = Some(Prospect::of(job));
        }
    }

    /// A share is about to be submitted.
    pub(crate) fn submitted(&mut self, now: Instant, share: &Share) {
        let pending = Pending {
            at: now,
            difficulty: share.share_target.difficulty_at(self.one),
            hashes: hashes_per_share(&share.share_target),
            reached: hash_difficulty(&share.hash, self.one),
        };
        self.credit.begin(now);
        self.pending.insert(share.id, pending);
    }

    /// What became of it.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        share: ShareId,
        outcome: &ShareOutcome,
    ) -> Option<Alarm> {
        let pending = self.pending.remove(&share)?;
        if *outcome == ShareOutcome::NoAnswer {
            self.lost += 1;
            return None;
        }
        if self.latencies.len() == LATENCIES_KEPT {
            self.latencies.pop_front();
        }
        self.latencies.push_back(now.since(pending.at));
        match outcome {
            ShareOutcome::Accepted => {
                self.accepted += 1;
                self.accepted_difficulty += pending.difficulty;
                self.last_accepted_at = Some(now);
                self.credit.add(now, pending.hashes);
                self.best = Some(self.best.unwrap_or(0.0).max(pending.reached));
                let told = std::mem::take(&mut self.run).told;
                told.then_some(Alarm::Accepts)
            }
            ShareOutcome::Stale { .. } => {
                self.stale += 1;
                None
            }
            ShareOutcome::Rejected { code, reason } => self.rejected(*code, reason),
            ShareOutcome::NoAnswer => None,
        }
    }

    fn rejected(&mut self, code: i64, reason: &str) -> Option<Alarm> {
        let kind = Kind::of(code, reason);
        self.rejects[kind as usize] += 1;
        let run = &mut self.run;
        run.length = run.length.saturating_add(1);
        run.kinds[kind as usize] = run.kinds[kind as usize].saturating_add(1);
        if run.told || run.length < REJECTS_IN_A_ROW {
            return None;
        }
        run.told = true;
        let most = Kind::ALL
            .into_iter()
            .max_by_key(|kind| run.kinds[*kind as usize]);
        let cause = most.unwrap_or(kind).likely_cause();
        let length = run.length;
        Some(Alarm::Rejects(format!(
            "in_a_row={length} code={code} reason={reason:?}; likely cause: {cause}"
        )))
    }

    /// Shares without an outcome yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// The account as the snapshot shows it, in `pool`.
    pub(crate) fn show(&self, now: Instant, pool: &mut telemetry::Pool) {
        let of = |kind: Kind| self.rejects[kind as usize];
        pool.accepted = self.accepted;
        pool.rejected = self.rejects.iter().sum();
        pool.stale = self.stale;
        pool.lost = self.lost;
        pool.in_flight = self.pending.len() as u64;
        pool.rejects = PoolRejects {
            duplicate: of(Kind::Duplicate),
            low_difficulty: of(Kind::LowDifficulty),
            user: of(Kind::User),
            not_subscribed: of(Kind::NotSubscribed),
            version: of(Kind::Version),
            time: of(Kind::Time),
            other: of(Kind::Other),
        };
        let answered = pool.accepted + pool.rejected + pool.stale;
        pool.rejected_percent =
            (answered > 0).then(|| 100.0 * pool.rejected as f64 / answered as f64);
        pool.best_share = self.best;
        pool.accepted_difficulty = self.accepted_difficulty;
        pool.last_share_s = self.last_accepted_at.map(|at| now.since(at).as_secs_f64());
        pool.latency = self.latency();
        let rate = self.credit.hashes_per_s(now);
        // Bitcoin's scale has 2^32 hashes for difficulty one; another stands for as many.
        let scale = 2f64.powi(32 - i32::from(self.one.zero_bits()));
        pool.credited_ths = rate.map(|rate| rate * scale / 1e12);
        let prospect = self.prospect.as_ref();
        pool.estimated_sat_per_day = rate
            .zip(prospect)
            .and_then(|(rate, prospect)| prospect.sat_per_day(rate));
    }

    fn latency(&self) -> Option<PoolLatency> {
        let mut sorted: Vec<Duration> = self.latencies.iter().copied().collect();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        // The nearest rank: a latency that really was.
        let at = |percent: usize| {
            let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted[place.min(last)].as_secs_f64() * 1e3
        };
        Some(PoolLatency {
            p50_ms: at(50),
            p90_ms: at(90),
            p99_ms: at(99),
        })
    }
}

/// Hashes that accepted shares stand for, minute by minute.
#[derive(Debug)]
struct Credit {
    minutes: [f64; MINUTES],
    /// The minute that counts now, from the process's first.
    present: u64,
    began: Option<Instant>,
}

impl Default for Credit {
    fn default() -> Self {
        Credit {
            minutes: [0.0; MINUTES],
            present: 0,
            began: None,
        }
    }
}

fn minute(at: Instant) -> u64 {
    at.as_nanos() / MINUTE.as_nanos() as u64
}

impl Credit {
    /// The first share: the window begins.
    fn begin(&mut self, now: Instant) {
        self.began.get_or_insert(now);
    }

    fn add(&mut self, now: Instant, hashes: f64) {
        let present = minute(now);
        let passed = present.saturating_sub(self.present).min(MINUTES as u64);
        for gone in 0..passed {
            self.minutes[((present - gone) % MINUTES as u64) as usize] = 0.0;
        }
        self.present = present;
        self.minutes[(present % MINUTES as u64) as usize] += hashes;
    }

    /// Over the last hour, or since the first share; `None` in its first minute.
    fn hashes_per_s(&self, now: Instant) -> Option<f64> {
        let began = self.began?;
        let present = minute(now);
        let window = (MINUTES - 1) as u64;
        // The present minute and as many whole ones before it as are kept.
        let from = Instant::from_nanos(present.saturating_sub(window) * MINUTE.as_nanos() as u64);
        let time = now.since(began.max(from));
        if now.since(began) < MINUTE {
            return None;
        }
        let age = present.saturating_sub(self.present);
        let sum: f64 = (age..MINUTES as u64)
            .filter_map(|gone| present.checked_sub(gone))
            .map(|minute| self.minutes[(minute % MINUTES as u64) as usize])
            .sum();
        Some(sum / time.as_secs_f64().max(1.0))
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
