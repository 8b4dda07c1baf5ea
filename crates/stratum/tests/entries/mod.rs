//! Entry points for arbitrary bytes, shared by the fuzz targets and the property tests:
//! whatever comes in, the promises of the crate's documentation are checked on the way.

use std::collections::BTreeSet;
use std::sync::Arc;

use stratum::{Address, AuthorityKey, Client, Effect, Endpoint, Input, SessionConfig};
use units::{
    ChainSlot, Difficulty, DifficultyOne, Duration, Instant, Nonce, PoolIndex, SessionId, ShareId,
};
use work::{Job, Share};

/// Bytes below 9 are steps, which no JSON line contains; runs of others come from the
/// pool as one read.
pub(crate) const STEPS: u8 = 9;

const MASK: u32 = 0x1fff_e000;

/// Bytes below 9 are the same steps in a conversation of frames; any other begins a read, whose
/// length in two bytes comes first.
pub(crate) const V2_STEPS: u8 = STEPS;

/// A conversation. The connection is made; everything else is up to `bytes`.
pub(crate) fn session(bytes: &[u8]) {
    let mut talk = Talk::new(Protocol::V1);
    for piece in bytes.chunk_by(|a, b| *a >= STEPS && *b >= STEPS) {
        match piece[0] {
            step if step < STEPS => talk.step(step),
            _ => talk.input(Input::Bytes(piece.to_vec())),
        }
    }
    talk.end();
}

/// A conversation in frames, after the handshake of Noise.
pub(crate) fn session_v2(bytes: &[u8]) {
    let mut talk = Talk::new(Protocol::V2);
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first < V2_STEPS {
            talk.step(*first);
            continue;
        }
        let Some((length, after)) = rest.split_first_chunk::<2>() else {
            break;
        };
        let length = usize::from(u16::from_le_bytes(*length)).min(after.len());
        let (read, after) = after.split_at(length);
        rest = after;
        talk.input(Input::Bytes(read.to_vec()));
    }
    talk.end();
}

/// A read of these bytes, for [`session_v2`].
#[allow(dead_code, reason = "the fuzz target makes its own")]
pub(crate) fn v2_frame(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("short").to_le_bytes();
    [&[u8::MAX][..], &length, bytes].concat()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    V1,
    V2,
}

struct Talk {
    protocol: Protocol,
    client: Client,
    now: Instant,
    connected: bool,
    session: Option<SessionId>,
    newest: Option<Arc<Job>>,
    waiting: BTreeSet<ShareId>,
    shares: u64,
}

impl Talk {
    /// Connected.
    fn new(protocol: Protocol) -> Talk {
        let endpoint = Endpoint {
            host: "pool.example".into(),
            port: 3333,
        };
        let config = SessionConfig {
            pool: PoolIndex(1),
            address: match protocol {
                Protocol::V1 => Address::plain(endpoint),
                Protocol::V2 => Address::V2 {
                    endpoint,
                    authority: AuthorityKey([7; 32]),
                },
            },
            user: "acc.w1".into(),
            password: "x".into(),
            agent: "stannary/0.1".into(),
            difficulty_one: DifficultyOne::BITCOIN,
            version_mask: MASK,
            min_version_bits: 16,
            seed: 7,
            nominal_hashrate: 1e9,
            wanted_difficulty: Some(Difficulty::ONE),
        };
        let mut talk = Talk {
            protocol,
            client: Client::new(config),
            now: Instant::ZERO,
            connected: false,
            session: None,
            newest: None,
            waiting: BTreeSet::new(),
            shares: 0,
        };
        talk.input(Input::Start);
        talk.input(Input::Connected);
        talk
    }

    fn step(&mut self, step: u8) {
        match step {
            0 => self.input(Input::Connected),
            1 => self.input(Input::Closed("gone".into())),
            2 => self.input(Input::ConnectFailed("no".into())),
            3 => self.submit(),
            4 => self.wait(Duration::from_millis(250)),
            5 => self.wait(Duration::from_secs(45)),
            6 => self.wait_for_deadline(),
            7 => self.input(Input::Stop),
            _ => self.input(Input::Start),
        }
    }

    fn input(&mut self, input: Input) {
        match &input {
            // The shell speaks of connections that were asked for.
            Input::Connected | Input::ConnectFailed(_) if self.connected => return,
            Input::Connected => self.connected = true,
            Input::Closed(_) => self.connected = false,
            _ => {}
        }
        self.client.handle(self.now, input);
        while let Some(effect) = self.client.next_effect() {
            self.see(effect);
        }
        let deadline = self.client.next_deadline();
        assert!(
            deadline.is_none_or(|at| at > self.now),
            "a deadline that does not move"
        );
        let status = self.client.status(self.now);
        assert!(status.difficulty.is_none_or(f64::is_finite));
    }

    fn see(&mut self, effect: Effect) {
        match effect {
            Effect::Session(id) => assert_eq!(self.session.replace(id), None),
            Effect::SessionHeld(id) => assert_eq!(self.session, Some(id)),
            Effect::SessionEnded(id) => assert_eq!(self.session.take(), Some(id)),
            Effect::Job(job) => {
                assert_eq!(self.session, Some(job.key.session));
                assert_eq!(job.version_mask & !MASK, 0);
                assert!(job.branches.len() <= 64 && job.extranonce2_size <= 32);
                assert!(job.coinbase(0).len() <= stratum::limits::COINBASE_BYTES);
                self.newest = Some(job);
            }
            Effect::Outcome { share, .. } => assert!(self.waiting.remove(&share), "{share}"),
            Effect::Send(bytes) => {
                assert!(self.connected, "sent without a connection");
                match self.protocol {
                    Protocol::V1 => {
                        let ends = bytes.iter().filter(|b| **b == b'\n').count();
                        assert!(ends == 1 && bytes.ends_with(b"\n"));
                    }
                    Protocol::V2 => {
                        let length = u32::from_le_bytes([bytes[3], bytes[4], bytes[5], 0]);
                        assert_eq!(bytes.len(), 6 + length as usize);
                    }
                }
            }
            Effect::Note(note) => assert!(note.detail.chars().count() < 2000),
            Effect::Connect { endpoint, .. } => assert_eq!(endpoint.host, "pool.example"),
            Effect::Disconnect => self.connected = false,
            Effect::Node(order) => panic!("{order:?} at a pool"),
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
            version_bits: (job.version_mask != 0).then_some(0x2000 & job.version_mask),
            hash: [0; 32],
            share_target: job.share_target,
            is_block: false,
            found_at: self.now,
        };
        self.waiting.insert(share.id);
        self.input(Input::Submit(share));
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.input(Input::Wake);
    }

    fn wait_for_deadline(&mut self) {
        if let Some(at) = self.client.next_deadline() {
            self.now = self.now.max(at);
            self.input(Input::Wake);
        }
    }

    /// After the end nothing is open.
    fn end(&mut self) {
        self.input(Input::Stop);
        assert!(self.waiting.is_empty() && self.session.is_none() && !self.connected);
    }
}
