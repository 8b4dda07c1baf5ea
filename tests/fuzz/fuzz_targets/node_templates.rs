#![no_main]

#[path = "../../../crates/stratum/tests/entries/node.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    entries::templates(bytes);
});
