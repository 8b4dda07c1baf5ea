#![no_main]

#[path = "../../../crates/drivers/tests/parts/entries.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    entries::parts(bytes);
});
