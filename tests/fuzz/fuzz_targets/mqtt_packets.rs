#![no_main]

use libfuzzer_sys::fuzz_target;
use packet::{Decoder, PACKET_MAX, Said};

// As its own: with the rest of its crate would come a web server.
#[allow(dead_code)]
#[path = "../../../crates/api/src/mqtt/packet.rs"]
mod packet;

/// What is read, given in pieces of this size, until the end or what is no MQTT.
fn read(data: &[u8], piece: usize) -> (Vec<Said>, bool) {
    let (mut decoder, mut all) = (Decoder::default(), Vec::new());
    for bytes in data.chunks(piece) {
        decoder.give(bytes);
        loop {
            match decoder.next() {
                Err(_) => return (all, false),
                Ok(None) => break,
                Ok(Some(said)) => all.push(said),
            }
        }
    }
    (all, true)
}

fuzz_target!(|data: &[u8]| {
    let Some((piece, data)) = data.split_first() else {
        return;
    };
    // However it is cut, it says the same.
    let (whole, cut) = (read(data, usize::MAX), read(data, usize::from(*piece).max(1)));
    assert_eq!(whole, cut);
    for said in whole.0 {
        if let Said::Message { topic, payload, .. } = said {
            assert!(!topic.is_empty() && topic.len() + payload.len() <= PACKET_MAX);
        }
    }
});
