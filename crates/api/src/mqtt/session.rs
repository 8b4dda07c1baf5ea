//! One connection's life: connect, tell, hear.

use std::sync::Arc;

use telemetry::{Code, Snapshot};
use units::{Duration, Instant};

use super::discovery::Shape;
use super::orders::{self, MqttOrder, MqttRefused};
use super::packet::{self, Connect, Decoder, KEEP_ALIVE_S, Said};
use super::state::{self, Standing};
use super::{MqttOptions, OFFLINE, ONLINE};

/// For the broker to take a connection. Policy: as long as a pool's handshake.
const ACCEPT: Duration = Duration::from_secs(10);
/// Between pings: two of them fit the time after which a broker takes us for dead.
const PING: Duration = Duration::from_secs(KEEP_ALIVE_S as u64 / 2);
/// A broker that says nothing for so long has missed two pings.
const SILENCE: Duration = Duration::from_secs(75);
/// States follow each other no faster, whatever happens. Policy: a person's eye, a broker's disk.
const LEAST: Duration = Duration::from_secs(1);
/// Orders in a window. Policy: more than a person presses, and a rule of a home that runs wild
/// neither fills the list of changes nor wears the flash.
const ORDERS_MAX: u32 = 10;
const ORDERS_WINDOW: Duration = Duration::from_secs(10);

/// Why a connection ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MqttEnd {
    /// The stable code.
    pub code: Code,
    /// In words.
    pub detail: String,
}

fn end(code: Code, detail: impl Into<String>) -> MqttEnd {
    let detail = detail.into();
    MqttEnd { code, detail }
}

/// A session over one connection, without I/O: bytes come in by [`receive`](MqttSession::receive) and go
/// out by [`take_out`](MqttSession::take_out).
pub struct MqttSession {
    options: Arc<MqttOptions>,
    decoder: Decoder,
    out: Vec<u8>,
    begun: Instant,
    /// The broker took the connection.
    accepted: bool,
    heard: Instant,
    pinged: Instant,
    told: Option<Told>,
    orders: Vec<MqttOrder>,
    window: Instant,
    in_window: u32,
    /// The broker does not let us hear orders.
    deaf: bool,
}

/// What the broker was told last.
struct Told {
    at: Instant,
    shape: Shape,
    standing: Standing,
}

impl MqttSession {
    /// Begin over a connection that stands.
    pub fn begin(options: Arc<MqttOptions>, now: Instant) -> Self {
        let mut out = Vec::new();
        Connect {
            client_id: &options.client_id,
            user: options.user.as_deref(),
            password: options.password.as_deref(),
            will: (&options.availability(), OFFLINE),
        }
        .encode(&mut out);
        MqttSession {
            options,
            decoder: Decoder::default(),
            out,
            begun: now,
            accepted: false,
            heard: now,
            pinged: now,
            told: None,
            orders: Vec::new(),
            window: now,
            in_window: 0,
            deaf: false,
        }
    }

    /// The broker took the connection.
    pub fn accepted(&self) -> bool {
        self.accepted
    }

    /// The broker does not let us hear orders, which the owner allowed.
    pub fn deaf(&self) -> bool {
        self.deaf
    }

    /// Bytes came. What they bring is looked at, packet by packet, and not kept.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<(), MqttEnd> {
        self.decoder.give(bytes);
        loop {
            let said = self.decoder.next();
            match said.map_err(|why| end(Code::MqttProtocol, why))? {
                None => return Ok(()),
                Some(said) => self.hear(now, said)?,
            }
        }
    }

    fn hear(&mut self, now: Instant, said: Said) -> Result<(), MqttEnd> {
        self.heard = now;
        match (said, self.accepted) {
            (Said::Connected(answer), false) => {
                answer.map_err(refusal)?;
                self.accepted = true;
                if self.options.commands {
                    packet::subscribe(&mut self.out, &self.options.set("+"));
                }
            }
            (Said::Subscribed(granted), true) => self.deaf = !granted,
            (Said::Pong, true) => {}
            (
                Said::Message {
                    topic,
                    payload,
                    retained,
                },
                true,
            ) => self.message(now, &topic, &payload, retained),
            (Said::TooLong, true) => {}
            (_, accepted) => {
                let when = if accepted { "twice" } else { "too early" };
                let detail = format!("the broker said something {when}");
                return Err(end(Code::MqttProtocol, detail));
            }
        }
        Ok(())
    }

    /// What lay at the broker was meant for another time, and what was not asked for is nothing.
    fn message(&mut self, now: Instant, topic: &str, payload: &[u8], retained: bool) {
        if !self.options.commands || retained {
            return;
        }
        let below = self.options.set("");
        let Some(what) = topic.strip_prefix(&below) else {
            return;
        };
        if now.since(self.window) >= ORDERS_WINDOW {
            (self.window, self.in_window) = (now, 0);
        }
        self.in_window = self.in_window.saturating_add(1);
        if self.in_window <= ORDERS_MAX {
            self.orders.push(orders::read(what, payload));
        }
    }

    /// The next order that was heard.
    pub fn next_order(&mut self) -> Option<MqttOrder> {
        (!self.orders.is_empty()).then(|| self.orders.remove(0))
    }

    /// Tell whoever ordered it why it was not followed.
    pub fn refuse(&mut self, refused: &MqttRefused) {
        let payload = refused.payload().to_string();
        let topic = self.options.refused();
        packet::publish(&mut self.out, &topic, payload.as_bytes(), false);
    }

    /// Time passed: ask whether the broker is there. An error is the end.
    pub fn wake(&mut self, now: Instant) -> Result<(), MqttEnd> {
        if !self.accepted && now.since(self.begun) >= ACCEPT {
            let detail = "whoever is there does not answer as a broker does";
            return Err(end(Code::MqttProtocol, detail));
        }
        if now.since(self.heard) >= SILENCE {
            return Err(end(Code::MqttClosed, "the broker does not answer any more"));
        }
        if self.accepted && now.since(self.pinged) >= PING {
            self.pinged = now;
            packet::ping(&mut self.out);
        }
        Ok(())
    }

    /// Look at the newest snapshot and tell what is due of it; `name` is what the machine is called.
    /// Nothing is told while something is still to be sent.
    pub fn look(&mut self, now: Instant, s: &Snapshot, name: &str) {
        if !self.accepted || !self.out.is_empty() {
            return;
        }
        let told = self.told.as_ref();
        if told.is_some_and(|told| now.since(told.at) < LEAST) {
            return;
        }
        let (shape, standing) = (Shape::of(s, name), Standing::of(s));
        let reshaped = told.is_none_or(|told| told.shape != shape);
        let changed = told.is_none_or(|told| told.standing != standing);
        let late = told.is_none_or(|told| now.since(told.at) >= self.options.interval);
        if !(reshaped || changed || late) {
            return;
        }
        let options = &self.options;
        let out = &mut self.out;
        if told.is_none() {
            packet::publish(out, &options.availability(), ONLINE.as_bytes(), true);
        }
        if reshaped {
            for config in shape.configs(options) {
                packet::publish(out, &config.topic, &config.payload, true);
            }
        }
        for (topic, value) in [
            (options.state(), state::state(s)),
            (options.faults(), state::faults(s)),
        ] {
            packet::publish(out, &topic, value.to_string().as_bytes(), true);
        }
        let at = now;
        self.told = Some(Told {
            at,
            shape,
            standing,
        });
    }

    /// What is to be sent.
    pub fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// End in an orderly way: the machine is not there any more, and the broker need not say it.
    pub fn close(&mut self) {
        if self.accepted {
            let topic = self.options.availability();
            packet::publish(&mut self.out, &topic, OFFLINE.as_bytes(), true);
        }
        packet::disconnect(&mut self.out);
    }
}

/// Section 3.2.2.3.
fn refusal(code: u8) -> MqttEnd {
    match code {
        1 => end(Code::MqttProtocol, "the broker does not speak MQTT 3.1.1"),
        2 => end(Code::MqttLogin, "the broker refuses the `client_id`"),
        3 => end(Code::MqttConnect, "the broker is not available"),
        4 => end(Code::MqttLogin, "the broker refuses user or password"),
        5 => end(Code::MqttLogin, "the broker does not let this user connect"),
        other => end(
            Code::MqttProtocol,
            format!("the broker refuses with the unknown code {other}"),
        ),
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
