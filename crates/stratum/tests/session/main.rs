//! Conversations with pools, scripted: what comes in, and everything that goes out.

mod blocks;
mod endings;
#[path = "../entries/mod.rs"]
mod entries;
mod handshake;
mod harness;
mod hostile;
mod jobs;
mod properties;
mod resumed;
mod shares;
mod status;
mod v2;
