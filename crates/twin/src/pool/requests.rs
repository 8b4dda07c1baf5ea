//! What clients ask, and the answers.

use serde_json::{Map, Value, json};
use units::{Difficulty, Instant};

use super::ledger::{Record, Reply};
use super::options::{ConfigureForm, Protocol, UnknownMethod, Users};
use super::submit::{Submit, judge};
use super::wire::{self, hex, unhex_u32};
use super::{ConnId, Pool, note};

/// Longest text of a client's that the ledger keeps.
const TEXT_MAX: usize = 128;

impl Pool {
    /// One line of a client. Nonsense closes the connection without a word, as most pools
    /// do.
    pub(super) fn line(&mut self, now: Instant, id: ConnId, line: &[u8]) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let message = serde_json::from_slice(line).unwrap_or(Value::Null);
        if !message.is_object() {
            self.ledger
                .violation(now, id, "a line that is no JSON object");
            self.close(id);
            return;
        }
        match message["method"].as_str() {
            Some(method) => {
                if message["id"].is_null() {
                    self.ledger
                        .violation(now, id, format!("`{}` without an id", cut(method)));
                }
                let (request, params) = (&message["id"], &message["params"]);
                self.request(now, id, method, request, params);
            }
            None => self.reply(now, id, &message),
        }
    }

    fn request(&mut self, now: Instant, id: ConnId, method: &str, request: &Value, params: &Value) {
        match method {
            "mining.configure" => self.configure(id, request, params),
            "mining.subscribe" => self.subscribe(id, request),
            "mining.authorize" => self.authorize(id, request, params),
            "mining.extranonce.subscribe" => {
                let refuse = self.options.behaviour.dialect.refuse_extranonce_subscribe;
                let result = if refuse {
                    Err((20, "Not supported"))
                } else {
                    Ok(json!(true))
                };
                self.answer(id, request, result);
            }
            "mining.suggest_difficulty" => {
                self.answer(id, request, Ok(json!(true)));
                let wanted = params
                    .get(0)
                    .and_then(Value::as_f64)
                    .and_then(Difficulty::new);
                if let (Some(wanted), true) = (wanted, self.options.obey_suggestions) {
                    self.set_difficulty(id, wanted);
                }
            }
            "mining.suggest_target" => self.answer(id, request, Ok(json!(true))),
            "mining.ping" => self.answer(id, request, Ok(json!("pong"))),
            "mining.submit" => self.submit(now, id, request, params),
            other => {
                self.ledger
                    .violation(now, id, format!("unknown method `{}`", cut(other)));
                match self.options.behaviour.dialect.unknown_method {
                    UnknownMethod::Silent => {}
                    UnknownMethod::Error => {
                        self.answer(id, request, Err((-3, "Method not found")));
                    }
                    UnknownMethod::Closes => self.close(id),
                }
            }
        }
    }

    fn reply(&mut self, now: Instant, id: ConnId, message: &Value) {
        let conn = self.connections.get_mut(&id);
        let asked = message["id"].as_u64().and_then(|n| conn?.answered(n));
        match asked {
            Some(method) => self.ledger.reply(Reply {
                conn: id,
                method,
                result: cut(&message["result"].to_string()),
            }),
            None => self.ledger.violation(now, id, "an answer to nothing"),
        }
    }

    fn answer(&mut self, id: ConnId, request: &Value, result: Result<Value, (i64, &str)>) {
        let line = wire::answer(&self.options.behaviour.dialect, request, result);
        self.send(id, &line);
    }

    fn configure(&mut self, id: ConnId, request: &Value, params: &Value) {
        match self.options.behaviour.dialect.configure {
            ConfigureForm::Silent => return,
            ConfigureForm::Closes => return self.close(id),
            ConfigureForm::Error => {
                return self.answer(id, request, Err((20, "Not supported")));
            }
            ConfigureForm::False => return self.answer(id, request, Ok(json!(false))),
            ConfigureForm::Answered => {}
        }
        let names = params.get(0).and_then(Value::as_array);
        let empty = Value::Null;
        let details = params.get(1).unwrap_or(&empty);
        let mut granted = Map::new();
        for name in names
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .take(16)
        {
            let answer = match name {
                "version-rolling" => self.grant_rolling(id, details, &mut granted),
                "minimum-difficulty" => self.grant_minimum(id, details),
                "subscribe-extranonce" | "info" => json!(true),
                _ => json!(false),
            };
            granted.insert(cut(name), answer);
        }
        self.answer(id, request, Ok(Value::Object(granted)));
    }

    fn grant_rolling(
        &mut self,
        id: ConnId,
        details: &Value,
        granted: &mut Map<String, Value>,
    ) -> Value {
        let Some(own) = self.options.version_mask else {
            return json!(false);
        };
        let asked = details.get("version-rolling.mask").and_then(Value::as_str);
        let Some(asked) = asked.map_or(Some(u32::MAX), unhex_u32) else {
            return json!("version-rolling.mask is not eight hex digits");
        };
        let mask = own & asked;
        if let Some(conn) = self.connections.get_mut(&id) {
            conn.mask = Some(mask);
        }
        granted.insert("version-rolling.mask".into(), json!(format!("{mask:08x}")));
        json!(true)
    }

    fn grant_minimum(&mut self, id: ConnId, details: &Value) -> Value {
        let value = details.get("minimum-difficulty.value");
        let Some(value) = value.and_then(Value::as_f64).and_then(Difficulty::new) else {
            return json!("minimum-difficulty.value is not a positive number");
        };
        let conn = self.connections.get_mut(&id);
        match conn.filter(|conn| conn.difficulty < value) {
            Some(conn) if self.options.obey_suggestions => conn.difficulty = value,
            _ => {}
        }
        json!(true)
    }

    fn subscribe(&mut self, id: ConnId, request: &Value) {
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        conn.subscribed = true;
        let session = format!("{:08x}", id.0);
        let subscriptions = json!([
            ["mining.set_difficulty", session],
            ["mining.notify", session]
        ]);
        let extranonce1 = hex(&conn.extranonce1);
        let result = json!([subscriptions, extranonce1, conn.extranonce2_size]);
        self.answer(id, request, Ok(result));
        self.welcome(id);
    }

    fn authorize(&mut self, id: ConnId, request: &Value, params: &Value) {
        let text = |i: usize| params.get(i).and_then(Value::as_str);
        let user = text(0).filter(|user| user.len() <= TEXT_MAX);
        let allowed = user.filter(|user| match &self.options.users {
            Users::Anyone => true,
            Users::Listed(pairs) => {
                let password = text(1).unwrap_or_default();
                pairs.iter().any(|(u, p)| u == user && p == password)
            }
        });
        let conn = self.connections.get_mut(&id);
        let taken = match (allowed, conn) {
            (Some(user), Some(conn)) => conn.authorize(user),
            _ => false,
        };
        if taken {
            self.answer(id, request, Ok(json!(true)));
            self.welcome(id);
        } else {
            self.answer(id, request, Err((24, "Unauthorized worker")));
        }
    }

    /// The first difficulty and job, once: to whom has subscribed and authorized, or in
    /// some dialects only subscribed.
    fn welcome(&mut self, id: ConnId) {
        let early = self.options.behaviour.dialect.early_notify;
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        let ready = conn.subscribed && (early || !conn.users.is_empty());
        if ready && !conn.welcomed {
            conn.welcomed = true;
            let difficulty = conn.difficulty;
            self.set_difficulty(id, difficulty);
            self.send_current_job(id);
        }
    }

    fn submit(&mut self, now: Instant, id: ConnId, request: &Value, params: &Value) {
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        let submit = Submit::parse(params);
        let judgement = judge(conn, &submit, self.options.ntime_ahead_s);
        let swallow = self.options.behaviour.unanswered_submits;
        let swallowed = swallow > 0.0 && self.wire_rng.chance(swallow);
        let answered = !swallowed && !conn.silent;
        let record = Record {
            at: now,
            conn: id,
            user: cut(&submit.user),
            job_id: cut(&submit.job_id),
            extranonce2: cut(&submit.extranonce2),
            ntime: submit.ntime,
            nonce: submit.nonce,
            version_bits: submit.version_bits.flatten(),
            hash: judgement.hash,
            verdict: judgement.verdict,
            reason: judgement.reason,
            answered,
            is_block: judgement.is_block,
        };
        self.ledger.book(record, self.options.kept());
        if answered {
            let result = match judgement.verdict.code() {
                None => Ok(json!(true)),
                Some(code) => Err((code, judgement.reason)),
            };
            self.answer(id, request, result);
        }
        if let Some(solution) = judgement.solution {
            let bits = submit.version_bits.flatten().unwrap_or(0);
            self.solved(now, id, &solution, bits);
        }
    }

    /// A new extranonce1 for the jobs that follow.
    pub(super) fn set_extranonce(&mut self, id: ConnId, extranonce2_size: u8) {
        let fresh = self.fresh_extranonce1();
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        conn.extranonce1 = fresh;
        if self.options.protocol == Protocol::V2 {
            // The size of a channel's own part never changes.
            return self.v2_prefix(id);
        }
        conn.extranonce2_size = extranonce2_size.min(16);
        let params = json!([hex(&conn.extranonce1), conn.extranonce2_size]);
        self.send(id, &note("mining.set_extranonce", params));
    }

    /// A new mask, and a clean job right after it: the BIP has the mask hold at once but
    /// leaves open how the bits of a running job are then read, so no job runs across the
    /// change.
    pub(super) fn set_version_mask(&mut self, now: Instant, id: ConnId, mask: u32) {
        let Some(conn) = self.connections.get_mut(&id) else {
            return;
        };
        conn.mask = Some(mask);
        let (has_jobs, welcomed) = (!conn.jobs.is_empty(), conn.welcomed);
        let params = json!([format!("{mask:08x}")]);
        self.send(id, &note("mining.set_version_mask", params));
        if has_jobs && welcomed {
            self.replace_job(now, id);
        }
    }
}

/// A text of a client's, bounded.
fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}
