//! The SHA extensions: four rounds in two instructions.
//!
//! `sha256rnds2` takes four cycles and one can begin in every cycle (Zen 3), so a single hash
//! leaves three of four cycles empty. Where there are several hashes to compute, four of them
//! are played together by assembly (`scan`, `batch`); a lone one is left to the compiler
//! (`one`), and what the processor finds to do meanwhile lies outside of it.

mod batch;
mod one;
mod scan;
mod tables;

pub(crate) use batch::{midstates, verify, verify_headers};
pub(crate) use one::{compress, finish, verify_one};
pub(crate) use scan::scan;
