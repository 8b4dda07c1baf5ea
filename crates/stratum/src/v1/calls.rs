//! What a pool says unasked: jobs, difficulties, extranonces, masks and the rest.

use std::sync::Arc;

use telemetry::Code;
use work::{Job, Target};

use crate::Effect;
use crate::limits::COINBASE_BYTES;
use crate::session::{Context, Flow, redirected};
use crate::text::printable;
use crate::v1::handshake::end_for;
use crate::v1::notify::Notify;
use crate::v1::params::{self, Extranonce};
use crate::v1::render;
use crate::v1::session::{EarlyJob, Phase, Session};

impl Session {
    /// A notification or, with an id, a request.
    pub(crate) fn call(
        &mut self,
        cx: &mut Context<'_>,
        id: Option<&str>,
        method: &str,
        params: Option<&str>,
    ) -> Flow {
        match method {
            "mining.notify" => self.notify(cx, params),
            "mining.set_difficulty" => self.set_difficulty(cx, params),
            "mining.set_extranonce" => return self.set_extranonce(params),
            "mining.set_version_mask" => match params::version_mask(params) {
                Ok(mask) => self.set_version_mask(cx, mask),
                Err(why) => cx.note(Code::PoolProtocol, format!("set_version_mask: {why}")),
            },
            "client.reconnect" => return reconnect(cx, params),
            "client.show_message" => cx.note(Code::PoolMessage, params::message(params)),
            _ => answer(cx, id, method),
        }
        Ok(())
    }

    /// `mining.notify`.
    fn notify(&mut self, cx: &mut Context<'_>, params: Option<&str>) {
        self.rhythm.beat(cx.now);
        match Notify::parse(params) {
            Ok(notify) => self.take_job(cx, notify, self.share_target),
            Err(why) => cx.note(Code::PoolJob, printable(&why)),
        }
    }

    /// Make a job of what the pool sent, and hand it out.
    ///
    /// A repeat of the newest job is not handed out again, since its search would begin
    /// anew; "repeat" means that id, content, extranonce, version mask and difficulty are
    /// all the same. The exception is a repeat that is the first to say `clean_jobs` while
    /// older jobs are still valid: then it has something to tell. (The search does not
    /// begin anew there either: work made from equal content continues one search.)
    pub(crate) fn take_job(&mut self, cx: &mut Context<'_>, notify: Notify, share_target: Target) {
        let Some(network_target) = Target::from_nbits(notify.nbits) else {
            let detail = format!("nbits={:08x} is no target", notify.nbits);
            return cx.note(Code::PoolJob, detail);
        };
        let Some(extranonce) = &self.extranonce else {
            let detail = "before the answer to mining.subscribe; kept until then";
            cx.note(
                Code::PoolJob,
                format!("job={:?} came {detail}", notify.job_id),
            );
            self.early = Some(EarlyJob {
                notify,
                share_target,
            });
            return;
        };
        let coinbase_bytes = notify.coinbase1.len()
            + notify.coinbase2.len()
            + extranonce.extranonce1.len()
            + usize::from(extranonce.size);
        if coinbase_bytes > COINBASE_BYTES {
            let detail = format!("coinbase_bytes={coinbase_bytes} limit={COINBASE_BYTES}");
            return cx.note(Code::PoolJob, detail);
        }
        let newest = self.jobs.current.as_deref();
        let new_block = newest.is_none_or(|job| job.prev_hash != notify.prev_hash);
        let repeat = newest.is_some_and(|job| {
            is_repeat(job, &notify, extranonce)
                && job.version_mask == self.version_mask
                && job.share_target == share_target
        });
        if repeat && !(notify.clean && self.jobs.older_valid) {
            return;
        }
        let job = Job {
            key: self.jobs.next_key(self.id),
            pool_job_id: notify.job_id,
            prev_hash: notify.prev_hash,
            coinbase1: notify.coinbase1,
            coinbase2: notify.coinbase2,
            branches: notify.branches,
            extranonce1: extranonce.extranonce1.clone(),
            extranonce2_size: extranonce.size,
            fixed_root: None,
            version: notify.version,
            version_mask: self.version_mask,
            nbits: notify.nbits,
            ntime: notify.ntime,
            clean: notify.clean || new_block,
            share_target,
            network_target,
            // What V1 agrees on is the difficulty alone: a server that goes by it refuses the
            // block, and one that sees many refusals may shut its miner out.
            takes_easy_blocks: false,
            received_at: cx.now,
        };
        self.hand_out(cx, Arc::new(job));
    }

    /// Hand out `job` in a session that is ready; else keep it until then.
    pub(crate) fn hand_out(&mut self, cx: &mut Context<'_>, job: Arc<Job>) {
        self.jobs.current = Some(job.clone());
        if self.phase != Phase::Ready {
            return;
        }
        self.jobs.older_valid = !job.clean;
        cx.out.push(Effect::Job(job.clone()));
        cx.works(&mut self.jobs.first_at, &job);
    }

    /// `mining.set_difficulty`: for the jobs that follow.
    fn set_difficulty(&mut self, cx: &mut Context<'_>, params: Option<&str>) {
        match params::difficulty(params) {
            Ok(difficulty) if self.difficulty == Some(difficulty) => {}
            Ok(difficulty) => {
                self.difficulty = Some(difficulty);
                self.share_target = Target::from_difficulty(difficulty, cx.config.difficulty_one);
            }
            Err(why) => cx.note(Code::PoolDifficulty, printable(&why)),
        }
    }

    /// `mining.set_extranonce`: for the jobs that follow. One that cannot be used leaves
    /// us without the pool's next jobs, so the session ends.
    fn set_extranonce(&mut self, params: Option<&str>) -> Flow {
        let Some(old) = &self.extranonce else {
            // The answer to subscribe will tell.
            return Ok(());
        };
        match Extranonce::set(params, old.size) {
            Ok(extranonce) => {
                self.extranonce = Some(extranonce);
                Ok(())
            }
            Err(fault) => end_for(fault, Code::PoolExtranonce),
        }
    }

    /// The pool grants `mask`. It holds at once, so that the newest job is handed out
    /// again under it, with older ones void if bits were taken away. It is the same
    /// content under another mask: its search goes on and does not begin anew.
    pub(crate) fn set_version_mask(&mut self, cx: &mut Context<'_>, mask: u32) {
        let mask = mask & cx.config.version_mask;
        if mask == self.version_mask {
            return;
        }
        let narrowed = self.version_mask & !mask != 0;
        self.version_mask = mask;
        if let Some(newest) = &self.jobs.current {
            let mut job = Job::clone(newest);
            job.key = self.jobs.next_key(self.id);
            job.version_mask = mask;
            job.clean = narrowed;
            self.hand_out(cx, Arc::new(job));
        }
    }
}

fn is_repeat(job: &Job, notify: &Notify, extranonce: &Extranonce) -> bool {
    job.pool_job_id == notify.job_id
        && job.prev_hash == notify.prev_hash
        && job.ntime == notify.ntime
        && job.version == notify.version
        && job.nbits == notify.nbits
        && job.coinbase1 == notify.coinbase1
        && job.coinbase2 == notify.coinbase2
        && job.branches == notify.branches
        && job.extranonce1 == extranonce.extranonce1
        && job.extranonce2_size == extranonce.size
}

/// `client.reconnect`.
fn reconnect(cx: &mut Context<'_>, params: Option<&str>) -> Flow {
    let wanted = params::reconnect(params);
    redirected(cx, &wanted.host, wanted.port, wanted.wait)
}

/// Requests to us; without an id nobody waits for an answer.
fn answer(cx: &mut Context<'_>, id: Option<&str>, method: &str) {
    let Some(id) = id else { return };
    let line = match method {
        "client.get_version" => render::result(id, &render::quote(&cx.config.agent)),
        "mining.ping" => render::result(id, "\"pong\""),
        _ => render::method_not_found(id),
    };
    cx.out.send(line);
}
