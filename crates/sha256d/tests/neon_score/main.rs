//! The order of the instructions in `src/arm/neon_scan.s` and `src/arm/neon_compress.s`, which
//! this program writes.
//!
//! Stable Rust has no NEON intrinsics for armv7, so this is a small compiler for two programs:
//! the arithmetic of SHA-256 is written down once as operations on values, in the order of
//! thought; a list scheduler takes from the next of them what need not wait, as long as the
//! sixteen registers last; and registers are given out in that order.
//!
//! After a change, `STANNARY_BLESS=1 cargo test -p sha256d --test neon_score` writes the files
//! anew.

mod arithmetic;
mod order;
mod program;

use std::fmt::Write as _;

use arithmetic::{compress, scan};
use order::{lines, scheduled};
use program::Program;

/// Vector registers of armv7.
const REGISTERS: usize = 16;
/// Values that may live when an operation is drawn forward: the others need the rest.
const FORWARD_LIMIT: usize = 15;
/// How far ahead operations are looked for.
const WINDOW: usize = 40;
/// Instructions from one to another that needs its result, where that can be had (assumed: the
/// NEON unit of Cortex-A8 gives results after two to four).
const LATENCY: usize = 4;

/// What a function has around its instructions: registers that a caller keeps, and the loop.
fn function(program: &Program, begin: &[&str], end: &[&str]) -> String {
    let mut out = String::from(
        "@ Written by tests/neon_score, which says what this is. Not to be changed by hand.\n",
    );
    let order = scheduled(program);
    let body = lines(program, &order);
    let body = body.iter().map(String::as_str);
    for line in begin.iter().copied().chain(body).chain(end.iter().copied()) {
        let indent = if line.ends_with(':') { "" } else { "    " };
        writeln!(out, "{indent}{line}").expect("a string takes it");
    }
    out
}

const BEGIN: [&str; 3] = [".fpu neon", "push {r4-r6, lr}", "vpush {d8-d15}"];
const END: [&str; 2] = ["vpop {d8-d15}", "pop {r4-r6, pc}"];

fn check(name: &str, score: &str) {
    let path = format!("{}/src/arm/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("STANNARY_BLESS").is_some() {
        std::fs::write(&path, score).expect("the source folder can be written to");
    }
    let there = std::fs::read_to_string(&path).expect("the file is in the repository");
    assert!(
        there == score,
        "run with STANNARY_BLESS=1 to write src/arm/{name} anew"
    );
}

#[test]
fn scan_is_what_the_score_says() {
    let [fpu, push, vpush] = BEGIN;
    let [vpop, pop] = END;
    let score = function(
        &scan(),
        &[fpu, push, vpush, "2:"],
        &[
            "orrs r4, r4, r5",
            "bne 3f",
            "subs r2, r2, #1",
            "bne 2b",
            "3:",
            "mov r0, r2",
            vpop,
            pop,
        ],
    );
    check("neon_scan.s", &score);
}

#[test]
fn compress_is_what_the_score_says() {
    check("neon_compress.s", &function(&compress(), &BEGIN, &END));
}
