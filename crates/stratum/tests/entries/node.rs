//! An entry point for arbitrary templates, shared by the fuzz target and the property
//! tests: what a node says is read as the shell reads it, mined on, and handed in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stratum::node::{Answer, Failure, FailureKind, Given, News, Order};
use stratum::{Address, Client, Effect, Input, SessionConfig};
use units::{ChainSlot, DifficultyOne, Duration, Instant, Nonce, PoolIndex, SessionId, ShareId};
use work::{Job, Share};

const MASK: u32 = 0x1fff_e000;
/// Bytes below 12 are steps, which no JSON contains (but the line end, which is none).
const STEPS: u8 = 12;

/// A conversation with a node. Runs of bytes that are no steps are results of
/// `getblocktemplate`.
pub(crate) fn templates(bytes: &[u8]) {
    let mut talk = Talk::new();
    talk.input(Input::Start);
    talk.up("regtest");
    for piece in bytes.chunk_by(|a, b| step(*a).is_none() && step(*b).is_none()) {
        match step(piece[0]) {
            Some(0) => talk.up("regtest"),
            Some(1) => talk.up("main"),
            Some(2) => talk.up("test"),
            Some(3) => talk.submit(),
            Some(4) => talk.answer(Answer::Taken),
            Some(5) => talk.answer(Answer::Refused("inconclusive".into())),
            Some(6) => talk.answer(Answer::Refused("bad-txns".into())),
            Some(7) => talk.fail(),
            Some(8) => talk.wait(),
            Some(_) => talk.input(Input::Start),
            None => talk.template(piece),
        }
    }
    talk.end();
}

fn step(byte: u8) -> Option<u8> {
    (byte < STEPS && byte != b'\n' && byte != b'\t').then_some(byte)
}

struct Talk {
    client: Client,
    now: Instant,
    open: bool,
    session: Option<SessionId>,
    newest: Option<Arc<Job>>,
    /// Shares without outcome, and those of them that are with the node.
    waiting: BTreeSet<ShareId>,
    asked: BTreeSet<ShareId>,
    given: BTreeMap<u64, Given>,
    shares: u64,
    next_template: u64,
}

impl Talk {
    fn new() -> Talk {
        let address = Address::parse("node+http://u:p@127.0.0.1:8332").expect("an address");
        let config = SessionConfig {
            pool: PoolIndex(1),
            address,
            user: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".into(),
            password: String::new(),
            agent: "stannary/0.1".into(),
            difficulty_one: DifficultyOne::BITCOIN,
            version_mask: MASK,
            min_version_bits: 16,
            seed: 7,
            nominal_hashrate: 1e12,
            wanted_difficulty: None,
        };
        Talk {
            client: Client::new(config),
            now: Instant::ZERO,
            open: false,
            session: None,
            newest: None,
            waiting: BTreeSet::new(),
            asked: BTreeSet::new(),
            given: BTreeMap::new(),
            shares: 0,
            next_template: 0,
        }
    }

    fn input(&mut self, input: Input) {
        self.client.handle(self.now, input);
        while let Some(effect) = self.client.next_effect() {
            self.see(effect);
        }
        let _ = self.client.status(self.now);
    }

    fn see(&mut self, effect: Effect) {
        match effect {
            Effect::Session(id) => assert_eq!(self.session.replace(id), None),
            Effect::SessionEnded(id) => assert_eq!(self.session.take(), Some(id)),
            Effect::Job(job) => {
                assert_eq!(self.session, Some(job.key.session));
                assert_eq!(job.share_target, job.network_target);
                let template: u64 = job.pool_job_id.parse().expect("ours");
                let template = &self.given[&template].template;
                assert_eq!(job.version_mask & (template.used_bits | !MASK), 0);
                job.check_coinbase().expect("a coinbase");
                assert!(job.coinbase(0).len() < 2000);
                self.newest = Some(job);
            }
            Effect::Outcome { share, .. } => {
                assert!(self.waiting.remove(&share), "{share}");
                self.asked.remove(&share);
            }
            Effect::Note(note) => assert!(note.detail.chars().count() < 2000),
            Effect::Node(order) => self.order(order),
            Effect::Connect { .. }
            | Effect::Send(_)
            | Effect::Disconnect
            | Effect::SessionHeld(_) => {
                panic!("a node has no pool's connection")
            }
        }
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Open(access) => {
                assert_eq!(access.endpoint.port, 8332);
                self.open = true;
            }
            Order::Close => self.open = false,
            Order::Block {
                template,
                share,
                header,
                coinbase,
            } => {
                assert!(self.open && self.waiting.contains(&share));
                assert!(self.asked.insert(share));
                let given = &self.given[&template];
                let hash = sha256d::hash_header(&header);
                let target = work::Target::from_nbits(given.template.nbits).expect("checked");
                assert!(target.met_by(&hash));
                let hex = given.block_hex(&header, &coinbase);
                assert_eq!(hex.len() % 2, 0);
            }
        }
    }

    fn up(&mut self, chain: &str) {
        if self.open {
            self.input(Input::Node(News::Up {
                chain: chain.into(),
            }));
        }
    }

    fn template(&mut self, json: &[u8]) {
        let Ok(mut given) = serde_json::from_slice::<Given>(json) else {
            return;
        };
        assert!(given.transactions.len() <= 4_000_000);
        self.next_template += 1;
        given.template.id = self.next_template;
        let template = Box::new(given.template.clone());
        self.given.insert(self.next_template, given);
        if self.open {
            self.input(Input::Node(News::Template(template)));
        }
    }

    fn submit(&mut self) {
        let Some(job) = &self.newest else { return };
        self.shares += 1;
        let share = Share {
            id: ShareId(self.shares),
            job: job.key,
            pool_job_id: job.pool_job_id.clone(),
            slot: ChainSlot(0),
            extranonce2: job.extranonce2_bytes(self.shares),
            ntime: job.ntime,
            nonce: Nonce(1),
            version: job.rolled_version(0x2000),
            version_bits: Some(0x2000 & job.version_mask),
            hash: [0; 32],
            share_target: job.share_target,
            is_block: true,
            found_at: self.now,
        };
        self.waiting.insert(share.id);
        self.input(Input::Submit(share));
    }

    fn answer(&mut self, answer: Answer) {
        if let Some(share) = self.asked.first().copied() {
            self.input(Input::Node(News::Answer { share, answer }));
        }
    }

    fn fail(&mut self) {
        if std::mem::take(&mut self.open) {
            let failure = Failure {
                kind: FailureKind::Unreachable,
                detail: "gone".into(),
            };
            self.input(Input::Node(News::Failed(failure)));
        }
    }

    fn wait(&mut self) {
        let next = self.client.next_deadline();
        self.now = next
            .unwrap_or(self.now + Duration::from_secs(1))
            .max(self.now);
        self.input(Input::Wake);
    }

    /// After the end nothing is open.
    fn end(&mut self) {
        self.input(Input::Stop);
        assert!(self.waiting.is_empty() && self.session.is_none() && !self.open);
    }
}
