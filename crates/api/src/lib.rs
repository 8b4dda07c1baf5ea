//! What the miner shows and takes over HTTP: REST, metrics and a status page.
//!
//! Terms: what is *published* is one immutable snapshot and a bounded log
//! ([`Published`]); a *listener* is a TCP address or the local socket. Everything here
//! reads what was published (now, as a stream, or as a history) or hands one [`Command`](telemetry::Command) or [`PoolOrder`] to whoever
//! started the server; nothing here knows what an engine, a driver or a pool is.
//!
//! Invariants: a request cannot change anything but through a command, or who may do what; nothing
//! is answered before [`admit`](admit::admit) has said that it may be (record 0029); a TCP listener
//! answers only under names of this machine (a page from elsewhere that rebinds its name
//! gets nothing); connections, request sizes and idle times are bounded.

// What tests share names this crate as they do.
#[cfg(test)]
extern crate self as api;

mod access;
mod admit;
mod answers;
mod built_page;
mod dns;
mod gate;
mod guard;
mod history;
mod legacy;
mod live;
mod machine;
mod mdns;
mod metrics;
mod mqtt;
mod network_route;
mod owner;
mod owner_answers;
mod owner_legacy;
mod page;
mod places;
mod pool_test;
mod pools;
mod published;
mod refusal;
mod routes;
mod seats;
mod secure;
mod secure_route;
mod server;
mod settings;
mod shown;

pub use access::{Change, Kept, Scope};
pub use built_page::PageFile;
pub use dns::DnsReader;
pub use gate::{Around, Gate, Keep, Random};
pub use legacy::{
    Allowed, CheckPool, Credential, Host, LOGIN_CHANCE, Legacy, Permission, Restart, login_password,
};
pub use machine::{MakeArchive, Seen};
pub use mdns::{MDNS_PORT, MdnsNetwork, MdnsPacket, MdnsResponder, MdnsService};
pub use mqtt::{
    MQTT_TOPIC_MAX, MqttEnd, MqttOptions, MqttOrder, MqttOrders, MqttRefused, MqttSession,
    is_mqtt_client_id, is_mqtt_topic,
};
pub use pool_test::{Reached, Tried, TryPool};
pub use pools::{PoolOrder, PoolOrders, PoolRefused, Quota};
pub use published::Published;
pub use secure::{Https, Identity};
pub use server::{Commands, Handle, Listen, ListenError, start, start_with_pools};

#[cfg(test)]
mod openapi_tests;
