#![no_main]
#![allow(dead_code, reason = "the command line uses what fuzzing does not")]

#[path = "../../../crates/stannary/src/cli/decode/entries.rs"]
mod entries;
#[path = "../../../crates/stannary/src/cli/decode/frames/mod.rs"]
mod frames;
#[path = "../../../crates/stannary/src/hex.rs"]
mod hex;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    entries::decode(bytes);
});
