//! What clients ask in V2, and what they are told.

use std::sync::Arc;

use units::{Difficulty, Instant};

use super::super::job::Job;
use super::super::ledger::{Record, Reply, Verdict};
use super::super::options::Users;
use super::super::submit::{Judgement, weigh};
use super::super::target::Target;
use super::super::wire::hex;
use super::super::{ConnId, Pool};
use super::wire::{Fields, Message, Writer};
use super::{Batch, Channel, V2Options};

/// Message types.
mod kind {
    pub(super) const SETUP: u8 = 0x00;
    pub(super) const SETUP_SUCCESS: u8 = 0x01;
    pub(super) const SETUP_ERROR: u8 = 0x02;
    pub(super) const RECONNECT: u8 = 0x04;
    pub(super) const OPEN_STANDARD: u8 = 0x10;
    pub(super) const OPEN_STANDARD_SUCCESS: u8 = 0x11;
    pub(super) const OPEN_ERROR: u8 = 0x12;
    pub(super) const OPEN_EXTENDED: u8 = 0x13;
    pub(super) const OPEN_EXTENDED_SUCCESS: u8 = 0x14;
    pub(super) const NEW_JOB: u8 = 0x15;
    pub(super) const UPDATE: u8 = 0x16;
    pub(super) const CLOSE: u8 = 0x18;
    pub(super) const SET_PREFIX: u8 = 0x19;
    pub(super) const SUBMIT_STANDARD: u8 = 0x1a;
    pub(super) const SUBMIT_EXTENDED: u8 = 0x1b;
    pub(super) const SUBMIT_SUCCESS: u8 = 0x1c;
    pub(super) const SUBMIT_ERROR: u8 = 0x1d;
    pub(super) const NEW_EXTENDED_JOB: u8 = 0x1f;
    pub(super) const NEW_PREV_HASH: u8 = 0x20;
    pub(super) const SET_TARGET: u8 = 0x21;
}

/// Longest prefix and extranonce together.
const EXTRANONCE_MAX: usize = 32;

/// A submit, as it came.
struct Submit {
    channel: u32,
    sequence: u32,
    job: u32,
    nonce: u32,
    ntime: u32,
    version: u32,
    extranonce: Vec<u8>,
}

impl Pool {
    pub(in crate::pool) fn v2_bytes(&mut self, now: Instant, id: ConnId, bytes: &[u8]) {
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        let Ok(messages) = conn.v2.frames.take(bytes) else {
            self.ledger.violation(now, id, "a frame above 4 KiB");
            return self.close(id);
        };
        for message in messages {
            if self.v2_message(now, id, &message).is_none() {
                let what = format!("message {:#04x} cannot be read", message.kind);
                self.ledger.violation(now, id, what);
                return self.close(id);
            }
        }
    }

    /// `None` if it is malformed.
    fn v2_message(&mut self, now: Instant, id: ConnId, message: &Message) -> Option<()> {
        let of_channel = matches!(
            message.kind,
            kind::UPDATE | kind::CLOSE | kind::SUBMIT_STANDARD | kind::SUBMIT_EXTENDED
        );
        if message.extension != if of_channel { 0x8000 } else { 0 } {
            return None;
        }
        let fields = &mut Fields(&message.payload);
        match message.kind {
            kind::SETUP => self.v2_setup(id, fields),
            kind::OPEN_STANDARD | kind::OPEN_EXTENDED => {
                self.v2_open(id, message.kind == kind::OPEN_EXTENDED, fields)
            }
            kind::UPDATE => self.v2_update(id, fields),
            kind::CLOSE => {
                fields.u32()?;
                fields.short()?;
                fields.end()?;
                self.close(id);
                Some(())
            }
            kind::SUBMIT_STANDARD | kind::SUBMIT_EXTENDED => {
                let extended = message.kind == kind::SUBMIT_EXTENDED;
                let submit = Submit {
                    channel: fields.u32()?,
                    sequence: fields.u32()?,
                    job: fields.u32()?,
                    nonce: fields.u32()?,
                    ntime: fields.u32()?,
                    version: fields.u32()?,
                    extranonce: match extended {
                        true => fields.short()?.to_vec(),
                        false => Vec::new(),
                    },
                };
                fields.end()?;
                self.v2_submit(now, id, extended, &submit);
                Some(())
            }
            _ => None,
        }
    }

    fn v2_setup(&mut self, id: ConnId, fields: &mut Fields<'_>) -> Option<()> {
        let protocol = fields.u8()?;
        let versions = fields.u16()?..=fields.u16()?;
        let flags = fields.u32()?;
        fields.short()?;
        fields.u16()?;
        for _ in 0..4 {
            fields.short()?;
        }
        fields.end()?;
        let conn = self.connections.get_mut(&id)?;
        if conn.v2.set_up {
            return None;
        }
        // Bits of the request: standard jobs, work selection, version rolling.
        let unsupported = flags & (0b10 | u32::from(self.options.version_mask.is_none()) << 2);
        let refusal = match () {
            () if protocol != 0 => Some("unsupported-protocol"),
            () if !versions.contains(&2) => Some("protocol-version-mismatch"),
            () if unsupported != 0 => Some("unsupported-feature-flags"),
            () => None,
        };
        if let Some(code) = refusal {
            let message = Writer::new(kind::SETUP_ERROR, false).u32(unsupported);
            self.send_bytes(id, message.short(code.as_bytes()).frame());
            self.close(id);
            return Some(());
        }
        conn.v2.set_up = true;
        let fixed_version = u32::from(self.options.version_mask.is_none());
        let message = Writer::new(kind::SETUP_SUCCESS, false).u16(2);
        self.send_bytes(id, message.u32(fixed_version).frame());
        Some(())
    }

    fn v2_open(&mut self, id: ConnId, extended: bool, fields: &mut Fields<'_>) -> Option<()> {
        let request = fields.u32()?;
        let user = fields.text()?;
        let hashrate = fields.f32()?;
        let _max_target = fields.bytes(32)?;
        let wanted = if extended { fields.u16()? } else { 0 };
        fields.end()?;
        let options = &self.options;
        let conn = self.connections.get_mut(&id)?;
        if !conn.v2.set_up || conn.v2.channel.is_some() {
            return None;
        }
        let known = match &options.users {
            Users::Anyone => true,
            // V2 has no passwords.
            Users::Listed(pairs) => pairs.iter().any(|(name, _)| *name == user),
        };
        let size = usize::from(wanted).max(usize::from(conn.extranonce2_size));
        let refusal = match () {
            () if !known => Some("unknown-user"),
            () if !(hashrate.is_finite() && hashrate > 0.0) => Some("invalid-nominal-hashrate"),
            () if extended && options.v2.refuse_extended => {
                Some("extended-channels-not-supported-for-standard-jobs")
            }
            () if extended && conn.extranonce1.len() + size > EXTRANONCE_MAX => {
                Some("min-extranonce-size-too-large")
            }
            () => None,
        };
        if let Some(code) = refusal {
            let message = Writer::new(kind::OPEN_ERROR, false).u32(request);
            self.send_bytes(id, message.short(code.as_bytes()).frame());
            return Some(());
        }
        conn.authorize(&user);
        conn.subscribed = true;
        conn.welcomed = true;
        conn.mask = options.version_mask;
        // At most 32, see above.
        conn.extranonce2_size = if extended { size as u8 } else { 0 };
        let channel = Channel {
            id: id.0.wrapping_mul(2).wrapping_add(1),
            group: id.0.wrapping_mul(2),
            extended,
        };
        conn.v2.channel = Some(channel);
        let target = wire_target(conn.difficulty, options);
        let kind = match extended {
            true => kind::OPEN_EXTENDED_SUCCESS,
            false => kind::OPEN_STANDARD_SUCCESS,
        };
        let mut message = Writer::new(kind, false)
            .u32(request)
            .u32(channel.id)
            .raw(&target);
        if extended {
            message = message.u16(size as u16);
        }
        let message = message.short(&conn.extranonce1).u32(channel.group);
        self.v2_told(id, hashrate);
        self.send_bytes(id, message.frame());
        self.send_current_job(id);
        Some(())
    }

    fn v2_update(&mut self, id: ConnId, fields: &mut Fields<'_>) -> Option<()> {
        let channel = fields.u32()?;
        let hashrate = fields.f32()?;
        fields.bytes(32)?;
        fields.end()?;
        let conn = self.connections.get(&id)?;
        if conn.v2.channel?.id != channel {
            return None;
        }
        let target = wire_target(conn.difficulty, &self.options);
        self.v2_told(id, hashrate);
        let message = Writer::new(kind::SET_TARGET, true).u32(channel);
        self.send_bytes(id, message.raw(&target).frame());
        Some(())
    }

    /// What a client says that it computes stands in the ledger.
    fn v2_told(&mut self, conn: ConnId, hashrate: f32) {
        self.ledger.reply(Reply {
            conn,
            method: "nominal_hash_rate",
            result: hashrate.to_string(),
        });
    }

    fn v2_submit(&mut self, now: Instant, id: ConnId, extended: bool, submit: &Submit) {
        let ahead = self.options.ntime_ahead_s;
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        let known = conn.v2.channel;
        let refused = Judgement::refused;
        let sent = conn.jobs.iter().rev().find(|j| j.number == submit.job);
        let judgement = match (known, sent) {
            (Some(channel), _) if channel.id != submit.channel || channel.extended != extended => {
                refused(Verdict::NotSubscribed, "invalid-channel-id")
            }
            (None, _) => refused(Verdict::NotSubscribed, "invalid-channel-id"),
            (Some(_), None) => refused(Verdict::Stale, "invalid-job-id"),
            (Some(_), Some(sent)) => {
                let latest = sent.job.ntime.saturating_add(ahead);
                if submit.extranonce.len() != usize::from(sent.extranonce2_size) {
                    refused(Verdict::Other, "bad-extranonce-size")
                } else if !(sent.job.ntime..=latest).contains(&submit.ntime) {
                    refused(Verdict::Other, "invalid-share")
                } else if (submit.version ^ sent.job.version) & !sent.mask != 0 {
                    refused(Verdict::Other, "version-rolling-not-allowed")
                } else {
                    let index = conn.jobs.iter().rposition(|j| j.number == submit.job);
                    weigh(
                        conn,
                        index.unwrap_or(0),
                        &submit.extranonce,
                        submit.version,
                        submit.ntime,
                        submit.nonce,
                    )
                }
            }
        };
        let reason = match judgement.verdict {
            Verdict::Accepted => "",
            Verdict::Duplicate => "duplicate-share",
            Verdict::LowDifficulty => "difficulty-too-low",
            Verdict::Stale if judgement.hash.is_some() => "stale-share",
            _ => judgement.reason,
        };
        let bits = submit.version & self.options.version_mask.unwrap_or(0);
        let record = Record {
            at: now,
            conn: id,
            user: conn.users.first().cloned().unwrap_or_default(),
            job_id: submit.job.to_string(),
            extranonce2: hex(&submit.extranonce),
            ntime: Some(submit.ntime),
            nonce: Some(submit.nonce),
            version_bits: Some(bits),
            hash: judgement.hash,
            verdict: judgement.verdict,
            reason,
            answered: !conn.silent,
            is_block: judgement.is_block,
        };
        if judgement.verdict == Verdict::Accepted {
            let batch = &mut conn.v2.batch;
            batch.last_sequence = submit.sequence;
            batch.count += 1;
            batch.sum += conn.difficulty.value().max(1.0) as u64;
            batch.began.get_or_insert(now);
        }
        let full = conn.v2.batch.count >= self.options.v2.batch.max(1);
        self.ledger.book(record, self.options.kept());
        if judgement.verdict != Verdict::Accepted {
            let message = Writer::new(kind::SUBMIT_ERROR, true)
                .u32(submit.channel)
                .u32(submit.sequence);
            self.send_bytes(id, message.short(reason.as_bytes()).frame());
        } else if full {
            self.v2_acknowledge(id);
        }
        if let Some(solution) = judgement.solution {
            self.solved(now, id, &solution, bits);
        }
    }

    /// Acknowledge the batch, full or not.
    fn v2_acknowledge(&mut self, id: ConnId) {
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        let (Some(channel), batch) = (conn.v2.channel, std::mem::take(&mut conn.v2.batch)) else {
            return;
        };
        let Batch {
            last_sequence,
            count,
            sum,
            ..
        } = batch;
        let message = Writer::new(kind::SUBMIT_SUCCESS, true).u32(channel.id);
        let message = message.u32(last_sequence).u32(count).u64(sum);
        self.send_bytes(id, message.frame());
    }

    /// Batches whose time has come.
    pub(in crate::pool) fn v2_flush(&mut self, now: Instant) {
        let options: &V2Options = &self.options.v2;
        let late = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let due: Vec<ConnId> = self
            .connections
            .values()
            .filter(|conn| late(conn.v2.flush_at(options)))
            .map(|conn| conn.id)
            .collect();
        for id in due {
            self.v2_acknowledge(id);
        }
    }

    /// A job: on the known block at once, or waiting for the block that follows at once.
    pub(in crate::pool) fn v2_job(&mut self, id: ConnId, job: &Arc<Job>, clean: bool) {
        let V2Options {
            to_group, decoys, ..
        } = self.options.v2;
        let rolling = self.options.version_mask.is_some();
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        let Some(channel) = conn.v2.channel else {
            return;
        };
        let to = if to_group { channel.group } else { channel.id };
        let first = conn.v2.job_ids.wrapping_add(1);
        let extra = if clean { decoys } else { 0 };
        // The job that runs is the last of those that wait.
        let own = first.wrapping_add(u32::from(extra));
        conn.v2.job_ids = own;
        if let Some(sent) = conn.jobs.back_mut() {
            sent.number = own;
        }
        let size = conn.extranonce1.len() + usize::from(conn.extranonce2_size);
        let (before, after) = job.coinbase.parts(size);
        let ntime = (!clean).then_some(job.ntime);
        let mut bytes = Vec::new();
        for number in first..=own {
            let body = if channel.extended || to_group {
                let mut body = Writer::new(kind::NEW_EXTENDED_JOB, true)
                    .u32(to)
                    .u32(number)
                    .maybe(ntime)
                    .u32(job.version)
                    .u8(u8::from(rolling))
                    .u8(job.branches.len().min(255) as u8);
                for branch in job.branches.iter().take(255) {
                    body = body.raw(branch);
                }
                body.long(&before).long(&after)
            } else {
                let coinbase = [&before[..], &conn.extranonce1, &after].concat();
                Writer::new(kind::NEW_JOB, true)
                    .u32(to)
                    .u32(number)
                    .maybe(ntime)
                    .u32(job.version)
                    .raw(&job.merkle_root(&coinbase))
            };
            bytes.extend(body.frame());
        }
        if clean {
            let block = Writer::new(kind::NEW_PREV_HASH, true)
                .u32(to)
                .u32(own)
                .raw(&job.prev_hash)
                .u32(job.ntime)
                .u32(job.nbits);
            bytes.extend(block.frame());
        }
        self.send_bytes(id, bytes);
    }

    /// The connection's difficulty as a target, for jobs that begin from now on.
    pub(in crate::pool) fn v2_target(&mut self, id: ConnId) {
        let Some(conn) = self.connections.get(&id) else {
            return;
        };
        let Some(channel) = conn.v2.channel else {
            return;
        };
        let target = wire_target(conn.difficulty, &self.options);
        let message = Writer::new(kind::SET_TARGET, true).u32(channel.id);
        self.send_bytes(id, message.raw(&target).frame());
    }

    /// The connection's new prefix, for jobs that come from now on.
    pub(in crate::pool) fn v2_prefix(&mut self, id: ConnId) {
        let Some(conn) = self.connections.get(&id) else {
            return;
        };
        let Some(channel) = conn.v2.channel else {
            return;
        };
        let message = Writer::new(kind::SET_PREFIX, true).u32(channel.id);
        let message = message.short(&conn.extranonce1);
        self.send_bytes(id, message.frame());
    }

    pub(in crate::pool) fn v2_reconnect(&mut self, id: ConnId, host: &str, port: u16) {
        let message = Writer::new(kind::RECONNECT, false).short(host.as_bytes());
        self.send_bytes(id, message.u16(port).frame());
    }
}

/// A target as the wire has it: the number little-endian, whatever difficulty one is.
fn wire_target(difficulty: Difficulty, options: &super::super::PoolOptions) -> [u8; 32] {
    let mut bytes = Target::from_difficulty(difficulty, options.difficulty_one).0;
    bytes.reverse();
    bytes
}
