//! Published and captured values: FIPS 180-4 examples, and headers of the main chain.

use std::path::Path;

use serde_json::Value;
use sha256d::{Hasher, Implementation, Scan, Target};

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
        .collect()
}

fn vectors(name: &str) -> Vec<Value> {
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

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().expect("a text")
}

fn header(vector: &Value) -> [u8; 80] {
    hex(text(vector, "header80")).try_into().expect("80 bytes")
}

fn first64(header: &[u8; 80]) -> [u8; 64] {
    header[..64].try_into().expect("64 bytes")
}

/// A share as midstate, tail and nonce; three vectors have these and no header.
fn candidate(vector: &Value) -> sha256d::Candidate {
    let (midstate, tail) = if vector.get("header80").is_some() {
        let header = header(vector);
        (
            sha256d::midstate(&first64(&header)),
            header[64..76].to_vec(),
        )
    } else {
        let key = ["midstate", "midstate_sha_state_order"]
            .into_iter()
            .find(|key| vector.get(key).is_some())
            .expect("a midstate");
        let words: Vec<u32> = hex(text(vector, key))
            .chunks(4)
            .map(|word| u32::from_be_bytes(word.try_into().expect("4 bytes")))
            .collect();
        (
            words.try_into().expect("8 words"),
            hex(text(vector, "tail12")),
        )
    };
    sha256d::Candidate {
        midstate,
        tail: tail.try_into().expect("12 bytes"),
        nonce_wire: hex(text(vector, "nonce_wire_bytes"))
            .try_into()
            .expect("4 bytes"),
    }
}

fn hashers() -> impl Iterator<Item = Hasher> {
    Implementation::ALL.into_iter().filter_map(Hasher::forced)
}

fn displayed(hash: [u8; 32]) -> Vec<u8> {
    hash.iter().rev().copied().collect()
}

#[test]
fn sha256_agrees_with_the_examples_of_fips_180() {
    let check = |data: &[u8], expected: &str| {
        for hasher in hashers() {
            assert_eq!(hasher.sha256(data)[..], hex(expected), "{hasher:?}");
        }
    };
    check(
        b"",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    check(
        b"abc",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    check(
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    );
    check(
        b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
    );
    check(
        &vec![b'a'; 1_000_000],
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    );
}

#[test]
fn main_chain_headers_have_their_midstates_and_hashes() {
    for vector in vectors("blocks.json") {
        let id = text(&vector, "id");
        let header = header(&vector);
        let midstate = sha256d::midstate(&first64(&header));
        let bytes: Vec<u8> = midstate.iter().flat_map(|w| w.to_be_bytes()).collect();
        assert_eq!(
            bytes,
            hex(text(&vector, "midstate_sha_state_order")),
            "{id}"
        );
        let hash = hex(text(&vector, "hash_display"));
        let tail = header[64..76].try_into().expect("12 bytes");
        let wire: [u8; 4] = header[76..80].try_into().expect("4 bytes");
        let nonce = u32::from_le_bytes(wire);
        for hasher in hashers() {
            assert_eq!(
                hasher.midstate(&first64(&header)),
                midstate,
                "{id} {hasher:?}"
            );
            assert_eq!(
                displayed(hasher.hash_header(&header)),
                hash,
                "{id} {hasher:?}"
            );
            let finished = hasher.finish(&midstate, &tail, wire);
            assert_eq!(displayed(finished), hash, "{id} {hasher:?}");
            let scan = Scan::by(hasher, &midstate, &tail, Target::from_le_bytes(&finished));
            let around = nonce - nonce.min(1000)..nonce + 1;
            assert_eq!(scan.range(around), Some(nonce), "{id} {hasher:?}");
        }
    }
}

#[test]
fn captured_shares_hash_as_recorded_one_by_one_and_in_a_batch() {
    let vectors = vectors("shares.json");
    let candidates: Vec<_> = vectors.iter().map(candidate).collect();
    for hasher in hashers() {
        let mut hashes = vec![None; candidates.len()];
        hasher.verify_batch(&candidates, &Target::MAX, &mut hashes);
        for (vector, hash) in vectors.iter().zip(hashes) {
            let id = text(vector, "id");
            let hash = hash.expect("every hash meets this target");
            let expected = hex(text(vector, "hash_display"));
            assert_eq!(displayed(hash), expected, "{id} {hasher:?}");
            if vector.get("header80").is_some() {
                assert_eq!(hasher.hash_header(&header(vector)), hash, "{id} {hasher:?}");
            }
        }
    }
}

#[test]
fn scan_finds_the_nonce_of_the_genesis_block() {
    let genesis = header(&vectors("blocks.json")[0]);
    let midstate = sha256d::midstate(&first64(&genesis));
    let tail = genesis[64..76].try_into().expect("12 bytes");
    let nonce = 2_083_236_893;
    // Its hash has 43 leading zero bits.
    let around = nonce - 20_000..nonce + 10;
    let check = |zero_bits, expected| {
        for hasher in hashers() {
            let scan = Scan::by(hasher, &midstate, &tail, Target::zero_bits(zero_bits));
            assert_eq!(
                scan.range(around.clone()),
                expected,
                "{zero_bits} {hasher:?}"
            );
        }
    };
    check(0, Some(nonce - 20_000));
    check(32, Some(nonce));
    check(43, Some(nonce));
    check(44, None);
    check(256, None);
}

#[test]
fn merkle_root_of_block_170_follows_from_its_two_transactions() {
    // Transaction ids of block 170 as displayed (public): the coinbase, and the first
    // payment ever made.
    let id = |text: &str| -> [u8; 32] {
        let mut bytes = hex(text);
        bytes.reverse();
        bytes.try_into().expect("32 bytes")
    };
    let coinbase = id("b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082");
    let payment = id("f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16");
    assert_eq!(
        sha256d::merkle_root(&coinbase, &[payment]),
        id("7dac2c5666815c17a3b36427de37bb9d2e2c5ccec3f8633eb91a4205cb4c10ff")
    );
    assert_eq!(sha256d::merkle_root(&coinbase, &[]), coinbase);
}
