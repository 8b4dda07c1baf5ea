//! Stratum V2: conversations in frames.

mod channels;
mod endings;
mod harness;
mod hostile;
mod jobs;
mod properties;
mod shares;
