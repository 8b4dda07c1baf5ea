//! The jobs that reached the miner, read from the pool's own lines by a second reading:
//! what a simulation must know to say what should have become of each nonce.

use serde_json::Value;
use twin::pool::{ConnId, PoolOptions, Protocol};
use units::Instant;

use crate::jobs_v2::next_frame;

/// One job as delivered.
#[derive(Clone, Debug)]
pub(crate) struct DeliveredJob {
    pub(crate) conn: ConnId,
    pub(crate) id: String,
    pub(crate) prev_hash: String,
    /// Difficulty that held when the job was sent.
    pub(crate) difficulty: f64,
    pub(crate) at: Instant,
    /// When a later message, or the end of the connection, made it void for the miner.
    pub(crate) voided: Option<Instant>,
}

/// Everything delivered on all connections, message by message.
pub(crate) struct JobLog {
    protocol: Protocol,
    /// Of the pool's difficulty one.
    pub(crate) zero_bits: u8,
    partial: Vec<(ConnId, Vec<u8>)>,
    difficulty: Vec<(ConnId, f64)>,
    pub(crate) jobs: Vec<DeliveredJob>,
}

impl JobLog {
    /// Of such a pool.
    pub(crate) fn new(pool: &PoolOptions) -> Self {
        JobLog {
            protocol: pool.protocol,
            zero_bits: pool.difficulty_one.zero_bits(),
            partial: Vec::new(),
            difficulty: Vec::new(),
            jobs: Vec::new(),
        }
    }

    /// Bytes reached the miner.
    pub(crate) fn bytes(&mut self, now: Instant, conn: ConnId, bytes: &[u8]) {
        if !self.partial.iter().any(|(c, _)| *c == conn) {
            self.partial.push((conn, Vec::new()));
            self.difficulty.push((conn, 1.0));
        }
        let Some((_, buffer)) = self.partial.iter_mut().find(|(c, _)| *c == conn) else {
            return;
        };
        buffer.extend_from_slice(bytes);
        if self.protocol == Protocol::V2 {
            let frames: Vec<_> = std::iter::from_fn(|| next_frame(buffer)).collect();
            for (kind, payload) in frames {
                self.frame(now, conn, kind, &payload);
            }
            return;
        }
        let mut lines = Vec::new();
        while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
            lines.push(buffer.drain(..=end).collect::<Vec<_>>());
        }
        for line in lines {
            if let Ok(value) = serde_json::from_slice::<Value>(&line) {
                self.line(now, conn, &value);
            }
        }
    }

    /// The miner learned that a connection is over.
    pub(crate) fn closed(&mut self, now: Instant, conn: ConnId) {
        for job in self.jobs.iter_mut().filter(|j| j.conn == conn) {
            job.voided.get_or_insert(now);
        }
    }

    fn line(&mut self, now: Instant, conn: ConnId, line: &Value) {
        let params = &line["params"];
        match line["method"].as_str() {
            Some("mining.set_difficulty") => {
                let new = params[0].as_f64().filter(|d| d.is_finite() && *d > 0.0);
                if let Some(new) = new {
                    self.set_difficulty(conn, new);
                }
            }
            Some("mining.notify") => self.notify(now, conn, params),
            _ => {}
        }
    }

    pub(crate) fn set_difficulty(&mut self, conn: ConnId, new: f64) {
        if let Some((_, held)) = self.difficulty.iter_mut().find(|(c, _)| *c == conn) {
            *held = new;
        }
    }

    /// That holds for jobs which begin now.
    pub(crate) fn difficulty(&self, conn: ConnId) -> f64 {
        let held = self.difficulty.iter().find(|(c, _)| *c == conn);
        held.map_or(1.0, |(_, difficulty)| *difficulty)
    }

    fn notify(&mut self, now: Instant, conn: ConnId, params: &Value) {
        let (Some(id), Some(prev_hash)) = (params[0].as_str(), params[1].as_str()) else {
            return;
        };
        let clean = params[8].as_bool().unwrap_or(false);
        for job in self
            .jobs
            .iter_mut()
            .filter(|j| j.conn == conn && j.voided.is_none())
        {
            if clean || job.prev_hash != prev_hash {
                job.voided = Some(now);
            }
        }
        let difficulty = self.difficulty(conn);
        self.jobs.push(DeliveredJob {
            conn,
            id: id.to_owned(),
            prev_hash: prev_hash.to_owned(),
            difficulty,
            at: now,
            voided: None,
        });
    }
}
