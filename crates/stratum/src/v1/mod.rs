//! Stratum V1: one line of JSON for each message.

mod answer;
mod calls;
mod handshake;
mod lines;
mod notify;
mod params;
pub(crate) mod render;
pub(crate) mod resume;
pub(crate) mod session;
pub(crate) mod submits;
mod wire;
