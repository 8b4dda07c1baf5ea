//! Scans a number of nonces, and no more: what `scripts/count-instructions` counts.
//!
//!     scan IMPLEMENTATION NONCES

use std::process::ExitCode;

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
    let implementation = arguments.next().unwrap_or_default();
    let nonces = arguments.next().and_then(|text| text.parse().ok());
    let (Some(nonces), "portable") = (nonces, implementation.as_str()) else {
        eprintln!("usage: scan IMPLEMENTATION NONCES; implementations here: portable");
        // A status of its own: not there, as opposed to broken.
        return ExitCode::from(2);
    };
    let midstate = core::hint::black_box(MIDSTATE);
    match sha256d::scan(&midstate, &TAIL, 0..nonces, 256) {
        None => ExitCode::SUCCESS,
        Some(nonce) => {
            eprintln!("scan: nonce {nonce} gives a hash of zero, which cannot be");
            ExitCode::FAILURE
        }
    }
}
