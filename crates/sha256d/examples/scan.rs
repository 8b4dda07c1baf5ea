//! Scans a number of nonces, and no more: what `scripts/count-instructions` counts.
//!
//!     scan IMPLEMENTATION NONCES
//!
//! Exit status 2: no such implementation, or not on this processor.

use std::process::ExitCode;

use sha256d::{Hasher, Implementation, Scan, Target};

/// A header's midstate and tail: any would do, since no nonce is good enough.
const MIDSTATE: [u32; 8] = [
    0xbc90_9a33,
    0x6358_bff0,
    0x90cc_ac7d,
    0x1e59_caa8,
    0xc3c8_d8e9,
    0x4f01_03c8,
    0x96b1_8736,
    0x4719_f91b,
];
const TAIL: [u8; 12] = *b"\x4b\x1e\x5e\x4a\x29\xab\x5f\x49\xff\xff\x00\x1d";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let hasher = arguments
        .next()
        .and_then(|name| Implementation::named(&name))
        .and_then(Hasher::forced);
    let nonces = arguments.next().and_then(|text| text.parse().ok());
    let (Some(hasher), Some(nonces)) = (hasher, nonces) else {
        let here: Vec<&str> = Implementation::ALL
            .into_iter()
            .filter(|implementation| implementation.is_available())
            .map(Implementation::name)
            .collect();
        eprintln!(
            "usage: scan IMPLEMENTATION NONCES; implementations here: {}",
            here.join(", ")
        );
        return ExitCode::from(2);
    };
    let midstate = core::hint::black_box(MIDSTATE);
    let scan = Scan::by(hasher, &midstate, &TAIL, Target::zero_bits(256));
    match scan.range(0..nonces) {
        None => ExitCode::SUCCESS,
        Some(nonce) => {
            eprintln!("scan: nonce {nonce} gives a hash of zero, which cannot be");
            ExitCode::FAILURE
        }
    }
}
