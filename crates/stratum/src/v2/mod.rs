//! Stratum V2, the mining protocol: binary frames, in plaintext here. What encrypts them is
//! the shell's (`Security::Noise`).
//!
//! Message types and their fields are the reference implementation's crates (`binary_sv2`,
//! `common_messages_sv2`, `mining_sv2`); frames, state and judgement are ours.

mod calls;
mod channel;
mod frames;
mod jobs;
pub(crate) mod session;
mod submits;
mod words;
