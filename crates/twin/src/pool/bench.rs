//! A small client and a clock, for the pool's tests.

use serde_json::{Value, json};
use units::{Duration, Instant};

use super::job::sha256d;
use super::wire::{hex, unhex, unhex_u32};
use super::*;

pub(super) const CONN: ConnId = ConnId(7);

/// A pool, its clock, and what it said to each connection.
pub(super) struct Bench {
    pub(super) pool: Pool,
    now: Instant,
    pub(super) said: Vec<(ConnId, Vec<u8>)>,
    pub(super) closed: Vec<ConnId>,
    pub(super) blocks: Vec<(String, String)>,
}

impl Bench {
    pub(super) fn new(options: PoolOptions) -> Self {
        let mut bench = Bench {
            pool: Pool::new(options),
            now: Instant::from_millis(1000),
            said: Vec::new(),
            closed: Vec::new(),
            blocks: Vec::new(),
        };
        bench.input(Input::Opened(CONN));
        bench
    }

    /// Subscribed and authorized with version rolling.
    pub(super) fn ready(options: PoolOptions) -> Self {
        let mut bench = Bench::new(options);
        bench.ask("mining.configure", configure_rolling());
        bench.ask("mining.subscribe", json!(["test/1"]));
        bench.ask("mining.authorize", json!(["alice.1", "x"]));
        bench
    }

    pub(super) fn input(&mut self, input: Input) {
        self.pool.handle(self.now, input);
        while let Some(effect) = self.pool.next_effect() {
            match effect {
                Effect::Send(conn, bytes) => self.said.push((conn, bytes)),
                Effect::Close(conn) => self.closed.push(conn),
                Effect::SubmitBlock { hex, hash, .. } => self.blocks.push((hex, hash)),
            }
        }
    }

    pub(super) fn order(&mut self, order: Order) {
        self.input(Input::Order(None, order));
    }

    pub(super) fn raw(&mut self, line: &str) {
        self.input(Input::Bytes(CONN, format!("{line}\n").into_bytes()));
    }

    /// Sends a request and gives the answer.
    pub(super) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.raw(&json!({ "id": 9, "method": method, "params": params }).to_string());
        let answers = self.messages();
        let answer = answers.into_iter().rev().find(|m| m["id"] == json!(9));
        answer.unwrap_or(Value::Null)
    }

    /// Lets time pass up to `after` from now, waking the pool whenever it asks for it.
    pub(super) fn pass(&mut self, after: Duration) {
        let end = self.now + after;
        while let Some(at) = self.pool.next_deadline().filter(|at| *at <= end) {
            assert!(at >= self.now, "a deadline stays in the past");
            self.now = at;
            self.input(Input::Wake);
        }
        self.now = end;
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let own = self.said.iter().filter(|(conn, _)| *conn == CONN);
        own.flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    /// All whole lines that are JSON objects.
    pub(super) fn messages(&self) -> Vec<Value> {
        let bytes = self.bytes();
        let lines = bytes.split(|b| *b == b'\n');
        lines
            .filter_map(|l| serde_json::from_slice(l).ok())
            .collect()
    }

    pub(super) fn params_of(&self, method: &str) -> Vec<Value> {
        let all = self.messages().into_iter();
        all.filter(|m| m["method"] == json!(method))
            .map(|mut m| m["params"].take())
            .collect()
    }

    pub(super) fn last_job(&self) -> Value {
        self.params_of("mining.notify").pop().unwrap_or(Value::Null)
    }

    pub(super) fn subscription(&self) -> (Vec<u8>, usize) {
        let answers = self.messages().into_iter();
        let mut lists = answers.filter_map(|m| m["result"].as_array().cloned());
        let list = lists.next_back().or_else(|| lists.next_back());
        let list = list.unwrap_or_default();
        let bytes = unhex(list[1].as_str().unwrap_or_default()).unwrap_or_default();
        (bytes, list[2].as_u64().unwrap_or(0) as usize)
    }

    /// Finds a share for a job as a miner would, with leading zero bits as the test of
    /// the hash, and gives the parameters of its submit.
    pub(super) fn find(&self, job: &Value, zero_bits: u32, bits: u32, start: u32) -> Value {
        let (extranonce1, size) = self.subscription();
        let extranonce2 = vec![0x5a; size];
        let (nonce, _) = (start..)
            .map(|nonce| (nonce, header(job, &extranonce1, &extranonce2, bits, nonce)))
            .find(|(_, header)| leading_zero_bits(&sha256d(header)) >= zero_bits)
            .expect("the range has no end");
        json!([
            "alice.1",
            job[0],
            hex(&extranonce2),
            job[7],
            format!("{nonce:08x}"),
            format!("{bits:08x}"),
        ])
    }

    pub(super) fn submit(&mut self, params: &Value) -> Value {
        self.ask("mining.submit", params.clone())
    }
}

pub(super) fn configure_rolling() -> Value {
    json!([["version-rolling"], { "version-rolling.mask": "ffffffff", "version-rolling.min-bit-count": 2 }])
}

/// Header bytes from a notify, by the protocol's description.
pub(super) fn header(job: &Value, en1: &[u8], en2: &[u8], bits: u32, nonce: u32) -> [u8; 80] {
    let text = |i: usize| unhex(job[i].as_str().expect("text")).expect("hex");
    let number = |i: usize| unhex_u32(job[i].as_str().expect("text")).expect("number");
    let mut root = sha256d(&[&text(2), en1, en2, &text(3)].concat());
    for branch in job[4].as_array().expect("branches") {
        let branch = unhex(branch.as_str().expect("text")).expect("hex");
        root = sha256d(&[&root[..], &branch].concat());
    }
    let prev: Vec<u8> = text(1)
        .chunks(4)
        .flat_map(|g| g.iter().rev().copied().collect::<Vec<_>>())
        .collect();
    let version = number(5) & !0x1fff_e000 | bits;
    let mut header = Vec::new();
    header.extend(version.to_le_bytes());
    header.extend(prev);
    header.extend(root);
    header.extend(number(7).to_le_bytes());
    header.extend(number(6).to_le_bytes());
    header.extend(nonce.to_le_bytes());
    header.try_into().expect("80 bytes")
}

pub(super) fn leading_zero_bits(hash: &[u8; 32]) -> u32 {
    let mut bits = 0;
    for byte in hash.iter().rev() {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}

pub(super) fn code(answer: &Value) -> Value {
    answer["error"][0].clone()
}
