//! The hashing core beside the `sha2` crate, in the same run.

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Rounds per figure: about half a second each on a slow laptop core.
const ROUNDS: u32 = 200_000;

/// Hashes per second of each operation, and the ratio to `sha2` on a whole header.
pub(super) fn measure() -> Value {
    let mut header = [0x5a; 80];
    let first: &[u8; 64] = header[..64].try_into().unwrap_or(&[0; 64]);
    let midstate = sha256d::midstate(first);
    let mut tail = [0; 12];
    tail.copy_from_slice(&header[64..76]);

    let peer = per_second(|i| {
        header[76..80].copy_from_slice(&i.to_le_bytes());
        black_box(Sha256::digest(Sha256::digest(black_box(header))));
    });
    let whole = per_second(|i| {
        header[76..80].copy_from_slice(&i.to_le_bytes());
        black_box(sha256d::hash_header(black_box(&header)));
    });
    let finish = per_second(|i| {
        black_box(sha256d::finish(
            black_box(&midstate),
            &tail,
            i.to_le_bytes(),
        ));
    });
    let started = Instant::now();
    // No hash has 256 zero bits: the scan goes through every nonce.
    let scan = sha256d::Scan::new(&midstate, &tail, sha256d::Target::zero_bits(256));
    black_box(scan.range(0..ROUNDS));
    let scan = f64::from(ROUNDS) / started.elapsed().as_secs_f64();

    let figure =
        |rate: f64| json!({ "mhs": round(rate / 1e6), "ratio_to_sha2": round(rate / peer) });
    json!({
        "sha2_crate_header": { "mhs": round(peer / 1e6) },
        "header": figure(whole),
        "from_midstate": figure(finish),
        "scan": figure(scan),
    })
}

fn per_second(mut work: impl FnMut(u32)) -> f64 {
    let started = Instant::now();
    (0..ROUNDS).for_each(&mut work);
    f64::from(ROUNDS) / started.elapsed().as_secs_f64()
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
