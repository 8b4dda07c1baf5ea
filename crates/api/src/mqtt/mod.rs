//! The machine at its owner's MQTT broker: topics, payloads, Home Assistant's discovery and the
//! session, without I/O or clock. Whoever has the socket carries the bytes.
//!
//! Terms: the *topic* of a machine is the one under which all of its own lie; an *order* is a message under
//! its `set`; a *look* is one snapshot that is told as far as something is due.
//!
//! Invariants: nothing is queued: what is told is made from the newest snapshot when it is due, and one look's
//! worth is the most that waits for the wire; a broker's packets are bounded and so are orders in a time;
//! an order is heard only where the owner allowed it, never one that lay at the broker, and goes the way
//! of every other order, with the same limits and list of changes; no secret is in any payload.
//!
//! Not known here: sockets, TLS, when to come back after a connection was lost.

mod discovery;
mod orders;
mod packet;
mod session;
mod state;

pub use orders::{MqttOrder, MqttOrders, MqttRefused};
pub use session::{MqttEnd, MqttSession};

use std::fmt;

use units::Duration;

/// How the machine stands at a broker.
#[derive(Clone, PartialEq, Eq)]
pub struct MqttOptions {
    /// Names the machine at the broker and in whatever is discovered: it has to stay the same.
    pub client_id: String,
    /// Login.
    pub user: Option<String>,
    /// Its password, which is sent and never shown.
    pub password: Option<String>,
    /// Everything of this machine is under it.
    pub topic: String,
    /// Where Home Assistant looks for what there is; `None`: nothing is told there.
    pub discovery_prefix: Option<String>,
    /// Orders are heard.
    pub commands: bool,
    /// Between two states, unless something happens.
    pub interval: Duration,
}

impl fmt::Debug for MqttOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("MqttOptions");
        shown
            .field("client_id", &self.client_id)
            .field("topic", &self.topic)
            .field("commands", &self.commands);
        shown.finish_non_exhaustive()
    }
}

impl MqttOptions {
    fn availability(&self) -> String {
        format!("{}/availability", self.topic)
    }

    fn state(&self) -> String {
        format!("{}/state", self.topic)
    }

    fn faults(&self) -> String {
        format!("{}/faults", self.topic)
    }

    /// Where an order of this name is heard.
    fn set(&self, what: &str) -> String {
        format!("{}/set/{what}", self.topic)
    }

    /// Where is told why an order was not followed.
    fn refused(&self) -> String {
        format!("{}/refused", self.topic)
    }
}

/// Payloads of the topic of availability.
const ONLINE: &str = "online";
const OFFLINE: &str = "offline";

/// Whether something can be a topic, or the beginning of one: a broker that is told another one
/// closes the connection.
pub fn is_mqtt_topic(text: &str) -> bool {
    let fits = (1..=MQTT_TOPIC_MAX).contains(&text.len());
    let levels = text.split('/').all(|level| !level.is_empty());
    // Those that begin with it are the broker's own.
    let own = text.starts_with('$');
    fits && levels && !own && !text.contains(['+', '#']) && !text.contains(char::is_control)
}

/// Longest topic under which a machine may lie, in bytes.
pub const MQTT_TOPIC_MAX: usize = 200;

/// Whether something can name a machine at a broker and be a part of Home Assistant's topics.
pub fn is_mqtt_client_id(text: &str) -> bool {
    let sign = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=64).contains(&text.len()) && text.bytes().all(sign)
}
