//! Jobs and vectors for the tests of this crate.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use units::{Instant, JobKey, SessionId};
use work::{Job, Target};

/// A job with one byte of coinbase on either side, no branches and no version rolling.
pub(crate) fn job(serial: u32, extranonce2_size: u8, version_mask: u32) -> Job {
    Job {
        key: JobKey {
            session: SessionId(1),
            serial,
        },
        pool_job_id: Arc::from("job"),
        prev_hash: [7; 32],
        coinbase1: Arc::from([1u8]),
        coinbase2: Arc::from([2u8]),
        branches: Arc::from([]),
        extranonce1: Arc::from([9u8, 9, 9, 9]),
        extranonce2_size,
        fixed_root: None,
        version: 0x2000_0000,
        version_mask,
        nbits: 0x1d00_ffff,
        ntime: 1_700_000_000,
        clean: false,
        share_target: Target::MAX,
        network_target: Target::from_zero_bits(256),
        takes_easy_blocks: false,
        received_at: Instant::ZERO,
    }
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
        .collect()
}

pub(crate) fn bytes<const N: usize>(vector: &Value, key: &str) -> [u8; N] {
    hex(text(vector, key)).try_into().expect("the right length")
}

pub(crate) fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key]
        .as_str()
        .unwrap_or_else(|| panic!("no text `{key}`"))
}

/// A number written as `0x…`.
pub(crate) fn number(vector: &Value, key: &str) -> u32 {
    let digits = text(vector, key).strip_prefix("0x").expect("0x");
    u32::from_str_radix(digits, 16).expect("a hexadecimal number")
}

pub(crate) fn vectors(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors/bm13xx")
        .join(name);
    let text = std::fs::read_to_string(&path).expect("the vector file is in the repository");
    let mut file: Value = serde_json::from_str(&text).expect("JSON");
    match file["vectors"].take() {
        Value::Array(list) => list,
        _ => panic!("{name} has no vectors"),
    }
}
