#![no_main]

#[path = "../../../crates/protocol/tests/entries/mod.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    entries::spi(bytes);
});
