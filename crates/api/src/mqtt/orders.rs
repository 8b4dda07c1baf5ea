//! A message as one of the orders that every interface gives.

use std::net::IpAddr;

use serde_json::{Value, json};
use telemetry::{Code, Intent, Order, Snapshot};

use crate::access::rules::{Asker, Door, Who};
use crate::gate::Gate;
use crate::published::Published;
use crate::server::Commands;

/// An order that somebody gave by way of the broker.
#[derive(Clone, PartialEq, Debug)]
pub struct MqttOrder {
    /// Its name, cut to what is ever shown.
    pub(super) what: String,
    pub(super) order: Result<Asked, &'static str>,
}

/// What is asked for; what it means may depend on what the machine does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Asked {
    /// Hash, or do not.
    Hashing(bool),
    Plain(Order),
}

/// Why an order was not followed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MqttRefused {
    /// What was ordered.
    pub what: String,
    /// The stable code.
    pub code: Code,
    /// In words.
    pub detail: String,
}

impl MqttRefused {
    pub(super) fn payload(&self) -> Value {
        json!({
            "order": self.what,
            "code": self.code,
            "detail": self.detail,
            "remedy": self.code.remedy(),
        })
    }
}

/// Longest name and value that are shown.
const SHOWN: usize = 40;

/// What a message under `set` orders.
pub(super) fn read(what: &str, payload: &[u8]) -> MqttOrder {
    let text = str::from_utf8(payload).unwrap_or("\u{fffd}").trim();
    let order = match (what, text) {
        ("hashing", "ON") => Ok(Asked::Hashing(true)),
        ("hashing", "OFF") => Ok(Asked::Hashing(false)),
        ("hashing", _) => Err("`hashing` takes `ON` or `OFF`"),
        ("locate", "PRESS" | "ON") => Ok(Asked::Plain(Order::Locate { on: true })),
        ("locate", "OFF") => Ok(Asked::Plain(Order::Locate { on: false })),
        ("locate", _) => Err("`locate` takes `PRESS` or `OFF`"),
        ("power_ceiling", "default") => Ok(Asked::Plain(Order::PowerCeiling { power_w: None })),
        ("power_ceiling", text) => match text.parse::<f64>().ok().filter(|w| w.is_finite()) {
            Some(power_w) => Ok(Asked::Plain(Order::PowerCeiling {
                power_w: Some(power_w),
            })),
            None => Err("`power_ceiling` takes watts, or `default`"),
        },
        _ => Err("known orders are `hashing`, `locate` and `power_ceiling`"),
    };
    MqttOrder {
        what: what.chars().take(SHOWN).collect(),
        order,
    }
}

/// Where orders go.
#[derive(Clone)]
pub struct MqttOrders {
    published: Published,
    gate: Gate,
    commands: Commands,
}

impl MqttOrders {
    /// To the miner behind these.
    pub fn new(published: Published, gate: Gate, commands: Commands) -> Self {
        MqttOrders {
            published,
            gate,
            commands,
        }
    }

    /// Give an order that came from the broker at this address, within the machine's limits; what
    /// was taken stands in the list of changes.
    pub fn give(&self, order: MqttOrder, broker: IpAddr) -> Result<(), MqttRefused> {
        let what = order.what;
        let refused = |code, detail| MqttRefused {
            what: what.clone(),
            code,
            detail,
        };
        let asked = order
            .order
            .map_err(|why| refused(Code::MqttMessage, why.to_owned()))?;
        let now = self.published.snapshot();
        let order = meant(asked, &now);
        let command = order
            .check(now.settings.as_ref())
            .map_err(|why| refused(why.code(), why.to_string()))?;
        let before = crate::routes::before(command, &now);
        if !(self.commands)(command) {
            let detail = "the miner did not take the command".to_owned();
            return Err(refused(Code::ApiBusy, detail));
        }
        let asker = Asker {
            door: Door::Network { own_twin: false },
            who: Who::Broker,
            address: Some(broker),
        };
        let after = Some(json!(command).to_string());
        self.gate.core().told(&asker, "command", before, after);
        Ok(())
    }
}

/// A machine that sleeps is woken, one that is paused resumes.
fn meant(asked: Asked, s: &Snapshot) -> Order {
    let intent = s.settings.as_ref().map(|settings| settings.intent);
    match (asked, intent) {
        (Asked::Plain(order), _) => order,
        (Asked::Hashing(true), Some(Intent::Sleep)) => Order::Wake {},
        (Asked::Hashing(true), _) => Order::Resume {},
        (Asked::Hashing(false), _) => Order::Pause {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(what: &str, payload: &[u8], expected: Option<Asked>) {
        let read = read(what, payload);
        assert_eq!(read.order.ok(), expected, "{what} {payload:?}");
    }

    #[test]
    fn messages_are_orders_or_say_what_is() {
        let ceiling = |power_w| Some(Asked::Plain(Order::PowerCeiling { power_w }));
        let locate = |on| Some(Asked::Plain(Order::Locate { on }));
        check("hashing", b"ON", Some(Asked::Hashing(true)));
        check("hashing", b" OFF\n", Some(Asked::Hashing(false)));
        check("locate", b"PRESS", locate(true));
        check("locate", b"OFF", locate(false));
        check("power_ceiling", b"3000", ceiling(Some(3000.0)));
        check("power_ceiling", b"3000.5", ceiling(Some(3000.5)));
        check("power_ceiling", b"-1", ceiling(Some(-1.0)));
        check("power_ceiling", b"default", ceiling(None));
        for (what, payload) in [
            ("hashing", &b"on"[..]),
            ("hashing", b""),
            ("hashing", b"\xff\xfe"),
            ("power_ceiling", b"NaN"),
            ("power_ceiling", b"inf"),
            ("power_ceiling", b"1e999"),
            ("power_ceiling", b""),
            ("power_ceiling", b"null"),
            ("reboot", b"PRESS"),
            ("", b""),
        ] {
            check(what, payload, None);
        }
        assert_eq!(read(&"x".repeat(3000), b"").what.len(), SHOWN);
    }
}
