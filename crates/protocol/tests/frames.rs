//! Every frame vector of the two chips and of the part that all share.

mod common;

use common::{bytes, concerns, hex, number, text, unhex, vectors};
use protocol::job::{self, Job};
use protocol::{
    ChainResponse, Command, FrameError, JobLayout, Register, ResponseLength, To, crc, uart,
};
use serde_json::Value;
use units::{ChipAddress, Header, Midstate, WireJobId};

fn expected_command(decoded: &Value) -> Command {
    let address = || ChipAddress(number(&decoded["chip_address"]) as u8);
    let to = || match decoded["all"].as_bool() {
        Some(true) => To::All,
        _ => To::One(address()),
    };
    let reg = || Register(number(&decoded["register"]) as u8);
    match text(&decoded["operation"]) {
        "chain_inactive" => Command::Inactive,
        "set_chip_address" => Command::SetAddress(address()),
        "write_register" => Command::WriteRegister {
            to: to(),
            reg: reg(),
            value: number(&decoded["value"]) as u32,
        },
        "read_register" => Command::ReadRegister {
            to: to(),
            reg: reg(),
        },
        other => panic!("operation {other}"),
    }
}

#[test]
fn commands_encode_and_decode_byte_for_byte() {
    let mut checked = 0;
    for v in vectors("commands.json") {
        if v["family"] != "bm139x" {
            continue; // BM1387 has other headers and no preamble
        }
        let wire = bytes(&v["hex"]);
        let command = expected_command(&v["decoded"]);
        assert_eq!(command.encode_uart().as_slice(), &wire[..], "{}", v["id"]);
        assert_eq!(command.encode().as_slice(), &wire[2..], "{}", v["id"]);
        assert_eq!(Command::decode(&wire[2..]), Ok(command), "{}", v["id"]);
        checked += 1;
    }
    assert_eq!(checked, 1331);
}

#[test]
fn responses_decode_to_their_fields() {
    let mut checked = 0;
    for v in vectors("responses.json") {
        if concerns(&v, &["BM1387"]) {
            continue; // carries neither chip nor register
        }
        let wire = bytes(&v["hex"]);
        let d = &v["decoded"];
        let body = wire.strip_prefix(&[0xaa, 0x55]).unwrap_or(&wire);
        let response = ChainResponse::decode(body);
        match (text(&d["kind"]), response) {
            (
                "register",
                Ok(ChainResponse::Register {
                    value,
                    address,
                    reg,
                }),
            ) => {
                assert_eq!(u64::from(value), number(&d["value"]), "{}", v["id"]);
                let address = address.map(|a| u64::from(a.0));
                assert_eq!(address, Some(number(&d["chip_address"])), "{}", v["id"]);
                let reg = reg.map(|r| u64::from(r.0));
                assert_eq!(reg, Some(number(&d["register"])), "{}", v["id"]);
            }
            ("nonce", Ok(ChainResponse::Nonce(raw))) => {
                let id = &v["id"];
                assert_eq!(
                    hex(&raw.nonce.to_wire()),
                    text(&d["nonce_wire_bytes"]),
                    "{id}"
                );
                assert_eq!(
                    u64::from(raw.nonce.0),
                    number(&d["nonce_header_u32"]),
                    "{id}"
                );
                assert_eq!(u64::from(raw.extra), number(&d["byte4"]), "{id}");
                assert_eq!(u64::from(raw.job), number(&d["job_byte"]), "{id}");
                if !d["version_counter"].is_null() {
                    assert_eq!(
                        u64::from(raw.counter),
                        number(&d["version_counter"]),
                        "{id}"
                    );
                }
            }
            (kind, other) => panic!("{}: {kind} became {other:?}", v["id"]),
        }
        checked += 1;
    }
    assert_eq!(checked, 29);
}

#[test]
fn job_bytes_of_bm1370_nonces_mean_what_the_vectors_say() {
    let mut checked = 0;
    for v in vectors("responses.json") {
        let d = &v["decoded"];
        if !concerns(&v, &["BM1370"]) || d["kind"] != "nonce" {
            continue;
        }
        let Ok(ChainResponse::Nonce(raw)) = ChainResponse::decode(&bytes(&v["hex"])[2..]) else {
            panic!("{}", v["id"]);
        };
        let bits = protocol::BM1370.job_bits(&raw);
        assert_eq!(u64::from(bits.wire.0), number(&d["job_header_byte"]));
        assert_eq!(u64::from(bits.version_bits), number(&d["version_bits"]));
        assert_eq!(
            bits.small_core.map(u64::from),
            Some(number(&d["subcore_id"]))
        );
        checked += 1;
    }
    assert_eq!(checked, 5);
}

#[test]
fn midstate_index_stands_in_the_low_bits_of_the_job_byte() {
    let v = vectors("responses.json")
        .into_iter()
        .find(|v| v["id"] == "resp-1397-nonce-01")
        .expect("BM1397 shares BM1398's layout");
    let Ok(ChainResponse::Nonce(raw)) = ChainResponse::decode(&bytes(&v["hex"])[2..]) else {
        panic!("decodes");
    };
    let bits = protocol::BM1398.job_bits(&raw);
    let d = &v["decoded"];
    assert_eq!(u64::from(bits.wire.0), number(&d["job_header_byte"]));
    assert_eq!(u64::from(bits.midstate_index), number(&d["midstate_index"]));
}

#[test]
fn crc_cases_hold() {
    for v in vectors("crc.json") {
        let input = bytes(v.get("input").unwrap_or(&v["body"]));
        match text(&v["algorithm"]) {
            "crc5" => assert_eq!(u64::from(crc::crc5(&input)), number(&v["crc5"])),
            "crc5_response" => {
                let kind = number(&v["type_bits"]) as u8;
                let got = crc::crc5_response(&input, kind);
                assert_eq!(u64::from(got), number(&v["crc5"]), "{}", v["id"]);
            }
            "crc16" => assert_eq!(u64::from(crc::crc16(&input)), number(&v["crc16"])),
            other => panic!("algorithm {other}"),
        }
    }
}

fn header_with(tail: &job::Tail) -> Header {
    let mut merkle_root = [0; 32];
    merkle_root[28..].copy_from_slice(&tail.merkle_tail);
    Header {
        merkle_root,
        ntime: tail.ntime,
        nbits: tail.nbits,
        ..Header::default()
    }
}

fn state_words(text: &str) -> Midstate {
    let bytes = unhex(text);
    let mut words = [0; 8];
    for (word, four) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_be_bytes([four[0], four[1], four[2], four[3]]);
    }
    Midstate(words)
}

#[test]
fn midstate_jobs_encode_and_decode_byte_for_byte() {
    let mut checked = 0;
    for v in vectors("jobs.json") {
        // BM1387 takes the same frame without preamble.
        let wire = match text(&v["format"]) {
            "midstate" => bytes(&v["hex"]),
            "midstate, no preamble" => [vec![0x55, 0xaa], bytes(&v["hex"])].concat(),
            _ => continue,
        };
        let id = &v["id"];
        let Ok(Job::Midstates {
            id: wire_id,
            tail,
            midstates,
        }) = Job::decode(JobLayout::Midstates, &wire)
        else {
            panic!("{id} decodes");
        };
        let d = &v["decoded"];
        assert_eq!(u64::from(wire_id.0), number(&d["job_byte"]), "{id}");
        assert_eq!(u64::from(tail.nbits), number(&d["nbits"]), "{id}");
        assert_eq!(u64::from(tail.ntime), number(&d["ntime"]), "{id}");
        assert_eq!(hex(&tail.merkle_tail), text(&d["merkle_tail_wire"]), "{id}");
        if let Some(states) = d["midstates_sha_state_order"].as_array() {
            let expected: Vec<_> = states.iter().map(|s| state_words(text(s))).collect();
            assert_eq!(midstates, expected, "{id}");
        }
        let again = job::encode_midstates(wire_id, &header_with(&tail), &midstates);
        assert_eq!(again.as_slice(), &wire[..], "{id}");
        checked += 1;
    }
    assert_eq!(checked, 14);
}

#[test]
fn full_header_jobs_encode_and_decode_byte_for_byte() {
    let mut checked = 0;
    for v in vectors("jobs.json") {
        if v["format"] != "full header" {
            continue;
        }
        let wire = bytes(&v["hex"]);
        let length_byte = wire[3];
        let layout = JobLayout::FullHeader { length_byte };
        let Ok(Job::FullHeader { id, header }) = Job::decode(layout, &wire) else {
            panic!("{} decodes", v["id"]);
        };
        let seventy_six = header.to_bytes(header.version, units::Nonce(0));
        assert_eq!(
            hex(&seventy_six[..76]),
            text(&v["header76_with_base_version"]),
            "{}",
            v["id"]
        );
        let again = job::encode_full_header(id, &header, length_byte);
        assert_eq!(again.as_slice(), &wire[..], "{}", v["id"]);
        checked += 1;
    }
    assert_eq!(checked, 4);
}

#[test]
fn main_chain_blocks_become_their_job_frames() {
    for v in vectors("blocks.json") {
        let raw = bytes(&v["header80"]);
        let word = |at: usize| u32::from_le_bytes(raw[at..at + 4].try_into().expect("four"));
        let header = Header {
            version: word(0),
            prev_hash: raw[4..36].try_into().expect("32"),
            merkle_root: raw[36..68].try_into().expect("32"),
            ntime: word(68),
            nbits: word(72),
        };
        let midstate = state_words(text(&v["midstate_sha_state_order"]));
        let job = job::encode_midstates(WireJobId(4), &header, &[midstate]);
        assert_eq!(hex(&job), text(&v["derived_job_bm1397_1_midstate"]));
        let job = job::encode_full_header(WireJobId(8), &header, 0x56);
        assert_eq!(hex(&job), text(&v["derived_job_full_header"]));
    }
}

#[test]
fn invalid_frames_are_refused_for_the_stated_reason() {
    for v in vectors("invalid.json") {
        let wire = bytes(&v["hex"]);
        let reason = text(&v["reason"]);
        let expected = if reason.contains("CRC") && !reason.contains("length byte") {
            FrameError::Crc
        } else if reason.contains("the frame ends") {
            FrameError::Short
        } else {
            FrameError::Length
        };
        let got = match text(&v["kind"]) {
            "command" => Command::decode(&wire[2..]).err(),
            "job" => Job::decode(JobLayout::FullHeader { length_byte: 0x56 }, &wire).err(),
            "response" if wire[0] != 0xaa => ChainResponse::decode(&wire).err(),
            "response" => ChainResponse::decode(&wire[2..]).err(),
            other => panic!("kind {other}"),
        };
        assert_eq!(got, Some(expected), "{}: {reason}", v["id"]);
    }
}

#[test]
fn damaged_and_cut_commands_are_refused() {
    let good = Command::WriteRegister {
        to: To::All,
        reg: Register(0x18),
        value: 0x0000_ba01,
    }
    .encode();
    for cut in 0..good.len() {
        assert_eq!(
            Command::decode(&good[..cut]),
            Err(FrameError::Short),
            "{cut}"
        );
    }
    for bit in 0..good.len() * 8 {
        let mut bad = good.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(Command::decode(&bad).is_err(), "bit {bit}");
    }
    let twice = [&good[..], &good[..]].concat();
    assert_eq!(Command::decode(&twice), Err(FrameError::Length));
}

#[test]
fn damaged_and_cut_jobs_are_refused() {
    for (layout, good) in [
        (
            JobLayout::Midstates,
            job::encode_midstates(WireJobId(8), &Header::default(), &[Midstate([7; 8]); 4]),
        ),
        (
            JobLayout::FullHeader { length_byte: 0x36 },
            job::encode_full_header(WireJobId(8), &Header::default(), 0x36),
        ),
    ] {
        for cut in 0..good.len() {
            assert!(Job::decode(layout, &good[..cut]).is_err(), "{cut}");
        }
        for bit in 0..good.len() * 8 {
            let mut bad = good.to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Job::decode(layout, &bad).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn the_uart_decoder_finds_every_response_vector_in_one_stream() {
    for length in [ResponseLength::Nine, ResponseLength::Eleven] {
        let frames: Vec<Vec<u8>> = vectors("responses.json")
            .iter()
            .map(|v| bytes(&v["hex"]))
            .filter(|f| f.starts_with(&[0xaa, 0x55]) && f.len() == length.bytes())
            .collect();
        assert!(frames.len() >= 3);
        let mut out = Vec::new();
        let mut decoder = uart::UartDecoder::new(length);
        decoder.push(&frames.concat(), &mut out);
        decoder.settle(&mut out);
        let expected: Vec<_> = frames
            .iter()
            .map(|f| ChainResponse::decode(&f[2..]).expect("vector"))
            .collect();
        assert_eq!(out, expected);
        assert_eq!(decoder.damaged(), 0);
    }
}
