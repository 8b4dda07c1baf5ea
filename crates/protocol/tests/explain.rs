//! Frames explained: every frame vector says in words what the vectors say.

mod common;
mod entries;

use common::{bytes, chip, hex, number, profiles_of, text, vectors};
use protocol::explain::{
    Board, Content, Direction, Explanation, Fields, Solved, Value, explain, explain_all, solve,
};
use protocol::job::Job;
use protocol::{ChainResponse, Dialect, FrameError, PROFILES, Profile};
use units::Rng;

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.iter().find(|f| f.0 == name).map(|f| &f.1)
}

/// A field as a number, however it is shown.
fn shown(fields: &Fields, name: &str) -> Option<u64> {
    match field(fields, name)? {
        Value::Number(n) => Some(*n),
        Value::Flag(f) => Some(u64::from(*f)),
        Value::Text(t) => u64::from_str_radix(t.strip_prefix("0x")?, 16).ok(),
        _ => None,
    }
}

/// Any profile that speaks a dialect.
fn any(dialect: Dialect) -> Option<&'static Profile> {
    PROFILES.iter().copied().find(|p| p.dialect == dialect)
}

fn whole(explanation: &Explanation, id: &serde_json::Value) {
    assert!(explanation.crc_ok, "{id}");
    assert_eq!(explanation.error, None, "{id}");
}

#[test]
fn commands_are_explained() {
    for v in vectors("commands.json") {
        let dialect = match text(&v["family"]) {
            "bm1387" => Dialect::Bm1387,
            _ => Dialect::Bm139x,
        };
        let Some(profile) = any(dialect) else {
            continue;
        };
        let got = explain(profile, Direction::FromHost, &bytes(&v["hex"]), None);
        whole(&got, &v["id"]);
        let d = &v["decoded"];
        let kind = match text(&d["operation"]) {
            "set_config" => "write_register",
            "get_status" => "read_register",
            other => other,
        };
        assert_eq!(got.kind, kind, "{}", v["id"]);
        for key in ["header", "length", "crc5", "register", "value"] {
            if let Some(expected) = d.get(key).map(number) {
                assert_eq!(shown(&got.fields, key), Some(expected), "{} {key}", v["id"]);
            }
        }
        let all = d["all"].as_bool().map(u64::from);
        if got.kind.contains("register") {
            assert_eq!(shown(&got.fields, "all"), all, "{}", v["id"]);
        }
        if all == Some(0) {
            let expected = d["chip_address"].as_u64();
            assert_eq!(shown(&got.fields, "chip_address"), expected, "{}", v["id"]);
        }
    }
}

#[test]
fn registers_and_core_registers_of_a_chip_are_named() {
    let mut cores = 0;
    for v in vectors("commands.json") {
        for profile in profiles_of(&v) {
            let got = explain(profile, Direction::FromHost, &bytes(&v["hex"]), None);
            let d = &v["decoded"];
            // Of BM1398 only what was captured is in the table.
            let named = field(&got.fields, "register_name").is_some();
            assert!(
                named || d["register"].is_null(),
                "{} {}",
                profile.name,
                v["id"]
            );
            let Some(core) = d["core_register"].as_object() else {
                continue;
            };
            let Some(Value::Fields(ours)) = field(&got.fields, "core_register") else {
                panic!("{} {}", profile.name, v["id"]);
            };
            for (ours_key, key) in [
                ("number", "core_reg"),
                ("write", "write"),
                ("value", "value"),
            ] {
                let expected = Some(number(&core[key]));
                assert_eq!(shown(ours, ours_key), expected, "{} {key}", v["id"]);
            }
            cores += 1;
        }
    }
    assert!(cores > 100, "{cores}");
}

#[test]
fn values_come_with_their_units() {
    let check = |name: &str, frame: &str, key: &str, expected: f64| {
        let got = explain(chip(name), Direction::FromHost, &common::unhex(frame), None);
        let ours = match field(&got.fields, key) {
            Some(Value::Real(r)) => *r,
            Some(Value::Number(n)) => *n as f64,
            other => panic!("{frame} {key}: {other:?}"),
        };
        assert!((ours - expected).abs() < 0.1, "{frame} {key}: {ours}");
    };
    check("bm1370", "55aa5109000850c0023010", "frequency_mhz", 600.0);
    check("bm1370", "55aa5109000850c0023010", "vco_mhz", 2400.0);
    check("bm1370", "55aa51090028013000001a", "baud", 3_125_000.0);
    check("bm1398", "55aa510900180000ba0114", "baud", 115_740.7);
    check("bm1370", "55aa51090014000080ff04", "difficulty", 512.0);
    let rolling = common::unhex("55aa510900a49000ffff1c");
    let got = explain(chip("bm1370"), Direction::FromHost, &rolling, None);
    assert_eq!(shown(&got.fields, "version_mask"), Some(0x1fff_e000));
}

#[test]
fn answers_are_explained() {
    for v in vectors("responses.json") {
        for profile in profiles_of(&v) {
            let got = explain(profile, Direction::FromChip, &bytes(&v["hex"]), None);
            whole(&got, &v["id"]);
            let d = &v["decoded"];
            assert_eq!(got.kind, text(&d["kind"]), "{}", v["id"]);
            for key in [
                "type",
                "crc5",
                "value",
                "chip_address",
                "register",
                "nonce_header_u32",
                "byte4",
                "job_byte",
                "job_header_byte",
                "version_counter",
                "version_bits",
                "midstate_index",
                "core",
            ] {
                if let Some(expected) = d.get(key).map(number) {
                    assert_eq!(shown(&got.fields, key), Some(expected), "{} {key}", v["id"]);
                }
            }
            for (ours, key) in [("small_core", "subcore_id"), ("core", "core_id")] {
                if let Some(expected) = d.get(key).map(number) {
                    assert_eq!(
                        shown(&got.fields, ours),
                        Some(expected),
                        "{} {key}",
                        v["id"]
                    );
                }
            }
            if let Some(nonce) = d["nonce_wire_bytes"].as_str() {
                let ours = field(&got.fields, "nonce_wire_bytes");
                assert_eq!(ours, Some(&Value::Text(nonce.into())));
            }
        }
    }
}

#[test]
fn a_board_adds_the_place_of_the_chip() {
    let nonce = bytes(&serde_json::json!("aa557b8d81600255008581"));
    let chips = 65;
    for (board, expected) in [
        (None, None),
        (
            Some(Board {
                chips,
                address_interval: 2,
            }),
            Some(50),
        ),
    ] {
        let got = explain(chip("bm1370"), Direction::FromChip, &nonce, board);
        assert_eq!(shown(&got.fields, "chip_index"), expected);
    }
}

#[test]
fn jobs_are_explained() {
    for v in vectors("jobs.json") {
        for profile in profiles_of(&v) {
            let got = explain(profile, Direction::FromHost, &bytes(&v["hex"]), None);
            whole(&got, &v["id"]);
            assert_eq!(got.kind, "job");
            let d = &v["decoded"];
            for key in [
                "header",
                "job_byte",
                "num_midstates",
                "nbits",
                "ntime",
                "crc16",
                "version",
            ] {
                if let Some(expected) = d.get(key).map(number) {
                    assert_eq!(shown(&got.fields, key), Some(expected), "{} {key}", v["id"]);
                }
            }
            for (ours, key) in [
                ("merkle_root", "merkle_root_header_order"),
                ("prev_hash", "prev_hash_header_order"),
                ("merkle_tail", "merkle_tail_wire"),
            ] {
                if let Some(expected) = d[key].as_str() {
                    let expected = Value::Text(expected.into());
                    assert_eq!(field(&got.fields, ours), Some(&expected), "{}", v["id"]);
                }
            }
        }
    }
}

#[test]
fn invalid_frames_are_explained_with_their_fault() {
    for v in vectors("invalid.json") {
        for profile in profiles_of(&v) {
            let direction = match text(&v["kind"]) {
                "response" => Direction::FromChip,
                _ => Direction::FromHost,
            };
            let got = explain(profile, direction, &bytes(&v["hex"]), None);
            let reason = text(&v["reason"]);
            let crc_is_wrong = reason.starts_with("CRC");
            assert_eq!(got.crc_ok, !crc_is_wrong, "{}: {reason}", v["id"]);
            let error = got.error.expect("invalid");
            assert_eq!(
                error == FrameError::Crc,
                crc_is_wrong,
                "{}: {error}",
                v["id"]
            );
            assert_eq!(got.content, Content::Nothing);
        }
    }
}

#[test]
fn shares_are_solved_from_job_and_answer() {
    let mut checked = 0;
    for v in vectors("shares.json") {
        let (Some(job), Some(answer)) = (v["job_frame"].as_str(), v["response_frame"].as_str())
        else {
            continue;
        };
        for profile in profiles_of(&v) {
            let job = explain(profile, Direction::FromHost, &common::unhex(job), None);
            let answer = explain(profile, Direction::FromChip, &common::unhex(answer), None);
            let (Content::Job(job), Content::Response(ChainResponse::Nonce(raw))) =
                (job.content, answer.content)
            else {
                panic!("{}", v["id"]);
            };
            match solve(profile, &job, &raw).expect("its job") {
                Solved::Header { header } => assert_eq!(hex(&header), text(&v["header80"])),
                Solved::End {
                    midstate_index,
                    midstate,
                    end,
                } => {
                    assert_eq!(u64::from(midstate_index), number(&v["midstate_index"]));
                    let state: String = midstate.0.iter().map(|w| format!("{w:08x}")).collect();
                    assert_eq!(state, text(&v["midstate_sha_state_order"]));
                    assert_eq!(hex(&end[..12]), text(&v["tail12"]));
                    assert_eq!(hex(&end[12..]), text(&v["nonce_wire_bytes"]));
                }
            }
            let other = match job {
                Job::FullHeader { header, .. } => Job::FullHeader {
                    id: units::WireJobId(0),
                    header,
                },
                Job::Midstates {
                    tail, midstates, ..
                } => Job::Midstates {
                    id: units::WireJobId(0),
                    tail,
                    midstates,
                },
            };
            assert!(solve(profile, &other, &raw).is_err(), "another job");
            checked += 1;
        }
    }
    assert!(checked >= 1, "{checked}");
}

#[test]
fn a_recording_is_cut_into_its_frames() {
    let bm1370 = chip("bm1370");
    let sequence = vectors("init_sequences.json");
    let steps = sequence
        .iter()
        .find(|v| v["id"] == "bm1370-s21pro-65chips")
        .expect("sequence")["steps"]
        .as_array()
        .expect("list");
    let mut frames: Vec<Vec<u8>> = steps
        .iter()
        .filter(|s| !s["hex"].is_null())
        .map(|s| bytes(&s["hex"]))
        .collect();
    let job = vectors("jobs.json")
        .into_iter()
        .find(|v| v["id"] == "job-1370-01");
    frames.insert(100, bytes(&job.expect("job")["hex"]));
    let got = explain_all(bm1370, Direction::FromHost, &frames.concat(), None);
    assert_eq!(got.len(), frames.len());
    assert!(got.iter().all(|e| e.error.is_none()));
    // One bit wrong in one frame: that one is shown damaged, and no other.
    frames[50][5] ^= 1;
    let got = explain_all(bm1370, Direction::FromHost, &frames.concat(), None);
    let wrong: Vec<_> = got.iter().filter(|e| e.error.is_some()).collect();
    assert_eq!((got.len(), wrong.len()), (frames.len(), 1));
    assert_eq!(wrong[0].error, Some(FrameError::Crc));
    assert_eq!(wrong[0].kind, "set_chip_address");
}

#[test]
fn frames_of_an_fpga_are_read_without_preamble() {
    let frame = common::unhex("510900180000ba0114");
    let got = explain(chip("bm1398"), Direction::FromHost, &frame, None);
    assert_eq!(got.error, None);
    let missing = Value::Text("missing".into());
    assert_eq!(field(&got.fields, "preamble"), Some(&missing));
}

#[test]
fn whatever_was_recorded_it_is_explained_without_panic() {
    let mut rng = Rng::new(79);
    for round in 0..300 {
        let len = rng.below(400) as usize;
        // Beginnings of frames are common on purpose.
        let starts = [0x55, 0xaa, 0x21, 0x51, 0x41, 9, 5, 0x36, 0x96, 4];
        let stream: Vec<u8> = (0..len)
            .map(|_| match rng.below(3) {
                0 => starts[rng.below(starts.len() as u64) as usize],
                _ => rng.next_u64() as u8,
            })
            .collect();
        match round % 2 {
            0 => entries::from_host(&stream),
            _ => entries::from_chip(&stream),
        }
    }
}
