//! A client written by hand, and what the pool makes of it.

use units::{Difficulty, DifficultyOne, Duration, Instant};

use super::super::job::sha256d;
use super::super::ledger::Verdict;
use super::super::{Behaviour, ConnId, Effect, Input, Order, Pool, PoolOptions, Protocol, Users};
use super::V2Options;
use super::wire::{Fields, Frames, Message, Writer};

const ID: ConnId = ConnId(4);
const CHANNEL: u32 = 9;
const GROUP: u32 = 8;

struct Client {
    pool: Pool,
    now: Instant,
    frames: Frames,
    closed: bool,
}

fn options() -> PoolOptions {
    PoolOptions {
        protocol: Protocol::V2,
        // Every fourth hash or so is a share.
        difficulty_one: DifficultyOne::from_zero_bits(2).expect("a scale"),
        v2: V2Options {
            batch: 2,
            ..V2Options::default()
        },
        ..PoolOptions::default()
    }
}

impl Client {
    fn new(options: PoolOptions) -> Self {
        let mut client = Client {
            pool: Pool::new(options),
            now: Instant::ZERO,
            frames: Frames::default(),
            closed: false,
        };
        client.input(Input::Opened(ID));
        client
    }

    /// Set up and opened, an extended channel with at least 4 bytes; returns what it got.
    fn open(options: PoolOptions) -> (Self, Vec<Message>) {
        let mut client = Client::new(options);
        let said = client.say(setup(0b100));
        assert_eq!((said[0].kind, &said[0].payload[..2]), (0x01, &[2, 0][..]));
        let said = client.say(open(true, "acc.w", 1e6));
        (client, said)
    }

    fn input(&mut self, input: Input) -> Vec<Message> {
        self.pool.handle(self.now, input);
        let mut out = Vec::new();
        while let Some(effect) = self.pool.next_effect() {
            match effect {
                Effect::Send(_, bytes) => out.extend(self.frames.take(&bytes).expect("short")),
                Effect::Close(_) => self.closed = true,
                Effect::SubmitBlock { .. } => panic!("no node"),
            }
        }
        out
    }

    fn say(&mut self, bytes: Vec<u8>) -> Vec<Message> {
        self.input(Input::Bytes(ID, bytes))
    }

    /// The newest job, and a nonce with which it meets the target, or does not.
    fn solve(&self, good: bool, extranonce: &[u8], version_bits: u32) -> (u32, u32, u32, u32) {
        let conn = &self.pool.connections[&ID];
        let sent = conn.jobs.back().expect("a job");
        let size = sent.extranonce1.len() + extranonce.len();
        let (before, after) = sent.job.coinbase.parts(size);
        let coinbase = [&before[..], &sent.extranonce1, extranonce, &after].concat();
        let version = sent.job.version & !0x1fff_e000 | version_bits;
        let ntime = sent.job.ntime;
        let meets = |nonce: &u32| {
            let header = sent.job.header(&coinbase, version, ntime, *nonce);
            sent.target.met_by(&sha256d(&header)) == good
        };
        let nonce = (0..u32::MAX).find(meets).expect("a nonce");
        (sent.number, nonce, ntime, version)
    }

    fn submit(
        &mut self,
        sequence: u32,
        share: (u32, u32, u32, u32),
        extranonce: &[u8],
    ) -> Vec<Message> {
        let (job, nonce, ntime, version) = share;
        let message = Writer::new(0x1b, true)
            .u32(CHANNEL)
            .u32(sequence)
            .u32(job)
            .u32(nonce)
            .u32(ntime)
            .u32(version)
            .short(extranonce);
        self.say(message.frame())
    }
}

fn setup(flags: u32) -> Vec<u8> {
    let message = Writer::new(0x00, false).u8(0).u16(2).u16(2).u32(flags);
    let message = message.short(b"host").u16(3336);
    let message = message.short(b"vendor").short(b"").short(b"1").short(b"");
    message.frame()
}

fn open(extended: bool, user: &str, hashrate: f32) -> Vec<u8> {
    let kind = if extended { 0x13 } else { 0x10 };
    let message = Writer::new(kind, false).u32(1).short(user.as_bytes());
    let message = message.u32(hashrate.to_bits()).raw(&[0xff; 32]);
    match extended {
        true => message.u16(4).frame(),
        false => message.frame(),
    }
}

fn error(said: &[Message]) -> String {
    let mut fields = Fields(&said[0].payload);
    match said[0].kind {
        0x12 | 0x02 => fields.u32(),
        0x1d => fields.u64_pair(),
        kind => panic!("{kind:#x}"),
    };
    fields.text().expect("a code")
}

impl Fields<'_> {
    /// Channel and sequence number.
    fn u64_pair(&mut self) -> Option<u32> {
        self.u32()?;
        self.u32()
    }
}

#[test]
fn a_channel_gets_its_target_prefix_and_job() {
    let (client, said) = Client::open(options());
    let kinds: Vec<u8> = said.iter().map(|m| m.kind).collect();
    // The channel, two jobs for nothing, the job, the block.
    assert_eq!(kinds, [0x14, 0x1f, 0x1f, 0x1f, 0x20]);
    let mut fields = Fields(&said[0].payload);
    assert_eq!((fields.u32(), fields.u32()), (Some(1), Some(CHANNEL)));
    let target = fields.bytes(32).expect("a target");
    // 0xffff * 2^238, little-endian.
    assert_eq!(target[28..], [0, 0xc0, 0xff, 0x3f]);
    assert_eq!(fields.u16(), Some(8));
    assert_eq!(fields.short().map(<[u8]>::len), Some(4));
    assert_eq!((fields.u32(), fields.end()), (Some(GROUP), Some(())));
    let mut block = Fields(&said[4].payload);
    let job = client.pool.connections[&ID].jobs.back().expect("a job");
    assert_eq!(block.u32(), Some(CHANNEL));
    assert_eq!((block.u32(), job.number), (Some(3), 3));
    assert_eq!(block.bytes(32), Some(&job.job.prev_hash[..]));
    assert_eq!(client.pool.ledger().replies[0].result, "1000000");
}

#[test]
fn shares_are_acknowledged_in_batches_and_refused_one_by_one() {
    let (mut client, _) = Client::open(options());
    let extra = [0, 0, 0, 0, 0, 0, 0, 1];
    let good = client.solve(true, &extra, 0x2000);
    assert!(client.submit(1, good, &extra).is_empty());
    assert_eq!(error(&client.submit(2, good, &extra)), "duplicate-share");
    let low = client.solve(false, &extra, 0x2000);
    assert_eq!(error(&client.submit(3, low, &extra)), "difficulty-too-low");
    assert_eq!(
        error(&client.submit(4, good, &extra[..7])),
        "bad-extranonce-size"
    );
    let (job, nonce, ntime, version) = good;
    let rolled = (job, nonce, ntime, version ^ 1);
    assert_eq!(
        error(&client.submit(5, rolled, &extra)),
        "version-rolling-not-allowed"
    );
    let early = (job, nonce, ntime - 1, version);
    assert_eq!(error(&client.submit(6, early, &extra)), "invalid-share");
    // A job that waited and never ran.
    let decoy = (job - 1, nonce, ntime, version);
    assert_eq!(error(&client.submit(7, decoy, &extra)), "invalid-job-id");
    let second = client.solve(true, &[9; 8], 0);
    let said = client.submit(8, second, &[9; 8]);
    assert_eq!(said[0].kind, 0x1c);
    let mut fields = Fields(&said[0].payload);
    let numbers = [fields.u32(), fields.u32(), fields.u32()];
    assert_eq!(numbers, [Some(CHANNEL), Some(8), Some(2)]);
    // A new block voids the job, a new job does not.
    client.input(Input::Order(None, Order::NewJob { clean: false }));
    let third = client.solve(true, &[7; 8], 0);
    client.input(Input::Order(None, Order::NewJob { clean: true }));
    assert_eq!(error(&client.submit(9, third, &[7; 8])), "stale-share");
    let totals = client.pool.ledger().totals;
    assert_eq!(
        (totals.accepted, totals.stale, totals.rejected()),
        (2, 2, 5)
    );
    assert!(client.pool.ledger().violations.is_empty());
}

#[test]
fn a_batch_that_does_not_fill_is_acknowledged_in_time() {
    let (mut client, _) = Client::open(options());
    let share = client.solve(true, &[1; 8], 0);
    client.submit(1, share, &[1; 8]);
    client.now += Duration::from_secs(4);
    assert!(client.input(Input::Wake).is_empty());
    let at = client.pool.next_deadline().expect("a deadline");
    assert_eq!(at, Instant::ZERO + Duration::from_secs(5));
    client.now = at;
    assert_eq!(client.input(Input::Wake)[0].kind, 0x1c);
}

#[test]
fn refusals_have_their_codes() {
    let check = |options: PoolOptions, message: Vec<u8>, code: &str| {
        let mut client = Client::new(options);
        client.say(setup(0));
        assert_eq!(error(&client.say(message)), code);
    };
    let listed = PoolOptions {
        users: Users::Listed(vec![("me".into(), String::new())]),
        ..options()
    };
    check(listed, open(true, "you", 1.0), "unknown-user");
    check(options(), open(true, "u", 0.0), "invalid-nominal-hashrate");
    let standard = PoolOptions {
        v2: V2Options {
            refuse_extended: true,
            ..V2Options::default()
        },
        ..options()
    };
    let code = "extended-channels-not-supported-for-standard-jobs";
    check(standard, open(true, "u", 1.0), code);
    let mut client = Client::new(PoolOptions {
        version_mask: None,
        ..options()
    });
    assert_eq!(
        error(&client.say(setup(0b100))),
        "unsupported-feature-flags"
    );
    assert!(client.closed);
}

#[test]
fn a_standard_channel_gets_merkle_roots_or_its_groups_coinbases() {
    for to_group in [false, true] {
        let mut client = Client::new(PoolOptions {
            v2: V2Options {
                to_group,
                decoys: 0,
                ..V2Options::default()
            },
            ..options()
        });
        client.say(setup(0b100));
        let said = client.say(open(false, "u", 1.0));
        let kinds: Vec<u8> = said.iter().map(|m| m.kind).collect();
        let job = if to_group { 0x1f } else { 0x15 };
        assert_eq!(kinds, [0x11, job, 0x20]);
        let to = if to_group { GROUP } else { CHANNEL };
        assert_eq!(Fields(&said[1].payload).u32(), Some(to));
        let (job, nonce, ntime, version) = client.solve(true, &[], 0);
        let message = Writer::new(0x1a, true).u32(CHANNEL).u32(1).u32(job);
        let message = message.u32(nonce).u32(ntime).u32(version);
        assert!(client.say(message.frame()).is_empty());
        assert_eq!(client.pool.ledger().totals.accepted, 1);
    }
}

#[test]
fn orders_have_their_messages() {
    let (mut client, _) = Client::open(options());
    let mut order = |order: Order| client.input(Input::Order(None, order));
    let two = Difficulty::new(2.0).expect("a difficulty");
    let said = order(Order::SetDifficulty(two));
    assert_eq!((said[0].kind, said[0].payload[35]), (0x21, 0x1f));
    let extranonce2_size = 3;
    let said = order(Order::SetExtranonce { extranonce2_size });
    assert_eq!((said[0].kind, said[0].payload.len()), (0x19, 9));
    let said = order(Order::Reconnect(Some(("h".into(), 5, 0))));
    assert_eq!(
        (said[0].kind, &said[0].payload[..]),
        (0x04, &[1, b'h', 5, 0][..])
    );
    assert!(order(Order::Ping).is_empty());
}

#[test]
fn nonsense_closes_the_connection() {
    for bytes in [
        Writer::new(0x00, true).frame(),
        Writer::new(0x77, false).frame(),
        open(true, "u", 1.0),
        [&setup(0)[..], &setup(0)].concat(),
    ] {
        let mut client = Client::new(PoolOptions {
            behaviour: Behaviour::default(),
            ..options()
        });
        client.say(bytes);
        assert!(client.closed);
        assert_eq!(client.pool.ledger().violations.len(), 1);
        assert_eq!(client.pool.ledger().totals.submitted(), 0);
    }
}

#[test]
fn the_verdicts_numbers_are_those_of_v1() {
    assert_eq!(Verdict::Stale.code(), Some(21));
}
