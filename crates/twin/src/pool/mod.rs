//! A pool of Stratum V1 or V2: the other end of the network, written from the protocols'
//! descriptions and sharing no code with the miner's side.
//!
//! It does no I/O and reads no clock: a shell, or a simulation, carries bytes between
//! its connections and the outside and tells it the time. It makes jobs (from its seed,
//! or from a real node's block templates), judges every submit by its own hashing and its
//! own 256-bit arithmetic, and keeps an exact account in its [`Ledger`]. How it
//! misbehaves is data: see [`Behaviour`].
//!
//! It does not know who connects, how bytes travel, or what a machine is. It asks no
//! questions that a real pool could not ask.

#[cfg(test)]
mod bench;
mod connection;
mod job;
mod ledger;
mod mining;
mod options;
mod requests;
mod schedule;
#[cfg(test)]
mod solo_tests;
mod submit;
mod synthetic;
mod target;
mod template;
#[cfg(test)]
mod tests;
mod v2;
mod wire;

pub use ledger::{Block, BlockAnswer, LIST_MAX, Ledger, Record, Reply, Totals, Verdict, Violation};
pub use options::{
    Behaviour, ConfigureForm, Dialect, DifficultyChanges, ErrorForm, Fragments, JobStorms,
    NodeMining, Order, PoolOptions, Protocol, RefusedResult, Source, Synthetic, UnknownMethod,
    Users,
};

pub use v2::V2Options;

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use units::{Difficulty, Instant, Rng};

use connection::Connection;
use mining::Mining;
use schedule::{Due, Schedule};

/// One connection, named by the shell. Never reused in the life of a pool.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ConnId(pub u32);

/// All that can happen to a pool.
#[derive(Clone, Debug)]
pub enum Input {
    /// Somebody connected.
    Opened(ConnId),
    /// Bytes arrived.
    Bytes(ConnId, Vec<u8>),
    /// The other side closed.
    Closed(ConnId),
    /// An order to one connection, or to all.
    Order(Option<ConnId>, Order),
    /// The result of a `getblocktemplate` call as the node gave it. Refused unless the
    /// source is [`Source::Templates`].
    Template(Value),
    /// The node's answer to a block, named by its hash: `None` if it was taken.
    BlockAnswer {
        /// As in [`Effect::SubmitBlock`].
        hash: String,
        /// The node's word, if it refused.
        refused: Option<String>,
    },
    /// The time of [`Pool::next_deadline`] has come.
    Wake,
}

/// All that a pool does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Send these bytes, in this order.
    Send(ConnId, Vec<u8>),
    /// Close the connection once everything was sent. [`Input::Closed`] need not follow.
    Close(ConnId),
    /// Give this block to the node.
    SubmitBlock {
        /// The whole block, serialized.
        hex: String,
        /// Its hash as people write it.
        hash: String,
        /// Its height.
        height: u64,
    },
}

/// Connections open at a time; further ones are closed at once.
const CONNECTIONS_MAX: usize = 10_000;

/// The pool.
#[derive(Debug)]
pub struct Pool {
    options: PoolOptions,
    connections: BTreeMap<ConnId, Connection>,
    mining: Mining,
    /// Set by the first input: the pool's time starts there.
    schedule: Option<Schedule>,
    effects: VecDeque<Effect>,
    ledger: Ledger,
    /// Chance for misbehaviour, and for names; jobs and the schedule have their own, so
    /// that one does not disturb the other.
    wire_rng: Rng,
    schedule_rng: Rng,
    extranonce_next: u64,
}

impl Pool {
    /// A pool that nobody has connected to. Time starts at the first input.
    pub fn new(options: PoolOptions) -> Self {
        let mut rng = Rng::new(options.seed);
        Pool {
            mining: Mining::new(&options, rng.fork(1)),
            wire_rng: rng.fork(2),
            schedule_rng: rng.fork(3),
            extranonce_next: rng.fork(4).next_u64(),
            connections: BTreeMap::new(),
            schedule: None,
            effects: VecDeque::new(),
            ledger: Ledger::default(),
            options,
        }
    }

    /// Consumes one input. What fell due until `now` happens before it.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.run_clocks(now);
        match input {
            Input::Opened(id) => self.opened(now, id),
            Input::Bytes(id, bytes) => self.bytes(now, id, &bytes),
            Input::Closed(id) => drop(self.connections.remove(&id)),
            Input::Order(id, order) => self.order(now, id, &order),
            Input::Template(value) => {
                self.mining.offer(now, &value);
                self.take_template(now);
            }
            Input::BlockAnswer { hash, refused } => self.block_answer(&hash, refused),
            Input::Wake => {}
        }
    }

    /// What to do next outside; call until `None`.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When to call with [`Input::Wake`].
    pub fn next_deadline(&self) -> Option<Instant> {
        let clocks = match &self.schedule {
            Some(schedule) => schedule.next(&self.options),
            None => Instant::ZERO,
        };
        let drops = match self.options.behaviour.drop_after {
            // Connections are numbered in order of time in every shell, but that is not
            // required: look at all of them.
            Some(after) => self.connections.values().map(|c| c.opened_at + after).min(),
            None => None,
        };
        let v2 = &self.options.v2;
        let batches = self.connections.values().filter_map(|c| c.v2.flush_at(v2));
        let at = clocks
            .min(drops.unwrap_or(Instant::NEVER))
            .min(batches.min().unwrap_or(Instant::NEVER))
            .min(self.mining.next_deadline());
        (at != Instant::NEVER).then_some(at)
    }

    /// The account so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The options it runs by.
    pub fn options(&self) -> &PoolOptions {
        &self.options
    }

    fn run_clocks(&mut self, now: Instant) {
        if self.schedule.is_none() {
            let rng = self.schedule_rng.clone();
            self.schedule = Some(Schedule::new(now, &self.options, rng));
            self.new_job(now, true);
        }
        while let Some(due) = self
            .schedule
            .as_mut()
            .and_then(|s| s.due(now, &self.options))
        {
            match due {
                Due::Job { clean } => self.new_job(now, clean),
                Due::Difficulty => self.change_difficulty(now),
                Due::Script(order) => self.order(now, None, &order),
            }
        }
        self.take_template(now);
        self.v2_flush(now);
        if let Some(after) = self.options.behaviour.drop_after {
            let late = self.connections.values();
            let late = late.filter(|c| c.opened_at + after <= now).map(|c| c.id);
            for id in late.collect::<Vec<_>>() {
                self.close(id);
            }
        }
    }

    fn opened(&mut self, now: Instant, id: ConnId) {
        if self.connections.len() >= CONNECTIONS_MAX {
            self.effects.push_back(Effect::Close(id));
            return;
        }
        let silent = self.options.behaviour.hang;
        let mut conn = Connection::new(id, now, self.options.difficulty, silent);
        conn.extranonce1 = self.fresh_extranonce1();
        conn.extranonce2_size = self.options.extranonce2_size.min(16);
        self.connections.insert(id, conn);
        self.ledger.opened(id, self.options.kept());
    }

    /// Distinct for 2^32 connections, or for as many as its size can tell apart. The
    /// counter begins at a random value, so that zero bytes are nothing special.
    fn fresh_extranonce1(&mut self) -> Vec<u8> {
        self.extranonce_next = self.extranonce_next.wrapping_add(1);
        let size = usize::from(self.options.extranonce1_size.clamp(1, 16));
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.wire_rng.next_u64().to_be_bytes());
        bytes[8..].copy_from_slice(&self.extranonce_next.to_be_bytes());
        bytes[16 - size..].to_vec()
    }

    fn bytes(&mut self, now: Instant, id: ConnId, bytes: &[u8]) {
        if self.options.protocol == Protocol::V2 {
            return self.v2_bytes(now, id, bytes);
        }
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        let Ok(lines) = conn.lines(bytes) else {
            self.ledger.violation(now, id, "a line above 64 KiB");
            self.close(id);
            return;
        };
        for line in lines {
            self.line(now, id, &line);
        }
    }

    fn order(&mut self, now: Instant, id: Option<ConnId>, order: &Order) {
        // A new job is the pool's, whoever asked for it.
        if let Order::NewJob { clean } = order {
            self.new_job(now, *clean);
            return;
        }
        let all = self.connections.keys().copied();
        let ids: Vec<ConnId> = all.filter(|c| id.is_none_or(|id| id == *c)).collect();
        for id in ids {
            self.order_one(now, id, order);
        }
    }

    fn order_one(&mut self, now: Instant, id: ConnId, order: &Order) {
        if self.options.protocol == Protocol::V2 && self.order_v2(id, order) {
            return;
        }
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        let mut ask = |method| json!({ "id": conn.ask(method), "method": method, "params": [] });
        let line = match order {
            Order::SetDifficulty(difficulty) => return self.set_difficulty(id, *difficulty),
            Order::SendDifficultyText(text) => {
                let line = format!(
                    "{{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[{text}]}}\n"
                );
                return self.send_bytes(id, line.into_bytes());
            }
            Order::NewJob { .. } => return,
            Order::ShowMessage(text) => note("client.show_message", json!([text])),
            Order::Reconnect(None) => note("client.reconnect", json!([])),
            Order::Reconnect(Some((host, port, wait_s))) => {
                note("client.reconnect", json!([host, port, wait_s]))
            }
            Order::Ping => ask("mining.ping"),
            Order::GetVersion => ask("client.get_version"),
            Order::SetExtranonce { extranonce2_size } => {
                return self.set_extranonce(id, *extranonce2_size);
            }
            Order::SetVersionMask(mask) => return self.set_version_mask(now, id, *mask),
            Order::Raw(bytes) => return self.send_bytes(id, bytes.clone()),
            Order::Close => return self.close(id),
            Order::Hang(silent) => return self.hang(id, *silent),
        };
        self.send(id, &line);
    }

    /// Orders that V2 has a message of its own for, or none at all. False for the others.
    fn order_v2(&mut self, id: ConnId, order: &Order) -> bool {
        match order {
            Order::Reconnect(to) => {
                let (host, port) = match to {
                    Some((host, port, _)) => (host.as_str(), *port),
                    None => ("", 0),
                };
                self.v2_reconnect(id, host, port);
                true
            }
            Order::SendDifficultyText(_)
            | Order::ShowMessage(_)
            | Order::Ping
            | Order::GetVersion
            | Order::SetVersionMask(_) => true,
            _ => false,
        }
    }

    /// Sends a message, in the manner of the behaviour.
    fn send(&mut self, id: ConnId, message: &Value) {
        let behaviour = &self.options.behaviour;
        if behaviour.junk_lines > 0.0 && self.wire_rng.chance(behaviour.junk_lines) {
            let junk = wire::junk(&mut self.wire_rng);
            self.send_bytes(id, junk);
        }
        let mut line = message.to_string().into_bytes();
        let end: &[u8] = match self.options.behaviour.dialect.crlf {
            true if self.wire_rng.chance(0.1) => b"\r\n\r\n",
            true => b"\r\n",
            false => b"\n",
        };
        line.extend_from_slice(end);
        self.send_bytes(id, line);
    }

    fn send_bytes(&mut self, id: ConnId, bytes: Vec<u8>) {
        if self.connections.get(&id).is_none_or(|conn| conn.silent) {
            return;
        }
        let fragments = self.options.behaviour.fragments;
        for piece in wire::cut(bytes, fragments, &mut self.wire_rng) {
            self.effects.push_back(Effect::Send(id, piece));
        }
    }

    fn close(&mut self, id: ConnId) {
        if self.connections.remove(&id).is_some() {
            self.effects.push_back(Effect::Close(id));
        }
    }

    fn change_difficulty(&mut self, now: Instant) {
        let Some(changes) = &self.options.behaviour.difficulty_changes else {
            return;
        };
        let draw = self.wire_rng.below(changes.choices.len() as u64) as usize;
        let Some(difficulty) = changes.choices.get(draw).copied() else {
            return;
        };
        let with_job = self.wire_rng.chance(changes.with_job);
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            self.set_difficulty(id, difficulty);
        }
        if with_job {
            self.new_job(now, false);
        }
    }

    /// For jobs sent from now on.
    fn set_difficulty(&mut self, id: ConnId, difficulty: Difficulty) {
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        conn.difficulty = difficulty;
        if self.options.protocol == Protocol::V2 {
            return self.v2_target(id);
        }
        if conn.welcomed {
            let line = note(
                "mining.set_difficulty",
                json!([wire::difficulty_json(difficulty)]),
            );
            self.send(id, &line);
        }
    }

    fn hang(&mut self, id: ConnId, silent: bool) {
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        let spoke_again = conn.silent && !silent;
        conn.silent = silent;
        if spoke_again && conn.welcomed {
            // It may have changed meanwhile, and holds for the job that follows.
            let difficulty = conn.difficulty;
            self.set_difficulty(id, difficulty);
            self.send_current_job(id);
        }
    }
}

/// A notification.
fn note(method: &str, params: Value) -> Value {
    json!({ "id": null, "method": method, "params": params })
}
