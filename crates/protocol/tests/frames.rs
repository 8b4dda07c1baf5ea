//! Every frame vector of the family.

mod common;

use common::{bytes, chip, concerns, hex, number, profiles_of, text, unhex, vectors};
use protocol::job::{self, Job};
use protocol::{
    ChainResponse, Command, Dialect, FrameError, JobLayout, PROFILES, Register, ResponseLength, To,
    crc, uart,
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
        "write_register" | "set_config" => Command::WriteRegister {
            to: to(),
            reg: reg(),
            value: number(&decoded["value"]) as u32,
        },
        "read_register" | "get_status" => Command::ReadRegister {
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
        let dialect = match text(&v["family"]) {
            "bm1387" => Dialect::Bm1387,
            "bm139x" => Dialect::Bm139x,
            other => panic!("family {other}"),
        };
        let (wire, id) = (bytes(&v["hex"]), &v["id"]);
        let body = &wire[dialect.command_preamble().len()..];
        let command = expected_command(&v["decoded"]);
        assert_eq!(command.encode_uart(dialect).as_slice(), &wire[..], "{id}");
        assert_eq!(command.encode(dialect).as_slice(), body, "{id}");
        assert_eq!(Command::decode(dialect, body), Ok(command), "{id}");
        checked += 1;
    }
    assert_eq!(checked, 1404);
}

#[test]
fn responses_decode_to_their_fields() {
    let mut checked = 0;
    for v in vectors("responses.json") {
        let wire = bytes(&v["hex"]);
        let d = &v["decoded"];
        let dialect = dialect_of(&v);
        let body = wire
            .strip_prefix(dialect.response_preamble())
            .unwrap_or(&wire);
        let response = ChainResponse::decode(dialect, body);
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
                // BM1387 says neither.
                let address = address.map(|a| u64::from(a.0));
                assert_eq!(address, d["chip_address"].as_u64(), "{}", v["id"]);
                let reg = reg.map(|r| u64::from(r.0));
                let expected = d.get("register").map(number);
                assert_eq!(reg, expected, "{}", v["id"]);
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
    assert_eq!(checked, 49);
}

fn dialect_of(vector: &Value) -> Dialect {
    match concerns(vector, &["BM1387"]) {
        true => Dialect::Bm1387,
        false => Dialect::Bm139x,
    }
}

#[test]
fn fields_of_nonces_mean_what_the_vectors_say() {
    let mut checked = 0;
    for v in vectors("responses.json") {
        let d = &v["decoded"];
        if d["kind"] != "nonce" {
            continue;
        }
        for profile in profiles_of(&v) {
            let wire = bytes(&v["hex"]);
            let body = &wire[profile.dialect.response_preamble().len()..];
            let Ok(ChainResponse::Nonce(raw)) = ChainResponse::decode(profile.dialect, body) else {
                panic!("{}", v["id"]);
            };
            let bits = profile.job_bits(&raw);
            let origin = profile.origin(raw.nonce, &common::shape(1, 1, 1));
            let check = |key: &str, ours: Option<u64>| {
                if let Some(expected) = d.get(key).map(number) {
                    assert_eq!(ours, Some(expected), "{} {key}", v["id"]);
                }
            };
            check("job_header_byte", Some(u64::from(bits.wire.0)));
            check("midstate_index", Some(u64::from(bits.midstate_index)));
            check("version_bits", Some(u64::from(bits.version_bits)));
            check("subcore_id", bits.small_core.map(u64::from));
            check("core_id", Some(u64::from(origin.core)));
            check("core", Some(u64::from(origin.core)));
            check("chip_address", origin.address.map(u64::from));
            let quarter = origin.address.map(|a| u64::from(a / 4));
            check("chip_address_div4", quarter);
            // Ours are multiples of four, so that adding a place is setting bits.
            let whole = u64::from(bits.wire.0 | bits.midstate_index);
            check("work_id_7bit", Some(whole));
            checked += 1;
        }
    }
    assert!(checked >= 5, "{checked}");
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
        let dialect = match text(&v["format"]) {
            "midstate" => Dialect::Bm139x,
            "midstate, no preamble" => Dialect::Bm1387,
            _ => continue,
        };
        let wire = bytes(&v["hex"]);
        let id = &v["id"];
        let Ok(Job::Midstates {
            id: wire_id,
            tail,
            midstates,
        }) = Job::decode(dialect, JobLayout::Midstates, &wire)
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
        let again = job::encode_midstates(dialect, wire_id, &header_with(&tail), &midstates);
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
        let Ok(Job::FullHeader { id, header }) = Job::decode(Dialect::Bm139x, layout, &wire) else {
            panic!("{} decodes", v["id"]);
        };
        let seventy_six = header.to_bytes(header.version, units::Nonce(0));
        assert_eq!(
            hex(&seventy_six[..76]),
            text(&v["header76_with_base_version"]),
            "{}",
            v["id"]
        );
        let again = job::encode_full_header(Dialect::Bm139x, id, &header, length_byte);
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
        let job = job::encode_midstates(Dialect::Bm139x, WireJobId(4), &header, &[midstate]);
        assert_eq!(hex(&job), text(&v["derived_job_bm1397_1_midstate"]));
        let job = job::encode_full_header(Dialect::Bm139x, WireJobId(8), &header, 0x56);
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
            "command" => Command::decode(Dialect::Bm139x, &wire[2..]).err(),
            "job" => {
                let layout = JobLayout::FullHeader { length_byte: 0x56 };
                Job::decode(Dialect::Bm139x, layout, &wire).err()
            }
            "response" => {
                let dialect = dialect_of(&v);
                let body = &wire[dialect.response_preamble().len()..];
                ChainResponse::decode(dialect, body).err()
            }
            other => panic!("kind {other}"),
        };
        assert_eq!(got, Some(expected), "{}: {reason}", v["id"]);
    }
}

#[test]
fn damaged_and_cut_commands_are_refused() {
    for dialect in [Dialect::Bm1387, Dialect::Bm139x] {
        let good = Command::WriteRegister {
            to: To::All,
            reg: Register(0x18),
            value: 0x0000_ba01,
        }
        .encode(dialect);
        for cut in 0..good.len() {
            let got = Command::decode(dialect, &good[..cut]);
            assert_eq!(got, Err(FrameError::Short), "{cut}");
        }
        for bit in 0..good.len() * 8 {
            let mut bad = good.to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Command::decode(dialect, &bad).is_err(), "bit {bit}");
        }
        let twice = [&good[..], &good[..]].concat();
        assert_eq!(Command::decode(dialect, &twice), Err(FrameError::Length));
    }
}

#[test]
fn damaged_and_cut_jobs_are_refused() {
    for profile in PROFILES {
        let (dialect, layout) = (profile.dialect, profile.job);
        let header = Header::default();
        let good = match layout {
            JobLayout::Midstates => {
                job::encode_midstates(dialect, WireJobId(8), &header, &[Midstate([7; 8]); 4])
            }
            JobLayout::FullHeader { length_byte } => {
                job::encode_full_header(dialect, WireJobId(8), &header, length_byte)
            }
        };
        assert_eq!(good.len(), profile.job_bytes(4), "{}", profile.name);
        for cut in 0..good.len() {
            assert!(Job::decode(dialect, layout, &good[..cut]).is_err(), "{cut}");
        }
        for bit in 0..good.len() * 8 {
            let mut bad = good.to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Job::decode(dialect, layout, &bad).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn the_uart_decoder_finds_every_response_vector_in_one_stream() {
    for length in [
        ResponseLength::Seven,
        ResponseLength::Nine,
        ResponseLength::Eleven,
    ] {
        let dialect = length.dialect();
        let preamble = dialect.response_preamble();
        let frames: Vec<Vec<u8>> = vectors("responses.json")
            .iter()
            .filter(|v| dialect_of(v) == dialect)
            .map(|v| bytes(&v["hex"]))
            .filter(|f| f.starts_with(preamble) && f.len() == length.bytes())
            .collect();
        assert!(frames.len() >= 3);
        let mut out = Vec::new();
        let mut decoder = uart::UartDecoder::new(length);
        decoder.push(&frames.concat(), &mut out);
        decoder.settle(&mut out);
        let expected: Vec<_> = frames
            .iter()
            .map(|f| ChainResponse::decode(dialect, &f[preamble.len()..]).expect("vector"))
            .collect();
        assert_eq!(out, expected);
        assert_eq!(decoder.damaged(), 0);
    }
}

#[test]
fn every_table_is_in_order() {
    for profile in PROFILES {
        let name = profile.name;
        assert!(profile.registers.is_sorted_by_key(|r| r.reg), "{name}");
        let numbers = profile.registers.windows(2);
        assert!(numbers.clone().all(|w| w[0].reg < w[1].reg), "{name}");
        assert!(profile.core_registers.is_sorted_by_key(|r| r.reg), "{name}");
        assert!(profile.ramp.is_sorted_by(|a, b| a.from < b.from), "{name}");
        assert_eq!(profile.ramp[0].from.mhz(), 0.0, "{name}");
        for info in profile.registers {
            let mut free = u64::MAX;
            for field in info.fields {
                assert!(
                    field.low <= field.high && field.high < 32,
                    "{name} {info:?}"
                );
                let mask = ((1u64 << (field.high - field.low + 1)) - 1) << field.low;
                assert_eq!(free & mask, mask, "{name}: fields overlap in {info:?}");
                free &= !mask;
            }
        }
        assert_eq!(chip(name).id, profile.id, "{name} is found by name");
    }
}
