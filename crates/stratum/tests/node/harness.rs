//! A client, and what it does, in words.

use std::sync::Arc;

use stratum::node::{Answer, News, Order, Template};
use stratum::{Address, Client, Effect, Input, SessionConfig};
use units::{ChainSlot, DifficultyOne, Duration, Instant, Nonce, PoolIndex, ShareId};
use work::{Job, Share, ShareOutcome};

pub(crate) fn config() -> SessionConfig {
    SessionConfig {
        pool: PoolIndex(2),
        address: Address::parse("node+http://u:p@127.0.0.1:8332").expect("an address"),
        user: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".into(),
        password: String::new(),
        agent: "stannary/0.1".into(),
        difficulty_one: DifficultyOne::BITCOIN,
        version_mask: 0x1fff_e000,
        min_version_bits: 16,
        seed: 7,
        nominal_hashrate: 1e12,
        wanted_difficulty: None,
    }
}

/// An empty template on the block whose hash is all `tip`. Every hash but the highest ones
/// meets its target.
pub(crate) fn template(id: u64, tip: u8) -> Template {
    Template {
        id,
        height: 102,
        version: 0x2000_0000,
        used_bits: 0,
        prev_hash: [tip; 32],
        nbits: 0x2100_ffff,
        curtime: 1_700_000_000,
        mintime: 1_699_999_000,
        coinbase_value: 5_000_000_000,
        commitment: Some(vec![0x6a; 38]),
        branch: vec![],
        transactions: 0,
        bytes: 0,
        rules: vec!["!segwit".into()],
        signet_challenge: None,
    }
}

pub(crate) struct Harness {
    pub(crate) client: Client,
    pub(crate) now: Instant,
    pub(crate) last_note: String,
    jobs: Vec<Arc<Job>>,
    shares: u64,
}

impl Harness {
    pub(crate) fn new(config: SessionConfig) -> Self {
        Harness {
            client: Client::new(config),
            now: Instant::ZERO,
            last_note: String::new(),
            jobs: Vec::new(),
            shares: 0,
        }
    }

    pub(crate) fn input(&mut self, input: Input) -> Vec<String> {
        self.client.handle(self.now, input);
        let mut out = Vec::new();
        while let Some(effect) = self.client.next_effect() {
            out.push(self.shown(effect));
        }
        out
    }

    pub(crate) fn news(&mut self, news: News) -> Vec<String> {
        self.input(Input::Node(news))
    }

    pub(crate) fn up(&mut self, chain: &str) -> Vec<String> {
        let chain = chain.to_owned();
        self.news(News::Up { chain })
    }

    pub(crate) fn template(&mut self, template: Template) -> Vec<String> {
        self.news(News::Template(Box::new(template)))
    }

    pub(crate) fn answer(&mut self, share: u64, answer: Answer) -> Vec<String> {
        let share = ShareId(share);
        self.news(News::Answer { share, answer })
    }

    /// Hands in a share of the newest job.
    pub(crate) fn submit(&mut self) -> Vec<String> {
        let share = self.share();
        self.input(Input::Submit(share))
    }

    /// Hands in a share of the job of this template.
    pub(crate) fn submit_of(&mut self, template: u64) -> Vec<String> {
        let name = template.to_string();
        let job = self.jobs.iter().find(|job| *job.pool_job_id == name);
        let job = Arc::clone(job.expect("it had a job"));
        let share = self.share_of(&job);
        self.input(Input::Submit(share))
    }

    pub(crate) fn job(&self) -> Arc<Job> {
        Arc::clone(self.jobs.last().expect("a job came"))
    }

    pub(crate) fn share(&mut self) -> Share {
        self.share_of(&self.job())
    }

    fn share_of(&mut self, job: &Job) -> Share {
        self.shares += 1;
        Share {
            id: ShareId(self.shares),
            job: job.key,
            pool_job_id: job.pool_job_id.clone(),
            slot: ChainSlot(0),
            extranonce2: job.extranonce2_bytes(self.shares),
            ntime: job.ntime,
            nonce: Nonce(1),
            version: job.rolled_version(0x2000),
            version_bits: Some(0x2000),
            hash: [0; 32],
            share_target: job.share_target,
            is_block: true,
            found_at: self.now,
        }
    }

    pub(crate) fn next(&mut self) -> Vec<String> {
        self.now = self.client.next_deadline().expect("a deadline");
        self.input(Input::Wake)
    }

    /// Lets time pass, waking at each deadline.
    pub(crate) fn wait(&mut self, time: Duration) -> Vec<String> {
        let until = self.now + time;
        let mut out = Vec::new();
        while let Some(at) = self.client.next_deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            out.extend(self.input(Input::Wake));
        }
        self.now = until;
        out
    }

    fn shown(&mut self, effect: Effect) -> String {
        match effect {
            Effect::Node(Order::Open(access)) => format!("open {}", access.endpoint),
            Effect::Node(Order::Close) => "close".into(),
            Effect::Node(Order::Block {
                template,
                share,
                header,
                coinbase,
            }) => {
                let bytes = coinbase.len();
                let version = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
                format!("block {template} share={share} version={version:08x} coinbase={bytes}")
            }
            Effect::Session(id) => format!("session {:08x}", id.0),
            Effect::SessionEnded(id) => format!("ended {:08x}", id.0),
            Effect::Job(job) => {
                let (id, clean, mask) = (&job.pool_job_id, job.clean, job.version_mask);
                let text = format!("job {id} clean={clean} mask={mask:08x}");
                self.jobs.push(job);
                text
            }
            Effect::Outcome { share, outcome } => match outcome {
                ShareOutcome::Accepted => format!("{share} accepted"),
                ShareOutcome::NoAnswer => format!("{share} no answer"),
                ShareOutcome::Stale { reason, .. } => format!("{share} stale {reason}"),
                ShareOutcome::Rejected { reason, .. } => format!("{share} rejected {reason}"),
            },
            Effect::Note(note) => {
                assert_eq!(note.place, "pool 2");
                self.last_note = note.detail;
                format!("note {}", note.code.text())
            }
            Effect::Connect { .. }
            | Effect::Send(_)
            | Effect::Disconnect
            | Effect::SessionHeld(_) => {
                panic!("a node has no pool's connection")
            }
        }
    }
}
