//! A script is a conversation. Each line is an input, or (after `> `) what the client
//! must do because of it, all of it and in this order:
//!
//! ```text
//! start                      use the pool            connected, closed, failed, stop
//! < {"id":1,...}             a line from the pool    << text  (without its end)
//! notify ID [clean] [k=v]    a made-up job           wait 5s  (with wake-ups on the way)
//! submit 7 [job=ID]          a share of that job, or of the newest
//! next                       wake at the next deadline
//! # text                     a remark
//! ```

use std::sync::Arc;

use stratum::{Address, Client, Effect, Input, SessionConfig};
use units::{ChainSlot, Difficulty, DifficultyOne, Duration, Instant, Nonce, PoolIndex, ShareId};
use work::{Job, Share, ShareOutcome};

pub(crate) fn config() -> SessionConfig {
    SessionConfig {
        pool: PoolIndex(2),
        address: Address::parse("pool.example:3333").expect("an address"),
        user: "acc.w1".into(),
        password: "x".into(),
        agent: "stannary/0.1".into(),
        difficulty_one: DifficultyOne::BITCOIN,
        version_mask: 0x1fff_e000,
        min_version_bits: 16,
        seed: 7,
        nominal_hashrate: 1e9,
        wanted_difficulty: None,
    }
}

/// Play `script` against a new client and compare.
pub(crate) fn check(script: &str) {
    check_with(config(), script);
}

/// The same with a configuration of its own.
pub(crate) fn check_with(config: SessionConfig, script: &str) {
    let mut harness = Harness::new(config);
    let mut expected = String::new();
    let mut got = String::new();
    for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
        expected.push_str(line);
        expected.push('\n');
        if line.starts_with("> ") {
            continue;
        }
        got.push_str(line);
        got.push('\n');
        for effect in harness.play(line) {
            got.push_str(&format!("> {effect}\n"));
        }
    }
    assert!(
        expected == got,
        "expected:\n{expected}\ngot:\n{got}\nlast note: {}",
        harness.last_note
    );
}

pub(crate) struct Harness {
    pub(crate) client: Client,
    pub(crate) now: Instant,
    pub(crate) jobs: Vec<Arc<Job>>,
    pub(crate) last_note: String,
}

impl Harness {
    pub(crate) fn new(config: SessionConfig) -> Self {
        Harness {
            client: Client::new(config),
            now: Instant::ZERO,
            jobs: Vec::new(),
            last_note: String::new(),
        }
    }

    /// Play one line; returns what the client did.
    pub(crate) fn play(&mut self, line: &str) -> Vec<String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "start" => self.input(Input::Start),
            "stop" => self.input(Input::Stop),
            "connected" => self.input(Input::Connected),
            "closed" => self.input(Input::Closed("by peer".into())),
            "failed" => self.input(Input::ConnectFailed("refused".into())),
            "<" => self.input(Input::Bytes(format!("{rest}\n").into_bytes())),
            "<<" => self.input(Input::Bytes(rest.as_bytes().to_vec())),
            "notify" => self.input(Input::Bytes(notify(rest))),
            "submit" => {
                let share = self.share(rest);
                self.input(Input::Submit(share))
            }
            "wait" => self.wait(rest),
            "next" => {
                self.now = self.client.next_deadline().expect("a deadline");
                self.input(Input::Wake)
            }
            "#" => vec![],
            "handshake" => {
                self.handshake();
                vec![]
            }
            _ => panic!("unknown line: {line}"),
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

    pub(crate) fn shown(&mut self, effect: Effect) -> String {
        match effect {
            Effect::Connect { endpoint, .. } => format!("connect {endpoint}"),
            Effect::Send(bytes) => {
                let text = String::from_utf8(bytes).expect("UTF-8");
                let line = text.strip_suffix('\n').expect("a whole line");
                assert!(!line.contains('\n'));
                format!("send {line}")
            }
            Effect::Disconnect => "disconnect".into(),
            Effect::Node(order) => format!("{order:?}"),
            Effect::Session(id) => format!("session {:08x}", id.0),
            Effect::SessionHeld(id) => format!("held {:08x}", id.0),
            Effect::SessionEnded(id) => format!("ended {:08x}", id.0),
            Effect::Job(job) => {
                let text = format!(
                    "job {} serial={} clean={} difficulty={:.4} mask={:08x} extranonce={}+{}",
                    job.pool_job_id,
                    job.key.serial,
                    job.clean,
                    job.share_target.difficulty(),
                    job.version_mask,
                    hex(&job.extranonce1),
                    job.extranonce2_size
                );
                self.jobs.push(job);
                text
            }
            Effect::Outcome { share, outcome } => match outcome {
                ShareOutcome::Accepted => format!("{share} accepted"),
                ShareOutcome::NoAnswer => format!("{share} no answer"),
                ShareOutcome::Stale { code, reason } => format!("{share} stale {code} {reason}"),
                ShareOutcome::Rejected { code, reason } => {
                    format!("{share} rejected {code} {reason}")
                }
            },
            Effect::Note(note) => {
                assert_eq!(note.place, "pool 2");
                self.last_note = note.detail;
                format!("note {}", note.code.text())
            }
        }
    }

    /// Let time pass, waking at each deadline.
    fn wait(&mut self, text: &str) -> Vec<String> {
        let (number, unit) = text.split_at(text.find(char::is_alphabetic).expect("a unit"));
        let number: u64 = number.parse().expect("a number");
        let until = self.now
            + match unit {
                "s" => Duration::from_secs(number),
                "ms" => Duration::from_millis(number),
                _ => panic!("unknown unit {unit}"),
            };
        let mut out = Vec::new();
        for _ in 0..1000 {
            match self.client.next_deadline() {
                Some(at) if at <= until => {
                    self.now = self.now.max(at);
                    out.extend(self.input(Input::Wake));
                }
                _ => {
                    self.now = until;
                    return out;
                }
            }
        }
        panic!("a thousand deadlines before {until:?}");
    }

    /// Everything up to and with a session at difficulty 4, without a job.
    fn handshake(&mut self) {
        for line in [
            "start",
            "connected",
            r#"< {"id":1,"result":{"version-rolling":true,"version-rolling.mask":"1fffe000"}}"#,
            r#"< {"id":2,"result":[[["mining.notify","s"]],"0a0b",4],"error":null}"#,
            r#"< {"id":null,"method":"mining.set_difficulty","params":[4]}"#,
            r#"< {"id":3,"result":true,"error":null}"#,
        ] {
            self.play(line);
        }
    }

    pub(crate) fn share(&self, text: &str) -> Share {
        let (id, rest) = text.split_once(' ').unwrap_or((text, ""));
        let job = match rest.strip_prefix("job=") {
            Some(wanted) => self.jobs.iter().rfind(|j| &*j.pool_job_id == wanted),
            None => self.jobs.last(),
        };
        let job = job.expect("a job to make a share of");
        Share {
            id: ShareId(id.parse().expect("a share id")),
            job: job.key,
            pool_job_id: job.pool_job_id.clone(),
            slot: ChainSlot(0),
            extranonce2: job.extranonce2_bytes(1),
            ntime: job.ntime,
            nonce: Nonce(0x0102_0a0b),
            version: job.rolled_version(0x6000),
            version_bits: (job.version_mask != 0).then_some(0x6000 & job.version_mask),
            hash: [0; 32],
            share_target: job.share_target,
            is_block: false,
            found_at: self.now,
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// `ID [clean] [prev=N] [ntime=HEX] [version=HEX] [nbits=HEX] [branches=N]`.
pub(crate) fn notify(text: &str) -> Vec<u8> {
    let mut words = text.split(' ');
    let id = words.next().expect("a job id");
    let (mut clean, mut prev, mut branches) = (false, 1u8, 1usize);
    let (mut ntime, mut version, mut nbits) = ("66554433", "20000000", "17034219");
    for word in words {
        match word.split_once('=') {
            None if word == "clean" => clean = true,
            Some(("prev", n)) => prev = n.parse().expect("a number"),
            Some(("branches", n)) => branches = n.parse().expect("a number"),
            Some(("ntime", hex)) => ntime = hex,
            Some(("version", hex)) => version = hex,
            Some(("nbits", hex)) => nbits = hex,
            _ => panic!("unknown word {word}"),
        }
    }
    let prev = hex(&[prev; 32]);
    let branches = vec![format!("\"{}\"", "5a".repeat(32)); branches].join(",");
    format!(
        "{{\"params\":[\"{id}\",\"{prev}\",\"01000000\",\"ffffffff\",[{branches}],\
         \"{version}\",\"{nbits}\",\"{ntime}\",{clean}],\"id\":null,\"method\":\"mining.notify\"}}\n"
    )
    .into_bytes()
}

/// A difficulty for a configuration.
pub(crate) fn difficulty(value: f64) -> Option<Difficulty> {
    Difficulty::new(value)
}
