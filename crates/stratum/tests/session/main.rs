//! Conversations with pools, scripted: what comes in, and everything that goes out.

mod endings;
mod handshake;
mod harness;
mod hostile;
mod jobs;
mod shares;
mod status;
