//! Jobs: where they come from, who gets them, and what becomes of solved ones.

use std::sync::Arc;

use serde_json::{Value, json};
use units::{Duration, Instant, Rng};

use super::connection::Connection;
use super::job::{Job, swap_groups};
use super::ledger::{Block, BlockAnswer};
use super::options::{NodeMining, PoolOptions, Protocol, Source};
use super::submit::Solution;
use super::synthetic::Generator;
use super::template::Template;
use super::wire::hex;
use super::{ConnId, Effect, Pool, note};

/// The source of jobs and the job that runs.
#[derive(Debug)]
pub(super) struct Mining {
    maker: Maker,
    current: Option<Arc<Job>>,
    serial: u64,
    /// First part of every job id: upper-case hex and a dash, so that a client that parses
    /// or re-cases ids is found out.
    prefix: String,
}

#[derive(Debug)]
enum Maker {
    Synthetic(Generator),
    Templates(Solo),
}

/// Templates of a node.
#[derive(Debug)]
struct Solo {
    options: NodeMining,
    /// Newer than the running one and not yet due.
    waiting: Option<Template>,
    running: Option<Arc<Template>>,
    taken_at: Option<Instant>,
    /// The running template became a block: its previous hash, until the node refuses.
    solved: Option<[u8; 32]>,
    bad: Option<String>,
}

impl Mining {
    pub(super) fn new(options: &PoolOptions, mut rng: Rng) -> Self {
        let prefix = format!("{:04X}", 0xa000 | rng.below(0x1000));
        let mask = options.version_mask.unwrap_or(0);
        let maker = match &options.source {
            Source::Synthetic(synthetic) => {
                Maker::Synthetic(Generator::new(synthetic.clone(), rng, mask))
            }
            Source::Templates(node) => Maker::Templates(Solo {
                options: node.clone(),
                waiting: None,
                running: None,
                taken_at: None,
                solved: None,
                bad: None,
            }),
        };
        Mining {
            maker,
            current: None,
            serial: 0,
            prefix,
        }
    }

    /// A template for later. One on a block that was solved already is too old, and one
    /// that changes nothing waits for the refresh.
    pub(super) fn offer(&mut self, now: Instant, value: &Value) {
        let Maker::Templates(solo) = &mut self.maker else {
            return;
        };
        let template = match Template::parse(value) {
            Ok(template) => template,
            Err(why) => {
                solo.bad = Some(why);
                return;
            }
        };
        if solo.solved == Some(template.prev_hash) {
            return;
        }
        let same = solo
            .running
            .as_ref()
            .is_some_and(|r| r.same_content(&template));
        let since = |at: Instant| now.since(at);
        let age = solo.taken_at.map_or(Duration::MAX, since);
        if !same || age >= solo.options.refresh_every {
            solo.waiting = Some(template);
        }
    }

    /// When a waiting template becomes due.
    pub(super) fn next_deadline(&self) -> Instant {
        match &self.maker {
            Maker::Templates(solo) if solo.waiting.is_some() => solo.due_at(),
            _ => Instant::NEVER,
        }
    }

    /// The next synthetic job.
    fn synthetic(&mut self, now: Instant, new_block: bool) -> Option<Arc<Job>> {
        let id = self.next_id();
        match &mut self.maker {
            Maker::Synthetic(generator) => Some(Arc::new(generator.next(now, id, new_block))),
            Maker::Templates(_) => None,
        }
    }

    /// The waiting template as a job, if it is due, and whether it voids the others.
    fn template_job(&mut self, now: Instant) -> Option<(Arc<Job>, bool)> {
        let id = self.next_id();
        let Maker::Templates(solo) = &mut self.maker else {
            return None;
        };
        if solo.due_at() > now {
            return None;
        }
        let template = Arc::new(solo.waiting.take()?);
        let old = solo.running.replace(template.clone());
        let clean = old.is_none_or(|old| old.prev_hash != template.prev_hash);
        solo.taken_at = Some(now);
        solo.solved = None;
        Some((Arc::new(template.job(id, &solo.options)), clean))
    }

    /// The running job once more under another name.
    fn again(&mut self, now: Instant) -> Option<Arc<Job>> {
        let id = self.next_id();
        match &mut self.maker {
            Maker::Synthetic(generator) => Some(Arc::new(generator.next(now, id, false))),
            Maker::Templates(solo) => {
                let running = solo.running.as_ref()?;
                Some(Arc::new(running.job(id, &solo.options)))
            }
        }
    }

    fn next_id(&mut self) -> String {
        self.serial += 1;
        format!("{}-{:X}", self.prefix, self.serial)
    }
}

impl Solo {
    fn due_at(&self) -> Instant {
        self.taken_at
            .map_or(Instant::ZERO, |at| at + self.options.template_every)
    }
}

impl Pool {
    /// A new synthetic job for everyone.
    pub(super) fn new_job(&mut self, now: Instant, clean: bool) {
        if let Some(job) = self.mining.synthetic(now, clean) {
            self.broadcast(job, clean);
        }
    }

    /// The waiting template for everyone, if it is due.
    pub(super) fn take_template(&mut self, now: Instant) {
        if let Maker::Templates(Solo { bad, .. }) = &mut self.mining.maker
            && let Some(why) = bad.take()
        {
            self.ledger.bad_templates += 1;
            self.ledger.last_bad_template = why;
        }
        if self.mining.next_deadline() <= now
            && let Some((job, clean)) = self.mining.template_job(now)
        {
            self.broadcast(job, clean);
        }
    }

    fn broadcast(&mut self, job: Arc<Job>, clean: bool) {
        self.ledger.jobs_made += 1;
        self.mining.current = Some(job.clone());
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            self.send_job(id, &job, clean);
        }
    }

    /// The running job, voiding all others: for a connection that has none.
    pub(super) fn send_current_job(&mut self, id: ConnId) {
        if let Some(job) = self.mining.current.clone() {
            self.send_job(id, &job, true);
        }
    }

    /// A job like the running one, voiding it, for this connection.
    pub(super) fn replace_job(&mut self, now: Instant, id: ConnId) {
        if let Some(job) = self.mining.again(now) {
            self.ledger.jobs_made += 1;
            self.send_job(id, &job, true);
        }
    }

    fn send_job(&mut self, id: ConnId, job: &Arc<Job>, clean: bool) {
        let (one, kept) = (self.options.difficulty_one, self.options.jobs_kept);
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        if !conn.welcomed {
            return;
        }
        if conn.silent {
            // It cannot know the new job, but time went on.
            if clean {
                conn.void_jobs();
            }
            return;
        }
        conn.sent(job.clone(), clean, one, kept);
        self.ledger.jobs_sent += 1;
        if self.options.protocol == Protocol::V2 {
            return self.v2_job(id, job, clean);
        }
        let dialect = &self.options.behaviour.dialect;
        let flag = clean && !dialect.clean_flag_missing;
        let line = notify(job, conn, flag, dialect.long_notify);
        let again = notify(job, conn, false, dialect.long_notify);
        self.send(id, &line);
        let repeated = self.options.behaviour.repeated_jobs;
        if repeated > 0.0 && self.wire_rng.chance(repeated) {
            self.send(id, &again);
        }
    }

    /// A share met the network's target: the first of a template is its block.
    pub(super) fn solved(&mut self, now: Instant, conn: ConnId, solution: &Solution, bits: u32) {
        let Some(template) = &solution.job.template else {
            return;
        };
        let Maker::Templates(solo) = &mut self.mining.maker else {
            return;
        };
        let running = solo
            .running
            .as_ref()
            .is_some_and(|r| Arc::ptr_eq(r, template));
        if !running || solo.solved.is_some() {
            return;
        }
        let Some(block) = template.block(&solution.header, &solution.coinbase) else {
            return;
        };
        solo.solved = Some(template.prev_hash);
        // A template fetched before this block would compete with it.
        solo.waiting.take_if(|w| w.prev_hash == template.prev_hash);
        self.ledger.block(Block {
            at: now,
            conn,
            height: template.height,
            hash: block.hash.clone(),
            version: solution.version,
            version_bits: bits,
            transactions: template.transactions.len(),
            answer: BlockAnswer::Pending,
        });
        self.effects.push_back(Effect::SubmitBlock {
            hex: block.hex,
            hash: block.hash,
            height: template.height,
        });
    }

    /// The node's word on a block. A refusal opens its previous block again.
    pub(super) fn block_answer(&mut self, hash: &str, refused: Option<String>) {
        let blocks = self.ledger.blocks.iter_mut().rev();
        if let Some(block) = blocks.take(16).find(|b| b.hash == hash) {
            if let (Some(_), Maker::Templates(solo)) = (&refused, &mut self.mining.maker) {
                solo.solved = None;
            }
            block.answer = refused.map_or(BlockAnswer::Taken, BlockAnswer::Refused);
        }
    }
}

/// `mining.notify` of a job as this connection sees it.
fn notify(job: &Job, conn: &Connection, clean: bool, long: bool) -> Value {
    let len = conn.extranonce1.len() + usize::from(conn.extranonce2_size);
    let (before, after) = job.coinbase.parts(len);
    let branches: Vec<String> = job.branches.iter().map(|b| hex(b)).collect();
    let mut params = json!([
        job.id,
        hex(&swap_groups(&job.prev_hash)),
        hex(&before),
        hex(&after),
        branches,
        format!("{:08x}", job.version),
        format!("{:08x}", job.nbits),
        format!("{:08x}", job.ntime),
        clean,
    ]);
    if let (true, Value::Array(list)) = (long, &mut params) {
        list.extend([json!("extra"), json!({ "more": 1 })]);
    }
    note("mining.notify", params)
}
