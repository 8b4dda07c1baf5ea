//! Jobs: those that wait for a block, and the one that runs.
//!
//! A job without a time (`min_ntime`) is a *future* one: it waits until SetNewPrevHash names
//! it, and then all other jobs are void. A job with a time runs at once on the block that the
//! last SetNewPrevHash told. What holds for a job is fixed at different moments: the prefix of
//! its extranonce when it arrives, its target when it begins to run.

use std::collections::VecDeque;
use std::sync::Arc;

use telemetry::Code;
use units::{Instant, JobKey};
use work::{Job, Target};

use crate::Effect;
use crate::limits::{
    BRANCHES, COINBASE_BYTES, EXTRANONCE1_BYTES, FUTURE_JOBS, JOB_AFTER_BLOCK_TIMEOUT,
};
use crate::session::{Context, Flow, Retry, end};
use crate::v2::session::Session;

/// The jobs of a session.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    /// Oldest first.
    future: VecDeque<Template>,
    block: Option<Block>,
    /// The newest that runs.
    pub(crate) current: Option<Arc<Job>>,
    /// When the first one was handed out.
    pub(crate) first_at: Option<Instant>,
    next_serial: u32,
    /// A block came without a job of its own, which has until then to come.
    awaited: Option<Instant>,
}

/// A job as the pool sent it.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) id: u32,
    pub(super) version: u32,
    pub(super) rolling: bool,
    pub(super) body: Body,
}

/// What its merkle root is made from.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Coinbase {
        before: Arc<[u8]>,
        after: Arc<[u8]>,
        branches: Arc<[[u8; 32]]>,
        prefix: Arc<[u8]>,
        /// Bytes between prefix and `after` that are ours.
        size: u8,
    },
    Root([u8; 32]),
}

/// What SetNewPrevHash tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) prev_hash: [u8; 32],
    pub(super) nbits: u32,
    pub(super) network_target: Target,
}

impl Jobs {
    /// A block that came without its job must not be waited for without end.
    pub(super) fn check(&self, now: Instant) -> Flow {
        match self.awaited {
            Some(until) if now >= until => {
                let detail = "a new block came, and no job for it";
                end(Code::PoolSilent, detail, Retry::Backoff)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.awaited
    }

    fn wait(&mut self, template: Template) {
        self.future.retain(|known| known.id != template.id);
        if self.future.len() >= FUTURE_JOBS {
            self.future.pop_front();
        }
        self.future.push_back(template);
    }
}

impl Session {
    /// A job came, to run at once or later.
    pub(super) fn take_job(
        &mut self,
        cx: &mut Context<'_>,
        template: Template,
        min_ntime: Option<u32>,
    ) {
        self.rhythm.beat(cx.now);
        if let Some(why) = unusable(&template.body) {
            return cx.note(Code::PoolJob, format!("job={} {why}", template.id));
        }
        match (min_ntime, self.jobs.block) {
            (None, _) => self.jobs.wait(template),
            (Some(ntime), Some(block)) => self.start(cx, template, block, ntime, false),
            (Some(_), None) => {
                let detail = format!("job={} is to run, and no block was told", template.id);
                cx.note(Code::PoolJob, detail);
            }
        }
    }

    /// A new block: the job named runs, and every other one is void.
    pub(super) fn take_block(
        &mut self,
        cx: &mut Context<'_>,
        block: Block,
        job_id: u32,
        min_ntime: u32,
    ) {
        self.jobs.block = Some(block);
        let mut waiting = std::mem::take(&mut self.jobs.future);
        let named = waiting.iter().position(|template| template.id == job_id);
        match named.and_then(|place| waiting.remove(place)) {
            Some(template) => self.start(cx, template, block, min_ntime, true),
            None => {
                let detail = format!("job={job_id} is to run on a new block, and never came");
                cx.note(Code::PoolJob, detail);
                self.jobs.awaited = Some(cx.now + JOB_AFTER_BLOCK_TIMEOUT);
            }
        }
    }

    fn start(
        &mut self,
        cx: &mut Context<'_>,
        template: Template,
        block: Block,
        ntime: u32,
        clean: bool,
    ) {
        let Some(channel) = &self.channel else {
            return;
        };
        let rolls = template.rolling && !self.fixed_version;
        let empty: Arc<[u8]> = Arc::from([]);
        let mut job = Job {
            key: JobKey {
                session: self.id,
                serial: self.jobs.next_serial,
            },
            pool_job_id: template.id.to_string().into(),
            prev_hash: block.prev_hash,
            coinbase1: empty.clone(),
            coinbase2: empty.clone(),
            branches: Arc::from([]),
            extranonce1: empty,
            extranonce2_size: 0,
            fixed_root: None,
            version: template.version,
            version_mask: if rolls { cx.config.version_mask } else { 0 },
            nbits: block.nbits,
            ntime,
            clean: clean || self.jobs.current.is_none() || self.jobs.awaited.is_some(),
            share_target: channel.target,
            network_target: block.network_target,
            // Servers of the reference look for a block first.
            takes_easy_blocks: true,
            received_at: cx.now,
        };
        match template.body {
            Body::Root(root) => job.fixed_root = Some(root),
            Body::Coinbase {
                before,
                after,
                branches,
                prefix,
                size,
            } => {
                job.coinbase1 = before;
                job.coinbase2 = after;
                job.branches = branches;
                job.extranonce1 = prefix;
                job.extranonce2_size = size;
            }
        }
        // 2^32 jobs at one per millisecond are fifty days of one session.
        self.jobs.next_serial = self.jobs.next_serial.wrapping_add(1);
        self.jobs.awaited = None;
        let job = Arc::new(job);
        self.jobs.current = Some(job.clone());
        cx.works(&mut self.jobs.first_at, &job);
        cx.out.push(Effect::Job(job));
    }
}

fn unusable(body: &Body) -> Option<String> {
    let Body::Coinbase {
        before,
        after,
        branches,
        prefix,
        size,
    } = body
    else {
        return None;
    };
    let bytes = before.len() + after.len() + prefix.len() + usize::from(*size);
    if bytes > COINBASE_BYTES {
        return Some(format!("coinbase_bytes={bytes} limit={COINBASE_BYTES}"));
    }
    if prefix.len() > EXTRANONCE1_BYTES {
        return Some(format!("extranonce1_bytes={}", prefix.len()));
    }
    if branches.len() > BRANCHES {
        return Some(format!("branches={} limit={BRANCHES}", branches.len()));
    }
    None
}
