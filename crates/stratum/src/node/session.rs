//! One time of being with a node: templates become jobs, solved jobs become blocks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use telemetry::{Code, NodeView, PoolState};
use units::{Instant, JobKey, SessionId, ShareId};
use work::{Job, Share, ShareOutcome, Target};

use crate::limits::{
    NODE_BLOCK_TIMEOUT, NODE_BLOCKS_PENDING, NODE_BLOCKS_REFUSED, NODE_EXTRANONCE_BYTES,
    NODE_TEMPLATES,
};
use crate::node::coinbase::{coinbase, with_witness};
use crate::node::template::Fault;
use crate::node::{Answer, Chain, News, Order, Payout, Template};
use crate::outbox::Outbox;
use crate::session::{Context, End, Flow, Retry, end};
use crate::text::printable;
use crate::waiting::unanswered;
use crate::{Effect, SessionConfig};

/// Words of BIP22 and of nodes for a block that came too late.
const LATE: &[&str] = &[
    "inconclusive",
    "duplicate-inconclusive",
    "stale-prevblk",
    "stale-work",
    "inconclusive-not-best-prevblk",
];

/// Being with a node.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) chain: Chain,
    script: Vec<u8>,
    /// Ours among the machines at this node.
    extranonce1: Arc<[u8]>,
    next_serial: u32,
    /// The templates that can still become blocks, newest last.
    works: VecDeque<Work>,
    pending: BTreeMap<ShareId, Pending>,
    /// The node took a block on this one, and has given no template since.
    solved: Option<[u8; 32]>,
    /// When the first job was made.
    pub(crate) first_at: Option<Instant>,
}

/// A template as the job that it became.
#[derive(Debug)]
struct Work {
    template: u64,
    height: u32,
    /// Its blocks carry a witness.
    committed: bool,
    job: Arc<Job>,
    /// Blocks of it that the node refused.
    refused: u8,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    template: u64,
    height: u32,
    prev_hash: [u8; 32],
    deadline: Instant,
}

impl Session {
    /// A node that answers, and has named its chain. One that the payout is not for, or whose
    /// chain nobody knows, is left before any work.
    pub(crate) fn open(
        cx: &mut Context<'_>,
        id: SessionId,
        chain: &str,
    ) -> Result<Session, Box<End>> {
        let fail = |code, detail| {
            let redirect = None;
            Box::new(End {
                code,
                detail,
                retry: Retry::Slow,
                redirect,
            })
        };
        let Some(chain) = Chain::named(chain) else {
            let detail = format!("chain {:?} is not known", printable(chain));
            return Err(fail(Code::NodeRules, detail));
        };
        *cx.node = Some(NodeView {
            chain: Some(chain.name().to_owned()),
            height: None,
        });
        let paid = Payout::parse(&cx.config.user).and_then(|payout| payout.script(chain));
        let script = paid.map_err(|why| fail(Code::NodePayout, why.to_string()))?;
        cx.out.push(Effect::Session(id));
        Ok(Session {
            id,
            chain,
            script,
            extranonce1: Arc::new(cx.rng.below(u64::MAX).to_be_bytes()),
            next_serial: 0,
            works: VecDeque::new(),
            pending: BTreeMap::new(),
            solved: None,
            first_at: None,
        })
    }

    /// What the node says.
    pub(crate) fn news(&mut self, cx: &mut Context<'_>, news: News) -> Flow {
        match news {
            News::Template(template) => self.template(cx, &template),
            News::Answer { share, answer } => {
                self.answer(cx.now, share, answer, cx.out);
                Ok(())
            }
            // The client's.
            News::Up { .. } | News::Failed(_) => Ok(()),
        }
    }

    /// Make a job of a template. One that is wrong leaves everything as it is, as long as
    /// there is work on the same block.
    fn template(&mut self, cx: &mut Context<'_>, template: &Template) -> Flow {
        let target = match template.check() {
            Ok(target) => target,
            Err(Fault::Bad(what)) if self.tip() == Some(template.prev_hash) => {
                cx.note(Code::NodeTemplate, what);
                return Ok(());
            }
            Err(Fault::Bad(what)) => return end(Code::NodeTemplate, what, Retry::Backoff),
            Err(Fault::Unfit(what)) => return end(Code::NodeRules, what, Retry::Slow),
        };
        // The tip has moved: what was begun on the old one is worth nothing.
        let clean = self.tip() != Some(template.prev_hash);
        if clean {
            self.works.clear();
        }
        let key = JobKey {
            session: self.id,
            serial: self.next_serial,
        };
        self.next_serial = self.next_serial.wrapping_add(1);
        let job = self.job(cx.now, cx.config, template, target, key, clean);
        if self.works.len() >= NODE_TEMPLATES {
            self.works.pop_front();
        }
        // The node knows its own chain: what it gives now is wanted.
        self.solved = None;
        self.works.push_back(Work {
            template: template.id,
            committed: template.commitment.is_some(),
            job: Arc::clone(&job),
            height: template.height,
            refused: 0,
        });
        cx.out.push(Effect::Job(job));
        if self.first_at.is_none() {
            self.first_at = Some(cx.now);
            self.tell_up(cx.now, cx.config, template, target, cx.out);
        }
        if let Some(view) = cx.node {
            // The chain's own height: below the block that is looked for.
            view.height = Some(template.height.saturating_sub(1));
        }
        Ok(())
    }

    fn job(
        &self,
        now: Instant,
        config: &SessionConfig,
        template: &Template,
        target: Target,
        key: JobKey,
        clean: bool,
    ) -> Arc<Job> {
        let coinbase = coinbase(template, &self.script);
        Arc::new(Job {
            key,
            pool_job_id: Arc::from(template.id.to_string()),
            prev_hash: template.prev_hash,
            coinbase1: coinbase.before,
            coinbase2: coinbase.after,
            branches: template.branch.clone().into(),
            fixed_root: None,
            extranonce1: Arc::clone(&self.extranonce1),
            extranonce2_size: NODE_EXTRANONCE_BYTES as u8,
            version: template.version,
            version_mask: template.free_bits(config.version_mask),
            nbits: template.nbits,
            ntime: template.curtime,
            clean,
            // Nobody counts shares here: what is no block is nothing.
            share_target: target,
            network_target: target,
            takes_easy_blocks: true,
            received_at: now,
        })
    }

    fn tell_up(
        &self,
        now: Instant,
        config: &SessionConfig,
        template: &Template,
        target: Target,
        out: &mut Outbox,
    ) {
        let mask = template.free_bits(config.version_mask);
        let detail = format!(
            "chain={} height={} transactions={} difficulty={:.3} version_mask={mask:08x}: \
             only blocks are accepted",
            self.chain,
            template.height,
            template.transactions,
            target.difficulty(),
        );
        out.note(now, Code::PoolUp, detail);
        let bits = mask.count_ones();
        if bits < u32::from(config.min_version_bits) {
            let needed = config.min_version_bits;
            let detail = format!("free={bits} needed={needed}: the chain's deployments use others");
            out.note(now, Code::PoolVersionBits, detail);
        }
    }

    /// Hand a block in, if it is one that the node can still want. Returns whether it was
    /// booked: not if it is of another session.
    pub(crate) fn submit(&mut self, cx: &mut Context<'_>, share: &Share) -> bool {
        if share.job.session != self.id {
            return false;
        }
        let known = self.hand_in(cx.now, share, cx.out);
        if let Some(outcome) = known {
            let share = share.id;
            cx.out.push(Effect::Outcome { share, outcome });
        }
        true
    }

    /// What is known about a block at once comes back.
    fn hand_in(&mut self, now: Instant, share: &Share, out: &mut Outbox) -> Option<ShareOutcome> {
        let (code, reason) = (0, |reason: &str| reason.to_owned());
        let stale = |why| {
            Some(ShareOutcome::Stale {
                code,
                reason: reason(why),
            })
        };
        let wrong = |why| {
            Some(ShareOutcome::Rejected {
                code,
                reason: reason(why),
            })
        };
        let Some(work) = self.works.iter().find(|w| w.job.key == share.job) else {
            return stale("its template was replaced");
        };
        let tip = work.job.prev_hash;
        let asked = self.pending.values().any(|p| p.prev_hash == tip);
        if asked || self.solved == Some(tip) {
            return stale("another block is found at this height");
        }
        // On a chain of one's own every nonce is a block: one attempt is enough there.
        let most = match self.chain {
            Chain::Regtest => 1,
            _ => NODE_BLOCKS_REFUSED,
        };
        if work.refused >= most {
            return stale("the node refused a block of this template");
        }
        let Some((header, coinbase)) = assemble(&work.job, share) else {
            return wrong("its parts do not fit its job");
        };
        let hash = sha256d::hash_header(&header);
        if !work.job.network_target.met_by(&hash) {
            return wrong("not sent: above the network's target");
        }
        if self.pending.len() >= NODE_BLOCKS_PENDING {
            let detail = format!("block of share {} not sent: too many wait", share.id);
            out.note(now, Code::PoolNoAnswer, detail);
            return Some(ShareOutcome::NoAnswer);
        }
        let pending = Pending {
            template: work.template,
            height: work.height,
            prev_hash: work.job.prev_hash,
            deadline: now + NODE_BLOCK_TIMEOUT,
        };
        self.pending.insert(share.id, pending);
        out.push(Effect::Node(Order::Block {
            template: pending.template,
            share: share.id,
            header,
            coinbase: match work.committed {
                true => with_witness(&coinbase),
                false => coinbase,
            },
        }));
        None
    }

    /// The node's word on a block, if anybody waits for it.
    fn answer(&mut self, now: Instant, share: ShareId, answer: Answer, out: &mut Outbox) {
        let Some(pending) = self.pending.remove(&share) else {
            return;
        };
        let (code, height) = (0, pending.height);
        let outcome = match answer {
            Answer::Taken => {
                self.taken(now, &pending, out);
                ShareOutcome::Accepted
            }
            Answer::Refused(word) => {
                let reason = printable(&word);
                self.refused(&pending);
                let detail = format!("height={height} reason={reason:?}");
                out.note(now, Code::NodeRefused, detail);
                match LATE.contains(&word.as_str()) {
                    true => ShareOutcome::Stale { code, reason },
                    false => ShareOutcome::Rejected { code, reason },
                }
            }
            Answer::Lost(why) => {
                self.refused(&pending);
                let detail = format!("block at height {height}: {}", printable(&why));
                out.note(now, Code::PoolNoAnswer, detail);
                ShareOutcome::NoAnswer
            }
        };
        out.push(Effect::Outcome { share, outcome });
    }

    fn taken(&mut self, now: Instant, pending: &Pending, out: &mut Outbox) {
        if self.tip() == Some(pending.prev_hash) {
            self.solved = Some(pending.prev_hash);
        }
        let height = pending.height;
        out.note(now, Code::NodeBlock, format!("height={height}"));
    }

    fn refused(&mut self, pending: &Pending) {
        let mut works = self.works.iter_mut();
        if let Some(work) = works.find(|w| w.template == pending.template) {
            work.refused = work.refused.saturating_add(1);
        }
    }

    /// Blocks whose time is over have no answer.
    pub(crate) fn wake(&mut self, cx: &mut Context<'_>) {
        let late = |(share, p): (&ShareId, &Pending)| (p.deadline <= cx.now).then_some(*share);
        let late: Vec<_> = self.pending.iter().filter_map(late).collect();
        for share in late {
            let lost = Answer::Lost(format!("share {share} without answer"));
            self.answer(cx.now, share, lost, cx.out);
        }
    }

    /// The end: what waits is not answered any more.
    pub(crate) fn finish(&mut self, now: Instant, out: &mut Outbox) {
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() {
            let count = pending.len();
            let detail = format!("blocks={count} unanswered at the end of the session");
            out.note(now, Code::PoolNoAnswer, detail);
        }
        for share in pending.into_keys() {
            unanswered(share, out);
        }
        out.push(Effect::SessionEnded(self.id));
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.pending.values().map(|p| p.deadline).min()
    }

    /// As a pool whose shares are blocks.
    pub(crate) fn status(&self) -> (PoolState, Option<f64>) {
        match self.works.back() {
            Some(work) => {
                let difficulty = work.job.network_target.difficulty();
                (PoolState::Active, Some(difficulty))
            }
            None => (PoolState::Connected, None),
        }
    }

    fn tip(&self) -> Option<[u8; 32]> {
        self.works.back().map(|work| work.job.prev_hash)
    }
}

/// The header of a share and its coinbase without witness. `None` if the share has
/// other parts than its job asks for.
fn assemble(job: &Job, share: &Share) -> Option<([u8; 80], Vec<u8>)> {
    let extranonce2: [u8; NODE_EXTRANONCE_BYTES] = share.extranonce2.as_slice().try_into().ok()?;
    if job.rolled_version(share.version) != share.version {
        return None;
    }
    let place = u64::from_be_bytes(extranonce2);
    let mut header = [0; 80];
    header[..4].copy_from_slice(&share.version.to_le_bytes());
    header[4..36].copy_from_slice(&job.prev_hash);
    header[36..68].copy_from_slice(&job.merkle_root(place));
    header[68..72].copy_from_slice(&share.ntime.to_le_bytes());
    header[72..76].copy_from_slice(&job.nbits.to_le_bytes());
    header[76..].copy_from_slice(&share.nonce.to_wire());
    Some((header, job.coinbase(place)))
}
