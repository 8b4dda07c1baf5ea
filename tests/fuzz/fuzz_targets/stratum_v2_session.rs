#![no_main]

#[path = "../../../crates/stratum/tests/entries/mod.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    entries::session_v2(bytes);
});
