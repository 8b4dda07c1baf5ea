//! The SHA extensions: four rounds in two instructions.
//!
//! `sha256rnds2` takes four cycles and one can begin in every cycle (Zen 3), so a single hash
//! leaves three of four cycles empty. Where there are several hashes to compute, four of them
//! are played together by assembly (`scan`, `batch`). What the processor finds to do during a
//! lone one (`one`) lies outside of it: its instructions are few, and ordered so that the
//! processor sees past them early.

mod batch;
mod one;
mod scan;
mod tables;

pub(crate) use batch::{midstates, verify, verify_headers};
pub(crate) use one::{compress, finish, verify_one};
pub(crate) use scan::scan;
